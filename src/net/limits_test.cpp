// What the server does to clients that send too much, too slowly, or nonsense, and to those that
// do not read; and how it stops.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <poll.h>

#include <algorithm>
#include <atomic>
#include <ctime>
#include <thread>

#include "base/timer.h"
#include "net/server.h"
#include "net/test_client.h"
#include "net/test_handler.h"

namespace synap::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

class ServerLimits : public testing::Test, public TestServer {
 protected:
  explicit ServerLimits(Time time = Time::kReal) : TestServer(time) {
    handler.fixed("/hello", "hello");
  }

  // The whole life of a refusal: an answer of the protocol's own shape, then the end.
  static void expect_refusal(TestClient& client, int status, const std::string& name) {
    const auto response = client.read_response();
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(response.body, "{\"refused\":\"" + name + "\"}");
    EXPECT_EQ(response.header("content-type"), "application/json");
    EXPECT_EQ(response.header("connection"), "close");
    EXPECT_TRUE(client.is_closed_by_server());
  }
};

TEST_F(ServerLimits, RefuseGarbage) {
  const auto port = start();
  for (const char* text : {"garbage\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
                           "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n"
                           "transfer-encoding: chunked\r\n\r\n0\r\n\r\n"}) {
    TestClient client(port);
    client.send(text);
    expect_refusal(client, 400, "BAD_REQUEST");
  }
}

TEST_F(ServerLimits, RefuseALargeHead) {
  options.header_bytes_max = 1000;
  TestClient client(start());
  client.send("GET / HTTP/1.1\r\nhost: a\r\nx: " + std::string(1000, 'x'));
  expect_refusal(client, 431, "PAYLOAD_TOO_LARGE");
}

TEST_F(ServerLimits, RefuseALargeBodyBeforeItIsSent) {
  options.body_bytes_max = 1000;
  TestClient client(start());
  client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1001\r\nexpect: 100-continue\r\n\r\n");
  expect_refusal(client, 413, "PAYLOAD_TOO_LARGE");
}

