// IpAddress: an address of the Internet Protocol, and what it is reserved for.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

struct sockaddr;

namespace synap::outbound {

/// An IPv4 or IPv6 address. An IPv4 address is kept as IPv6 has it (::ffff:a.b.c.d, RFC 4291
/// 2.5.5.2), so the two spellings of one address are one value.
struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};

  /// From "127.0.0.1" or "::1", without brackets and zone; nothing for any other text.
  static std::optional<IpAddress> parse(std::string_view text);
  /// Nothing if it is of another family.
  static std::optional<IpAddress> from(const sockaddr& address);

  bool is_v4() const;
  std::string to_string() const;
  bool operator==(const IpAddress&) const = default;
};

/// All addresses that begin with the same bits.
struct Network {
  IpAddress base;
  int bits = 128;  // of the IPv6 form: 10.0.0.0/8 has 104

  /// From "10.0.0.0/8" or "fc00::/7".
  static std::optional<Network> parse(std::string_view text);
  bool contains(const IpAddress& address) const;
};

/// What an address is reserved for ("a loopback address"); empty if it is one of the public
/// internet. Source: the IANA special-purpose registries (RFC 6890). Of IPv6 only 2000::/3 is
/// given out, so all else counts as reserved. An IPv4 address inside of a NAT64 one (RFC 6052) is
/// judged as itself: it is the one that is reached.
std::string_view special_use(const IpAddress& address);

}  // namespace synap::outbound
