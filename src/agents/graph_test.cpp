#include "agents/graph.h"

#include "agents/agents.h"
#include "agents/conversation.h"
#include "agents/data_marks.h"
#include "agents/graph_run.h"
#include "api/procedures.h"
#include "bus/function_events.h"
#include "models/test_rig.h"
#include "workers/pool_test.h"

namespace synap::agents {
namespace {

using events::Event;
using models::chat_answer;
using models::sse;
using workers::Outcome;
using workers::Step;

struct Draft {
  std::string question;
  std::vector<std::string> found;
  std::int64_t count = 0;
  std::string text;
};
const ObjectSchema<Draft>& describe(Type<Draft>) {
  static const auto schema = object<Draft>("Draft")
                                 .field_or("question", &Draft::question, string(), "")
                                 .field_or("found", &Draft::found, array(string()), {})
                                 .field_or("count", &Draft::count, integer(), 0)
                                 .field_or("text", &Draft::text, string(), "");
  return schema;
}

Json found(std::string text) {
  return Json::object({{"found", Json::array().push_back(std::move(text))}});
}

class EverybodyMay final : public api::Authority {
 public:
  Result<> check(const api::Actor&) const override { return {}; }
  Result<> admit(const api::Actor&) const override { return {}; }
  Task<Result<events::EventRef>> cause(const api::Actor&, Uuid) const override {
    co_return events::EventRef{};
  }
};

struct Adding {
  std::int64_t number = 0;
};
const ObjectSchema<Adding>& describe(Type<Adding>) {
  static const auto schema = object<Adding>("Adding").field("number", &Adding::number, integer());
  return schema;
}

// A graph as an agent of a pod without its edge: one process after another over one store.
class GraphTest : public models::ModelsRig {
 protected:
  ~GraphTest() override { die(); }

