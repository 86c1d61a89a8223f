// The words of a JSON value, as documents of search have them.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace synap::features {

/// Adds a line to a text, unless it is empty.
void add_line(std::string& text, std::string_view line);

/// Adds all strings and numbers in a value, and the names beside them, a line each. As deep as an
/// input's JSON is.
void add_words(std::string& text, const Json& value);

}  // namespace synap::features
