// Function: something that runs when events happen: its name, what triggers it, how it is retried.
// What it does is the business of the workers; the bus only knows that it exists.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace synap::bus {

struct Trigger {
  /// A type of event, exact ("note.creation.requested") or with a wildcard at the end, directly
  /// behind a '.' or '/' ("note.*"), which matches all that follows.
  std::string event;
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
  /// Types of events that its runs may append, beside the `.failed` ones of what it fulfills.
  std::vector<std::string> appends = {};
};

/// All functions of the pod. Filled at the start, then only read.
class Functions {
 public:
  /// CHECKs that the id is new and that every trigger is well formed.
  const Function& add(Function function);
  const Function* find(std::string_view id) const;
  /// The functions that one event of this type starts: each once, however many triggers match.
  std::vector<const Function*> matching(std::string_view event_type) const;
  const std::vector<std::unique_ptr<Function>>& all() const { return functions_; }

 private:
  std::vector<std::unique_ptr<Function>> functions_;
};

}  // namespace synap::bus
