#include "net/bound_address.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <system_error>

namespace synap::net {

Result<std::shared_ptr<BoundAddress>> BoundAddress::bind(const std::string& host,
                                                         std::uint16_t port) {
  boost::system::error_code unknown;
  const auto address = boost::asio::ip::make_address(host, unknown);
  if (unknown) {
    return fail(Code::kBadRequest, fmt::format("\"{}\" is no IP address to listen on", host));
  }
  const boost::asio::ip::tcp::endpoint endpoint(address, port);
  const int socket =
      ::socket(endpoint.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket < 0) return fail(cannot_listen(host, port, errno));
  std::shared_ptr<BoundAddress> bound(new BoundAddress(socket, address.is_v6()));
  // Connections of a server that has just ended keep the address for minutes otherwise.
  const int on = 1;
  if (::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      ::bind(socket, endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0) {
    return fail(cannot_listen(host, port, errno));
  }
  return bound;
}

BoundAddress::~BoundAddress() {
  if (socket_ >= 0) ::close(socket_);
}

Error cannot_listen(const std::string& host, std::uint16_t port, int error) {
  const Code code = error == EADDRINUSE ? Code::kConflict
                    : error == EACCES   ? Code::kForbidden
                                        : Code::kBadRequest;
  return {code, fmt::format("cannot listen on {} port {}: {}", host, port,
                            std::generic_category().message(error))};
}

std::uint16_t BoundAddress::port() const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  return ntohs(is_ipv6_ ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                        : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

}  // namespace synap::net
