// A WebSocketSession on a socket that the test holds both ends of.
#include "trpc/websocket.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "base/simulated_world.h"
#include "trpc/server.h"

namespace synap::trpc {
namespace {

using std::chrono::milliseconds;

// Everything of it is on the test's executor.
class FakeSocket final : public net::WebSocket {
 public:
  Task<std::optional<Message>> read() override {
    while (incoming.empty() && !is_closed) co_await changed.wait();
    if (incoming.empty()) co_return std::nullopt;
    Message message{true, std::move(incoming.front())};
    ++read_count;
    incoming.pop_front();
    co_return message;
  }
  Task<bool> write(std::string_view text, Then) override {
    const std::string copy(text);
    while (is_blocked && !is_closed) co_await changed.wait();
    if (is_closed) co_return false;
    sent.push_back(copy);
    changed.wake_all();
    co_return true;
  }
  Task<void> close(std::uint16_t code, std::string_view) override {
    close_code = code;
    abort();
    co_return;
  }
  Task<bool> write_binary(std::string_view bytes) override { return write(bytes, Then::kNothing); }
  void let_strangers_send(std::size_t) override {}
  void know(std::string name) override {
    account = std::move(name);
    changed.wake_all();
  }
  void abort() override {
    is_closed = true;
    changed.wake_all();
  }

  void say(std::string text) {
    incoming.push_back(std::move(text));
    changed.wake_all();
  }
  bool has_sent(std::string_view part) const { return place_of(part) < sent.size(); }
  std::size_t place_of(std::string_view part) const {
    std::size_t i = 0;
    while (i < sent.size() && sent[i].find(part) == std::string::npos) ++i;
    return i;
  }

  std::deque<std::string> incoming;
  std::size_t read_count = 0;
  std::string account;
  std::vector<std::string> sent;
  std::optional<std::uint16_t> close_code;
  bool is_blocked = false;
  bool is_closed = false;
  Gate changed;
};

class WebSocketTest : public testing::Test {
 protected:
  WebSocketTest() {
    options_.zod_error = false;
    options_.create_context =
        [this](const RequestInfo&) -> Task<Result<std::shared_ptr<const rpc::Context>>> {
      co_await world_.sleep_for(context_pause_);
      co_return nullptr;
    };
    add("count", rpc::Kind::kSubscription, [this](rpc::Call call) -> Task<Result<rpc::Reply>> {
      co_return rpc::Reply(count(call.stop));
    });
    add("stubborn", rpc::Kind::kSubscription,
        [this](rpc::Call) -> Task<Result<rpc::Reply>> { co_return rpc::Reply(stubborn()); });
    add("wait", rpc::Kind::kQuery, [this](rpc::Call call) -> Task<Result<rpc::Reply>> {
      while (co_await world_.sleep_for(std::chrono::hours(1), call.stop)) continue;
      co_return rpc::Reply(rpc::Text("\"stopped\""));
    });
  }
  void add(std::string path, rpc::Kind kind,
           std::function<Task<Result<rpc::Reply>>(rpc::Call)> handler) {
    rpc::Procedure procedure;
    procedure.path = std::move(path);
    procedure.kind = kind;
    procedure.handler = std::move(handler);
    table_.add(std::move(procedure));
  }
  rpc::Items count(std::stop_token stop) {
    const std::string data = '"' + std::string(1000, 'x') + '"';
    while (!stop.stop_requested()) {
      ++made_;
      produced_.wake_all();
      co_yield rpc::Item{std::nullopt, data};
    }
    ++stopped_;
    co_return rpc::Text();
  }
  // Does not hear that it is stopped for a while.
  rpc::Items stubborn() {
    co_yield rpc::Item{std::nullopt, "1"};
    co_await world_.sleep_for(milliseconds(600));
    co_return rpc::Text();
  }

  // Runs a session beside `script`, which ends it by closing the socket.
  void run(std::function<Task<void>()> script) {
    net::Request upgrade;
    upgrade.path = "/trpc";
    upgrade.query = query_;
    upgrade.gone = gone_.get_token();
    auto body = [&]() -> Task<void> {
      WebSocketSession session(options_, table_, upgrade, socket_, reconnects_);
      Crew crew;
      crew.start(session.run());
      co_await script();
      co_await crew.join();
    };
    sync_wait(*executor_, body());
  }
  Task<void> until_sent(std::string part) {
    while (!socket_.has_sent(part)) co_await socket_.changed.wait();
  }
  Task<void> until_made(int count) {
    while (made_ < count) co_await produced_.wait();
  }
  // Until what can go on without anybody's help has gone on.
  Task<void> settle() { co_await world_.sleep_for(milliseconds(0)); }
  std::ptrdiff_t times_sent(std::string_view text) const {
    return std::ranges::count(socket_.sent, text);
  }
  static std::string call(int id, std::string_view method, std::string_view path) {
    return R"({"id":)" + std::to_string(id) + R"(,"method":")" + std::string(method) +
           R"(","params":{"path":")" + std::string(path) + R"("}})";
  }

  SimulatedWorld world_{1};
  Options options_{.world = world_};
  rpc::ProcedureTable table_;
  FakeSocket socket_;
  Watermark reconnects_;
  std::stop_source gone_;
  std::string query_;
  milliseconds context_pause_{0};
  Gate produced_;
  int made_ = 0;
  int stopped_ = 0;
  std::unique_ptr<Executor> executor_ = world_.make_executor("test");
};

