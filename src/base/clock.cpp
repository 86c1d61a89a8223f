#include "base/clock.h"

#include <chrono>

namespace synap {
namespace {

void append_digits(std::string& out, unsigned value, int width) {
  char digits[8];
  for (int i = width - 1; i >= 0; --i) {
    digits[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  out.append(digits, static_cast<std::size_t>(width));
}

// Reads exactly `width` digits at `at` and moves past them.
bool read_digits(std::string_view text, std::size_t& at, int width, int& value) {
  value = 0;
  for (int i = 0; i < width; ++i, ++at) {
    if (at >= text.size() || text[at] < '0' || text[at] > '9') return false;
    value = value * 10 + (text[at] - '0');
  }
  return true;
}

bool read_char(std::string_view text, std::size_t& at, char expected) {
  if (at >= text.size() || text[at] != expected) return false;
  ++at;
  return true;
}

}  // namespace

std::int64_t unix_ms_now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string to_iso8601(std::int64_t unix_ms) {
  using namespace std::chrono;
  const sys_time<milliseconds> time{milliseconds(unix_ms)};
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  std::string out;
  out.reserve(24);
  append_digits(out, static_cast<unsigned>(int{date.year()}), 4);
  out.push_back('-');
  append_digits(out, unsigned{date.month()}, 2);
  out.push_back('-');
  append_digits(out, unsigned{date.day()}, 2);
  out.push_back('T');
  append_digits(out, static_cast<unsigned>(clock.hours().count()), 2);
  out.push_back(':');
  append_digits(out, static_cast<unsigned>(clock.minutes().count()), 2);
  out.push_back(':');
  append_digits(out, static_cast<unsigned>(clock.seconds().count()), 2);
  out.push_back('.');
  append_digits(out, static_cast<unsigned>(clock.subseconds().count()), 3);
  out.push_back('Z');
  return out;
}

std::optional<std::int64_t> parse_iso8601(std::string_view text) {
  using namespace std::chrono;
  std::size_t at = 0;
  int y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0;
  if (!read_digits(text, at, 4, y) || !read_char(text, at, '-') || !read_digits(text, at, 2, mo) ||
      !read_char(text, at, '-') || !read_digits(text, at, 2, d) || !read_char(text, at, 'T') ||
      !read_digits(text, at, 2, h) || !read_char(text, at, ':') || !read_digits(text, at, 2, mi) ||
      !read_char(text, at, ':') || !read_digits(text, at, 2, s)) {
    return std::nullopt;
  }
  int ms = 0;
  if (at < text.size() && text[at] == '.') {
    ++at;
    int digits = 0;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, ++digits) {
      if (digits < 3) ms = ms * 10 + (text[at] - '0');
    }
    if (digits == 0) return std::nullopt;
    for (; digits < 3; ++digits) ms *= 10;
  }
  int offset_minutes = 0;
  if (at < text.size() && (text[at] == '+' || text[at] == '-')) {
    const int sign = text[at++] == '+' ? 1 : -1;
    int oh = 0, om = 0;
    if (!read_digits(text, at, 2, oh) || !read_char(text, at, ':') ||
        !read_digits(text, at, 2, om) || oh > 23 || om > 59) {
      return std::nullopt;
    }
    offset_minutes = sign * (oh * 60 + om);
  } else if (!read_char(text, at, 'Z')) {
    return std::nullopt;
  }
  const year_month_day date{year{y}, month{static_cast<unsigned>(mo)},
                            day{static_cast<unsigned>(d)}};
  if (at != text.size() || !date.ok() || h > 23 || mi > 59 || s > 59) return std::nullopt;
  const sys_time<milliseconds> time =
      sys_days{date} + hours(h) + minutes(mi - offset_minutes) + seconds(s) + milliseconds(ms);
  return time.time_since_epoch().count();
}

}  // namespace synap
