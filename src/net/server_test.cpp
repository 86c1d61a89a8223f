#include "net/server.h"

#include <gtest/gtest.h>

#include <latch>
#include <thread>

#include "base/timer.h"
#include "net/test_client.h"
#include "net/test_handler.h"

namespace synap::net {
namespace {

class HttpServer : public testing::Test, public TestServer {
 protected:
  HttpServer() {
    handler.fixed("/hello", R"({"hello":"world"})");
    handler.paths["/echo"] = [](const Request& request) -> Task<Response> {
      co_return Response{.body = request.method + " " + request.path + " " + request.query + " " +
                                 request.body};
    };
    handler.paths["/stream"] = [](const Request&) -> Task<Response> {
      Response response;
      response.stream = [](BodyWriter& body) -> Task<> {
        for (const char* piece : {"one ", "two ", "three"}) co_await body.write(piece);
      };
      co_return response;
    };
  }
};

TEST_F(HttpServer, AnswersARequest) {
  TestClient client(start());
  const auto response = client.get("/hello");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"hello":"world"})");
  EXPECT_EQ(response.header("content-length"), "17");
  EXPECT_EQ(response.header("content-type"), "application/json");
  EXPECT_TRUE(response.header("date").ends_with(" GMT"));
}

TEST_F(HttpServer, KeepsTheConnectionForTheNextRequest) {
  TestClient client(start());
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(client.post("/echo?n=" + std::to_string(i), "body").body,
              "POST /echo n=" + std::to_string(i) + " body");
  }
}

TEST_F(HttpServer, AnswersPipelinedRequestsInOrder) {
  handler.paths["/slow"] = [](const Request&) -> Task<Response> {
    co_await sleep_for(std::chrono::milliseconds(20));
    co_return Response{.body = "slow"};
  };
  TestClient client(start());
  client.send(
      "GET /slow HTTP/1.1\r\nhost: a\r\n\r\n"
      "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc"
      "GET /hello HTTP/1.1\r\nhost: a\r\n\r\n");
  EXPECT_EQ(client.read_response().body, "slow");
  EXPECT_EQ(client.read_response().body, "POST /echo  abc");
  EXPECT_EQ(client.read_response().body, R"({"hello":"world"})");
}

TEST_F(HttpServer, StreamsABodyInChunksAndKeepsTheConnection) {
  TestClient client(start());
  client.request("GET", "/stream");
  EXPECT_EQ(client.read_head().header("transfer-encoding"), "chunked");
  EXPECT_EQ(client.read_chunk(), "one ");
  EXPECT_EQ(client.read_chunk(), "two ");
  EXPECT_EQ(client.read_chunk(), "three");
  EXPECT_EQ(client.read_chunk(), "");
  EXPECT_EQ(client.get("/hello").status, 200);
}

TEST_F(HttpServer, ReadsAChunkedBody) {
  TestClient client(start());
  client.send(
      "POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\ntrailer: 1\r\n\r\n");
  EXPECT_EQ(client.read_response().body, "POST /echo  abcdefg");
  EXPECT_EQ(client.get("/hello").status, 200);
}

}  // namespace
}  // namespace synap::net
