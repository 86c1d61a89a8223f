// agents.enable, agents.disable: agents that begin by themselves, by events or by a schedule, where
// a user wants it. Each such user has a function of their own, so nobody else's events cost a look;
// what it does is to ask for a run of the agent.
#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "bus/function_events.h"
#include "events/trace.h"
#include "features/agents/running.h"
#include "features/procedures.h"
#include "workers/step.h"

namespace synap::features::agent_runs {
namespace {

using agents::Agent;
using api::Session;
using events::Event;
using workers::Outcome;
using workers::Step;

std::string function_of(std::string_view agent, std::string_view user_id) {
  return fmt::format("agents.{}:{}", agent, user_id);
}

struct Switch {
  bool is_on = false;
  std::string schedule;
  std::vector<std::string> scopes;
};

std::optional<Switch> read_switch(db::Tx& tx, std::string_view agent) {
  auto rows =
      tx.query("SELECT is_on, schedule, scopes FROM agent_switches WHERE agent = $1", agent);
  if (!rows.next()) return std::nullopt;
  Switch found{.is_on = rows.integer(0) != 0, .schedule = rows.text(1)};
  const auto scopes = parse_json(rows.view(2)).value_or(Json::array());
  for (const auto& one : scopes.as_array()) found.scopes.push_back(one.as_string());
  return found;
}

class BeginningHandler final : public workers::EventHandler {
 public:
  BeginningHandler(const Rooms& rooms, const Agent& agent) : rooms_(rooms), agent_(agent) {}
  std::string_view event_type() const override { return agent_.begins_by->event; }

  Task<Outcome> handle(const Event& event, Step& step) override {
    auto input = agent_.begins_by->input(event);
    if (!input) co_return Outcome::done();
    auto now = co_await rooms_.database.read_as(
        event.user_id, [&](db::Tx& tx) { return read_switch(tx, agent_.name); });
    if (!now) co_return Outcome::failed(now.error());
    if (!*now || !(*now)->is_on) co_return Outcome::done();
    auto place = co_await agents::place_behind(rooms_.log, event);
    if (!place) co_return Outcome::failed(place.error());
    if (!agent_.begins_by->hears_agents && !std::ranges::all_of(place->agents, passes_on())) {
      co_return Outcome::done();
    }
    if (place->key) place->key = rooms_.keys.key_behind(by_key(event.user_id, *place->key));
    auto requested = request_of(event, step, std::move(*input), (*now)->scopes, *place);
    if (!requested) co_return Outcome::failed_for_good(requested.error());
    co_return co_await step.finish("request", [&](db::Tx& tx) {
      agents::admit(tx, *place, rooms_.agents->chain_limits);
      if (tx.ok()) rooms_.log.append(tx, {.events = {*requested}});
    });
  }

 private:
  std::function<bool(const std::string& name)> passes_on() const {
    return [this](const std::string& name) {
      const auto* agent = rooms_.agents->find(name);
      return agent != nullptr && agent->passes_on;
    };
  }

  Result<events::NewEvent> request_of(const Event& event, const Step& step, Json input,
                                      std::vector<std::string> scopes,
                                      const agents::ChainPlace& place) const {
    const auto of = [&](std::string_view what) {
      return Uuid::derived(event.timestamp, fmt::format("agent {} {} of {}", agent_.name, what,
                                                        event.id.to_string()));
    };
    const auto id = of("run");
    events::Envelope envelope;
    envelope.user_id = event.user_id;
    envelope.source = events::Source::kAutomation;
    envelope.actor = events::Actor::run(step.run_id());
    envelope.aggregate_id = id;
    envelope.aggregate_type = agents::kRunAggregate;
    envelope.correlation_id = place.correlation;
    envelope.causation_id = event.id;
    envelope.request_id = of("request");
    events::set_trace_of_run(envelope, event, step.run_id());
    return rooms_.types.make(
        agents::kRunRequested,
        agents::RunRequested{id.to_string(), agent_.name, std::move(input), std::move(scopes),
                             std::nullopt,
                             // What has happened is stored text.
                             event.type != bus::kFunctionScheduled.name, place.key,
                             place.told_depth(), std::nullopt, place.told_first()},
        std::move(envelope));
  }

