#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

#include "base/timer.h"
#include "net/server.h"
#include "net/test_client.h"
#include "net/test_handler.h"

namespace synap::net {
namespace {

using Then = WebSocket::Then;

class WebSocketServer : public testing::Test, public TestServer {
 protected:
  explicit WebSocketServer(Time time = Time::kReal) : TestServer(time) {
    handler.websocket = [this](const Request&, WebSocket& socket) -> Task<> {
      while (auto message = co_await socket.read()) {
        co_await socket.write((message->is_text ? "" : "binary ") + message->data, Then::kNothing);
      }
      ended.set();
    };
  }
  void TearDown() override { server.reset(); }  // before `ended`

  Event ended;  // the read of the handler yielded nothing
};

class WebSocketTime : public WebSocketServer {
 protected:
  WebSocketTime() : WebSocketServer(Time::kByHand) {}
};

TEST_F(WebSocketServer, EchoesText) {
  TestClient client(start());
  const auto answer = client.upgrade("/ws");
  EXPECT_EQ(answer.status, 101);
  // The example of RFC 6455 1.3.
  EXPECT_EQ(answer.header("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  for (const std::string text : {"one", "", "\u00e4\u2028\U0001f600"}) {
    client.send_text(text);
    EXPECT_EQ(client.read_text(), text);
  }
  client.send_frame(0x2, "raw");
  EXPECT_EQ(client.read_text(), "binary raw");
}

TEST_F(WebSocketServer, SpeaksTheProtocolThatItsHandlerSays) {
  handler.protocol = "v0.example";
  TestClient client(start());
  const auto answer = client.upgrade("/ws", "sec-websocket-protocol: v0.example\r\n");
  EXPECT_EQ(answer.header("sec-websocket-protocol"), "v0.example");
}

TEST_F(WebSocketServer, WritesBinaryMessagesBesideText) {
  handler.websocket = [](const Request&, WebSocket& socket) -> Task<> {
    co_await socket.write("text", Then::kNothing);
    co_await socket.write_binary(std::string_view("\0\xff", 2));
    co_await socket.write("text", Then::kNothing);
  };
  TestClient client(start());
  client.upgrade("/ws");
  EXPECT_EQ(client.read_frame().opcode, 0x1);
  const auto binary = client.read_frame();
  EXPECT_EQ(binary.opcode, 0x2);
  EXPECT_EQ(binary.data, std::string("\0\xff", 2));
  EXPECT_EQ(client.read_frame().opcode, 0x1);
}

TEST_F(WebSocketServer, TakesAsMuchOfAStrangerAsItsHandlerSays) {
  handler.knowing = false;
  handler.websocket = [](const Request& request, WebSocket& socket) -> Task<> {
    if (request.path == "/more") socket.let_strangers_send(100'000);
    const auto message = co_await socket.read();
    if (message) co_await socket.write(std::to_string(message->data.size()), Then::kNothing);
  };
  const auto port = start();
  TestClient more(port);
  more.upgrade("/more");
  more.send_text(std::string(100'000, 'x'));
  EXPECT_EQ(more.read_text(), "100000");
  for (const auto& [path, bytes] : {std::pair("/more", 100'001), std::pair("/usual", 20'000)}) {
    TestClient client(port);
    client.upgrade(path);
    client.send_text(std::string(static_cast<std::size_t>(bytes), 'x'));
    EXPECT_EQ(client.read_frame().close_code(), 1009);
  }
}

TEST_F(WebSocketServer, JoinsFragmentsWithAPingBetweenThem) {
  TestClient client(start());
  client.upgrade("/ws");
  client.send_frame(0x1, "one ", {.is_final = false});
  client.send_frame(0x9, "mid");
  client.send_frame(0x0, "two ", {.is_final = false});
  client.send_frame(0x0, "three");
  const auto pong = client.read_frame();
  EXPECT_EQ(pong.opcode, 0xA);
  EXPECT_EQ(pong.data, "mid");
  EXPECT_EQ(client.read_text(), "one two three");
}

TEST_F(WebSocketServer, CarriesLargeMessages) {
  TestClient client(start());
  client.upgrade("/ws");
  const std::string large(3'000'000, 'x');
  ASSERT_TRUE(client.send_text(large));
  EXPECT_TRUE(client.read_text() == large);
}

TEST_F(WebSocketServer, AnswersACloseAndEndsTheRead) {
  TestClient client(start());
  client.upgrade("/ws");
  client.send_close(1000);
  const auto frame = client.read_frame();
  EXPECT_EQ(frame.opcode, 0x8);
  EXPECT_EQ(frame.close_code(), 1000);
  EXPECT_TRUE(client.is_closed_by_server());
  EXPECT_TRUE(ended.wait());
}

TEST_F(WebSocketServer, ClosesWithTheCodeAndReasonOfTheHandler) {
  handler.websocket = [](const Request&, WebSocket& socket) -> Task<> {
    co_await socket.write("first", Then::kNothing);
    co_await socket.close(4001, "because");
    EXPECT_FALSE(co_await socket.read());
    EXPECT_FALSE(co_await socket.write("late", Then::kNothing));
    co_await socket.close(1000, "again");
  };
  TestClient client(start());
  client.upgrade("/ws");
  EXPECT_EQ(client.read_text(), "first");
  const auto frame = client.read_frame();
  EXPECT_EQ(frame.close_code(), 4001);
  EXPECT_EQ(frame.data.substr(2), "because");
  client.send_close(4001);
  EXPECT_TRUE(client.is_closed_by_server());
}

TEST_F(WebSocketServer, SendsWhatItKeptBackWithTheNextOrAtTheEnd) {
  handler.websocket = [](const Request&, WebSocket& socket) -> Task<> {
    for (int i = 0; i < 99; ++i) co_await socket.write(std::to_string(i), Then::kMore);
    co_await socket.write("99", Then::kNothing);
    co_await socket.read();
    co_await socket.write("more, but none comes", Then::kMore);
  };
  TestClient client(start());
  client.upgrade("/ws");
  for (int i = 0; i < 100; ++i) EXPECT_EQ(client.read_text(), std::to_string(i));
  client.send_text("go on");
  EXPECT_EQ(client.read_text(), "more, but none comes");
  EXPECT_EQ(client.read_frame().close_code(), 1000);
}

TEST_F(WebSocketServer, ClosesWithoutACode) {
  handler.websocket = [](const Request&, WebSocket& socket) -> Task<> {
    co_await socket.close(1005, "");
  };
  TestClient client(start());
  client.upgrade("/ws");
  const auto frame = client.read_frame();
  EXPECT_EQ(frame.opcode, 0x8);
  EXPECT_EQ(frame.data, "");
}

TEST_F(WebSocketServer, ClosesWhenTheHandlerReturns) {
  handler.websocket = [](const Request&, WebSocket&) -> Task<> { co_return; };
  TestClient client(start());
  client.upgrade("/ws");
  EXPECT_EQ(client.read_frame().close_code(), 1000);
}

TEST_F(WebSocketServer, ReadsAndWritesAtTheSameTime) {
  // One coroutine writes while another one's read is pending, and a close ends that read.
  Event read_ended;
  handler.websocket = [&](const Request&, WebSocket& socket) -> Task<> {
    std::vector<Task<bool>> both;
    const auto reader = [&]() -> Task<bool> {
      while (co_await socket.read()) {
      }
      read_ended.set();
      co_return true;
    };
    const auto writer = [&]() -> Task<bool> {
      for (int i = 0; i < 100; ++i) co_await socket.write(std::to_string(i), Then::kNothing);
      co_await socket.close(1000, "done");
      co_return true;
    };
    both.push_back(reader());
    both.push_back(writer());
    co_await when_all(std::move(both));
  };
  TestClient client(start());
  client.upgrade("/ws");
  for (int i = 0; i < 100; ++i) EXPECT_EQ(client.read_text(), std::to_string(i));
  EXPECT_EQ(client.read_frame().close_code(), 1000);
  client.send_close(1000);
  EXPECT_TRUE(read_ended.wait());
}

TEST_F(WebSocketServer, RefusesAMessageThatIsTooLarge) {
  options.websocket_message_bytes_max = 1000;
  TestClient client(start());
  client.upgrade("/ws");
  client.send_text(std::string(1001, 'x'));
  EXPECT_EQ(client.read_frame().close_code(), 1009);
  EXPECT_TRUE(client.is_closed_by_server());
  client.close();
  EXPECT_TRUE(ended.wait());
}

TEST_F(WebSocketServer, RefusesAMessageWhoseFragmentsAreTooLargeTogether) {
  options.websocket_message_bytes_max = 1000;
  TestClient client(start());
  client.upgrade("/ws");
  client.send_frame(0x1, std::string(600, 'x'), {.is_final = false});
  client.send_frame(0x0, std::string(600, 'x'));
  EXPECT_EQ(client.read_frame().close_code(), 1009);
}

TEST_F(WebSocketServer, RefusesFramesThatAreWrong) {
  const auto port = start();
  TestClient bad_text(port);
  bad_text.upgrade("/ws");
  bad_text.send_text("\xff\xfe");
  EXPECT_EQ(bad_text.read_frame().close_code(), 1007);
  TestClient unmasked(port);
  unmasked.upgrade("/ws");
  unmasked.send(std::string("\x81\x01x", 3));
  EXPECT_EQ(unmasked.read_frame().close_code(), 1002);
}

TEST_F(WebSocketServer, AbortsWithoutAWordWhileAWriteIsPending) {
  Event write_failed;
  handler.websocket = [&](const Request& request, WebSocket& socket) -> Task<> {
    std::vector<Task<bool>> both;
    const auto writer = [&]() -> Task<bool> {
      const std::string large(30'000'000, 'x');  // more than kernels take
      if (!co_await socket.write(large, Then::kNothing)) write_failed.set();
      co_return true;
    };
    const auto aborter = [&]() -> Task<bool> {
      socket.abort();
      EXPECT_TRUE(request.gone.stop_requested());
      co_return true;
    };
    both.push_back(writer());
    both.push_back(aborter());
    co_await when_all(std::move(both));
    EXPECT_FALSE(co_await socket.read());
  };
  TestClient client(start(), {.receive_buffer = 4096});
  client.upgrade("/ws");
  EXPECT_TRUE(write_failed.wait());
}

TEST_F(WebSocketServer, EndsWhenWhatWaitsForItIsDestroyed) {
  Event ended_early;
  handler.websocket = [&](const Request& request, WebSocket& socket) -> Task<> {
    const auto read = [&]() -> Task<bool> { co_return (co_await socket.read()).has_value(); };
    const auto write = [&]() -> Task<bool> {
      const std::string large(30'000'000, 'x');
      co_return co_await socket.write(large, Then::kNothing);
    };
    const auto fail = []() -> Task<bool> {
      throw std::runtime_error("enough");
      co_return false;
    };
    std::vector<Task<bool>> all;
    all.push_back(read());
    all.push_back(write());
    all.push_back(fail());
    EXPECT_THROW(co_await when_all(std::move(all)), std::runtime_error);
    EXPECT_TRUE(request.gone.stop_requested());
    EXPECT_FALSE(co_await socket.read());
    EXPECT_FALSE(co_await socket.write("more", Then::kNothing));
    ended_early.set();
  };
  TestClient client(start(), {.receive_buffer = 4096});
  client.upgrade("/ws");
  EXPECT_TRUE(ended_early.wait());
}

TEST_F(WebSocketServer, TellsTheHandlerThatThePeerLeft) {
  Event gone;
  handler.websocket = [&](const Request& request, WebSocket& socket) -> Task<> {
    EXPECT_FALSE(co_await socket.read());
    if (request.gone.stop_requested()) gone.set();
  };
  TestClient client(start());
  client.upgrade("/ws");
  client.reset();
  EXPECT_TRUE(gone.wait());
}

TEST_F(WebSocketTime, PingsASilentPeerAndKeepsOneThatAnswers) {
  TestClient client(start());
  client.upgrade("/ws");
  for (int i = 0; i < 5; ++i) {
    pass_until_heard(client);
    const auto frame = client.read_frame();
    ASSERT_EQ(frame.opcode, 0x9);
    client.send_frame(0xA, frame.data);
    settle();
  }
  client.send_text("still here");
  EXPECT_EQ(client.read_text(), "still here");
}

TEST_F(WebSocketTime, DropsAPeerThatAnswersNoPing) {
  TestClient client(start());
  client.upgrade("/ws");
  settle();
  pass_until_heard(client);
  EXPECT_EQ(client.read_frame().opcode, 0x9);
  pass(options.websocket_ping);
  EXPECT_TRUE(client.is_closed_by_server());
  EXPECT_TRUE(ended.wait());
}

TEST_F(WebSocketTime, DropsAPeerThatNeverReads) {
  Event dropped;
  handler.websocket = [&](const Request&, WebSocket& socket) -> Task<> {
    while (co_await socket.write(std::string(1'000'000, 'x'), Then::kNothing)) {
    }
    dropped.set();
  };
  TestClient client(start(), {.receive_buffer = 4096});
  client.upgrade("/ws");
  settle();
  for (int i = 0; i < 10'000 && !dropped.is_set(); ++i) pass(options.write_timeout);
  EXPECT_TRUE(dropped.wait());
}

TEST_F(WebSocketServer, LetsTheHandlerRefuseAnUpgrade) {
  handler.refusing = [](const Request& request) -> std::optional<Response> {
    if (request.path == "/ws") return std::nullopt;
    return Response{.status = 403, .body = "not here"};
  };
  TestClient client(start());
  const auto refused = client.upgrade("/elsewhere");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.body, "not here");
  // The connection is none the worse for it.
  EXPECT_EQ(client.upgrade("/ws").status, 101);
}

TEST_F(WebSocketServer, RefusesAHandshakeThatIsNone) {
  const auto port = start();
  for (const char* headers :
       {"sec-websocket-version: 12\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        "sec-websocket-version: 13\r\n",
        "sec-websocket-version: 13\r\nsec-websocket-key: short\r\n"}) {
    TestClient client(port);
    const auto response =
        client.get("/ws", std::string("upgrade: websocket\r\nconnection: upgrade\r\n") + headers);
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(response.header("sec-websocket-version"), "13");
    EXPECT_EQ(response.body, R"({"refused":"BAD_REQUEST"})");
  }
}

TEST_F(WebSocketServer, ServesAPlainRequestToTheSamePath) {
  handler.fixed("/ws", "plain");
  TestClient client(start());
  EXPECT_EQ(client.get("/ws").body, "plain");
  EXPECT_EQ(client.get("/ws", "upgrade: h2c\r\nconnection: upgrade\r\n").body, "plain");
}

TEST_F(WebSocketServer, IsToldToEndWhenTheServerStops) {
  Event open;
  handler.websocket = [&](const Request& request, WebSocket& socket) -> Task<> {
    open.set();
    co_await sleep_for(std::chrono::hours(1), request.gone);
    co_await socket.write("goodbye", Then::kNothing);
    co_await socket.close(1001, "");
  };
  TestClient client(start());
  client.upgrade("/ws");
  ASSERT_TRUE(open.wait());
  std::thread stopper([&] { server->stop(std::chrono::seconds(5)); });
  EXPECT_EQ(client.read_text(), "goodbye");
  EXPECT_EQ(client.read_frame().close_code(), 1001);
  client.send_close(1001);
  stopper.join();
}

TEST_F(WebSocketServer, IsCutOffWhenTheGraceIsOver) {
  TestClient client(start());
  client.upgrade("/ws");
  client.send_text("x");
  EXPECT_EQ(client.read_text(), "x");
  server->stop(std::chrono::milliseconds(20));
  EXPECT_TRUE(ended.wait());
  EXPECT_EQ(client.read_frame().opcode, -1);
}

}  // namespace
}  // namespace synap::net
