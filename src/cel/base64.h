// base64 with + and /, RFC 4648 section 4. Private to the room.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace synap::cel {

std::string to_base64(std::string_view bytes);
/// With its padding or without; nothing if the text is none.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace synap::cel
