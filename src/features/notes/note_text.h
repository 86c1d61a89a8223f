// What is made of a note's text where nothing else says it: its title and its preview.
#pragma once

#include <string>
#include <string_view>

namespace synap::features::notes {

inline constexpr std::size_t kTitleCharactersMax = 100;  // of a title made from the text
inline constexpr std::size_t kPreviewCharactersMax = 500;

/// The first line that has words in it, without Markdown's heading marks; "Untitled" without one.
std::string title_of(std::string_view content);
/// The beginning of the text, cut between characters.
std::string preview_of(std::string_view content);

}  // namespace synap::features::notes
