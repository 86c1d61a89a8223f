// Snippet: the part of a text where most of what was looked for stands together.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/analyzer.h"
#include "search/expression.h"

namespace synap::search {

/// So much of a text is looked at for a snippet, and so much of all texts of an answer.
inline constexpr std::size_t kSnippetLookBytesMax = 256 << 10;
inline constexpr std::size_t kSnippetLookBytesMaxOfAll = 2 << 20;
/// About so long is a snippet.
inline constexpr std::size_t kSnippetBytes = 200;

/// The parts of a snippet, behind each other, are its text on one line; valid UTF-8.
struct SnippetPart {
  std::string text;
  bool is_match = false;

  friend bool operator==(const SnippetPart&, const SnippetPart&) = default;
};

/// How the text begins, where none of the terms is in what is looked at. `look_bytes` are what may
/// still be looked at; they become less.
std::vector<SnippetPart> snippet_of(analysis::Analyzer& analyzer, std::string_view text,
                                    analysis::Language language, const Marked& marked,
                                    std::size_t words, std::size_t& look_bytes);
/// Whether a part of it is a match.
bool has_match(const std::vector<SnippetPart>& snippet);

}  // namespace synap::search