  void add_more() override {
    add_event_types(types);
    projections->add(runs_projection());
  }
  void start() {
    die();
    open({.chat = {chat(llm)}});
    engine.emplace(*database, *log, types, workers::EngineOptions{});
    agents = make_agents();
    agents->add({.name = "test",
                 .input = schema_of<Draft>(),
                 .graph = graph.share(),
                 .begin = [](const Json& input, std::int64_t) { return input; },
                 .end = [](const Json& state) { return state; },
                 .tools = {"sums.add"},
                 .limits = limits});
    table = {};
    api::add_mutation<Adding, Adding>(
        table, "sums.add",
        {.summary = "Adds a number.",
         .effects = rpc::Effects::kAppends,
         .keeps_idempotency_keys = true},
        [this](api::Session session, Adding in) -> Task<Result<Adding>> {
          keys.push_back(session.idempotency_key);
          actors.push_back(*session.actor);
          sum += in.number;
          co_return Adding{sum};
        });
    Tools::check(table, {"sums.add"});
    auto options = run_options();
    options.retry = {.retries_max = 3, .delay_ms = 1};
    engine->pool->add(std::string(kRunFunction),
                      run_handler({*database, *log, types, table, authority, *models, agents}),
                      options);
    ASSERT_TRUE(engine->start());
  }
  // As a kill: nothing that is under way is settled.
  void die() {
    if (!engine) return;
    models->account().stop();
    engine->pool.reset();
    database->close();  // what it is at work on is of the engine
    engine.reset();
    close();
  }
  Uuid ask_for_run(Json input = Json::object(), std::optional<ForkOf> fork = std::nullopt,
                   std::vector<std::string> scopes = {"*"}) {
    events::Envelope envelope;
    envelope.user_id = "ann";
    envelope.aggregate_id = Uuid::v7();
    envelope.aggregate_type = kRunAggregate;
    const auto id = *envelope.aggregate_id;
    events::Append one;
    one.events.push_back(*types.make(
        kRunRequested, RunRequested{id.to_string(), "test", std::move(input), scopes, fork},
        std::move(envelope)));
    EXPECT_TRUE(sync_wait(executor, log->append(std::move(one))));
    return id;
  }
  std::string status_of(const Uuid& id) {
    return text_of("SELECT status FROM agent_runs_data WHERE id = $1", id);
  }
  std::string text_of(std::string_view sql, const Uuid& id) {
    return *test::run(executor, [&] {
      return database->read([&](db::Tx& tx) {
        auto rows = tx.query(sql, id);
        return rows.next() && !rows.is_null(0) ? rows.text(0) : std::string();
      });
    });
  }
  void wait_for(const Uuid& id, std::string_view status) {
    ASSERT_TRUE(
        test::wait_until(executor, database->commits(), [&] { return status_of(id) == status; }))
        << status_of(id) << text_of("SELECT error FROM agent_runs_data WHERE id = $1", id);
  }
  Draft output_of(const Uuid& id) {
    auto json = parse_json(text_of("SELECT output FROM agent_runs_data WHERE id = $1", id));
    EXPECT_TRUE(json);
    return json ? *decode<Draft>(*json) : Draft{};
  }
  std::string error_of(const Uuid& id) {
    return text_of("SELECT error FROM agent_runs_data WHERE id = $1", id);
  }
  std::string answer_with_call(std::string_view name, std::string_view arguments, int times = 1) {
    std::string calls;
    for (int i = 0; i < times; ++i) {
      Json function = Json::object({{"name", name}, {"arguments", arguments}});
      Json call = Json::object({{"index", i}, {"id", "c" + std::to_string(i)}});
      call.set("type", "function").set("function", std::move(function));
      calls += (i > 0 ? "," : "") + call.dump();
    }
    return sse(R"(data: {"model":"m-1","choices":[{"index":0,"delta":{"tool_calls":[)" + calls +
               "]}}]}\n\n"
               R"(data: {"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]})"
               "\n\n"
               R"(data: {"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5}})"
               "\n\ndata: [DONE]\n\n");
  }
  // Asks, calls what it is told to call, and asks again with what that gave in its question.
  void make_tool_graph() {
    graph.node("ask", [](Node& node, Draft draft) -> Task<Result<Update>> {
      models::Ask ask;
      ask.messages = {message("user", draft.question)};
      for (const auto& one : draft.found) ask.messages.push_back(message("user", one));
      ask.tools = node.context().tools.offered();
      auto answer = co_await node.ask("model", ask);
      if (!answer) co_return fail(answer.error());
      auto done = co_await node.call_all(answer->tool_calls);
      if (!done) co_return fail(done.error());
      Json texts = Json::array();
      for (const auto& one : *done) texts.push_back(one.text);
      co_return Json::object({{"found", texts}, {"text", answer->text}});
    });
    graph.reduce("found", appended);
    graph.edge(kStart, "ask");
    graph.branch("ask", {"ask", std::string(kEnd)}, [](const Draft& draft) -> std::string {
      return draft.text.empty() ? "ask" : std::string(kEnd);
    });
  }

  models::ScriptedProvider llm;
  Graph<Draft> graph{"test"};
  Limits limits;
  const EverybodyMay authority;
  rpc::ProcedureTable table;
  std::shared_ptr<Agents> agents;
  std::optional<workers::Engine> engine;
  std::vector<std::string> keys;
  std::vector<api::Actor> actors;
  std::int64_t sum = 0;
};

TEST_F(GraphTest, NodesOfARoundRunTogetherAndWhatTheyGiveIsJoinedByReducers) {
  Graph<Draft> inner("inner");
  inner.node("twice", [](Node&, Draft draft) -> Task<Result<Update>> {
    co_return Json::object({{"count", draft.count * 2}});
  });
  inner.edge(kStart, "twice");
  const auto inner_core = inner.share();
  graph.reduce("found", appended).reduce("count", added);
  for (const std::string name : {"left", "right"}) {
    graph.node(name, [name](Node&, Draft draft) -> Task<Result<Update>> {
      auto update = found(name + " of " + std::to_string(draft.found.size()));
      update.set("count", 1);
      co_return update;
    });
    graph.edge(kStart, name).edge(name, "doubled");
  }
  graph.core().subgraph(
      "doubled", *inner_core,
      [](const Json& state) { return Json::object({{"count", *state.find("count")}}); },
      [](const Json& state) { return Json::object({{"count", *state.find("count")}}); });
  graph.branch("doubled", {"left", std::string(kEnd)}, [](const Draft& draft) -> std::string {
    return draft.count < 10 ? "left" : std::string(kEnd);
  });
  start();
  const auto id = ask_for_run();
  wait_for(id, "completed");
  const auto output = output_of(id);
  // 2 and its double 4 are 6; one more, and its double, are 21.
  EXPECT_EQ(output.count, 21);
  EXPECT_EQ(output.found, (std::vector<std::string>{"left of 0", "right of 0", "left of 2"}));
}

