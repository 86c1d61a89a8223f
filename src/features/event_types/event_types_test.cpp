#include "features/event_types/event_types.h"

#include <gtest/gtest.h>

#include "features/event_types/registered.h"
#include "features/events/events.h"
#include "features/feature_test.h"

namespace synap::features {
namespace {

class EventTypesTest : public FeatureTest {
 protected:
  EventTypesTest()
      : FeatureTest([](const Rooms& rooms) {
          event_views::add(rooms);
          event_types::add(rooms);
        }) {}

  static Json json(std::string_view text) {
    auto value = parse_json(text);
    EXPECT_TRUE(value.has_value()) << text;
    return value ? std::move(*value) : Json();
  }
  /// The answer as text, or the code and message of the refusal.
  std::string told(std::string_view path, std::string_view input, const std::string& user = "ann",
                   const std::string& key = "") {
    const auto answer = call(path, json(input), user, key);
    if (answer) return answer->dump();
    return std::string(info(answer.error().code).name) + ": " + answer.error().message;
  }
  void register_weight(const std::string& user = "ann") {
    const auto made = told("eventTypes.register", kWeight, user);
    ASSERT_NE(made.find("isNew"), std::string::npos) << made;
  }
  static constexpr auto kWeight = R"({"name":"x.weight.recorded","schema":{"type":"object",
      "properties":{"kg":{"type":"number","exclusiveMinimum":0}},"required":["kg"],
      "additionalProperties":false}})";
  static constexpr auto kStream = "01980000-0000-7000-8000-000000000001";
};

// The stream of a registration follows from its name: whoever published there first would have it.
TEST_F(EventTypesTest, NobodyPublishesIntoTheStreamOfARegistration) {
  register_weight();
  const auto stream = Uuid::derived(0, "event_type\nbob\nx.weight.recorded").to_string();
  const auto refused = told("events.publish", R"({"type":"x.weight.recorded","data":{"kg":1},)"
                                              R"("aggregateId":")" +
                                                  stream + "\"}");
  EXPECT_NE(refused.find("BAD_REQUEST"), std::string::npos) << refused;
  register_weight("bob");
}

