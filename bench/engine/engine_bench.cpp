// What the run engine does in one process, as a pod has it: an event log, jobs and runs in one
// SQLite file, every commit synced, functions written in C++. Prints one line of JSON.
//
//   engine_bench MODE --count N --in-flight N --warm N --per-second N --seconds N --directory DIR
//
// `warm` runs are done before anything is measured.
//
// steps   `count` events, appended one by one with `in-flight` at a time; each has a run of three
//         memoized steps. From the first append to the last end.
// paced   an event by the clock, `per-second` for `seconds`: from its append to the first line of
//         its first step, and to the answer of the append, for comparison.
// jobs    `count` events whose function does nothing, appended one by one with `in-flight` at a
//         time and worked meanwhile; then as many again that wait, drained alone.
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "engine_under_load.h"

namespace {

using namespace synap;
using Clock = std::chrono::steady_clock;

struct Options {
  std::string mode;
  int count = 5'000;
  int in_flight = 64;
  int warm = 500;
  int per_second = 20;
  int seconds = 20;
  std::string directory = "engine-bench-data";
};

double since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double at(std::vector<double>& times, double share) {
  std::ranges::sort(times);
  const auto index = static_cast<std::size_t>(share * static_cast<double>(times.size()));
  return times[std::min(times.size() - 1, index)];
}

void warm(bench::EngineUnderLoad& engine, const Options& options) {
  engine.append(options.warm, options.in_flight);
  engine.wait_for_ends();
}

std::string steps(bench::EngineUnderLoad& engine, const Options& options) {
  warm(engine, options);
  const double processor_before = processor_seconds();
  const auto begin = Clock::now();
  engine.append(options.count, options.in_flight);
  const double appended = since(begin);
  engine.wait_for_ends();
  const double elapsed = since(begin);
  return fmt::format(
      "{{\"runs_per_s\":{:.0f},\"runs\":{},\"append_s\":{:.2f},\"elapsed_s\":{:.2f},"
      "\"cpu_us_per_run\":{:.0f}}}",
      options.count / elapsed, options.count, appended, elapsed,
      (processor_seconds() - processor_before) * 1e6 / options.count);
}

std::string paced(bench::EngineUnderLoad& engine, const Options& options) {
  warm(engine, options);
  engine.take_delays();
  const auto begin = Clock::now();
  const int count = options.per_second * options.seconds;
  std::vector<double> appends;
  for (int i = 0; i < count; ++i) {
    std::this_thread::sleep_until(begin +
                                  i * std::chrono::microseconds(1'000'000) / options.per_second);
    const auto asked = Clock::now();
    engine.append(1, 1);
    appends.push_back(since(asked) * 1e3);
  }
  engine.wait_for_ends();
  auto delays = engine.take_delays();
  return fmt::format(
      "{{\"p50_ms\":{:.3f},\"p99_ms\":{:.3f},\"max_ms\":{:.3f},\"append_p50_ms\":{:.3f},"
      "\"append_p99_ms\":{:.3f},\"runs\":{}}}",
      at(delays, 0.5), at(delays, 0.99), at(delays, 1), at(appends, 0.5), at(appends, 0.99), count);
}

std::string jobs(bench::EngineUnderLoad& engine, const Options& options) {
  warm(engine, options);
  auto begin = Clock::now();
  double processor_before = processor_seconds();
  engine.append(options.count, options.in_flight);
  const double added = since(begin);
  engine.wait_for_ends();
  const double both = since(begin);
  const double processor = processor_seconds() - processor_before;
  engine.pause();
  engine.append(options.count, options.in_flight);
  begin = Clock::now();
  processor_before = processor_seconds();
  engine.resume();
  engine.wait_for_ends();
  const double drained = since(begin);
  return fmt::format(
      "{{\"jobs_per_s\":{:.0f},\"added_per_s\":{:.0f},\"drained_per_s\":{:.0f},\"jobs\":{},"
      "\"cpu_us_per_job\":{:.0f},\"drain_cpu_us_per_job\":{:.0f}}}",
      options.count / both, options.count / added, options.count / drained, options.count,
      processor * 1e6 / options.count,
      (processor_seconds() - processor_before) * 1e6 / options.count);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (argc > 1) options.mode = argv[1];
  for (int i = 2; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    if (flag == "--count") options.count = std::atoi(argv[i + 1]);
    if (flag == "--in-flight") options.in_flight = std::atoi(argv[i + 1]);
    if (flag == "--warm") options.warm = std::atoi(argv[i + 1]);
    if (flag == "--per-second") options.per_second = std::atoi(argv[i + 1]);
    if (flag == "--seconds") options.seconds = std::atoi(argv[i + 1]);
    if (flag == "--directory") options.directory = argv[i + 1];
  }
  auto* const run = options.mode == "steps"   ? &steps
                    : options.mode == "paced" ? &paced
                    : options.mode == "jobs"  ? &jobs
                                              : nullptr;
  if (run == nullptr) {
    return fmt::print(stderr, "usage: engine_bench steps|paced|jobs [--count N] ...\n"), 2;
  }
  const auto kind = options.mode == "jobs" ? bench::EngineUnderLoad::Kind::kNothing
                                           : bench::EngineUnderLoad::Kind::kThreeSteps;
  auto engine = bench::EngineUnderLoad::open(options.directory, kind);
  if (!engine) return fmt::print(stderr, "{}\n", engine.error().message), 1;
  fmt::print("{}\n", run(**engine, options));
  return (*engine)->wrong() == 0 ? 0 : 1;
}
