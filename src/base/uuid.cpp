#include "base/uuid.h"

#include "base/clock.h"
#include "base/crypto.h"

namespace synap {
namespace {

constexpr char kHex[] = "0123456789abcdef";

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void set_time_and_version(Uuid& id, std::int64_t unix_ms) {
  for (std::size_t i = 0; i < 6; ++i) {
    id.bytes[i] = static_cast<std::uint8_t>(unix_ms >> (40 - 8 * i));
  }
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0f) | 0x70);
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3f) | 0x80);
}

}  // namespace

// RFC 9562 6.2, method 1: the 12 bits behind the version count within one millisecond. The counter
// starts low enough that 2048 ids fit before the time is moved ahead by one.
Uuid UuidSource::next(std::int64_t unix_ms, const std::array<std::uint8_t, 16>& random) {
  Uuid id{random};
  if (unix_ms > last_ms_) {
    last_ms_ = unix_ms;
    counter_ = ((static_cast<std::uint32_t>(id.bytes[6]) << 8) | id.bytes[7]) & 0x7ff;
  } else if (++counter_ > 0xfff) {
    ++last_ms_;
    counter_ = 0;
  }
  id.bytes[6] = static_cast<std::uint8_t>(counter_ >> 8);
  id.bytes[7] = static_cast<std::uint8_t>(counter_);
  set_time_and_version(id, last_ms_);
  return id;
}

Uuid Uuid::v7() {
  thread_local UuidSource source;
  std::array<std::uint8_t, 16> random;
  random_bytes(random.data(), random.size());
  return source.next(unix_ms_now(), random);
}

Uuid Uuid::derived(std::int64_t unix_ms, std::string_view name) {
  const auto digest = sha256(name);
  Uuid id;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) id.bytes[i] = digest[i];
  set_time_and_version(id, unix_ms);
  return id;
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  Uuid id;
  std::size_t at = 0;
  for (std::size_t i = 0; i < text.size();) {
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (text[i++] != '-') return std::nullopt;
      continue;
    }
    const int high = hex_value(text[i]);
    const int low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    id.bytes[at++] = static_cast<std::uint8_t>(high << 4 | low);
    i += 2;
  }
  return id;
}

std::optional<Uuid> Uuid::from_bytes(std::string_view raw) {
  if (raw.size() != 16) return std::nullopt;
  Uuid id;
  for (std::size_t i = 0; i < 16; ++i) id.bytes[i] = static_cast<std::uint8_t>(raw[i]);
  return id;
}

std::string Uuid::to_string() const {
  std::string text;
  append_to(text);
  return text;
}

void Uuid::append_to(std::string& out) const {
  char text[36];
  char* at = text;
  for (std::size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *at++ = '-';
    *at++ = kHex[bytes[i] >> 4];
    *at++ = kHex[bytes[i] & 15];
  }
  out.append(text, sizeof text);
}

std::int64_t Uuid::unix_ms() const {
  std::int64_t value = 0;
  for (std::size_t i = 0; i < 6; ++i) value = value << 8 | bytes[i];
  return value;
}

}  // namespace synap
