// A handler for the tests of this room: what a path does is written in a table of the test.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "net/http.h"
#include "net/server.h"

namespace synap::net {

/// Something that happens once, on some thread; the test waits for it. It may be destroyed as soon
/// as wait() has returned, even while set() has not.
class Event {
 public:
  void set() {
    const auto state = state_;
    std::lock_guard lock(state->mutex);
    state->is_set = true;
    state->changed.notify_all();
  }
  /// False: it did not happen within five seconds.
  bool wait() {
    std::unique_lock lock(state_->mutex);
    return state_->changed.wait_for(lock, std::chrono::seconds(5),
                                    [this] { return state_->is_set; });
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    bool is_set = false;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

class TestHandler final : public Handler {
 public:
  std::map<std::string, std::function<Task<Response>(const Request&)>> paths;
  std::function<Task<>(const Request&, WebSocket&)> websocket;
  std::function<std::optional<Response>(const Request&)> refusing;
  std::function<Admission(const Request&)> admitting;
  bool knowing = true;  // who is at the other end of a WebSocket

  Task<Admission> admit(const Request& head) override {
    if (!admitting) co_return co_await Handler::admit(head);
    co_return admitting(head);
  }
  Task<Response> serve(const Request& request) override {
    const auto found = paths.find(request.path);
    if (found == paths.end()) co_return Response{.status = 404, .body = "no " + request.path};
    co_return co_await found->second(request);
  }
  std::optional<Response> refuse_upgrade(const Request& request) override {
    if (refusing) return refusing(request);
    if (!websocket) return Response{.status = 404, .body = "no websocket"};
    return std::nullopt;
  }
  Task<> serve_websocket(const Request& request, WebSocket& socket) override {
    if (knowing) socket.know("somebody");
    co_await websocket(request, socket);
  }
  Response refusal(const Error& error) override {
    return {.status = info(error.code).http_status,
            .headers = {{"content-type", "application/json"}},
            .body = "{\"refused\":\"" + std::string(info(error.code).name) + "\"}"};
  }

  /// A path with a fixed answer.
  void fixed(const std::string& path, std::string body) {
    paths[path] = [body = std::move(body)](const Request&) -> Task<Response> {
      co_return Response{.headers = {{"content-type", "application/json"}}, .body = body};
    };
  }
};

/// A handler and a running server. The test sets `handler` and `options`, then calls start(). A
/// fixture with members that handlers use resets `server` in its TearDown.
struct TestServer {
  TestHandler handler;
  ServerOptions options;
  std::optional<HttpServer> server;

  std::uint16_t start() {
    server.emplace(options, handler);
    if (!server->start()) return 0;
    return server->port();
  }
};

}  // namespace synap::net
