// WebSocketSession: everything that happens on one WebSocket, from its upgrade to its end.
//
// One coroutine reads; each call runs in a coroutine of its own, beside the others; one sends
// (outbox.h). All of them belong to the connection's executor. A call's stop token fires when the
// client stops it, when the connection ends and when the server stops. The session ends when all
// of them have ended: a handler is always awaited.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/crew.h"
#include "base/timer.h"
#include "net/http.h"
#include "trpc/call.h"
#include "trpc/outbox.h"
#include "trpc/server.h"
#include "trpc/websocket_message.h"

namespace synap::trpc {

class WebSocketSession {
 public:
  /// All of these must outlive the session.
  WebSocketSession(const Options& options, const rpc::ProcedureTable& procedures,
                   const net::Request& upgrade, net::WebSocket& socket, Watermark& reconnects);

  /// Returns when the connection and every call on it have ended.
  Task<void> run();

 private:
  // Reading.
  Task<void> on_message(net::WebSocket::Message message);
  void know(const std::optional<Json>& connection_params);
  Task<void> on_frame(net::WebSocket::Message frame);
  Task<void> start_call(ClientMessage message, net::Budget::Grant grant);
  void stop_subscription(const std::string& id);
  Task<void> on_ping();

  // Calls.
  Task<void> make_context(Result<std::optional<Json>> connection_params);
  Task<ContextResult> context();
  Task<void> run_call(ClientMessage message, net::Budget::Grant grant, std::stop_source stop);
  Task<Answer> answer(ClientMessage& message, std::stop_token stop);
  Task<void> run_subscription(ClientMessage message, std::stop_source stop);
  Task<std::optional<Error>> send_items(const Addressee& to, rpc::Items items,
                                        std::stop_token stop);
  void release(const std::string& id);
  Task<void> pay_pongs();

  // Beside the calls.
  Task<void> keep_alive();
  Task<void> announce_reconnects();
  Task<void> leave_when_asked();
  Task<void> pay_pongs_late();

  Task<void> send_error(const Addressee& to, const Error& error,
                        std::optional<std::string_view> path, std::string_view unknown_keys = {});
  Task<void> send(std::string text);
  void stop_calls();

  struct Subscription {
    std::stop_source stop;
    bool is_stopping = false;  // the client has stopped it
  };

  const Options& options_;
  const rpc::ProcedureTable& procedures_;
  const net::Request& upgrade_;
  net::WebSocket& socket_;
  Watermark& reconnects_;
  Outbox outbox_;
  Crew writer_;
  Crew calls_;
  Crew helpers_;
  std::stop_source ending_;  // of the session: helpers end
  bool is_silent_ = false;   // nothing more is said to the client

  bool awaits_connection_params_ = false;
  bool is_known_ = false;  // who is at the other end
  std::optional<ContextResult> context_;
  Gate context_made_;
  std::size_t answering_ = 0;  // queries and mutations that hold or make an answer
  Gate answered_;
  std::list<std::stop_source> in_flight_;
  std::size_t call_bytes_ = 0;          // of the queries and mutations in flight
  std::size_t subscription_bytes_ = 0;  // of the subscriptions
  Gate call_bytes_freed_;
  std::map<std::string, Subscription, std::less<>> subscriptions_;  // by the text of their id
  std::size_t stopping_ = 0;    // subscriptions that were stopped and have not said so yet
  std::size_t owed_pongs_ = 0;  // PINGs that came behind such a stop
  SteadyClock::time_point last_message_;
};

}  // namespace synap::trpc
