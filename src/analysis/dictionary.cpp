#include "analysis/dictionary.h"

#include <unicode/brkiter.h>
#include <unicode/utext.h>

namespace synap::analysis {

struct Dictionary::Breaks {
  std::unique_ptr<icu::BreakIterator> iterator;
};

Dictionary::Dictionary() = default;
Dictionary::~Dictionary() = default;

// Without ICU's data there are no dictionaries: then the run is one word.
std::vector<std::size_t> Dictionary::ends_of_words(std::string_view run) {
  UErrorCode status = U_ZERO_ERROR;
  if (breaks_ == nullptr) {
    breaks_ = std::make_unique<Breaks>();
    breaks_->iterator.reset(icu::BreakIterator::createWordInstance(icu::Locale::getRoot(), status));
  }
  auto* iterator = breaks_->iterator.get();
  if (iterator == nullptr) return {run.size()};
  UText text = UTEXT_INITIALIZER;
  utext_openUTF8(&text, run.data(), static_cast<std::int64_t>(run.size()), &status);
  iterator->setText(&text, status);
  std::vector<std::size_t> ends;
  if (U_SUCCESS(status)) {
    iterator->first();
    for (auto end = iterator->next(); end != icu::BreakIterator::DONE; end = iterator->next()) {
      ends.push_back(static_cast<std::size_t>(end));
    }
  }
  if (ends.empty() || ends.back() != run.size()) ends.push_back(run.size());
  utext_close(&text);
  return ends;
}

}  // namespace synap::analysis
