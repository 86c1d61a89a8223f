#include "features/agents/running.h"

#include <gtest/gtest.h>

#include "agents/agent_events.h"
#include "features/capture/capture.h"
#include "features/chat/chat.h"
#include "features/entities/entities.h"
#include "features/feature_test.h"
#include "features/notes/notes.h"

namespace synap::features::agent_runs {
namespace {

class AgentRuns : public FeatureTest {
 protected:
  AgentRuns()
      : FeatureTest([](const Rooms& rooms) {
          notes::add(rooms);
          entities::add(rooms);
          add(rooms);
          capture::add(rooms);
          chat::add(rooms);
          add_nested(rooms);
        }) {}

  struct Count {
    std::int64_t number = 0;
  };
  friend const ObjectSchema<Count>& describe(Type<Count>) {
    static const auto schema =
        object<Count>("TestCount").field_or("number", &Count::number, integer(), 0);
    return schema;
  }
  // A graph that has a graph within it, whose node runs another one, too, in two rounds.
  static void add_nested(const Rooms& rooms) {
    const auto count_on = [](agents::Node&, Count at) -> Task<Result<agents::Update>> {
      co_return Json::object({{"number", at.number + 1}});
    };
    const auto same = [](const Json& state) { return state; };
    static const auto innermost = [&] {
      agents::Graph<Count> graph("innermost");
      graph.node("count", count_on).edge(agents::kStart, "count");
      return graph.share();
    }();
    static const auto inner = [&] {
      agents::Graph<Count> graph("inner");
      graph.core().subgraph("deep", *innermost, same, same);
      graph.node("count", count_on).edge(agents::kStart, "count").edge("count", "deep");
      return graph.share();
    }();
    agents::Graph<Count> graph("nested");
    graph.core().subgraph("within", *inner, same, same);
    graph.edge(agents::kStart, "within");
    graph.branch("within", {"within", agents::kEnd}, [](const Count& at) -> std::string {
      return at.number < 4 ? "within" : agents::kEnd;
    });
    rooms.agents->add({.name = "nested",
                       .summary = "Counts.",
                       .input = schema_of<Count>(),
                       .graph = graph.share(),
                       .begin = [](const Json& input, std::int64_t) { return input; },
                       .end = [](const Json& state) { return state; }});
  }

