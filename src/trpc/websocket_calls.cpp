// The calls of a WebSocketSession.
#include <utility>

#include "rpc/event_stream.h"
#include "trpc/envelope.h"
#include "trpc/websocket.h"

namespace synap::trpc {
namespace {

// The official server closes without saying a status.
constexpr std::uint16_t kNoStatus = 1005;

// Clients send their first calls in one breath with their connectionParams. This long the
// connection stays open after a context could not be made, so that those calls are told why.
constexpr std::chrono::milliseconds kLastCallsWait{50};

// So many queries and mutations of one connection are carried out at a time; the others wait for an
// answer to be sent. A client that asks and never reads holds this many answers and no more.
constexpr std::size_t kAnsweringMax = 32;

}  // namespace

Task<void> WebSocketSession::make_context(Result<std::optional<Json>> connection_params) {
  ContextResult made = fail(Code::kInternalServerError, "");
  if (connection_params) {
    RequestInfo request_info{{.headers = upgrade_.headers, .peer = upgrade_.peer}};
    request_info.connection_params = *std::move(connection_params);
    request_info.is_connection = true;
    made = co_await options_.create_context(request_info);
  } else {
    made = fail(std::move(connection_params.error()));
  }
  context_ = made;
  if (!made) co_await send_error({}, made.error(), std::nullopt);
  context_made_.wake_all();
  if (made) co_return;
  co_await options_.world.sleep_for(kLastCallsWait, ending_.get_token());
  co_await calls_.join();
  if (is_silent_) co_return;
  is_silent_ = true;
  outbox_.seal();
  co_await outbox_.drained();
  co_await socket_.close(kNoStatus, "");
}

Task<ContextResult> WebSocketSession::context() {
  while (!context_) co_await context_made_.wait();
  co_return *context_;
}

// `grant` is kept, not used: its bytes are in use until the call has ended.
Task<void> WebSocketSession::run_call(ClientMessage message, net::Budget::Grant grant,
                                      std::stop_source stop) {
  const auto place = in_flight_.insert(in_flight_.end(), stop);
  const auto bytes = message.bytes;
  // The connection may have ended between the message and this.
  if (is_silent_) stop.request_stop();
  if (message.kind == rpc::Kind::kSubscription) {
    co_await run_subscription(std::move(message), stop);
    subscription_bytes_ -= bytes;
  } else {
    while (answering_ >= kAnsweringMax) co_await answered_.wait();
    ++answering_;
    co_await outbox_.room();
    auto [reply, unknown_keys] = co_await answer(message, stop.get_token());
    if (!reply) {
      co_await send_error(message.from, reply.error(), message.path, unknown_keys);
    } else if (auto* value = std::get_if<rpc::Text>(&*reply)) {
      co_await send(websocket_data(message.from, *value, unknown_keys));
    } else {
      co_await send_error(
          message.from,
          {Code::kUnsupportedMediaType, "Cannot return an async iterable or observable from a " +
                                            std::string(rpc::kind_name(message.kind)) +
                                            " procedure with WebSockets"},
          message.path);
    }
    --answering_;
    answered_.wake_one();
    call_bytes_ -= bytes;
    call_bytes_freed_.wake_all();
  }
  in_flight_.erase(place);
}

Task<Answer> WebSocketSession::answer(ClientMessage& message, std::stop_token stop) {
  ReadyCall call;
  call.context = co_await context();
  call.plan.path = message.path;
  call.plan.procedure = procedures_.find(message.path);
  if (call.plan.procedure == nullptr || call.plan.procedure->kind != message.kind) {
    call.plan.refusal = Error{Code::kNotFound, "No \"" + std::string(rpc::kind_name(message.kind)) +
                                                   "\"-procedure on path \"" + message.path + "\""};
    // Over a WebSocket a context that could not be made is the answer to everything.
    if (!call.context) call.plan.refusal = call.context.error();
  } else if (rpc::takes_input(*call.plan.procedure)) {
    call.input->json = std::move(message.input);
  }
  call.stop = std::move(stop);
  call.procedures = &procedures_;
  co_return co_await perform(std::move(call));
}

Task<void> WebSocketSession::run_subscription(ClientMessage message, std::stop_source stop) {
  const auto token = stop.get_token();
  std::optional<Error> error;
  std::string told;  // of unknown keys
  bool has_started = false;
  // Stopped while it waited for the context: it never begins.
  (void)co_await context();
  if (!token.stop_requested()) {
    auto [reply, unknown_keys] = co_await answer(message, token);
    told = std::move(unknown_keys);
    if (!reply) {
      error = std::move(reply.error());
    } else if (auto* items = std::get_if<rpc::Items>(&*reply)) {
      if (!token.stop_requested()) {
        has_started = true;
        co_await send(websocket_state(message.from, "started", told));
        error = co_await send_items(message.from, std::move(*items), token);
      }
    } else {
      error = no_stream_given(message.path);
    }
  }
  // What a handler says about being stopped is for nobody.
  if (token.stop_requested()) error.reset();
  if (error && has_started) co_await send_error(message.from, *error, message.path);
  // The id is free before the client can know that it is.
  release(message.from.id);
  if (error && !has_started) {
    co_await send_error(message.from, *error, message.path, told);
  } else {
    co_await send(websocket_state(message.from, "stopped"));
  }
  if (stopping_ == 0) co_await pay_pongs();
}

void WebSocketSession::release(const std::string& id) {
  const auto at = subscriptions_.find(id);
  if (at->second.is_stopping) --stopping_;
  subscriptions_.erase(at);
}

Task<std::optional<Error>> WebSocketSession::send_items(const Addressee& to, rpc::Items items,
                                                        std::stop_token stop) {
  for (;;) {
    co_await outbox_.room();
    auto item = co_await items.next();
    if (!item) break;
    // Between two items a stream may be let go of: this is how one that is stopped ends.
    if (stop.stop_requested()) co_return std::nullopt;
    if (item->id && !rpc::is_event_id(*item->id)) {
      co_return Error{Code::kInternalServerError, "An event's id cannot be sent"};
    }
    co_await send(websocket_item(to, *item));
  }
  if (!items.end()) co_return items.end().error();
  co_return std::nullopt;
}

}  // namespace synap::trpc
