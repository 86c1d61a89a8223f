#include "events/types.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace synap::events {
namespace {

class EventTypesTest : public testing::Test {
 protected:
  EventTypesTest() {
    types.add("note.creation.requested", object("Note").field("n", integer().min(1)), "docs");
    envelope.user_id = "ann";
  }
  Code refusal(std::string_view type, std::string data) {
    const auto made = types.make(type, std::move(data), envelope);
    return made ? Code::kNotImplemented : made.error().code;
  }
  EventTypes types;
  Envelope envelope;
};

TEST_F(EventTypesTest, MakesOnlyWhatIsRegisteredAndFits) {
  EXPECT_TRUE(types.make("note.creation.requested", R"({"n":1})", envelope));
  EXPECT_EQ(refusal("note.creation", R"({"n":1})"), Code::kBadRequest);
  EXPECT_EQ(refusal("note.creation.requested", R"({"n":0})"), Code::kBadRequest);
  EXPECT_EQ(refusal("note.creation.requested", "{}"), Code::kBadRequest);
  EXPECT_EQ(refusal("note.creation.requested", "[]"), Code::kBadRequest);
  EXPECT_EQ(refusal("note.creation.requested", "{"), Code::kBadRequest);
  EXPECT_EQ(refusal("note.creation.requested", ""), Code::kBadRequest);
}

TEST_F(EventTypesTest, BoundsTheData) {
  std::string padded = R"({"n":1,"x":")";
  padded.append(kEventDataBytesMax - padded.size() - 2, 'x').append("\"}");
  ASSERT_EQ(padded.size(), kEventDataBytesMax);
  EXPECT_TRUE(types.make("note.creation.requested", padded, envelope));
  padded.insert(padded.size() - 2, "x");
  EXPECT_EQ(refusal("note.creation.requested", padded), Code::kPayloadTooLarge);
}

TEST_F(EventTypesTest, BoundsTheUser) {
  envelope.user_id = "";
  EXPECT_EQ(refusal("note.creation.requested", R"({"n":1})"), Code::kBadRequest);
  envelope.user_id = std::string(129, 'x');
  EXPECT_EQ(refusal("note.creation.requested", R"({"n":1})"), Code::kBadRequest);
  envelope.user_id = std::string(128, 'x');
  EXPECT_TRUE(types.make("note.creation.requested", R"({"n":1})", envelope));
}

// A closure that is run again records again, and what the first run showed to others stays as it
// was.
TEST_F(EventTypesTest, WhatIsRecordedTwiceIsTwoEvents) {
  const auto draft = types.make("note.creation.requested", R"({"n":1})", envelope);
  ASSERT_TRUE(draft);
  const auto first = draft->recorded(7, 1);
  const auto second = draft->recorded(9, 2);
  EXPECT_EQ(first->position, 7);
  EXPECT_EQ(first->aggregate_version, 1);
  EXPECT_EQ(second->position, 9);
  EXPECT_EQ(second->aggregate_version, 2);
  EXPECT_EQ(second->data, first->data);
}

TEST_F(EventTypesTest, RegistersTheFailedTypeWithTheRequestedOne) {
  ASSERT_NE(types.find("note.creation.failed"), nullptr);
  EXPECT_EQ(types.all().size(), 2u);
  types.add_failed("note.creation.requested");
  EXPECT_EQ(types.all().size(), 2u);
  EXPECT_EQ(failed_type_of("x.y"), "x.y.failed");
  EXPECT_EQ(failed_type_of("x.requested"), "x.failed");
}

