#include "base/duration.h"

#include <array>

namespace synap {
namespace {

constexpr std::uint64_t kNanosPerSecond = 1'000'000'000;
// Go's least duration is -2^63 ns: the sum of a negative one may be 1 more than that of a positive.
constexpr std::uint64_t kNanosMax = std::uint64_t{1} << 63U;

struct Unit {
  std::string_view name;
  std::uint64_t nanos;
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

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// A number before its unit: its whole part, and its fraction as digits over a power of ten.
struct Amount {
  std::uint64_t whole = 0;
  std::uint64_t fraction = 0;
  double scale = 1;
};

std::optional<std::uint64_t> take_whole(std::string_view& text) {
  std::uint64_t whole = 0;
  while (!text.empty() && is_digit(text.front())) {
    if (whole > kNanosMax / 10) return std::nullopt;
    whole = whole * 10 + static_cast<std::uint64_t>(text.front() - '0');
    if (whole > kNanosMax) return std::nullopt;
    text.remove_prefix(1);
  }
  return whole;
}

// Digits beyond what 63 bits hold are too small to count.
void take_fraction(std::string_view& text, Amount& amount) {
  bool is_full = false;
  while (!text.empty() && is_digit(text.front())) {
    is_full = is_full || amount.fraction > (kNanosMax - 1) / 10;
    if (!is_full) {
      amount.fraction = amount.fraction * 10 + static_cast<std::uint64_t>(text.front() - '0');
      amount.scale *= 10;
    }
    text.remove_prefix(1);
  }
}

std::optional<Amount> take_amount(std::string_view& text) {
  const auto before = text.size();
  const auto whole = take_whole(text);
  if (!whole) return std::nullopt;
  Amount amount{.whole = *whole};
  auto digits = before - text.size();
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    const auto behind_point = text.size();
    take_fraction(text, amount);
    digits += behind_point - text.size();
  }
  return digits > 0 ? std::optional(amount) : std::nullopt;
}

const Unit* take_unit(std::string_view& text, std::size_t count) {
  std::size_t end = 0;
  while (end < text.size() && text[end] != '.' && !is_digit(text[end])) ++end;
  for (std::size_t i = 0; i < count; ++i) {
    if (kUnits[i].name != text.substr(0, end)) continue;
    text.remove_prefix(end);
    return &kUnits[i];
  }
  return nullptr;
}

std::optional<std::uint64_t> nanos_of(const Amount& amount, std::uint64_t unit) {
  if (amount.whole > kNanosMax / unit) return std::nullopt;
  // In this order, as Go has it: 0.7h is 2,520 s then, and not a nanosecond less.
  const auto rest =
      static_cast<double>(amount.fraction) * (static_cast<double>(unit) / amount.scale);
  return amount.whole * unit + static_cast<std::uint64_t>(rest);
}

std::optional<std::int64_t> read(std::string_view text, std::size_t units) {
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return 0;
  if (text.empty()) return std::nullopt;
  std::uint64_t sum = 0;
  while (!text.empty()) {
    const auto amount = take_amount(text);
    const auto* unit = amount ? take_unit(text, units) : nullptr;
    const auto nanos = unit != nullptr ? nanos_of(*amount, unit->nanos) : std::nullopt;
    if (!nanos || *nanos > kNanosMax - sum) return std::nullopt;
    sum += *nanos;
  }
  if (is_negative) return static_cast<std::int64_t>(-sum);
  return sum < kNanosMax ? std::optional(static_cast<std::int64_t>(sum)) : std::nullopt;
}

}  // namespace

std::optional<std::int64_t> parse_duration_ns(std::string_view text) {
  return read(text, kUnitsOfGo);
}

std::optional<std::int64_t> parse_long_duration_ns(std::string_view text) {
  return read(text, kUnits.size());
}

}  // namespace synap
