// The agents that are shipped, with each other and with what models say.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "features/agents/running.h"
#include "features/capture/capture.h"
#include "features/digest/digest.h"
#include "features/enrich/enrich.h"
#include "features/entities/entities.h"
#include "features/event_types/event_types.h"
#include "features/feature_test.h"
#include "features/notes/notes.h"
#include "features/relations/relations.h"
#include "features/searching/searching.h"
#include "models/test_rig.h"

namespace synap::features::tasks {
void add(const Rooms& rooms);
}  // namespace synap::features::tasks
namespace synap::features::language_models {
void add(const Rooms& rooms);
}  // namespace synap::features::language_models

namespace synap::features::agent_runs {
namespace {

using testing::HasSubstr;

class Shipped : public FeatureTest {
 protected:
  Shipped()
      : FeatureTest([](const Rooms& rooms) {
          rooms.projections.add(api::Keys::projection());
          api::Keys::add_event_types(rooms.types);
          notes::add(rooms);
          tasks::add(rooms);
          entities::add(rooms);
          relations::add(rooms);
          event_types::add(rooms);
          add(rooms);
          capture::add(rooms);
          enrich::add(rooms);
          digest::add(rooms);
          language_models::add(rooms);
          searching::add(rooms);
          finish(rooms);
        }) {}
  ~Shipped() override { close(); }  // before the provider goes

  void open_with_model() {
    model_options.chat = {{.name = "p", .url = llm.url(), .model = "m"}};
    open();
  }
  /// The tools of agents are called by a key that there is.
  void make_user() {
    key_ = sync_wait(executor, keys->create_user("ann", api::Role::kMember))->key_id;
    user_ = sync_wait(executor, keys->list_users("", 10))->items.front().id;
  }
  Json mine(std::string_view path, Json asked) {
    if (procedures.find(path)->kind == rpc::Kind::kQuery) wait_for_followers();
    auto context = std::make_shared<api::CallContext>(kEverybodyMay);
    context->actor = api::Actor::of_key(user_, api::Role::kMember, key_);
    rpc::Call call{.context = context, .input = {.json = std::move(asked)}};
    auto reply = sync_wait(executor, procedures.find(path)->handler(std::move(call)));
    EXPECT_TRUE(reply) << path << ": " << reply.error().message;
    return reply ? *parse_json(*std::get<rpc::Text>(*reply)) : Json::object();
  }
  Json done(std::string_view path, Json asked) {
    auto answer = mine(path, std::move(asked));
    wait_until_idle();
    return answer;
  }
  Json run_of(const Json& accepted) {
    return mine("agents.get", Json::object({{"id", accepted.string_or("entityId", "")}}));
  }
  std::size_t runs_of(std::string_view agent) {
    return mine("agents.runs", Json::object({{"agent", agent}})).find("runs")->as_array().size();
  }
  /// What a thought becomes, where there is a type of books.
  Json captured_of_book(std::string_view text) {
    make_user();
    done("entityTypes.define",
         *parse_json(R"({"name":"x.book","schema":{"type":"object","required":["title"],
                         "properties":{"title":{"type":"string"}}}})"));
    const auto accepted = mine("capture.thought", Json::object({{"text", text}}));
    EXPECT_TRUE(test::wait_until(executor, database->commits(), [&] {
      return run_of(accepted).string_or("status", "") == "completed";
    }));
    const auto run = run_of(accepted);
    const Json* output = run.find("output");
    return output != nullptr ? *output : Json::object({{"reasons", run}});
  }
  std::string reasons(const Json& output) { return output.find("reasons")->dump(); }

  models::ScriptedProvider llm;

 private:
  std::string key_;
  std::string user_;
};

TEST_F(Shipped, AModelThatAnswersNoJsonIsAskedOnceMoreAndThenRulesDecide) {
  llm.then(models::sse(models::chat_answer("I think it is a book")));
  open_with_model();
  const auto output = captured_of_book("The Waves made me think of the sea");
  EXPECT_EQ(output.string_or("kind", ""), "note");
  EXPECT_THAT(reasons(output), HasSubstr("No model has said"));
  ASSERT_EQ(llm.asked(), 2U);
  EXPECT_THAT(llm.seen(1).body, HasSubstr("Your last answer was not used"));
}

TEST_F(Shipped, WhatAModelMendsIsTaken) {
  llm.then(models::sse(models::chat_answer(R"({\"type\":\"x.book\"})")));
  llm.then(models::sse(models::chat_answer(
      R"({\"type\":\"x.book\",\"confidence\":0.9,\"reason\":\"r\",\"data\":{\"title\":\"Waves\"}})")));
  open_with_model();
  const auto output = captured_of_book("The Waves made me think of the sea");
  EXPECT_EQ(output.string_or("kind", ""), "x.book") << output.dump();
  ASSERT_EQ(llm.asked(), 2U);
  EXPECT_THAT(llm.seen(1).body, HasSubstr("does not fit outputSchema: "));
}

TEST_F(Shipped, AThoughtDoesNotWaitForAProviderThatIsAway) {
  llm.then(outbound::answer(500, "{}"));
  open_with_model();
  model_options.chat.front().retries = 0;
  open();
  const auto output = captured_of_book("The Waves made me think of the sea");
  EXPECT_EQ(output.string_or("kind", ""), "note");
  EXPECT_EQ(llm.asked(), 1U);
}

TEST_F(Shipped, WhatAnAgentWritesOfItselfIsNotEnriched) {
  make_user();
  const auto wait_for_runs = [&](std::size_t count) {
    EXPECT_TRUE(test::wait_until(executor, database->commits(),
                                 [&] { return runs_of("enrich") >= count; }));
    wait_until_idle();
    EXPECT_EQ(runs_of("enrich"), count);
  };
  done("agents.enable", Json::object({{"agent", "enrich"}}));
  done("agents.start", Json::object({{"agent", "digest"}}));
  // They are counted behind the log.
  EXPECT_TRUE(test::wait_until(executor, database->commits(), [&] {
    return mine("notes.list", Json::object()).find("total")->as_integer() == 1;
  }));
  done("notes.create", Json::object({{"content", "By a person"}}));
  wait_for_runs(1);
  // Its words are the person's.
  done("capture.thought", Json::object({{"text", "Honey does not spoil"}}));
  wait_for_runs(2);
}

}  // namespace
}  // namespace synap::features::agent_runs
