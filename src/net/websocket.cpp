#include "net/websocket.h"

namespace synap::net {

std::optional<Error> check_handshake(const Request& request) {
  return Error{Code::kNotImplemented, "no WebSocket yet"};
}
Task<> run_websocket(Loop& loop, Socket socket, const Request& request, std::stop_source gone) {
  co_return;
}

}  // namespace synap::net
