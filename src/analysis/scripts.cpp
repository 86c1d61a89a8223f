#include "analysis/scripts.h"

#include <unicode/uchar.h>
#include <unicode/uscript.h>

namespace synap::analysis {
namespace {

// Of the Common script, and parts of Japanese words all the same: the marks of repetition and of a
// long vowel.
bool is_kana_mark(char32_t c) {
  return c == 0x3005 || c == 0x3007 || c == 0x30FC || c == 0xFF70;
}
bool is_halfwidth_voice(char32_t c) {
  return c == 0xFF9E || c == 0xFF9F;
}
// What nobody sees, which folding leaves out: a soft hyphen, joiners, marks of direction. A space
// without width does not join: it is written between words of scripts that have no other.
bool is_ignorable(char32_t c) {
  constexpr char32_t kZeroWidthSpace = 0x200B;
  return c != kZeroWidthSpace &&
         u_hasBinaryProperty(static_cast<UChar32>(c), UCHAR_DEFAULT_IGNORABLE_CODE_POINT);
}

}  // namespace

CharacterKind kind_of(char32_t c) {
  if (c < 0x80) {
    const bool is_word = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
    return is_word ? CharacterKind::kWord : CharacterKind::kBetween;
  }
  if (is_halfwidth_voice(c) || is_ignorable(c)) return CharacterKind::kMark;
  if (is_kana_mark(c)) return CharacterKind::kGram;
  const auto point = static_cast<UChar32>(c);
  if ((U_GET_GC_MASK(point) & (U_GC_M_MASK)) != 0) return CharacterKind::kMark;
  if (!u_isalnum(point)) return CharacterKind::kBetween;
  UErrorCode status = U_ZERO_ERROR;
  switch (uscript_getScript(point, &status)) {
    case USCRIPT_HAN:
    case USCRIPT_HIRAGANA:
    case USCRIPT_KATAKANA:
    case USCRIPT_BOPOMOFO:
    case USCRIPT_HANGUL:
    case USCRIPT_THAI:
      return CharacterKind::kGram;
    case USCRIPT_KHMER:
    case USCRIPT_LAO:
    case USCRIPT_MYANMAR:
      return CharacterKind::kDictionary;
    default:
      return CharacterKind::kWord;
  }
}

}  // namespace synap::analysis
