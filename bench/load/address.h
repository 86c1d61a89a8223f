#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace synap::bench {

// Where the load goes: always this machine.
struct Address {
  std::uint16_t port = 0;
  std::string host_header;  // "127.0.0.1:4400"
};

// Reads "http://127.0.0.1:4400". Throws std::invalid_argument for anything that is not loopback:
// a load driver that can be aimed at other machines is a weapon.
Address parse_address(std::string_view url);

// A connected, non-blocking TCP socket without Nagle's delay. Throws std::system_error.
int connect_to(const Address& address);

}  // namespace synap::bench
