// What a handler decides from the head of a request, and what becomes of the body then.
#include <gtest/gtest.h>

#include <atomic>

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
      if (head.path == "/small") return {.body_bytes_max = 10};
      if (head.path != "/refused") return {};
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

}  // namespace
}  // namespace synap::net