TEST_F(WebSocketTest, ASlowReaderHoldsUpItsSubscriptionsAndLosesNothing) {
  options_.websocket_queue_bytes_max = 10'000;
  run([this]() -> Task<void> {
    socket_.is_blocked = true;
    socket_.say(call(1, "subscription", "count"));
    socket_.say(call(2, "subscription", "count"));
    co_await until_made(8);
    co_await settle();
    // What fits in the queue, and one for each subscription that waits, and the one being sent.
    EXPECT_LE(made_, 13);
    socket_.is_blocked = false;
    socket_.changed.wake_all();
    while (socket_.sent.size() < 100) co_await socket_.changed.wait();
    socket_.abort();
  });
  EXPECT_EQ(stopped_, 2) << "both have learnt that nobody reads them any more";
  EXPECT_GT(made_, 90);
}

TEST_F(WebSocketTest, AReaderThatIsGoneWhileItIsWrittenToEndsTheSession) {
  options_.websocket_queue_bytes_max = 10'000;
  run([this]() -> Task<void> {
    socket_.is_blocked = true;
    socket_.say(call(1, "subscription", "count"));
    socket_.say(call(2, "query", "wait"));
    co_await until_made(8);
    socket_.abort();
  });
  EXPECT_TRUE(socket_.sent.empty());
}

TEST_F(WebSocketTest, APongWaitsForAStopButNotForEver) {
  run([this]() -> Task<void> {
    socket_.say(call(1, "subscription", "stubborn"));
    co_await until_sent(R"("type":"data")");
    socket_.say(R"({"id":1,"method":"subscription.stop"})");
    socket_.say("PING");
    const auto begun = world_.now();
    co_await until_sent("PONG");
    EXPECT_EQ(world_.now() - begun, milliseconds(250));
    EXPECT_FALSE(socket_.has_sent("stopped"));
    co_await until_sent("stopped");
    socket_.abort();
  });
}

TEST_F(WebSocketTest, CallsInFlightAreLimited) {
  options_.websocket_calls_max = 2;
  run([this]() -> Task<void> {
    for (int id = 1; id <= 3; ++id) socket_.say(call(id, "query", "wait"));
    co_await until_sent("TOO_MANY_REQUESTS");
    EXPECT_EQ(socket_.sent.size(), 1u);
    EXPECT_TRUE(socket_.sent[0].starts_with(R"({"id":3,)"));
    socket_.abort();
  });
}

