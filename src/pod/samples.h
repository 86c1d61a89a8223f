// Sampler: the last hour of a pod's curves, so that whoever looks sees what was and not only what
// is.
//
// A sample says what was done in the ten seconds before it, as rates and means, and how much there
// was at its end. They are taken by a coroutine that sleeps at the World's timers, are kept in a
// ring in memory, and end with the process: /metrics is for those who keep them.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

#include "base/task.h"
#include "base/world.h"
#include "pod/measures.h"

namespace synap::pod {

/// What is counted and what there is, at one moment. Counts grow from the start of the process on.
struct Reading {
  std::int64_t events = 0;  // the position of the newest
  std::int64_t calls = 0;   // that have ended
  std::int64_t commits = 0;
  std::chrono::nanoseconds commit_time{};  // of all commits together
  std::int64_t syncs = 0;
  std::chrono::nanoseconds sync_time{};
  std::int64_t resident_bytes = 0;
  std::int64_t log_of_changes_bytes = 0;
  std::int64_t connections = 0;
  std::int64_t queued_jobs = 0;
  std::int64_t lag_events = 0;  // of the read model that is furthest behind
};
/// Reads memory and a line of /proc; neither waits nor asks the database. Any thread.
Reading reading_of(const Measured& measured);

/// What was between two readings, and how it was at the second.
struct Sample {
  std::int64_t at = 0;  // Unix ms
  double events_per_second = 0;
  double calls_per_second = 0;
  std::optional<double> commit_seconds;  // a commit's mean; nothing: there was none
  std::optional<double> sync_seconds;
  std::int64_t resident_bytes = 0;
  std::int64_t log_of_changes_bytes = 0;
  std::int64_t connections = 0;
  std::int64_t queued_jobs = 0;
  std::int64_t lag_events = 0;
};

class Sampler {
 public:
  /// An hour of these are 360 points: more than a curve has pixels, and some 35 KB.
  static constexpr std::chrono::seconds kEvery{10};
  static constexpr std::size_t kKept = 360;

  /// `read` is called by whoever runs run() and take(). The world must outlive it.
  Sampler(std::function<Reading()> read, World& world);
  Sampler(const Sampler&) = delete;
  Sampler& operator=(const Sampler&) = delete;

  /// Takes a sample every kEvery until it is asked to stop.
  Task<void> run(std::stop_token stop);
  /// Takes one of the time since the last, or since this was made. One call at a time.
  void take();
  /// The samples that are kept, at most `count` of the newest, the oldest first. Any thread.
  std::vector<Sample> newest(std::size_t count) const;

 private:
  const std::function<Reading()> read_;
  World& world_;
  Reading before_;
  SteadyClock::time_point before_at_;
  mutable std::mutex mutex_;
  std::vector<Sample> ring_;  // under mutex_
  std::size_t oldest_ = 0;    // of a full ring; under mutex_
};

}  // namespace synap::pod
