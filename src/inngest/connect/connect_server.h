// ConnectServer: where workers connect. A worker asks for a session by HTTP, where it is known by
// its key, and is given a token and the address of the gateway; there it opens a WebSocket, shows
// the token, and says which functions it has. They are registered as those of an app that is served
// over HTTP are; then it is sent their calls (router.h).
//
//   POST /v0/connect/start   protobuf StartRequest, StartResponse
//   POST /v0/connect/flush   protobuf SDKResponse, FlushResponse: an answer that it could not send
//   GET  /v0/connect         the gateway, subprotocol v0.connect.inngest.com (messages.h)
//
// A token is good once, for one connection and for a minute. A connection that was begun with an
// API key ends with that key.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "api/keys.h"
#include "inngest/apps.h"
#include "inngest/asker.h"
#include "inngest/connect/messages.h"
#include "inngest/connect/router.h"
#include "net/http.h"

namespace synap::inngest {

struct ConnectOptions {
  std::string public_url = {};  // where others find the pod; empty: as they have asked for it
  std::chrono::milliseconds heartbeat{10'000};
  std::chrono::milliseconds extend_lease{10'000};
  std::chrono::milliseconds silence_max{30'000};  // of a worker, whose heartbeats are to come
  std::chrono::milliseconds token_max{60'000};
};

class ConnectServer {
 public:
  static constexpr std::string_view kStartPath = "/v0/connect/start";
  static constexpr std::string_view kFlushPath = "/v0/connect/flush";
  static constexpr std::string_view kGatewayPath = "/v0/connect";
  static constexpr std::string_view kProtocol = "v0.connect.inngest.com";
  static constexpr std::size_t kStartBytesMax = 64 << 10;
  static constexpr std::size_t kFlushBytesMax = 10 << 20;
  /// Of WORKER_CONNECT, whose sender is not known yet.
  static constexpr std::size_t kConnectBytesMax = 1 << 20;

  /// All must outlive it.
  struct Rooms {
    Apps& apps;
    Router& router;
    const api::Keys& keys;
  };
  ConnectServer(ConnectOptions options, Rooms rooms)
      : options_(std::move(options)), rooms_(rooms) {}

  /// The body of a StartResponse. kTooManyRequests; kBadRequest.
  Result<std::string> start(const net::Request& request, const Asker& asker);
  /// The body of a FlushResponse. kBadRequest.
  Result<std::string> flush(const net::Request& request, const Asker& asker);
  /// Whether an upgrade offers the subprotocol.
  static bool speaks(const net::Request& request);
  /// From the first message to the last.
  Task<void> serve(const net::Request& request, net::WebSocket& socket);

 private:
  friend class ConnectSession;
  struct Invitation {
    Asker asker;
    std::string token;
    SteadyClock::time_point until;
  };
  Result<Asker> redeem(const WorkerConnect& connect);
  std::string gateway_of(const net::Request& request) const;

  const ConnectOptions options_;
  const Rooms rooms_;
  std::mutex mutex_;
  std::map<std::string, Invitation> invitations_;  // by connection id
};

}  // namespace synap::inngest
