// The words of a JSON value, as documents of search have them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"

namespace synap::features {

/// Adds a line to a text, unless it is empty.
void add_line(std::string& text, std::string_view line);

/// Of the members of objects: whether their names are words, too.
enum class Names : std::uint8_t { kLeftOut, kTaken };

/// Adds all strings and numbers in a value, a line each. As deep as an input's JSON is.
void add_words(std::string& text, const Json& value, Names names = Names::kLeftOut);

/// The words alone of the beginning of a text, as a query of search: what else a query may have is
/// nothing that whoever wrote the text means by it. Empty: there are none.
std::string query_of(std::string_view text);

}  // namespace synap::features
