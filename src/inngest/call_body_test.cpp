#include "inngest/call_body.h"

#include <gtest/gtest.h>

#include "inngest/app_driver.h"
#include "inngest/canonical.h"
#include "inngest/sdk_event.h"
#include "inngest/ulid.h"

namespace synap::inngest {
namespace {

class CallBodyTest : public testing::Test {
 protected:
  void remember(std::string_view id, std::string memo,
                workers::OpCode op = workers::OpCode::kStepRun) {
    const int place = static_cast<int>(stored.memos.size());
    stored.memos.emplace(workers::step_hash(id, 0), workers::Memo{std::move(memo), op, place});
  }
  CallBody call() {
    return {.events = events, .stored = stored, .run_id = {}, .attempts_max = 5, .request_id = "r"};
  }

  std::vector<Json> events = {
      Json::object({{"name", "t/hello"}, {"data", Json::object({{"b", 1}, {"a", 2}})}})};
  workers::StoredResults stored;
};

TEST_F(CallBodyTest, OfTheFirstCall) {
  EXPECT_EQ(call_body(call()),
            R"({"ctx":{"attempt":0,"disable_immediate_execution":false,"env":"","max_attempts":5,)"
            R"("request_id":"r","run_id":"00000000000000000000000000",)"
            R"("stack":{"current":0,"stack":[]},"step_id":"step","use_api":false},)"
            R"("event":{"data":{"a":2,"b":1},"name":"t/hello"},)"
            R"("events":[{"data":{"a":2,"b":1},"name":"t/hello"}],)"
            R"("steps":{},"use_api":false,"version":-1})");
}

TEST_F(CallBodyTest, HasMemosAsTheyAreAndTheOrderInWhichStepsWereDone) {
  remember("b", R"({"data":{"data":2}})");
  remember("a", "null");
  remember("w",
           R"({"id":"01980000-0000-7000-8000-000000000001","version":"v1","type":"t/resume",)"
           R"("dataVersion":1,"data":{"x":1},"userId":"ann","source":"api",)"
           R"("timestamp":"1970-01-01T00:00:01.000Z","position":3,)"
           R"("metadata":{"sdk":{"id":"mine"}}})",
           workers::OpCode::kWaitForEvent);
  remember("s", R"({"signal":"go","data":{"n":1}})", workers::OpCode::kWaitForSignal);
  auto asked = call();
  asked.step = workers::step_hash("c", 0);
  asked.version = 2;
  const auto text = call_body(asked);
  const auto body = parse_json(text);
  ASSERT_TRUE(body.has_value()) << text;
  EXPECT_EQ(canonical_json(*body), text);
  EXPECT_EQ(body->find("version")->as_integer(), 2);
  EXPECT_EQ(body->find("ctx")->find("stack")->dump(),
            R"({"current":4,"stack":["e9d71f5ee7c92d6dc9e92ffdad17b8bd49418f98",)"
            R"("86f7e437faa5a7fce15d1ddcb9eaeaea377667b8",)"
            R"("aff024fe4ab0fece4091de044c58c9ae4233383a",)"
            R"("a0f1490a20d0211c997b44bc357e1972deab8ae3"]})");
  EXPECT_EQ(body->find("ctx")->string_or("step_id", ""),
            "84a516841ba77a5b4648de2cd0dfcb30ea46dbb4");
  EXPECT_EQ(body->find("steps")->dump(),
            R"({"86f7e437faa5a7fce15d1ddcb9eaeaea377667b8":null,)"
            R"("a0f1490a20d0211c997b44bc357e1972deab8ae3":{"data":{"data":{"n":1},"signal":"go"}},)"
            R"("aff024fe4ab0fece4091de044c58c9ae4233383a":{"data":{"x":1},"id":"mine",)"
            R"("name":"t/resume","synap":{"id":"01980000-0000-7000-8000-000000000001"},)"
            R"("ts":1000,"user":{}},)"
            R"("e9d71f5ee7c92d6dc9e92ffdad17b8bd49418f98":{"data":{"data":2}}})");
}

TEST(CallUrl, NamesTheStep) {
  EXPECT_EQ(call_url("http://a/api?fnId=app-f&stepId=step", "ab"),
            "http://a/api?fnId=app-f&stepId=ab");
  EXPECT_EQ(call_url("http://a/api?stepId=step&fnId=x", "ab"), "http://a/api?stepId=ab&fnId=x");
  EXPECT_EQ(call_url("http://a/api?fnId=x", "ab"), "http://a/api?fnId=x&stepId=ab");
  EXPECT_EQ(call_url("http://a/api", "ab"), "http://a/api?stepId=ab");
}

TEST(HttpRetryDelay, GrowsToTwoHours) {
  EXPECT_EQ(app_retry_delay_ms(0, 0), 15'000);
  EXPECT_EQ(app_retry_delay_ms(4, 0.5), 315'000);
  EXPECT_EQ(app_retry_delay_ms(9, 0), 7'200'000);
  EXPECT_EQ(app_retry_delay_ms(20, 0), 7'200'000);
}

TEST(SdkEvent, KeepsWhatItsSenderSaid) {
  const auto json = parse_json(
      R"({"name":"t/a","data":{"n":1,"_inngest":{"fn_id":"x"}},"id":"mine","ts":1700000000000,)"
      R"("v":"2","user":{"id":7},"meta":{"sessions":{"s":"1"}}})");
  const auto said = SdkEvent::read(*json);
  ASSERT_TRUE(said.has_value()) << said.error().message;
  events::Event event;
  event.type = said->name;
  event.data = said->data.dump();
  event.metadata = said->metadata();
  event.timestamp = 5;
  event.position = 3;
  // Which event of the log it is, its own id does not say.
  EXPECT_EQ(canonical_json(sdk_event(event)),
            R"({"data":{"n":1},"id":"mine","meta":{"sessions":{"s":"1"}},"name":"t/a",)"
            R"("synap":{"id":"00000000-0000-0000-0000-000000000000"},)"
            R"("ts":1700000000000,"user":{"id":7},"v":"2"})");
  EXPECT_EQ(sdk_event(event), sdk_event_of_json(*parse_json(event.json())));
}

TEST(SdkEvent, WithoutAnIdHasThatOfTheLog) {
  events::Event event;
  event.id = Uuid::v7();
  event.type = "t/a";
  event.data = "{}";
  event.metadata = SdkEvent{.name = "t/a"}.metadata();
  EXPECT_EQ(sdk_event(event).string_or("id", ""), ulid_of(event.id));
  EXPECT_EQ(sdk_event(event).find("synap"), nullptr);
  event.metadata.clear();  // of the pod's own
  EXPECT_EQ(sdk_event(event).string_or("id", ""), event.id.to_string());
  EXPECT_EQ(sdk_event(event).find("synap")->find("position")->as_integer(), 0);
}

TEST(SdkEvent, IsRefusedWhereItIsNone) {
  for (const char* text :
       {"7", "{}", R"({"name":""})", R"({"name":7})", R"({"name":"a","data":[]})",
        R"({"name":"a","ts":1})", R"({"name":"a","ts":"now"})", R"({"name":"a","id":7})",
        R"({"name":"a","user":"x"})", R"({"name":"a","meta":1})"}) {
    EXPECT_FALSE(SdkEvent::read(*parse_json(text)).has_value()) << text;
  }
  EXPECT_EQ(SdkEvent::read(*parse_json(R"({"name":"a","ts":0,"data":null,"id":""})"))->metadata(),
            R"({"sdk":{}})");
}

}  // namespace
}  // namespace synap::inngest
