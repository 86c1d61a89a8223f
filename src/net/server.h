// HttpServer: accepts connections on one address and serves them on a few threads.
//
// Each thread has its own event loop and its own share of the connections; a connection stays with
// its thread, so what belongs to a connection needs no lock. Requests of one connection are
// answered in order. Every wait has a limit: a client that is slow to send its head or body, or
// slow to read, is told where that is still possible and dropped.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/status.h"
#include "base/world.h"
#include "net/bound_address.h"
#include "net/http.h"

namespace synap::net {

struct ServerOptions {
  World& world = real_world();
  std::shared_ptr<BoundAddress> address = {};  // taken already, instead of host and port
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;  // 0: any free one
  int threads = 2;
  std::size_t header_bytes_max = 64 * 1024;
  std::size_t body_bytes_max = 10 * 1024 * 1024;
  std::size_t websocket_message_bytes_max = 10 * 1024 * 1024;
  std::size_t connections_max = 10'000;
  std::optional<std::size_t> connections_kept{};   // for known callers; nothing: a quarter of them
  Budget::Limits bytes{};                          // of bodies and messages, at one time
  std::chrono::milliseconds head_timeout{10'000};  // first byte of a request to end of its head
  std::chrono::milliseconds body_timeout{30'000};  // end of head to end of body
  std::chrono::milliseconds idle_timeout{75'000};  // between two requests
  /// Of a connection whose caller is not known: between two requests, and until a WebSocket's says
  /// who he is.
  std::chrono::milliseconds stranger_timeout{5'000};
  std::chrono::milliseconds write_timeout{30'000};  // one write that makes no progress
  std::chrono::milliseconds websocket_ping{
      30'000};  // RFC 6455 ping when silent; none answered: dropped
};

/// What was answered since the start, and what there is now.
struct ServerStatistics {
  std::array<std::uint64_t, 6> responses{};  // by the first digit of their status; WebSockets: 1
  std::uint64_t accept_failures = 0;         // how often the system had no socket for a connection
  std::size_t connections = 0;
  std::size_t strangers = 0;        // of these, whose caller is not known
  std::size_t bytes_in_flight = 0;  // of requests and messages
};

/// Who is known and who is a stranger, a handler says of each request (Admission::account) and of a
/// WebSocket (WebSocket::know). Strangers have at most connections_max - connections_kept places;
/// where these are taken, or all are, a newcomer gets the place of the stranger who has waited
/// longest and is not being served, whoever he is: so nobody is locked out by silent connections.
class HttpServer {
 public:
  /// `handler` must outlive the server.
  HttpServer(ServerOptions options, Handler& handler);
  ~HttpServer();  // stop() with no grace
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Binds and begins to serve. kConflict: the address is in use; kBadRequest: it is no address.
  Result<> start();
  /// The bound port, once started.
  std::uint16_t port() const;
  /// Any thread. The parts may be of different moments.
  ServerStatistics statistics() const;

  /// Stops accepting, closes idle connections, asks Request::gone of streams and WebSockets to
  /// stop, since they would not end by themselves, and lets answers in flight finish for up to
  /// `grace`. Then it asks every Request::gone to stop, closes what is left and ends the threads.
  /// Idempotent. Not to be called from a handler. A handler that does not return even then is
  /// given up after ten seconds: its coroutine stays suspended for ever.
  void stop(std::chrono::milliseconds grace);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace synap::net
