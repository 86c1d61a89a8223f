#include "inngest/registration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace synap::inngest {
namespace {

Json function(std::string_view id, std::string_view more = "") {
  const auto text =
      std::string(R"({"id":")") + std::string(id) +
      R"(","name":"f","triggers":[{"event":"t/hello"}],"steps":{"step":{"id":"step",)"
      R"("name":"step","runtime":{"type":"http","url":"http://127.0.0.1:3/api?fnId=)" +
      std::string(id) + R"(&stepId=step"},"retries":{"attempts":2}}})" + std::string(more) + "}";
  auto json = parse_json(text);
  EXPECT_TRUE(json.has_value()) << text;
  return *json;
}

Json app(std::vector<Json> functions) {
  return Json::object({{"appName", "app"},
                       {"url", "http://127.0.0.1:3/api"},
                       {"sdk", "js:v4.24.0"},
                       {"framework", "nodejs"},
                       {"functions", Json(std::move(functions))}});
}

std::string refusal(std::string_view more) {
  const auto read = AppFunction::read(function("app-f", more));
  return read ? "" : std::string(info(read.error().code).name) + ": " + read.error().message;
}

TEST(Registration, ReadsFunctions) {
  const auto read = Registration::read(app({function("app-a"), function("app-b")}));
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->app, "app");
  const auto one = AppFunction::read(read->functions.as_array()[0]);
  ASSERT_TRUE(one.has_value());
  EXPECT_EQ(one->slug, "app-a");
  EXPECT_EQ(one->retries_max, 2);
  EXPECT_EQ(one->url, "http://127.0.0.1:3/api?fnId=app-a&stepId=step");
  ASSERT_EQ(one->triggers.size(), 1U);
  EXPECT_EQ(one->triggers[0].event, "t/hello");
}

TEST(Registration, IsTheSameWhateverChangesFromCallToCall) {
  auto first = app({function("app-a")});
  auto second = first;
  second.set("featureObservations", Json::object({{"n", 1}})).set("deployId", "x");
  EXPECT_EQ(Registration::read(first)->checksum, Registration::read(second)->checksum);
  second.set("url", "http://127.0.0.1:4/api");
  EXPECT_NE(Registration::read(first)->checksum, Registration::read(second)->checksum);
}

// What is not kept is told: a function whose limits are ignored does more than its author allowed.
TEST(Registration, TellsWhatIsNotThereYet) {
  EXPECT_EQ(refusal(R"(,"triggers":[{"event":"inngest/other.thing"}])"),
            "NOT_IMPLEMENTED: app-f: this pod does not send \"inngest/other.thing\" yet");
  EXPECT_EQ(refusal(R"(,"newLimit":{"n":1})"),
            "NOT_IMPLEMENTED: app-f: this pod does not know \"newLimit\"");
  EXPECT_EQ(refusal(R"(,"throttle":null,"cancel":[],"checkpoint":{"batch_steps":1})"), "");
  EXPECT_EQ(refusal(R"(,"triggers":[])"), "");
}

TEST(Registration, ReadsFlowControl) {
  const auto read = AppFunction::read(function(
      "app-f", R"(,"throttle":{"limit":2,"period":"5s","burst":3,"key":"event.data.id"},)"
               R"("rateLimit":{"limit":1,"period":"1m"},"idempotency":"event.data.order",)"
               R"("debounce":{"period":"5s","timeout":"1m"},"singleton":{"mode":"cancel"})"));
  ASSERT_TRUE(read.has_value()) << read.error().message;
  const auto& flow = read->flow;
  EXPECT_EQ(flow.throttle->limit, 2);
  EXPECT_EQ(flow.throttle->burst, 3);
  EXPECT_EQ(flow.throttle->period, std::chrono::seconds(5));
  EXPECT_EQ(flow.throttle->key->to_text(), "event.data.id");
  EXPECT_EQ(flow.rate_limit->period, std::chrono::minutes(1));
  EXPECT_EQ(flow.debounce->timeout, std::chrono::minutes(1));
  EXPECT_EQ(flow.singleton->mode, bus::Singleton::Mode::kCancel);
  EXPECT_TRUE(flow.idempotency.has_value());
  const auto batch = AppFunction::read(
      function("app-f", R"(,"batchEvents":{"maxSize":10,"timeout":"5s","if":"event.data.n > 1"})"));
  ASSERT_TRUE(batch.has_value()) << batch.error().message;
  EXPECT_EQ(batch->flow.batch->size_max, 10);
  EXPECT_TRUE(batch->flow.batch->condition.has_value());
  EXPECT_EQ(refusal(R"(,"throttle":{"limit":1,"period":"soon"})"),
            "BAD_REQUEST: app-f: throttle: period: \"soon\" is no duration: \"30s\", \"1h30m\" or "
            "\"1w2d\" are");
  EXPECT_NE(refusal(R"(,"rateLimit":{"limit":1,"period":"1m","key":"event.data."})"), "");
  EXPECT_NE(refusal(R"(,"rateLimit":{"limit":1})"), "");
  EXPECT_NE(refusal(R"(,"batchEvents":{"maxSize":1000,"timeout":"5s"})"), "");
  EXPECT_NE(refusal(R"(,"singleton":{"mode":"both"})"), "");
  EXPECT_EQ(refusal(R"(,"singleton":{"key":5})"), "BAD_REQUEST: app-f: singleton: key is a text");
}

