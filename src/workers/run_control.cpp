#include "workers/run_control.h"

#include <fmt/format.h>

#include "bus/function_name.h"
#include "events/reason.h"
#include "events/trace.h"
#include "workers/pending_steps.h"

namespace synap::workers {
namespace {

constexpr std::string_view kTables = R"(
CREATE TABLE function_pauses(
  function TEXT PRIMARY KEY,
  user_id TEXT NOT NULL,
  since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)";

// Runs that are looked through for one of a function that is gone: some 10 ms.
constexpr std::int64_t kWalkedMax = 10'000;

// Nobody's step: of a run that a person asked for.
std::string no_step() {
  return std::string(40, '0');
}

}  // namespace

std::vector<db::Database::Migration> RunControl::migrations() {
  return {{"function_pauses.1", kTables}};
}

Task<Result<>> RunControl::load() {
  auto read = co_await rooms_.database.read([](db::Tx& tx) {
    std::map<std::string, Pause, std::less<>> pauses;
    auto rows = tx.query("SELECT function, user_id, since FROM function_pauses");
    while (rows.next()) pauses[rows.text(0)] = {rows.integer(2), rows.text(1)};
    return pauses;
  });
  if (!read) co_return fail(read.error());
  for (const auto& [id, pause] : *read) rooms_.functions.pause(id);
  std::lock_guard lock(mutex_);
  for (const auto& [id, pause] : pauses_) {
    if (!read->contains(id)) rooms_.functions.resume(id);
  }
  pauses_ = std::move(*read);
  co_return Result<>{};
}

Result<bus::FunctionPtr> RunControl::function_of(const Person& who, std::string_view name) const {
  return bus::function_meant(*rooms_.functions.now(), who.user_id, name);
}

Task<Result<std::string>> RunControl::id_meant(std::string user_id, std::string name) const {
  auto function = bus::function_meant(*rooms_.functions.now(), user_id, name);
  if (function) co_return (*function)->id;
  if (function.error().code != Code::kNotFound) co_return fail(function.error());
  if (name == bus::function_id(bus::name_of_function(name), user_id)) co_return name;
  const auto own = bus::function_id(name, user_id);
  auto gone = co_await rooms_.database.read([&](db::Tx& tx) {
    for (const char* which : {"", "AND status = 'failed' "}) {
      auto rows = tx.query(std::string("SELECT function FROM runs_data WHERE user_id = $1 ") +
                               which + "ORDER BY id DESC LIMIT $2",
                           user_id, kWalkedMax);
      while (rows.next()) {
        if (rows.view(0) == name || rows.view(0) == own) return rows.text(0);
      }
    }
    return std::string();
  });
  if (!gone) co_return fail(gone.error());
  if (gone->empty()) co_return fail(function.error());
  co_return *gone;
}

Result<> RunControl::check_may_pause(const Person& who, const bus::Function& function) const {
  if (function.user_id || who.is_owner) return {};
  return fail(Code::kForbidden, "It is the pod's own: only an owner pauses it");
}

events::Envelope RunControl::envelope_of(const Person& who) const {
  events::Envelope envelope;
  envelope.user_id = who.user_id;
  envelope.source = who.source;
  envelope.actor = who.actor;
  if (who.cause != nullptr) events::set_cause(envelope, *who.cause);
  events::set_reason(envelope, who.reason);
  events::set_trace(envelope, who.trace);
  return envelope;
}

Result<events::NewEvent> RunControl::act(const Person& who,
                                         const events::EventType<bus::RunAct>& type,
                                         bus::RunAct data) const {
  return rooms_.types.make(type, std::move(data), envelope_of(who));
}

std::optional<Pause> RunControl::paused(std::string_view function_id) const {
  std::lock_guard lock(mutex_);
  const auto found = pauses_.find(function_id);
  return found != pauses_.end() ? std::optional(found->second) : std::nullopt;
}

Task<Result<RunControl::PauseChange>> RunControl::pause(Person who, std::string name) {
  auto function = function_of(who, name);
  if (!function) co_return fail(function.error());
  if (auto may = check_may_pause(who, **function); !may) co_return fail(may.error());
  const auto& function_id = (*function)->id;
  auto event =
      rooms_.types.make(bus::kFunctionPaused, bus::FunctionAct{function_id}, envelope_of(who));
  if (!event) co_return fail(event.error());
  const Pause pause{rooms_.world.unix_ms(), who.user_id};
  auto paused = co_await rooms_.database.write([&](db::Tx& tx) {
    const std::int64_t added = tx.run(
        "INSERT INTO function_pauses(function, user_id, since) VALUES ($1, $2, $3) "
        "ON CONFLICT DO NOTHING",
        function_id, pause.user_id, pause.since);
    if (added == 0) return false;
    rooms_.log.append(tx, {.events = {*event}});
    tx.on_commit([this, function_id, pause] {
      rooms_.functions.pause(function_id);
      std::lock_guard lock(mutex_);
      pauses_[function_id] = pause;
    });
    return true;
  });
  if (!paused) co_return fail(paused.error());
  co_return PauseChange{function_id, *paused};
}

Task<Result<RunControl::PauseChange>> RunControl::resume(Person who, std::string name) {
  auto function_id = name;
  if (auto function = function_of(who, name)) {
    if (auto may = check_may_pause(who, **function); !may) co_return fail(may.error());
    function_id = (*function)->id;
  } else {
    // Also of an app that is gone meanwhile, by who has paused it.
    if (!paused(function_id)) function_id = bus::function_id(name, who.user_id);
    const auto pause = paused(function_id);
    if (!pause || pause->user_id != who.user_id) co_return fail(function.error());
  }
  auto event =
      rooms_.types.make(bus::kFunctionResumed, bus::FunctionAct{function_id}, envelope_of(who));
  if (!event) co_return fail(event.error());
  auto ended = co_await rooms_.database.write([&](db::Tx& tx) {
    if (tx.run("DELETE FROM function_pauses WHERE function = $1", function_id) == 0) return false;
    rooms_.log.append(tx, {.events = {*event}});
    tx.on_commit([this, function_id] {
      rooms_.functions.resume(function_id);
      std::lock_guard lock(mutex_);
      pauses_.erase(function_id);
    });
    return true;
  });
  if (!ended) co_return fail(ended.error());
  // Behind the commit: whoever claims now sees that it is not paused. Also where it was not: the
  // one before may have got no further than to there.
  auto noted = co_await rooms_.database.write(
      db::Lane::kBackground, [this](db::Tx& tx) { rooms_.jobs.note_ready_users(tx); });
  if (!noted) co_return fail(noted.error());
  co_return PauseChange{function_id, *ended};
}

Task<Result<std::vector<bus::Queue::Load>>> RunControl::loads(std::string user_id,
                                                              std::vector<std::string> function_ids,
                                                              std::int64_t most) const {
  co_return co_await rooms_.database.read([&](db::Tx& tx) {
    std::vector<bus::Queue::Load> loads;
    for (const auto& id : function_ids) {
      auto& load = loads.emplace_back(rooms_.queue.load_of(id, user_id));
      if (!tx.is_out_of_time()) load.waiting += rooms_.jobs.ready_count(tx, user_id, id, most);
    }
    return loads;
  });
}

Task<Result<RunControl::Invoked>> RunControl::invoke(Person who, std::string name, Json data) {
  auto function = function_of(who, name);
  if (!function) co_return fail(function.error());
  co_return co_await invoke_with(std::move(who), std::move(*function), std::move(data),
                                 R"({"kind":"invoke"})", [](db::Tx&) {});
}

// As a step of a run would ask for it, but that no run waits for what comes of it.
Task<Result<RunControl::Invoked>> RunControl::invoke_with(Person who, bus::FunctionPtr function,
                                                          Json data, std::string origin,
                                                          std::function<void(db::Tx&)> with) {
  if (function->fulfills) {
    co_return fail(
        Code::kBadRequest,
        fmt::format("{} carries out requests: call the procedure that makes them", function->id));
  }
  bus::Invocation asked{function->id, std::move(data), Uuid{}.to_string(), no_step()};
  auto event = rooms_.types.make(bus::kFunctionInvoked, std::move(asked), envelope_of(who));
  if (!event) co_return fail(event.error());
  co_return co_await rooms_.database.write([&](db::Tx& tx) {
    Invoked invoked;
    const auto appended = rooms_.log.append(tx, {.events = {*event}});
    if (!tx.ok()) return invoked;
    const auto& recorded = *appended.events.front();
    invoked = {recorded.id, recorded.position,
               rooms_.dispatcher.start(tx, function, recorded, origin)};
    with(tx);
    return invoked;
  });
}

// A run of the user's, as its row has it.
struct RunControl::Found {
  std::string function;
  std::string status;
  std::int64_t position = 0;
};

Task<Result<std::optional<RunControl::Found>>> RunControl::find(const Person& who,
                                                                Uuid run_id) const {
  co_return co_await rooms_.database.read([&](db::Tx& tx) -> std::optional<Found> {
    auto rows = tx.query(
        "SELECT function, status, event_position FROM runs_data WHERE id = $1 AND user_id = $2",
        run_id, who.user_id);
    if (!rows.next()) return std::nullopt;
    return Found{rows.text(0), rows.text(1), rows.integer(2)};
  });
}

Task<Result<Uuid>> RunControl::rerun(Person who, Uuid run_id, Rerun how) {
  auto found = co_await find(who, run_id);
  if (!found) co_return fail(found.error());
  if (!*found) co_return fail(Code::kNotFound, "There is no such run");
  auto function = rooms_.functions.find((*found)->function);
  if (function == nullptr) co_return fail(Code::kConflict, "The function of this run is gone");
  if (function->fulfills) {
    co_return fail(Code::kConflict,
                   "Its function carries out requests, each once: runs.retry tries it again if it "
                   "has failed");
  }
  if (how.input && !function->is_remote) {
    co_return fail(Code::kBadRequest,
                   "Steps of the pod's own functions are given nothing that could be edited");
  }
  if (how.input && !how.from_step) {
    co_return fail(Code::kBadRequest, "An input is that of a step: say which, with fromStep");
  }
  std::optional<std::int64_t> place;
  std::string step_name;
  if (how.from_step) {
    auto step = co_await rooms_.database.read([&](db::Tx& tx) -> std::optional<std::int64_t> {
      auto rows = tx.query("SELECT place, name FROM run_steps_data WHERE run = $1 AND hash = $2",
                           run_id, blob_of(*how.from_step));
      if (!rows.next()) return std::nullopt;
      step_name = rows.text(1);
      return rows.integer(0);
    });
    if (!step) co_return fail(step.error());
    if (!*step) co_return fail(Code::kNotFound, "The run has not done such a step");
    place = *step;
  }
  auto event = co_await rooms_.log.at((*found)->position);
  if (!event) co_return fail(event.error());
  const auto new_id = rooms_.world.new_id();
  bus::RunAct did{function->id, new_id.to_string(), run_id.to_string(), std::nullopt};
  Json origin = Json::object({{"kind", "rerun"}, {"runId", run_id.to_string()}});
  if (how.from_step) {
    did.from_step = step_name;
    origin.set("fromStep", step_name);
  }
  if (how.input) origin.set("edited", true);
  auto told = act(who, bus::kRunRerun, std::move(did));
  if (!told) co_return fail(told.error());
  const auto with = [&](db::Tx& tx) {
    tx.run(
        "INSERT INTO run_events_data(run, place, position) SELECT $2, place, position FROM "
        "run_events_data WHERE run = $1",
        run_id, new_id);
    if (place) {
      tx.run(
          "INSERT INTO run_steps_data(run, hash, place, name, op, memo, stored_at, started_at, "
          "ended_at, input) SELECT $2, hash, place, name, op, memo, stored_at, started_at, "
          "ended_at, input FROM run_steps_data WHERE run = $1 AND place < $3",
          run_id, new_id, *place);
    }
    if (how.input) {
      tx.run(
          "INSERT INTO pending_steps_data(run, hash, name, op, attempts, due_at, begun_at, input) "
          "VALUES ($1, $2, $3, $4, 0, 0, $5, $6)",
          new_id, blob_of(*how.from_step), step_name, op_name(OpCode::kStepError),
          rooms_.world.unix_ms(), *how.input);
    }
    rooms_.log.append(tx, {.events = {*told}});
  };
  auto begun = co_await rooms_.maker.begin_by_hand(
      {.function = function, .event = *event, .run_id = new_id, .origin = origin.dump()}, with);
  if (!begun) co_return fail(begun.error());
  co_return new_id;
}

// kConflict: the function is gone.
Task<Result<Judged>> RunControl::judge_again(const std::string& function_id,
                                             std::int64_t position) const {
  auto function = rooms_.functions.find(function_id);
  if (function == nullptr) co_return fail(Code::kConflict, "The function of this run is gone");
  auto event = co_await rooms_.log.at(position);
  if (!event) co_return fail(event.error());
  co_return rooms_.maker.judge_again(std::move(function), std::move(*event));
}

Task<Result<>> RunControl::retry(Person who, Uuid run_id) {
  auto found = co_await find(who, run_id);
  if (!found) co_return fail(found.error());
  if (!*found) co_return fail(Code::kNotFound, "There is no such run");
  const auto& function_id = (*found)->function;
  auto told = act(who, bus::kRunRetried, {function_id, run_id.to_string()});
  if (!told) co_return fail(told.error());
  if ((*found)->status == "failed") {
    const auto judged = co_await judge_again(function_id, (*found)->position);
    if (!judged) co_return fail(judged.error());
    auto done = co_await rooms_.database.write([&](db::Tx& tx) {
      if (auto revived = rooms_.maker.revive(tx, *judged, run_id); !revived) {
        return tx.abort(revived.error());
      }
      rooms_.log.append(tx, {.events = {*told}});
    });
    if (!done) co_return done;
  } else {
    auto hurried = co_await rooms_.runs.hurry(
        who.user_id, run_id, [&](db::Tx& tx) { rooms_.log.append(tx, {.events = {*told}}); });
    if (!hurried) co_return fail(hurried.error());
  }
  // Whoever asks for it thinks that what it needs is there again.
  rooms_.queue.probe(function_id);
  co_return Result<>{};
}

Task<Result<>> RunControl::retry_dead(Person who, Uuid run_id) {
  auto found = co_await find(who, run_id);
  if (!found) co_return fail(found.error());
  if (*found && (*found)->status != "failed") {
    co_return fail(Code::kConflict, "The run is no dead letter");
  }
  co_return co_await retry(std::move(who), run_id);
}

Task<Result<>> RunControl::discard(Person who, Uuid run_id) {
  auto found = co_await find(who, run_id);
  if (!found) co_return fail(found.error());
  if (!*found) co_return fail(Code::kNotFound, "There is no such run");
  auto told = act(who, bus::kRunDiscarded, {(*found)->function, run_id.to_string()});
  if (!told) co_return fail(told.error());
  co_return co_await rooms_.database.write([&](db::Tx& tx) {
    if (!RunStore::discard(tx, who.user_id, run_id)) {
      return tx.abort({Code::kConflict, "The run is no dead letter", nullptr});
    }
    rooms_.log.append(tx, {.events = {*told}});
  });
}

Task<Result<RunControl::Invoked>> RunControl::replace(Person who, Uuid run_id, Json data) {
  auto found = co_await find(who, run_id);
  if (!found) co_return fail(found.error());
  if (!*found) co_return fail(Code::kNotFound, "There is no such run");
  auto function = rooms_.functions.find((*found)->function);
  if (function == nullptr) co_return fail(Code::kConflict, "The function of this run is gone");
  if (!function->is_remote) {
    co_return fail(Code::kBadRequest,
                   "The pod's own functions take what their events say: nothing can be edited");
  }
  auto told = act(who, bus::kRunDiscarded, {(*found)->function, run_id.to_string()});
  if (!told) co_return fail(told.error());
  const auto origin =
      Json::object({{"kind", "rerun"}, {"runId", run_id.to_string()}, {"edited", true}}).dump();
  co_return co_await invoke_with(who, function, std::move(data), origin, [&](db::Tx& tx) {
    if (!RunStore::discard(tx, who.user_id, run_id)) {
      return tx.abort({Code::kConflict, "The run is no dead letter", nullptr});
    }
    rooms_.log.append(tx, {.events = {*told}});
  });
}

}  // namespace synap::workers
