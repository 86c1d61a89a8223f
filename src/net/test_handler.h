// A handler for the tests of this room: what a path does is written in a table of the test.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/manual_world.h"
#include "net/http.h"
#include "net/server.h"
#include "net/test_client.h"

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
  bool is_set() const {
    std::lock_guard lock(state_->mutex);
    return state_->is_set;
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
  std::string protocol;
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
  std::string websocket_protocol(const Request&) override { return protocol; }
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
  enum class Time : std::uint8_t { kReal, kByHand };
  /// By hand: no time passes for the server but what the test lets pass; it has one loop, and a
  /// client that is being served for as long as it runs.
  explicit TestServer(Time time = Time::kReal)
      : is_by_hand(time == Time::kByHand),
        options{.world = is_by_hand ? static_cast<World&>(world) : real_world()} {}

  const bool is_by_hand;
  ManualWorld world;
  TestHandler handler;
  ServerOptions options;
  std::optional<HttpServer> server;
  std::optional<TestClient> served;

  std::uint16_t start() {
    Event serving;
    if (is_by_hand) {
      options.threads = 1;
      handler.paths["/served"] = [this, serving](const Request& request) mutable -> Task<Response> {
        serving.set();
        co_await world.sleep_for(std::chrono::hours(1'000'000), request.gone);
        co_return Response{};
      };
    }
    server.emplace(options, handler);
    if (!server->start()) return 0;
    if (is_by_hand) {
      served.emplace(server->port());
      served->request("GET", "/served");
      EXPECT_TRUE(serving.wait());
    }
    return server->port();
  }

  // By hand:
  /// Lets time pass, and returns when the server has looked at its connections since.
  void pass(std::chrono::milliseconds time) {
    SYNAP_CHECK(world.wait_for_sleeper(kSweepMax));
    world.pass(time);
    SYNAP_CHECK(world.wait_for_sleeper(kSweepMax));
  }
  /// Returns when the server has read what was sent to it, and waits for more. It takes a second.
  void settle() {
    for (int turn = 0; turn < 4; ++turn) pass(kSweepMax);
  }
  /// Lets time pass until the server says something to this client or closes its connection.
  void pass_until_heard(const TestClient& client) {
    int steps = 0;
    for (; !has_come(client); ++steps) {
      ASSERT_LT(steps, 10'000) << "nothing comes";
      pass(kSweepMax);
    }
  }
  static bool has_come(const TestClient& client) {
    pollfd readable{client.fd(), POLLIN, 0};
    return ::poll(&readable, 1, 0) == 1;
  }

  static constexpr std::chrono::milliseconds kSweepMax{250};
};

}  // namespace synap::net
