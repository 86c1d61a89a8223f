#include "trpc/websocket.h"

#include <algorithm>
#include <utility>

#include "trpc/envelope.h"
#include "trpc/url.h"

namespace synap::trpc {
namespace {

// How long a PONG waits for subscriptions that were stopped before its PING. Clients give up on a
// PONG after a second; the official client reads it as "all that was produced is delivered".
constexpr std::chrono::milliseconds kFenceMax{250};

// Calls in one message, until it is known who sends it.
constexpr std::size_t kStrangersBatchMax = 10;

constexpr std::uint16_t kGoingAway = 1001;

}  // namespace

WebSocketSession::WebSocketSession(const Options& options, const rpc::ProcedureTable& procedures,
                                   const net::Request& upgrade, net::WebSocket& socket,
                                   Watermark& reconnects)
    : options_(options),
      procedures_(procedures),
      upgrade_(upgrade),
      socket_(socket),
      reconnects_(reconnects),
      outbox_(socket, options.websocket_queue_bytes_max),
      last_message_(options.world.now()) {
  const QueryParameters query(upgrade.query);
  const auto* announced = query.find("connectionParams");
  awaits_connection_params_ = announced != nullptr && *announced == "1";
}

Task<void> WebSocketSession::run() {
  const std::stop_callback when_gone(upgrade_.gone,
                                     [ending = ending_]() mutable { ending.request_stop(); });
  writer_.start(outbox_.run());
  if (options_.websocket_keepalive.count() > 0) helpers_.start(keep_alive());
  helpers_.start(announce_reconnects());
  helpers_.start(leave_when_asked());
  if (!awaits_connection_params_) {
    know(std::nullopt);
    helpers_.start(make_context(std::optional<Json>()));
  }

  while (auto message = co_await socket_.read()) {
    last_message_ = options_.world.now();
    co_await on_message(*std::move(message));
    // A stranger's next message is read when the calls of this one have ended: each call in flight
    // costs far more than its bytes.
    const auto most = is_known_ ? options_.websocket_call_bytes_max : 0;
    while (call_bytes_ > most) co_await call_bytes_freed_.wait();
  }

  // Nobody listens any more: the answers of the calls that are stopped here go nowhere.
  is_silent_ = true;
  outbox_.seal();
  stop_calls();
  ending_.request_stop();
  co_await calls_.join();
  co_await helpers_.join();
  co_await writer_.join();
}

Task<void> WebSocketSession::on_message(net::WebSocket::Message message) {
  if (message.is_text && message.data == "PONG") co_return;
  if (message.is_text && message.data == "PING") {
    co_await on_ping();
  } else if (awaits_connection_params_) {
    awaits_connection_params_ = false;
    Result<std::optional<Json>> params =
        fail(Code::kParseError, "Malformed TRPCConnectionParamsMessage");
    if (message.is_text) params = parse_connection_params_message(message.data);
    if (params) know(*params);
    helpers_.start(make_context(std::move(params)));
  } else if (message.is_text) {
    co_await on_frame(std::move(message));
  } else {
    co_await send_error({}, {Code::kParseError, "A binary frame is no message"}, std::nullopt);
  }
}

// Before the next message is read: it may be larger than a stranger's.
void WebSocketSession::know(const std::optional<Json>& connection_params) {
  rpc::Origin origin{.headers = upgrade_.headers, .peer = upgrade_.peer};
  origin.connection_params = connection_params;
  origin.is_connection = true;
  auto caller =
      options_.identify ? options_.identify(origin) : rpc::Caller{std::string(kEverybody), nullptr};
  if (!caller) return;
  is_known_ = true;
  socket_.know(std::move(caller->account));
}

// Each call keeps its share of the frame's bytes until it has ended.
Task<void> WebSocketSession::on_frame(net::WebSocket::Message text) {
  const auto most = options_.websocket_batch_max.value_or(options_.batch_max);
  auto frame = parse_client_frame(text.data, is_known_ ? most : std::min(most, kStrangersBatchMax));
  if (!frame) {
    co_await send_error({}, frame.error(), std::nullopt);
    co_return;
  }
  for (const auto& to : frame->refused) {
    co_await send_error(to, {Code::kBadRequest, "Batch call exceeds maximum size"}, std::nullopt);
  }
  const auto share = text.data.size() / std::max<std::size_t>(frame->messages.size(), 1);
  text.data = {};
  for (auto& message : frame->messages) {
    message.bytes = share;
    co_await start_call(std::move(message), text.grant.split(share));
  }
}

Task<void> WebSocketSession::start_call(ClientMessage message, net::Budget::Grant grant) {
  const bool is_subscription = message.kind == rpc::Kind::kSubscription;
  if (!message.has_id) {
    co_await send_error(message.from, {Code::kParseError, "`id` is required"}, std::nullopt);
  } else if (message.refusal) {
    co_await send_error(message.from, *message.refusal, std::nullopt);
  } else if (message.is_stop) {
    stop_subscription(message.from.id);
  } else if (is_subscription && subscriptions_.contains(message.from.id)) {
    std::string_view id = message.from.id;
    if (id.starts_with('"')) id = id.substr(1, id.size() - 2);
    co_await send_error(message.from, {Code::kBadRequest, "Duplicate id " + std::string(id)},
                        message.path);
  } else if (calls_.size() >= options_.websocket_calls_max) {
    co_await send_error(
        message.from,
        {Code::kTooManyRequests, "More than " + std::to_string(options_.websocket_calls_max) +
                                     " calls are in flight on this connection"},
        message.path);
  } else if (is_subscription &&
             subscription_bytes_ + message.bytes > options_.websocket_call_bytes_max) {
    co_await send_error(
        message.from,
        {Code::kTooManyRequests,
         "The inputs of the subscriptions on this connection are too large together"},
        message.path);
  } else {
    // Registered here, not when it runs: a stop may be the very next message.
    std::stop_source stop;
    if (is_subscription) subscriptions_[message.from.id].stop = stop;
    (is_subscription ? subscription_bytes_ : call_bytes_) += message.bytes;
    calls_.start(run_call(std::move(message), std::move(grant), std::move(stop)));
  }
}

void WebSocketSession::stop_subscription(const std::string& id) {
  const auto at = subscriptions_.find(id);
  // Clients also send it after the end of a subscription.
  if (at == subscriptions_.end() || at->second.is_stopping) return;
  at->second.is_stopping = true;
  ++stopping_;
  at->second.stop.request_stop();
}

// A PING is also a fence: its PONG says that all that was produced before it has been sent, the
// "stopped" of a stop included.
Task<void> WebSocketSession::on_ping() {
  ++owed_pongs_;
  if (stopping_ == 0) {
    co_await pay_pongs();
  } else {
    helpers_.start(pay_pongs_late());
  }
}

Task<void> WebSocketSession::pay_pongs() {
  while (owed_pongs_ > 0) {
    --owed_pongs_;
    co_await outbox_.put("PONG");
  }
}

Task<void> WebSocketSession::pay_pongs_late() {
  co_await options_.world.sleep_for(kFenceMax, ending_.get_token());
  co_await pay_pongs();
}

Task<void> WebSocketSession::keep_alive() {
  const auto stop = ending_.get_token();
  while (co_await options_.world.sleep_until(last_message_ + options_.websocket_keepalive, stop)) {
    const auto asked = options_.world.now();
    if (asked < last_message_ + options_.websocket_keepalive) continue;
    if (!co_await outbox_.put("PING")) co_return;
    if (!co_await options_.world.sleep_for(options_.websocket_pong_wait, stop)) co_return;
    if (last_message_ < asked) {
      socket_.abort();
      co_return;
    }
  }
}

Task<void> WebSocketSession::announce_reconnects() {
  auto seen = reconnects_.value();
  while (co_await reconnects_.wait_past(seen, ending_.get_token())) {
    seen = reconnects_.value();
    co_await send("{\"id\":null,\"method\":\"reconnect\"}");
  }
}

// The server goes: the client is told to come back, and is not told that its subscriptions have
// stopped, because a client takes that for their end and does not resume them.
Task<void> WebSocketSession::leave_when_asked() {
  const auto ending = ending_.get_token();
  while (!ending.stop_requested()) co_await options_.world.sleep_for(std::chrono::hours(1), ending);
  if (is_silent_) co_return;
  is_silent_ = true;
  co_await outbox_.put("{\"id\":null,\"method\":\"reconnect\"}");
  outbox_.seal();
  stop_calls();
  co_await outbox_.drained();
  co_await socket_.close(kGoingAway, "The server is stopping");
}

Task<void> WebSocketSession::send_error(const Addressee& to, const Error& error,
                                        std::optional<std::string_view> path,
                                        std::string_view unknown_keys) {
  co_await send(websocket_error(to, {error, path, options_.zod_error, unknown_keys}));
}

Task<void> WebSocketSession::send(std::string text) {
  if (!is_silent_) co_await outbox_.put(std::move(text));
}

void WebSocketSession::stop_calls() {
  for (auto& stop : in_flight_) stop.request_stop();
}

}  // namespace synap::trpc
