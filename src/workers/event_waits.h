// EventWaits: runs that wait for an event. A wait says the type, and, if it must, what stands at
// one place of the event ("data.orderId" is 7); an index leads from an event to the waits that it
// ends, however many there are.
//
// A wait can have a condition beside: it is evaluated for those that the index leads to. A run can
// also be cancelled by an event (bus::CancelOn): that is a wait of no step.
//
// Waits follow the log from a stored position. A wait knows the position at which it began: an
// event before that does not end it, however late it is looked at, and each one behind does. What
// an event ends is stored in slices, each in one transaction with the jobs that it wakes.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/task.h"
#include "base/timer.h"
#include "base/world.h"
#include "bus/job_store.h"
#include "db/database.h"
#include "events/log.h"
#include "workers/op.h"

namespace synap::workers {

/// What an expression over `event` and `async` waits for, where `event` is `view`: one equality of
/// a place in the event that comes with a value is what the index looks up, if there is one.
/// kPayloadTooLarge: with its values it is too long.
Result<EventWait> wait_for(std::string type, const cel::Expression& condition, const Json& view);

class EventWaits {
 public:
  static std::vector<db::Database::Migration> migrations();

  /// All must outlive it.
  EventWaits(db::Database& database, bus::JobStore& jobs, events::EventLog& log, World& world)
      : database_(database), jobs_(jobs), log_(log), world_(world) {}

  /// Within a transaction: the run of `job` waits, from the end of the log on.
  void begin(db::Tx& tx, const bus::Job& job, const StepHash& step, const EventWait& wait);
  /// Within a transaction: an event as `wait` says, the `index`-th of its function's cancel_on,
  /// ends the run of `job`, if it comes in time.
  void begin_cancel(db::Tx& tx, const bus::Job& job, int index, const EventWait& wait,
                    std::optional<std::chrono::milliseconds> timeout);
  /// Ends a run: it must outlive the waits.
  using Cancel = std::function<Task<Result<>>(std::string user_id, Uuid run_id)>;
  void on_cancel(Cancel cancel) { cancel_ = std::move(cancel); }
  /// An event as conditions of this function's runs see it; otherwise as bus::event_view says.
  using View = std::function<Result<Json>(std::string_view function, const events::Event& event)>;
  void view_by(View view) { view_ = std::move(view); }
  /// Within a transaction: it waits no more; nothing: for none of its steps.
  void end(db::Tx& tx, const Uuid& run_id, const std::optional<StepHash>& step);

  /// Who waits: its job (line, position and run id) and step.
  struct Waiter {
    bus::Job job;
    StepHash step{};
    bool is_cancel = false;
    std::string key;        // of its row: the step
    std::string condition;  // or empty
    std::string function;   // of its run, if there is a condition
    std::optional<std::int64_t> until = std::nullopt;
  };
  /// Within a transaction: one of those who wait for the same.
  std::optional<Waiter> first_for(db::Tx& tx, const std::string& user_id, const EventWait& wait);
  /// Whether some run of this user waits for facts about the ends of others, or did so since the
  /// start. Any thread.
  bool are_ends_waited_for(const std::string& user_id);
  /// The same, of one of many nodes that does not lead, and so does not know of waits.
  static bool are_ends_waited_for(db::Tx& tx, const std::string& user_id);

  /// Until all events that are recorded by now have been looked at, where the step waits for one:
  /// before its time is said to be over, so that none that came in time is passed over by a
  /// follower that is behind. kServiceUnavailable: that takes too long.
  Task<Result<>> catch_up(Uuid run_id, StepHash step);

  /// Reads which types are waited for. Before follow().
  Task<Result<>> load();
  /// Ends waits for what is appended, until `stop` is asked for.
  Task<void> follow(std::stop_token stop);

 private:
  // What stands at a place of an event, as the index has it.
  struct Found {
    std::string path;
    std::string value;
  };
  // What a page of the log is looked through for.
  struct Search {
    std::vector<std::string> types;  // in their order
    bool is_any = false;             // instead: of all types, as too many are waited for
    std::int64_t from = 0;
    std::int64_t types_seen = 0;
  };
  static Waiter waiter_of(db::Rows& rows);
  Search search();
  Task<Result<>> follow_page(Search search);
  Task<Result<>> match(const events::Event& event);
  // Up to some, behind `after`; true behind them: there may be more.
  struct Paths {
    std::vector<std::string> paths;
    bool is_all = true;
  };
  Paths paths_of(db::Tx& tx, const events::Event& event, const std::optional<std::string>& after);
  bool is_of_now(const Search& search);
  Task<Result<>> leave_waited_for(const Search& search, std::vector<events::EventRef>& events);
  Task<Result<>> end_all(const events::Event& event, const Found& found);
  using Views = std::map<std::string, Json, std::less<>>;  // by function
  bool is_ended(const Waiter& waiter, const events::Event& event, Views& views) const;
  std::vector<Waiter> waiters(db::Tx& tx, const events::Event& event, const Found& found,
                              const Waiter* after) const;
  Task<Result<>> end_some(const events::Event& event, const std::vector<Waiter>& ended);
  void insert(db::Tx& tx, const bus::Job& job, db::Blob step, const EventWait& wait,
              std::optional<std::int64_t> until);
  bool note(const std::string& type, const std::string& user_id, std::int64_t since);

  db::Database& database_;
  bus::JobStore& jobs_;
  events::EventLog& log_;
  World& world_;
  Cancel cancel_;
  View view_;

  std::mutex mutex_;
  std::set<std::string, std::less<>> types_;          // waited for, some time since the start
  bool is_any_ = false;                               // and others
  std::unordered_set<std::string> waiting_for_ends_;  // users, as types_
  std::int64_t looked_at_ = 0;                        // every event of these types up to here
  Watermark looks_;                                   // grows as looked_at_ is moved
  std::int64_t look_count_ = 0;
  std::int64_t types_seen_ = 0;        // grows with each type that is new
  std::int64_t stored_looked_at_ = 0;  // of follow()
  Watermark new_types_;
};

}  // namespace synap::workers
