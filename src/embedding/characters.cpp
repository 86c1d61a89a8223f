#include "embedding/characters.h"

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/check.h"

namespace synap::embedding {
namespace {

UChar32 of(char32_t c) {
  return static_cast<UChar32>(c);
}

std::u32string decomposed(const std::u32string& word) {
  UErrorCode failed = U_ZERO_ERROR;
  const UNormalizer2* nfd = unorm2_getNFDInstance(&failed);
  SYNAP_CHECK(U_SUCCESS(failed), "ICU's data have normalisation");
  std::vector<UChar> from;
  from.reserve(word.size() * 2);
  for (const char32_t c : word) {
    if (U_IS_BMP(c)) {
      from.push_back(static_cast<UChar>(c));
    } else {
      from.push_back(static_cast<UChar>(U16_LEAD(c)));
      from.push_back(static_cast<UChar>(U16_TRAIL(c)));
    }
  }
  const auto size = static_cast<std::int32_t>(from.size());
  // A character becomes at most four, of the basic plane or of two units each.
  std::vector<UChar> to(from.size() * 4 + 1);
  const auto made = unorm2_normalize(nfd, from.data(), size, to.data(),
                                     static_cast<std::int32_t>(to.size()), &failed);
  SYNAP_CHECK(U_SUCCESS(failed), "a word can be decomposed");
  std::u32string out;
  for (std::int32_t i = 0; i < made;) {
    UChar32 c = 0;
    U16_NEXT(to.data(), i, made, c);
    out.push_back(static_cast<char32_t>(c));
  }
  return out;
}

}  // namespace

bool is_space(char32_t c) {
  if (c < 0x80) return c == ' ' || c == '\t' || c == '\n' || c == '\r';
  return u_isUWhiteSpace(of(c)) != 0 && !is_dropped(c);
}

bool is_dropped(char32_t c) {
  if (c == '\t' || c == '\n' || c == '\r') return false;
  if (c == 0xFFFD) return true;
  const auto type = u_charType(of(c));
  return type == U_CONTROL_CHAR || type == U_FORMAT_CHAR || type == U_SURROGATE ||
         type == U_PRIVATE_USE_CHAR;
}

bool is_ideograph(char32_t c) {
  // 0x2B920 is 0x2B820 in the first of these tokenizers; that of today has the former.
  constexpr std::array<std::pair<char32_t, char32_t>, 8> kRanges{{{0x3400, 0x4DBF},
                                                                  {0x4E00, 0x9FFF},
                                                                  {0xF900, 0xFAFF},
                                                                  {0x20000, 0x2A6DF},
                                                                  {0x2A700, 0x2B73F},
                                                                  {0x2B740, 0x2B81F},
                                                                  {0x2B920, 0x2CEAF},
                                                                  {0x2F800, 0x2FA1F}}};
  return c >= 0x3400 && std::ranges::any_of(kRanges, [c](const auto& range) {
           return c >= range.first && c <= range.second;
         });
}

bool is_punctuation(char32_t c) {
  if (c < 0x80) {
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
           (c >= '{' && c <= '~');
  }
  return u_ispunct(of(c)) != 0;
}

char32_t to_lower(char32_t c) {
  if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
  return static_cast<char32_t>(u_tolower(of(c)));
}

std::u32string without_accents(const std::u32string& word) {
  if (std::ranges::all_of(word, [](char32_t c) { return c < 0x80; })) return word;
  auto bare = decomposed(word);
  std::erase_if(bare, [](char32_t c) { return u_charType(of(c)) == U_NON_SPACING_MARK; });
  return bare;
}

}  // namespace synap::embedding
