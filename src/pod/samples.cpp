#include "pod/samples.h"

#include <algorithm>
#include <cmath>

namespace synap::pod {
namespace {

// Three digits behind the point: what people read off a curve, in fewer bytes.
double rounded(double value) {
  return std::round(value * 1e3) / 1e3;
}

std::int64_t calls_of(const rpc::CallMeter& meter) {
  auto count = meter.calls({});
  for (int i = 0; i < kCodeCount; ++i) count += meter.calls(static_cast<Code>(i));
  return static_cast<std::int64_t>(count);
}

std::int64_t calls_of(const rpc::ProcedureTable& procedures) {
  auto count = calls_of(procedures.meter_of_none());
  for (const auto* procedure : procedures.all()) {
    if (procedure->meter != nullptr) count += calls_of(*procedure->meter);
  }
  return count;
}

std::int64_t lag_of(const projections::Projections& projections) {
  std::int64_t lag = 0;
  for (const auto& one : projections.progress()) {
    if (one.kind != projections::Projection::Kind::kInline) lag = std::max(lag, one.lag);
  }
  return lag;
}

// In seconds, to the microsecond; nothing where nothing was done.
std::optional<double> mean_of(std::chrono::nanoseconds time, std::int64_t count) {
  if (count <= 0) return std::nullopt;
  const auto seconds = std::chrono::duration<double>(time).count() / static_cast<double>(count);
  return std::round(seconds * 1e6) / 1e6;
}

Sample between(const Reading& before, const Reading& now, double seconds) {
  const auto rate = [seconds](std::int64_t grown) {
    return rounded(static_cast<double>(grown) / seconds);
  };
  return {
      .events_per_second = rate(now.events - before.events),
      .calls_per_second = rate(now.calls - before.calls),
      .commit_seconds = mean_of(now.commit_time - before.commit_time, now.commits - before.commits),
      .sync_seconds = mean_of(now.sync_time - before.sync_time, now.syncs - before.syncs),
      .resident_bytes = now.resident_bytes,
      .log_of_changes_bytes = now.log_of_changes_bytes,
      .connections = now.connections,
      .queued_jobs = now.queued_jobs,
      .lag_events = now.lag_events,
  };
}

}  // namespace

Reading reading_of(const Measured& measured) {
  const auto database = measured.database.statistics();
  return {
      .events = measured.log.end().value(),
      .calls = calls_of(measured.procedures),
      .commits = database.commits,
      .commit_time = database.commit_time,
      .syncs = database.syncs,
      .sync_time = database.sync_time,
      .resident_bytes = resident_bytes().value_or(0),
      .log_of_changes_bytes = database.log_of_changes ? database.log_of_changes->bytes : 0,
      .connections = static_cast<std::int64_t>(measured.server.statistics().connections),
      .queued_jobs =
          static_cast<std::int64_t>(measured.queue.waiting_count()) + measured.jobs.parked_count(),
      .lag_events = lag_of(measured.projections),
  };
}

Sampler::Sampler(std::function<Reading()> read, World& world)
    : read_(std::move(read)), world_(world), before_(read_()), before_at_(world.now()) {
  // All at once, so that a pod which runs for an hour does not grow.
  ring_.reserve(kKept);
}

Task<void> Sampler::run(std::stop_token stop) {
  while (co_await world_.sleep_for(kEvery, stop)) take();
}

// By the steady clock, since the wall clock may have been set: then only `at` is off.
void Sampler::take() {
  const auto now = read_();
  const auto at = world_.now();
  const auto seconds = std::chrono::duration<double>(at - before_at_).count();
  if (seconds <= 0) return;
  auto sample = between(before_, now, seconds);
  sample.at = world_.unix_ms();
  before_ = now;
  before_at_ = at;
  std::lock_guard lock(mutex_);
  if (ring_.size() < kKept) {
    ring_.push_back(sample);
    return;
  }
  ring_[oldest_] = sample;
  oldest_ = (oldest_ + 1) % kKept;
}

std::vector<Sample> Sampler::newest(std::size_t count) const {
  std::lock_guard lock(mutex_);
  count = std::min(count, ring_.size());
  std::vector<Sample> samples;
  samples.reserve(count);
  for (auto i = ring_.size() - count; i < ring_.size(); ++i) {
    samples.push_back(ring_[(oldest_ + i) % ring_.size()]);
  }
  return samples;
}

}  // namespace synap::pod
