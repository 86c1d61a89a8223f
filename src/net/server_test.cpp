#include "net/server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <stdexcept>
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

TEST_F(HttpServer, AnswersWithBytesThatAreNotItsOwn) {
  static constexpr std::string_view kPage = "<!doctype html>";
  handler.paths["/page"] = [](const Request&) -> Task<Response> {
    Response response{.body = ResponseBody::of_static(kPage)};
    EXPECT_EQ(response.body.view().data(), kPage.data()) << "not copied";
    co_return response;
  };
  TestClient client(start());
  const auto answer = client.get("/page");
  EXPECT_EQ(answer.body, kPage);
  EXPECT_EQ(answer.header("content-length"), "15");
}

TEST_F(HttpServer, KeepsTheConnectionForTheNextRequest) {
  TestClient client(start());
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(client.post("/echo?n=" + std::to_string(i), "body").body,
              "POST /echo n=" + std::to_string(i) + " body");
  }
}

TEST_F(HttpServer, AnswersPipelinedRequestsInOrder) {
  Event serving;
  Watermark release;
  handler.paths["/slow"] = [&](const Request&) -> Task<Response> {
    serving.set();
    co_await release.wait_past(0);
    co_return Response{.body = "slow"};
  };
  TestClient client(start());
  client.send(
      "GET /slow HTTP/1.1\r\nhost: a\r\n\r\n"
      "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc"
      "GET /hello HTTP/1.1\r\nhost: a\r\n\r\n");
  ASSERT_TRUE(serving.wait());
  release.raise(1);
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

TEST_F(HttpServer, AnswersAHeadRequestWithoutABody) {
  TestClient client(start());
  client.request("HEAD", "/hello");
  const auto response = client.read_response(TestClient::Expect::kNoBody);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.header("content-length"), "17");
  client.request("HEAD", "/stream");
  EXPECT_EQ(client.read_response(TestClient::Expect::kNoBody).status, 200);
  EXPECT_EQ(client.get("/hello").body, R"({"hello":"world"})");
}

TEST_F(HttpServer, SendsNoBodyWithA204) {
  handler.paths["/none"] = [](const Request&) -> Task<Response> {
    co_return Response{.status = 204, .body = "ignored"};
  };
  TestClient client(start());
  const auto response = client.get("/none");
  EXPECT_EQ(response.status, 204);
  EXPECT_FALSE(response.headers.contains("content-length"));
  EXPECT_EQ(client.get("/hello").status, 200);
}

TEST_F(HttpServer, ClosesWhenTheClientAsksForIt) {
  TestClient client(start());
  const auto response = client.get("/hello", "connection: close\r\n");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.header("connection"), "close");
  EXPECT_TRUE(client.is_closed_by_server());
}

TEST_F(HttpServer, SpeaksHttp10) {
  const auto port = start();
  TestClient once(port);
  once.send("GET /hello HTTP/1.0\r\n\r\n");
  EXPECT_EQ(once.read_response().status, 200);
  EXPECT_TRUE(once.is_closed_by_server());

  TestClient keeping(port);
  for (int i = 0; i < 2; ++i) {
    keeping.send("GET /hello HTTP/1.0\r\nconnection: keep-alive\r\n\r\n");
    EXPECT_EQ(keeping.read_response().header("connection"), "keep-alive");
  }

  TestClient streaming(port);
  streaming.send("GET /stream HTTP/1.0\r\nconnection: keep-alive\r\n\r\n");
  const auto response = streaming.read_response();
  EXPECT_FALSE(response.headers.contains("transfer-encoding"));
  EXPECT_EQ(response.header("connection"), "close");
  EXPECT_EQ(response.body, "one two three");
}

