#include <gtest/gtest.h>

#include "base/timer.h"
#include "net/server.h"
#include "net/test_client.h"
#include "net/test_handler.h"

namespace synap::net {
namespace {

class WebSocketServer : public testing::Test, public TestServer {
 protected:
  WebSocketServer() {
    handler.websocket = [this](const Request&, WebSocket& socket) -> Task<> {
      while (auto message = co_await socket.read()) {
        co_await socket.write((message->is_text ? "" : "binary ") + message->data);
      }
      ended.set();
    };
  }
  Event ended;  // the read of the handler yielded nothing
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

}  // namespace
}  // namespace synap::net
