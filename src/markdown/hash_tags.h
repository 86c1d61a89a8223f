// The tags in a Markdown text: #garden, #year/2026. By md4c, so none in code, in links, or behind a
// backslash; of which characters they are, as Obsidian has it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace synap::markdown {

/// How many different tags of a text are found; further ones are text.
inline constexpr std::size_t kHashTagsMax = 100;
/// In characters, without "#"; a longer one is text.
inline constexpr std::size_t kHashTagCharactersMax = 100;

/// Whether "#" and this is a tag: letters and digits of any script, "_", "-", "/" between others,
/// and signs such as emoji; at least one letter or sign.
bool is_hash_tag(std::string_view name);

/// Each tag once, without "#", in NFC, where it comes first. A "#" behind a letter, a digit, or
/// another sign that goes on from there (as in "C#x", "a/#b", "&#65;", href="#x") begins none.
/// Looks at the first kTextBytesMax of a text (html.h), and finds nothing in one that md4c would
/// take too long for. Pure.
std::vector<std::string> hash_tags(std::string_view text);

/// The text with this tag, in any Unicode form, renamed wherever hash_tags() finds it, and where it
/// does then, as a text that has become shorter may show more of itself; `to` that is no tag
/// (is_hash_tag), or nothing: the name stays as a word, without its "#". What a mark of Markdown
/// beside it makes of the new name is for who asks to find out. Pure.
std::string with_tag_renamed(std::string_view text, std::string_view tag, std::string_view to);

}  // namespace synap::markdown
