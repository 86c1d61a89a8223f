// RecentLines: the newest lines of the log, in memory, for whoever asks the pod and not its machine
// (pod.logs). What it has no room for any more is forgotten, the oldest first; how much is known.
//
// What is no line of the log is not in it: the owner's key, which the first start prints, is none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/timer.h"

namespace synap {

/// A line that was written.
struct LoggedLine {
  std::int64_t number = 0;  // 1, 2, … within one process
  std::int64_t unix_ms = 0;
  LogLevel level = LogLevel::kInfo;
  std::string room;
  std::string message;  // the sentence, its fields in their places
  std::string fields;   // a JSON object
};

/// Thread-safe.
class RecentLines {
 public:
  /// Some thousands of lines, as most are.
  static constexpr std::size_t kBytesMax = std::size_t{1024} * 1024;
  explicit RecentLines(std::size_t bytes_max = kBytesMax) : bytes_max_(bytes_max) {}

  /// Gives it the next number. Who waits is told by announce(), so that lines can be added under
  /// locks which those who wait might want.
  void add(LoggedLine line);
  void announce();

  /// Which lines. A value.
  struct Query {
    std::int64_t after = 0;  // numbers greater than this
    std::int64_t since_unix_ms = 0;
    LogLevel level = LogLevel::kDebug;  // this and what is more important
    std::size_t count_max = 1'000;      // of the newest of them
  };
  struct Answer {
    std::vector<LoggedLine> lines;  // the oldest first
    std::int64_t forgotten = 0;     // behind `after`, whatever they were
    std::int64_t end = 0;           // the number of the last line that there is
  };
  Answer find(const Query& query) const;

  /// The number of the last line that was announced; wait for it to grow to follow the log.
  Watermark& end() { return end_; }

 private:
  const std::size_t bytes_max_;
  mutable std::mutex mutex_;  // of the next three
  std::deque<LoggedLine> lines_;
  std::size_t bytes_ = 0;
  std::int64_t last_ = 0;
  Watermark end_;
};

}  // namespace synap
