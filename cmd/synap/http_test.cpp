#include "synap/http.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "base/check.h"

namespace synap::cli {
namespace {

using testing::HasSubstr;

// Takes one connection, reads a request, and says what it is told to until nobody listens.
class Server {
 public:
  explicit Server(std::function<void(int socket)> talk)
      : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    SYNAP_CHECK(::bind(listener_, raw, size) == 0 && ::listen(listener_, 4) == 0);
    SYNAP_CHECK(::getsockname(listener_, raw, &size) == 0);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/trpc/notes.list";
    thread_ = std::jthread([this, talk = std::move(talk)] {
      const int socket = ::accept(listener_, nullptr, nullptr);
      std::array<char, 4096> request{};
      std::ignore = ::recv(socket, request.data(), request.size(), 0);
      talk(socket);
      ::close(socket);
    });
  }
  ~Server() {
    thread_.join();
    ::close(listener_);
  }
  const std::string& url() const { return url_; }

 private:
  int listener_;
  std::string url_;
  std::jthread thread_;
};

bool say(int socket, std::string_view text) {
  while (!text.empty()) {
    const auto sent = ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

constexpr std::string_view kHead =
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n";

TEST(HttpClient, AnAnswerWithoutEndIsNotReadOnAndItsBoundIsTold) {
  const Server server([](int socket) {
    const std::string piece(std::size_t{1} << 20, 'x');
    for (bool goes_on = say(socket, kHead); goes_on;) goes_on = say(socket, piece);
  });
  HttpClient client;
  const auto answer = client.send({.url = server.url()});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::kPayloadTooLarge);
  EXPECT_THAT(answer.error().message, HasSubstr("more than 256 MiB"));
}

TEST(HttpClient, AnAnswerThatTricklesIsGivenUp) {
  const Server server([](int socket) {
    for (bool goes_on = say(socket, kHead); goes_on;) {
      goes_on = say(socket, "x");
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  });
  HttpClient client;
  client.set_answer_time_min(std::chrono::seconds(1));
  const auto begin = SteadyClock::now();
  const auto answer = client.send({.url = server.url()});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::kGatewayTimeout);
  EXPECT_THAT(answer.error().message, HasSubstr("comes too slowly"));
  EXPECT_LT(SteadyClock::now() - begin, std::chrono::seconds(10));
}

TEST(HttpClient, AStreamMayTakeAsLongAsItLikes) {
  const Server server([](int socket) {
    say(socket, "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n");
    for (int i = 0; i < 40; ++i) {
      say(socket, ": x\n");
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  });
  HttpClient client;
  client.set_answer_time_min(std::chrono::seconds(1));
  std::size_t bytes = 0;
  const auto answer = client.send({.url = server.url()}, [&](std::string_view some) {
    bytes += some.size();
    return true;
  });
  ASSERT_TRUE(answer);
  EXPECT_EQ(bytes, 160u);
}

}  // namespace
}  // namespace synap::cli
