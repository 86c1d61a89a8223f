// How fast the log alone appends: N coroutines, each appending one event of 1 KiB after another to
// a stream of its own, every answer durable. Prints one line of JSON.
//
//   append_bench --in-flight 64 --seconds 5 --directory DIR
//   append_bench --in-flight 64 --seconds 5 --database URL --node NAME   one of many nodes
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include "appenders.h"

int main(int argc, char** argv) {
  int in_flight = 64;
  int seconds = 5;
  std::string directory = "append-bench-data";
  std::string database;
  std::string node = "one";
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    if (flag == "--in-flight") in_flight = std::atoi(argv[i + 1]);
    if (flag == "--seconds") seconds = std::atoi(argv[i + 1]);
    if (flag == "--directory") directory = argv[i + 1];
    if (flag == "--database") database = argv[i + 1];
    if (flag == "--node") node = argv[i + 1];
  }
  using synap::bench::Appenders;
  auto appenders =
      database.empty() ? Appenders::open(directory) : Appenders::open_node(database, node);
  if (!appenders) return fmt::print(stderr, "{}\n", appenders.error().message), 1;
  auto& run = **appenders;
  const double elapsed =
      run.run(in_flight, [&] { std::this_thread::sleep_for(std::chrono::seconds(seconds)); });
  const auto statistics = run.statistics();
  fmt::print(
      "{{\"appends_per_s\":{:.0f},\"in_flight\":{},\"failed\":{},\"commits\":{},"
      "\"appends_per_commit\":{:.1f},\"checkpoints\":{}}}\n",
      static_cast<double>(run.appended()) / elapsed, in_flight, run.failed(), statistics.commits,
      static_cast<double>(run.appended()) / static_cast<double>(statistics.commits),
      statistics.log_of_changes ? statistics.log_of_changes->checkpoints : 0);
  return run.failed() == 0 ? 0 : 1;
}
