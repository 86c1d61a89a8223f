#include "db/sqlite/failure_log.h"

#include <fmt/format.h>

#include <cstdio>
#include <mutex>
#include <utility>

namespace synap::db::sqlite {
namespace {

constexpr std::chrono::seconds kQuiet{1};
// Lines differ by statement and code, so there are not many. More than these are not remembered:
// they are printed each time.
constexpr std::size_t kRemembered = 500;

std::string with_count(std::string_view line, std::int64_t left_out) {
  return fmt::format("{} (and {} more of these)", line, left_out);
}

struct Log {
  std::mutex mutex;
  RepeatedLines lines;
};

Log& log() {
  static Log all;
  return all;
}

void print(const std::vector<std::string>& lines) {
  for (const auto& line : lines) fmt::print(stderr, "synap: {}\n", line);
}

}  // namespace

std::vector<std::string> RepeatedLines::add(std::string_view line, Time now) {
  std::vector<std::string> shown;
  std::int64_t left_out = 0;  // of this line
  for (auto known = lines_.begin(); known != lines_.end();) {
    const auto& [text, printed] = *known;
    if (now - printed.at < kQuiet) {
      ++known;
      continue;
    }
    if (text == line) {
      left_out = printed.left_out;
    } else if (printed.left_out > 0) {
      shown.push_back(with_count(text, printed.left_out));
    }
    known = lines_.erase(known);
  }
  if (auto known = lines_.find(line); known != lines_.end()) {
    ++known->second.left_out;
    return shown;
  }
  if (lines_.size() < kRemembered) lines_.emplace(line, Printed{now});
  shown.push_back(left_out > 0 ? with_count(line, left_out) : std::string(line));
  return shown;
}

std::vector<std::string> RepeatedLines::rest() {
  std::vector<std::string> shown;
  for (const auto& [text, printed] : std::exchange(lines_, {})) {
    if (printed.left_out > 0) shown.push_back(with_count(text, printed.left_out));
  }
  return shown;
}

void log_failure(std::string_view line) {
  auto& all = log();
  std::lock_guard lock(all.mutex);
  print(all.lines.add(line, std::chrono::steady_clock::now()));
}

void flush_failure_log() {
  auto& all = log();
  std::lock_guard lock(all.mutex);
  print(all.lines.rest());
}

}  // namespace synap::db::sqlite
