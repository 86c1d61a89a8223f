// RealtimeServer: what functions say while they run, for who listens at that moment.
//
//   POST /v1/realtime/publish?channel=&topic=&run_id=   JSON, or a text; text/stream: in pieces
//   POST /v1/realtime/token     [{"channel","name"}] -> {"jwt"} (token.h)
//   GET  /v1/realtime/connect?token=    a WebSocket: a text message for each that is published
//   GET  /v1/realtime/sse?token=        the same as server-sent events, for 15 minutes
//
//   message   {"channel","topic","data","kind":"data","created_at","run_id"?}
//             of a stream: "datastream-start" and "datastream-end" with its id as data, and between
//             them "chunk"s, which have it as stream_id
//
// A topic is its user's: others who publish or listen by the same name meet nobody of his.
#pragma once

#include <string>
#include <string_view>

#include "api/keys.h"
#include "inngest/asker.h"
#include "inngest/realtime/broadcaster.h"
#include "inngest/realtime/token.h"
#include "net/http.h"

namespace synap::inngest {

class RealtimeServer {
 public:
  static constexpr std::string_view kPublishPath = "/v1/realtime/publish";
  static constexpr std::string_view kTokenPath = "/v1/realtime/token";
  static constexpr std::string_view kConnectPath = "/v1/realtime/connect";
  static constexpr std::string_view kSsePath = "/v1/realtime/sse";
  static constexpr std::size_t kMessageBytesMax = 512 << 10;

  /// All must outlive it.
  RealtimeServer(ListeningTokens tokens, Broadcaster& broadcaster, const api::Keys& keys)
      : tokens_(std::move(tokens)), broadcaster_(broadcaster), keys_(keys) {}

  /// kBadRequest.
  Result<> publish(const net::Request& request, const Asker& asker);
  /// {"jwt"}. kBadRequest; kPayloadTooLarge.
  Result<Json> make_token(const net::Request& request, const Asker& asker) const;
  /// With which somebody listens to what a run streams.
  Result<std::string> make_run_token(const Uuid& run_id, const Asker& asker) const;
  /// Who listens, by the token of the query. kUnauthorized.
  Result<Listening> listening_of(const net::Request& head) const;
  /// The stream. As listening_of(); kTooManyRequests.
  Result<net::Response> stream(const net::Request& request);
  Task<void> serve(const net::Request& request, net::WebSocket& socket);

 private:
  api::Actor key_of(const Listening& listening) const;
  Task<bool> write(Broadcaster::ListenerPtr listener, net::WebSocket& socket, std::stop_token over);

  const ListeningTokens tokens_;
  Broadcaster& broadcaster_;
  const api::Keys& keys_;
};

}  // namespace synap::inngest
