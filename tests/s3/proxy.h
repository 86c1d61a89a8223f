// A proxy that does harm: it stands before an S3 server, hands requests on one by one as they are,
// and answers back; or does not, or does something else. Header only.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <limits>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace synap::s3test {

struct Harm {
  enum class Kind : std::uint8_t {
    kNone,
    kRefuse,          // ends the connection before anything is read
    kSilence,         // takes the request and says nothing
    kSlowDown,        // answers 503
    kLoseAnswer,      // the server has done it, and nobody hears of it
    kCutAnswer,       // behind `at` bytes of the body
    kCorruptAnswer,   // changes the byte `at` of the body
    kCorruptRequest,  // the same, of what is sent
  };
  Kind kind = Kind::kNone;
  int times = std::numeric_limits<int>::max();
  std::size_t at = 0;
  std::string_view method = "";  // only requests of this one
};

class Proxy {
 public:
  explicit Proxy(std::uint16_t target) : target_(target) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in name = address(0);
    socklen_t size = sizeof name;
    ::bind(listener_, reinterpret_cast<sockaddr*>(&name), size);
    ::listen(listener_, 256);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&name), &size);
    port_ = ntohs(name.sin_port);
    acceptor_ = std::thread([this] { accept(); });
  }
  ~Proxy() {
    set({});
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    {
      std::lock_guard lock(mutex_);
      for (const int each : open_) ::shutdown(each, SHUT_RDWR);
    }
    for (auto& thread : threads_) thread.join();
  }
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  void set(Harm harm) {
    std::lock_guard lock(mutex_);
    harm_ = harm;
  }
  /// The methods of all requests that came, "PUT GET GET".
  std::string methods() const {
    std::lock_guard lock(mutex_);
    std::string text;
    for (const auto& method : methods_) text += (text.empty() ? "" : " ") + method;
    return text;
  }
  void forget() {
    std::lock_guard lock(mutex_);
    methods_.clear();
  }
  std::size_t connections() const {
    std::lock_guard lock(mutex_);
    return connections_;
  }

 private:
  static sockaddr_in address(std::uint16_t port) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(port);
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return name;
  }
  static bool send(int to, std::string_view bytes) {
    while (!bytes.empty()) {
      const auto size = ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (size <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(size));
    }
    return true;
  }
  static bool receive(int from, std::string& into) {
    char bytes[64 * 1024];
    const auto size = ::recv(from, bytes, sizeof bytes, 0);
    if (size > 0) into.append(bytes, static_cast<std::size_t>(size));
    return size > 0;
  }
  // One request, with its body.
  static std::optional<std::string> read_request(int from, std::string& buffer) {
    std::size_t end = 0;
    while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
      if (!receive(from, buffer)) return std::nullopt;
    }
    const auto length = buffer.find("Content-Length: ");
    std::size_t size = end + 4;
    if (length < end) size += std::strtoull(buffer.c_str() + length + 16, nullptr, 10);
    while (buffer.size() < size) {
      if (!receive(from, buffer)) return std::nullopt;
    }
    auto request = buffer.substr(0, size);
    buffer.erase(0, size);
    return request;
  }
  static void change_byte(std::string& message, std::size_t at) {
    const auto body = message.find("\r\n\r\n") + 4;
    if (body + at < message.size()) message[body + at] ^= 1;
  }

  Harm take_harm(std::string_view method) {
    std::lock_guard lock(mutex_);
    if (!harm_.method.empty() && harm_.method != method) return {};
    if (harm_.times == 0) return {};
    --harm_.times;
    return harm_;
  }
  // What the server answers until it closes.
  std::string ask(std::string request) const {
    request.insert(request.find("\r\n") + 2, "Connection: close\r\n");
    const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto name = address(target_);
    std::string answer;
    if (::connect(server, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0 &&
        send(server, request)) {
      while (receive(server, answer)) {
      }
    }
    ::close(server);
    return answer;
  }

  void accept() {
    for (;;) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      std::lock_guard lock(mutex_);
      ++connections_;
      open_.push_back(fd);
      threads_.emplace_back([this, fd] {
        converse(fd);
        ::shutdown(fd, SHUT_RDWR);
        std::lock_guard own(mutex_);
        std::erase(open_, fd);
        ::close(fd);
      });
    }
  }
  // One request a connection: each is a new one, and so each harm is of one request.
  void converse(int client) {
    {
      std::lock_guard lock(mutex_);
      if (harm_.kind == Harm::Kind::kRefuse) return;
    }
    std::string buffer;
    auto request = read_request(client, buffer);
    if (!request) return;
    const auto method = request->substr(0, request->find(' '));
    {
      std::lock_guard lock(mutex_);
      methods_.push_back(method);
    }
    const auto harm = take_harm(method);
    using Kind = Harm::Kind;
    if (harm.kind == Kind::kSilence) {
      receive(client, buffer);
      return;
    }
    if (harm.kind == Kind::kSlowDown) {
      constexpr std::string_view kText = "<Error><Code>SlowDown</Code></Error>";
      send(client, "HTTP/1.1 503 Slow Down\r\nConnection: close\r\nContent-Length: " +
                       std::to_string(kText.size()) + "\r\n\r\n" + std::string(kText));
      return;
    }
    if (harm.kind == Kind::kCorruptRequest) change_byte(*request, harm.at);
    auto answer = ask(std::move(*request));
    if (harm.kind == Kind::kLoseAnswer) return;
    if (harm.kind == Kind::kCorruptAnswer) change_byte(answer, harm.at);
    if (harm.kind == Kind::kCutAnswer)
      answer.resize(std::min(answer.size(), answer.find("\r\n\r\n") + 4 + harm.at));
    send(client, answer);
  }

  const std::uint16_t target_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  Harm harm_;
  std::vector<std::string> methods_;
  std::size_t connections_ = 0;
  std::vector<int> open_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace synap::s3test
