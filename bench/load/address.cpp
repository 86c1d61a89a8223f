#include "address.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <stdexcept>
#include <system_error>

namespace synap::bench {

Address parse_address(std::string_view url) {
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme)) throw std::invalid_argument("the URL must start with http://");
  std::string_view rest = url.substr(kScheme.size());
  while (rest.ends_with('/')) rest.remove_suffix(1);
  const auto colon = rest.find(':');
  if (colon == std::string_view::npos) throw std::invalid_argument("the URL must name a port");
  const std::string_view host = rest.substr(0, colon);
  if (host != "127.0.0.1" && host != "localhost")
    throw std::invalid_argument("the load driver only talks to 127.0.0.1");
  const std::string_view port = rest.substr(colon + 1);
  Address address;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc{} || end != port.data() + port.size() || address.port == 0)
    throw std::invalid_argument("the URL's port is not a number from 1 to 65535");
  address.host_header = "127.0.0.1:" + std::to_string(address.port);
  return address;
}

int connect_to(const Address& address) {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "socket");
  sockaddr_in target{};
  target.sin_family = AF_INET;
  target.sin_port = htons(address.port);
  target.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  // Blocking on purpose: a loopback connection is made at once or refused at once.
  if (connect(descriptor, reinterpret_cast<const sockaddr*>(&target), sizeof target) != 0) {
    const int error = errno;
    close(descriptor);
    throw std::system_error(error, std::generic_category(), "connect");
  }
  const int one = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
  return descriptor;
}

}  // namespace synap::bench
