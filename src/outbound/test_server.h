// A small HTTP server for tests: plain sockets, a thread for each connection, and answers as the
// test spells them, so that they can be as wrong as a test needs. With or without TLS. Header only;
// not for products.
//
//   TestServer server([](Wire& wire, const Seen& seen) { wire.send(answer(200, "hello")); });
//   client.send({.url = server.url("/x")})
//
// Every wait gives up after a few seconds, so that a test fails instead of hanging.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace synap::outbound {

/// A request as it came.
struct Seen {
  std::string line;  // "GET /x HTTP/1.1"
  std::string head;  // all of it, names in lower case
  std::string body;
  bool has(std::string_view text) const { return head.contains(text); }
};

inline std::string answer(int status, std::string_view body, std::string_view headers = "") {
  return "HTTP/1.1 " + std::to_string(status) + " Test\r\n" + std::string(headers) +
         "content-length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

/// A certificate that nobody knows, for localhost and 127.0.0.1.
class TestCertificate {
 public:
  TestCertificate() : key_(EVP_EC_gen("P-256")), certificate_(X509_new()) {
    ASN1_INTEGER_set(X509_get_serialNumber(certificate_), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate_), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate_), 3'600);
    X509_set_version(certificate_, 2);
    X509_set_pubkey(certificate_, key_);
    auto* name = X509_get_subject_name(certificate_);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
    X509_set_issuer_name(certificate_, name);
    for (const auto& [kind, value] : {std::pair{NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1"},
                                      std::pair{NID_basic_constraints, "CA:TRUE"}}) {
      auto* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value);
      X509_add_ext(certificate_, extension, -1);
      X509_EXTENSION_free(extension);
    }
    X509_sign(certificate_, key_, EVP_sha256());
  }
  ~TestCertificate() {
    X509_free(certificate_);
    EVP_PKEY_free(key_);
  }
  TestCertificate(const TestCertificate&) = delete;
  TestCertificate& operator=(const TestCertificate&) = delete;

  void write_to(const std::string& path) const {
    auto* memory = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(memory, certificate_);
    char* bytes = nullptr;
    const auto size = BIO_get_mem_data(memory, &bytes);
    std::ofstream(path) << std::string_view(bytes, static_cast<std::size_t>(size));
    BIO_free(memory);
  }
  SSL_CTX* context() const {
    auto* context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(context, certificate_);
    SSL_CTX_use_PrivateKey(context, key_);
    return context;
  }

 private:
  EVP_PKEY* key_;
  X509* certificate_;
};

/// One connection, as the server has it.
class Wire {
 public:
  Wire(int fd, SSL_CTX* tls) : fd_(fd) {
    const timeval limit{5, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (tls == nullptr) return;
    ssl_.reset(SSL_new(tls));
    SSL_set_fd(ssl_.get(), fd_);
    is_open_ = SSL_accept(ssl_.get()) == 1;
  }
  ~Wire() {
    ssl_.reset();
    ::close(fd_);
  }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  /// False if the client would not take it.
  bool send(std::string_view bytes) {
    while (!bytes.empty() && is_open_) {
      const auto size = ssl_ ? SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))
                             : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      is_open_ = size > 0;
      if (is_open_) bytes.remove_prefix(static_cast<std::size_t>(size));
    }
    return is_open_;
  }
  /// Takes what the kernel takes at once, for up to `bytes`; how much that was. No TLS.
  std::size_t send_at_once(std::size_t bytes) {
    const std::string page(64 * 1024, 'x');
    std::size_t sent = 0;
    while (sent < bytes) {
      pollfd wait{fd_, POLLOUT, 0};
      // A pause of a fifth of a second: nothing has been read meanwhile.
      if (::poll(&wait, 1, 200) <= 0) break;
      const auto size = ::send(fd_, page.data(), std::min(page.size(), bytes - sent),
                               MSG_NOSIGNAL | MSG_DONTWAIT);
      if (size <= 0) break;
      sent += static_cast<std::size_t>(size);
    }
    return sent;
  }
  /// Until the client has closed its side. True: it has.
  bool wait_for_end() {
    char byte = 0;
    for (;;) {
      const auto size = ssl_ ? SSL_read(ssl_.get(), &byte, 1) : ::recv(fd_, &byte, 1, 0);
      if (size <= 0) return size == 0 || errno == ECONNRESET;
    }
  }
  void close() {
    if (ssl_) SSL_shutdown(ssl_.get());
    ::shutdown(fd_, SHUT_RDWR);
    is_open_ = false;
  }
  /// Ends every wait of the connection's thread, from another one.
  void interrupt() const { ::shutdown(fd_, SHUT_RDWR); }
  bool is_open() const { return is_open_; }

  std::optional<Seen> read_request() {
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!receive()) return std::nullopt;
    }
    Seen seen;
    seen.head = buffer_.substr(0, end + 2);
    seen.line = seen.head.substr(0, seen.head.find('\r'));
    std::ranges::transform(seen.head, seen.head.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    buffer_.erase(0, end + 4);
    const auto length = seen.head.find("\r\ncontent-length: ");
    const std::size_t size = length == std::string::npos
                                 ? 0
                                 : std::strtoull(seen.head.c_str() + length + 18, nullptr, 10);
    while (buffer_.size() < size) {
      if (!receive()) return std::nullopt;
    }
    seen.body = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return seen;
  }

 private:
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  bool receive() {
    char bytes[16 * 1024];
    const auto size = !is_open_ ? 0
                      : ssl_    ? SSL_read(ssl_.get(), bytes, sizeof bytes)
                                : ::recv(fd_, bytes, sizeof bytes, 0);
    if (size > 0) buffer_.append(bytes, static_cast<std::size_t>(size));
    return size > 0;
  }

  int fd_;
  std::unique_ptr<SSL, Free> ssl_;
  bool is_open_ = true;
  std::string buffer_;
};

