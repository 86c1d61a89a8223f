// FrontMatter: what stands between two lines of "---" at the beginning of a Markdown file. Of its
// YAML as much is read as such blocks have:
//
//   block = "---" line* ("---" | "...")
//   line  = key ":" value | indented or "- " lines, which belong to the key before | "#…" | blank
//   title = plain, 'single' or "double" quoted text, or a "|" or ">" block
//   tags  = [a, "b"] | a block list of "- a" | a, b
//
// A block that is something else is no front matter: it stays text, and `problem` says why.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace synap::cli {

struct FrontMatter {
  std::optional<std::string> title;  // not empty
  std::vector<std::string> tags;     // without "#", none empty, none twice
  std::string_view body;             // the text without the block
  std::string problem;               // a sentence, or empty
};

/// `text` is UTF-8 without a byte order mark; `body` points into it.
FrontMatter read_front_matter(std::string_view text);

/// "#a" and " a " are the tag "a".
std::string_view tag_of(std::string_view text);
std::string_view trimmed(std::string_view text);
/// The line at the beginning of `rest`, without its end, which is taken off `rest`.
std::string_view take_line(std::string_view& rest);

}  // namespace synap::cli
