// The five fields of a schedule, each read as a set of values. Private to the room.
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>

namespace synap::cron {

/// One of the five: its name, the values it may have, and words for them where there are any.
struct Field {
  std::string_view name;
  unsigned min;
  unsigned max;
  std::span<const std::string_view> words;  // lower case, the first for `min`
};

/// In the order in which they are written: minute, hour, day of month, month, day of week.
std::span<const Field> fields();

/// What is wrong with a field, and where: `at` is a part of the text that was read.
struct Refusal {
  std::string_view at;
  std::string message;
};

/// The set of values that `text`, which has no white space, says for a field, as Rule has it.
std::expected<std::uint64_t, Refusal> read_field(std::string_view text, const Field& field);

}  // namespace synap::cron
