#include "completion_watch.h"

#include <fmt/format.h>

#include <stdexcept>

namespace synap::bench {
namespace {

std::string_view string_at(simdjson::dom::element object, std::string_view key) {
  std::string_view text;
  if (object[key].get(text) != simdjson::SUCCESS) return {};
  return text;
}

}  // namespace

CompletionWatch::CompletionWatch(EventLoop& loop, const Address& address, std::string token,
                                 Listener listener)
    : token_(std::move(token)),
      listener_(std::move(listener)),
      socket_(loop, address,
              {.on_open = [this] { on_open(); },
               .on_text = [this](std::string_view text) { on_text(text); },
               .on_lost = [this](std::string_view why) { failure_ = why; }}) {}

void CompletionWatch::start(EventLoop& loop, Nanoseconds timeout) {
  const Nanoseconds deadline = now() + timeout;
  socket_.connect_to_path(token_.empty() ? "/trpc" : "/trpc?connectionParams=1");
  while (!is_started_ && failure_.empty() && now() < deadline) loop.run_until_ready(deadline);
  if (!failure_.empty()) throw std::runtime_error(failure_);
  if (!is_started_) throw std::runtime_error("events.watch was not started in time");
}

void CompletionWatch::on_open() {
  if (!token_.empty())
    socket_.send_text(
        fmt::format(R"({{"method":"connectionParams","data":{{"token":"{}"}}}})", token_));
  socket_.send_text(R"({"id":1,"method":"subscription","params":{"path":"events.watch",)"
                    R"("input":{"types":["note.creation.completed"]}}})");
}

void CompletionWatch::on_text(std::string_view text) {
  // tRPC's own keep-alive is plain text, in both directions.
  if (text == "PING") return socket_.send_text("PONG");
  if (text == "PONG") return;
  simdjson::dom::element message;
  if (parser_.parse(text.data(), text.size()).get(message) != simdjson::SUCCESS) {
    failure_ = "the WebSocket carried something that is not JSON";
    return;
  }
  if (simdjson::dom::element error; message["error"].get(error) == simdjson::SUCCESS) {
    failure_ = fmt::format("events.watch failed: {}", string_at(error, "message"));
    return;
  }
  simdjson::dom::element result;
  if (message["result"].get(result) != simdjson::SUCCESS) return;
  const std::string_view type = string_at(result, "type");
  if (type == "started") is_started_ = true;
  if (type == "stopped") failure_ = "the server ended events.watch";
  if (type != "data") return;
  // A tracked event: the outer data has the id, the inner one is the event.
  simdjson::dom::element event;
  if (result["data"]["data"].get(event) == simdjson::SUCCESS) on_event(event);
}

void CompletionWatch::on_event(simdjson::dom::element event) {
  if (string_at(event, "type") != "note.creation.completed") return;
  listener_({.request_id = string_at(event, "requestId"),
             .aggregate_id = string_at(event, "aggregateId"),
             .at = now()});
}

}  // namespace synap::bench