  const Rooms& rooms_;
  const Agent& agent_;
};

Result<bus::Function> made_function(const Agent& agent, const std::string& user_id,
                                    const std::string& timetable,
                                    const agents::ChainLimits& limits) {
  bus::Function function{.id = function_of(agent.name, user_id), .user_id = user_id};
  function.appends = {std::string(agents::kRunRequested.name)};
  if (!agent.begins_by->event.empty()) {
    function.triggers = {{agent.begins_by->event}};
    // Also of a chain whose links do not tell what they follow from, as programs outside may not.
    if (const auto most = limits.runs_per_hour_max; most > 0) {
      function.flow.throttle =
          bus::Throttle{.limit = most, .period = std::chrono::hours(1), .burst = 0};
    }
  }
  if (!timetable.empty()) {
    auto schedule = cron::Schedule::parse(timetable);
    if (!schedule) return fail(schedule.error());
    function.schedules.push_back({.text = timetable, .schedule = *schedule});
  }
  return function;
}

Result<workers::WorkerPool::Put> put_of(const Rooms& rooms, const Agent& agent,
                                        const std::string& user_id, const std::string& timetable) {
  auto function = made_function(agent, user_id, timetable, rooms.agents->chain_limits);
  if (!function) return fail(function.error());
  return workers::WorkerPool::Put{
      std::move(*function),
      rooms.workers.make_driver(std::make_unique<BeginningHandler>(rooms, agent))};
}

Result<> apply(const Rooms& rooms, const Agent& agent, const std::string& user_id,
               const Switch& now) {
  if (!now.is_on) {
    rooms.workers.remove(function_of(agent.name, user_id));
    return {};
  }
  auto put = put_of(rooms, agent, user_id, now.schedule);
  if (!put) return fail(put.error());
  rooms.workers.put(std::move(put->function), std::move(put->driver));
  return {};
}

// What the last switch says, whoever was last to turn it: so two at once end as the log does.
Task<Result<>> apply_newest(const Rooms& rooms, const Agent& agent, std::string user_id) {
  for (;;) {
    const auto read = [&](db::Tx& tx) { return read_switch(tx, agent.name); };
    auto before = co_await rooms.database.read_as(user_id, read);
    if (!before) co_return fail(before.error());
    const auto now = before->value_or(Switch{});
    if (auto applied = apply(rooms, agent, user_id, now); !applied) co_return applied;
    auto after = co_await rooms.database.read_as(user_id, read);
    if (!after) co_return fail(after.error());
    const auto then = after->value_or(Switch{});
    if (then.is_on == now.is_on && then.schedule == now.schedule) co_return Result<>{};
  }
}

struct Enable {
  std::string agent;
  std::optional<std::string> schedule;
};
const ObjectSchema<Enable>& describe(Type<Enable>) {
  static const auto schema =
      object<Enable>("EnableAgent")
          .field("agent", &Enable::agent, string().min(1).max(64))
          .field("schedule", &Enable::schedule, string().min(1).max(cron::kExpressionBytesMax),
                 "Of one that begins by a schedule: another cron expression than its own, as "
                 "\"TZ=Europe/Berlin 0 7 * * *\".");
  return schema;
}

struct Disable {
  std::string agent;
};
const ObjectSchema<Disable>& describe(Type<Disable>) {
  static const auto schema =
      object<Disable>("DisableAgent").field("agent", &Disable::agent, string().min(1).max(64));
  return schema;
}

struct Turned {
  std::string status = "completed";
  std::string agent;
  bool is_on = false;
  std::optional<std::string> schedule;
};
const ObjectSchema<Turned>& describe(Type<Turned>) {
  static const auto schema = object<Turned>("SwitchedAgent")
                                 .field("status", &Turned::status, one_of({"completed"}))
                                 .field("agent", &Turned::agent)
                                 .field("on", &Turned::is_on)
                                 .field("schedule", &Turned::schedule, string());
  return schema;
}

Result<const Agent*> beginner(const Rooms& rooms, const std::string& name) {
  const auto* agent = rooms.agents->find(name);
  if (agent != nullptr && agent->begins_by) return agent;
  std::string names;
  for (const auto* one : rooms.agents->all()) {
    if (one->begins_by) names += (names.empty() ? "" : ", ") + one->name;
  }
  return fail(
      Code::kNotFound,
      fmt::format("There is no agent \"{}\" that begins by itself. These do: {}", name, names));
}

Task<Result<Turned>> turn(const Rooms& rooms, const Session& session, const Agent& agent,
                          agents::Switched now) {
  const auto id =
      Uuid::derived(0, fmt::format("agent switch\n{}\n{}", session.user_id(), agent.name));
  Turned turned{.agent = agent.name, .is_on = now.is_on, .schedule = now.schedule};
  auto event = rooms.types.make(agents::kSwitched, std::move(now),
                                requested_by(session, rooms.types.world().new_id(), id,
                                             std::string(agents::kSwitchAggregate)));
  if (!event) co_return fail(event.error());
  events::Append append;
  append.events.push_back(std::move(*event));
  auto appended = co_await rooms.log.append(std::move(append));
  if (!appended) co_return fail(appended.error());
  auto applied = co_await apply_newest(rooms, agent, session.user_id());
  if (!applied) co_return fail(applied.error());
  co_return turned;
}

Task<Result<Turned>> enable(const Rooms& rooms, Session session, Enable input) {
  auto agent = beginner(rooms, input.agent);
  if (!agent) co_return fail(agent.error());
  if (!rooms.has_own_bus) {
    co_return fail(Code::kPreconditionFailed,
                   fmt::format("{} would not begin by itself: the pod's bus is an Inngest server, "
                               "which has no runs of agents begin. agents.start is there",
                               input.agent));
  }
  const auto& own = (*agent)->begins_by->schedule;
  if (input.schedule && own.empty()) {
    co_return fail(Code::kBadRequest,
                   fmt::format("schedule: {} begins by events, not by a schedule", input.agent));
  }
  agents::Switched now{
      .agent = input.agent, .is_on = true, .scopes = session.actor->scopes.names()};
  if (!own.empty()) now.schedule = input.schedule.value_or(own);
  if (now.schedule) {
    if (auto read = cron::Schedule::parse(*now.schedule); !read) co_return fail(read.error());
  }
  co_return co_await turn(rooms, session, **agent, std::move(now));
}

Task<Result<Turned>> disable(const Rooms& rooms, Session session, Disable input) {
  auto agent = beginner(rooms, input.agent);
  if (!agent) co_return fail(agent.error());
  co_return co_await turn(rooms, session, **agent, {.agent = input.agent});
}

}  // namespace

void add_beginnings(const Rooms& rooms) {
  const rpc::ErrorMeta no_such{Code::kNotFound, "There is no such agent that begins by itself."};
  const std::vector<std::string> appends = {std::string(agents::kSwitched.name)};
  add_mutation(rooms, "agents.enable",
               {.summary = "Have an agent begin by itself: by your events, or by a schedule.",
                .docs = "agents.list says by which. Its runs may do what the key may with which it "
                        "is enabled.",
                .effects = rpc::Effects::kIdempotent,
                .errors = {no_such,
                           {Code::kPreconditionFailed,
                            "An Inngest server is the pod's bus: no agent begins by itself."}},
                .examples = {{R"({"agent":"enrich"})", ""}},
                .appends = appends},
               enable);
  add_mutation(rooms, "agents.disable",
               {.summary = "Have an agent begin by itself no more.",
                .effects = rpc::Effects::kIdempotent,
                .errors = {no_such},
                .appends = appends},
               disable);
}

namespace {

struct SwitchOfUser {
  std::string user_id;
  std::string agent;
  bool is_on = false;
  std::string schedule;
  bool operator==(const SwitchOfUser&) const = default;
};

Task<Result<std::vector<SwitchOfUser>>> read_switches(const Rooms& rooms) {
  co_return co_await rooms.database.read([](db::Tx& tx) {
    std::vector<SwitchOfUser> found;
    auto rows = tx.query(
        "SELECT user_id, agent, is_on, schedule FROM agent_switches_data ORDER BY user_id, agent");
    while (rows.next()) {
      found.push_back({rows.text(0), rows.text(1), rows.integer(2) != 0, rows.text(3)});
    }
    return found;
  });
}

Result<> apply_all(const Rooms& rooms, const std::vector<SwitchOfUser>& switches) {
  std::vector<workers::WorkerPool::Put> on;
  std::vector<std::string> off;
  for (const auto& one : switches) {
    const auto* agent = rooms.agents->find(one.agent);
    // One that is gone since, or begins by itself no more, stays in the log.
    if (agent == nullptr || !agent->begins_by) continue;
    if (!one.is_on) {
      off.push_back(function_of(one.agent, one.user_id));
      continue;
    }
    auto put = put_of(rooms, *agent, one.user_id, one.schedule);
    if (!put) return fail(put.error());
    on.push_back(std::move(*put));
  }
  rooms.workers.put_all(std::move(on), off);
  return {};
}

}  // namespace

Result<> load_beginnings(const Rooms& rooms) {
  auto& executor = rooms.workers.executor();
  auto now = sync_wait(executor, read_switches(rooms));
  const auto on = now ? std::ranges::count(*now, true, &SwitchOfUser::is_on) : 0;
  if (on > 0 && !rooms.has_own_bus) {
    write_log(LogLevel::kWarn, "agents",
              "the bus is an Inngest server: {agents} agents that users have enabled do not begin "
              "by themselves meanwhile",
              {{"agents", std::to_string(on)}});
  }
  // As apply_newest: one that is turned meanwhile, here or at another node, is not turned back.
  for (;;) {
    if (!now) return fail(now.error());
    if (auto applied = apply_all(rooms, *now); !applied) return applied;
    auto then = sync_wait(executor, read_switches(rooms));
    if (then && *then == *now) return {};
    now = std::move(then);
  }
}

Task<Result<>> hear_beginning(const Rooms& rooms, const events::Event& event) {
  auto data = events::data_of(event, agents::kSwitched);
  if (!data) co_return fail(data.error());
  const auto* agent = rooms.agents->find((*data)->agent);
  if (agent == nullptr || !agent->begins_by) co_return Result<>{};
  co_return co_await apply_newest(rooms, *agent, event.user_id);
}

}  // namespace synap::features::agent_runs
