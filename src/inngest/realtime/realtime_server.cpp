#include "inngest/realtime/realtime_server.h"

#include <algorithm>

#include "base/clock.h"
#include "base/json_given.h"
#include "inngest/query.h"
#include "inngest/ulid.h"

namespace synap::inngest {
namespace {

constexpr std::size_t kNameBytesMax = 256;
constexpr std::size_t kTopicsMax = 100;
constexpr std::size_t kChunkBytes = 1'024;
constexpr std::chrono::milliseconds kStreamMax = std::chrono::minutes(15);
constexpr std::chrono::milliseconds kKeepAlive(15'000);

// RFC 6455 7.4.1: "Going Away", "Policy Violation"; "Try Again Later" of its registry.
constexpr std::uint16_t kGoingAway = 1001;
constexpr std::uint16_t kPolicyViolation = 1008;
constexpr std::uint16_t kTryAgainLater = 1013;

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kNameBytesMax && valid_utf8_prefix(text) == text.size();
}

// What a run streams. Nobody else publishes to it, or listens to it by a token that he asks for: no
// topic of theirs has an empty name.
Topic stream_of(const Uuid& run_id) {
  return {ulid_of(run_id), ""};
}

// Each value of a parameter that comes several times.
std::vector<std::string> query_parameters(std::string_view query, std::string_view name) {
  std::vector<std::string> all;
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    auto value = query_parameter(query.substr(0, end), name);
    if (!value.empty()) all.push_back(std::move(value));
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return all;
}

// One that is no JSON is a text, which is how npm's inngest sends a string.
Result<Json> data_of(std::string_view body) {
  if (auto json = parse_given_json(body); json || parse_json(body)) return json;
  return Json(body);
}

class Publisher {
 public:
  Publisher(Broadcaster& broadcaster, const std::string& user_id, Topic topic, std::string run_id)
      : broadcaster_(broadcaster),
        user_id_(user_id),
        topic_(std::move(topic)),
        run_id_(std::move(run_id)) {}

  void say(std::string_view kind, Json data, std::string_view stream_id = {}) {
    Json message = Json::object({{"channel", topic_.channel},
                                 {"topic", topic_.name},
                                 {"data", std::move(data)},
                                 {"kind", kind},
                                 {"created_at", to_iso8601(broadcaster_.world().unix_ms())}});
    if (!run_id_.empty()) message.set("run_id", run_id_);
    if (!stream_id.empty()) message.set("stream_id", stream_id);
    broadcaster_.say(user_id_, topic_, message.dump());
  }
  void say_stream(std::string_view text) {
    const auto id = ulid_of(broadcaster_.world().new_id());
    say("datastream-start", id);
    while (!text.empty()) {
      const auto size = valid_utf8_prefix(text.substr(0, kChunkBytes));
      say("chunk", text.substr(0, size), id);
      text.remove_prefix(size);
    }
    say("datastream-end", id);
  }

