#include "analysis/stemmer.h"

#include <libstemmer.h>

#include "base/check.h"

namespace synap::analysis {

void Stemmers::Delete::operator()(sb_stemmer* stemmer) const {
  sb_stemmer_delete(stemmer);
}

std::string Stemmers::stem(std::string_view word, Language language) {
  if (language == Language::kNone) return std::string(word);
  auto& stemmer = stemmers_[static_cast<std::size_t>(language)];
  if (stemmer == nullptr) {
    stemmer.reset(sb_stemmer_new(std::string(name_of(language)).c_str(), "UTF_8"));
    SYNAP_CHECK(stemmer != nullptr, name_of(language));
  }
  const auto* stem = sb_stemmer_stem(stemmer.get(), reinterpret_cast<const sb_symbol*>(word.data()),
                                     static_cast<int>(word.size()));
  if (stem == nullptr) return std::string(word);  // out of memory
  return {reinterpret_cast<const char*>(stem),
          static_cast<std::size_t>(sb_stemmer_length(stemmer.get()))};
}

}  // namespace synap::analysis
