// What a handler decides from the head of a request, and what becomes of the body then.
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>

#include "base/test_support.h"
#include "base/timer.h"
#include "net/server.h"
#include "net/test_client.h"
#include "net/test_handler.h"

namespace synap::net {
namespace {

class Admissions : public testing::Test, public TestServer {
 protected:
  Admissions() {
    handler.paths["/echo"] = [this](const Request& request) -> Task<Response> {
      ++served;
      co_return Response{.body = request.body};
    };
    handler.admitting = [](const Request& head) -> Admission {
      EXPECT_TRUE(head.body.empty());
      if (head.path == "/small") return {.account = "ann", .body_bytes_max = 10};
      if (head.path != "/refused") return {.account = "ann"};
      return {.answer = Response{.status = 401, .body = "who are you"}};
    };
    handler.paths["/small"] = handler.paths["/echo"];
  }

  static std::string post(const std::string& path, std::size_t length) {
    return "POST " + path + " HTTP/1.1\r\nhost: a\r\ncontent-length: " + std::to_string(length) +
           "\r\n\r\n";
  }

  std::atomic<int> served = 0;
};

TEST_F(Admissions, AnswerBeforeTheBodyHasCome) {
  TestClient client(start());
  client.send(post("/refused", 1'000'000));
  const auto answer = client.read_response();
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.body, "who are you");
  EXPECT_EQ(answer.header("connection"), "close");
  EXPECT_TRUE(client.is_closed_by_server());
}

TEST_F(Admissions, MayTakeABodyAsItComes) {
  std::mutex mutex;
  std::vector<std::string> pieces;
  Watermark count;
  handler.admitting = [&](const Request&) -> Admission {
    Admission admission{.account = "ann", .body_bytes_max = 20};
    admission.take_piece = [&](std::string_view piece) {
      const std::lock_guard lock(mutex);
      pieces.emplace_back(piece);
      count.raise(static_cast<std::int64_t>(pieces.size()));
    };
    return admission;
  };
  TestClient client(start());
  client.send("POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n");
  ThreadExecutor executor("waiting");
  const auto has_come = [&](std::int64_t many) {
    return test::wait_until(executor, count, [&] { return count.value() >= many; }) &&
           count.value() == many;
  };
  // Before anybody knows how much more there will be.
  EXPECT_TRUE(has_come(1));
  client.send("5\r\ndefgh\r\n");
  EXPECT_TRUE(has_come(2));
  client.send("0\r\n\r\n");
  const auto answer = client.read_response();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(pieces, (std::vector<std::string>{"abc", "defgh"}));
  // All pieces count.
  client.send("POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
  client.send("f\r\n0123456789abcde\r\n");
  EXPECT_TRUE(has_come(3));
  client.send("8\r\nfghijklm\r\n0\r\n\r\n");
  EXPECT_EQ(client.read_response().status, 413);
}

TEST_F(Admissions, AskForNoBodyThatNobodyWants) {
  TestClient client(start());
  client.send(
      "POST /refused HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\nexpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_response().status, 401);
}

TEST_F(Admissions, RefuseABodyOfUnknownLength) {
  TestClient client(start());
  client.send("POST /refused HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
  EXPECT_EQ(client.read_response().status, 401);
  EXPECT_TRUE(client.is_closed_by_server());
}

TEST_F(Admissions, PassOverABodyThatCameWithItsHead) {
  TestClient client(start());
  for (int i = 0; i < 3; ++i) {
    client.send(post("/refused", 4) + "body");
    const auto answer = client.read_response();
    EXPECT_EQ(answer.status, 401);
    EXPECT_EQ(answer.header("connection"), "");
  }
  client.send(post("/refused", 4) + "body" + post("/echo", 4) + "next");
  EXPECT_EQ(client.read_response().status, 401);
  EXPECT_EQ(client.read_response().body, "next");
  EXPECT_EQ(served, 1);
}

TEST_F(Admissions, BoundABodyBelowTheServersOwnLimit) {
  const auto port = start();
  TestClient fits(port);
  EXPECT_EQ(fits.post("/small", "0123456789").body, "0123456789");
  TestClient announced(port);
  announced.send(post("/small", 11));
  EXPECT_EQ(announced.read_response().status, 413);
  TestClient in_chunks(port);
  in_chunks.send("POST /small HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
  in_chunks.send("6\r\n012345\r\n5\r\n01234\r\n0\r\n\r\n");
  EXPECT_EQ(in_chunks.read_response().status, 413);
  EXPECT_EQ(served, 1);
}

TEST_F(Admissions, AreNotAskedForAnUpgradeThatHasABody) {
  TestClient client(start());
  client.send(
      "GET /ws HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
      "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
      "content-length: 1000000\r\n\r\n");
  EXPECT_EQ(client.read_response().status, 400);
}

// --- bytes ---

class BytesInFlight : public Admissions {
 protected:
  BytesInFlight() {
    options.threads = 1;  // so that what was sent first is looked at first
    options.bytes = {.all = 150'000, .account = 100'000, .strangers = 30'000};
    handler.admitting = [](const Request& head) -> Admission {
      const auto* account = head.headers.find("account");
      return {.account = account == nullptr ? "" : *account};
    };
    handler.paths["/length"] = [this](const Request& request) -> Task<Response> {
      lengths += std::to_string(request.body.size()) + " ";
      co_return Response{.body = std::to_string(request.body.size())};
    };
  }
  void TearDown() override { server.reset(); }

  static std::string head(const std::string& account, std::size_t length) {
    return "POST /length HTTP/1.1\r\nhost: a\r\naccount: " + account +
           "\r\ncontent-length: " + std::to_string(length) + "\r\n\r\n";
  }
  static std::string request(const std::string& account, std::size_t length) {
    return head(account, length) + std::string(length, 'x');
  }

  std::string lengths;
};

TEST_F(BytesInFlight, OfOneAccountWaitForEachOther) {
  const auto port = start();
  TestClient slow(port);
  slow.send(head("ann", 80'000) + "x");
  TestClient other(port);
  EXPECT_EQ((other.send(request("ben", 1'000)), other.read_response().body), "1000");
  TestClient waiting(port);
  waiting.send(request("ann", 30'000));
  // Whoever is on another account is not held up.
  EXPECT_EQ((other.send(request("ben", 2'000)), other.read_response().body), "2000");
  slow.send(std::string(79'999, 'x'));
  EXPECT_EQ(slow.read_response().body, "80000");
  EXPECT_EQ(waiting.read_response().body, "30000");
  EXPECT_EQ(lengths, "1000 2000 80000 30000 ");
}

TEST_F(BytesInFlight, ThatFindNoRoomInTimeAreRefused) {
  options.body_timeout = std::chrono::milliseconds(40);
  Event serving;
  Watermark release;
  handler.paths["/hold"] = [&](const Request&) -> Task<Response> {
    serving.set();
    co_await release.wait_past(0);
    co_return Response{.body = "done"};
  };
  const auto port = start();
  TestClient holding(port);
  holding.send("POST /hold HTTP/1.1\r\nhost: a\r\naccount: ann\r\ncontent-length: 90000\r\n\r\n" +
               std::string(90'000, 'x'));
  ASSERT_TRUE(serving.wait());
  TestClient same(port);
  same.send(head("ann", 20'000));
  EXPECT_EQ(same.read_response().status, 429);
  TestClient other(port);
  other.send(head("ben", 70'000));
  EXPECT_EQ(other.read_response().status, 503);
  release.raise(1);
  EXPECT_EQ(holding.read_response().body, "done");
}

TEST_F(BytesInFlight, OfUnknownLengthAreCountedAsTheyCome) {
  options.body_bytes_max = 95'000;
  const auto port = start();
  TestClient client(port);
  client.send(
      "POST /length HTTP/1.1\r\nhost: a\r\naccount: ann\r\ntransfer-encoding: chunked\r\n\r\n");
  for (int i = 0; i < 9; ++i) client.send("2710\r\n" + std::string(10'000, 'x') + "\r\n");
  client.send("0\r\n\r\n");
  EXPECT_EQ(client.read_response().body, "90000");
}

TEST_F(BytesInFlight, OfStrangersAreFewTogether) {
  options.head_timeout = std::chrono::milliseconds(40);
  const auto port = start();
  TestClient client(port);
  client.send(head("", 30'001));
  EXPECT_EQ(client.read_response().status, 429);
  // A head that is larger than most is on the same account.
  TestClient holding(port);
  holding.send(head("", 30'000));
  TestClient large(port);
  large.send("GET /length HTTP/1.1\r\nhost: a\r\nx: " + std::string(20'000, 'x'));
  EXPECT_EQ(large.read_response().status, 429);
  // Not so a small head that comes with much behind it.
  TestClient small(port);
  small.send(request("ann", 90'000));
  EXPECT_EQ(small.read_response().body, "90000");
}

TEST_F(BytesInFlight, OfAWebSocketAreItsMessagesForAsLongAsTheyAreKept) {
  Event first;
  Watermark release;
  handler.websocket = [&](const Request&, WebSocket& socket) -> Task<> {
    while (auto message = co_await socket.read()) {
      lengths += std::to_string(message->data.size()) + " ";
      first.set();
      co_await release.wait_past(0);
      co_await socket.write("taken", WebSocket::Then::kNothing);
    }
  };
  const auto port = start();
  TestClient one(port);
  one.upgrade("/ws");
  one.send_text(std::string(60'000, 'x'));
  ASSERT_TRUE(first.wait());
  TestClient two(port);
  two.upgrade("/ws");
  two.send_text(std::string(50'000, 'x'));
  TestClient other(port);
  EXPECT_EQ((other.send(request("ben", 1'000)), other.read_response().body), "1000");
  EXPECT_EQ(lengths, "60000 1000 ");
  release.raise(1);
  EXPECT_EQ(one.read_text(), "taken");
  EXPECT_EQ(two.read_text(), "taken");
}

TEST_F(BytesInFlight, OfAWebSocketThatFindNoRoomInTimeEndIt) {
  options.body_timeout = std::chrono::milliseconds(40);
  options.bytes.account = 10'000;
  handler.websocket = [&](const Request&, WebSocket& socket) -> Task<> {
    EXPECT_FALSE(co_await socket.read());
  };
  TestClient client(start());
  client.upgrade("/ws");
  client.send_text(std::string(50'000, 'x'));
  EXPECT_EQ(client.read_frame().close_code(), 1013);
}

TEST_F(BytesInFlight, OfAStrangersWebSocketAreFew) {
  handler.knowing = false;
  handler.websocket = [](const Request&, WebSocket& socket) -> Task<> {
    auto message = co_await socket.read();
    if (message) socket.know("ann");
    while (message) {
      co_await socket.write("taken", WebSocket::Then::kNothing);
      message = co_await socket.read();
    }
  };
  const auto port = start();
  TestClient stranger(port);
  stranger.upgrade("/ws");
  stranger.send_text(std::string(20'000, 'x'));
  EXPECT_EQ(stranger.read_frame().close_code(), 1009);
  TestClient known(port);
  known.upgrade("/ws");
  known.send_text("it is me");
  EXPECT_EQ(known.read_text(), "taken");
  known.send_text(std::string(20'000, 'x'));
  EXPECT_EQ(known.read_text(), "taken");
}

}  // namespace
}  // namespace synap::net
