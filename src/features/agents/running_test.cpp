#include "features/agents/running.h"

#include <gtest/gtest.h>

#include "agents/agent_events.h"
#include "features/capture/capture.h"
#include "features/chat/chat.h"
#include "features/feature_test.h"
#include "features/notes/notes.h"

namespace synap::features::agent_runs {
namespace {

class AgentRuns : public FeatureTest {
 protected:
  AgentRuns()
      : FeatureTest([](const Rooms& rooms) {
          notes::add(rooms);
          add(rooms);
          capture::add(rooms);
          chat::add(rooms);
        }) {}

  /// As an agent's code calls it, in a run that has read stored text or has not.
  void begin(std::string_view path, std::string_view input, bool is_tainted) {
    auto context = std::make_shared<api::CallContext>(kEverybodyMay);
    context->actor = api::Actor::of_key("ann", api::Role::kMember, "key");
    context->is_tainted = is_tainted;
    rpc::Call asked{.context = context, .input = {.json = parse_json(input).value_or(Json())}};
    auto reply = sync_wait(executor, procedures.find(path)->handler(std::move(asked)));
    ASSERT_TRUE(reply) << reply.error().message;
  }
  /// Of the runs that were asked for, in their order.
  std::vector<bool> are_tainted() {
    events::Filter filter{.limit = 100, .types = {std::string(agents::kRunRequested.name)}};
    auto page = sync_wait(executor, log->read(events::Tenancy::of_user("ann"), std::move(filter)));
    std::vector<bool> all;
    for (const auto& event : page->events) {
      all.push_back((*data_of(*event, agents::kRunRequested))->is_tainted.value_or(false));
    }
    return all;
  }
};

TEST_F(AgentRuns, BegunByATaintedOneIsTainted) {
  for (const bool is_tainted : {false, true}) {
    begin("capture.thought", R"({"text":"a thought"})", is_tainted);
    begin("agents.start", R"({"agent":"capture","input":{"text":"a thought"}})", is_tainted);
    // Nothing is looked for in a message without a word.
    begin("chat.send", R"({"text":"?"})", is_tainted);
  }
  wait_until_idle();
  EXPECT_EQ(are_tainted(), (std::vector<bool>{false, false, false, true, true, true}));
}

// As where another node carries it out: the database has the end before the last words are here.
TEST_F(AgentRuns, IsWatchedToTheLastThatItSays) {
  begin("capture.thought", R"({"text":"a thought"})", false);
  wait_until_idle();
  events::Filter filter{.limit = 1, .types = {std::string(agents::kRunRequested.name)}};
  auto page = sync_wait(executor, log->read(events::Tenancy::of_user("ann"), std::move(filter)));
  const auto id = *page->events.front()->aggregate_id;
  const auto use = rooms->agents->feeds().watch(id);
  use.feed()->add_text("a", "first ");
  auto context = std::make_shared<api::CallContext>(kEverybodyMay);
  context->actor = api::Actor::of_key("ann", api::Role::kMember, "key");
  std::vector<std::string> told;
  auto watch = [&]() -> Task<void> {
    rpc::Call asked{.context = context, .input = {.json = Json::object({{"id", id.to_string()}})}};
    auto reply = co_await procedures.find("agents.watch")->handler(std::move(asked));
    auto& items = std::get<rpc::Items>(*reply);
    while (auto item = co_await items.next()) {
      const auto json = *parse_json(item->data.value_or("null"));
      const auto type = std::string(json.string_or("type", ""));
      if (type == "text") told.emplace_back(json.string_or("text", ""));
      if (type == "run") told.emplace_back(json.find("run")->string_or("status", ""));
      if (told.size() != 1 || type != "text") continue;
      spawn(executor, [](std::shared_ptr<agents::Feed> feed) -> Task<void> {
        co_await sleep_for(std::chrono::milliseconds(100));
        feed->add_text("a", "last");
        feed->add({.kind = agents::FeedEntry::Kind::kEnd});
      }(use.feed()));
    }
    EXPECT_TRUE(items.end());
  };
  sync_wait(executor, watch());
  EXPECT_EQ(told, (std::vector<std::string>{"first ", "last", "failed"})) << "its key is none";
}

}  // namespace
}  // namespace synap::features::agent_runs
