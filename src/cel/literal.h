// What the text between the quotes of a literal means. Private to the room.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace synap::cel {

/// Resolves escapes. In bytes \xff and \377 are one byte, in texts the character of that number.
/// The error is a sentence without a subject: "has an escape \\q, which there is not".
std::expected<std::string, std::string> unescape(std::string_view raw, bool is_bytes);

/// The text as a literal in double quotes; of bytes with b before it and all but ASCII escaped.
std::string quoted(std::string_view text);
std::string quoted_bytes(std::string_view bytes);

/// Appends the UTF-8 of a code point; false if it is none.
bool append_utf8(std::string& out, std::uint32_t code_point);

}  // namespace synap::cel
