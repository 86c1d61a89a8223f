// BoundAddress: an address that is taken before anything is served there. Nobody else who serves
// gets it, and whoever connects is refused until a server that is given it starts.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/status.h"

namespace synap::net {

/// A socket that is bound and does not listen. One thread at a time.
class BoundAddress {
 public:
  /// Port 0: any free one. kConflict: the address is in use; kForbidden: it may not be used;
  /// kBadRequest: it is no address, or none of this machine.
  static Result<std::shared_ptr<BoundAddress>> bind(const std::string& host, std::uint16_t port);
  ~BoundAddress();
  BoundAddress(const BoundAddress&) = delete;
  BoundAddress& operator=(const BoundAddress&) = delete;

  /// The port that it has; 0: it was given away.
  std::uint16_t port() const;
  bool is_ipv6() const { return is_ipv6_; }
  /// Gives the socket to the caller, once.
  int release() { return std::exchange(socket_, -1); }

 private:
  BoundAddress(int socket, bool is_ipv6) : socket_(socket), is_ipv6_(is_ipv6) {}
  int socket_;
  bool is_ipv6_;
};

/// Why an address cannot be listened on, `error` as errno has it.
Error cannot_listen(const std::string& host, std::uint16_t port, int error);

}  // namespace synap::net
