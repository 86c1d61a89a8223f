// Function: something that runs when events happen: its name, what triggers it, how it is retried.
// What it does is the business of the workers; the bus only knows that it exists.
//
// FunctionSet: all functions at one time. It never changes; Functions replaces it by another when
// one is added, changed or taken away, also while the pod runs. Whoever works with a function holds
// it, and so the version that he began with.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/json.h"
#include "base/task.h"
#include "base/timer.h"
#include "bus/flow.h"
#include "bus/function_meter.h"
#include "cel/expression.h"
#include "cron/schedule.h"
#include "db/database.h"
#include "events/event.h"

namespace synap::bus {

struct Trigger {
  /// A type of event, exact ("note.creation.requested") or with a wildcard at the end, directly
  /// behind a '.' or '/' ("note.*"), which matches all that follows.
  std::string event;
  /// Over `event`: the function is only triggered where it is true.
  std::optional<cel::Expression> condition = std::nullopt;
};
bool matches(const Trigger& trigger, std::string_view event_type);

/// Full jitter around exponential growth: the n-th retry comes after
/// delay_ms * 2^n, at most delay_ms_max, times a random factor of 0.5 to 1.5.
struct RetryPolicy {
  int retries_max = 4;  // beside the first attempt
  std::int64_t delay_ms = 1'000;
  std::int64_t delay_ms_max = 3'600'000;
};
/// `retry` counts from 0, `random` is in [0, 1).
std::int64_t retry_delay_ms(const RetryPolicy& policy, int retry, double random);

struct Function {
  std::string id;  // "notes.create"; unique, kept for ever: runs are stored under it
  std::vector<Trigger> triggers;
  RetryPolicy retry;
  /// Runs for events of one aggregate go one after another in the order of the events, across all
  /// functions with this set; one that is retried holds those behind it up.
  bool in_aggregate_order = false;
  /// The user whose events trigger it, and nobody else's; nothing: it is the pod's own, and every
  /// user's do.
  std::optional<std::string> user_id;
  /// It is what carries out the requests that trigger it: when one of its runs is given up, the
  /// request has failed, and its `.failed` event is appended. Of all functions that a type triggers
  /// at most one is.
  bool fulfills = false;
  /// It runs in another process: its calls cannot end this one.
  bool is_remote = false;
  /// The app that it is a part of; empty: none.
  std::string app = {};
  /// It computes, rather than waits: its calls have a thread of their own.
  bool computes = false;
  /// Its calls wait for others: any of many nodes may make them. Otherwise the one that leads does.
  bool is_shared = false;
  /// Times at which it has a run, by the wall clock. Such a function has a user.
  struct Cron {
    std::string text;
    cron::Schedule schedule;
    std::int64_t jitter_ms = 0;  // at most so much later
  };
  std::vector<Cron> schedules = {};
  /// When its runs begin, and whether they do.
  Flow flow = {};
  /// Of the pod's own: the keys of flow.concurrency for an event, as JSON text, as its expressions
  /// would find them. They are asked where the run is made, so it need not be looked at before.
  /// Null: the expressions are asked, behind that.
  std::function<std::vector<std::string>(const events::Event&)> limit_keys = nullptr;
  /// An event as its expressions see it; nothing: event_view().
  std::function<Result<Json>(const events::Event&)> view = nullptr;
  /// Types of events that its runs may append, beside the `.failed` ones of what it fulfills.
  std::vector<std::string> appends = {};
  /// What is done where a run of it is cancelled or given up, in that transaction; gives what is
  /// appended there, before the events of that end.
  using LastWords = std::function<std::vector<events::NewEvent>(db::Tx& tx)>;
  /// Of the pod's own: asked before that transaction, with the event of this run, and why it ends.
  /// May give null: nothing is done. Null: it never is.
  std::function<Task<LastWords>(const events::Event& event, const Uuid& run, const Error& why)>
      last_words = nullptr;
  /// Set where it is put among others (Functions): the same for each version of it.
  std::shared_ptr<FunctionMeter> meter = nullptr;