TEST_F(HttpServer, SendsContinueWhenTheClientWaitsForIt) {
  TestClient client(start());
  client.send(
      "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\nexpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_response().status, 100);
  client.send("body");
  EXPECT_EQ(client.read_response().body, "POST /echo  body");
  // One that does not wait gets no such line.
  client.send(
      "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\nexpect: 100-continue\r\n\r\nbody");
  EXPECT_EQ(client.read_response().status, 200);
}

TEST_F(HttpServer, CarriesLargeBodiesBothWays) {
  const std::string large(5'000'000, 'x');
  handler.paths["/large"] = [](const Request& request) -> Task<Response> {
    co_return Response{.body = request.body + "!"};
  };
  TestClient client(start());
  std::thread sender([&] { client.request("POST", "/large", "", large); });
  sender.join();
  const auto response = client.read_response();
  EXPECT_TRUE(response.is_complete);
  EXPECT_TRUE(response.body == large + "!");
}

TEST_F(HttpServer, KeepsTheFramingHeadersToItself) {
  handler.paths["/liar"] = [](const Request&) -> Task<Response> {
    co_return Response{.headers = {{"Content-Length", "99"},
                                   {"Transfer-Encoding", "chunked"},
                                   {"x-split", "a\r\nset-cookie: b"}},
                       .body = "true"};
  };
  TestClient client(start());
  const auto response = client.get("/liar");
  EXPECT_EQ(response.header("content-length"), "4");
  EXPECT_FALSE(response.headers.contains("transfer-encoding"));
  EXPECT_FALSE(response.headers.contains("set-cookie"));
  EXPECT_EQ(response.body, "true");
}

TEST_F(HttpServer, TellsTheHandlerWhoAsks) {
  handler.paths["/who"] = [](const Request& request) -> Task<Response> {
    co_return Response{.body = request.peer};
  };
  TestClient client(start());
  EXPECT_EQ(client.get("/who").body, "127.0.0.1");
}

TEST_F(HttpServer, RunsAHandlerOnAnExecutorOfItsOwnThread) {
  Event serving;
  Watermark release;
  handler.paths["/where"] = [&](const Request&) -> Task<Response> {
    Executor* before = Executor::current();
    serving.set();
    co_await release.wait_past(0);
    co_return Response{.body =
                           before != nullptr && before == Executor::current() ? "same" : "other"};
  };
  TestClient client(start());
  client.request("GET", "/where");
  ASSERT_TRUE(serving.wait());
  release.raise(1);
  EXPECT_EQ(client.read_response().body, "same");
}

TEST_F(HttpServer, ServesManyConnectionsAtOnce) {
  // No answer is given before all 64 requests are with the handler.
  Watermark arrived;
  std::atomic<int> count = 0;
  handler.paths["/meet"] = [&](const Request&) -> Task<Response> {
    arrived.raise(++count);
    co_await arrived.wait_past(63);
    co_return Response{.body = "met"};
  };
  const auto port = start();
  std::vector<TestClient> clients;
  for (int i = 0; i < 64; ++i) clients.emplace_back(port);
  for (int round = 0; round < 3; ++round) {
    for (auto& client : clients) client.request("GET", round == 0 ? "/meet" : "/hello");
    for (auto& client : clients) EXPECT_EQ(client.read_response().status, 200);
  }
}

TEST_F(HttpServer, TellsARunningHandlerThatTheClientLeft) {
  // One pair of events for each way of leaving, alive for as long as the handlers.
  std::map<std::string, std::pair<Event, Event>> events;
  const auto wait = [&](const Request& request) -> Task<Response> {
    auto& [serving, gone] = events.at(request.path);
    serving.set();
    co_await sleep_for(std::chrono::hours(1), request.gone);
    gone.set();
    co_return Response{};
  };
  for (const std::string path : {"/orderly", "/reset"}) {
    events[path];
    handler.paths[path] = wait;
  }
  const auto port = start();
  for (auto& [path, pair] : events) {
    TestClient client(port);
    client.request("GET", path);
    ASSERT_TRUE(pair.first.wait());
    if (path == "/reset") {
      client.reset();
    } else {
      client.close();
    }
    EXPECT_TRUE(pair.second.wait());
  }
}

TEST_F(HttpServer, TellsAStreamThatTheClientLeft) {
  Event gone;
  handler.paths["/endless"] = [&](const Request& request) -> Task<Response> {
    Response response;
    response.stream = [&, stop = request.gone](BodyWriter& body) -> Task<> {
      co_await body.write("begun");
      co_await sleep_for(std::chrono::hours(1), stop);
      EXPECT_FALSE(co_await body.write("more"));
      gone.set();
    };
    co_return response;
  };
  TestClient client(start());
  client.request("GET", "/endless");
  client.read_head();
  EXPECT_EQ(client.read_chunk(), "begun");
  client.close();
  EXPECT_TRUE(gone.wait());
}

TEST_F(HttpServer, BreaksOffAStreamWhoseWriteWasDestroyed) {
  Event ended;
  handler.paths["/half"] = [&](const Request&) -> Task<Response> {
    Response response;
    response.stream = [&](BodyWriter& body) -> Task<> {
      const auto write = [&](std::string text) -> Task<bool> {
        co_return co_await body.write(text);
      };
      const auto fail = []() -> Task<bool> {
        throw std::runtime_error("enough");
        co_return false;
      };
      std::vector<Task<bool>> both;
      both.push_back(write(std::string(30'000'000, 'x')));
      both.push_back(fail());
      EXPECT_THROW(co_await when_all(std::move(both)), std::runtime_error);
      EXPECT_FALSE(co_await body.write("more"));
      ended.set();
    };
    co_return response;
  };
  TestClient client(start(), {.receive_buffer = 4096});
  client.request("GET", "/half");
  EXPECT_TRUE(ended.wait());
  EXPECT_FALSE(client.read_response().is_complete);
}

TEST_F(HttpServer, AnswersAClientThatHasClosedItsSide) {
  handler.paths["/when_gone"] = [](const Request& request) -> Task<Response> {
    co_await sleep_for(std::chrono::hours(1), request.gone);
    co_return Response{.body = "still said"};
  };
  TestClient client(start());
  client.request("GET", "/when_gone");
  client.request("GET", "/hello");
  client.shutdown_send();
  EXPECT_EQ(client.read_response().body, "still said");
  EXPECT_EQ(client.read_response().status, 200);
  EXPECT_TRUE(client.is_closed_by_server());
}

TEST_F(HttpServer, BoundsWhatItKeepsOfRequestsToCome) {
  Event serving;
  Watermark release;
  handler.paths["/hold"] = [&](const Request&) -> Task<Response> {
    serving.set();
    co_await release.wait_past(0);
    co_return Response{.body = "held"};
  };
  TestClient client(start(), {.timeout_s = 1});
  client.request("GET", "/hold");
  ASSERT_TRUE(serving.wait());
  // The server stops reading, the buffers of both kernels fill, and the client is held up: only
  // its own time limit ends the send.
  const std::string flood(64 * 1024 * 1024, '\r');
  EXPECT_FALSE(client.send(flood));
  release.raise(1);
  EXPECT_EQ(client.read_response().body, "held");
}

TEST_F(HttpServer, ABoundAddressIsNobodyElsesAndServesOnceItIsStarted) {
  auto bound = BoundAddress::bind("127.0.0.1", 0);
  ASSERT_TRUE(bound) << bound.error().message;
  options.address = *bound;
  const auto port = start();
  EXPECT_NE(port, 0);
  TestClient client(port);
  EXPECT_EQ(client.get("/hello").status, 200);
  const auto refused = BoundAddress::bind("127.0.0.1", port);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kConflict);
}

TEST_F(HttpServer, SaysWhyItCannotListen) {
  const auto port = start();
  options.port = port;
  net::HttpServer second(options, handler);
  EXPECT_EQ(second.start().error().code, Code::kConflict);
  options.host = "not an address";
  net::HttpServer third(options, handler);
  EXPECT_EQ(third.start().error().code, Code::kBadRequest);
}

}  // namespace
}  // namespace synap::net
