// What is wrong with an input, as the pod lists it (zod's issues), in sentences.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace synap::cli {

/// The issues that are the message of a validation failure; nothing: it is a message for people.
std::optional<Json> issues_of(std::string_view message);

/// "The input is wrong: title: it must not be empty; tags[0]: it must be a text, not a number".
std::string sentence_of(const Json& issues);

}  // namespace synap::cli
