// The WebSocket side of a connection (RFC 6455). Private to the room.
#pragma once

#include <optional>
#include <stop_token>

#include "base/status.h"
#include "base/task.h"
#include "net/http.h"
#include "net/loop.h"

namespace synap::net {

/// Why a request for an upgrade is none that RFC 6455 4.2.1 allows, or nothing.
std::optional<Error> check_handshake(const Request& request);

/// Answers the handshake, has the handler run the WebSocket and closes it. `gone` is asked to stop
/// when the peer is gone.
Task<> run_websocket(Loop& loop, Socket socket, const Request& request, std::stop_source gone,
                     StrangerPlace& place);

}  // namespace synap::net
