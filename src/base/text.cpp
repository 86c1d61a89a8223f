#include "base/text.h"

#include <fmt/format.h>
#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/utf8.h>

#include <algorithm>

#include "base/check.h"
#include "base/json.h"

namespace synap {
namespace {

constexpr char32_t kReplacement = 0xfffd;

// What ICU puts in order at a time takes the square of its marks: of 64 KiB of them most of a
// second. No writing has more than some 30 on one letter (UAX #15, stream-safe text).
constexpr std::size_t kComposedBytesMax = 1024;

// Where the first part of `text` ends that can be composed by itself: kComposedBytesMax at most,
// unless one letter with its marks is longer.
std::size_t end_of_part(const icu::Normalizer2& by, std::string_view text) {
  if (text.size() <= kComposedBytesMax) return text.size();
  std::size_t end = 0;
  const auto size = static_cast<int32_t>(text.size());
  for (int32_t at = 0; at < size;) {
    const auto begin = static_cast<std::size_t>(at);
    UChar32 c = 0;
    U8_NEXT_OR_FFFD(text.data(), at, size, c);
    if (begin == 0 || !by.hasBoundaryBefore(c)) continue;
    if (begin > kComposedBytesMax) return end > 0 ? end : begin;
    end = begin;
  }
  return end > 0 ? end : text.size();
}

}  // namespace

CodePoint first_code_point(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (!is_valid_utf8(text.substr(0, length))) return {kReplacement, 1, false};
  char32_t value = lead & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) value = value << 6 | (byte(i) & 0x3fU);
  return {value, length};
}

bool is_hostile(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x200b || c == 0x2028 || c == 0x2029 ||
         (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

std::string shortened(std::string_view text, std::size_t bytes_max) {
  const auto kept = valid_utf8_prefix(text.substr(0, bytes_max));
  if (kept == text.size()) return std::string(text);
  return fmt::format("{}... ({} more bytes)", text.substr(0, kept), text.size() - kept);
}

std::string composed(std::string_view text) {
  if (std::ranges::all_of(text, [](unsigned char c) { return c < 0x80; })) return std::string(text);
  UErrorCode status = U_ZERO_ERROR;
  const auto* by = icu::Normalizer2::getNFCInstance(status);
  SYNAP_CHECK(U_SUCCESS(status), u_errorName(status));
  std::string out;
  icu::StringByteSink<std::string> sink(&out);
  while (!text.empty()) {
    const auto part = text.substr(0, end_of_part(*by, text));
    text.remove_prefix(part.size());
    if (part.size() > kComposedBytesMax) {
      out += part;
      continue;
    }
    by->normalizeUTF8(0, icu::StringPiece(part.data(), static_cast<std::int32_t>(part.size())),
                      sink, nullptr, status);
    SYNAP_CHECK(U_SUCCESS(status), u_errorName(status));
  }
  return out;
}

}  // namespace synap
