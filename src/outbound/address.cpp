#include "outbound/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <vector>

#include "base/check.h"

namespace synap::outbound {
namespace {

constexpr std::array<std::uint8_t, 12> kV4Prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr int kV4PrefixBits = 96;

IpAddress from_v4(const void* four_bytes) {
  IpAddress address;
  std::ranges::copy(kV4Prefix, address.bytes.begin());
  std::memcpy(address.bytes.data() + kV4Prefix.size(), four_bytes, 4);
  return address;
}

struct Reserved {
  Network network;
  std::string_view use;
};

Reserved reserved(std::string_view network, std::string_view use) {
  const auto parsed = Network::parse(network);
  SYNAP_CHECK(parsed.has_value());
  return {*parsed, use};
}

// The narrower one of two networks comes first.
const std::vector<Reserved>& reserved_networks() {
  static const std::vector<Reserved> all{
      reserved("0.0.0.0/8", "an address of this machine"),
      reserved("10.0.0.0/8", "a private address"),
      reserved("100.64.0.0/10", "an address of a carrier's inner network"),
      reserved("127.0.0.0/8", "a loopback address"),
      reserved("169.254.0.0/16", "a link-local address"),
      reserved("172.16.0.0/12", "a private address"),
      reserved("192.0.0.0/24", "an address reserved for protocols"),
      reserved("192.0.2.0/24", "an address of documentation"),
      reserved("192.88.99.0/24", "an address of a 6to4 relay"),
      reserved("192.168.0.0/16", "a private address"),
      reserved("198.18.0.0/15", "an address for measuring networks"),
      reserved("198.51.100.0/24", "an address of documentation"),
      reserved("203.0.113.0/24", "an address of documentation"),
      reserved("224.0.0.0/4", "a multicast address"),
      reserved("240.0.0.0/4", "a reserved address"),
      reserved("::/128", "an address of this machine"),
      reserved("::1/128", "a loopback address"),
      reserved("64:ff9b:1::/48", "an address of a private translator"),
      reserved("fc00::/7", "a unique local address"),
      reserved("fe80::/10", "a link-local address"),
      reserved("fec0::/10", "a site-local address"),
      reserved("ff00::/8", "a multicast address"),
      reserved("2001:db8::/32", "an address of documentation"),
      // Teredo, ORCHID, benchmarks and their like. Teredo carries an IPv4 address inside.
      reserved("2001::/23", "an address reserved for protocols"),
      // 6to4 carries an IPv4 address inside, and its relays are gone (RFC 7526).
      reserved("2002::/16", "a 6to4 address"),
      reserved("3fff::/20", "an address of documentation"),
  };
  return all;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string terminated(text);
  std::array<std::uint8_t, 4> four{};
  if (::inet_pton(AF_INET, terminated.c_str(), four.data()) == 1) return from_v4(four.data());
  IpAddress address;
  if (::inet_pton(AF_INET6, terminated.c_str(), address.bytes.data()) == 1) return address;
  return std::nullopt;
}

std::optional<IpAddress> IpAddress::from(const sockaddr& address) {
  // Copied, since the bytes behind a sockaddr need not be aligned as its kinds are.
  if (address.sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    return from_v4(&v4.sin_addr);
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof v6);
    IpAddress out;
    std::memcpy(out.bytes.data(), &v6.sin6_addr, out.bytes.size());
    return out;
  }
  return std::nullopt;
}

bool IpAddress::is_v4() const {
  return std::equal(kV4Prefix.begin(), kV4Prefix.end(), bytes.begin());
}

std::string IpAddress::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = is_v4() ? AF_INET : AF_INET6;
  const auto* from = bytes.data() + (is_v4() ? kV4Prefix.size() : 0);
  ::inet_ntop(family, from, text.data(), text.size());
  return text.data();
}

std::optional<Network> Network::parse(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto base_text = text.substr(0, slash);
  const auto base = IpAddress::parse(base_text);
  const auto bits_text = text.substr(slash + 1);
  int bits = 0;
  const auto* end = bits_text.data() + bits_text.size();
  const auto read = std::from_chars(bits_text.data(), end, bits);
  if (!base || read.ec != std::errc{} || read.ptr != end || bits < 0) return std::nullopt;
  // By its spelling: "::ffff:0:0/96" counts its bits as IPv6 does.
  if (!base_text.contains(':')) {
    if (bits > 32) return std::nullopt;
    bits += kV4PrefixBits;
  }
  if (bits > 128) return std::nullopt;
  return Network{*base, bits};
}

bool Network::contains(const IpAddress& address) const {
  for (int bit = 0; bit < bits; bit += 8) {
    const auto at = static_cast<std::size_t>(bit / 8);
    const int kept = std::min(8, bits - bit);
    const auto mask = static_cast<std::uint8_t>(0xff << (8 - kept));
    if (((base.bytes[at] ^ address.bytes[at]) & mask) != 0) return false;
  }
  return true;
}

std::string_view special_use(const IpAddress& address) {
  static const auto translated = *Network::parse("64:ff9b::/96");
  static const auto global_v6 = *Network::parse("2000::/3");
  if (translated.contains(address)) return special_use(from_v4(address.bytes.data() + 12));
  for (const auto& [network, use] : reserved_networks()) {
    if (network.contains(address)) return use;
  }
  return address.is_v4() || global_v6.contains(address) ? "" : "an address outside of the internet";
}

}  // namespace synap::outbound