 private:
  Broadcaster& broadcaster_;
  const std::string& user_id_;
  const Topic topic_;
  const std::string run_id_;
};

}  // namespace

Result<> RealtimeServer::publish(const net::Request& request, const Asker& asker) {
  const auto channel = query_parameter(request.query, "channel");
  const auto topics = query_parameters(request.query, "topic");
  const auto run_id = query_parameter(request.query, "run_id");
  if (!is_name(channel) || topics.empty() || topics.size() > kTopicsMax ||
      !std::ranges::all_of(topics, is_name)) {
    return fail(Code::kBadRequest, "Say where: ?channel= and topic=, of 1 to 256 bytes each");
  }
  if (!run_id.empty() && !parse_id(run_id)) return fail(Code::kBadRequest, "run_id is no id");
  if (valid_utf8_prefix(request.body) != request.body.size()) {
    return fail(Code::kBadRequest, "What is published is JSON or a text, in UTF-8");
  }
  const auto* type = request.headers.find("content-type");
  const bool is_stream = type != nullptr && type->starts_with("text/stream");
  auto data = is_stream ? Result<Json>(Json()) : data_of(request.body);
  if (!data) return fail(data.error());
  for (const auto& topic : topics) {
    Publisher publisher(broadcaster_, asker.user_id, {channel, topic}, run_id);
    if (is_stream) {
      publisher.say_stream(request.body);
    } else {
      publisher.say("data", *data);
    }
  }
  return {};
}

Result<Json> RealtimeServer::make_token(const net::Request& request, const Asker& asker) const {
  const auto wrong = fail(Code::kBadRequest,
                          "The body is a list of topics, 1 to 100, each {\"channel\",\"name\"} of "
                          "1 to 256 bytes");
  const auto body = parse_json(request.body);
  if (!body) return fail(body.error());
  if (!body->is_array() || body->as_array().empty() || body->as_array().size() > kTopicsMax) {
    return wrong;
  }
  Listening listening{.user_id = asker.user_id,
                      .key_id = asker.key ? (*asker.key)->recorded.id : std::string()};
  for (const auto& topic : body->as_array()) {
    if (!topic.is_object()) return wrong;
    Topic named{std::string(topic.string_or("channel", "")),
                std::string(topic.string_or("name", ""))};
    if (!is_name(named.channel) || !is_name(named.name)) return wrong;
    listening.topics.push_back(std::move(named));
  }
  listening.expires_at = broadcaster_.world().unix_ms() / 1'000 + ListeningTokens::kSeconds;
  auto token = tokens_.make(listening);
  if (!token) return fail(token.error());
  return Json::object({{"jwt", std::move(*token)}});
}

Result<std::string> RealtimeServer::make_run_token(const Uuid& run_id, const Asker& asker) const {
  return tokens_.make(
      {.user_id = asker.user_id,
       .key_id = asker.key ? (*asker.key)->recorded.id : std::string(),
       .topics = {stream_of(run_id)},
       .expires_at = broadcaster_.world().unix_ms() / 1'000 + ListeningTokens::kSeconds});
}

std::optional<Uuid> RealtimeServer::run_of(const Listening& listening) {
  const bool is_run = listening.topics.size() == 1 && listening.topics.front().name.empty();
  return is_run ? parse_id(listening.topics.front().channel) : std::nullopt;
}

Result<std::shared_ptr<RealtimeServer::Stream>> RealtimeServer::begin_stream(
    const net::Request& head, const Asker& asker) {
  const auto run_id = parse_foreign_id(query_parameter(head.query, "channel"));
  if (!run_id) return fail(Code::kBadRequest, "Say of which run it is: ?channel=");
  return std::shared_ptr<Stream>(new Stream(broadcaster_, asker.user_id, stream_of(*run_id)));
}

// Whole events only: others may say something between two pieces.
void RealtimeServer::Stream::put(std::string_view piece) {
  if (is_too_large_) return;
  begun_.append(piece);
  if (const auto last = begun_.rfind("\n\n"); last != std::string::npos) {
    auto rest = begun_.substr(last + 2);
    begun_.resize(last + 2);
    broadcaster_.say(user_id_, topic_, std::exchange(begun_, std::move(rest)));
  }
  is_too_large_ = begun_.size() > kMessageBytesMax;
  if (is_too_large_) begun_ = {};
}

Result<> RealtimeServer::Stream::end() {
  if (!is_too_large_) return {};
  return fail(Code::kPayloadTooLarge, "An event of the stream has more than 512 KiB");
}

void RealtimeServer::say_to_run(const std::string& user_id, const Uuid& run_id, std::string event) {
  broadcaster_.say(user_id, stream_of(run_id), std::move(event));
}

// Its id is all that the authority of keys asks for.
api::Actor RealtimeServer::key_of(const Listening& listening) const {
  return api::Actor::of_key(listening.user_id, api::Role::kMember, listening.key_id);
}

Result<Listening> RealtimeServer::listening_of(const net::Request& head) const {
  auto listening =
      tokens_.read(query_parameter(head.query, "token"), broadcaster_.world().unix_ms() / 1'000);
  if (!listening || listening->key_id.empty()) return listening;
  if (auto good = keys_.check(key_of(*listening)); !good) return fail(good.error());
  return listening;
}

Task<bool> RealtimeServer::write(Broadcaster::ListenerPtr listener, net::WebSocket& socket,
                                 std::stop_token over) {
  while (!over.stop_requested() && !broadcaster_.is_late(listener)) {
    const auto message = broadcaster_.take(listener);
    if (message == nullptr) {
      co_await broadcaster_.wait(listener, kStreamMax, over);
    } else if (!co_await socket.write(*message, net::WebSocket::Then::kNothing)) {
      socket.abort();
      break;
    }
  }
  co_return true;
}

Task<void> RealtimeServer::serve(const net::Request& request, net::WebSocket& socket) {
  // Looked at before the upgrade, too: what has changed since is little.
  const auto listening = listening_of(request);
  auto listener = listening ? broadcaster_.listen(listening->user_id, listening->topics)
                            : Result<Broadcaster::ListenerPtr>(fail(listening.error()));
  if (!listener) {
    const bool is_full = listener.error().code == Code::kTooManyRequests;
    co_await socket.close(is_full ? kTryAgainLater : kPolicyViolation, listener.error().message);
    co_return;
  }
  socket.know(listening->user_id);
  std::stop_source over;
  const auto stop = [&over] { over.request_stop(); };
  const std::stop_callback on_gone(request.gone, stop);
  const std::stop_callback on_key(
      listening->key_id.empty() ? std::stop_token() : keys_.ended(key_of(*listening)), stop);
  auto read = [&]() -> Task<bool> {
    while (co_await socket.read()) {
    }
    over.request_stop();
    co_return true;
  };
  auto write_all = [&]() -> Task<bool> {
    co_await write(*listener, socket, over.get_token());
    if (broadcaster_.is_late(*listener)) {
      co_await socket.close(kTryAgainLater, "you read too slowly: messages would be missing");
    } else {
      co_await socket.close(kGoingAway, "");
    }
    co_return true;
  };
  std::vector<Task<bool>> all;
  all.push_back(read());
  all.push_back(write_all());
  std::ignore = co_await when_all(std::move(all));
  broadcaster_.leave(*listener);
}

Result<net::Response> RealtimeServer::stream(const net::Request& request) {
  const auto listening = listening_of(request);
  if (!listening) return fail(listening.error());
  auto listener = broadcaster_.listen(listening->user_id, listening->topics);
  if (!listener) return fail(listener.error());
  // Leaves also where the answer is never begun.
  const auto place = std::shared_ptr<Broadcaster::Listener>(
      listener->get(),
      [&broadcaster = broadcaster_, kept = *listener](auto*) { broadcaster.leave(kept); });
  const auto key_ended =
      listening->key_id.empty() ? std::stop_token() : keys_.ended(key_of(*listening));
  net::Response response;
  response.headers.add("content-type", "text/event-stream");
  response.headers.add("cache-control", "no-store");
  // What a run streams are such events already.
  const bool is_raw = run_of(*listening).has_value();
  response.stream = [&broadcaster = broadcaster_, place, is_raw, listener = *listener, key_ended,
                     gone = request.gone](net::BodyWriter& writer) -> Task<void> {
    auto& world = broadcaster.world();
    const auto end = world.now() + kStreamMax;
    std::stop_source over;
    const auto stop = [&over] { over.request_stop(); };
    const std::stop_callback on_gone(gone, stop);
    const std::stop_callback on_key(key_ended, stop);
    if (!co_await writer.write(":\n\n")) co_return;
    while (!over.stop_requested() && !broadcaster.is_late(listener) && world.now() < end) {
      co_await broadcaster.wait(listener, kKeepAlive, over.get_token());
      auto message = broadcaster.take(listener);
      if (message == nullptr && !co_await writer.write(":\n\n")) co_return;
      for (; message != nullptr; message = broadcaster.take(listener)) {
        const auto event = is_raw ? *message : "data: " + *message + "\n\n";
        if (!co_await writer.write(event)) co_return;
      }
    }
  };
  return response;
}

}  // namespace synap::inngest
