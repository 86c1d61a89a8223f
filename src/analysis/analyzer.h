// Analyzer: a text as the terms by which it is found. The same for what is kept and for what is
// asked, whatever the index is kept in: so a change of it is a new version(), and indexes are made
// again.
//
// A word is a run of letters, digits and marks: what stands between (also in "example.com",
// "foo_bar" and "don't", which UAX 29 keeps together) ends it, so that each part is found, and the
// whole as a phrase. Chinese, Japanese, Korean and Thai, which have no spaces, or spaces that say
// little, are taken in pairs of characters; Khmer, Lao and Burmese by ICU's dictionaries.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "analysis/dictionary.h"
#include "analysis/language.h"
#include "analysis/stemmer.h"

namespace synap::analysis {

/// Of the terms: where it is another, a text may have other terms than before. Grows with the rules
/// here, and is another with ICU's tables.
std::string version();

/// A longer word is found by so many of its characters.
inline constexpr std::size_t kTermCharactersMax = 64;

struct Token {
  std::string term;  // folded(), not empty
  /// By the rules of each language that was asked for, without accents; those that differ from the
  /// term and from each other.
  std::vector<std::string> stems;
  std::size_t begin = 0;  // in the text, in bytes
  std::size_t end = 0;
  std::uint32_t position = 0;  // 0, 1, 2 ...: neighbours have neighbouring ones
  enum class Kind : std::uint8_t {
    kWord,
    kPair,    // two characters of a run without spaces
    kSingle,  // the last character of such a run, which begins no pair
  };
  Kind kind = Kind::kWord;
  bool is_alone = false;  // of kSingle: it is all of its run
};

/// One thread at a time. The work is linear in the bytes of the text, whatever is in it.
class Analyzer {
 public:
  /// Is shown each token in turn, which is gone when it returns; false: no further one.
  using Take = std::function<bool(const Token&)>;

  void analyze(std::string_view text, std::span<const Language> languages, const Take& take);
  void analyze(std::string_view text, Language language, const Take& take) {
    analyze(text, std::span(&language, 1), take);
  }

 private:
  class Pass;
  struct Forms {
    std::string term;
    std::vector<std::string> stems;
  };
  const Forms& forms_of(std::string_view word, std::span<const Language> languages);
  Forms make_forms(std::string_view word, std::span<const Language> languages);

  Stemmers stemmers_;
  Dictionary dictionary_;
  // Texts say the same words again and again, and to make their forms is most of the work. By the
  // word and the languages; emptied when it is full.
  std::unordered_map<std::string, Forms> known_;
  std::string key_;
  Forms other_;  // of a word that is not kept
};

}  // namespace synap::analysis
