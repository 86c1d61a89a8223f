// The first heading of a Markdown text, as CommonMark has headings.
#pragma once

#include <string>
#include <string_view>

namespace synap::cli {

/// Its text without marks (emphasis, links, code, HTML), or empty: there is none that has text. Of
/// a text of more than 1 MiB the beginning is looked at.
std::string first_heading(std::string_view markdown);

}  // namespace synap::cli