TEST_F(EventTypesTest, AnAppNamesItsEventsButNotAsThePodDoes) {
  for (const char* name : {"app/user.created", "t/hello", "order.created", "notes.created", "hello",
                           "note/creation.requested", "creation.completed", "my/a.b.completed"}) {
    const auto made = types.make_open(name, "{}", envelope);
    ASSERT_TRUE(made.has_value()) << name << ": " << made.error().message;
    EXPECT_EQ(made->type(), name);
  }
  for (const char* name :
       {"note.creation.requested", "note.creation.failed", "note.created", "note.", "x.a.b",
        "function.finished", "inngest/function.failed", "inngest/", "order.creation.completed",
        "order.creation.requested", "a.b.c.failed", "", "a b", "a:b", "caf\xc3\xa9"}) {
    const auto made = types.make_open(name, "{}", envelope);
    ASSERT_FALSE(made.has_value()) << name;
    EXPECT_EQ(made.error().code, Code::kBadRequest) << name;
  }
  for (const auto* info : types.all()) EXPECT_TRUE(types.is_reserved(info->name)) << info->name;
}

TEST_F(EventTypesTest, SaysOfWhichTypeNoEventCanBe) {
  for (const char* pattern :
       {"note.creation.requested", "note.creation.*", "note.*", "not*", "*", "", "app/user.created",
        "order.created", "order.*", "inngest/function.failed", "x.order.created"}) {
    EXPECT_EQ(types.why_never(pattern, true), "") << pattern;
  }
  EXPECT_EQ(types.why_never("note.creation.request", true),
            "No event of the pod has the type \"note.creation.request\"; did you mean "
            "\"note.creation.requested\" or \"note.creation.failed\"?");
  EXPECT_EQ(types.why_never("note.deleted", true),
            "No event of the pod has the type \"note.deleted\"");
  EXPECT_EQ(types.why_never("note.x*", true), "No event of the pod has the type \"note.x*\"");
  EXPECT_EQ(types.why_never("note.creation.request", false),
            "No event of the pod has the type \"note.creation.request\"");
  EXPECT_NE(types.why_never("order.creation.completed", true), "");
}

TEST_F(EventTypesTest, TellsGivenIdsFromNewOnes) {
  EXPECT_FALSE(types.make("note.creation.requested", R"({"n":1})", envelope)->has_given_id());
  envelope.id = Uuid::v7();
  const auto made = types.make("note.creation.requested", R"({"n":1})", envelope);
  EXPECT_TRUE(made->has_given_id());
  EXPECT_EQ(made->id(), *envelope.id);
}

TEST(Event, JsonIsSynapEventVersionOne) {
  Event event;
  event.id = *Uuid::parse("01890000-0000-7000-8000-000000000001");
  event.type = "a.\"b\"";
  event.user_id = "ann";
  event.source = Source::kSync;
  event.position = 7;
  event.timestamp = 0;
  event.data = R"({"n":1})";
  EXPECT_EQ(event.json(),
            R"({"id":"01890000-0000-7000-8000-000000000001","version":"v1","type":"a.\"b\"",)"
            R"("dataVersion":1,"data":{"n":1},"userId":"ann","source":"sync",)"
            R"("timestamp":"1970-01-01T00:00:00.000Z","position":7})");
  for (const char* name :
       {"api", "agent", "automation", "sync", "migration", "system", "intelligence"}) {
    EXPECT_EQ(source_name(*source_by_name(name)), name);
  }
  EXPECT_EQ(source_by_name("API"), std::nullopt);
}

TEST(Envelope, FollowsFromAnEventOfItsOwnUser) {
  Event cause;
  cause.id = Uuid::v7();
  cause.user_id = "ann";
  const auto request = Uuid::v7();
  const auto following = [&](const char* user) {
    Envelope envelope;
    envelope.user_id = user;
    envelope.correlation_id = request;
    set_cause(envelope, cause);
    return envelope;
  };
  EXPECT_EQ(following("ann").causation_id, cause.id);
  EXPECT_EQ(following("ann").correlation_id, cause.id) << "what has none is the root of one";
  cause.correlation_id = Uuid::v7();
  EXPECT_EQ(following("ann").correlation_id, cause.correlation_id);
  EXPECT_EQ(following("bob").causation_id, std::nullopt);
  EXPECT_EQ(following("bob").correlation_id, request);
}

}  // namespace
}  // namespace synap::events
