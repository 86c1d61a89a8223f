// Stemmers: words brought to what their forms have in common ("running", "runs": "run"), by
// Snowball's rules for each language.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "analysis/language.h"

struct sb_stemmer;

namespace synap::analysis {

/// Made when a language is first asked for. One thread at a time.
class Stemmers {
 public:
  Stemmers() = default;
  /// Of a word that is lowered() and has its accents, which the rules look at. The word itself
  /// where it has no other.
  std::string stem(std::string_view word, Language language);

 private:
  struct Delete {
    void operator()(sb_stemmer* stemmer) const;
  };
  std::array<std::unique_ptr<sb_stemmer, Delete>, kLanguages> stemmers_;
};

}  // namespace synap::analysis
