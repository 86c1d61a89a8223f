// FailureLog: what went wrong in the engine, for the operator, on stderr: one line each, with the
// code, SQLite's own words and the statement (never its parameters). A disk that is full fails
// thousands of statements a second, so of lines that are the same one is printed a second, and
// how many were left out stands behind the next one or comes when something else fails.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace synap::db::sqlite {

/// Which lines are printed; knows no clock and prints nothing. One thread at a time.
class RepeatedLines {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// What is to be printed now that `line` happened.
  std::vector<std::string> add(std::string_view line, Time now);
  /// What was left out and not told yet.
  std::vector<std::string> rest();

 private:
  struct Printed {
    Time at;
    std::int64_t left_out = 0;
  };
  std::map<std::string, Printed, std::less<>> lines_;
};

/// Any thread.
void log_failure(std::string_view line);
/// Tells what was left out: at the end.
void flush_failure_log();

}  // namespace synap::db::sqlite
