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

}  // namespace
}  // namespace synap::features::agent_runs
