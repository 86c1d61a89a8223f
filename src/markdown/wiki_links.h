// The wiki links of a Markdown text: [[Title]], [[Title|words]], [[Title#Heading]],
// [[folder/Title]], and ![[Title]], by md4c: so none in code, and none that a backslash takes back.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace synap::markdown {

/// How many different targets of a text are found; further ones are left out.
inline constexpr std::size_t kWikiLinksMax = 500;

/// md4c takes a longer one for no link.
inline constexpr std::size_t kWikiTargetBytesMax = 100;

struct WikiLink {
  std::string target;   // "folder/Title", as it is written, without heading and words; not empty
  std::string heading;  // behind "#" of the first that has one; empty: none
  std::string around;  // the words of its paragraph next to it, on one line; at most some 240 bytes
};

/// Each target once, where it comes first. Looks at the first kTextBytesMax of a text (html.h), and
/// finds nothing in one that md4c would take too long for. A target has at most
/// kWikiTargetBytesMax. Pure.
std::vector<WikiLink> wiki_links(std::string_view text);

/// Whether [[name]] is a link to all of it.
bool is_wiki_target(std::string_view name);

/// The text with its links to one of these targets, as wiki_links() finds them, leading to `to`
/// instead (is_wiki_target): their headings and words stay. As it was, where any other link would
/// be another then. Pure.
std::string with_links_renamed(std::string_view text, const std::vector<std::string>& targets,
                               std::string_view to);

}  // namespace synap::markdown
