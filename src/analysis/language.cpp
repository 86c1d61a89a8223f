#include "analysis/language.h"

#include <unicode/uchar.h>
#include <unicode/uscript.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <array>
#include <string>
#include <unordered_map>
#include <vector>

#include "analysis/folding.h"

namespace synap::analysis {
namespace {

constexpr std::size_t kLookedAtBytes = 4'096;

struct Named {
  std::string_view name;
  std::string_view code;
  std::string_view common;  // words that are in most of its texts and in few others
};
// In the order of the enumerators.
constexpr std::array<Named, kLanguages> kNamed = {{
    {"", "", ""},
    {"english", "en",
     "the and of to is that it for was with are this be not you have from by but what which were "
     "at"},
    {"german", "de",
     "der die und das ist nicht ein eine ich mit für auf den dem zu von im sich auch wird sind "
     "wie"},
    {"french", "fr",
     "le la les des est et une du dans que qui pour pas sur avec plus ce cette sont au nous vous"},
    {"spanish", "es",
     "el los las que y una por con para está como más pero del su al es sus muy también hay este"},
    {"italian", "it",
     "il che di è per una sono non con della del gli le nel più anche come dei alla questo ma"},
    {"portuguese", "pt",
     "o os que não uma para com em por mais como dos da na ao ele está são também isso pelo"},
    {"dutch", "nl",
     "het een van en dat niet zijn voor met op ik te aan ook maar wordt bij naar hij deze heeft"},
    {"swedish", "sv", "och att det som är en på för med av inte den till har jag om ett från men"},
    {"danish", "da", "og at det er en til af på for med ikke der jeg har den fra også blev af vi"},
    {"norwegian", "no", "og å det er en til av på for med ikke som jeg har den fra også ble av vi"},
    {"finnish", "fi", "ja on ei se että hän mutta oli joka kun niin myös ovat minä tämä sen mitä"},
    {"russian", "ru", ""},
    {"greek", "el", ""},
    {"arabic", "ar", ""},
    {"hindi", "hi", ""},
    {"tamil", "ta", ""},
    {"armenian", "hy", ""},
}};

using Counts = std::array<int, kLanguages>;

// The commonest words of all languages.
struct CommonWords {
  struct Word {
    std::size_t number = 0;
    std::uint32_t languages = 0;  // that have it, as bits
  };
  std::unordered_map<std::string_view, Word> words;
  // By the first byte, the lengths there are, as bits: most words of a text are none of them, and a
  // look here is cheaper than a hash.
  std::array<std::uint32_t, 256> lengths{};

