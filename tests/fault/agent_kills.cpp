// kill -9 of runs of an agent whose graph has a graph within it, nodes beside each other, and
// questions to people, again and again:
//
//   KILLS=10 SEED=n agent_kills
//
// Each round (kills.h) is a process that carries out runs on the same directory, asks for more of
// them, and answers what they ask. The model is a script of this process, which outlives them all:
// so it knows by itself what it was asked for again. One round: agent_kills DIRECTORY ROUND URL
#include <fmt/format.h>

#include <map>
#include <regex>
#include <set>

#include "agents/agents.h"
#include "agents/conversation.h"
#include "api/procedures.h"
#include "base/check.h"
#include "base/test_support.h"
#include "bus/function_events.h"
#include "db/sqlite/sqlite_database.h"
#include "events/sqlite/sqlite_event_log.h"
#include "kills.h"
#include "models/models.h"
#include "outbound/test_server.h"
#include "projections/projections.h"
#include "workers/engine.h"
#include "workers/signal_waits.h"

namespace synap::kills {
namespace {

using agents::Node;
using agents::Update;
using std::chrono::milliseconds;

constexpr const char* kUser = "ann";
constexpr const char* kAgent = "errand";
constexpr int kLooksARun = 6;          // at what people are asked, until a run more is asked for
constexpr std::int64_t kOpenMax = 24;  // runs, beyond which no more are asked for
constexpr std::int64_t kTimes = 2;     // that a run goes round its graph
constexpr milliseconds kLifeMax{600};  // of a process
constexpr auto kRest = std::chrono::minutes(2);  // how long the last round may take

// Of both graphs.
struct State {
  std::int64_t number = 0;  // of the run
  std::int64_t time = 0;    // that it goes round
  std::vector<std::string> said;
};
const ObjectSchema<State>& describe(Type<State>) {
  static const auto schema = object<State>("KillsState")
                                 .field("number", &State::number, integer())
                                 .field_or("time", &State::time, integer(), 0)
                                 .field_or("said", &State::said, array(string()), {});
  return schema;
}

struct Said {
  std::string text;
};
const ObjectSchema<Said>& describe(Type<Said>) {
  static const auto schema = object<Said>("KillsSaid").field("text", &Said::text);
  return schema;
}
constexpr events::EventType<Said> kSaid{"kills.said"};

// What is asked of the model, of people, and said: always this run's, and of this time.
std::string about(std::string_view what, const State& state) {
  return fmt::format("{} of run {} at time {}", what, state.number, state.time);
}

Update said(std::string text) {
  return Json::object({{"said", Json::array().push_back(std::move(text))}});
}

models::Ask asking(std::string text) {
  models::Ask ask;
  ask.messages = {agents::message("user", std::move(text))};
  return ask;
}

// A graph within: a model wants to tell something by a tool, a person is asked whether it may, and
// then the model is asked once more.
std::shared_ptr<const agents::GraphCore> inner_graph() {
  agents::Graph<State> graph("telling");
  graph.reduce("said", agents::appended);
  graph.node("tell", [](Node& node, State state) -> Task<Result<Update>> {
    auto ask = asking(about("tell", state));
    ask.tools = node.context().tools.offered();
    auto answer = co_await node.ask("model", std::move(ask));
    if (!answer) co_return fail(answer.error());
    auto may = co_await node.interrupt("may", Json(about("tell", state)));
    if (!may) co_return fail(may.error());
    auto done = co_await node.call_all(answer->tool_calls);
    if (!done) co_return fail(done.error());
    co_return said(fmt::format("{}, {}", may->as_string(), done->size()));
  });
  graph.node("close", [](Node& node, State state) -> Task<Result<Update>> {
    auto answer = co_await node.ask("model", asking(about("close", state)));
    if (!answer) co_return fail(answer.error());
    co_return said(answer->text);
  });
  graph.edge(agents::kStart, "tell").edge("tell", "close");
  return graph.share();
}

// It and a node beside it, which asks a model and a person, too; then a message, and once more.
std::shared_ptr<const agents::GraphCore> outer_graph(const agents::GraphCore& inner) {
  agents::Graph<State> graph(kAgent);
  graph.reduce("said", agents::appended);
  graph.core().subgraph(
      "delegate", inner,
      [](const Json& state) {
        return Json::object({{"number", *state.find("number")}, {"time", *state.find("time")}});
      },
      [](const Json& state) { return Json::object({{"said", *state.find("said")}}); });
  graph.node("look", [](Node& node, State state) -> Task<Result<Update>> {
    auto answer = co_await node.ask("model", asking(about("look", state)));
    if (!answer) co_return fail(answer.error());
    auto may = co_await node.interrupt("may", Json(about("look", state)));
    if (!may) co_return fail(may.error());
    co_return said(fmt::format("{}, {}", answer->text, may->as_string()));
  });
  graph.node("report", [](Node& node, State state) -> Task<Result<Update>> {
    auto done =
        co_await node.append("message", kSaid.name,
                             Json::object({{"text", about("report", state)}}), Uuid::v7(), "kills");
    if (!done) co_return fail(done.error());
    co_return Json::object({{"time", state.time + 1}});
  });
  for (const auto* one : {"delegate", "look"}) graph.edge(agents::kStart, one).edge(one, "report");
  graph.branch("report", {"delegate", "look", std::string(agents::kEnd)},
               [](const State& state) -> std::vector<std::string> {
                 if (state.time < kTimes) return {"delegate", "look"};
                 return {agents::kEnd};
               });
  return graph.share();
}

// What a run comes to, if each of its parts came to its end once.
std::vector<std::string> expected_of(std::int64_t number) {
  std::vector<std::string> all;
  for (std::int64_t time = 0; time < kTimes; ++time) {
    const State at{.number = number, .time = time};
    all.push_back(fmt::format("yes to {}, 1", about("tell", at)));
    all.push_back(fmt::format("answer to {}", about("close", at)));
    all.push_back(fmt::format("answer to {}, yes to {}", about("look", at), about("look", at)));
  }
  return all;
}
constexpr std::int64_t kModelCallsOfRun = 3 * kTimes;

// The model. It answers in three pieces with pauses between them, so that kills cut it anywhere.
class Script {
 public:
  std::string url() const { return server_.url("/v1"); }
  // What was asked for again by the same process, or when something behind it had been asked for.
  std::vector<std::string> wrong() const {
    const std::lock_guard lock(mutex_);
    return wrong_;
  }
  std::int64_t asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  static std::string delta(Json delta) {
    Json choice = Json::object({{"index", 0}, {"delta", std::move(delta)}});
    Json choices = Json::array().push_back(std::move(choice));
    return "data: " + Json::object({{"choices", std::move(choices)}}).dump() + "\n\n";
  }
  static std::string call_of(const std::string& text) {
    const auto arguments = Json::object({{"text", text}}).dump();
    Json function = Json::object({{"name", "messages_say"}, {"arguments", arguments}});
    Json call = Json::object({{"index", 0}, {"id", "c"}, {"type", "function"}});
    call.set("function", std::move(function));
    return delta(Json::object({{"tool_calls", Json::array().push_back(std::move(call))}}));
  }
  static std::string end_of(const char* reason) {
    return fmt::format(
        "data: {{\"choices\":[{{\"index\":0,\"delta\":{{}},\"finish_reason\":\"{}\"}}]}}\n\n"
        "data: {{\"choices\":[],\"usage\":{{\"prompt_tokens\":10,\"completion_tokens\":5}}}}\n\n"
        "data: [DONE]\n\n",
        reason);
  }

