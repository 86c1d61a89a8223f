// A small blocking HTTP and WebSocket client for tests: plain sockets, one request at a time, and
// nothing that the server's own code could share a mistake with. Header only; not for products.
//
//   TestClient client(server.port());
//   auto answer = client.get("/hello");              EXPECT_EQ(answer.status, 200);
//   client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");  auto raw = client.read_response();
//
// Every read gives up after a few seconds, so that a test fails instead of hanging.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace synap::net {

struct TestResponse {
  int status = 0;                              // 0: no response came
  std::map<std::string, std::string> headers;  // names in lower case; the last of a name
  std::string body;
  bool is_complete = false;

  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

struct TestFrame {
  int opcode = -1;  // -1: the connection ended
  bool is_final = true;
  std::string data;
  /// Of a close frame; 1005 if it has none.
  int close_code() const {
    if (data.size() < 2) return 1005;
    return static_cast<unsigned char>(data[0]) << 8 | static_cast<unsigned char>(data[1]);
  }
};

class TestClient {
 public:
  struct Options {
    int receive_buffer = 0;  // SO_RCVBUF, before connecting; 0: the system's
    int timeout_s = 5;
  };

  explicit TestClient(std::uint16_t port) : TestClient(port, Options{}) {}
  TestClient(std::uint16_t port, Options options) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (options.receive_buffer > 0) {
      ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &options.receive_buffer, sizeof(int));
    }
    const timeval limit{options.timeout_s, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    const int one = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    is_connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  TestClient(TestClient&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)),
        is_connected_(other.is_connected_),
        buffer_(std::move(other.buffer_)) {}
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;
  TestClient& operator=(TestClient&&) = delete;
  ~TestClient() { close(); }

  bool is_connected() const { return is_connected_; }
  int fd() const { return fd_; }

  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  /// Ends our side only: the server sees the end of the stream.
  void shutdown_send() { ::shutdown(fd_, SHUT_WR); }
  /// Closes with a reset instead of the orderly end.
  void reset() {
    const linger hard{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close();
  }

  /// False if the server would not take it.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  bool request(std::string_view method, std::string_view target, std::string_view headers = "",
               std::string_view body = "") {
    std::string text;
    text.append(method).append(" ").append(target).append(" HTTP/1.1\r\nhost: localhost\r\n");
    text.append(headers);
    if (!body.empty() || method == "POST") {
      text.append("content-length: ").append(std::to_string(body.size())).append("\r\n");
    }
    text.append("\r\n").append(body);
    return send(text);
  }
  TestResponse get(std::string_view target, std::string_view headers = "") {
    request("GET", target, headers);
    return read_response();
  }
  TestResponse post(std::string_view target, std::string_view body,
                    std::string_view headers = "content-type: application/json\r\n") {
    request("POST", target, headers, body);
    return read_response();
  }

  enum class Expect { kBody, kNoBody };  // kNoBody: the answer to a HEAD

  TestResponse read_response(Expect expect = Expect::kBody) {
    TestResponse response = read_head();
    if (response.status == 0) return response;
    if (expect == Expect::kNoBody || response.status < 200 || response.status == 204 ||
        response.status == 304) {
      response.is_complete = true;
    } else if (response.header("transfer-encoding") == "chunked") {
      while (auto chunk = read_chunk()) {
        response.is_complete = chunk->empty();
        if (chunk->empty()) break;
        response.body += *chunk;
      }
    } else if (response.headers.contains("content-length")) {
      const auto length = static_cast<std::size_t>(
          std::strtoull(response.header("content-length").c_str(), nullptr, 10));
      response.is_complete = fill(length);
      response.body = take(std::min(length, buffer_.size()));
    } else {
      response.body = read_to_end();
      response.is_complete = true;
    }
    return response;
  }