class TestServer {
 public:
  using Serve = std::function<void(Wire&, const Seen&)>;

  explicit TestServer(Serve serve, const TestCertificate* certificate = nullptr,
                      const char* address = "127.0.0.1")
      : serve_(std::move(serve)), address_(address) {
    if (certificate != nullptr) tls_ = certificate->context();
    sockaddr_in6 name{};
    socklen_t size = sizeof name;
    auto* v4 = reinterpret_cast<sockaddr_in*>(&name);
    const bool is_v6 = address_.contains(':');
    if (is_v6) {
      name.sin6_family = AF_INET6;
      ::inet_pton(AF_INET6, address, &name.sin6_addr);
    } else {
      v4->sin_family = AF_INET;
      ::inet_pton(AF_INET, address, &v4->sin_addr);
      size = sizeof *v4;
    }
    listener_ = ::socket(name.sin6_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    is_listening_ = ::bind(listener_, reinterpret_cast<sockaddr*>(&name), size) == 0 &&
                    ::listen(listener_, 64) == 0;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&name), &size);
    port_ = ntohs(is_v6 ? name.sin6_port : v4->sin_port);
    acceptor_ = std::thread([this] { accept(); });
  }
  ~TestServer() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    {
      std::lock_guard lock(mutex_);
      for (auto* wire : wires_) wire->interrupt();
    }
    for (auto& thread : threads_) thread.join();
    if (tls_ != nullptr) SSL_CTX_free(tls_);
  }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  bool is_listening() const { return is_listening_; }
  std::string port() const { return std::to_string(port_); }
  std::string url(std::string_view path = "/") const {
    return url_for(address_.contains(':') ? "[" + address_ + "]" : address_, path);
  }
  std::string url_for(std::string_view host, std::string_view path = "/") const {
    return (tls_ == nullptr ? "http://" : "https://") + std::string(host) + ":" + port() +
           std::string(path);
  }
  std::vector<Seen> seen() const {
    std::lock_guard lock(mutex_);
    return seen_;
  }
  int connections() const { return connections_; }

 private:
  void accept() {
    for (;;) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      ++connections_;
      threads_.emplace_back([this, fd] { converse(fd); });
    }
  }
  void converse(int fd) {
    // OpenSSL writes to clients that have gone. Only here, so that a client that does is noticed.
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    Wire wire(fd, tls_);
    {
      std::lock_guard lock(mutex_);
      wires_.push_back(&wire);
    }
    while (wire.is_open()) {
      const auto request = wire.read_request();
      if (!request) break;
      {
        std::lock_guard lock(mutex_);
        seen_.push_back(*request);
      }
      serve_(wire, *request);
    }
    std::lock_guard lock(mutex_);
    std::erase(wires_, &wire);
  }

  Serve serve_;
  std::string address_;
  SSL_CTX* tls_ = nullptr;
  int listener_ = -1;
  bool is_listening_ = false;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_ = 0;
  mutable std::mutex mutex_;
  std::vector<Wire*> wires_;
  std::vector<Seen> seen_;
  std::vector<std::thread> threads_;  // of the acceptor, then of the destructor
  std::thread acceptor_;
};

}  // namespace synap::outbound
