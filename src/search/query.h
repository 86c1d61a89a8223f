// Query: what somebody types who looks for something.
//
//   query   = { item }                 items with spaces between
//   item    = [ "-" ] ( filter | [ scope ] ( word | prefix | phrase ) )
//   scope   = "title:" | "text:"
//   filter  = field ":" ( value | phrase )     field: tag, type, and those of the kinds (status)
//   phrase  = '"' text '"'
//   prefix  = word "*"
//
// Words rank: a text needs one of them, and those with more, and with rarer ones, come first. What
// has a scope, is a phrase or a filter must be there; what has a minus must not. A colon behind any
// other word is a part of the text, as in "re: lunch" or "https://".
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace synap::search {

inline constexpr std::size_t kQueryCharactersMax = 1'000;
inline constexpr std::size_t kItemsMax = 64;
/// Each stands for up to a hundred words.
inline constexpr std::size_t kPrefixesMax = 8;

struct Item {
  enum class Kind : std::uint8_t { kWord, kPrefix, kPhrase, kFilter };
  enum class Scope : std::uint8_t { kAll, kTitle, kText };
  Kind kind = Kind::kWord;
  Scope scope = Scope::kAll;
  std::string field = {};  // of a filter
  std::string text = {};   // not empty; without marks
  bool is_excluded = false;
  std::size_t place = 0;    // in the query, in bytes
  bool is_of_query = true;  // false: it was given beside it

  bool is_required() const { return kind >= Kind::kPhrase || scope != Scope::kAll; }
};

/// Of a text that is valid UTF-8. kBadRequest, as wrong_at().
Result<std::vector<Item>> parse_query(std::string_view text, std::span<const std::string> fields);

/// What is looked for by meaning: the words and phrases, without what must not be there and without
/// fields. Empty: nothing.
std::string meant_text(std::span<const Item> items);

/// kBadRequest: "q, character 5: ...", with {"reason":"SEARCH_SYNTAX","position":4}: characters of
/// the text before `place`, as Unicode counts them.
Error wrong_at(std::string_view text, std::size_t place, std::string_view what);

}  // namespace synap::search
