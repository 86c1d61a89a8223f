#include "base/log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <mutex>
#include <utility>

#include "base/clock.h"
#include "base/json.h"
#include "base/recent_lines.h"
#include "base/text.h"

namespace synap {
namespace {

constexpr std::chrono::seconds kSecond{1};
constexpr int kSameLinesMax = 1;
constexpr int kSameMessagesMax = 10;
// The lines of a program that are the same are not many kinds. More than these are not remembered:
// they are written each time.
constexpr std::size_t kRemembered = 500;
// Of one value; a line of some of them is still one write to a pipe.
constexpr std::size_t kValueBytesMax = 1'000;

constexpr std::array<std::string_view, 4> kLevels = {"error", "warn", "info", "debug"};

// `text` without anything hostile, as it may stand between quotation marks of JSON or, without
// `is_quoted`, in a sentence. What is no UTF-8 becomes U+FFFD.
void append_escaped(std::string& out, std::string_view text, bool is_quoted) {
  const bool is_cut = text.size() > kValueBytesMax;
  text = text.substr(0, kValueBytesMax);
  if (is_cut) text = text.substr(0, std::max<std::size_t>(valid_utf8_prefix(text), 1));
  while (!text.empty()) {
    const auto c = first_code_point(text);
    if (c.value == '\n') {
      out += "\\n";
    } else if (!c.is_valid) {
      out += "\xef\xbf\xbd";
    } else if (is_hostile(c.value)) {
      out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(c.value));
    } else {
      if (is_quoted && (c.value == '"' || c.value == '\\')) out += '\\';
      out += text.substr(0, c.bytes);
    }
    text.remove_prefix(c.bytes);
  }
  if (is_cut) out += "…";
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  append_escaped(out, text, true);
  out += '"';
}

void append_number(std::string& out, const LogField& field) {
  if (const auto* whole = std::get_if<std::int64_t>(&field.value)) {
    out += fmt::format("{}", *whole);
  } else {
    const auto real = std::get<double>(field.value);
    out += std::isfinite(real) ? fmt::format("{}", real) : "null";
  }
}

const LogField* find(std::span<const LogField> fields, std::string_view name) {
  const auto at = std::ranges::find(fields, name, &LogField::name);
  return at == fields.end() ? nullptr : &*at;
}

// The message with its fields in their places. A place without a field stays as it is.
std::string sentence_of(std::string_view message, std::span<const LogField> fields) {
  std::string out;
  while (!message.empty()) {
    const auto open = message.find('{');
    const auto close = message.find('}', open == message.npos ? 0 : open);
    out += message.substr(0, std::min(open, message.size()));
    if (open == message.npos) break;
    const LogField* field =
        close == message.npos ? nullptr : find(fields, message.substr(open + 1, close - open - 1));
    if (field == nullptr) {
      out += '{';
      message.remove_prefix(open + 1);
      continue;
    }
    if (const auto* text = std::get_if<std::string_view>(&field->value)) {
      append_escaped(out, *text, false);
    } else {
      append_number(out, *field);
    }
    message.remove_prefix(close + 1);
  }
  return out;
}

// Of a message whose fields are not known: "slow: … in … ms". Two places that stand side by side
// are one.
std::string without_places(std::string_view message) {
  std::string out;
  while (!message.empty()) {
    const auto open = std::min(message.find('{'), message.size());
    const auto close = message.find('}', open);
    out += message.substr(0, open);
    if (close == message.npos) return out.append(message.substr(open));
    if (out.ends_with("… ")) out.pop_back();
    if (!out.ends_with("…")) out += "…";
    message.remove_prefix(close + 1);
  }
  return out;
}

bool is_named(std::string_view message, std::string_view field) {
  return message.find(fmt::format("{{{}}}", field)) != message.npos;
}

// name=value; what is not one plain word is quoted.
void append_pair(std::string& out, const LogField& field) {
  out += fmt::format(" {}=", field.name);
  const auto* text = std::get_if<std::string_view>(&field.value);
  if (text == nullptr) return append_number(out, field);
  const bool is_word = !text->empty() && std::ranges::all_of(*text, [](char c) {
    return c > ' ' && c < '\x7f' && c != '"' && c != '=' && c != '\\';
  });
  if (is_word) return append_escaped(out, *text, false);
  append_quoted(out, *text);
}

std::string told_sentence(std::string_view message, std::span<const LogField> fields,
                          std::int64_t left_out) {
  auto sentence = sentence_of(message, fields);
  if (left_out > 0) sentence += fmt::format(" (and {} more of these)", left_out);
  return sentence;
}

// The members of a JSON object.
std::string fields_json(std::span<const LogField> fields, std::int64_t left_out) {
  std::string members;
  for (const auto& field : fields) {
    members += fmt::format(R"({}"{}":)", members.empty() ? "" : ",", field.name);
    if (const auto* text = std::get_if<std::string_view>(&field.value)) {
      append_quoted(members, *text);
    } else {
      append_number(members, field);
    }
  }
  if (left_out > 0) {
    members += fmt::format(R"({}"left_out":{})", members.empty() ? "" : ",", left_out);
  }
  return members;
}

struct Log {
  std::atomic<LogLevel> level{LogLevel::kInfo};
  std::atomic<LogFormat> format{LogFormat::kText};
  std::atomic<bool> has_left_out{false};
  std::mutex mutex;
  // Under the mutex.
  RepeatedLines repeated;
  struct Kind {
    LogLevel level = LogLevel::kError;
    std::string room;
    std::string told;  // of the lines that were left out
  };
  std::map<std::string, Kind, std::less<>> kinds;  // of what was left out, by its key
  RecentLines recent;
};

// Never destroyed: threads may write while the process ends.
Log& the_log() {
  static Log* log = new Log;
  return *log;
}

// One call a line, so that lines of several processes on one pipe do not mix. What stderr does not
// take is lost: there is nobody else to tell.
void write(std::string_view line) {
  while (!line.empty()) {
    const auto count = ::write(STDERR_FILENO, line.data(), line.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    line.remove_prefix(static_cast<std::size_t>(count));
  }
}

// Under the mutex, so that stderr and memory have lines in the same order.
void write(Log& log, LogLevel level, std::string_view room, std::string_view message,
           std::span<const LogField> fields, std::int64_t left_out = 0) {
  const auto now = unix_ms_now();
  write(log_line(log.format, level, now, room, message, fields, left_out));
  log.recent.add({.unix_ms = now,
                  .level = level,
                  .room = std::string(room),
                  .message = told_sentence(message, fields, left_out),
                  .fields = "{" + fields_json(fields, left_out) + "}"});
}

void write_left_out(Log& log, const std::vector<RepeatedLines::LeftOut>& all) {
  for (const auto& [key, count] : all) {
    const auto kind = log.kinds.find(key);
    if (kind == log.kinds.end()) continue;
    write(log, kind->second.level, kind->second.room, kind->second.told, {}, count);
    log.kinds.erase(kind);
  }
}

}  // namespace

std::string_view log_level_name(LogLevel level) {
  return kLevels[static_cast<std::size_t>(level)];
}

std::optional<LogLevel> log_level_by_name(std::string_view name) {
  const auto at = std::ranges::find(kLevels, name);
  if (at == kLevels.end()) return std::nullopt;
  return static_cast<LogLevel>(at - kLevels.begin());
}

std::string log_line(LogFormat format, LogLevel level, std::int64_t unix_ms, std::string_view room,
                     std::string_view message, std::span<const LogField> fields,
                     std::int64_t left_out) {
  const auto sentence = told_sentence(message, fields, left_out);
  std::string line;
  if (format == LogFormat::kText) {
    line = "synap: " + sentence;
    for (const auto& field : fields) {
      if (!is_named(message, field.name)) append_pair(line, field);
    }
  } else {
    line = fmt::format(R"({{"time":"{}","level":"{}","room":"{}","message":)", to_iso8601(unix_ms),
                       log_level_name(level), room);
    append_json_string(line, sentence);
    if (const auto members = fields_json(fields, left_out); !members.empty()) line += "," + members;
    line += '}';
  }
  line += '\n';
  return line;
}

void set_log(LogOptions options) {
  auto& log = the_log();
  log.level.store(options.level, std::memory_order_relaxed);
  log.format.store(options.format, std::memory_order_relaxed);
}

bool is_logged(LogLevel level) {
  return level <= the_log().level.load(std::memory_order_relaxed);
}

LogLevel log_level() {
  return the_log().level.load(std::memory_order_relaxed);
}

RecentLines& recent_lines() {
  return the_log().recent;
}

void write_last_log(LogLevel level, std::string_view room, std::string_view message,
                    LogFields fields) {
  if (!is_logged(level)) return;
  auto& log = the_log();
  std::lock_guard lock(log.mutex);
  if (log.has_left_out.load(std::memory_order_relaxed)) {
    write_left_out(log, log.repeated.over(std::chrono::steady_clock::now()));
    log.has_left_out.store(!log.kinds.empty(), std::memory_order_relaxed);
  }
  write(log, level, room, message, fields);
}

// Who follows the log is woken when no lock is held: what wakes them has locks of its own.
void write_log(LogLevel level, std::string_view room, std::string_view message, LogFields fields) {
  if (!is_logged(level)) return;
  write_last_log(level, room, message, fields);
  the_log().recent.announce();
}

void write_log_bounded(Same same, LogLevel level, std::string_view room, std::string_view message,
                       LogFields fields) {
  if (!is_logged(level)) return;
  auto& log = the_log();
  // Of messages the fields differ, so that what is told of those that were left out has none.
  const auto key = same == Same::kLine ? sentence_of(message, fields) : std::string(message);
  {
    std::lock_guard lock(log.mutex);
    const auto now = std::chrono::steady_clock::now();
    const auto most = same == Same::kLine ? kSameLinesMax : kSameMessagesMax;
    const auto answer = log.repeated.add(key, most, now);
    write_left_out(log, log.repeated.over(now));
    if (answer.is_written) {
      log.kinds.erase(key);
      write(log, level, room, message, fields, answer.before);
    } else {
      auto told = same == Same::kLine ? key : without_places(message);
      log.kinds.try_emplace(key, Log::Kind{level, std::string(room), std::move(told)});
    }
    log.has_left_out.store(!log.kinds.empty(), std::memory_order_relaxed);
  }
  log.recent.announce();
}

void flush_log() {
  auto& log = the_log();
  std::lock_guard lock(log.mutex);
  write_left_out(log, log.repeated.rest());
}

RepeatedLines::Answer RepeatedLines::add(std::string_view key, int most, Time now) {
  auto known = seconds_.find(key);
  if (known == seconds_.end()) {
    if (seconds_.size() < kRemembered) seconds_.emplace(key, Second{now, 1});
    return {true};
  }
  auto& second = known->second;
  if (now - second.begin >= kSecond) {
    const auto before = second.left_out;
    second = {now, 1};
    return {true, before};
  }
  if (second.written < most) {
    ++second.written;
    return {true};
  }
  ++second.left_out;
  return {false};
}

std::vector<RepeatedLines::LeftOut> RepeatedLines::over(Time now) {
  std::vector<LeftOut> told;
  std::erase_if(seconds_, [&](const auto& known) {
    if (now - known.second.begin < kSecond) return false;
    if (known.second.left_out > 0) told.push_back({known.first, known.second.left_out});
    return true;
  });
  return told;
}

std::vector<RepeatedLines::LeftOut> RepeatedLines::rest() {
  std::vector<LeftOut> told;
  for (const auto& [key, second] : std::exchange(seconds_, {})) {
    if (second.left_out > 0) told.push_back({key, second.left_out});
  }
  return told;
}

}  // namespace synap
