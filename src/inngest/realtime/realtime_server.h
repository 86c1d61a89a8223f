// RealtimeServer: what functions say while they run, for who listens at that moment.
//
//   POST /v1/realtime/publish?channel=&topic=&run_id=   JSON, or a text; text/stream: in pieces
//   POST /v1/realtime/publish/tee?channel=   what a run streams: passed on as it comes
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
  static constexpr std::string_view kTeePath = "/v1/realtime/publish/tee";
  static constexpr std::string_view kTokenPath = "/v1/realtime/token";
  static constexpr std::string_view kConnectPath = "/v1/realtime/connect";
  static constexpr std::string_view kSsePath = "/v1/realtime/sse";
  static constexpr std::size_t kMessageBytesMax = 512 << 10;
  static constexpr std::size_t kRunStreamBytesMax = 16 << 20;

  /// All must outlive it.
  RealtimeServer(ListeningTokens tokens, Broadcaster& broadcaster, const api::Keys& keys)
      : tokens_(std::move(tokens)), broadcaster_(broadcaster), keys_(keys) {}

  /// kBadRequest.
  Result<> publish(const net::Request& request, const Asker& asker);
  /// {"jwt"}. kBadRequest; kPayloadTooLarge.
  Result<Json> make_token(const net::Request& request, const Asker& asker) const;
  /// With which somebody listens to what a run streams.
  Result<std::string> make_run_token(const Uuid& run_id, const Asker& asker) const;
  /// What a run streams, server-sent events in pieces however they are cut, for who listens to it
  /// now. Owns itself what it needs; one thread.
  class Stream {
   public:
    void put(std::string_view piece);
    /// kPayloadTooLarge: one of them was, and nothing behind it was passed on.
    Result<> end();

   private:
    friend class RealtimeServer;
    Stream(Broadcaster& broadcaster, std::string user_id, Topic topic)
        : broadcaster_(broadcaster), user_id_(std::move(user_id)), topic_(std::move(topic)) {}

    Broadcaster& broadcaster_;
    const std::string user_id_;
    const Topic topic_;
    std::string begun_;  // an event that is not whole
    bool is_too_large_ = false;
  };
  /// kBadRequest: the channel of the query is no run.
  Result<std::shared_ptr<Stream>> begin_stream(const net::Request& head, const Asker& asker);
  /// To those who listen to what the run streams: one event, as text.
  void say_to_run(const std::string& user_id, const Uuid& run_id, std::string event);
  /// The run whose stream it is; nothing: it is topics that are listened to.
  static std::optional<Uuid> run_of(const Listening& listening);
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