TEST_F(WebSocketTest, IsNotReadBeyondTheBytesOfItsCallsInFlight) {
  options_.websocket_call_bytes_max = 10'000;
  Gate changed;
  Gate release;
  int held = 0;
  add("hold", rpc::Kind::kMutation, [&](rpc::Call) -> Task<Result<rpc::Reply>> {
    ++held;
    changed.wake_all();
    co_await release.wait();
    co_return rpc::Reply(rpc::Text());
  });
  run([&]() -> Task<void> {
    const std::string blanks(6'000, ' ');
    for (int id = 1; id <= 3; ++id) socket_.say(call(id, "mutation", "hold") + blanks);
    while (held < 2) co_await changed.wait();
    EXPECT_EQ(socket_.read_count, 2u);
    release.wake_all();
    while (held < 3) co_await changed.wait();
    release.wake_all();
    co_await until_sent(R"({"id":3,"result")");
    socket_.abort();
  });
}

TEST_F(WebSocketTest, SubscriptionsWithLargeInputsAreRefused) {
  options_.websocket_call_bytes_max = 10'000;
  run([this]() -> Task<void> {
    const std::string blanks(6'000, ' ');
    socket_.say(call(1, "subscription", "stubborn") + blanks);
    socket_.say(call(2, "subscription", "stubborn") + blanks);
    co_await until_sent(R"({"id":2,"error":{"message":"The inputs of the subscriptions)");
    socket_.abort();
  });
}

TEST_F(WebSocketTest, WhatCannotBeAPathIsNotRepeated) {
  run([this]() -> Task<void> {
    socket_.say(call(1, "query", std::string(201, 'x')));
    co_await until_sent(R"({"id":1,"error":{"message":"No procedure has so long a path")");
    EXPECT_FALSE(socket_.has_sent("xx"));
    socket_.abort();
  });
}

TEST_F(WebSocketTest, AMessageMayBeLargeWhereNobodyIsAskedWhoHeIs) {
  run([this]() -> Task<void> {
    while (socket_.account.empty()) co_await socket_.changed.wait();
    EXPECT_EQ(socket_.account, "everybody");
    socket_.abort();
  });
}

TEST_F(WebSocketTest, AMessageMayBeLargeAfterTheParametersThatSayWhoSendsIt) {
  options_.identify = [](const rpc::Origin& origin) -> Result<rpc::Caller> {
    EXPECT_TRUE(origin.is_connection);
    if (const auto& params = origin.connection_params) {
      return rpc::Caller{std::string(params->string_or("token", "")), nullptr};
    }
    return fail(Code::kUnauthorized, "who are you");
  };
  query_ = "connectionParams=1";
  run([this]() -> Task<void> {
    EXPECT_EQ(socket_.account, "");
    socket_.say(R"({"method":"connectionParams","data":{"token":"ann"}})");
    while (socket_.account.empty()) co_await socket_.changed.wait();
    EXPECT_EQ(socket_.account, "ann");
    socket_.abort();
  });
}

TEST_F(WebSocketTest, AStrangerAsksForLittleAtATime) {
  options_.identify = [](const rpc::Origin&) -> Result<rpc::Caller> {
    return fail(Code::kUnauthorized, "who are you");
  };
  Gate changed;
  Gate release;
  int held = 0;
  add("hold", rpc::Kind::kQuery, [&](rpc::Call) -> Task<Result<rpc::Reply>> {
    ++held;
    changed.wake_all();
    co_await release.wait();
    co_return rpc::Reply(rpc::Text());
  });
  run([&]() -> Task<void> {
    std::string batch = "[" + call(1, "query", "hold");
    for (int id = 2; id <= 11; ++id) batch += "," + call(id, "query", "hold");
    socket_.say(batch + "]");
    co_await until_sent(R"({"id":11,"error":{"message":"Batch call exceeds maximum size")");
    socket_.say(call(1, "query", "hold"));
    socket_.say(call(2, "query", "hold"));
    while (held < 1) co_await changed.wait();
    co_await settle();
    EXPECT_EQ(socket_.read_count, 2u) << "the second call is not read before the first has ended";
    release.wake_all();
    while (held < 2) co_await changed.wait();
    release.wake_all();
    co_await until_sent(R"({"id":2,"result")");
    socket_.abort();
  });
}

TEST_F(WebSocketTest, ASubscriptionStoppedBeforeItsContextIsMadeNeverBegins) {
  context_pause_ = milliseconds(60);
  run([this]() -> Task<void> {
    socket_.say(call(1, "subscription", "count"));
    socket_.say(R"({"id":1,"method":"subscription.stop"})");
    co_await until_sent("stopped");
    socket_.abort();
  });
  EXPECT_EQ(socket_.sent, std::vector<std::string>{R"({"id":1,"result":{"type":"stopped"}})"});
  EXPECT_EQ(made_, 0);
}

TEST_F(WebSocketTest, AServerThatStopsSaysReconnectAndNothingAboutItsCalls) {
  run([this]() -> Task<void> {
    socket_.say(call(1, "subscription", "stubborn"));
    socket_.say(call(2, "query", "wait"));
    co_await until_sent(R"("type":"data")");
    gone_.request_stop();
  });
  EXPECT_EQ(socket_.sent.back(), R"({"id":null,"method":"reconnect"})");
  EXPECT_EQ(socket_.close_code, 1001);
  EXPECT_FALSE(socket_.has_sent("stopped"));
}

TEST_F(WebSocketTest, ReconnectIsAskedOncePerRequest) {
  run([this]() -> Task<void> {
    const std::string reconnect = R"({"id":null,"method":"reconnect"})";
    // The session is under way when it answers.
    socket_.say("PING");
    co_await until_sent("PONG");
    reconnects_.raise(1);
    co_await until_sent("reconnect");
    co_await settle();
    EXPECT_EQ(times_sent(reconnect), 1);
    reconnects_.raise(2);
    while (times_sent(reconnect) < 2) co_await socket_.changed.wait();
    co_await settle();
    EXPECT_EQ(times_sent(reconnect), 2);
    socket_.abort();
  });
}

TEST_F(WebSocketTest, ASilentClientIsDroppedAndOneThatAnswersIsNot) {
  options_.websocket_keepalive = milliseconds(10);
  options_.websocket_pong_wait = milliseconds(400);
  run([this]() -> Task<void> {
    for (int pings = 1; pings <= 3; ++pings) {
      while (times_sent("PING") < pings) co_await socket_.changed.wait();
      EXPECT_FALSE(socket_.is_closed);
      socket_.say("PONG");
    }
    while (!socket_.is_closed) co_await socket_.changed.wait();
  });
  EXPECT_EQ(socket_.sent, std::vector<std::string>(4, "PING"));
}

}  // namespace
}  // namespace synap::trpc
