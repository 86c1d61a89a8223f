// Reading timestamps. Written by hand: strptime knows a locale, and takes what is no RFC 3339.
#include <array>
#include <cctype>

#include "base/time_zone.h"
#include "cel/time.h"

namespace synap::cel {
namespace {

// A text that is read from its front. Each take_ answers false, or nothing, where something else
// stands there.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool is_at_end() const { return text_.empty(); }

  bool take(std::string_view word) {
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }

  std::optional<int> take_digits(std::size_t count) {
    if (text_.size() < count) return std::nullopt;
    int number = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (std::isdigit(static_cast<unsigned char>(text_[i])) == 0) return std::nullopt;
      number = number * 10 + (text_[i] - '0');
    }
    text_.remove_prefix(count);
    return number;
  }

  // The digits behind a point as nanoseconds; those beyond the ninth are dropped.
  std::optional<std::int32_t> take_nanos() {
    if (!take(".")) return 0;
    std::int32_t nanos = 0;
    std::size_t digits = 0;
    for (; digits < text_.size(); ++digits) {
      if (std::isdigit(static_cast<unsigned char>(text_[digits])) == 0) break;
      if (digits < 9) nanos = nanos * 10 + (text_[digits] - '0');
    }
    if (digits == 0) return std::nullopt;
    for (auto missing = digits; missing < 9; ++missing) nanos *= 10;
    text_.remove_prefix(digits);
    return nanos;
  }

  // One of the words, by its number.
  template <std::size_t N>
  std::optional<unsigned> take_one_of(const std::array<std::string_view, N>& words) {
    for (unsigned i = 0; i < N; ++i) {
      if (take(words[i])) return i;
    }
    return std::nullopt;
  }

 private:
  std::string_view text_;
};

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
// The long ones first: "Mon" is the beginning of "Monday".
constexpr std::array<std::string_view, 14> kDays = {
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
    "Mon",    "Tue",     "Wed",       "Thu",      "Fri",    "Sat",      "Sun"};

bool take_date(Reader& reader, DateAndTime& date) {
  const auto year = reader.take_digits(4);
  if (!year || !reader.take("-")) return false;
  const auto month = reader.take_digits(2);
  if (!month || !reader.take("-")) return false;
  const auto day = reader.take_digits(2);
  if (!day) return false;
  date.year = *year;
  date.month = static_cast<unsigned>(*month);
  date.day = static_cast<unsigned>(*day);
  return true;
}

bool take_time(Reader& reader, DateAndTime& date) {
  const auto hours = reader.take_digits(2);
  if (!hours || !reader.take(":")) return false;
  const auto minutes = reader.take_digits(2);
  if (!minutes || !reader.take(":")) return false;
  const auto seconds = reader.take_digits(2);
  if (!seconds) return false;
  date.hours = *hours;
  date.minutes = *minutes;
  date.seconds = *seconds;
  return true;
}

// Seconds that the clock that was read is ahead of UTC.
std::optional<std::int64_t> take_offset(Reader& reader) {
  if (reader.take("Z") || reader.take("z")) return 0;
  const bool is_negative = reader.take("-");
  if (!is_negative && !reader.take("+")) return std::nullopt;
  const auto hours = reader.take_digits(2);
  if (!hours || !reader.take(":")) return std::nullopt;
  const auto minutes = reader.take_digits(2);
  if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const std::int64_t offset = *hours * 3'600 + *minutes * 60;
  return is_negative ? -offset : offset;
}

std::optional<Timestamp> checked(const DateAndTime& date, std::int32_t nanos, std::int64_t offset) {
  const auto seconds = unix_seconds_of(date);
  if (!seconds) return std::nullopt;
  const Timestamp time{*seconds - offset, nanos};
  return is_in_range(time) ? std::optional(time) : std::nullopt;
}

// 2006-01-02, 2006-01-02T15:04:05
std::optional<Timestamp> parse_local(std::string_view text) {
  Reader reader(text);
  DateAndTime date;
  if (!take_date(reader, date)) return std::nullopt;
  if (reader.is_at_end()) return checked(date, 0, 0);
  if (!reader.take("T") || !take_time(reader, date)) return std::nullopt;
  const auto nanos = reader.take_nanos();
  if (!nanos || !reader.is_at_end()) return std::nullopt;
  return checked(date, *nanos, 0);
}

// Mon, 02 Jan 2006 15:04:05 GMT and Monday, 02-Jan-06 15:04:05 GMT
std::optional<Timestamp> parse_mail_date(std::string_view text) {
  Reader reader(text);
  if (!reader.take_one_of(kDays) || !reader.take(", ")) return std::nullopt;
  const auto day = reader.take_digits(2);
  if (!day || (!reader.take(" ") && !reader.take("-"))) return std::nullopt;
  const auto month = reader.take_one_of(kMonths);
  if (!month || (!reader.take(" ") && !reader.take("-"))) return std::nullopt;
  auto year = reader.take_digits(4);
  if (!year) {
    year = reader.take_digits(2);
    if (!year) return std::nullopt;
    *year += *year < 69 ? 2000 : 1900;  // as Go and POSIX have it
  }
  DateAndTime date{*year, *month + 1, static_cast<unsigned>(*day)};
  if (!reader.take(" ") || !take_time(reader, date)) return std::nullopt;
  if (!reader.take(" GMT") && !reader.take(" UTC")) return std::nullopt;
  return reader.is_at_end() ? checked(date, 0, 0) : std::nullopt;
}

}  // namespace

std::optional<Timestamp> parse_timestamp(std::string_view text) {
  Reader reader(text);
  DateAndTime date;
  if (!take_date(reader, date) || (!reader.take("T") && !reader.take("t"))) return std::nullopt;
  if (!take_time(reader, date)) return std::nullopt;
  const auto nanos = reader.take_nanos();
  const auto offset = nanos ? take_offset(reader) : std::nullopt;
  if (!offset || !reader.is_at_end()) return std::nullopt;
  return checked(date, *nanos, *offset);
}

std::optional<Timestamp> parse_date(std::string_view text) {
  if (const auto time = parse_timestamp(text)) return time;
  if (const auto time = parse_local(text)) return time;
  return parse_mail_date(text);
}

}  // namespace synap::cel
