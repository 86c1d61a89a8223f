#include "net/server.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <atomic>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <cstring>
#include <future>
#include <mutex>
#include <vector>

#include "base/check.h"
#include "base/log.h"
#include "net/loop.h"

namespace synap::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

// How long handlers that were told twice that all is over may take to believe it.
constexpr std::chrono::milliseconds kHandlersLastTime{10'000};

// Beyond connections_max, this many clients at a time are told so; more are just closed.
constexpr std::size_t kRefusedAtATimeMax = 64;

// Accepts connections on the first loop's thread and deals them out to all loops in turn. One
// acceptor rather than one per thread (SO_REUSEPORT): with few connections the kernel's hash can
// put all of them on one thread.
class Acceptor {
 public:
  Acceptor(Shared& shared, std::vector<std::unique_ptr<Loop>>& loops)
      : shared_(shared),
        loops_(loops),
        acceptor_(loops.front()->io().get_executor()),
        pause_(loops.front()->io().get_executor()) {}

  Result<> listen() {
    auto bound = shared_.options.address;
    if (bound == nullptr) {
      auto made = BoundAddress::bind(shared_.options.host, shared_.options.port);
      if (!made) return fail(made.error());
      bound = std::move(*made);
    }
    error_code ec;
    acceptor_.assign(bound->is_ipv6() ? tcp::v6() : tcp::v4(), bound->release(), ec);
    // Refused where somebody else who had bound the address too was first to listen.
    if (!ec) acceptor_.listen(4096, ec);
    if (!ec) acceptor_.native_non_blocking(true, ec);
    if (!ec) port_ = acceptor_.local_endpoint(ec).port();
    if (!ec) return {};
    return fail(cannot_listen(shared_.options.host, shared_.options.port, ec.value()));
  }

  std::uint16_t port() const { return port_; }

  // On the first loop's thread, all below.
  void accept() {
    if (is_closed_) return;
    acceptor_.async_wait(tcp::acceptor::wait_read, [this](const error_code& ec) {
      if (ec || is_closed_) return;
      if (accept_all()) {
        accept();
      } else {
        pause_.expires_after(std::chrono::milliseconds(100));
        pause_.async_wait([this](const error_code& pause_error) {
          if (!pause_error) accept();
        });
      }
    });
  }

  void close() {
    is_closed_ = true;
    error_code ec;
    acceptor_.close(ec);
    pause_.cancel();
  }

 private:
  // False: the system cannot give us more sockets at present.
  bool accept_all() {
    // A bound, so that a flood of connections does not keep the first loop from its own.
    for (int i = 0; i < 64; ++i) {
      tcp::endpoint peer;
      auto length = static_cast<socklen_t>(peer.capacity());
      const int fd =
          ::accept4(acceptor_.native_handle(), peer.data(), &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) {
        switch (errno) {
          case EAGAIN:
            return true;
          case EMFILE:
          case ENFILE:
          case ENOBUFS:
          case ENOMEM:
            log_pause(errno);
            shared_.count_accept_failure();
            for (auto& loop : loops_) loop->give_way();
            return false;
          case EBADF:
          case EINVAL:
          case ENOTSOCK:
            log_pause(errno);
            return false;
          default:  // the connection was lost before we took it (accept(2), "Error handling")
            continue;
        }
      }
      peer.resize(length);
      if (shared_.connections() >= shared_.options.connections_max + kRefusedAtATimeMax) {
        ::close(fd);
        continue;
      }
      shared_.connection_opened();
      Loop& loop = *loops_[next_++ % loops_.size()];
      loop.adopt(fd, peer.address().to_string(), loops_.size());
    }
    return true;
  }

  void log_pause(int error) {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_log_) return;
    next_log_ = now + std::chrono::seconds(1);
    write_log(LogLevel::kError, "net",
              "cannot accept connections: {error}; trying again every 100 ms",
              {{"error", std::strerror(error)}});
  }

  Shared& shared_;
  std::vector<std::unique_ptr<Loop>>& loops_;
  asio::basic_socket_acceptor<tcp, asio::io_context::executor_type> acceptor_;
  asio::basic_waitable_timer<std::chrono::steady_clock,
                             asio::wait_traits<std::chrono::steady_clock>,
                             asio::io_context::executor_type>
      pause_;
  std::uint16_t port_ = 0;
  std::size_t next_ = 0;
  bool is_closed_ = false;
  std::chrono::steady_clock::time_point next_log_{};
};

}  // namespace