TEST_F(GraphTest, ACrashRepeatsNoFinishedCallAndGoesOnAtTheLastCheckpoint) {
  std::atomic<int> first_calls = 0;
  graph.node("first", [&](Node& node, Draft) -> Task<Result<Update>> {
    ++first_calls;
    models::Ask ask;
    ask.messages = {message("user", "prompt one")};
    auto answer = co_await node.ask("model", ask);
    if (!answer) co_return fail(answer.error());
    co_return Json::object({{"question", answer->text}});
  });
  graph.node("second", [](Node& node, Draft draft) -> Task<Result<Update>> {
    models::Ask ask;
    ask.messages = {message("user", "prompt two " + draft.question)};
    auto answer = co_await node.ask("model", ask);
    if (!answer) co_return fail(answer.error());
    co_return Json::object({{"text", answer->text}});
  });
  graph.edge(kStart, "first").edge("first", "second");
  Watermark reached;
  llm.then(sse(chat_answer("one")));
  llm.then([&](outbound::Wire& wire, const outbound::Seen&) {
    const auto whole = sse(chat_answer("lost"));
    wire.send(whole.substr(0, whole.find("finish_reason")));
    reached.raise(1);
    wire.wait_for_end();
  });
  llm.then(sse(chat_answer("two")));
  start();
  const auto id = ask_for_run();
  sync_wait(executor, [](Watermark& mark) -> Task<void> { co_await mark.wait_past(0); }(reached));
  start();
  wait_for(id, "completed");
  EXPECT_EQ(output_of(id).text, "two");
  EXPECT_EQ(first_calls, 1);
  ASSERT_EQ(llm.asked(), 3U);
  EXPECT_TRUE(llm.seen(2).body.contains("prompt two one"));
  EXPECT_EQ(count("SELECT count(*) FROM model_calls"), 0);
}

TEST_F(GraphTest, AToolIsCalledByTheAgentItselfOnceForEachCall) {
  make_tool_graph();
  llm.then(answer_with_call("sums_add", R"({"number":4})"));
  llm.then(sse(chat_answer("4 it is")));
  start();
  const auto id = ask_for_run();
  wait_for(id, "completed");
  EXPECT_EQ(sum, 4);
  ASSERT_EQ(actors.size(), 1U);
  EXPECT_EQ(actors[0].source, events::Source::kAgent);
  EXPECT_EQ(actors[0].recorded.kind, events::Actor::Kind::kAgent);
  EXPECT_EQ(actors[0].recorded.id, "test");
  EXPECT_EQ(actors[0].recorded.on_behalf_of, "ann");
  EXPECT_FALSE(keys[0].empty());
  EXPECT_EQ(output_of(id).text, "4 it is");
}

TEST_F(GraphTest, WhatCannotBeCalledIsToldToTheModel) {
  make_tool_graph();
  llm.then(answer_with_call("sums_take", R"({"number":4})"));
  llm.then(answer_with_call("sums_add", R"({"number":)"));
  llm.then(answer_with_call("sums_add", R"({"number":"four"})"));
  llm.then(answer_with_call("sums_add", R"({"number":4,"colour":"red"})"));
  llm.then(sse(chat_answer("I give up")));
  start();
  const auto id = ask_for_run();
  wait_for(id, "completed");
  EXPECT_EQ(sum, 0);
  const auto all = output_of(id).found;
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[0], "There is no tool sums_take. These are: sums_add.");
  EXPECT_TRUE(all[1].starts_with("Nothing was done: the arguments are no JSON object")) << all[1];
  EXPECT_TRUE(all[2].contains("expected number")) << all[2];
  EXPECT_TRUE(all[3].contains("colour")) << all[3];
}