  void serve(outbound::Wire& wire, const outbound::Seen& seen) {
    static const std::regex kQuestion("(tell|close|look) of run ([0-9]+) at time ([0-9]+)");
    static const std::regex kRound("\"model\":\"(\\w+)\"");
    std::smatch found;
    std::smatch round;
    if (!std::regex_search(seen.body, found, kQuestion)) return wire.close();
    if (!std::regex_search(seen.body, round, kRound)) return wire.close();
    const std::string what = found[1];
    note(found[0], round[1], what, {std::stoll(found[2]), std::stoll(found[3])});
    const auto text = found[0].str();
    const bool calls = what == "tell";
    const auto begin = calls ? call_of(text) : delta(Json::object({{"content", "answer to "}}));
    const auto rest = calls ? std::string() : delta(Json::object({{"content", text}}));
    wire.send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n");
    pause(milliseconds(10));
    wire.send(begin);
    pause(milliseconds(10));
    wire.send(rest + end_of(calls ? "tool_calls" : "stop"));
    wire.close();
  }

  // Of a run "tell" and "close" come one behind the other, and "look" by itself. What a kill has
  // cut may be asked for once more, by another process.
  void note(const std::string& question, const std::string& round, const std::string& what,
            std::pair<std::int64_t, std::int64_t> run_and_time) {
    const auto [run, time] = run_and_time;
    const std::lock_guard lock(mutex_);
    ++asked_;
    if (!asked_of_round_.emplace(round, question).second) {
      wrong_.push_back(fmt::format("one process asks the model twice for {}", question));
    }
    const auto rank = 2 * time + (what == "close" ? 1 : 0);
    auto& last = last_[{run, what == "look"}];
    if (rank < last) wrong_.push_back("the model is asked again for " + question);
    last = std::max(last, rank);
  }

