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

/// md4c takes time that grows with the square of some texts. Of texts so long none takes more than
/// a tenth of a second, of an ordinary one a hundredth of that.
inline constexpr std::size_t kTextBytesMax = 64 << 10;

/// kPayloadTooLarge: the text is longer than kTextBytesMax, a line of it opens more lists and
/// quotes than anybody reads, or it comes to more than 16 times as much HTML, as a table of empty
/// cells can.
Result<std::string> to_html(std::string_view text);

}  // namespace synap::markdown
