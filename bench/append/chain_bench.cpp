// What the hash chain costs the thread that writes: the log alone appends, and every 0.2 s the link
// of an event is computed or left out, in turns, in the same process and the same file. Told are
// the writer's processor time an event with it and without it, and beside them what the function
// takes by itself. Prints one line of JSON.
//
//   chain_bench --in-flight 64 --seconds 20 --directory DIR
//
// A pod's writer has more to do for an event than append it (read models, runs), so the share here
// is the largest that it can be. The hashes of an event's header and content are made where the
// event is, not on the writer, and the row has the bytes of its hashes in both turns.
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "appenders.h"
#include "events/chain.h"

namespace {

using namespace synap;

std::atomic<bool> is_chained{true};
std::atomic<std::int64_t> links{0};  // asked for, computed or not: the events of the writer

}  // namespace

// The linker sends all calls of events::link_hash to the second (CMakeLists.txt: --wrap). If its
// name is another one day, the first is nowhere and this does not link.
Sha256 linked_hash(const Sha256& previous, std::int64_t position, std::int64_t aggregate_version,
                   const Sha256& header, const Sha256& content) __asm__("__real_" LINK_HASH);
Sha256 linked_hash_or_none(const Sha256& previous, std::int64_t position,
                           std::int64_t aggregate_version, const Sha256& header,
                           const Sha256& content) __asm__("__wrap_" LINK_HASH);

Sha256 linked_hash_or_none(const Sha256& previous, std::int64_t position,
                           std::int64_t aggregate_version, const Sha256& header,
                           const Sha256& content) {
  links.fetch_add(1, std::memory_order_relaxed);
  if (!is_chained.load(std::memory_order_relaxed)) return events::kFirstLink;
  return linked_hash(previous, position, aggregate_version, header, content);
}

namespace {

constexpr auto kTurn = std::chrono::milliseconds(200);
constexpr int kWarmUpTurns = 5;

// The file in which the kernel counts a thread's nanoseconds on a processor.
std::string schedule_of_writer() {
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    std::getline(std::ifstream(task.path() / "comm"), name);
    if (name == "db writer") return task.path() / "schedstat";
  }
  return {};
}

std::int64_t nanoseconds_in(const std::string& schedule) {
  std::int64_t nanoseconds = 0;
  std::ifstream(schedule) >> nanoseconds;
  return nanoseconds;
}

// Microseconds of processor time that the writer takes for an event during one turn; 0 if it stood
// still, as when the disk does.
double turn(bool chained, const std::string& schedule) {
  is_chained = chained;
  const auto links_before = links.load();
  const auto before = nanoseconds_in(schedule);
  std::this_thread::sleep_for(kTurn);
  const auto spent = nanoseconds_in(schedule) - before;
  const auto events = links - links_before;
  return events > 0 ? static_cast<double>(spent) / 1000 / static_cast<double>(events) : 0;
}

struct Pair {
  double with = 0;
  double without = 0;
};

std::vector<Pair> take_turns(int seconds) {
  const auto schedule = schedule_of_writer();
  for (int i = 0; i < kWarmUpTurns; ++i) turn(true, schedule);
  std::vector<Pair> pairs;
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (std::chrono::steady_clock::now() < until) {
    // Neither is always the first of the two: what drifts is charged to both.
    const bool first = pairs.size() % 2 == 0;
    Pair pair;
    (first ? pair.with : pair.without) = turn(first, schedule);
    (first ? pair.without : pair.with) = turn(!first, schedule);
    if (pair.with > 0 && pair.without > 0) pairs.push_back(pair);
  }
  is_chained = true;
  return pairs;
}

// The value that `fraction` of all pairs do not exceed.
template <class Of>
double quantile(const std::vector<Pair>& pairs, double fraction, Of of) {
  std::vector<double> values;
  for (const auto& pair : pairs) values.push_back(of(pair));
  std::sort(values.begin(), values.end());
  return values.at(static_cast<std::size_t>(fraction * static_cast<double>(values.size() - 1)));
}

// Microseconds of processor time of one link, each over the one before as in the log.
double time_link_alone() {
  constexpr int kTimes = 500'000;
  const auto now = [] {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
  };
  Sha256 link{};
  const auto begin = now();
  for (int i = 0; i < kTimes; ++i) link = linked_hash(link, i, 1, link, link);
  return (now() - begin) / kTimes;
}

}  // namespace

int main(int argc, char** argv) {
  int in_flight = 64;
  int seconds = 20;
  std::string directory = "chain-bench-data";
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    if (flag == "--in-flight") in_flight = std::atoi(argv[i + 1]);
    if (flag == "--seconds") seconds = std::atoi(argv[i + 1]);
    if (flag == "--directory") directory = argv[i + 1];
  }
  const double link = time_link_alone();
  auto appenders = synap::bench::Appenders::open(directory);
  if (!appenders) return fmt::print(stderr, "{}\n", appenders.error().message), 1;
  auto& run = **appenders;
  std::vector<Pair> pairs;
  run.run(in_flight, [&] { pairs = take_turns(seconds); });
  if (links < run.appended() || pairs.empty()) {
    return fmt::print(stderr, "the log makes its links without events::link_hash\n"), 1;
  }
  const double with = quantile(pairs, 0.5, [](const Pair& pair) { return pair.with; });
  const double without = quantile(pairs, 0.5, [](const Pair& pair) { return pair.without; });
  const auto share = [&](double fraction) {
    return quantile(pairs, fraction,
                    [](const Pair& pair) { return (pair.with - pair.without) / pair.with; });
  };
  fmt::print(
      "{{\"writer_us_with_chain\":{:.3f},\"writer_us_without\":{:.3f},\"chain_share\":{:.4f},"
      "\"chain_share_quartiles\":[{:.4f},{:.4f}],\"link_us_alone\":{:.3f},\"link_share\":{:.4f},"
      "\"pairs\":{},\"in_flight\":{},\"appended\":{},\"failed\":{}}}\n",
      with, without, share(0.5), share(0.25), share(0.75), link, link / with, pairs.size(),
      in_flight, run.appended(), run.failed());
  return run.failed() == 0 ? 0 : 1;
}
