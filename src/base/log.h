// Log: what an operator is told of a running program, one line each on stderr.
//
//   write_log(LogLevel::kError, "workers", "run {run} of {function} was given up: {error}",
//             {{"run", id}, {"function", function.id}, {"error", error.message}});
//
//   text   synap: run 01a2… of notes.create was given up: the disk is full
//   json   {"time":"2026-01-31T12:00:00.000Z","level":"error","room":"workers",
//           "message":"run 01a2… of notes.create was given up: the disk is full",
//           "run":"01a2…","function":"notes.create","error":"the disk is full"}
//
// A message is a sentence of the program, in which {name} stands for the field of that name; in
// text the fields that it does not name follow as name=value. Values may come from anybody:
// whatever could end a line, move a cursor or is no UTF-8 is escaped, so no value can pass for a
// line. What is secret, and what people have written, does not belong into a log: no key, no body.
//
// The newest lines are kept in memory, too (recent_lines.h).
//
// There is one log for the process, as there is one stderr: it is set once, at the start. What has
// no object of its own to be handed a log (a failed system call, a failed check) has something to
// say too, and so had every constructor to take one.
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace synap {

enum class LogLevel : std::uint8_t {
  kError,  // something is not done that was to be done
  kWarn,   // it was done, but somebody should look
  kInfo,   // what an operator wants to know of a good day
  kDebug,  // each request
};
std::string_view log_level_name(LogLevel level);  // "error"
std::optional<LogLevel> log_level_by_name(std::string_view name);

enum class LogFormat : std::uint8_t {
  kText,  // for eyes, and for a journal that knows the time
  kJson,  // for programs: an object a line
};

struct LogOptions {
  LogLevel level = LogLevel::kInfo;  // what is less important is left out
  LogFormat format = LogFormat::kText;
};
void set_log(LogOptions options);
LogLevel log_level();  // that is written, with all that is more important

class RecentLines;
/// The lines that were written last. Any thread; for ever.
RecentLines& recent_lines();

/// Whether lines of this level are written: for what costs something to find out. Any thread.
bool is_logged(LogLevel level);

struct LogField {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, double> value;
};
using LogFields = std::initializer_list<LogField>;

/// Writes a line, whole. Any thread.
void write_log(LogLevel level, std::string_view room, std::string_view message,
               LogFields fields = {});
/// As write_log(), of what ends the process at once: it may be said under any lock, so nobody who
/// follows the log is woken for it.
void write_last_log(LogLevel level, std::string_view room, std::string_view message,
                    LogFields fields = {});

/// What counts as the same, where it may happen thousands of times a second.
enum class Same : std::uint8_t {
  kLine,     // what reads the same: one is written a second
  kMessage,  // whatever the fields are, which strangers choose: ten are written a second
};
/// The same, but of what is the same no more than that; how many were left out stands behind the
/// next one, or is said when something else is, or at the end.
void write_log_bounded(Same same, LogLevel level, std::string_view room, std::string_view message,
                       LogFields fields = {});
/// Says what was left out and not told yet: at the end. Wakes nobody either.
void flush_log();

/// The line, with its line feed. `left_out` is of lines that are the same.
std::string log_line(LogFormat format, LogLevel level, std::int64_t unix_ms, std::string_view room,
                     std::string_view message, std::span<const LogField> fields,
                     std::int64_t left_out = 0);

/// Which of lines that are the same are written; knows no clock and writes nothing. One thread at a
/// time.
class RepeatedLines {
 public:
  using Time = std::chrono::steady_clock::time_point;
  struct LeftOut {
    std::string key;
    std::int64_t count = 0;
  };

  /// Whether a line of this key is to be written now: the first `most` of a second are. `before`:
  /// how many of this key were left out and not told yet, which the line shall tell.
  struct Answer {
    bool is_written = false;
    std::int64_t before = 0;
  };
  Answer add(std::string_view key, int most, Time now);
  /// What was left out of others, whose second is over, and was not told yet.
  std::vector<LeftOut> over(Time now);
  /// All of it.
  std::vector<LeftOut> rest();

 private:
  struct Second {
    Time begin;
    int written = 0;
    std::int64_t left_out = 0;
  };
  std::map<std::string, Second, std::less<>> seconds_;
};

}  // namespace synap
