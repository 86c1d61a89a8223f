// Markdown as HTML that may be put into a page: CommonMark with GitHub's tables, strikethrough,
// task lists and bare links, by md4c.
//
// Whoever wrote the text gets nothing into the page but its own words: HTML in it is shown as text,
// a link goes to http, https or mailto or is none, a picture comes from the text itself (data:) or
// is a link, and there are no ids, styles or handlers.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace synap::markdown {

inline constexpr std::size_t kTextBytesMax = 256 << 10;

/// kPayloadTooLarge: the text is longer than kTextBytesMax, or comes to more than 16 times as much
/// HTML, as a table of empty cells can.
Result<std::string> to_html(std::string_view text);

}  // namespace synap::markdown
