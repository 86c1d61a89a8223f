// What runs of agents take in one process, as a pod has them (agents_under_load.h), every commit
// synced. Prints one line of JSON; the exit code is 1 if a run or a checkpoint was not as it should
// be.
//
//   agents_bench --count N --in-flight N --warm N --account yes|no --directory DIR
//
// `warm` runs are done before anything is measured. `--account no`: calls of the model are steps,
// and none of the pod's account.
#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "agents_under_load.h"

namespace {

using namespace synap;
using Clock = std::chrono::steady_clock;

double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

int main(int argc, char** argv) {
  int count = 2'000;
  int in_flight = 64;
  int warm = 200;
  auto model = bench::AgentsUnderLoad::Model::kAccounted;
  std::string directory = "agents-bench-data";
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    const std::string value = argv[i + 1];
    if (flag == "--count") count = std::atoi(value.c_str());
    if (flag == "--in-flight") in_flight = std::atoi(value.c_str());
    if (flag == "--warm") warm = std::atoi(value.c_str());
    if (flag == "--directory") directory = value;
    if (flag == "--account" && value == "no") model = bench::AgentsUnderLoad::Model::kBare;
  }
  auto load = bench::AgentsUnderLoad::open(directory, model);
  if (!load) return fmt::print(stderr, "{}\n", load.error().message), 1;
  (*load)->run(warm, in_flight);
  const double processor_before = processor_seconds();
  const auto begin = Clock::now();
  (*load)->run(count, in_flight);
  const double elapsed = std::chrono::duration<double>(Clock::now() - begin).count();
  const double processor = processor_seconds() - processor_before;
  const auto wrong = (*load)->wrong();
  fmt::print("{{\"runs_per_s\":{:.1f},\"cpu_us_per_run\":{:.0f},\"runs\":{},\"wrong\":{}}}\n",
             count / elapsed, processor * 1e6 / count, count, wrong);
  return wrong == 0 ? 0 : 1;
}
