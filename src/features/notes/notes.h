// Notes: Markdown text with a title, tags, and properties: whatever else its author said of it.
#pragma once

#include <string>
#include <string_view>

#include "features/links/links.h"
#include "features/rooms.h"

namespace synap::features::notes {

inline constexpr std::size_t kTitleCharactersMax = 100;        // of a title made from the text
inline constexpr std::size_t kPropertiesBytesMax = 64 * 1024;  // as JSON text: they ride in events
inline constexpr int kPropertiesDepthMax = 32;  // half of what a request's input may have

/// The first line that has words in it, without Markdown's marks of headings, quotes and items of
/// lists; "Untitled" without one. What marks a part of the words (emphasis, links) stays.
std::string title_of(std::string_view text);

/// Registers event types, projections, functions and procedures. `rooms` must outlive them.
void add(const Rooms& rooms, int reading_parts_max = links::kReadingPartsMax);

}  // namespace synap::features::notes
