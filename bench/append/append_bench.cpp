// How fast the log alone appends: N coroutines, each appending one event of 1 KiB after another to
// a stream of its own, every answer durable. Prints one line of JSON.
//
//   append_bench --in-flight 64 --seconds 5 --directory DIR
#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "db/sqlite/sqlite_database.h"
#include "events/sqlite/sqlite_event_log.h"
#include "events/types.h"

namespace {

using namespace synap;
using Clock = std::chrono::steady_clock;

struct Measured {
  std::string text;
};
const ObjectSchema<Measured>& describe(Type<Measured>) {
  static const auto schema = object<Measured>("Measured").field("text", &Measured::text);
  return schema;
}
constexpr events::EventType<Measured> kMeasured{"bench.measurement.completed"};
constexpr std::size_t kTextBytes = 1000;  // 1 KiB with its JSON around it

struct Run {
  events::EventLog& log;
  events::EventTypes types;
  std::atomic<bool> stop{false};
  std::atomic<std::int64_t> appended{0};
  std::atomic<std::int64_t> failed{0};
};

Task<bool> append_until_stopped(Run& run) {
  const Measured data{std::string(kTextBytes, 'x')};
  while (!run.stop.load(std::memory_order_relaxed)) {
    events::Envelope envelope;
    envelope.user_id = "bench";
    envelope.aggregate_type = "measurement";
    envelope.aggregate_id = Uuid::v7();
    envelope.correlation_id = Uuid::v7();
    auto event = run.types.make(kMeasured, data, std::move(envelope));
    events::Append append;
    append.events.push_back(std::move(*event));
    auto done = co_await run.log.append(std::move(append));
    (done ? run.appended : run.failed).fetch_add(1, std::memory_order_relaxed);
  }
  co_return true;
}

}  // namespace

int main(int argc, char** argv) {
  int in_flight = 64;
  int seconds = 5;
  std::string directory = "append-bench-data";
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    if (flag == "--in-flight") in_flight = std::atoi(argv[i + 1]);
    if (flag == "--seconds") seconds = std::atoi(argv[i + 1]);
    if (flag == "--directory") directory = argv[i + 1];
  }
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  auto database = db::sqlite::SqliteDatabase::open({.path = directory + "/log.db"});
  if (!database) return fmt::print(stderr, "{}\n", database.error().message), 1;
  if (auto made = (*database)->migrate(events::sqlite::SqliteEventLog::migrations()); !made) {
    return fmt::print(stderr, "{}\n", made.error().message), 1;
  }
  auto log = events::sqlite::SqliteEventLog::open(**database);
  if (!log) return fmt::print(stderr, "{}\n", log.error().message), 1;

  Run run{**log, {}};
  run.types.add(kMeasured, "A measurement.");
  double elapsed = 0;
  {
    ThreadExecutor executor("appenders");
    std::vector<Task<bool>> tasks;
    for (int i = 0; i < in_flight; ++i) tasks.push_back(append_until_stopped(run));
    std::thread clock([&] {
      std::this_thread::sleep_for(std::chrono::seconds(seconds));
      run.stop = true;
    });
    const auto begin = Clock::now();
    sync_wait(executor, when_all(std::move(tasks)));
    elapsed = std::chrono::duration<double>(Clock::now() - begin).count();
    clock.join();
  }
  const auto statistics = (*database)->statistics();
  fmt::print(
      "{{\"appends_per_s\":{:.0f},\"in_flight\":{},\"failed\":{},\"commits\":{},"
      "\"appends_per_commit\":{:.1f},\"checkpoints\":{}}}\n",
      static_cast<double>(run.appended) / elapsed, in_flight, run.failed.load(), statistics.commits,
      static_cast<double>(run.appended) / static_cast<double>(statistics.commits),
      statistics.checkpoints);
  log->reset();
  database->reset();
  std::filesystem::remove_all(directory);
  return run.failed == 0 ? 0 : 1;
}