TEST_F(EventTypesTest, AStreamStaysOfOneNounWhoeverPublishesAtATime) {
  for (const char* name : {"x.n1.done", "x.n2.done"}) {
    told("eventTypes.register", std::string(R"({"name":")") + name + R"(","schema":{}})");
  }
  test::Started<Result<rpc::Reply>> calls(executor);
  const auto* publish = procedures.find("events.publish");
  for (int i = 0; i < 20; ++i) {
    auto context = std::make_shared<api::CallContext>(kEverybodyMay);
    context->actor = api::Actor::of_key("ann", api::Role::kMember, "key");
    const auto input = json(std::string(R"({"type":"x.n)") + (i % 2 == 0 ? "1" : "2") +
                            R"(.done","data":{},"aggregateId":")" + kStream + "\"}");
    calls.add(publish->handler({.context = context, .input = {.json = input}}));
  }
  int published = 0;
  for (const auto& result : calls.wait()) published += result ? 1 : 0;
  EXPECT_EQ(published, 10);
}

TEST_F(EventTypesTest, ARegisteredTypeIsItsUsersAndHasVersions) {
  EXPECT_EQ(told("eventTypes.register", kWeight),
            R"({"name":"x.weight.recorded","version":1,"isNew":true})");
  EXPECT_EQ(told("eventTypes.register", kWeight),
            R"({"name":"x.weight.recorded","version":1,"isNew":false})");
  EXPECT_EQ(told("eventTypes.register", R"({"name":"x.weight.recorded","schema":{}})"),
            R"({"name":"x.weight.recorded","version":2,"isNew":true})");
  // Another user's type of that name is another type.
  EXPECT_EQ(told("eventTypes.list", "{}", "bob"), R"({"types":[]})");
  EXPECT_EQ(told("eventTypes.register", kWeight, "bob"),
            R"({"name":"x.weight.recorded","version":1,"isNew":true})");

  open();  // the next start
  const auto newest = call("eventTypes.get", json(R"({"name":"x.weight.recorded"})"));
  ASSERT_TRUE(newest.has_value());
  EXPECT_EQ(newest->find("version")->as_integer(), 2);
  EXPECT_EQ(newest->find("schema")->dump(), "{}");
  const auto first = call("eventTypes.get", json(R"({"name":"x.weight.recorded","version":1})"));
  EXPECT_EQ(*first->find("schema"), *json(kWeight).find("schema"));
  EXPECT_TRUE(told("eventTypes.get", R"({"name":"x.weight.recorded","version":3})")
                  .starts_with("NOT_FOUND"));
  EXPECT_EQ(call("eventTypes.list", Json::object())->find("types")->as_array().size(), 1U);
}

TEST_F(EventTypesTest, NamesOfThePodAndBadSchemasAreRefused) {
  for (const char* name : {"note.creation.completed", "x", "x.weight", "x.Weight.recorded",
                           "x..recorded", "x.weight.", "y.weight.recorded"}) {
    const Json input = Json::object({{"name", name}, {"schema", Json::object()}});
    const auto answer = call("eventTypes.register", input);
    ASSERT_FALSE(answer.has_value()) << name;
    EXPECT_EQ(answer.error().code, Code::kBadRequest) << name;
  }
  EXPECT_EQ(told("eventTypes.register",
                 R"({"name":"x.a.b","schema":{"properties":{"kg":{"tpye":"number"}}}})"),
            "BAD_REQUEST: The schema cannot be used: #/properties/kg/tpye is no keyword of JSON "
            "Schema 2020-12; a note of your own begins with \"x-\"");
  EXPECT_EQ(told("events.publish", R"({"type":"x.a.b","data":{}})"),
            "NOT_FOUND: You have registered no event type \"x.a.b\" (eventTypes.register)");
  EXPECT_TRUE(told("events.publish", R"({"type":"note.creation.completed","data":{}})")
                  .starts_with("BAD_REQUEST"));
}

TEST_F(EventTypesTest, WhatIsPublishedFitsItsSchemaAndKeepsItsVersion) {
  register_weight();
  const auto wrong =
      call("events.publish", json(R"({"type":"x.weight.recorded","data":{"kg":-1,"lb":2}})"));
  ASSERT_FALSE(wrong.has_value());
  const auto& issues = wrong.error().details->find("issues")->as_array();
  ASSERT_EQ(issues.size(), 2U);
  EXPECT_EQ(issues[0].find("path")->dump(), R"(["data","kg"])");
  EXPECT_EQ(issues[1].string_or("code", ""), "unrecognized_keys");

  const auto first =
      call("events.publish", json(R"({"type":"x.weight.recorded","data":{"kg":80.5}})"));
  ASSERT_TRUE(first.has_value()) << first.error().message;
  EXPECT_EQ(first->find("aggregateVersion"), nullptr);
  ASSERT_NE(told("eventTypes.register", R"({"name":"x.weight.recorded","schema":{}})").find(":2"),
            std::string::npos);
  ASSERT_TRUE(call("events.publish", json(R"({"type":"x.weight.recorded","data":{"lb":160}})")));
  const auto page = call("events.list", json(R"({"types":["x.weight.recorded"]})"));
  const auto& listed = page->find("events")->as_array();
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_EQ(listed[0].find("dataVersion")->as_integer(), 1);
  EXPECT_EQ(listed[0].find("data")->dump(), R"({"kg":80.5})");
  EXPECT_EQ(listed[0].find("actor")->dump(), R"({"key":"key"})");
  EXPECT_EQ(listed[1].find("dataVersion")->as_integer(), 2);
  EXPECT_TRUE(call("events.list", json(R"({"types":["x.weight.recorded"]})"), "bob")
                  ->find("events")
                  ->as_array()
                  .empty());
  // And the chain holds.
  const auto verified = sync_wait(executor, log->verify(0, 100));
  ASSERT_TRUE(verified.has_value());
  EXPECT_FALSE(verified->first_broken.has_value());
}

TEST_F(EventTypesTest, AStreamHasVersionsOneNounAndOneUser) {
  register_weight();
  register_weight("bob");
  const std::string publish = R"({"type":"x.weight.recorded","data":{"kg":1},"aggregateId":")" +
                              std::string(kStream) + "\"";
  const auto made = call("events.publish", json(publish + R"(,"expectedVersion":0})"));
  ASSERT_TRUE(made.has_value()) << made.error().message;
  EXPECT_EQ(made->find("aggregateVersion")->as_integer(), 1);
  EXPECT_TRUE(told("events.publish", publish + R"(,"expectedVersion":0})").starts_with("CONFLICT"));
  EXPECT_TRUE(told("events.publish", publish + "}", "bob").starts_with("NOT_FOUND"));
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(call("events.publish", json(publish + "}")));

  const std::string read = R"({"aggregateId":")" + std::string(kStream) + "\"";
  const auto page = call("events.readStream", json(read + R"(,"limit":3})"));
  ASSERT_TRUE(page.has_value());
  EXPECT_EQ(page->find("events")->as_array().size(), 3U);
  EXPECT_EQ(page->find("nextVersion")->as_integer(), 4);
  const auto rest = call("events.readStream", json(read + R"(,"fromVersion":4,"limit":2})"));
  EXPECT_EQ(rest->find("events")->as_array().size(), 2U);
  EXPECT_EQ(rest->find("nextVersion"), nullptr);
  EXPECT_TRUE(told("events.readStream", read + "}", "bob").starts_with("NOT_FOUND"));

  ASSERT_NE(told("eventTypes.register", R"({"name":"x.other.happened","schema":{}})").find(":1"),
            std::string::npos);
  EXPECT_TRUE(told("events.publish", R"({"type":"x.other.happened","data":{},"aggregateId":")" +
                                         std::string(kStream) + "\"}")
                  .starts_with("BAD_REQUEST: The stream"));
  EXPECT_TRUE(told("events.publish", R"({"type":"x.other.happened","data":{},"expectedVersion":1})")
                  .starts_with("BAD_REQUEST: expectedVersion"));
}