// The SDK for Go has no tag on "Singleton", says the retries twice, and a worker's address without
// a type.
TEST(Registration, ReadsWhatTheSdkForGoWrites) {
  const auto read = AppFunction::read(
      function("app-f", R"(,"retries":2,"Singleton":{"key":"event.data.id","mode":"cancel"},)"
                        R"("throttle":{"limit":5,"period":"1m500ms","burst":0},)"
                        R"("concurrency":[{"limit":3,"scope":"Fn","hash":""}])"));
  ASSERT_TRUE(read.has_value()) << read.error().message;
  ASSERT_EQ(read->flow.concurrency.size(), 1U);
  EXPECT_EQ(read->flow.concurrency[0].scope, bus::Concurrency::Scope::kFunction);
  ASSERT_TRUE(read->flow.singleton.has_value());
  EXPECT_EQ(read->flow.singleton->mode, bus::Singleton::Mode::kCancel);
  EXPECT_FALSE(read->is_connected);
  const auto connected = AppFunction::read(function(
      "app-f", R"(,"steps":{"step":{"runtime":{"url":"ws://connect?fnId=app-f&step=step"}}})"));
  ASSERT_TRUE(connected.has_value()) << connected.error().message;
  EXPECT_TRUE(connected->is_connected);
}

// As PyPI inngest 0.5.19 does over its Connect.
TEST(Registration, ReadsAConnectedOnFailureThatIsCalledHttp) {
  const auto read = AppFunction::read(
      function("app-f-failure", R"(,"steps":{"step":{"runtime":{"type":"http",)"
                                R"("url":"wss://connect?fnId=app-f-failure&stepId=step"}}})"));
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_TRUE(read->is_connected);
}

TEST(Registration, ReadsSchedules) {
  const auto read = AppFunction::read(
      function("app-f", R"(,"triggers":[{"cron":"TZ=Europe/Paris 0 12 * * *","jitter":"30s"}])"));
  ASSERT_TRUE(read.has_value()) << read.error().message;
  ASSERT_EQ(read->schedules.size(), 1U);
  EXPECT_EQ(read->schedules[0].text, "TZ=Europe/Paris 0 12 * * *");
  EXPECT_EQ(read->schedules[0].jitter_ms, 30'000);
  EXPECT_TRUE(read->triggers.empty());
  EXPECT_NE(refusal(R"(,"triggers":[{"cron":"61 * * * *"}])"), "");
  EXPECT_EQ(refusal(R"(,"triggers":[{"cron":"0 0 29 2 *"}])"), "");
  EXPECT_THAT(refusal(R"(,"triggers":[{"cron":"0 0 31 2 *"}])"),
              testing::HasSubstr("\"0 0 31 2 *\" names no time that ever comes"));
  EXPECT_NE(refusal(R"(,"triggers":[{"cron":"* * * * *","jitter":"1h"}])"), "");
}

TEST(Registration, RefusesWhatIsWrongAndNamesIt) {
  EXPECT_NE(refusal(R"(,"triggers":[{"event":"a*b"}])").find("a*b"), std::string::npos);
  EXPECT_NE(refusal(R"(,"triggers":{})"), "");
  EXPECT_EQ(refusal(R"(,"triggers":[{"event":"a","expression":"event.data.n > 1"}])"), "");
  EXPECT_NE(refusal(R"(,"triggers":[{"event":"a","expression":"event.data.n >"}])").find("app-f: "),
            std::string::npos);
  EXPECT_NE(refusal(R"(,"triggers":[{"event":"a","expression":"ev.data.n"}])"), "");
  EXPECT_NE(refusal(R"(,"steps":{})"), "");
  EXPECT_NE(refusal(R"(,"steps":{"step":{"runtime":{"type":"http","url":"file:///etc/passwd"}}})"),
            "");
  const auto read =
      Registration::read(app({function("app-a"), function("app-a"), function("b c")}));
  ASSERT_FALSE(read.has_value());
  EXPECT_NE(read.error().message.find("two functions of this id"), std::string::npos);
  EXPECT_NE(read.error().message.find("\"b c\" is no id"), std::string::npos);
  const auto many =
      Registration::read(app(std::vector<Json>(kFunctionsOfAppMax + 1, function("app-a"))));
  EXPECT_EQ(many.error().message, "An app has at most 1000 functions; \"app\" has 1001");
  auto nameless = app({});
  nameless.set("appName", "");
  EXPECT_FALSE(Registration::read(nameless).has_value());
}

TEST(Registration, ReadsLimitsOfConcurrencyInEachOfTheirForms) {
  const auto limits = [](std::string_view said) {
    const auto read =
        AppFunction::read(function("app-f", R"(,"concurrency":)" + std::string(said)));
    if (!read) return read.error().message;
    std::string all;
    for (const auto& one : read->flow.concurrency) {
      all += std::to_string(one.limit) + (one.key ? " " + one.key->to_text() : "") +
             (one.scope == bus::Concurrency::Scope::kUser ? " user;" : ";");
    }
    return all;
  };
  EXPECT_EQ(limits("3"), "3;");
  EXPECT_EQ(limits("0"), "");
  EXPECT_EQ(limits(R"({"limit":2,"key":"event.data.id"})"), "2 event.data.id;");
  EXPECT_EQ(limits(R"([{"limit":2},{"limit":1,"key":"event.data.id","scope":"account"}])"),
            "2;1 event.data.id user;");
  EXPECT_EQ(limits(R"({"step":[{"limit":4}]})"), "4;");
  EXPECT_EQ(limits(R"({"fn":[{"limit":4}],"step":[{"limit":5}]})"), "5;");
  EXPECT_EQ(limits(R"({"fn":[{"limit":4},{"limit":5}]})"),
            "app-f: concurrency.fn: a function has at most one limit of runs");
  EXPECT_EQ(limits(R"({"fn":[{"limit":4,"key":"event.data."}]})").substr(0, 28),
            "app-f: concurrency.fn: key: ");
  EXPECT_EQ(limits(R"({"limit":1,"scope":"env"})"),
            "app-f: concurrency: a scope beside \"fn\" has a key");
}

TEST(Registration, ReadsLimitsOfWholeRuns) {
  const auto read = AppFunction::read(function(
      "app-f", R"(,"concurrency":{"fn":[{"limit":4,"key":"event.data.id"}]},)"
               R"("timeouts":{"start":"10s","finish":"1h"},"priority":{"run":"event.data.n"})"));
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->flow.run_concurrency->limit, 4);
  EXPECT_EQ(read->flow.run_concurrency->key->to_text(), "event.data.id");
  EXPECT_EQ(read->flow.timeouts.start, std::chrono::seconds(10));
  EXPECT_EQ(read->flow.timeouts.finish, std::chrono::hours(1));
  EXPECT_EQ(read->flow.priority->to_text(), "event.data.n");
  EXPECT_NE(refusal(R"(,"timeouts":{"finish":"soon"})"), "");
  EXPECT_NE(refusal(R"(,"timeouts":{"finish":"0s"})"), "");
  EXPECT_NE(refusal(R"(,"priority":{"run":"event.data.n +"})"), "");
  EXPECT_NE(refusal(R"(,"concurrency":{"fn":[{"limit":100000}]})"), "");
  EXPECT_NE(refusal(R"(,"priority":{"run":"1"},"batchEvents":{"maxSize":5,"timeout":"5s"})"), "");
}

TEST(Registration, ReadsWhatCancelsRuns) {
  const auto read = AppFunction::read(function(
      "app-f",
      R"(,"cancel":[{"event":"t/end","if":"event.data.id == async.data.id","timeout":"1h"}])"));
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->flow.cancel_on.size(), 1U);
  EXPECT_EQ(read->flow.cancel_on[0].event, "t/end");
  EXPECT_EQ(read->flow.cancel_on[0].condition->to_text(), "event.data.id == async.data.id");
  EXPECT_EQ(read->flow.cancel_on[0].timeout, std::chrono::hours(1));
  for (const char* event : {R"("*")", R"("t/*")", R"("")", "7"}) {
    EXPECT_THAT(refusal(R"(,"cancel":[{"event":)" + std::string(event) + "}]"),
                testing::HasSubstr("app-f: cancel: event is "))
        << event;
  }
  EXPECT_THAT(refusal(R"(,"cancel":[{"event":"t/end","if":"async.data.n +"}])"),
              testing::StartsWith("BAD_REQUEST: app-f: "));
}

}  // namespace
}  // namespace synap::inngest
