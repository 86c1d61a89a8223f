#include "inngest/ulid.h"

#include "net/ascii.h"

namespace synap::inngest {
namespace {

constexpr std::string_view kDigits = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t kCharacters = 26;
constexpr int kBitsOfDigit = 5;

}  // namespace

// 26 digits have 130 bits: the first one holds three.
std::string ulid_of(const Uuid& id) {
  std::string text(kCharacters, '0');
  std::uint32_t bits = 0;
  int count = 2;  // of `bits`; two that are zero stand before the first byte
  std::size_t at = 0;
  for (const auto byte : id.bytes) {
    bits = (bits << 8 | byte) & 0x1fff;
    for (count += 8; count >= kBitsOfDigit; count -= kBitsOfDigit) {
      const char digit = kDigits[bits >> (count - kBitsOfDigit) & 31];
      text[at++] = digit >= 'a' ? static_cast<char>(digit - 32) : digit;
    }
  }
  return text;
}

std::optional<Uuid> uuid_of_ulid(std::string_view text) {
  if (text.size() != kCharacters || text.front() > '7') return std::nullopt;
  Uuid id;
  std::uint32_t bits = 0;
  int count = -2;
  std::size_t at = 0;
  for (const char c : text) {
    const auto digit = kDigits.find(net::ascii_lower(c));
    if (digit == std::string_view::npos) return std::nullopt;
    bits = (bits << kBitsOfDigit | static_cast<std::uint32_t>(digit)) & 0x1fff;
    count += kBitsOfDigit;
    if (count < 8) continue;
    count -= 8;
    id.bytes[at++] = static_cast<std::uint8_t>(bits >> count);
  }
  return id;
}

std::optional<Uuid> parse_id(std::string_view text) {
  if (auto id = uuid_of_ulid(text)) return id;
  return Uuid::parse(text);
}

std::optional<Uuid> parse_foreign_id(std::string_view text) {
  auto id = parse_id(text);
  if (!id) return id;
  id->bytes[6] = static_cast<std::uint8_t>(0x70 | (id->bytes[6] & 0x0f));
  id->bytes[8] = static_cast<std::uint8_t>(0x80 | (id->bytes[8] & 0x3f));
  return id;
}

}  // namespace synap::inngest
