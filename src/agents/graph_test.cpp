#include "agents/graph_test.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>

#include <latch>

#include "agents/data_marks.h"
#include "agents/graph_run.h"
#include "bus/function_events.h"

namespace synap::agents {
namespace {

using models::chat_answer;
using models::sse;

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

TEST_F(GraphTest, AnAgentDoesNotWaitForWhatAnotherHasToDo) {
  Watermark let_go;
  graph.node("long", [&](Node&, Draft) -> Task<Result<Update>> {
    co_await let_go.wait_past(0);
    co_return Json::object();
  });
  graph.edge(kStart, "long");
  quick.emplace("quick");
  quick->node("short", [](Node&, Draft) -> Task<Result<Update>> { co_return Json::object(); });
  quick->edge(kStart, "short");
  start();
  std::vector<Uuid> long_runs;
  for (int i = 0; i < 300; ++i) long_runs.push_back(ask_for_run());
  asked_agent = "quick";
  wait_for(ask_for_run(), "completed");
  EXPECT_EQ(count("SELECT count(*) FROM agent_runs_data WHERE status = 'completed'"), 1);
  let_go.raise(1);
  for (const auto& id : long_runs) wait_for(id, "completed");
}

// What is asked where a run is made, and what an expression says when it is tried again.
TEST_F(GraphTest, TheLineOfARunIsTheSameWhoeverFindsIt) {
  quick.emplace("quick");
  quick->node("short", [](Node&, Draft) -> Task<Result<Update>> { co_return Json::object(); });
  quick->edge(kStart, "short");
  start();
  asked_agent = "quick";
  const auto id = ask_for_run();
  wait_for(id, "completed");
  const auto event = *sync_wait(executor, log->at(1));
  const auto options = run_options(2);
  const auto view = bus::event_view(*event);
  ASSERT_TRUE(view);
  cel::Bindings bindings;
  bindings.set("event", *view);
  const auto key = options.concurrency.at(0).key->evaluate(bindings);
  ASSERT_TRUE(key);
  EXPECT_EQ(options.limit_keys(*event), std::vector{key->to_json().dump()});
  EXPECT_EQ(options.concurrency.at(0).limit, 1);
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

TEST_F(GraphTest, AProviderThatIsDownEndsTheRunWithItsSentence) {
  make_tool_graph();
  llm.then_cut("");
  start();
  const auto id = ask_for_run();
  wait_for(id, "failed");
  EXPECT_TRUE(error_of(id).contains("BAD_GATEWAY")) << error_of(id);
  EXPECT_EQ(llm.asked(), 4U) << "once, and three times more";
  EXPECT_EQ(calls().size(), 4U) << "each is in the account";
}

// The whole call had come, and not the answer's end.
TEST_F(GraphTest, WhatHalfAStreamAsksForIsNotDone) {
  make_tool_graph();
  const auto whole = answer_with_call("sums_add", R"({"number":4})");
  llm.then_cut(whole.substr(0, whole.find("data: {\"choices\":[{\"index\":0,\"delta\":{}")));
  llm.then(sse(chat_answer("nothing to add")));
  start();
  const auto id = ask_for_run();
  wait_for(id, "completed");
  EXPECT_EQ(sum, 0);
  EXPECT_EQ(output_of(id).text, "nothing to add");
  const auto all = calls();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].reason, "MODEL_STREAM_CUT");
  EXPECT_GT(all[0].output, 0);
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

TEST_F(GraphTest, StatesAreOnDiskBeforeAModelIsAsked) {
  make_tool_graph();
  std::atomic<std::int64_t> kept = -1;
  llm.then([&](outbound::Wire& wire, const outbound::Seen&) {
    kept = count("SELECT count(*) FROM run_steps_data WHERE name LIKE 'checkpoint %'");
    wire.send(sse(chat_answer("one")));
  });
  start();
  wait_for(ask_for_run(), "completed");
  EXPECT_EQ(kept, 2);
}

TEST_F(GraphTest, CheckpointsAreToldFromAnyNumberOn) {
  graph.node("again", [](Node&, Draft) -> Task<Result<Update>> { co_return Json::object(); });
  graph.edge(kStart, "again").edge("again", "again");
  limits.rounds = 12;
  start();
  const auto id = ask_for_run();
  wait_for(id, "failed");
  for (const std::int64_t from : {0, 2, 9, 10, 12, 13}) {
    auto states = sync_wait(executor, checkpoints_of(*database, "ann", id, from));
    ASSERT_TRUE(states);
    ASSERT_EQ(static_cast<std::int64_t>(states->size()), 13 - from);
    for (const auto& state : *states) {
      EXPECT_EQ(state.number, from + (&state - states->data()));
    }
  }
}

TEST_F(GraphTest, StatesAndWordsOfAGraphWithinItAreToldAsThose) {
  std::latch is_watched(1);
  Graph<Draft> inner("inner");
  inner.node("ask", [&](Node& node, Draft) -> Task<Result<Update>> {
    is_watched.wait();
    models::Ask ask;
    ask.messages = {message("user", "what?")};
    auto answer = co_await node.ask("model", ask);
    if (!answer) co_return fail(answer.error());
    co_return Json::object({{"text", answer->text}});
  });
  inner.edge(kStart, "ask");
  const auto core = inner.share();
  graph.core().subgraph(
      "within", *core, [](const Json&) { return Json::object(); },
      [](const Json& state) { return Json::object({{"text", *state.find("text")}}); });
  graph.edge(kStart, "within");
  llm.then(sse(chat_answer("this")));
  start();
  const auto id = ask_for_run();
  const auto watched = agents->feeds().watch(id);
  is_watched.count_down();
  wait_for(id, "completed");
  std::vector<std::string> told;
  Feed::Place place;
  for (const auto& entry : watched.feed()->read(place)) {
    const auto path = fmt::format("{}/", fmt::join(entry.path, "/"));
    if (entry.kind == FeedEntry::Kind::kState) told.push_back(path + std::to_string(entry.number));
    if (entry.kind == FeedEntry::Kind::kAnswer) told.push_back(path + entry.node);
    if (entry.kind == FeedEntry::Kind::kText) told.push_back(path + entry.text);
  }
  // It may have begun before it was watched.
  const std::vector<std::string> last = {"within:1/ask", "within:1/this", "within:1/2", "/2"};
  ASSERT_GE(told.size(), last.size());
  EXPECT_EQ(std::vector(told.end() - 4, told.end()), last);
}

TEST(CheckpointName, SaysOfWhichGraphWithinWhichItIs) {
  const auto parsed = [](std::string_view step) {
    const auto name = CheckpointName::parse(step);
    return name ? fmt::format("{} {}", fmt::join(name->path, " "), name->number) : "none";
  };
  EXPECT_EQ(parsed("checkpoint 12"), " 12");
  EXPECT_EQ(parsed("3 write: checkpoint 0"), "write:3 0");
  const auto way = CheckpointName{{"write:3", "check:0"}, 7}.way_to();
  ASSERT_EQ(way.size(), 3U);
  EXPECT_EQ(way[0], (CheckpointName{{}, 3}));
  EXPECT_EQ(way[1], (CheckpointName{{"write:3"}, 0}));
  EXPECT_EQ(way[2], (CheckpointName{{"write:3", "check:0"}, 7}));
  EXPECT_EQ(parsed("3 write: 0 check again: checkpoint 7"), "write:3 check again:0 7");
  for (const auto* other :
       {"3 write: ask", "3 write: tool 0 checkpoint 1", "3 write: tool 0 x: checkpoint 1",
        "write: checkpoint 1", "checkpoint ", "checkpoint 1x", "my checkpoint 1", "checkpoint -",
        "99999999999999999999 write: checkpoint 1", ""}) {
    EXPECT_EQ(parsed(other), "none") << other;
  }
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

// In a round of two graphs beside each other: that one goes on where it was, with another state.
TEST_F(GraphTest, AForkBeginsWithinAGraphOfAParallelRound) {
  std::atomic<int> first_calls = 0;
  std::atomic<int> beside_calls = 0;
  Graph<Draft> inner("inner");
  inner.node("first", [&](Node&, Draft) -> Task<Result<Update>> {
    ++first_calls;
    co_return Json::object({{"question", "what"}});
  });
  inner.node("second", [](Node&, Draft draft) -> Task<Result<Update>> {
    co_return Json::object({{"text", draft.question + "!"}});
  });
  inner.edge(kStart, "first").edge("first", "second");
  const auto core = inner.share();
  graph.core().subgraph(
      "within", *core, [](const Json&) { return Json::object(); },
      [](const Json& state) { return Json::object({{"text", *state.find("text")}}); });
  graph.node("beside", [&](Node&, Draft) -> Task<Result<Update>> {
    ++beside_calls;
    co_return found("beside");
  });
  graph.reduce("found", appended);
  graph.edge(kStart, "within").edge(kStart, "beside");
  start();
  const auto id = ask_for_run();
  wait_for(id, "completed");
  EXPECT_EQ(output_of(id).text, "what!");
  const auto fork_at = [&](std::int64_t checkpoint, GraphPath path) {
    return ask_for_run(
        Json::object(),
        ForkOf{id.to_string(), checkpoint, Json::object({{"question", "who"}}), std::move(path)});
  };
  const auto fork = fork_at(2, {"within:1"});
  wait_for(fork, "completed");
  EXPECT_EQ(output_of(fork).text, "who!");
  EXPECT_EQ(output_of(fork).found, (std::vector<std::string>{"beside"}));
  EXPECT_EQ(first_calls, 1);
  EXPECT_EQ(beside_calls, 2);
  // As a run that has none of its own, it can be forked again.
  const auto again =
      ask_for_run(Json::object(),
                  ForkOf{fork.to_string(), 2, Json::object({{"question", "why"}}), {"within:1"}});
  wait_for(again, "completed");
  EXPECT_EQ(output_of(again).text, "why!");
  EXPECT_EQ(first_calls, 1);
  for (const auto& [checkpoint, path] :
       {std::pair(9, "within:1"), {2, "within:7"}, {2, "beside:1"}}) {
    const auto nowhere = fork_at(checkpoint, {path});
    wait_for(nowhere, "failed");
    EXPECT_TRUE(error_of(nowhere).contains("has not reached the checkpoint")) << error_of(nowhere);
  }
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

// A whole answer in so many pieces as it has bytes, as the chat wire carries it.
std::string in_pieces(std::string_view text) {
  std::string body;
  for (const char one : text) {
    Json piece = Json::object({{"content", std::string(1, one)}});
    Json choice = Json::object({{"index", 0}, {"delta", std::move(piece)}});
    body +=
        "data: " + Json::object({{"choices", Json::array().push_back(std::move(choice))}}).dump() +
        "\n\n";
  }
  return sse(body + chat_answer(""));
}

TEST_F(GraphTest, MarksThatAModelCopiesAreTakenOutOfWhatItSays) {
  make_tool_graph();
  tools = {"items.add"};
  const auto copied = as_data("note", kRead, "buy milk");
  const auto item = Json::object({{"id", kNotRead}, {"text", "# List\n" + copied}});
  std::latch is_watched(1);
  llm.then([&](outbound::Wire& wire, const outbound::Seen&) {
    is_watched.wait();
    wire.send(answer_with_call("items_add", item.dump()));
  });
  llm.then(in_pieces("You have noted " + copied + " [1], <data value=\"3\">three</data>"));
  start();
  const auto id = ask_for_run();
  const auto watched = agents->feeds().watch(id);
  is_watched.count_down();
  wait_for(id, "completed");
  const std::string expected = "You have noted buy milk [1], <data value=\"3\">three</data>";
  EXPECT_EQ(output_of(id).text, expected);
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[1].text, "# List\nbuy milk");
  std::string told;
  std::string arguments;
  Feed::Place place;
  for (const auto& entry : watched.feed()->read(place)) {
    if (entry.kind == FeedEntry::Kind::kText) told += entry.text;
    if (entry.kind == FeedEntry::Kind::kTool) arguments += entry.text;
  }
  EXPECT_EQ(told, expected);
  EXPECT_FALSE(arguments.contains("<data")) << arguments;
  EXPECT_EQ(llm.asked(), 2U);
}

// The end of an answer may be what was held back as the beginning of a mark.
TEST_F(GraphTest, WhatAModelSaysIsToldToItsLastCharacter) {
  make_tool_graph();
  std::latch is_watched(1);
  llm.then([&](outbound::Wire& wire, const outbound::Seen&) {
    is_watched.wait();
    wire.send(in_pieces("a < b <data kind=\"note"));
  });
  start();
  const auto id = ask_for_run();
  const auto watched = agents->feeds().watch(id);
  is_watched.count_down();
  wait_for(id, "completed");
  EXPECT_EQ(output_of(id).text, "a < b <data kind=\"note");
  std::string told;
  Feed::Place place;
  for (const auto& entry : watched.feed()->read(place)) told += entry.text;
  EXPECT_EQ(told, "a < b <data kind=\"note");
}

TEST_F(GraphTest, MarksAreTakenOutOfTheOutputThatWasAskedFor) {
  graph.node("ask", [](Node& node, Draft) -> Task<Result<Update>> {
    models::Ask ask;
    ask.messages = {message("user", "which?")};
    ask.output_schema =
        *parse_json(R"({"type":"object","properties":{"title":{"type":"string"}}})");
    auto answer = co_await node.ask("model", ask);
    if (!answer) co_return fail(answer.error());
    co_return Json::object(
        {{"question", answer->output->string_or("title", "")}, {"text", answer->text}});
  });
  graph.edge(kStart, "ask");
  const auto copied = Json::object({{"title", as_data("note", kRead, "Milk")}});
  llm.then(in_pieces(copied.dump()));
  start();
  const auto id = ask_for_run();
  wait_for(id, "completed");
  EXPECT_EQ(output_of(id).question, "Milk");
  EXPECT_EQ(output_of(id).text, R"({"title":"Milk"})");
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

TEST(Conversation, LeavesOutToolsBesideWhichNothingElseWouldFit) {
  models::Ask ask;
  ask.tools = {
      {.name = "look", .description = std::string(3'200, 'a'), .parameters = Json::object()}};
  ask.messages = {message("system", "be brief"), message("user", std::string(8'000, 'b'))};
  fit(ask, 1'200);
  EXPECT_EQ(ask.tools.size(), 1U);
  EXPECT_LE(models::estimated_tokens(ask), 1'200);
  fit(ask, 1'000);
  EXPECT_TRUE(ask.tools.empty());
  EXPECT_TRUE(ask.messages[0].text->contains("You have no tools"));
  EXPECT_LE(models::estimated_tokens(ask), 1'000);
}

TEST(Conversation, NeverCutsTheInstructions) {
  const auto instructions = std::string(1'500, 'i') + std::string(kDataRule);
  models::Ask ask;
  ask.messages = {message("system", instructions),
                  message("system", as_data("note", "1", std::string(9'000, 'p'))),
                  message("user", "and now?")};
  for (int i = 0; i < 6; ++i) {
    auto called = message("assistant", "");
    called.tool_calls.push_back({.id = std::to_string(i), .name = "look"});
    ask.messages.push_back(called);
    auto done = message("tool", as_data("tool", "look", std::string(2'000, 't')) + "\nAnd so on.");
    done.tool_call_id = std::to_string(i);
    ask.messages.push_back(done);
  }
  fit(ask, 1'100);
  EXPECT_LE(models::estimated_tokens(ask), 1'100 + 20) << "and what is told of it";
  EXPECT_EQ(ask.messages[0].text, instructions);
  EXPECT_EQ(ask.messages[2].text, "and now?");
  EXPECT_THAT(*ask.messages[1].text, testing::ContainsRegex("[0-9]+ earlier messages are left"));
  ASSERT_GE(ask.messages.size(), 5U);
  EXPECT_EQ(ask.messages.back().tool_call_id, "5") << "the last calls are told";
  EXPECT_EQ(ask.messages[ask.messages.size() - 2].role, "assistant");
  for (const auto& one : ask.messages) {
    if (one.text->starts_with("<data ")) EXPECT_TRUE(one.text->contains("\n</data>")) << *one.text;
  }
}

}  // namespace
}  // namespace synap::agents
