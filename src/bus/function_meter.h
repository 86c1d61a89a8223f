// FunctionMeter: what is counted of one function's runs since the start. Whoever holds a job holds
// its function, and so the meter; versions of a function share one.
//
// Apps register functions, up to ten thousand of them, and each has some 70 lines of metrics. So
// the first 200 have meters of their own; all that come when there are so many share one, which is
// called "(others)". One that is taken away gives its place to a later one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/metrics.h"

namespace synap::bus {

/// Any thread.
struct FunctionMeter {
  // How attempts have ended.
  Counter completed;
  Counter retried;      // failed, and put away to be tried again
  Counter slept;        // put away until its time comes
  Counter given_up;     // dead letters
  Counter paused;       // put away because what it needs is out of order
  Counter unstored;     // the end could not be stored, so the attempt is made again
  Counter lost_leases;  // somebody else has the job by now, and says what becomes of it
  // How attempts at steps have ended.
  Counter steps_completed;
  Counter steps_retried;
  Counter steps_failed;                      // for good
  Histogram took = Histogram::of_latency();  // calls of the handler, their waits included
  Histogram start_delay = Histogram::of_delay();
  Histogram step_time = Histogram::of_work();  // of attempts that gave a result
};

/// Of all functions. One thread at a time; the meters themselves are for all.
class FunctionMeters {
 public:
  static constexpr std::size_t kOwnMax = 200;
  static constexpr std::string_view kOthers = "(others)";

  /// That of this function, for as long as somebody holds it.
  std::shared_ptr<FunctionMeter> of(const std::string& id);
  /// Those that are held, by the name under which each is shown.
  std::vector<std::pair<std::string, std::shared_ptr<const FunctionMeter>>> all() const;
  bool is_shared(const FunctionMeter* meter) const { return meter == others_.get(); }

 private:
  std::unordered_map<std::string, std::weak_ptr<FunctionMeter>> own_;
  std::shared_ptr<FunctionMeter> others_;  // null until there are so many
};

}  // namespace synap::bus