  /// Whether an event that triggers it must be looked at before it has a run (workers/admission.h).
  bool needs_admission() const;
};

/// An event as expressions see it: as JSON (SynapEvent), with `name` and `ts` (Unix ms) beside
/// `type` and `timestamp`, as Inngest's events have them.
Result<Json> event_view(const events::Event& event);
/// As those of this function see it.
Result<Json> view_of(const Function& function, const events::Event& event);

using FunctionPtr = std::shared_ptr<const Function>;

/// Immutable; any thread.
class FunctionSet {
 public:
  FunctionPtr find(std::string_view id) const;
  /// The functions that one event of this type starts: each once, however many triggers match.
  std::vector<FunctionPtr> matching(std::string_view event_type) const;
  /// The first of those that have jobs of this user, the pod's own and his, by their ids, behind
  /// `id`; null: there is none.
  FunctionPtr next_of(const std::string& user_id, std::string_view id) const;
  /// In the order in which they were added.
  const std::vector<FunctionPtr>& all() const { return functions_; }
  /// Whether a function is triggered by the end of runs of this user that have completed.
  bool hears_ends(const std::string& user_id) const {
    return hears_all_ends_ || (!hearing_users_.empty() && hearing_users_.contains(user_id));
  }

 private:
  friend class Functions;
  void index();

  std::vector<FunctionPtr> functions_;
  // Indices of functions_: by their ids, and by each pattern of their triggers.
  std::unordered_map<std::string_view, std::size_t> by_id_;
  std::unordered_map<std::string_view, std::vector<std::size_t>> by_pattern_;
  // The pod's own, and those of each user: by their ids, in order.
  std::map<std::string_view, std::size_t> own_;
  std::unordered_map<std::string_view, std::map<std::string_view, std::size_t>> of_users_;
  bool hears_all_ends_ = false;  // one of the pod's own functions does
  std::unordered_set<std::string> hearing_users_;
};

/// Thread-safe.
class Functions {
 public:
  /// CHECKs that the id is new, that every trigger is well formed, and that no other function
  /// fulfills the requests it fulfills.
  FunctionPtr add(Function function);
  /// Puts `function` in the place of the one of its id, or adds it. Runs that were begun go on with
  /// the new one at their next call. CHECKs as add().
  FunctionPtr put(Function function);
  /// Many at once, which costs what one does; and those of `removed` are taken away.
  std::vector<FunctionPtr> put_all(std::vector<Function> functions,
                                   const std::vector<std::string>& removed = {});
  /// Nothing is triggered any more; what it was to do stays stored, and waits for its return.
  void remove(std::string_view id);

  std::shared_ptr<const FunctionSet> now() const;
  FunctionPtr find(std::string_view id) const { return now()->find(id); }
  /// Grows with each change.
  Watermark& changes() const { return changes_; }

  /// While it is paused, its runs are made, and whoever claims jobs passes over its own. Whoever
  /// ends a pause says so to those who claim (Queue::note_unclaimed). Also of one that is not
  /// there.
  void pause(const std::string& id);
  void resume(const std::string& id);
  bool is_paused(std::string_view id) const;

  /// What is counted of them, by the names under which it is shown.
  std::vector<std::pair<std::string, std::shared_ptr<const FunctionMeter>>> meters() const;
  /// That of this function alone; null: there is none, or it shares one with others.
  std::shared_ptr<const FunctionMeter> own_meter(std::string_view id) const;

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const FunctionSet> set_ = std::make_shared<FunctionSet>();
  FunctionMeters meters_;
  mutable Watermark changes_;
  std::int64_t change_count_ = 0;
  std::set<std::string, std::less<>> paused_;
  std::atomic<bool> has_paused_ = false;  // mostly not, and then nobody looks
};

}  // namespace synap::bus
