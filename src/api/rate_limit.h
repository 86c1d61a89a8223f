// RateLimit: how many calls a second one user may make, by whichever of their keys.
//
// A user who was idle may make one second's worth of calls at once, and from then on as many as
// the rate gives back (the generic cell rate algorithm: one time per user is all that is kept).
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace synap::api {

class RateLimit {
 public:
  using Clock = std::chrono::steady_clock;

  /// What is kept of one user. Any thread may use it.
  class Account {
    friend class RateLimit;
    std::atomic<Clock::rep> paid_until_{0};
  };

  /// 0: no limit.
  explicit RateLimit(int calls_per_second) : calls_per_second_(calls_per_second) {}

  bool is_on() const { return calls_per_second_ > 0; }
  int calls_per_second() const { return calls_per_second_; }
  /// True: the call may be made, and is counted.
  bool take(Account& account, Clock::time_point now) const;

 private:
  int calls_per_second_;
};

}  // namespace synap::api
