// What comes from stored text, or from anybody but the person and the pod itself, is marked as data
// where a model reads it, so that it can tell it from what it is asked.
#pragma once

#include <string>
#include <string_view>

namespace synap::agents {

/// `<data kind="note" id="...">` and the text and its end. What in the text looks like such a mark
/// is written so that it is none.
std::string as_data(std::string_view kind, std::string_view id, std::string_view text);

/// What a prompt says of it to the model.
extern const std::string_view kDataRule;

/// The text, at most so many bytes of it, with a word on what is left out.
std::string shortened(std::string_view text, std::size_t bytes_max);

}  // namespace synap::agents
