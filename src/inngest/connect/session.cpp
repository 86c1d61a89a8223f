#include "inngest/connect/session.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/log.h"

namespace synap::inngest {
namespace {

// RFC 6455 7.4.1: "Policy Violation"; "Going Away".
constexpr std::uint16_t kPolicyViolation = 1008;
constexpr std::uint16_t kGoingAway = 1001;

// Small messages that wait to be written; beyond, the worker is not read from.
constexpr std::int64_t kSaidMax = 256;
constexpr std::size_t kPlacesMax = 10'000;
constexpr std::chrono::milliseconds kDrainLook(50);

// The SDK for Python (0.5.19) reads whole seconds only, and extends no lease otherwise.
std::string duration_text(std::chrono::milliseconds time) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  return whole == time ? fmt::format("{}s", whole.count()) : fmt::format("{}ms", time.count());
}

}  // namespace

Task<void> ConnectSession::run() {
  socket_.let_strangers_send(ConnectServer::kConnectBytesMax);
  if (!co_await socket_.write_binary(write_message(MessageKind::kGatewayHello))) co_return;
  if (!co_await connect()) co_return;
  std::vector<Task<bool>> all;
  all.push_back(read());
  all.push_back(write());
  all.push_back(watch());
  std::ignore = co_await when_all(std::move(all));
}

Task<void> ConnectSession::refuse(std::string why) {
  co_await socket_.close(kPolicyViolation, why);
}

// What it says first: who it is, and which functions it has.
Task<bool> ConnectSession::connect() {
  const auto first = co_await socket_.read();
  if (!first) co_return false;
  const auto message = read_message(first->data);
  if (!message || message->kind != MessageKind::kWorkerConnect) {
    co_await refuse("connect_invalid_message: WORKER_CONNECT is to come first");
    co_return false;
  }
  const auto connect = read_worker_connect(message->payload);
  if (!connect) {
    co_await refuse("connect_invalid_message: WORKER_CONNECT cannot be read");
    co_return false;
  }
  const auto asker = server_.redeem(*connect);
  if (!asker) {
    co_await refuse("connect_authentication_failed: " + asker.error().message);
    co_return false;
  }
  socket_.know(asker->user_id);
  if (asker->key) key_ended_ = server_.rooms_.keys.ended(**asker->key);
  worker_ = std::make_shared<Worker>();
  worker_->connection_id = connect->connection_id;
  worker_->user_id = asker->user_id;
  if (connect->concurrency_max > 0) {
    worker_->places_max = std::min(static_cast<std::size_t>(connect->concurrency_max), kPlacesMax);
  }
  auto done = co_await sync(*connect, *asker);
  if (done) done = router().add(worker_);
  if (!done) {
    const auto why = Json::object({{"error", done.error().message}}).dump();
    write_log(LogLevel::kWarn, "inngest", "a worker cannot be connected: {error}",
              {{"error", done.error().message}});
    std::ignore = co_await socket_.write_binary(write_message(MessageKind::kSyncFailed, why));
    co_await refuse("connect_sync_failed: " + done.error().message);
    co_return false;
  }
  const auto ready = write_ready(duration_text(server_.options_.heartbeat),
                                 duration_text(server_.options_.extend_lease));
  router().say(worker_, write_message(MessageKind::kConnectionReady, ready));
  if (!connect->is_ready_later) router().set_ready(worker_, true);
  heard_at_ = router().options().world.now();
  co_return true;
}

Task<Result<>> ConnectSession::sync(const WorkerConnect& connect, const Asker& asker) {
  if (connect.apps.empty()) co_return fail(Code::kBadRequest, "The worker has no app");
  for (const auto& app : connect.apps) {
    auto functions = parse_json(app.functions);
    if (!functions) co_return fail(functions.error());
    auto registration = Registration::read_connected(
        {.app = std::string(app.name),
         .version = std::string(app.version),
         .sdk = fmt::format("{}:{}", connect.sdk_language, connect.sdk_version),
         .framework = std::string(connect.framework),
         .functions = std::move(*functions)});
    if (!registration) co_return fail(registration.error());
    auto& slugs = worker_->apps[registration->app];
    for (const auto& function : registration->functions.as_array()) {
      slugs.emplace(function.string_or("id", ""));
    }
    auto synced = co_await server_.rooms_.apps.sync(asker, std::move(*registration));
    if (!synced) co_return fail(synced.error());
  }
  co_return Result<>{};
}

