// Terminal: whether somebody looks at what the program says, how wide their window is, and texts as
// wide as they are shown.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace synap::cli {

/// True if stdout is a terminal: tables, local times and short ids are for it.
bool is_terminal();
/// Also with NO_COLOR not set, and a terminal that is not "dumb".
bool has_colour();
/// Columns of the terminal, or 80.
std::size_t terminal_width();
/// Lines of the terminal, or 24.
std::size_t terminal_height();

/// How many columns a text takes: wide characters two, marks that combine with others none.
std::size_t display_width(std::string_view utf8);
/// The text cut to `width` columns, with "…" at its end if something is left out.
std::string truncated(std::string_view utf8, std::size_t width);
/// The text with spaces behind it up to `width` columns.
std::string padded(std::string_view utf8, std::size_t width);
/// A line of a text, and below it a caret at the place behind so many of its characters. Of a text
/// that is wider than `width` so much that it is seen what stands there.
std::string with_caret(std::string_view utf8, std::size_t characters, std::size_t width);
/// Paragraphs broken between words, each further line with `indent` spaces before it. The first
/// line begins in column `first`.
std::string wrapped(std::string_view text, std::size_t width, std::size_t indent = 0,
                    std::size_t first = 0);

}  // namespace synap::cli
