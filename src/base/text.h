// Text of others: its characters, and those of them that deceive whoever reads it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace synap {

struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 1;
  bool is_valid = true;  // false: a byte that is no UTF-8; then `value` is U+FFFD
};
/// The first of a text that is not empty.
CodePoint first_code_point(std::string_view text);

/// What must not be shown as it is: controls (those above ASCII, too: one begins escape sequences
/// of a terminal), other line ends, characters without any width that join nothing, and what turns
/// the direction of writing, which shows one name as another. The page has the same list
/// (`visible` in ui/src/parts/text.tsx).
bool is_hostile(char32_t c);

/// The beginning of `text` that is valid UTF-8, `bytes_max` bytes of it at most, and behind it how
/// much was cut, if some was: "abc... (1048573 more bytes)".
std::string shortened(std::string_view text, std::size_t bytes_max);

/// The text in Unicode's form C (NFC), in which what looks the same is the same: macOS names files
/// in form D, "e" with an accent behind it, and keyboards write the one letter. Of valid UTF-8. A
/// letter with more than a kilobyte of marks stays as it is, so that time grows as the text does.
std::string composed(std::string_view text);

}  // namespace synap