Task<bool> ConnectSession::read() {
  while (auto message = co_await socket_.read()) {
    heard_at_ = router().options().world.now();
    const auto read = read_message(message->data);
    if (!read || !take(*read)) {
      co_await refuse("connect_invalid_message");
      break;
    }
    co_await router().wait_for_room(worker_, kSaidMax);
  }
  router().remove(worker_);
  over_.request_stop();
  co_return true;
}

// False: it cannot be read.
bool ConnectSession::take(const WorkerMessage& message) {
  switch (message.kind) {
    case MessageKind::kWorkerReady:
      router().set_ready(worker_, true);
      return true;
    case MessageKind::kWorkerPause:
      router().set_ready(worker_, false);
      return true;
    case MessageKind::kWorkerHeartbeat:
      router().say(worker_, write_message(MessageKind::kGatewayHeartbeat));
      return true;
    case MessageKind::kRequestAck: {
      const auto id = read_request_ack(message.payload);
      if (id) router().note_ack(worker_, *id);
      return id.has_value();
    }
    case MessageKind::kExtendLease: {
      const auto lease = read_lease_extension(message.payload);
      if (!lease) return false;
      const auto renewed = router().extend(worker_, *lease);
      router().say(worker_, write_message(MessageKind::kExtendLeaseAck,
                                          write_lease_ack(lease->request_id, renewed)));
      return true;
    }
    case MessageKind::kReply: {
      const auto reply = read_worker_reply(message.payload);
      if (!reply) return false;
      router().take_reply(worker_->user_id, *reply);
      // Also of what nobody waits for any more: it need not be said again.
      router().say(worker_,
                   write_message(MessageKind::kReplyAck, write_request_id(reply->request_id)));
      return true;
    }
    default:
      return true;
  }
}

Task<bool> ConnectSession::write() {
  while (auto message = co_await router().next_message(worker_)) {
    if (!co_await socket_.write_binary(message->bytes)) {
      socket_.abort();
      break;
    }
    if (!message->request_id.empty()) router().note_sent(worker_, message->request_id);
  }
  co_return true;
}

// For what ends a connection but its ends: silence, the end of its key, and that of the pod.
Task<bool> ConnectSession::watch() {
  auto& world = router().options().world;
  std::stop_source wake;
  const auto stop = [&wake] { wake.request_stop(); };
  const std::stop_callback on_over(over_.get_token(), stop);
  const std::stop_callback on_gone(request_.gone, stop);
  const std::stop_callback on_key(key_ended_, stop);
  while (co_await world.sleep_for(server_.options_.silence_max / 4, wake.get_token())) {
    if (world.now() - heard_at_ < server_.options_.silence_max) continue;
    co_await refuse("connect_heartbeats_missed");
    co_return true;
  }
  if (over_.stop_requested()) co_return true;
  if (key_ended_.stop_requested()) {
    co_await refuse("connect_authentication_failed: the key has ended");
  } else {
    co_await drain();
  }
  co_return true;
}

// The pod ends, or the worker is gone and its read will say so. What is under way is still taken;
// the server gives it some seconds.
Task<void> ConnectSession::drain() {
  auto& world = router().options().world;
  router().set_ready(worker_, false);
  while (!router().is_idle(worker_)) {
    if (!co_await world.sleep_for(kDrainLook, over_.get_token())) co_return;
  }
  router().say(worker_, write_message(MessageKind::kGatewayClosing));
  co_await router().wait_for_room(worker_, 0);
  co_await socket_.close(kGoingAway, "connect_gateway_closing");
}

}  // namespace synap::inngest