  /// Status line and header only: for streams.
  TestResponse read_head() {
    TestResponse response;
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!receive()) return response;
    }
    const std::string head = take(end + 4);
    if (head.size() < 12 || !head.starts_with("HTTP/1.")) return response;
    response.status = std::atoi(head.c_str() + 9);
    std::size_t at = head.find("\r\n") + 2;
    while (at < head.size() - 2) {
      const auto line_end = head.find("\r\n", at);
      const auto colon = head.find(':', at);
      std::string name = head.substr(at, colon - at);
      std::ranges::transform(name, name.begin(),
                             [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      response.headers[name] = head.substr(colon + 2, line_end - colon - 2);
      at = line_end + 2;
    }
    return response;
  }

  /// The next chunk of a chunked body; empty: the last; nothing: the connection ended.
  std::optional<std::string> read_chunk() {
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n")) == std::string::npos) {
      if (!receive()) return std::nullopt;
    }
    const auto size = static_cast<std::size_t>(std::strtoull(take(end + 2).c_str(), nullptr, 16));
    if (!fill(size + 2)) return std::nullopt;
    std::string chunk = take(size);
    take(2);
    return chunk;
  }

  std::string read_to_end() {
    while (receive()) {
    }
    return take(buffer_.size());
  }
  /// Whether the server has closed the connection, having sent nothing more.
  bool is_closed_by_server() {
    if (!buffer_.empty()) return false;
    return !receive() && has_ended_;
  }

  // --- WebSocket ---

  /// Sends the handshake and reads its answer; the status is 101 if all is well.
  TestResponse upgrade(std::string_view target, std::string_view headers = "") {
    std::string all =
        "upgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-version: 13\r\n"
        "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    all.append(headers);
    request("GET", target, all);
    TestResponse response = read_head();
    if (response.status != 101 && response.status != 0) {
      const auto length = static_cast<std::size_t>(
          std::strtoull(response.header("content-length").c_str(), nullptr, 10));
      fill(length);
      response.body = take(std::min(length, buffer_.size()));
    }
    return response;
  }

  struct Fragment {
    bool is_final = true;
  };
  bool send_frame(int opcode, std::string_view data, Fragment fragment = {true}) {
    std::string frame;
    frame.push_back(static_cast<char>((fragment.is_final ? 0x80 : 0) | opcode));
    const auto size = data.size();
    if (size < 126) {
      frame.push_back(static_cast<char>(0x80 | size));
    } else if (size < 65536) {
      frame.push_back(static_cast<char>(0x80 | 126));
      frame.push_back(static_cast<char>(size >> 8));
      frame.push_back(static_cast<char>(size));
    } else {
      frame.push_back(static_cast<char>(0x80 | 127));
      for (int shift = 56; shift >= 0; shift -= 8)
        frame.push_back(static_cast<char>(size >> shift));
    }
    const char mask[4] = {0x11, 0x22, 0x33, 0x44};
    frame.append(mask, 4);
    for (std::size_t i = 0; i < size; ++i) {
      frame.push_back(static_cast<char>(data[i] ^ mask[i % 4]));
    }
    return send(frame);
  }
  bool send_text(std::string_view text) { return send_frame(0x1, text); }
  bool send_close(int code) {
    const char data[2] = {static_cast<char>(code >> 8), static_cast<char>(code)};
    return send_frame(0x8, {data, 2});
  }

  TestFrame read_frame() {
    TestFrame frame;
    if (!fill(2)) return frame;
    const auto head = take(2);
    std::uint64_t size = static_cast<unsigned char>(head[1]) & 0x7f;
    if (size >= 126) {
      const std::size_t count = size == 126 ? 2 : 8;
      if (!fill(count)) return frame;
      size = 0;
      for (const char c : take(count)) size = size << 8 | static_cast<unsigned char>(c);
    }
    if (!fill(size)) return frame;
    frame.opcode = head[0] & 0x0f;
    frame.is_final = (head[0] & 0x80) != 0;
    frame.data = take(size);
    return frame;
  }
  /// The next data message, fragments joined; pings are answered. Nothing: closed or ended.
  std::optional<std::string> read_text() {
    std::string text;
    for (;;) {
      TestFrame frame = read_frame();
      if (frame.opcode == -1 || frame.opcode == 0x8) return std::nullopt;
      if (frame.opcode == 0x9) {
        send_frame(0xA, frame.data);
      } else if (frame.opcode < 0x8) {
        text += frame.data;
        if (frame.is_final) return text;
      }
    }
  }

 private:
  bool receive() {
    char bytes[16 * 1024];
    const auto count = ::recv(fd_, bytes, sizeof bytes, 0);
    if (count <= 0) {
      has_ended_ = count == 0 || errno == ECONNRESET;
      return false;
    }
    buffer_.append(bytes, static_cast<std::size_t>(count));
    return true;
  }
  bool fill(std::size_t count) {
    while (buffer_.size() < count) {
      if (!receive()) return false;
    }
    return true;
  }
  std::string take(std::size_t count) {
    std::string front = buffer_.substr(0, count);
    buffer_.erase(0, count);
    return front;
  }

  int fd_ = -1;
  bool is_connected_ = false;
  bool has_ended_ = false;
  std::string buffer_;
};

}  // namespace synap::net
