// Language: in which language a text is, as far as its words are to be brought to their stems.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace synap::analysis {

/// Those that there is a stemmer for. The numbers are stored with what was analyzed; a new language
/// is added at the end.
enum class Language : std::uint8_t {
  kNone = 0,  // not known, or one without a stemmer: words are found as they are
  kEnglish,
  kGerman,
  kFrench,
  kSpanish,
  kItalian,
  kPortuguese,
  kDutch,
  kSwedish,
  kDanish,
  kNorwegian,
  kFinnish,
  kRussian,
  kGreek,
  kArabic,
  kHindi,
  kTamil,
  kArmenian,
};
inline constexpr int kLanguages = 18;

/// As libstemmer calls it: "english"; empty for kNone.
std::string_view name_of(Language language);
/// By that name, or by its two letters of ISO 639-1: "de".
std::optional<Language> language_by_name(std::string_view name);

/// Whether a word, as folded() leaves it, says nothing of what a question in one of these is about:
/// "the", "what", "is". Of languages whose commonest words are known; pure.
bool is_stop_word(std::string_view folded, std::span<const Language> languages);

/// By the script, and where several languages share it by their commonest words, in the first 4 KiB
/// of the text. Where these do not say, a text in ASCII is taken for English: a wrong stem costs
/// little, since each word is found as it is, too. Pure.
Language detect(std::string_view text);

}  // namespace synap::analysis
