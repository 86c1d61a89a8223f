#include "cron/fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "cron/schedule.h"

namespace synap::cron {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                      "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kDays = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

constexpr std::array<Field, 5> kFields = {{
    {"minute", 0, 59, {}},
    {"hour", 0, 23, {}},
    {"day of month", 1, 31, {}},
    {"month", 1, 12, kMonths},
    {"day of week", 0, 6, kDays},
}};

// What may stand in a field, for its errors.
std::string allowed(const Field& field) {
  auto numbers = fmt::format("allowed are {} to {}", field.min, field.max);
  if (field.words.empty()) return numbers;
  const auto word = [&](std::string_view text) {
    std::string upper(text);
    for (auto& c : upper) c = static_cast<char>(c - 'a' + 'A');
    return upper;
  };
  return fmt::format("{}, {} to {}", numbers, word(field.words.front()), word(field.words.back()));
}

std::unexpected<Refusal> refuse(std::string_view at, std::string message) {
  return std::unexpected(Refusal{at, std::move(message)});
}

bool is_word(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower, [](char left, char right) {
    return (left >= 'A' && left <= 'Z' ? left - 'A' + 'a' : left) == right;
  });
}

// Digits, after a + if there is one, as Go's strconv.Atoi has them. Nothing beyond 64 bits.
std::optional<std::int64_t> number_of(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || text.front() == '-') return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::expected<unsigned, Refusal> read_value(std::string_view text, const Field& field) {
  for (unsigned i = 0; i < field.words.size(); ++i) {
    if (is_word(text, field.words[i])) return field.min + i;
  }
  if (text.empty()) {
    return refuse(text, fmt::format("a value is missing; {}", allowed(field)));
  }
  const auto number = number_of(text);
  if (!number) return refuse(text, fmt::format("\"{}\" is no value; {}", text, allowed(field)));
  if (*number < field.min) {
    return refuse(text, fmt::format("{} is below {}; {}", *number, field.min, allowed(field)));
  }
  if (*number > field.max) {
    return refuse(text, fmt::format("{} is above {}; {}", *number, field.max, allowed(field)));
  }
  return static_cast<unsigned>(*number);
}

std::expected<std::uint64_t, Refusal> read_step(std::string_view text) {
  const auto step = number_of(text);
  if (step && *step > 0) return static_cast<std::uint64_t>(*step);
  return refuse(text, fmt::format("\"{}\" is no step; it is a whole number from 1", text));
}

// A part of a range: its values from `first` to `last`, and whether it began with a star.
struct Span {
  unsigned first;
  unsigned last;
  bool is_star = false;
  bool is_single = false;  // one value, without a hyphen
};

std::expected<Span, Refusal> read_span(std::string_view text, const Field& field) {
  const auto hyphen = text.find('-');
  const auto low = text.substr(0, hyphen);
  // The reference does not look at what stands behind the hyphen of *-5, so that it is a star.
  if (low == "*" || low == "?") return Span{field.min, field.max, true};
  const auto first = read_value(low, field);
  if (!first) return std::unexpected(first.error());
  if (hyphen == std::string_view::npos) return Span{*first, *first, false, true};
  const auto high = text.substr(hyphen + 1);
  if (high.contains('-')) {
    return refuse(text, fmt::format("\"{}\" has more than one hyphen; a range is 1-5", text));
  }
  const auto last = read_value(high, field);
  if (!last) return std::unexpected(last.error());
  if (*first > *last) {
    return refuse(text, fmt::format("the range {} ends before it begins", text));
  }
  return Span{*first, *last};
}

std::expected<std::uint64_t, Refusal> read_range(std::string_view text, const Field& field) {
  const auto slash = text.find('/');
  auto span = read_span(text.substr(0, slash), field);
  if (!span) return std::unexpected(span.error());
  std::uint64_t step = 1;
  if (slash != std::string_view::npos) {
    const auto behind = text.substr(slash + 1);
    if (behind.contains('/')) {
      return refuse(text, fmt::format("\"{}\" has more than one slash; a step is */5", text));
    }
    const auto read = read_step(behind);
    if (!read) return std::unexpected(read.error());
    step = *read;
    if (span->is_single) span->last = field.max;  // 5/15 is 5-max/15
  }
  std::uint64_t set = 0;
  for (std::uint64_t value = span->first; value <= span->last; value += step) {
    set |= std::uint64_t{1} << value;
  }
  // A star with a step is no star any more to the rule of the two days: see is_day in search.cpp.
  return span->is_star && step == 1 ? set | Rule::kStarBit : set;
}

}  // namespace

std::span<const Field> fields() {
  return kFields;
}

std::expected<std::uint64_t, Refusal> read_field(std::string_view text, const Field& field) {
  std::uint64_t set = 0;
  for (auto rest = text; !rest.empty();) {
    const auto comma = std::min(rest.find(','), rest.size());
    // Commas with nothing between them are passed over, as the reference has it: 1,,2.
    if (comma > 0) {
      const auto range = read_range(rest.substr(0, comma), field);
      if (!range) return range;
      set |= *range;
    }
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  if (set == 0) return refuse(text, fmt::format("a value is missing; {}", allowed(field)));
  return set;
}

}  // namespace synap::cron
