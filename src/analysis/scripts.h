// What the characters of a text are to whoever looks for its words.
#pragma once

#include <cstdint>

namespace synap::analysis {

enum class CharacterKind : std::uint8_t {
  kBetween,     // spaces, punctuation, symbols, controls
  kWord,        // letters, digits and what joins them
  kMark,        // goes on with what it stands behind
  kGram,        // of Chinese, Japanese, Korean, Thai: written without spaces, found by pairs
  kDictionary,  // of Khmer, Lao, Burmese: written without spaces, words by ICU's dictionaries
};

CharacterKind kind_of(char32_t c);

}  // namespace synap::analysis
