#include "analysis/analyzer.h"

#include <fmt/format.h>
#include <unicode/utf8.h>
#include <unicode/uversion.h>

#include <algorithm>

#include "analysis/folding.h"
#include "analysis/scripts.h"

namespace synap::analysis {
namespace {

// Grows when a text has other terms than before.
constexpr int kRules = 2;

// What a word's first kTermCharactersMax characters have at most, and as many marks.
constexpr std::size_t kWordBytesMax = 256;
// A character of a pair with its marks.
constexpr std::size_t kUnitBytesMax = 32;
// Of a run that a dictionary takes apart at a time: it keeps some bytes for each character.
constexpr std::size_t kRunBytesMax = 16 * 1'024;
// Shorter words have no forms, and neither do numbers.
constexpr std::size_t kStemmedBytesMin = 3;
// Whose forms are kept: of 8,192 words some 1 MiB.
constexpr std::size_t kKnownBytesMax = 24;
constexpr std::size_t kKnownMax = 8'192;

// The longest beginning of at most so many bytes and characters that ends between characters.
std::string_view beginning(std::string_view text, std::size_t bytes, std::size_t characters) {
  std::size_t end = 0;
  while (end < text.size() && characters > 0) {
    auto next = end + 1;
    while (next < text.size() && U8_IS_TRAIL(static_cast<std::uint8_t>(text[next]))) ++next;
    if (next > bytes) break;
    end = next;
    --characters;
  }
  return text.substr(0, end);
}

// Some letters of Arabic stand for several words.
std::string without_spaces(std::string term) {
  std::erase(term, ' ');
  return term;
}

bool has_digit(std::string_view word) {
  return std::ranges::any_of(word, [](char c) { return c >= '0' && c <= '9'; });
}

struct Character {
  CharacterKind kind;
  std::size_t end;
};

Character character_at(std::string_view text, std::size_t at) {
  const auto first = static_cast<std::uint8_t>(text[at]);
  if (first < 0x80) return {kind_of(first), at + 1};
  // ICU counts in 32 bits; a character ends within four bytes.
  const auto rest = text.substr(at, U8_MAX_LENGTH);
  std::int32_t end = 0;
  UChar32 c = 0;
  U8_NEXT_OR_FFFD(rest.data(), end, static_cast<std::int32_t>(rest.size()), c);
  return {kind_of(static_cast<char32_t>(c)), at + static_cast<std::size_t>(end)};
}

}  // namespace

class Analyzer::Pass {
 public:
  Pass(Analyzer& analyzer, std::string_view text, std::span<const Language> languages,
       const Take& take)
      : analyzer_(analyzer), text_(text), languages_(languages), take_(take) {}

  void run() {
    std::size_t at = 0;
    while (at < text_.size() && goes_on_) {
      const auto first = character_at(text_, at);
      switch (first.kind) {
        case CharacterKind::kBetween:
        case CharacterKind::kMark:
          at = first.end;
          break;
        case CharacterKind::kWord:
          at = take_word(at, first.end);
          break;
        case CharacterKind::kGram:
          at = take_pairs(at);
          break;
        case CharacterKind::kDictionary:
          at = take_run(at, first.end);
          break;
      }
    }
  }

 private:
  // The end of what goes on with characters of this kind and marks.
  std::size_t end_of(CharacterKind kind, std::size_t at, std::size_t most) const {
    while (at < text_.size() && at < most) {
      const auto next = character_at(text_, at);
      if (next.kind != kind && next.kind != CharacterKind::kMark) break;
      at = next.end;
    }
    return at;
  }

  std::size_t take_word(std::size_t begin, std::size_t at) {
    const auto end = end_of(CharacterKind::kWord, at, text_.size());
    give_word(begin, end);
    return end;
  }

