#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "pod/measures.h"

// Where a number cannot be had, its sample is left out.
namespace synap::pod {
namespace {

using Type = Metrics::Type;

std::optional<double> cpu_seconds() {
  timespec time{};
  if (::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) != 0) return std::nullopt;
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// Listing them costs a step for each: with 10,000 connections some 5 ms.
std::optional<std::int64_t> open_files() {
  std::error_code failed;
  std::filesystem::directory_iterator at("/proc/self/fd", failed);
  if (failed) return std::nullopt;
  // One of them is the listing's.
  std::int64_t count = -1;
  for (; !failed && at != std::filesystem::directory_iterator(); at.increment(failed)) ++count;
  return failed ? std::nullopt : std::optional(count);
}

std::optional<double> open_files_max() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::nullopt;
  return static_cast<double>(limit.rlim_cur);
}

// In clock ticks since the machine's start: the 22nd field of stat, behind a name in parentheses in
// which there may be anything.
std::optional<double> start_seconds() {
  std::ifstream file("/proc/self/stat");
  std::string text(std::istreambuf_iterator<char>(file), {});
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(text.substr(name_end + 1));
  std::string skipped;
  for (int i = 3; i < 22; ++i) fields >> skipped;
  double ticks = 0;
  if (!(fields >> ticks)) return std::nullopt;
  std::ifstream machine("/proc/stat");
  std::string line;
  while (std::getline(machine, line)) {
    if (!line.starts_with("btime ")) continue;
    return std::stod(line.substr(6)) + ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
  }
  return std::nullopt;
}

template <class Read>
void add(Metrics& metrics, std::string name, Type type, std::string help, Read read) {
  metrics.add(std::move(name), type, std::move(help), [read](Samples& samples) {
    if (const auto value = read()) samples.add(static_cast<double>(*value));
  });
}

}  // namespace

std::optional<std::int64_t> resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::int64_t all = 0;
  std::int64_t resident = 0;
  if (!(file >> all >> resident)) return std::nullopt;
  return resident * ::sysconf(_SC_PAGESIZE);
}

void add_process_measures(Metrics& metrics) {
  add(metrics, "process_resident_memory_bytes", Type::kGauge, "Memory that the process has.",
      resident_bytes);
  add(metrics, "process_cpu_seconds_total", Type::kCounter,
      "Time that its threads have spent on processors.", cpu_seconds);
  add(metrics, "process_open_fds", Type::kGauge, "Open files and sockets.", open_files);
  add(metrics, "process_max_fds", Type::kGauge, "How many of them there may be.", open_files_max);
  add(metrics, "process_start_time_seconds", Type::kGauge,
      "When the process began, in seconds since 1970.",
      [began = start_seconds()] { return began; });
}

}  // namespace synap::pod
