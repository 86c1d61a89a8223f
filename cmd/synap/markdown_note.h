// MarkdownNote: a Markdown file as the note it becomes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace synap::cli {

struct MarkdownNote {
  std::string title;    // of the front matter, or the first heading, or the file's name
  std::string content;  // without front matter
  std::vector<std::string> tags;
  std::vector<std::string> remarks;  // what was done otherwise than one may expect
};

/// `name` is the file's, without its folder. The errors say why the file is no note: it is empty,
/// or no UTF-8, or too large.
Result<MarkdownNote> read_note(std::string_view name, std::string_view bytes,
                               const std::vector<std::string>& more_tags);

/// The text of the first heading (# or underlined) outside of code, or empty.
std::string first_heading(std::string_view markdown);

/// Larger files are not even read.
inline constexpr std::size_t kFileBytesMax = 10 * 1024 * 1024;

}  // namespace synap::cli
