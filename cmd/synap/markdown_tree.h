// The Markdown files of a directory.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"

namespace synap::cli {

struct Skipped {
  std::string path;  // relative, for people: what is no UTF-8 in it is replaced
  std::string reason;
  bool is_lost = false;  // it was to be read, and could not be
};

struct MarkdownTree {
  std::string root;                // absolute, without symbolic links
  std::vector<std::string> files;  // relative to the root, in order
  std::vector<Skipped> skipped;
  std::size_t others = 0;  // files that are no Markdown
};

/// Every *.md and *.markdown below `directory`. Symbolic links are not followed: what they lead to
/// inside of the tree is found anyway, and what lies outside was not asked for. Directories whose
/// name begins with a dot are skipped. kNotFound: there is no such directory.
Result<MarkdownTree> find_markdown(const std::string& directory);

/// Valid UTF-8 for output.
std::string displayed(std::string_view path);

}  // namespace synap::cli
