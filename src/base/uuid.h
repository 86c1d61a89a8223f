// Uuid: a 128-bit id, RFC 9562. New ones are version 7: they begin with the time, so they sort by
// it and indexes on them grow at one end.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace synap {

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  /// A new version 7 id, of the real time and randomness. Ids made by one thread grow strictly.
  static Uuid v7();
  /// The id whose first 48 bits are `unix_ms` and whose other bits come from the SHA-256 of
  /// `name`: the same arguments give the same id. For events whose repeat must be the same event.
  static Uuid derived(std::int64_t unix_ms, std::string_view name);
  /// 36 characters, hexadecimal in either case, any version; otherwise nothing.
  static std::optional<Uuid> parse(std::string_view text);
  /// 16 raw bytes; otherwise nothing.
  static std::optional<Uuid> from_bytes(std::string_view raw);

  std::string to_string() const;
  /// Appends what to_string() gives.
  void append_to(std::string& out) const;
  std::string_view raw() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  std::int64_t unix_ms() const;

  friend auto operator<=>(const Uuid&, const Uuid&) = default;
};

/// Makes version 7 ids of the time and the randomness that it is given. They grow strictly, also
/// where the clock goes backwards. One thread at a time.
class UuidSource {
 public:
  Uuid next(std::int64_t unix_ms, const std::array<std::uint8_t, 16>& random);

 private:
  std::int64_t last_ms_ = 0;
  std::uint32_t counter_ = 0;
};

}  // namespace synap

template <>
struct std::hash<synap::Uuid> {
  std::size_t operator()(const synap::Uuid& id) const noexcept {
    std::size_t value = 0;
    // The last bytes are the random ones.
    for (std::size_t i = 8; i < 16; ++i) value = (value << 8) | id.bytes[i];
    return value;
  }
};