TEST_F(ServerLimits, LetAClientThatIsStillSendingReadItsRefusal) {
  options.body_bytes_max = 1000;
  TestClient client(start());
  client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 500000\r\n\r\n");
  pollfd refused{client.fd(), POLLIN, 0};
  ASSERT_EQ(::poll(&refused, 1, 5000), 1);
  // A connection that is closed already answers the first of these with a reset.
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(client.send(std::string(10'000, 'x'))) << i;
  expect_refusal(client, 413, "PAYLOAD_TOO_LARGE");
}

// --- time ---

class ServerTime : public ServerLimits {
 protected:
  ServerTime() : ServerLimits(Time::kByHand) {}
  void TearDown() override { server.reset(); }
  /// A client that was answered and has said this since, which the server has known for up to a
  /// second.
  TestClient client_saying(std::uint16_t port, std::string_view text) {
    TestClient client(port);
    EXPECT_EQ(client.get("/hello").status, 200);
    client.send(text);
    settle();
    return client;
  }
};

TEST_F(ServerTime, RefusesASlowHead) {
  auto client = client_saying(start(), "GET / HT");
  pass(options.head_timeout - milliseconds(1'100));  // a second has passed
  EXPECT_FALSE(has_come(client));
  pass_until_heard(client);
  expect_refusal(client, 408, "TIMEOUT");
}

TEST_F(ServerTime, RefusesAHeadThatTrickles) {
  auto client = client_saying(start(), "GET / HTTP/1.1\r\nx: ");
  for (auto passed = milliseconds(1'000); passed < options.head_timeout;
       passed += milliseconds(1'000)) {
    EXPECT_FALSE(has_come(client)) << passed.count();
    client.send("x");
    settle();
  }
  pass(milliseconds(1'000));
  EXPECT_TRUE(has_come(client));
  expect_refusal(client, 408, "TIMEOUT");
}

TEST_F(ServerTime, RefusesASlowBody) {
  auto client =
      client_saying(start(), "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nhalf");
  pass(options.body_timeout - milliseconds(1'100));
  EXPECT_FALSE(has_come(client));
  pass_until_heard(client);
  expect_refusal(client, 408, "TIMEOUT");
}

TEST_F(ServerTime, ClosesAnIdleConnectionWithoutAWord) {
  const auto port = start();
  TestClient fresh(port);
  pass_until_heard(fresh);
  EXPECT_TRUE(fresh.is_closed_by_server());
  auto used = client_saying(port, "");
  pass(options.idle_timeout - milliseconds(1'100));
  EXPECT_FALSE(has_come(used));
  pass_until_heard(used);
  EXPECT_TRUE(used.is_closed_by_server());
}

TEST_F(ServerTime, DoesNotHurryAHandler) {
  Event serving;
  Watermark release;
  handler.paths["/slow"] = [&](const Request&) -> Task<Response> {
    serving.set();
    co_await release.wait_past(0);
    co_return Response{.body = "done"};
  };
  TestClient client(start());
  client.request("GET", "/slow");
  ASSERT_TRUE(serving.wait());
  pass(std::chrono::hours(1));
  release.raise(1);
  EXPECT_EQ(client.read_response().body, "done");
}

TEST_F(ServerTime, DropsAClientThatNeverReadsItsStream) {
  Event dropped;
  handler.paths["/flood"] = [&](const Request& request) -> Task<Response> {
    Response response;
    response.stream = [&, gone = request.gone](BodyWriter& body) -> Task<> {
      const std::string chunk(100'000, 'x');
      while (co_await body.write(chunk)) {
      }
      EXPECT_TRUE(gone.stop_requested());
      dropped.set();
    };
    co_return response;
  };
  TestClient client(start(), {.receive_buffer = 4096});
  client.request("GET", "/flood");
  settle();
  for (int i = 0; i < 10'000 && !dropped.is_set(); ++i) pass(options.write_timeout);
  EXPECT_TRUE(dropped.wait());
}

TEST_F(ServerTime, BearsAClientThatReadsSlowly) {
  static constexpr std::size_t kBytes = 8'000'000;
  handler.fixed("/large", std::string(kBytes, 'x'));
  TestClient client(start(), {.receive_buffer = 64 * 1024});
  client.request("GET", "/large");
  settle();
  // Longer in all than the limit, but never silent for as long: each time so much is read that the
  // kernel must have told the other side of some of it.
  std::string piece(400'000, '\0');
  for (std::size_t taken = 0; taken < kBytes;) {
    pass(options.write_timeout * 2 / 3);
    const auto count = ::recv(client.fd(), piece.data(), piece.size(), MSG_WAITALL);
    ASSERT_GT(count, 0) << "after " << taken << " bytes";
    taken += static_cast<std::size_t>(count);
  }
}

// --- room ---

TEST_F(ServerLimits, RefuseConnectionsBeyondTheMaximum) {
  options.connections_max = 2;
  options.threads = 1;
  const auto port = start();
  TestClient first(port);
  TestClient second(port);
  EXPECT_EQ(first.get("/hello").status, 200);
  EXPECT_EQ(second.get("/hello").status, 200);
  TestClient third(port);
  expect_refusal(third, 503, "SERVICE_UNAVAILABLE");
  EXPECT_EQ(first.get("/hello", "connection: close\r\n").status, 200);
  EXPECT_TRUE(first.is_closed_by_server());
  EXPECT_EQ(TestClient(port).get("/hello").status, 200);
}

TEST_F(ServerLimits, WaitWhenTheSystemHasNoMoreSockets) {
  const auto port = start();
  testing::internal::CaptureStderr();
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const int next = ::dup(0);
  ::close(next);
  // Room for the client's descriptor, none for the server's.
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(next) + 1;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
  TestClient client(port);
  const auto cpu_begin = std::clock();
  client.request("GET", "/hello");
  pollfd unanswered{client.fd(), POLLIN, 0};
  EXPECT_EQ(::poll(&unanswered, 1, 250), 0);
  const auto cpu_used = std::clock() - cpu_begin;
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(client.read_response().status, 200);
  EXPECT_LT(cpu_used, CLOCKS_PER_SEC / 10);
  const auto log = testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::ranges::count(log, '\n'), 1) << log;
  EXPECT_GT(server->statistics().accept_failures, 0u);
}

// --- strangers ---

// Whoever says his name is known.
class Strangers : public ServerLimits {
 protected:
  explicit Strangers(Time time = Time::kReal) : ServerLimits(time) {
    options.threads = 1;
    handler.knowing = false;
    handler.admitting = [](const Request& head) -> Admission {
      const auto* name = head.headers.find("name");
      return {.account = name == nullptr ? "" : *name};
    };
    handler.websocket = [](const Request& request, WebSocket& socket) -> Task<> {
      const auto* name = request.headers.find("name");
      if (name != nullptr) socket.know(*name);
      while (auto message = co_await socket.read()) {
        co_await socket.write(message->data, WebSocket::Then::kNothing);
      }
    };
  }
  void TearDown() override { server.reset(); }

  static constexpr const char* kAnn = "name: ann\r\n";
};

TEST_F(Strangers, WhoHaveWaitedLongestMakeRoomForANewcomer) {
  options.connections_max = 4;
  options.connections_kept = 2;
  const auto port = start();
  TestClient silent(port);
  TestClient half(port);
  half.send("GET /hel");
  TestClient ann(port);
  EXPECT_TRUE(silent.is_closed_by_server()) << "there are two places for strangers";
  EXPECT_EQ(ann.get("/hello", kAnn).status, 200);
  // Ann is no stranger any more: the half-sent request may stay.
  TestClient another(port);
  half.send("lo HTTP/1.1\r\nhost: a\r\n\r\n");
  EXPECT_EQ(half.read_response().status, 200);
  EXPECT_EQ(ann.get("/hello", kAnn).status, 200);
}

TEST_F(Strangers, CannotLockAKnownCallerOutWithWebSockets) {
  options.connections_max = 3;
  const auto port = start();
  std::vector<TestClient> strangers;
  for (int i = 0; i < 10; ++i) {
    strangers.emplace_back(port);
    EXPECT_EQ(strangers.back().upgrade("/ws").status, 101) << i;
  }
  EXPECT_EQ(TestClient(port).get("/hello", kAnn).status, 200);
  TestClient known(port);
  EXPECT_EQ(known.upgrade("/ws", kAnn).status, 101);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(TestClient(port).get("/hello").status, 200);
  known.send_text("still here");
  EXPECT_EQ(known.read_text(), "still here");
}

TEST_F(Strangers, AreNotLetIntoThePlaceOfWhoeverIsKnown) {
  options.connections_max = 2;
  const auto port = start();
  TestClient ann(port);
  EXPECT_EQ(ann.get("/hello", kAnn).status, 200);
  TestClient ben(port);
  EXPECT_EQ(ben.get("/hello", "name: ben\r\n").status, 200);
  TestClient stranger(port);
  expect_refusal(stranger, 503, "SERVICE_UNAVAILABLE");
  EXPECT_EQ(ann.get("/hello", kAnn).status, 200);
}

class StrangersTime : public Strangers {
 protected:
  StrangersTime() : Strangers(Time::kByHand) {}
};

TEST_F(StrangersTime, MayNotKeepAConnectionForLong) {
  const auto port = start();
  TestClient ann(port);
  EXPECT_EQ(ann.get("/hello", kAnn).status, 200);
  TestClient known(port);
  known.upgrade("/ws", kAnn);
  TestClient silent(port);
  pass_until_heard(silent);
  EXPECT_TRUE(silent.is_closed_by_server());
  TestClient used(port);
  EXPECT_EQ(used.get("/hello").status, 200);
  pass_until_heard(used);
  EXPECT_TRUE(used.is_closed_by_server());
  TestClient socket(port);
  socket.upgrade("/ws");
  pass_until_heard(socket);
  EXPECT_EQ(socket.read_frame().close_code(), 1008);
  // All this has taken longer than a stranger may take.
  EXPECT_EQ(ann.get("/hello", kAnn).status, 200);
  known.send_text("still here");
  EXPECT_EQ(known.read_text(), "still here");
}

// --- stopping ---

class ServerStop : public ServerLimits {};

TEST_F(ServerStop, ClosesIdleConnectionsAtOnce) {
  const auto port = start();
  TestClient fresh(port);
  TestClient used(port);
  EXPECT_EQ(used.get("/hello").status, 200);
  const auto begin = steady_clock::now();
  server->stop(std::chrono::seconds(5));
  EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(3));
  EXPECT_TRUE(used.is_closed_by_server());
  EXPECT_TRUE(fresh.is_closed_by_server());
  EXPECT_FALSE(TestClient(port).is_connected());
}

TEST_F(ServerStop, LetsAnAnswerInFlightFinish) {
  Event serving;
  Watermark release;
  handler.paths["/work"] = [&](const Request& request) -> Task<Response> {
    serving.set();
    co_await release.wait_past(0);
    co_return Response{.body = request.gone.stop_requested() ? "hurried" : "done"};
  };
  options.threads = 1;
  TestClient client(start());
  TestClient idle(server->port());
  EXPECT_EQ(idle.get("/hello").status, 200);
  client.request("GET", "/work");
  ASSERT_TRUE(serving.wait());
  std::thread stopper([&] { server->stop(std::chrono::seconds(5)); });
  EXPECT_TRUE(idle.is_closed_by_server()) << "the stop has begun";
  release.raise(1);
  const auto response = client.read_response();
  EXPECT_EQ(response.body, "done");
  EXPECT_TRUE(client.is_closed_by_server());
  stopper.join();
}

TEST_F(ServerStop, TellsStreamsToEndAndLetsThemSayGoodbye) {
  handler.paths["/events"] = [&](const Request& request) -> Task<Response> {
    Response response;
    response.stream = [stop = request.gone](BodyWriter& body) -> Task<> {
      co_await body.write("begun");
      co_await sleep_for(std::chrono::hours(1), stop);
      EXPECT_TRUE(co_await body.write("goodbye"));
    };
    co_return response;
  };
  TestClient client(start());
  client.request("GET", "/events");
  client.read_head();
  EXPECT_EQ(client.read_chunk(), "begun");
  const auto begin = steady_clock::now();
  server->stop(std::chrono::seconds(5));
  EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(3));
  EXPECT_EQ(client.read_chunk(), "goodbye");
  EXPECT_EQ(client.read_chunk(), "");
}

TEST_F(ServerStop, EndsWhatIsLeftWhenTheGraceIsOver) {
  Event serving;
  handler.paths["/forever"] = [&](const Request& request) -> Task<Response> {
    serving.set();
    co_await sleep_for(std::chrono::hours(1), request.gone);
    co_return Response{};
  };
  TestClient client(start());
  client.request("GET", "/forever");
  ASSERT_TRUE(serving.wait());
  const auto begin = steady_clock::now();
  server->stop(milliseconds(20));
  EXPECT_EQ(client.read_response().status, 0);
  server->stop(milliseconds(20));  // again: nothing
  EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST_F(ServerStop, EndsAStreamThatIsStuckInAWrite) {
  Event writing;
  handler.paths["/flood"] = [&](const Request&) -> Task<Response> {
    Response response;
    response.stream = [&](BodyWriter& body) -> Task<> {
      const std::string chunk(1'000'000, 'x');
      while (co_await body.write(chunk)) writing.set();
    };
    co_return response;
  };
  TestClient client(start(), {.receive_buffer = 4096});
  client.request("GET", "/flood");
  ASSERT_TRUE(writing.wait());
  const auto begin = steady_clock::now();
  server->stop(milliseconds(20));
  EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST_F(ServerStop, IsFineWithoutAStart) {
  HttpServer server_not_started(options, handler);
  server_not_started.stop(milliseconds(0));
}

}  // namespace
}  // namespace synap::net