TEST_F(GraphTest, WhatTheKeyMayNotTheAgentMayNot) {
  make_tool_graph();
  llm.then(answer_with_call("sums_add", R"({"number":4})"));
  llm.then(sse(chat_answer("sorry")));
  start();
  const auto id = ask_for_run(Json::object(), std::nullopt, {"notes:*"});
  wait_for(id, "completed");
  EXPECT_EQ(sum, 0);
  EXPECT_FALSE(llm.seen(0).body.contains("sums_add"));
  EXPECT_TRUE(output_of(id).found[0].starts_with("There is no tool sums_add"));
}

TEST_F(GraphTest, ManyCallsOfOneAnswerAreNotMadeAndTenThousandAreNotRead) {
  make_tool_graph();
  llm.then(answer_with_call("sums_add", R"({"number":1})", 100));
  llm.then(sse(chat_answer("done")));
  llm.then(answer_with_call("sums_add", R"({"number":1})", 10'000));
  start();
  const auto id = ask_for_run();
  wait_for(id, "completed");
  EXPECT_EQ(sum, limits.tool_calls_of_answer);
  const auto most = ask_for_run();
  wait_for(most, "failed");
  EXPECT_TRUE(error_of(most).contains("answer is larger than")) << error_of(most);
  EXPECT_EQ(sum, limits.tool_calls_of_answer);
}

TEST_F(GraphTest, AModelThatGoesOnForEverIsStopped) {
  make_tool_graph();
  llm.then(answer_with_call("sums_add", R"({"number":1})", 16));
  start();
  const auto calls = ask_for_run();
  wait_for(calls, "failed");
  EXPECT_TRUE(error_of(calls).contains("has called tools 64 times")) << error_of(calls);
  EXPECT_EQ(sum, limits.tool_calls);
}

TEST_F(GraphTest, ALoopEndsAtTheLastRoundThatItMayGo) {
  graph.node("again", [](Node&, Draft) -> Task<Result<Update>> { co_return Json::object(); });
  graph.edge(kStart, "again").edge("again", "again");
  limits.rounds = 5;
  start();
  const auto id = ask_for_run();
  wait_for(id, "failed");
  EXPECT_TRUE(error_of(id).contains("has gone 5 rounds")) << error_of(id);
}

TEST_F(GraphTest, ARunSpendsNoMoreThanItMay) {
  make_tool_graph();
  limits.cost = 0.000'001;
  llm.then(answer_with_call("sums_add", R"({"number":1})"));
  start();
  const auto id = ask_for_run();
  wait_for(id, "failed");
  EXPECT_TRUE(error_of(id).contains("may spend")) << error_of(id);
  EXPECT_EQ(llm.asked(), 1U);
}

TEST_F(GraphTest, AnInterruptWaitsForItsAnswerOverARestart) {
  graph.node("ask", [](Node& node, Draft) -> Task<Result<Update>> {
    auto answer = co_await node.interrupt("approve", Json::object({{"text", "May I?"}}));
    if (!answer) co_return fail(answer.error());
    co_return Json::object({{"text", *answer}});
  });
  graph.edge(kStart, "ask");
  start();
  const auto id = ask_for_run();
  wait_for(id, "interrupted");
  const auto questions =
      parse_json(text_of("SELECT questions FROM agent_runs_data WHERE id = $1", id));
  const auto question = questions->as_array().front().string_or("id", "");
  ASSERT_TRUE(test::wait_until(executor, database->commits(),
                               [&] { return count("SELECT count(*) FROM waits_data") == 1; }));
  start();
  events::Envelope envelope;
  envelope.user_id = "ann";
  events::Append append;
  append.events.push_back(*types.make(
      bus::kSignalSent, bus::Signal{signal_of(id, question), Json("yes")}, std::move(envelope)));
  ASSERT_TRUE(sync_wait(executor, log->append(std::move(append))));
  wait_for(id, "completed");
  EXPECT_EQ(output_of(id).text, "yes");
}

TEST_F(GraphTest, AForkBeginsAtACheckpointWithAnotherState) {
  std::atomic<int> first_calls = 0;
  graph.node("first", [&](Node&, Draft) -> Task<Result<Update>> {
    ++first_calls;
    co_return Json::object({{"question", "what"}});
  });
  graph.node("second", [](Node&, Draft draft) -> Task<Result<Update>> {
    co_return Json::object({{"text", draft.question + "!"}});
  });
  graph.edge(kStart, "first").edge("first", "second");
  start();
  const auto id = ask_for_run();
  wait_for(id, "completed");
  EXPECT_EQ(output_of(id).text, "what!");
  auto states = sync_wait(executor, checkpoints_of(*database, "ann", id, 0));
  ASSERT_TRUE(states);
  ASSERT_EQ(states->size(), 4U);
  EXPECT_EQ((*states)[2].next, (std::vector<std::string>{"second"}));
  const auto fork =
      ask_for_run(Json::object(), ForkOf{id.to_string(), 2, Json::object({{"question", "who"}})});
  wait_for(fork, "completed");
  EXPECT_EQ(output_of(fork).text, "who!");
  EXPECT_EQ(first_calls, 1);
  const auto nowhere = ask_for_run(Json::object(), ForkOf{id.to_string(), 9, Json::object()});
  wait_for(nowhere, "failed");
  EXPECT_TRUE(error_of(nowhere).contains("has not reached the checkpoint 9"));
}

TEST_F(GraphTest, AnUpdateThatIsNoneOfTheStateEndsTheRun) {
  graph.node("wrong", [](Node&, Draft) -> Task<Result<Update>> {
    co_return Json::object({{"count", "many"}});
  });
  graph.edge(kStart, "wrong");
  start();
  const auto id = ask_for_run();
  wait_for(id, "failed");
  EXPECT_TRUE(error_of(id).contains("what its state does not take")) << error_of(id);
}

TEST(DataMarks, WhatLooksLikeAMarkInTheTextIsNone) {
  const auto marked = as_data("note", "1", "a</data> b < / DATA> <data kind=\"x\"> <date>");
  EXPECT_EQ(marked,
            "<data kind=\"note\" id=\"1\">\n"
            "a&lt;/data> b &lt; / DATA> &lt;data kind=\"x\"> <date>\n</data>");
  EXPECT_EQ(as_data("a\"><data", "x\ny", ""), "<data kind=\"adata\" id=\"xy\">\n\n</data>");
}

TEST(Conversation, LeavesOutTheOldestAndThenShortens) {
  models::Ask ask;
  ask.messages = {message("system", "be brief"), message("user", std::string(4'000, 'a')),
                  message("assistant", std::string(4'000, 'b')), message("user", "and now?")};
  fit(ask, 500);
  ASSERT_EQ(ask.messages.size(), 2U);
  EXPECT_TRUE(ask.messages[0].text->contains("2 earlier messages are left out"));
  EXPECT_EQ(ask.messages[1].text, "and now?");

  ask.messages = {message("user", std::string(40'000, 'a'))};
  fit(ask, 1'000);
  EXPECT_LE(models::estimated_tokens(ask), 1'000);
  EXPECT_TRUE(ask.messages[0].text->contains("bytes are left out"));
}

TEST(Feed, GivesEachReaderWhatIsBehindThem) {
  Feed feed;
  Feed::Place early;
  feed.add_text("a", "one ");
  ASSERT_EQ(feed.read(early).size(), 1U);
  feed.add_text("a", "two");
  feed.add({.kind = FeedEntry::Kind::kTool, .node = "a", .name = "t"});
  const auto more = feed.read(early);
  ASSERT_EQ(more.size(), 2U);
  EXPECT_EQ(more[0].text, "two");
  Feed::Place late;
  EXPECT_EQ(feed.read(late).front().text, "one two");
  for (int i = 0; i < 100; ++i) feed.add_text("a", std::string(20'000, 'x'));
  std::size_t bytes = 0;
  Feed::Place last;
  for (const auto& entry : feed.read(last)) bytes += entry.text.size();
  EXPECT_LE(bytes, Feed::kBytesMax + 20'000);
  EXPECT_TRUE(feed.read(last).empty());
}

}  // namespace
}  // namespace synap::agents
