// Where a text stops being JSON: a plain RFC 8259 scanner. simdjson is the parser and says only
// that a text is wrong; this says where and why, and is run on refused texts alone.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace synap {

struct JsonFault {
  std::size_t at = 0;     // the byte
  std::string_view what;  // "',' or ']' is expected"
};

/// The first fault, or nothing where the text is JSON (of whatever depth).
std::optional<JsonFault> find_json_fault(std::string_view text);

/// The length of the JSON number at the beginning of `text`, 0 if there is none.
std::size_t json_number_length(std::string_view text);

}  // namespace synap