  const Word* find(std::string_view word) const {
    const auto first = static_cast<std::uint8_t>(word.front());
    if (word.size() >= 32 || (lengths[first] >> word.size() & 1U) == 0) return nullptr;
    const auto found = words.find(word);
    return found != words.end() ? &found->second : nullptr;
  }
};
const CommonWords& common_words() {
  static const auto words = [] {
    CommonWords all;
    for (std::size_t language = 0; language < kNamed.size(); ++language) {
      for (auto rest = kNamed[language].common; !rest.empty();) {
        const auto end = std::min(rest.find(' '), rest.size());
        const auto word = rest.substr(0, end);
        const CommonWords::Word unseen{.number = all.words.size()};
        all.words.try_emplace(word, unseen).first->second.languages |= 1U << language;
        all.lengths[static_cast<std::uint8_t>(word.front())] |= 1U << word.size();
        rest.remove_prefix(std::min(end + 1, rest.size()));
      }
    }
    return all;
  }();
  return words;
}

// What questions have besides, and texts of others too, so that they say little of a language.
constexpr std::string_view kOfEnglishQuestions =
    "a an as at in on or if so do does did done how why when who whom whose where there here than "
    "then i me my mine we us our ours your yours he him his she her hers they them their its can "
    "could should would will shall may might must has had been being am these those some any no "
    "about into out up";
constexpr std::string_view kOfGermanQuestions =
    "am an aus bei es er sie wir ihr mich mir dir dich mein meine dein deine sein seine was wer "
    "wem wen wo wann warum wieso wohin kann soll muss hat habe haben hatte oder als wenn dass in "
    "um nach vor so";

using StopWords = std::unordered_map<std::string, std::uint32_t>;  // languages, as bits
const StopWords& stop_words() {
  static const auto words = [] {
    StopWords all;
    const auto add = [&](std::size_t language, std::string_view rest) {
      while (!rest.empty()) {
        const auto end = std::min(rest.find(' '), rest.size());
        all[folded(rest.substr(0, end))] |= 1U << language;
        rest.remove_prefix(std::min(end + 1, rest.size()));
      }
    };
    for (std::size_t language = 0; language < kNamed.size(); ++language) {
      add(language, kNamed[language].common);
    }
    add(static_cast<std::size_t>(Language::kEnglish), kOfEnglishQuestions);
    add(static_cast<std::size_t>(Language::kGerman), kOfGermanQuestions);
    return all;
  }();
  return words;
}

std::optional<Language> only_language_of(UScriptCode script) {
  switch (script) {
    case USCRIPT_CYRILLIC:
      return Language::kRussian;
    case USCRIPT_GREEK:
      return Language::kGreek;
    case USCRIPT_ARABIC:
      return Language::kArabic;
    case USCRIPT_DEVANAGARI:
      return Language::kHindi;
    case USCRIPT_TAMIL:
      return Language::kTamil;
    case USCRIPT_ARMENIAN:
      return Language::kArmenian;
    default:
      return std::nullopt;
  }
}

// One that is written again and again says no more than a few times: a list of changes has "os:" in
// each line.
constexpr std::uint8_t kTimesMax = 3;

struct Seen {
  Counts letters{};  // of scripts that one language is written in
  Counts words{};    // of those that share one
  std::vector<std::uint8_t> times = std::vector<std::uint8_t>(common_words().words.size());
  int latin = 0;
  bool has_umlaut = false;
  bool is_ascii = true;
};

void count_word(Seen& seen, std::string& word) {
  if (word.empty()) return;
  const auto* common = common_words().find(word);
  if (common != nullptr && seen.times[common->number] < kTimesMax) {
    ++seen.times[common->number];
    for (std::size_t i = 0; i < kNamed.size(); ++i) seen.words[i] += common->languages >> i & 1U;
  }
  word.clear();
}

Seen look_at(std::string_view text) {
  constexpr std::size_t kWordBytesMax = 24;
  Seen seen;
  std::string word;
  const auto size = static_cast<std::int32_t>(std::min(text.size(), kLookedAtBytes));
  for (std::int32_t at = 0; at < size;) {
    UChar32 c = static_cast<std::uint8_t>(text[static_cast<std::size_t>(at)]);
    bool is_letter = false;
    if (c < 0x80) {
      ++at;
      c |= 0x20;
      is_letter = c >= 'a' && c <= 'z';
    } else {
      U8_NEXT_OR_FFFD(text.data(), at, size, c);
      is_letter = u_isalpha(c) != 0;
      c = u_tolower(c);
    }
    if (!is_letter) {
      count_word(seen, word);
      continue;
    }
    if (c > 0x7F) {
      UErrorCode status = U_ZERO_ERROR;
      const auto script = uscript_getScript(c, &status);
      if (const auto only = only_language_of(script)) ++seen.letters[static_cast<int>(*only)];
      seen.is_ascii = false;
      seen.has_umlaut = seen.has_umlaut || c == U'ä' || c == U'ö' || c == U'ü' || c == U'ß';
      seen.latin += script == USCRIPT_LATIN ? 1 : 0;
    } else {
      ++seen.latin;
    }
    if (word.size() < kWordBytesMax) {
      char bytes[U8_MAX_LENGTH];
      std::int32_t length = 0;
      U8_APPEND_UNSAFE(bytes, length, c);
      word.append(bytes, static_cast<std::size_t>(length));
    }
  }
  count_word(seen, word);
  return seen;
}

}  // namespace

std::string_view name_of(Language language) {
  return kNamed[static_cast<std::size_t>(language)].name;
}

std::optional<Language> language_by_name(std::string_view name) {
  for (std::size_t i = 1; i < kNamed.size(); ++i) {
    if (name == kNamed[i].name || name == kNamed[i].code) return static_cast<Language>(i);
  }
  return std::nullopt;
}

Language detect(std::string_view text) {
  const auto seen = look_at(text);
  const auto of_letters = std::ranges::max_element(seen.letters);
  if (*of_letters > seen.latin) return static_cast<Language>(of_letters - seen.letters.begin());
  if (seen.latin == 0) return Language::kNone;
  const auto of_words = std::ranges::max_element(seen.words);
  if (*of_words > 0) return static_cast<Language>(of_words - seen.words.begin());
  if (seen.is_ascii) return Language::kEnglish;
  return seen.has_umlaut ? Language::kGerman : Language::kNone;
}

bool is_stop_word(std::string_view folded, std::span<const Language> languages) {
  const auto found = stop_words().find(std::string(folded));
  if (found == stop_words().end()) return false;
  return std::ranges::any_of(languages, [&](Language language) {
    return (found->second >> static_cast<unsigned>(language) & 1U) != 0;
  });
}

}  // namespace synap::analysis
