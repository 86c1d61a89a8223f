#include "features/why/why.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "features/feature_test.h"
#include "features/notes/notes.h"
#include "features/requests/requests.h"

namespace synap::features {

namespace tasks {
void add(const Rooms& rooms);
}

namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class WhyTest : public FeatureTest {
 protected:
  WhyTest()
      : FeatureTest([](const Rooms& rooms) {
          requests::add(rooms);
          notes::add(rooms);
          tasks::add(rooms);
          why::add(rooms);
        }) {}

  Result<Json> ask(const std::string& id, Json::Object more = {}, const std::string& user = "ann") {
    Json asked = Json::object({{"entityId", id}});
    for (auto& [key, value] : more) asked.set(key, std::move(value));
    return call("events.why", asked, user);
  }
  /// "kind name" of each link.
  std::vector<std::string> links(const std::string& id, Json::Object more = {}) {
    const auto answer = ask(id, std::move(more));
    SYNAP_CHECK(answer.has_value(), answer ? "" : answer.error().message);
    std::vector<std::string> all;
    for (const auto& link : answer->find("links")->as_array()) {
      all.push_back(link.find("kind")->as_string() + " " + std::string(link.string_or("name", "")));
    }
    return all;
  }
  std::string make_task() {
    return call("tasks.create", Json::object({{"title", "A"}}))->find("entityId")->as_string();
  }
};

TEST_F(WhyTest, AVersionLeadsToTheCommandThatMadeItAndToItsKey) {
  const auto id = make_task();
  ASSERT_TRUE(call("tasks.update", input(id, {{"title", "B"}})));
  ASSERT_TRUE(call("tasks.complete", input(id)));
  EXPECT_THAT(links(id), ElementsAre("event task.completion.completed",
                                     "event task.completion.requested", "actor key"));
  EXPECT_THAT(links(id, {{"version", 2}}), ElementsAre("event task.update.completed",
                                                       "event task.update.requested", "actor key"));
  EXPECT_THAT(
      links(id, {{"version", 1}}),
      ElementsAre("event task.creation.completed", "event task.creation.requested", "actor key"));
  const auto answer = ask(id, {{"version", 2}});
  EXPECT_EQ(*answer->find("entityType"), Json("task"));
  EXPECT_EQ(*answer->find("links")->as_array().at(1).find("key"), Json("key"));
  EXPECT_EQ(*answer->find("version"), Json(2));
  EXPECT_EQ(answer->find("cut"), nullptr);
}

TEST_F(WhyTest, TellsTheReasonThatWasGivenForAChangeMadeAtOnce) {
  reason = "it is \"full\"";
  const auto task = make_task();
  const auto note = done("notes.create", Json::object({{"content", "# A"}, {"batch", "b"}}))
                        ->find("entityId")
                        ->as_string();
  reason.clear();
  ASSERT_TRUE(call("tasks.update", input(task, {{"title", "B"}})));
  const auto reasons = [&](const std::string& id, Json::Object more = {}) {
    std::vector<std::string> all;
    for (const auto& link : ask(id, std::move(more))->find("links")->as_array()) {
      if (link.find("reason") == nullptr) continue;
      all.push_back(std::string(link.string_or("name", "")) + " " +
                    link.find("reason")->as_string());
    }
    return all;
  };
  EXPECT_THAT(reasons(task, {{"version", 1}}),
              ElementsAre("task.creation.requested it is \"full\""));
  EXPECT_THAT(reasons(task), IsEmpty());
  EXPECT_THAT(reasons(note), ElementsAre("note.creation.requested it is \"full\""));
}

TEST_F(WhyTest, WhatARunWroteNamesTheRun) {
  const auto made = done("notes.create", Json::object({{"content", "# A"}}));
  EXPECT_THAT(links(made->find("entityId")->as_string()),
              ElementsAre("event note.creation.completed", "run notes.create",
                          "event note.creation.requested", "actor key"));
}

TEST_F(WhyTest, OfWhatIsDeletedItIsWhatDeletedIt) {
  const auto id = make_task();
  ASSERT_TRUE(call("tasks.delete", input(id)));
  EXPECT_THAT(links(id), ElementsAre("event task.deletion.completed",
                                     "event task.deletion.requested", "actor key"));
  EXPECT_EQ(ask(id)->find("version"), nullptr);
  EXPECT_EQ(ask(id, {{"version", 1}}).error().code, Code::kNotFound);
}

TEST_F(WhyTest, NobodyIsToldOfAnother) {
  const auto id = make_task();
  EXPECT_EQ(ask(id, {}, "bob").error().code, Code::kNotFound);
  EXPECT_EQ(ask(id, {{"version", 1}}, "bob").error().code, Code::kNotFound);
  EXPECT_EQ(ask(id, {{"version", 9}}).error().code, Code::kNotFound);
}

// As keys have it: a command may name any event of its user as its cause.
class Causes final : public api::Authority {
 public:
  explicit Causes(events::EventLog& log) : log_(log) {}
  Result<> check(const api::Actor&) const override { return {}; }
  Result<> admit(const api::Actor&) const override { return {}; }
  Task<Result<events::EventRef>> cause(const api::Actor& actor, Uuid id) const override {
    return log_.find(events::Tenancy::of_user(actor.user_id), id);
  }

 private:
  events::EventLog& log_;
};

// A chain of what apps and agents have set off is as long as they like.
TEST_F(WhyTest, TellsAHundredCausesAndThatThereAreMore) {
  const Causes causes(*log);
  const auto caused_by = [&](const Json& event) {
    auto context = std::make_shared<api::CallContext>(causes);
    context->actor = api::Actor::of_key("ann", api::Role::kMember, "key");
    context->caused_by = Uuid::parse(event.as_string());
    rpc::Call request{.context = context, .input = {.json = Json::object({{"title", "next"}})}};
    auto reply = sync_wait(executor, procedures.find("tasks.create")->handler(std::move(request)));
    SYNAP_CHECK(reply.has_value());
    return parse_json(*std::get<rpc::Text>(*reply))->find("entityId")->as_string();
  };
  auto id = make_task();
  for (int i = 0; i < 60; ++i) {
    const auto answer = ask(id);
    const auto& links = answer->find("links")->as_array();
    // Two events of each command, and the key of the first.
    const auto whole = 2 * (static_cast<std::size_t>(i) + 1) + 1;
    EXPECT_EQ(links.size(), whole <= 101 ? whole : 100);
    id = caused_by(*links.front().find("id"));
  }
  EXPECT_EQ(links(id).size(), 100u);
  EXPECT_EQ(*ask(id)->find("cut"), Json(true));
}

}  // namespace
}  // namespace synap::features