class HttpServer::Impl {
 public:
  Impl(ServerOptions options, Handler& handler)
      : shared_(std::make_unique<Shared>(std::move(options), handler)) {}

  Result<> start() {
    std::lock_guard lock(mutex_);
    SYNAP_CHECK(loops_.empty() && !is_stopped_, "a server starts once");
    for (int i = 0; i < std::max(shared_->options.threads, 1); ++i) {
      loops_.push_back(std::make_unique<Loop>(*shared_, i));
    }
    for (std::size_t i = 0; i < loops_.size(); ++i) {
      loops_[i]->set_next(*loops_[(i + 1) % loops_.size()]);
    }
    acceptor_ = std::make_unique<Acceptor>(*shared_, loops_);
    if (auto listening = acceptor_->listen(); !listening) {
      end_loops();
      return listening;
    }
    port_ = acceptor_->port();
    asio::post(loops_.front()->io(), [acceptor = acceptor_.get()] { acceptor->accept(); });
    return {};
  }

  std::uint16_t port() const { return port_; }
  ServerStatistics statistics() const {
    return shared_ != nullptr ? shared_->statistics() : ServerStatistics{};
  }

  void stop(std::chrono::milliseconds grace) {
    std::lock_guard lock(mutex_);
    is_stopped_ = true;
    if (loops_.empty()) return;
    for (auto& loop : loops_) {
      SYNAP_CHECK(Executor::current() != loop.get(), "a server cannot be stopped by a handler");
    }
    // First the door: once it is shut, and only then, every socket that was accepted is known to
    // its loop before the loop is told to stop.
    std::promise<void> closed;
    asio::post(loops_.front()->io(), [&] {
      acceptor_->close();
      closed.set_value();
    });
    closed.get_future().wait();
    for (auto& loop : loops_) loop->begin_stop();
    if (!shared_->wait_for_none(grace)) {
      for (auto& loop : loops_) loop->force();
      if (!shared_->wait_for_none(kHandlersLastTime)) return abandon();
    }
    end_loops();
  }

 private:
  void end_loops() {
    for (auto& loop : loops_) loop->join();
    // Sockets and timers before the io_context they are on.
    acceptor_.reset();
    loops_.clear();
  }

  // Some handler never returned. Its coroutine may be resumed by whatever it waits for, at any
  // time, so the executor it knows must stay: its thread ends, its memory is given up.
  void abandon() {
    write_log(LogLevel::kError, "net",
              "{count} handlers did not return though their clients are gone",
              {{"count", static_cast<std::int64_t>(shared_->connections())}});
    for (auto& loop : loops_) loop->join();
    acceptor_.reset();
    for (auto& loop : loops_) static_cast<void>(loop.release());
    loops_.clear();
    static_cast<void>(shared_.release());
  }

  std::unique_ptr<Shared> shared_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Loop>> loops_;
  std::unique_ptr<Acceptor> acceptor_;
  std::atomic<std::uint16_t> port_{0};
  bool is_stopped_ = false;
};

HttpServer::HttpServer(ServerOptions options, Handler& handler)
    : impl_(std::make_unique<Impl>(std::move(options), handler)) {}

HttpServer::~HttpServer() {
  stop(std::chrono::milliseconds(0));
}

Result<> HttpServer::start() {
  return impl_->start();
}
std::uint16_t HttpServer::port() const {
  return impl_->port();
}
ServerStatistics HttpServer::statistics() const {
  return impl_->statistics();
}
void HttpServer::stop(std::chrono::milliseconds grace) {
  impl_->stop(grace);
}

}  // namespace synap::net
