// Agents that begin agents by what they do: each chain comes to an end, which is told.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agents/agent_events.h"
#include "agents/conversation.h"
#include "bus/function_events.h"
#include "features/agents/running.h"
#include "features/feature_test.h"
#include "features/notes/notes.h"
#include "models/test_rig.h"

namespace synap::features::tasks {
void add(const Rooms& rooms);
}  // namespace synap::features::tasks

namespace synap::features::language_models {
void add(const Rooms& rooms);
}  // namespace synap::features::language_models

namespace synap::features::agent_runs {
namespace {

using agents::Node;
using agents::Update;
using testing::HasSubstr;

struct Work {
  std::int64_t number = 0;
};
const ObjectSchema<Work>& describe(Type<Work>) {
  static const auto schema = object<Work>("Work").field("number", &Work::number, integer());
  return schema;
}
constexpr events::EventType<Work> kWorkAsked{.name = "work.asked", .needs_aggregate = false};
constexpr events::EventType<Work> kCrowdAsked{.name = "crowd.asked", .needs_aggregate = false};
constexpr int kCrowd = 1'000;

struct State {};
const ObjectSchema<State>& describe(Type<State>) {
  static const auto schema = object<State>("State");
  return schema;
}

using Act = std::function<Task<Result<>>(Node&)>;

/// An agent of one node, which an event of this type begins.
void add_agent(const Rooms& rooms, std::string name, std::string event,
               std::vector<std::string> tools, Act act) {
  agents::Graph<State> graph(name);
  graph.node("act", [act](Node& node, State) -> Task<Result<Update>> {
    auto done = co_await act(node);
    if (!done) co_return fail(done.error());
    co_return Json::object();
  });
  graph.edge(agents::kStart, "act").edge("act", agents::kEnd);
  rooms.agents->add(
      {.name = std::move(name),
       .input = schema_of<State>(),
       .graph = graph.share(),
       .begin = [](const Json&, std::int64_t) { return Json::object(); },
       .end = [](const Json& state) { return state; },
       .tools = std::move(tools),
       .begins_by = agents::Beginning{.event = std::move(event), .input = [](const events::Event&) {
                                        return std::optional(Json::object());
                                      }}});
}

Act using_tool(std::string path, Json input) {
  return [path, input](Node& node) -> Task<Result<>> {
    auto done = co_await node.use("it", path, input);
    co_return done ? Result<>{} : fail(done.error());
  };
}

/// Asks a model, and then does what begins it again.
Task<Result<>> ask_and_write(Node& node) {
  models::Ask ask;
  ask.messages = {agents::message("user", "On?")};
  auto answer = co_await node.ask("on", std::move(ask));
  if (!answer) co_return fail(answer.error());
  auto done = co_await node.use("it", "notes.create", Json::object({{"content", "One more"}}));
  co_return done ? Result<>{} : fail(done.error());
}

/// Asks a model two things at once.
Task<Result<>> ask_twice(Node& node) {
  const auto ask_one = [&node](std::string_view what) -> Task<Result<>> {
    models::Ask ask;
    ask.messages = {agents::message("user", "On?")};
    auto answer = co_await node.ask(what, std::move(ask));
    co_return answer ? Result<>{} : fail(answer.error());
  };
  std::vector<Task<Result<>>> both;
  both.push_back(ask_one("one"));
  both.push_back(ask_one("two"));
  for (auto& done : co_await when_all(std::move(both))) {
    if (!done) co_return fail(done.error());
  }
  co_return Result<>{};
}

/// What it writes may be what it has read.
Task<Result<>> read_and_write(Node& node) {
  auto read = co_await node.use("list", "notes.list", Json::object());
  if (!read) co_return fail(read.error());
  auto done = co_await node.use("it", "notes.create", Json::object({{"content", "Of others"}}));
  co_return done ? Result<>{} : fail(done.error());
}

/// It may have read anything before it failed.
Task<Result<>> write_and_fail(Node& node) {
  auto done = co_await node.use("it", "notes.create", Json::object({{"content", "Before"}}));
  co_return fail(done ? Error{Code::kUnprocessableContent, "Enough", nullptr} : done.error());
}

Task<Result<>> ask_a_crowd(Node& node) {
  auto& context = node.context();
  co_return co_await context.step.commit(node.step_id("ask"), [&context](db::Tx& tx) {
    events::Append append;
    for (std::int64_t i = 0; i < kCrowd; ++i) {
      events::Envelope envelope;
      envelope.user_id = context.event.user_id;
      events::set_cause(envelope, context.event);
      append.events.push_back(*context.types.make(kWorkAsked, Work{i}, std::move(envelope)));
    }
    context.log.append(tx, append);
  });
}

class AgentChains : public FeatureTest {
 protected:
  AgentChains()
      : FeatureTest([](const Rooms& rooms) {
          rooms.types.add(kWorkAsked, "Work.");
          rooms.types.add(kCrowdAsked, "Work for many.");
          notes::add(rooms);
          tasks::add(rooms);
          language_models::add(rooms);
          add(rooms);
          const auto note = Json::object({{"content", "One more"}});
          add_agent(rooms, "echo", "note.creation.completed", {"notes.create"},
                    using_tool("notes.create", note));
          add_agent(rooms, "ping", "note.creation.completed", {"tasks.create"},
                    using_tool("tasks.create", Json::object({{"title", "One more"}})));
          add_agent(rooms, "pong", "task.creation.completed", {"notes.create"},
                    using_tool("notes.create", note));
          add_agent(rooms, "asker", "note.creation.completed", {"notes.create"}, ask_and_write);
          add_agent(rooms, "twice", std::string(kWorkAsked.name), {}, ask_twice);
          add_agent(rooms, "crowd", std::string(kCrowdAsked.name), {}, ask_a_crowd);
          add_agent(rooms, "reader", std::string(kCrowdAsked.name), {"notes.list", "notes.create"},
                    read_and_write);
          add_agent(rooms, "failing", std::string(kCrowdAsked.name), {"notes.create"},
                    write_and_fail);
          add_agent(rooms, "worker", std::string(kWorkAsked.name), {},
                    [](Node&) -> Task<Result<>> { co_return Result<>{}; });
          finish(rooms);
          rooms.agents->chain_limits.runs_per_hour_max = 0;
        }) {}

