#include "cel/time.h"

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <limits>

#include "cel/zone.h"

namespace synap::cel {
namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr std::int64_t kFirstSecond = -62'135'596'800;  // 0001-01-01T00:00:00Z
constexpr std::int64_t kLastSecond = 253'402'300'799;   // 9999-12-31T23:59:59Z

std::int64_t floor_div(std::int64_t value, std::int64_t by) {
  return value / by - (value % by < 0 ? 1 : 0);
}

struct Unit {
  std::string_view name;
  std::int64_t nanos;
};

constexpr std::array kUnits = {
    Unit{"ns", 1},
    Unit{"us", 1'000},
    Unit{"µs", 1'000},  // U+00B5, the micro sign
    Unit{"μs", 1'000},  // U+03BC, the Greek letter
    Unit{"ms", 1'000'000},
    Unit{"s", kNanosPerSecond},
    Unit{"m", 60 * kNanosPerSecond},
    Unit{"h", 3'600 * kNanosPerSecond},
    Unit{"d", 86'400 * kNanosPerSecond},
    Unit{"w", 7 * 86'400 * kNanosPerSecond},
};
constexpr std::size_t kUnitsOfGo = 8;  // without days and weeks

// A number before its unit: its whole part, and the fraction in 10^-18ths of one.
struct Amount {
  std::int64_t whole = 0;
  std::int64_t fraction = 0;
};

std::optional<Amount> take_amount(std::string_view& text) {
  constexpr int kFractionDigits = 18;
  Amount amount;
  std::size_t digits = 0;
  while (digits < text.size() && std::isdigit(static_cast<unsigned char>(text[digits])) != 0) {
    if (__builtin_mul_overflow(amount.whole, 10, &amount.whole) ||
        __builtin_add_overflow(amount.whole, text[digits] - '0', &amount.whole)) {
      return std::nullopt;
    }
    ++digits;
  }
  const bool has_whole = digits > 0;
  text.remove_prefix(digits);
  if (text.empty() || text.front() != '.') {
    return has_whole ? std::optional(amount) : std::nullopt;
  }
  text.remove_prefix(1);
  std::int64_t scale = 1;
  for (int i = 0; i < kFractionDigits; ++i) scale *= 10;
  digits = 0;
  while (digits < text.size() && std::isdigit(static_cast<unsigned char>(text[digits])) != 0) {
    scale /= 10;  // 0 from the 19th digit on, which then adds nothing
    amount.fraction += (text[digits] - '0') * scale;
    ++digits;
  }
  text.remove_prefix(digits);
  return has_whole || digits > 0 ? std::optional(amount) : std::nullopt;
}

std::optional<std::int64_t> nanos_of(const Amount& amount, std::int64_t unit) {
  std::int64_t nanos = 0;
  if (__builtin_mul_overflow(amount.whole, unit, &nanos)) return std::nullopt;
  // A double has the digits that a nanosecond of any unit takes.
  const auto rest = static_cast<double>(amount.fraction) / 1e18 * static_cast<double>(unit);
  if (__builtin_add_overflow(nanos, static_cast<std::int64_t>(rest), &nanos)) return std::nullopt;
  return nanos;
}

const Unit* take_unit(std::string_view& text, std::size_t count) {
  std::size_t end = 0;
  while (end < text.size() && text[end] != '.' &&
         std::isdigit(static_cast<unsigned char>(text[end])) == 0) {
    ++end;
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (kUnits[i].name != text.substr(0, end)) continue;
    text.remove_prefix(end);
    return &kUnits[i];
  }
  return nullptr;
}

std::optional<Duration> read_duration(std::string_view text, std::size_t units) {
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return Duration{0};
  if (text.empty()) return std::nullopt;
  std::int64_t sum = 0;
  while (!text.empty()) {
    const auto amount = take_amount(text);
    const auto* unit = amount ? take_unit(text, units) : nullptr;
    if (unit == nullptr) return std::nullopt;
    const auto nanos = nanos_of(*amount, unit->nanos);
    if (!nanos || __builtin_add_overflow(sum, *nanos, &sum)) return std::nullopt;
  }
  return Duration{is_negative ? -sum : sum};
}

// ".5", with no more digits than it takes; nothing for 0.
std::string fraction_text(std::int64_t nanos) {
  if (nanos == 0) return "";
  auto text = fmt::format(".{:09}", nanos);
  text.resize(text.find_last_not_of('0') + 1);
  return text;
}

}  // namespace

bool is_in_range(const Timestamp& time) {
  return time.seconds >= kFirstSecond && time.seconds <= kLastSecond;
}

std::optional<Duration> parse_duration(std::string_view text) {
  return read_duration(text, kUnitsOfGo);
}

std::optional<Duration> parse_long_duration(std::string_view text) {
  return read_duration(text, kUnits.size());
}

std::optional<Timestamp> date_of_number(std::int64_t number) {
  // The borders are those of Inngest's date().
  constexpr std::int64_t kYear2000 = 946'684'800;
  constexpr std::int64_t kSecondsMax = 9'999'999'999;
  constexpr std::int64_t kMillisecondsMax = 9'999'999'999'999;
  if (number < kYear2000) return std::nullopt;
  if (number < kSecondsMax) return Timestamp{number, 0};
  if (number < kMillisecondsMax) return timestamp_of_unix_ms(number);
  return Timestamp{number / kNanosPerSecond, static_cast<std::int32_t>(number % kNanosPerSecond)};
}

Timestamp timestamp_of_unix_ms(std::int64_t unix_ms) {
  const auto seconds = floor_div(unix_ms, 1'000);
  return {seconds, static_cast<std::int32_t>((unix_ms - seconds * 1'000) * 1'000'000)};
}

std::string to_text(const Timestamp& time) {
  const auto civil = civil_time(time, "");
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}Z", civil->year, civil->month,
                     civil->day, civil->hours, civil->minutes, civil->seconds,
                     fraction_text(time.nanos));
}

std::string to_text(const Duration& duration) {
  const auto seconds = duration.nanos / kNanosPerSecond;
  const auto nanos = duration.nanos % kNanosPerSecond;
  return fmt::format("{}{}{}s", duration.nanos < 0 && seconds == 0 ? "-" : "", seconds,
                     fraction_text(nanos < 0 ? -nanos : nanos));
}

std::optional<Timestamp> add(const Timestamp& time, const Duration& duration) {
  const auto seconds = floor_div(duration.nanos, kNanosPerSecond);
  auto nanos = time.nanos + (duration.nanos - seconds * kNanosPerSecond);
  Timestamp sum{time.seconds + seconds, 0};
  if (nanos >= kNanosPerSecond) {
    nanos -= kNanosPerSecond;
    ++sum.seconds;
  }
  sum.nanos = static_cast<std::int32_t>(nanos);
  return is_in_range(sum) ? std::optional(sum) : std::nullopt;
}

std::optional<Duration> add(const Duration& left, const Duration& right) {
  Duration sum;
  if (__builtin_add_overflow(left.nanos, right.nanos, &sum.nanos)) return std::nullopt;
  return sum;
}

std::optional<Duration> negated(const Duration& duration) {
  if (duration.nanos == std::numeric_limits<std::int64_t>::min()) return std::nullopt;
  return Duration{-duration.nanos};
}

std::optional<Duration> between(const Timestamp& later, const Timestamp& earlier) {
  Duration span;
  if (__builtin_mul_overflow(later.seconds - earlier.seconds, kNanosPerSecond, &span.nanos) ||
      __builtin_add_overflow(span.nanos, later.nanos - earlier.nanos, &span.nanos)) {
    return std::nullopt;
  }
  return span;
}

std::optional<CivilTime> civil_time(const Timestamp& time, std::string_view zone) {
  const auto offset = zone_offset(zone, time.seconds);
  if (!offset) return std::nullopt;
  return civil_of_seconds(time.seconds + *offset);
}

}  // namespace synap::cel
