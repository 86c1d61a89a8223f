#include "analysis/folding.h"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <cstdint>

#include "base/check.h"

namespace synap::analysis {
namespace {

// ICU sorts marks that are out of order by insertion, which takes the square of their number. So
// longer texts are folded in pieces, and marks at a seam stay as they are.
constexpr std::size_t kPieceBytes = 1'024;

using Instance = const icu::Normalizer2* (*)(UErrorCode&);

const icu::Normalizer2& normalizer(Instance instance) {
  UErrorCode status = U_ZERO_ERROR;
  const auto* found = instance(status);
  SYNAP_CHECK(U_SUCCESS(status), u_errorName(status));
  return *found;
}

// The longest beginning of at most kPieceBytes that ends between characters.
std::string_view piece_of(std::string_view text) {
  if (text.size() <= kPieceBytes) return text;
  std::size_t end = kPieceBytes;
  while (end > kPieceBytes - 4 && U8_IS_TRAIL(static_cast<std::uint8_t>(text[end]))) --end;
  return text.substr(0, end);
}

std::string normalized(const icu::Normalizer2& by, std::string_view text) {
  std::string all;
  all.reserve(text.size());
  while (!text.empty()) {
    const auto piece = piece_of(text);
    text.remove_prefix(piece.size());
    std::string out;
    icu::StringByteSink<std::string> sink(&out);
    UErrorCode status = U_ZERO_ERROR;
    by.normalizeUTF8(0, icu::StringPiece(piece.data(), static_cast<std::int32_t>(piece.size())),
                     sink, nullptr, status);
    SYNAP_CHECK(U_SUCCESS(status), u_errorName(status));
    all += out;
  }
  return all;
}

bool is_accent(UChar32 c) {
  return c >= 0x0300 && c <= 0x036F;
}

// Letters that Unicode does not take apart, though people leave their strokes out.
std::string_view plain_letter(UChar32 c) {
  switch (c) {
    case U'ø':
      return "o";
    case U'ł':
      return "l";
    case U'đ':
      return "d";
    case U'ħ':
      return "h";
    case U'ı':
      return "i";
    case U'æ':
      return "ae";
    case U'œ':
      return "oe";
    default:
      return {};
  }
}

std::string ascii_lowered(std::string_view text) {
  std::string out(text);
  for (auto& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return out;
}

}  // namespace

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::string lowered(std::string_view text) {
  if (is_ascii(text)) return ascii_lowered(text);
  static const auto& by = normalizer(&icu::Normalizer2::getNFKCCasefoldInstance);
  return normalized(by, text);
}

std::string without_accents(std::string_view lowered) {
  if (is_ascii(lowered)) return std::string(lowered);
  static const auto& apart = normalizer(&icu::Normalizer2::getNFDInstance);
  static const auto& together = normalizer(&icu::Normalizer2::getNFCInstance);
  const auto marked = normalized(apart, lowered);
  std::string bare;
  bare.reserve(marked.size());
  const auto size = static_cast<std::int32_t>(marked.size());
  for (std::int32_t at = 0; at < size;) {
    const auto begin = at;
    UChar32 c = 0;
    U8_NEXT_OR_FFFD(marked.data(), at, size, c);
    if (is_accent(c)) continue;
    if (const auto plain = plain_letter(c); !plain.empty()) {
      bare += plain;
    } else {
      bare.append(marked, static_cast<std::size_t>(begin), static_cast<std::size_t>(at - begin));
    }
  }
  return normalized(together, bare);
}

std::string folded(std::string_view text) {
  return without_accents(lowered(text));
}

}  // namespace synap::analysis