  void enable(std::initializer_list<const char*> names) {
    for (const auto* name : names) {
      auto enabled = call("agents.enable", Json::object({{"agent", name}}));
      ASSERT_TRUE(enabled) << enabled.error().message;
    }
  }
  void append(const events::EventType<Work>& type, int times = 1) {
    for (int i = 0; i < times; ++i) {
      events::Envelope envelope;
      envelope.user_id = "ann";
      ASSERT_TRUE(sync_wait(
          executor, log->append({.events = {*types.make(type, Work{i}, std::move(envelope))}})));
    }
  }
  /// As an import does: all because of one thing that a person has asked for.
  void append_of_one_cause(int times) {
    append(kCrowdAsked);
    const auto asked = all(kCrowdAsked.name).front();
    events::Append behind;
    for (int i = 0; i < times; ++i) {
      events::Envelope envelope;
      envelope.user_id = "ann";
      events::set_cause(envelope, *asked);
      behind.events.push_back(*types.make(kWorkAsked, Work{i}, std::move(envelope)));
    }
    ASSERT_TRUE(sync_wait(executor, log->append(std::move(behind))));
  }
  /// A model that answers with 15 tokens, and chains that may take so many.
  void answer_within(std::int64_t tokens) {
    llm.then(models::sse(models::chat_answer("yes")));
    model_options.chat = {{.name = "p", .url = llm.url(), .model = "m", .tokens_max = 100}};
    model_options.of_chain.tokens = tokens;
    open();
  }
  void write_note() {
    ASSERT_TRUE(call("notes.create", Json::object({{"content", "The first"}})));
    wait_for_ends();
  }
  /// As a person does, but by no key, which none of these tests has.
  void start_untainted(const std::string& agent) {
    const auto id = Uuid::v7();
    events::Envelope envelope;
    envelope.user_id = "ann";
    envelope.aggregate_id = id;
    envelope.aggregate_type = agents::kRunAggregate;
    envelope.request_id = envelope.correlation_id = Uuid::v7();
    const agents::RunRequested asked{.entity_id = id.to_string(),
                                     .agent = agent,
                                     .input = Json::object(),
                                     .scopes = {"*"},
                                     .is_tainted = false};
    auto event = types.make(agents::kRunRequested, asked, std::move(envelope));
    ASSERT_TRUE(sync_wait(executor, log->append({.events = {*std::move(event)}})));
  }
  /// Until nothing is to be done any more, by anybody: also what is looked at before it has a job,
  /// and what waits for its turn.
  void wait_for_ends() {
    ASSERT_TRUE(test::wait_until(executor, database->commits(), [&] {
      return count(
                 "SELECT (SELECT count(*) FROM jobs) + (SELECT count(*) FROM parked_jobs) + "
                 "(SELECT count(*) FROM admissions WHERE is_gone = 0)") == 0;
    }));
    wait_until_idle();
  }
  std::vector<events::EventRef> all(std::string_view type) {
    std::vector<events::EventRef> found;
    for (events::Filter filter{.limit = 1'000, .types = {std::string(type)}};;) {
      auto page = sync_wait(executor, log->read(events::Tenancy::of_user("ann"), filter));
      for (auto& event : page->events) found.push_back(std::move(event));
      if (page->is_at_end) return found;
      filter.after = page->next_after;
    }
  }
  /// Of whose budget each of them is.
  std::string keys_of_asked() {
    std::string text;
    for (const auto& event : all(agents::kRunRequested.name)) {
      const auto asked = *data_of(*event, agents::kRunRequested);
      text += fmt::format("{} {}, ", asked->agent, asked->key.value_or("none"));
    }
    return text;
  }
  /// The agents that were asked for, with how deep they stand.
  std::string asked() {
    std::string text;
    for (const auto& event : all(agents::kRunRequested.name)) {
      const auto asked = *data_of(*event, agents::kRunRequested);
      text += fmt::format("{} {}, ", asked->agent, asked->depth.value_or(1));
    }
    return text;
  }
  /// Why functions were given up.
  std::vector<std::string> given_up() {
    std::vector<std::string> told;
    for (const auto& event : all(bus::kFunctionFailed.name)) {
      const auto end = *data_of(*event, bus::kFunctionFailed);
      told.push_back(fmt::format("{} {} {}", end->function, end->name.value_or(""),
                                 end->message.value_or("")));
    }
    return told;
  }
  /// As a program outside does that says what its call follows from, to the end of the answer.
  Error call_because_of(std::optional<Uuid> cause, std::string_view path, Json input) {
    const EverybodyMay may(keys.get());
    auto context = std::make_shared<api::CallContext>(may);
    context->actor = api::Actor::of_key("ann", api::Role::kMember, "key");
    context->caused_by = cause;
    rpc::Call asked{.context = context, .input = {.json = std::move(input)}};
    auto reply = sync_wait(executor, procedures.find(path)->handler(std::move(asked)));
    if (!reply) return reply.error();
    auto* items = std::get_if<rpc::Items>(&*reply);
    if (items == nullptr) return {};
    return sync_wait(executor, [](rpc::Items& its) -> Task<Error> {
      while (co_await its.next()) {
      }
      co_return its.end() ? Error{} : its.end().error();
    }(*items));
  }
  Error ask_because_of(std::optional<Uuid> cause, std::string_view path) {
    Json messages = Json::array();
    messages.push_back(Json::object({{"role", "user"}, {"text", "On?"}}));
    return call_because_of(cause, path, Json::object({{"messages", std::move(messages)}}));
  }
  models::ScriptedProvider llm;

  std::int64_t count(std::string_view sql) {
    return *test::run(executor, [&] {
      return database->read([&](db::Tx& tx) {
        auto rows = tx.query(sql);
        return rows.next() ? rows.integer(0) : -1;
      });
    });
  }
};

TEST_F(AgentChains, OneThatBeginsItselfEnds) {
  rooms->agents->chain_limits.depth_max = 3;
  enable({"echo"});
  write_note();
  EXPECT_EQ(asked(), "echo 1, echo 2, echo 3, ");
  const auto told = given_up();
  ASSERT_EQ(told.size(), 1U) << "the fourth, which is told";
  EXPECT_THAT(told[0], HasSubstr("agents.echo:ann UNPROCESSABLE_CONTENT 3 runs of agents follow"));
  EXPECT_EQ(count("SELECT count(*) FROM runs_data WHERE status = 'failed'"), 1);
  // What begins anew is at its beginning.
  write_note();
  EXPECT_EQ(asked(), "echo 1, echo 2, echo 3, echo 1, echo 2, echo 3, ");
}

TEST_F(AgentChains, TwoThatBeginEachOtherEnd) {
  rooms->agents->chain_limits.depth_max = 4;
  enable({"ping", "pong"});
  write_note();
  EXPECT_EQ(asked(), "ping 1, pong 2, ping 3, pong 4, ");
  const auto told = given_up();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_THAT(told[0], HasSubstr("agents.ping:ann"));
  EXPECT_THAT(told[0], HasSubstr("agent_chain_depth_max"));
}

TEST_F(AgentChains, OfAThousandThatFollowFromOneCauseSoManyRunAndTheOthersAreTold) {
  rooms->agents->chain_limits.runs_max = 20;
  enable({"crowd", "worker"});
  append(kCrowdAsked);
  wait_for_ends();
  EXPECT_EQ(all(kWorkAsked.name).size(), std::size_t{kCrowd});
  EXPECT_EQ(all(agents::kRunCompleted.name).size(), 20U) << "the crowd's own among them";
  const auto told = given_up();
  EXPECT_EQ(told.size(), std::size_t{kCrowd} - 19);
  EXPECT_THAT(told.at(0), HasSubstr("20 runs of agents are of one chain"));
  // Others' causes are none of it.
  append(kWorkAsked);
  wait_for_ends();
  EXPECT_EQ(all(agents::kRunCompleted.name).size(), 21U);
}

TEST_F(AgentChains, WhatAPersonCausesIsNoChainHoweverMuchItIs) {
  rooms->agents->chain_limits.runs_max = 20;
  enable({"worker"});
  append_of_one_cause(200);
  wait_for_ends();
  EXPECT_EQ(all(agents::kRunCompleted.name).size(), 200U);
  EXPECT_TRUE(given_up().empty());
}

TEST_F(AgentChains, WhatCannotBeFollowedToItsBeginningIsOfTheChainOfItsCause) {
  rooms->agents->chain_limits.runs_max = 3;
  enable({"worker"});
  const auto root = Uuid::v7();
  for (int i = 0; i < 5; ++i) {
    events::Envelope envelope;
    envelope.user_id = "ann";
    envelope.correlation_id = root;
    envelope.causation_id = Uuid::v7();  // which is not in the log
    ASSERT_TRUE(sync_wait(
        executor,
        log->append({.events = {*types.make(kWorkAsked, Work{i}, std::move(envelope))}})));
  }
  wait_for_ends();
  EXPECT_EQ(all(agents::kRunCompleted.name).size(), 3U);
  EXPECT_EQ(given_up().size(), 2U);
}

TEST_F(AgentChains, AChainEndsWhereItsModelsHaveTakenTheirTokens) {
  answer_within(150);
  enable({"asker"});
  write_note();
  EXPECT_EQ(asked(), "asker 1, asker 2, asker 3, asker 4, asker 5, ");
  EXPECT_EQ(llm.asked(), 4U) << "the fifth call might have passed it";
  const auto told = given_up();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_THAT(told[0], HasSubstr("agents.run UNPROCESSABLE_CONTENT Runs of agents that follow"));
  EXPECT_THAT(told[0], HasSubstr("60 are used or held"));
  EXPECT_EQ(count("SELECT tokens FROM model_chains_data"), 60);
  EXPECT_EQ(count("SELECT count(*) FROM agent_runs_data WHERE status = 'failed'"), 1);
  // It is the account that knows, and not the process.
  open();
  enable({"asker"});
  write_note();
  EXPECT_EQ(llm.asked(), 8U) << "what begins anew is at its beginning";
  EXPECT_EQ(count("SELECT count(*) FROM model_chains_data"), 2);
}

TEST_F(AgentChains, ACallThatOthersUnderWayLeaveNoRoomForIsTriedAgain) {
  answer_within(150);  // one may take some 105, and takes 15
  enable({"twice"});
  append(kWorkAsked);
  wait_for_ends();
  EXPECT_TRUE(given_up().empty()) << given_up().front();
  EXPECT_EQ(llm.asked(), 2U);
  EXPECT_EQ(count("SELECT count(*) FROM agent_runs_data WHERE status = 'completed'"), 1);
  wait_for_followers();
  EXPECT_EQ(count("SELECT tokens FROM model_chains_data"), 30);
}

// By a key, by what a run does that an event of the key's began, and by nobody.
TEST_F(AgentChains, IsOfTheBudgetOfTheKeyThatCausedIt) {
  rooms->agents->chain_limits.depth_max = 2;
  enable({"ping", "pong", "worker"});
  write_note();
  EXPECT_EQ(keys_of_asked(), "ping key, pong key, ");
  append(kWorkAsked);
  wait_for_ends();
  EXPECT_EQ(keys_of_asked(), "ping key, pong key, worker none, ");
}

TEST_F(AgentChains, SoManyBeginInAnHourAndTheOthersWait) {
  rooms->agents->chain_limits.runs_per_hour_max = 5;
  enable({"worker"});
  append(kWorkAsked, 12);
  ASSERT_TRUE(test::wait_until(executor, database->commits(), [&] {
    return count("SELECT count(*) FROM agent_runs_data WHERE status = 'completed'") == 5 &&
           count("SELECT count(*) FROM parked_jobs") == 7;
  }));
  EXPECT_TRUE(given_up().empty());
}

TEST_F(AgentChains, ACallThatFollowsFromAChainIsCountedToo) {
  rooms->agents->chain_limits.depth_max = 3;
  rooms->agents->chain_limits.runs_max = 5;
  enable({"echo"});
  write_note();
  const auto runs = all(agents::kRunRequested.name);
  ASSERT_EQ(runs.size(), 3U);
  const auto start = [&](const Uuid& cause) {
    auto error = call_because_of(cause, "agents.start", Json::object({{"agent", "worker"}}));
    wait_for_ends();
    return error;
  };
  auto refused = start(runs[2]->id);
  EXPECT_EQ(refused.code, Code::kUnprocessableContent) << refused.message;
  ASSERT_NE(refused.details, nullptr);
  EXPECT_EQ(refused.details->string_or("reason", ""), "AGENT_LIMIT");
  EXPECT_EQ(start(runs[0]->id).message, "");
  EXPECT_EQ(start(runs[1]->id).message, "");
  EXPECT_EQ(asked(), "echo 1, echo 2, echo 3, worker 2, worker 3, ");
  EXPECT_THAT(start(runs[0]->id).message, HasSubstr("5 runs of agents are of one chain"));
}

TEST_F(AgentChains, WhatFollowsFromATaintedRunIsTaintedWhoeverStandsBetween) {
  // Whether a run is tainted that a program begins because of this event.
  const auto begins_tainted = [&](const Uuid& cause) {
    const auto error = call_because_of(cause, "agents.start", Json::object({{"agent", "worker"}}));
    EXPECT_EQ(error.message, "");
    wait_for_ends();
    const auto asked = all(agents::kRunRequested.name).back();
    EXPECT_EQ(asked->causation_id, cause);
    return (*data_of(*asked, agents::kRunRequested))->is_tainted;
  };
  // What a person has begun, by what was written and by how the run ended.
  const auto note_of = [&](const char* agent) {
    start_untainted(agent);
    wait_for_ends();
    return all("note.creation.completed").back();
  };
  ASSERT_TRUE(call("notes.create", Json::object({{"content", "A person's"}})));
  wait_for_ends();
  EXPECT_EQ(begins_tainted(all("note.creation.completed").back()->id), false);

  const auto clean = note_of("echo");
  EXPECT_EQ(begins_tainted(clean->id), false);
  EXPECT_EQ(begins_tainted(all(agents::kRunRequested.name).front()->id), false);

  const auto tainted = note_of("reader");
  const auto run = *all("note.creation.requested").back()->causation_id;
  EXPECT_EQ(begins_tainted(tainted->id), true);
  EXPECT_EQ(begins_tainted(run), true) << "the request does not say what was read after it";
  // By way of what the program has made of it.
  ASSERT_EQ(call_because_of(tainted->id, "notes.create", Json::object({{"content", "-"}})).message,
            "");
  wait_for_ends();
  const auto behind = all("note.creation.completed").back();
  EXPECT_EQ(behind->correlation_id == tainted->correlation_id, true);
  EXPECT_EQ(begins_tainted(behind->id), true);

  const auto before = note_of("failing");
  EXPECT_EQ(begins_tainted(before->id), false) << "it says what had been read by then";
  EXPECT_EQ(begins_tainted(*all("note.creation.requested").back()->causation_id), true);

  events::Envelope envelope;
  envelope.user_id = "ann";
  envelope.causation_id = Uuid::v7();  // which is not in the log
  ASSERT_TRUE(sync_wait(
      executor, log->append({.events = {*types.make(kWorkAsked, Work{}, std::move(envelope))}})));
  EXPECT_EQ(begins_tainted(all(kWorkAsked.name).back()->id), true);
}

TEST_F(AgentChains, WhatProgramsAskOfModelsBecauseOfAChainIsOfItsBudget) {
  answer_within(150);
  enable({"worker"});
  append(kWorkAsked);
  wait_for_ends();
  const auto run = all(agents::kRunRequested.name).at(0);
  const auto end = all(agents::kRunCompleted.name).at(0);
  EXPECT_EQ(ask_because_of(end->id, "models.generate").message, "");
  EXPECT_EQ(ask_because_of(end->id, "models.stream").message, "");
  EXPECT_EQ(ask_because_of(run->id, "models.generate").message, "");
  EXPECT_EQ(ask_because_of(run->id, "models.stream").message, "");
  for (const auto* path : {"models.generate", "models.stream"}) {
    const auto refused = ask_because_of(end->id, path);
    EXPECT_EQ(refused.code, Code::kUnprocessableContent) << path;
    ASSERT_NE(refused.details, nullptr) << path;
    EXPECT_EQ(refused.details->string_or("reason", ""), "AGENT_LIMIT");
    EXPECT_THAT(refused.message, HasSubstr("60 are used or held")) << path;
  }
  EXPECT_EQ(llm.asked(), 4U);
  wait_for_followers();
  EXPECT_EQ(count("SELECT tokens FROM model_chains_data"), 60);
  const auto called = all(models::kModelCalled.name);
  ASSERT_EQ(called.size(), 4U);
  for (const auto& one : called) {
    EXPECT_EQ((*data_of(*one, models::kModelCalled))->chain, run->aggregate_id->to_string());
  }
  // What no agent did is no chain, whether it says what it follows from or not.
  const auto asked = all(kWorkAsked.name).at(0);
  EXPECT_EQ(ask_because_of(asked->id, "models.generate").message, "");
  EXPECT_EQ(ask_because_of(std::nullopt, "models.stream").message, "");
  wait_for_followers();
  EXPECT_EQ(count("SELECT count(*) FROM model_chains_data"), 1);
}

}  // namespace
}  // namespace synap::features::agent_runs