TEST_F(EventTypesTest, ARepeatWithItsKeyIsTheFirstEvent) {
  register_weight();
  const std::string first = R"({"type":"x.weight.recorded","data":{"kg":1},"idempotencyKey":"k"})";
  const auto answer = told("events.publish", first);
  EXPECT_EQ(told("events.publish", first), answer);
  EXPECT_EQ(told("events.publish", R"({"type":"x.weight.recorded","data":{"kg":1}})", "ann", "k"),
            answer);
  EXPECT_TRUE(told("events.publish", R"({"type":"x.weight.recorded","data":{"kg":2}})", "ann", "k")
                  .starts_with("CONFLICT"));
}

TEST_F(EventTypesTest, TwoIdempotencyKeysOfOneEventAreRefused) {
  register_weight();
  const std::string asked = R"({"type":"x.weight.recorded","data":{"kg":1},"idempotencyKey":"k"})";
  EXPECT_EQ(told("events.publish", asked, "ann", "other"),
            "CONFLICT: The Idempotency-Key header and the input's idempotencyKey differ: give "
            "one of them");
  EXPECT_EQ(told("events.publish", asked, "ann", "k"), told("events.publish", asked));
}

TEST_F(EventTypesTest, ARepeatIsAnsweredAlsoWhenTheSchemaHasMovedOn) {
  register_weight();
  const std::string first = R"({"type":"x.weight.recorded","data":{"kg":1},"idempotencyKey":"k"})";
  const auto answer = told("events.publish", first);
  told("eventTypes.register",
       R"({"name":"x.weight.recorded","schema":{"required":["lb"],"type":"object"}})");
  EXPECT_EQ(told("events.publish", first), answer);
  EXPECT_TRUE(told("events.publish",
                   R"({"type":"x.weight.recorded","data":{"kg":1},"idempotencyKey":"other"})")
                  .starts_with("BAD_REQUEST"));
  EXPECT_EQ(sync_wait(executor, log->head())->position, 3);
}

TEST(Validators, OneUsersManySchemasDriveNobodyElsesOut) {
  event_types::Validators validators;
  const auto use = [&](const std::string& user, std::int64_t version) {
    EXPECT_TRUE(validators.of(user, {"x.a.b", version, "{}", 0}));
  };
  use("ann", 1);
  for (int version = 1; version <= 200; ++version) use("bob", version);
  EXPECT_EQ(validators.kept_of("bob"), event_types::Validators::kKeptOfUserMax);
  EXPECT_EQ(validators.kept_of("ann"), 1U);
  for (int user = 0; user < 100; ++user) use(std::to_string(user), 1);
  EXPECT_EQ(validators.kept_of("ann"), 0U);
}

TEST_F(EventTypesTest, ManyRegistrationsAtOnceAreVersionsInARow) {
  std::vector<Task<Result<rpc::Reply>>> calls;
  for (int i = 0; i < 10; ++i) {
    auto context = std::make_shared<api::CallContext>(kEverybodyMay);
    context->actor = api::Actor::of_key("ann", api::Role::kMember, "key");
    const Json schema = Json::object({{"maxProperties", i}});
    calls.push_back(
        procedures.find("eventTypes.register")
            ->handler({.context = context,
                       .input = {.json = Json::object({{"name", "x.a.b"}, {"schema", schema}})}}));
  }
  const auto replies = sync_wait(executor, when_all(std::move(calls)));
  for (const auto& reply : replies) EXPECT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(call("eventTypes.get", json(R"({"name":"x.a.b"})"))->find("version")->as_integer(), 10);
}

}  // namespace
}  // namespace synap::features