  // What agents.watch tells of a run until it ends: its states and texts, as one word each.
  std::vector<std::string> watched(const Uuid& id, Json input = Json::object()) {
    auto context = std::make_shared<api::CallContext>(kEverybodyMay);
    context->actor = api::Actor::of_key("ann", api::Role::kMember, "key");
    input.set("id", id.to_string());
    std::vector<std::string> told;
    auto watch = [&]() -> Task<void> {
      rpc::Call asked{.context = context, .input = {.json = std::move(input)}};
      auto reply = co_await procedures.find("agents.watch")->handler(std::move(asked));
      auto& items = std::get<rpc::Items>(*reply);
      while (auto item = co_await items.next()) {
        const auto json = *parse_json(item->data.value_or("null"));
        std::string word;
        if (const Json* path = json.find("path")) {
          for (const auto& one : path->as_array()) word += one.as_string() + "/";
        }
        const auto type = json.string_or("type", "");
        if (type == "state") {
          told.push_back(word + json.find("number")->dump() + "=" +
                         json.find("state")->find("number")->dump());
        }
        if (type == "text") told.push_back(word + std::string(json.string_or("text", "")));
      }
      EXPECT_TRUE(items.end());
    };
    sync_wait(executor, watch());
    return told;
  }

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

TEST_F(AgentRuns, AreWatchedWithTheGraphsWithinTheirGraph) {
  const std::vector<std::string> whole = {
      "0=0",
      "1=0",
      "within:1/0=0",
      "within:1/1=0",
      "within:1/2=1",
      "within:1/deep:2/0=1",
      "within:1/deep:2/1=1",
      "within:1/deep:2/2=2",
      "within:1/3=2",
      "2=2",
      "within:2/0=2",
      "within:2/1=2",
      "within:2/2=3",
      "within:2/deep:2/0=3",
      "within:2/deep:2/1=3",
      "within:2/deep:2/2=4",
      "within:2/3=4",
      "3=4",
  };
  const auto requested = [&] {
    begin("agents.start", R"({"agent":"nested","input":{}})", false);
    events::Filter filter{.limit = 9, .types = {std::string(agents::kRunRequested.name)}};
    auto page = sync_wait(executor, log->read(events::Tenancy::of_user("ann"), std::move(filter)));
    return *page->events.back()->aggregate_id;
  };
  // From its beginning, while it goes on.
  const auto id = requested();
  EXPECT_EQ(watched(id), whole);
  // When it has ended, and behind a state.
  EXPECT_EQ(watched(id), whole);
  EXPECT_EQ(watched(id, Json::object({{"lastEventId", "1"}})),
            std::vector(whole.begin() + 2, whole.end()));
  // As where another node carries it out, which tells states by their names: what is said behind
  // one is told behind it, and what the feed has let go of before.
  wait_until_idle();  // the run has let go of its feed
  const auto use = rooms->agents->feeds().watch(id);
  use.feed()->add(
      {.kind = agents::FeedEntry::Kind::kState, .number = 1, .path = {"within:1", "deep:2"}});
  use.feed()->add_text("count", "words", {"within:1", "deep:2"});
  use.feed()->add({.kind = agents::FeedEntry::Kind::kState, .number = 0, .path = {"within:1"}});
  use.feed()->add({.kind = agents::FeedEntry::Kind::kState, .number = 2});
  use.feed()->add({.kind = agents::FeedEntry::Kind::kEnd});
  auto expected = whole;
  expected.insert(expected.begin() + 7, "within:1/deep:2/words");
  EXPECT_EQ(watched(id), expected);
  // Of a feed whose beginning is gone, too.
  const auto other = requested();
  EXPECT_EQ(watched(other), whole);
  wait_until_idle();
  const auto late = rooms->agents->feeds().watch(other);
  late.feed()->add({.kind = agents::FeedEntry::Kind::kState,
                    .number = 2,
                    .state = *parse_json(R"({"number":2,"next":[],"state":{"number":2}})")});
  late.feed()->add_text("count", "words");
  late.feed()->add({.kind = agents::FeedEntry::Kind::kEnd});
  expected = whole;
  expected.insert(expected.begin() + 10, "words");
  EXPECT_EQ(watched(other), expected);
}

TEST_F(AgentRuns, AreForkedWithinAGraphOfTheirGraph) {
  begin("agents.start", R"({"agent":"nested","input":{}})", false);
  wait_until_idle();
  const auto fork = [&](std::string_view place) {
    events::Filter filter{.limit = 1, .types = {std::string(agents::kRunRequested.name)}};
    auto page = sync_wait(executor, log->read(events::Tenancy::of_user("ann"), std::move(filter)));
    auto asked = *parse_json(place);
    asked.set("id", page->events.front()->aggregate_id->to_string());
    return call("agents.fork", std::move(asked));
  };
  const auto forked =
      fork(R"({"checkpoint":1,"path":["within:1","deep:2"],"state":{"number":40}})");
  ASSERT_TRUE(forked) << forked.error().message;
  wait_until_idle();
  const auto told = watched(*Uuid::parse(forked->string_or("entityId", "")));
  EXPECT_EQ(told, (std::vector<std::string>{"1=0", "within:1/2=1", "within:1/deep:2/1=40",
                                            "within:1/deep:2/2=41", "within:1/3=41", "2=41"}));
  for (const auto* none :
       {R"({"checkpoint":1,"path":["within:1","deep:9"]})", R"({"checkpoint":1,"path":["within"]})",
        R"({"checkpoint":9,"path":["within:1"]})"}) {
    const auto refused = fork(none);
    ASSERT_FALSE(refused) << none;
    EXPECT_EQ(refused.error().code, Code::kNotFound) << none;
  }
  const auto refused = fork(R"({"checkpoint":1,"path":["within:1"],"state":{"colour":1}})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kBadRequest);
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