  std::size_t take_run(std::size_t begin, std::size_t at) {
    const auto end = end_of(CharacterKind::kDictionary, at, begin + kRunBytesMax);
    std::size_t from = 0;
    for (const auto to : analyzer_.dictionary_.ends_of_words(text_.substr(begin, end - begin))) {
      if (goes_on_) give_word(begin + from, begin + to);
      from = to;
    }
    return end;
  }

  void give_word(std::size_t begin, std::size_t end) {
    const auto word =
        beginning(text_.substr(begin, end - begin), kWordBytesMax, kTermCharactersMax);
    const auto& forms = analyzer_.forms_of(word, languages_);
    token_.term = forms.term;
    token_.stems = forms.stems;
    give(Token::Kind::kWord, begin, end);
  }

  struct Unit {
    std::string folded;
    std::size_t begin = 0;
    std::size_t end = 0;
  };
  Unit unit_at(std::size_t at) const {
    const auto first = character_at(text_, at).end;
    const auto end = end_of(CharacterKind::kMark, first, text_.size());
    const auto bytes = beginning(text_.substr(at, end - at), kUnitBytesMax, kUnitBytesMax);
    return {folded(bytes), at, end};
  }

  std::size_t take_pairs(std::size_t begin) {
    token_.stems.clear();
    auto unit = unit_at(begin);
    bool is_alone = true;
    while (goes_on_) {
      const bool ends =
          unit.end == text_.size() || character_at(text_, unit.end).kind != CharacterKind::kGram;
      if (ends) {
        token_.term = without_spaces(unit.folded);
        token_.is_alone = is_alone;
        give(Token::Kind::kSingle, unit.begin, unit.end);
        token_.is_alone = false;
        return unit.end;
      }
      auto next = unit_at(unit.end);
      token_.term = without_spaces(unit.folded + next.folded);
      give(Token::Kind::kPair, unit.begin, next.end);
      unit = std::move(next);
      is_alone = false;
    }
    return text_.size();
  }

  void give(Token::Kind kind, std::size_t begin, std::size_t end) {
    if (token_.term.empty()) return;  // of what Unicode leaves out of comparisons
    token_.kind = kind;
    token_.begin = begin;
    token_.end = end;
    goes_on_ = take_(token_);
    ++token_.position;
  }

  Analyzer& analyzer_;
  std::string_view text_;
  std::span<const Language> languages_;
  const Take& take_;
  Token token_;
  bool goes_on_ = true;
};

std::string version() {
  UVersionInfo icu;
  u_getVersion(icu);
  return fmt::format("{}-icu{}.{}", kRules, icu[0], icu[1]);
}

Analyzer::Forms Analyzer::make_forms(std::string_view word, std::span<const Language> languages) {
  const auto lower = lowered(word);
  Forms forms{.term = without_spaces(without_accents(lower)), .stems = {}};
  if (lower.size() < kStemmedBytesMin || has_digit(lower)) return forms;
  for (const auto language : languages) {
    auto stem = without_spaces(without_accents(stemmers_.stem(lower, language)));
    if (stem.empty() || stem == forms.term) continue;
    if (std::ranges::find(forms.stems, stem) == forms.stems.end()) {
      forms.stems.push_back(std::move(stem));
    }
  }
  return forms;
}

const Analyzer::Forms& Analyzer::forms_of(std::string_view word,
                                          std::span<const Language> languages) {
  if (word.size() > kKnownBytesMax) return other_ = make_forms(word, languages);
  key_ = word;
  key_ += '\0';  // which no word has
  for (const auto language : languages) key_ += static_cast<char>(language);
  if (const auto known = known_.find(key_); known != known_.end()) return known->second;
  if (known_.size() >= kKnownMax) known_.clear();
  return known_.emplace(key_, make_forms(word, languages)).first->second;
}

void Analyzer::analyze(std::string_view text, std::span<const Language> languages,
                       const Take& take) {
  Pass(*this, text, languages, take).run();
}

}  // namespace synap::analysis