  mutable std::mutex mutex_;
  std::int64_t asked_ = 0;
  std::set<std::pair<std::string, std::string>> asked_of_round_;
  std::map<std::pair<std::int64_t, bool>, std::int64_t> last_;
  std::vector<std::string> wrong_;
  outbound::TestServer server_{
      [this](outbound::Wire& wire, const outbound::Seen& seen) { serve(wire, seen); }};
};

class Everybody final : public api::Authority {
 public:
  Result<> check(const api::Actor&) const override { return {}; }
  Result<> admit(const api::Actor&) const override { return {}; }
  Task<Result<events::EventRef>> cause(const api::Actor&, Uuid) const override {
    co_return events::EventRef{};
  }
};

// Database, log, read models, models and workers on a directory, as long as the process lives.
class Pod {
 public:
  explicit Pod(const std::string& directory, const std::string& round = "",
               const std::string& model_url = "");
  ~Pod();
  Pod(const Pod&) = delete;
  Pod& operator=(const Pod&) = delete;

  // And notes how many runs the kill before has met: under way, and waiting for an answer.
  void start();
  // Asks for a run, and says so in the file `acks` when that is on disk.
  void place(std::int64_t number);
  // Answers about every sixth question that is open.
  void attend(std::mt19937_64& random);
  std::int64_t count(std::string sql);
  std::vector<std::string> judge();

 private:
  void add_tool();
  void answer(const Uuid& run, const Json& question);
  std::vector<events::EventRef> all_of(std::string_view type);
  void judge_said(const std::set<std::int64_t>& placed, std::vector<std::string>& wrong);

