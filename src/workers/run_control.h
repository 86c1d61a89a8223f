// RunControl: what people ask of functions and runs: to pause a function, to have it run by hand,
// to do a run again, to try dead letters again or to put them away. Who did it is an event, in the
// transaction in which it happens.
//
// A pause is kept in a table, and holds over restarts. Runs of a paused function are made as ever;
// they wait where jobs do that nobody has claimed.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/task.h"
#include "base/world.h"
#include "bus/function_events.h"
#include "bus/queue.h"
#include "db/database.h"
#include "events/log.h"
#include "events/types.h"
#include "workers/run_maker.h"
#include "workers/run_store.h"

namespace synap::workers {

/// Who asks.
struct Person {
  std::string user_id;
  std::optional<events::Actor> actor;
  events::Source source = events::Source::kApi;
  bool is_owner = false;    // of the pod
  TraceContext trace = {};  // in which he asks for something
  /// Because of which he asks; null: of none.
  events::EventRef cause = nullptr;
  std::string reason = {};  // in his words; empty: he gave none
};

/// A function that a person has paused.
struct Pause {
  std::int64_t since = 0;  // Unix ms
  std::string user_id;     // who
};

/// Dead letters: those for which all that is said is true.
struct DeadLetters {
  std::optional<std::string> function;
  std::optional<std::string> name;     // of the error
  std::optional<std::string> message;  // of it, the whole
  std::optional<std::int64_t> from;    // when the run was queued, Unix ms
  std::optional<std::int64_t> to;
  /// Only runs with smaller ids; where the page before ended.
  std::optional<Uuid> before;
  std::int64_t limit = 1'000;
};

class RunControl {
 public:
  static std::vector<db::Database::Migration> migrations();

  /// All must outlive it.
  struct Rooms {
    db::Database& database;
    events::EventLog& log;
    const events::EventTypes& types;
    bus::Functions& functions;
    bus::Queue& queue;
    bus::JobStore& jobs;
    bus::Dispatcher& dispatcher;
    RunStore& runs;
    RunMaker& maker;
    World& world;
  };
  explicit RunControl(Rooms rooms) : rooms_(rooms) {}

  /// Pauses what is paused in the table, and nothing else: before jobs are taken over, and when
  /// another node has paused or resumed something.
  Task<Result<>> load();

  // Whoever names a function names it as bus::function_meant() has it, with its errors.

  struct PauseChange {
    std::string function_id;
    bool has_changed = false;  // it was not so before
  };
  /// kForbidden: it is the pod's own, and he is no owner.
  Task<Result<PauseChange>> pause(Person who, std::string name);
  Task<Result<PauseChange>> resume(Person who, std::string name);
  std::optional<Pause> paused(std::string_view function_id) const;

  /// The id of the function that a user means, for what is filtered by it: also of one that is gone
  /// meanwhile, if it is whole or there are runs of it among the user's newest.
  Task<Result<std::string>> id_meant(std::string user_id, std::string name) const;

  /// Of these functions, for the user: how many runs wait for their turn (of those on disk `most`
  /// at most), and how many calls are under way.
  Task<Result<std::vector<bus::Queue::Load>>> loads(std::string user_id,
                                                    std::vector<std::string> function_ids,
                                                    std::int64_t most) const;

  struct Invoked {
    Uuid event_id;
    std::int64_t position = 0;
    std::optional<Uuid> run_id;  // nothing: the function's limits say when it has one
  };
  /// A run of the function, which is handed `data`. kNotFound; kBadRequest: it carries out
  /// requests.
  Task<Result<Invoked>> invoke(Person who, std::string name, Json data);

  struct Rerun {
    /// Of a step: what was done before it is taken over, and it is done again.
    std::optional<StepHash> from_step = std::nullopt;
    /// What that step is given instead of what it was: JSON text.
    std::optional<std::string> input = std::nullopt;
  };
  /// A new run for the events of this one. Its id. kNotFound: the user has no such run, or it no
  /// such step; kConflict: its function is gone, or carries out requests; kBadRequest: its steps
  /// are given nothing.
  Task<Result<Uuid>> rerun(Person who, Uuid run_id, Rerun how);

  /// A dead letter is tried again (RunMaker::revive); what waits for its next attempt, or sleeps,
  /// goes on at once (RunStore::hurry). kNotFound; kConflict, with what is in its way.
  Task<Result<>> retry(Person who, Uuid run_id);
  /// The same, of a dead letter alone. kConflict: it is none, or its function is gone.
  Task<Result<>> retry_dead(Person who, Uuid run_id);
  /// kNotFound, kConflict: it is no dead letter.
  Task<Result<>> discard(Person who, Uuid run_id);

  struct Swept {
    std::int64_t done = 0;
    // Their functions are gone, or have a run that is to be the only one.
    std::int64_t passed_over = 0;
    std::optional<Uuid> next_before;  // nothing: there were no more
  };
  enum class Fate : std::uint8_t { kRetry, kDiscard };
  /// The dead letters of a user, the newest first, each with its event, so many in one transaction.
  /// At most `limit` of them, and so many are looked at: then the answer says where to go on.
  Task<Result<Swept>> sweep(Person who, DeadLetters which, Fate fate);
  /// A dead letter is put away, and its function invoked with `data` instead. kBadRequest: the
  /// function is not one that can be.
  Task<Result<Invoked>> replace(Person who, Uuid run_id, Json data);

 private:
  struct Found;
  Result<bus::FunctionPtr> function_of(const Person& who, std::string_view name) const;
  Result<> check_may_pause(const Person& who, const bus::Function& function) const;
  events::Envelope envelope_of(const Person& who) const;
  Result<events::NewEvent> act(const Person& who, const events::EventType<bus::RunAct>& type,
                               bus::RunAct data) const;
  Task<Result<Judged>> judge_again(const std::string& function, std::int64_t position) const;
  Task<Result<std::optional<Found>>> find(const Person& who, Uuid run_id) const;
  Task<Result<Invoked>> invoke_with(Person who, bus::FunctionPtr function, Json data,
                                    std::string origin, std::function<void(db::Tx&)> with);

  const Rooms rooms_;
  mutable std::mutex mutex_;
  std::map<std::string, Pause, std::less<>> pauses_;
};

}  // namespace synap::workers
