// Streams: a document as the terms that are kept of it, column by column, in the form of the
// tokenizer given_terms (db/sqlite/full_text.h). Each term begins with the number of its user, so
// that a look for a term meets nothing of others, neither texts nor how many there are.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/analyzer.h"
#include "search/document.h"

namespace synap::search {

/// Another, where what is made of a document is another than before: then indexes are made again.
inline constexpr std::string_view kStreamsVersion = "2";

/// The columns with words, in their order in the table; behind them comes that of keys.
enum class Column : std::uint8_t { kTitle, kText, kTags, kOthers };
inline constexpr std::size_t kColumns = 4;
inline constexpr std::array<double, kColumns> kWeights = {4, 1, 3, 1};

struct Streams {
  std::array<std::string, kColumns> words;
  std::array<std::int64_t, kColumns> sizes{};  // terms
  std::string keys;
};

/// What is kept of a document beside its terms, and what these follow from: where it is deleted,
/// FTS5 has to be told each of them again.
struct Kept {
  std::string type;
  std::string title;
  std::string text;
  std::string tags;  // a JSON array
  std::string others;
  std::string fields;  // a JSON object
  analysis::Language language = analysis::Language::kNone;
  std::int64_t updated_at = 0;

  friend bool operator==(const Kept&, const Kept&) = default;
};
Kept kept_of(const Document& document);

/// Pure.
Streams streams_of(analysis::Analyzer& analyzer, std::int64_t user, const Kept& kept);

/// Of Kept::fields: the type that a thing has within its kind. Empty: it has none.
std::string own_type_in(std::string_view fields);

/// The term of a user for a word.
std::string term_of(std::int64_t user, std::string_view word);
/// A word for a value that is looked for as a whole: "tag", "Home". Capitals and accents do not
/// matter.
std::string key_of(std::string_view field, std::string_view value);

/// The beginning of a text of so many bytes, without half a character at its end.
std::string_view beginning_of(std::string_view text, std::size_t bytes);

}  // namespace synap::search
