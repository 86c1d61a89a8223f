#include "agents_under_load.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "agents/agent_events.h"
#include "agents/conversation.h"
#include "api/procedures.h"
#include "base/check.h"
#include "models/in_step.h"

namespace synap::bench {
namespace {

using agents::Node;
using agents::Update;

constexpr const char* kUser = "bench";
constexpr const char* kAgent = "bench";

struct State {
  std::int64_t round = 0;
  std::string text;   // all but all of the state's bytes
  std::string found;  // what the tool gave
};
const ObjectSchema<State>& describe(Type<State>) {
  static const auto schema = object<State>("BenchState")
                                 .field("round", &State::round, integer())
                                 .field("text", &State::text)
                                 .field("found", &State::found);
  return schema;
}

struct Looking {
  std::int64_t number = 0;
};
const ObjectSchema<Looking>& describe(Type<Looking>) {
  static const auto schema =
      object<Looking>("BenchLooking").field("number", &Looking::number, integer());
  return schema;
}

struct Found {
  std::string text;
};
const ObjectSchema<Found>& describe(Type<Found>) {
  static const auto schema = object<Found>("BenchFound").field("text", &Found::text);
  return schema;
}

// Of each round another, so that no part of a state is as it was.
std::string text_of(std::int64_t round) {
  const auto words = fmt::format("what the model has said in round {}, ", round);
  std::string text;
  while (text.size() < AgentsUnderLoad::kStateBytes) text += words;
  text.resize(AgentsUnderLoad::kStateBytes);
  return text;
}

std::string found_in(std::int64_t round) {
  return fmt::format(R"({{"text":"what was found for {}"}})", round);
}

models::Answer scripted(std::int64_t round) {
  models::Answer answer{.text = text_of(round), .finish = "tools", .usage = {1'000, 1'000}};
  answer.tool_calls.push_back({.id = fmt::format("call-{}", round),
                               .name = agents::tool_name("numbers.look"),
                               .arguments = fmt::format(R"({{"number":{}}})", round),
                               .input = Json::object({{"number", round}})});
  return answer;
}

// What a call leaves in the pod beside its answer (models/in_step.cpp), where nobody is asked.
struct Memo {
  models::Answer answer;
  models::KeptCall kept;
};
const ObjectSchema<Memo>& describe(Type<Memo>) {
  static const auto schema =
      object<Memo>("BenchModelCall").field("answer", &Memo::answer).field("kept", &Memo::kept);
  return schema;
}

Task<Result<models::Answer>> accounted(Node& node, std::int64_t round) {
  auto& context = node.context();
  auto& account = context.models.account();
  auto called = co_await context.step.run<Memo>(node.step_id("model"), [&]() -> Task<Result<Memo>> {
    const auto until = account.world().unix_ms() + 60'000;
    auto open = co_await account.open(
        models::caller_of(context.event, context.step.run_id()),
        {.capability = "chat", .provider = "script", .wire = "none", .model = "script"},
        {.input = 1'000, .output = 1'000}, 0, until);
    if (!open) co_return fail(open.error());
    auto& call = open->call();
    call.finish = "tools";
    call.input = call.output = 1'000;
    auto answer = scripted(round);
    answer.call_id = call.call_id;
    co_return Memo{std::move(answer), open->release()};
  });
  if (!called) co_return fail(called.error());
  auto settled = account.event_of(called->kept);
  if (!settled) co_return fail(settled.error());
  const auto id = called->kept.call.call_id;
  auto done = co_await context.step.commit(
      node.step_id("model (account)"),
      [&account, id, event = *settled](db::Tx& tx) { account.settle(tx, id, event); });
  if (!done) co_return fail(done.error());
  co_return std::move(called->answer);
}

Task<Result<models::Answer>> bare(Node& node, std::int64_t round) {
  co_return co_await node.context().step.run<models::Answer>(
      node.step_id("model"),
      [round]() -> Task<Result<models::Answer>> { co_return scripted(round); });
}

}  // namespace

// Keys are another benchmark's.
class AgentsUnderLoad::Everybody final : public api::Authority {
 public:
  Result<> check(const api::Actor&) const override { return {}; }
  Result<> admit(const api::Actor&) const override { return {}; }
};

AgentsUnderLoad::AgentsUnderLoad(std::string directory) : directory_(std::move(directory)) {}

Result<std::unique_ptr<AgentsUnderLoad>> AgentsUnderLoad::open(std::string directory, Model model) {
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  std::unique_ptr<AgentsUnderLoad> load(new AgentsUnderLoad(std::move(directory)));
  if (auto prepared = load->prepare(model); !prepared) return fail(prepared.error());
  return load;
}

Result<> AgentsUnderLoad::prepare(Model model) {
  auto database = db::sqlite::SqliteDatabase::open({.path = directory_ + "/pod.db"});
  if (!database) return fail(database.error());
  database_ = std::move(*database);
  auto migrations = events::sqlite::SqliteEventLog::migrations();
  for (const auto& list : {projections::Projections::migrations(), workers::Engine::migrations(),
                           models::Account::migrations()}) {
    migrations.insert(migrations.end(), list.begin(), list.end());
  }
  if (auto made = database_->migrate(migrations); !made) return fail(made.error());
  auto log = events::sqlite::SqliteEventLog::open(*database_);
  if (!log) return fail(log.error());
  log_ = std::move(*log);
  types_.add(models::kModelCalled, "");
  agents::add_event_types(types_);
  projections_ = std::make_unique<projections::Projections>(*database_, *log_, types_);
  projections_->add(models::usage_projection());
  projections_->add(agents::runs_projection());
  if (auto prepared = projections_->prepare(); !prepared) return fail(prepared.error());
  projections_->start();
  models_ = std::make_unique<models::Models>(
      models::Options{}, *outbound::Policy::public_only({}),
      models::Account::Rooms{*database_, *log_, types_, real_world()});
  models_->account().start();
  everybody_ = std::make_unique<Everybody>();
  add_tool();
  add_agent(model);
  // The limits are those of a pod (pod/pod.cpp).
  engine_.emplace(*database_, *log_, types_,
                  workers::EngineOptions{.queue = {.running = 1'024, .running_of_function = 256}});
  engine_->pool->add(
      std::string(agents::kRunFunction),
      agents::run_handler({*database_, *log_, types_, procedures_, *everybody_, *models_, agents_}),
      agents::run_options(engine_->pool->calls_of_function_max()));
  return engine_->start();
}

void AgentsUnderLoad::add_tool() {
  api::add_query<Looking, Found>(procedures_, "numbers.look", {.summary = "Looks for a number."},
                                 [this](api::Session, Looking in) -> Task<Result<Found>> {
                                   tool_calls_.fetch_add(1, std::memory_order_relaxed);
                                   co_return Found{fmt::format("what was found for {}", in.number)};
                                 });
}

void AgentsUnderLoad::add_agent(Model model) {
  agents::Graph<State> graph(kAgent);
  graph.node("work", [this, model](Node& node, State state) -> Task<Result<Update>> {
    model_calls_.fetch_add(1, std::memory_order_relaxed);
    auto answer = co_await (model == Model::kBare ? bare(node, state.round + 1)
                                                  : accounted(node, state.round + 1));
    if (!answer) co_return fail(answer.error());
    auto done = co_await node.call_all(answer->tool_calls);
    if (!done) co_return fail(done.error());
    co_return Json::object({{"round", state.round + 1},
                            {"text", std::move(answer->text)},
                            {"found", std::move(done->at(0).text)}});
  });
  graph.edge(agents::kStart, "work");
  graph.branch("work", {"work", std::string(agents::kEnd)}, [](const State& state) -> std::string {
    return state.round < kRounds ? "work" : agents::kEnd;
  });
  agents_ = agents::make_agents();
  agents_->add({.name = kAgent,
                .input = schema_of<State>(),
                .graph = graph.share(),
                .begin = [](const Json& input, std::int64_t) { return input; },
                .end = [](const Json& state) { return *state.find("round"); },
                .tools = {"numbers.look"}});
}

AgentsUnderLoad::~AgentsUnderLoad() {
  if (models_ != nullptr) models_->account().stop();
  if (engine_) {
    engine_->pool->stop(std::chrono::seconds(5));
    engine_->pool.reset();
  }
  models_.reset();
  if (projections_ != nullptr) projections_->stop();
  projections_.reset();
  if (database_ != nullptr) database_->close();
  engine_.reset();
  log_.reset();
  database_.reset();
  std::filesystem::remove_all(directory_);
}

Task<bool> AgentsUnderLoad::run_one() {
  events::Envelope envelope;
  envelope.user_id = kUser;
  envelope.aggregate_id = Uuid::v7();
  envelope.aggregate_type = agents::kRunAggregate;
  const auto id = *envelope.aggregate_id;
  State begin{.round = 0, .text = text_of(0), .found = found_in(0)};
  std::string text;
  encode(text, begin);
  auto input = parse_json(text);
  auto event = types_.make(
      agents::kRunRequested,
      agents::RunRequested{id.to_string(), kAgent, std::move(*input), {"*"}, std::nullopt, false},
      std::move(envelope));
  SYNAP_CHECK(event.has_value(), event.error().message);
  const auto watching = agents_->feeds().watch(id);
  const auto& feed = watching.feed();
  events::Append append;
  append.events.push_back(std::move(*event));
  if (auto done = co_await log_->append(std::move(append)); !done) co_return false;
  // As whoever watches it does (features/agents/watching.cpp).
  agents::Feed::Place place;
  for (;;) {
    const auto seen = feed->changes().value();
    bool has_ended = false;
    for (const auto& entry : feed->read(place)) {
      has_ended = has_ended || entry.kind == agents::FeedEntry::Kind::kEnd;
    }
    if (has_ended) co_return co_await has_kept_all(id);
    co_await feed->changes().wait_past(seen);
  }
}

Task<bool> AgentsUnderLoad::has_kept_all(const Uuid& run) {
  auto kept = co_await agents::checkpoints_of(*database_, kUser, run, 0);
  if (!kept || kept->size() != static_cast<std::size_t>(kRounds) + 2) co_return false;
  for (std::size_t i = 0; i < kept->size(); ++i) {
    const auto& at = (*kept)[i];
    const auto number = static_cast<std::int64_t>(i);
    const auto round = std::max<std::int64_t>(0, number - 1);  // the first is that of kStart
    auto state = decode<State>(at.state);
    const bool is_whole = state && at.number == number && at.next.empty() == (round == kRounds) &&
                          state->round == round && state->text == text_of(round) &&
                          state->found == found_in(round);
    if (!is_whole) co_return false;
  }
  co_return true;
}

Task<bool> AgentsUnderLoad::run_some(std::atomic<int>& left) {
  while (left.fetch_sub(1, std::memory_order_relaxed) > 0) {
    if (!co_await run_one()) wrong_.fetch_add(1, std::memory_order_relaxed);
  }
  co_return true;
}

void AgentsUnderLoad::run(int count, int in_flight) {
  std::atomic<int> left{count};
  std::vector<Task<bool>> tasks;
  for (int i = 0; i < std::min(in_flight, count); ++i) tasks.push_back(run_some(left));
  sync_wait(executor_, when_all(std::move(tasks)));
  begun_ += count;
}

std::int64_t AgentsUnderLoad::wrong() {
  const auto expected = begun_ * kRounds;
  return wrong_ + std::abs(model_calls_ - expected) + std::abs(tool_calls_ - expected);
}

}  // namespace synap::bench