  const std::string directory_;
  ThreadExecutor executor_{"kills"};
  Ledger acks_{directory_ + "/acks"};
  Ledger starts_{directory_ + kStarts};
  events::EventTypes types_;
  std::unique_ptr<db::sqlite::SqliteDatabase> database_;
  std::unique_ptr<events::sqlite::SqliteEventLog> log_;
  std::unique_ptr<projections::Projections> projections_;
  std::unique_ptr<models::Models> models_;
  const Everybody everybody_;
  rpc::ProcedureTable procedures_;
  std::shared_ptr<const agents::GraphCore> inner_ = inner_graph();
  std::shared_ptr<agents::Agents> agents_ = agents::make_agents();
  std::optional<workers::Engine> engine_;
};

Pod::Pod(const std::string& directory, const std::string& round, const std::string& model_url)
    : directory_(directory) {
  database_ = std::move(*db::sqlite::SqliteDatabase::open({.path = directory + "/s.db"}));
  auto migrations = events::sqlite::SqliteEventLog::migrations();
  for (const auto& more : {projections::Projections::migrations(), workers::Engine::migrations(),
                           models::Account::migrations()}) {
    migrations.insert(migrations.end(), more.begin(), more.end());
  }
  SYNAP_CHECK(database_->migrate(migrations).has_value());
  log_ = std::move(*events::sqlite::SqliteEventLog::open(*database_));
  types_.add(models::kModelCalled, "");
  types_.add(kSaid, "");
  agents::add_event_types(types_);
  projections_ = std::make_unique<projections::Projections>(*database_, *log_, types_);
  projections_->add(models::usage_projection());
  projections_->add(agents::runs_projection());
  SYNAP_CHECK(projections_->prepare().has_value());
  models::Provider provider{
      .name = "script", .url = model_url, .model = "round" + round, .retries = 0};
  models_ = std::make_unique<models::Models>(
      models::Options{.chat = {std::move(provider)}}, *outbound::Policy::public_only({"127.0.0.1"}),
      models::Account::Rooms{*database_, *log_, types_, real_world()});
  add_tool();
  agents_->add({.name = kAgent,
                .input = schema_of<State>(),
                .graph = outer_graph(*inner_),
                .begin = [](const Json& input, std::int64_t) { return input; },
                .end = [](const Json& state) { return state; },
                .tools = {"messages.say"}});
  // As a pod's. Whoever was alone when a process ended waits for longer than another lives.
  engine_.emplace(*database_, *log_, types_,
                  workers::EngineOptions{.queue = {.running = 1'024, .running_of_function = 256},
                                         .pool = {.suspect_pause = milliseconds(700)}});
  engine_->pool->add(
      std::string(agents::kRunFunction),
      agents::run_handler({*database_, *log_, types_, procedures_, everybody_, *models_, agents_}),
      agents::run_options(engine_->pool->calls_of_function_max()));
}

Pod::~Pod() {
  models_->account().stop();
  engine_->pool->stop(std::chrono::seconds(30));
  engine_->pool.reset();
  models_.reset();
  projections_.reset();
  database_->close();
}

// As commands do: an event, once for each key of idempotency.
void Pod::add_tool() {
  api::add_mutation<Said, Said>(procedures_, "messages.say",
                                {.summary = "Says something.",
                                 .effects = rpc::Effects::kAppends,
                                 .keeps_idempotency_keys = true,
                                 .reach = rpc::Reach::kPod},
                                [this](api::Session session, Said in) -> Task<Result<Said>> {
                                  events::Envelope envelope;
                                  envelope.user_id = kUser;
                                  envelope.aggregate_id = Uuid::v7();
                                  envelope.aggregate_type = "kills";
                                  auto event = types_.make(kSaid, in, std::move(envelope));
                                  if (!event) co_return fail(event.error());
                                  events::Append append;
                                  append.events.push_back(*std::move(event));
                                  append.idempotency = {.key = session.idempotency_key,
                                                        .fingerprint = sha256(in.text)};
                                  auto done = co_await log_->append(std::move(append));
                                  if (!done) co_return fail(done.error());
                                  co_return in;
                                });
}

void Pod::start() {
  const auto running = count("SELECT count(*) FROM agent_runs_data WHERE status = 'running'");
  const auto waiting = count("SELECT count(*) FROM agent_runs_data WHERE status = 'interrupted'");
  models_->account().start();
  projections_->start();
  SYNAP_CHECK(engine_->start().has_value());
  starts_.add(fmt::format("{} {}", running, waiting));
}

void Pod::place(std::int64_t number) {
  events::Envelope envelope;
  envelope.user_id = kUser;
  envelope.aggregate_id = Uuid::v7();
  envelope.aggregate_type = agents::kRunAggregate;
  const auto id = envelope.aggregate_id->to_string();
  auto event = types_.make(agents::kRunRequested,
                           agents::RunRequested{.entity_id = id,
                                                .agent = kAgent,
                                                .input = Json::object({{"number", number}}),
                                                .scopes = {"*"},
                                                .is_tainted = false},
                           std::move(envelope));
  SYNAP_CHECK(event.has_value());
  events::Append append;
  append.events.push_back(*std::move(event));
  SYNAP_CHECK(sync_wait(executor_, log_->append(std::move(append))).has_value());
  acks_.add(std::to_string(number));
}

// As agents.resume does.
void Pod::answer(const Uuid& run, const Json& question) {
  const std::string id(question.string_or("id", ""));
  const Json text("yes to " + std::string(question.string_or("question", "")));
  const auto signal = agents::signal_of(run, id);
  events::Envelope envelope;
  envelope.user_id = kUser;
  auto sent = types_.make(bus::kSignalSent, bus::Signal{signal, text}, envelope);
  envelope.aggregate_id = run;
  envelope.aggregate_type = agents::kRunAggregate;
  auto resumed = types_.make(agents::kRunResumed, agents::RunResumed{run.to_string(), id, text},
                             std::move(envelope));
  SYNAP_CHECK(sent.has_value() && resumed.has_value());
  events::Append append;
  append.events = {*std::move(resumed), *std::move(sent)};
  append.decide = [signal](db::Tx& tx) {
    if (!workers::take_signal_wait(tx, kUser, signal)) {
      tx.abort({Code::kConflict, "The run does not wait yet", nullptr});
    }
  };
  const auto done = sync_wait(executor_, log_->append(std::move(append)));
  SYNAP_CHECK(done.has_value() || done.error().code == Code::kConflict);
}

void Pod::attend(std::mt19937_64& random) {
  std::vector<std::pair<Uuid, Json>> open;
  auto read = test::run(executor_, [&] {
    return database_->read([&](db::Tx& tx) {
      auto rows =
          tx.query("SELECT id, questions FROM agent_runs_data WHERE status = 'interrupted'");
      while (rows.next()) {
        for (auto& one : parse_json(rows.text(1))->as_array())
          open.emplace_back(*rows.uuid(0), one);
      }
    });
  });
  SYNAP_CHECK(read.has_value());
  for (const auto& [run, question] : open) {
    if (random() % 6 == 0) answer(run, question);
  }
}

std::int64_t Pod::count(std::string sql) {
  return *test::run(executor_, [&] {
    return database_->read([&](db::Tx& tx) {
      auto rows = tx.query(sql);
      return rows.next() ? rows.integer(0) : 0;
    });
  });
}

std::vector<events::EventRef> Pod::all_of(std::string_view type) {
  std::vector<events::EventRef> all;
  events::Filter filter{.limit = 500, .types = {std::string(type)}};
  for (bool is_at_end = false; !is_at_end;) {
    auto page = sync_wait(executor_, log_->read(events::Tenancy::whole_pod(), filter));
    SYNAP_CHECK(page.has_value());
    all.insert(all.end(), page->events.begin(), page->events.end());
    filter.after = page->next_after;
    is_at_end = page->is_at_end;
  }
  return all;
}

// No message is missing, and none comes twice.
void Pod::judge_said(const std::set<std::int64_t>& placed, std::vector<std::string>& wrong) {
  std::map<std::string, int> times;
  for (const auto& event : all_of(kSaid.name)) ++times[(**events::data_of(*event, kSaid)).text];
  for (const auto number : placed) {
    for (std::int64_t time = 0; time < kTimes; ++time) {
      for (const auto* what : {"tell", "report"}) {
        const auto text = about(what, {.number = number, .time = time});
        if (times[text] != 1) wrong.push_back(fmt::format("{}: {} times", text, times[text]));
        times.erase(text);
      }
    }
  }
  for (const auto& [text, count] : times) wrong.push_back("nobody has asked for " + text);
}

std::vector<std::string> Pod::judge() {
  std::vector<std::string> wrong;
  // Of a run that was asked for when the process was killed nobody knows, and it is one.
  std::map<Uuid, std::int64_t> numbers;
  std::map<Uuid, std::int64_t> calls;
  std::set<std::int64_t> placed;
  for (const auto& event : all_of(agents::kRunRequested.name)) {
    const auto asked = *events::data_of(*event, agents::kRunRequested);
    const auto number = asked->input.find("number")->as_integer();
    numbers[*event->aggregate_id] = number;
    calls[event->id] = 0;
    placed.insert(number);
  }
  for (const auto& number : lines_of(directory_ + "/acks")) {
    if (!placed.contains(std::stoll(number))) wrong.push_back("lost: run " + number);
  }
  std::map<Uuid, int> ends;
  for (const auto& event : all_of(agents::kRunCompleted.name)) {
    ++ends[*event->aggregate_id];
    const auto data = *events::data_of(*event, agents::kRunCompleted);
    const auto state = decode<State>(data->output);
    if (!state || state->said != expected_of(numbers[*event->aggregate_id])) {
      wrong.push_back("a run comes to " + data->output.dump());
    }
  }
  for (const auto& event : all_of(agents::kRunFailed.name)) {
    wrong.push_back("a run fails: " + (**events::data_of(*event, agents::kRunFailed)).message);
  }
  for (const auto& [id, number] : numbers) {
    if (ends[id] != 1) wrong.push_back(fmt::format("run {} ends {} times", number, ends[id]));
  }
  for (const auto& event : all_of(models::kModelCalled.name)) {
    const auto data = *events::data_of(*event, models::kModelCalled);
    const bool is_finished = data->finish == "stop" || data->finish == "tools";
    if (is_finished) ++calls[event->causation_id.value_or(Uuid{})];
  }
  for (const auto& [id, count] : calls) {
    if (count == kModelCallsOfRun) continue;
    wrong.push_back(fmt::format("{}: {} finished calls of models", id.to_string(), count));
  }
  std::map<std::string, int> asked;
  for (const auto& event : all_of(agents::kRunInterrupted.name)) {
    const auto data = *events::data_of(*event, agents::kRunInterrupted);
    ++asked[event->aggregate_id->to_string() + " " + data->question_id];
  }
  for (const auto& [question, count] : asked) {
    if (count != 1) wrong.push_back(fmt::format("{} is asked {} times", question, count));
  }
  judge_said(placed, wrong);
  return wrong;
}

// The process that is killed. `round` is in the numbers of its runs.
int work(const std::string& directory, std::int64_t round, const std::string& url) {
  Pod pod(directory, std::to_string(round), url);
  pod.start();
  std::mt19937_64 random(static_cast<std::uint64_t>(round));
  for (int i = 0;; ++i) {
    pod.attend(random);
    const auto open = pod.count("SELECT count(*) FROM agent_runs_data WHERE ended_at IS NULL");
    if (i % kLooksARun == 0 && open < kOpenMax) pod.place(round * 100 + i / kLooksARun);
    pause(milliseconds(10));
  }
}

int come_to_rest(const std::string& directory, const std::string& url) {
  Pod pod(directory, "rest", url);
  pod.start();
  std::mt19937_64 random(0);
  const auto give_up_at = std::chrono::steady_clock::now() + kRest;
  while (pod.count("SELECT count(*) FROM runs_data WHERE ended_at IS NULL") > 0) {
    if (std::chrono::steady_clock::now() > give_up_at) return 2;
    pod.attend(random);
    pause(milliseconds(20));
  }
  return 0;
}

int run() {
  const Choices choices(10);
  // In memory, which a kill leaves as it is: where a sync takes long, runs do not come far between
  // two kills.
  const std::filesystem::path memory = "/dev/shm";
  const auto directory =
      std::filesystem::is_directory(memory) ? test::TempDirectory(memory) : test::TempDirectory();
  const Script script;
  const auto begun = std::chrono::steady_clock::now();
  const bool is_at_rest = kill_again_and_again(choices, directory.path(), kLifeMax, {script.url()});
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  Pod pod(directory.path());
  auto wrong = pod.judge();
  for (auto& line : script.wrong()) wrong.push_back(std::move(line));
  std::int64_t met = 0;
  std::int64_t met_waiting = 0;
  for (const auto& line : lines_of(directory.path() + kStarts)) {
    met += std::stoll(line);
    met_waiting += std::stoll(line.substr(line.find(' ')));
  }
  fmt::print(R"(agent_kills: {{"seed":{},"kills":{},"seconds":{:.1f},"runs":{},"met_running":{},)"
             R"("met_waiting":{},"model_asked":{},"events":{}}})"
             "\n",
             choices.seed, choices.kills, took.count(),
             pod.count("SELECT count(*) FROM agent_runs_data"), met, met_waiting, script.asked(),
             pod.count("SELECT max(position) FROM events"));
  // Kills that meet nothing prove nothing.
  if (choices.kills >= 50 && met + met_waiting < choices.kills / 2) {
    wrong.push_back("kills have met too few runs that are under way");
  }
  for (std::size_t i = 0; i < wrong.size() && i < 20; ++i) fmt::print("WRONG: {}\n", wrong[i]);
  return is_at_rest && wrong.empty() ? 0 : 1;
}

}  // namespace
}  // namespace synap::kills

int main(int count, char** arguments) {
  using namespace synap::kills;
  if (count == 1) return run();
  const std::string round = arguments[2];
  return round == "rest" ? come_to_rest(arguments[1], arguments[3])
                         : work(arguments[1], std::stoll(round), arguments[3]);
}
