// Connection's socket: bytes in, bytes out, and what the loop asks of it. Here the coroutines of
// the conversation are resumed; nothing here is a coroutine.
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <cerrno>
#include <utility>

#include "base/check.h"
#include "net/connection.h"
#include "net/connection_waits.h"

namespace synap::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

// What an idle connection keeps of its buffers.
constexpr std::size_t kKeptBytesMax = 16 * 1024;

}  // namespace

Connection::More Connection::more() {
  return More(*this);
}

Connection::Send Connection::send(std::string_view first, std::string_view second,
                                  std::string_view third) {
  SYNAP_CHECK(!writer_, "one write at a time");
  const std::array parts = {first, second, third};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    out_[i] = {const_cast<char*>(parts[i].data()), parts[i].size()};
  }
  return Send(*this);
}

void Connection::wake(std::coroutine_handle<>& waiting) {
  if (auto coroutine = std::exchange(waiting, {})) coroutine.resume();
}

// So that whoever waits, for bytes or for room, looks around.
void Connection::wake_reader() {
  if (waiting_ != nullptr) waiting_->cancel();
  wake(reader_);
}

void Connection::keep_reading() {
  const bool is_full = phase_ != Phase::kLingering && in_.size() - in_taken_ >= in_max_;
  if (is_reading_ || is_eof_ || is_broken_ || is_full || !socket_.is_open()) return;
  is_reading_ = true;
  socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](const error_code& ec) {
    self->is_reading_ = false;
    if (!ec && self->socket_.is_open()) self->on_readable();
  });
}

void Connection::on_readable() {
  error_code ec;
  auto& scratch = loop_.scratch();
  const std::size_t unread_bytes = in_.size() - in_taken_;
  const auto wanted =
      phase_ == Phase::kLingering ? scratch.size() : in_max_ - std::min(in_max_, unread_bytes);
  const std::size_t count =
      socket_.read_some(asio::buffer(scratch.data(), std::min(scratch.size(), wanted)), ec);
  if (ec == asio::error::would_block || ec == asio::error::interrupted) return keep_reading();
  if (ec == asio::error::eof) {
    is_eof_ = true;
    gone_.request_stop();
    return wake_reader();
  }
  if (ec) return break_off();
  if (phase_ == Phase::kLingering) {
    drained_ += count;
  } else {
    in_.append(scratch.data(), count);
  }
  is_fresh_ = true;
  keep_reading();
  wake(reader_);
}

void Connection::take(std::size_t count) {
  in_taken_ += count;
  if (in_taken_ == in_.size()) {
    in_.clear();
    in_taken_ = 0;
    if (in_.capacity() > kKeptBytesMax) in_.shrink_to_fit();
  } else if (in_taken_ > kKeptBytesMax) {
    in_.erase(0, in_taken_);
    in_taken_ = 0;
  }
}

// True: nothing is left to be sent, or nothing can be.
bool Connection::send_some() {
  for (;;) {
    std::size_t first = 0;
    while (first < out_.size() && out_[first].iov_len == 0) ++first;
    if (first == out_.size()) return true;
    msghdr message{};
    message.msg_iov = &out_[first];
    message.msg_iovlen = out_.size() - first;
    const auto sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
      is_broken_ = true;
      gone_.request_stop();
      return true;
    }
    auto left = static_cast<std::size_t>(sent);
    for (auto& part : out_) {
      const auto step = std::min(left, part.iov_len);
      part.iov_base = static_cast<char*>(part.iov_base) + step;
      part.iov_len -= step;
      left -= step;
    }
  }
}

void Connection::wait_writable() {
  socket_.async_wait(tcp::socket::wait_write, [self = shared_from_this()](const error_code& ec) {
    if (ec) {
      if (ec != asio::error::operation_aborted) self->break_off();
    } else {
      self->on_writable();
    }
  });
}

void Connection::on_writable() {
  if (!writer_ || is_broken_) return;
  if (send_some()) return wake(writer_);
  renew_write_deadline(loop_.now());
  wait_writable();
}

void Connection::renew_write_deadline(SteadyTime now) {
  write_deadline_ = now + loop_.options().write_timeout;
  unacknowledged_ = unacknowledged_bytes(socket_);
}

// Ends the connection where it is. Only from the loop, never from a coroutine: it resumes them.
void Connection::break_off() {
  const auto self = shared_from_this();
  is_broken_ = true;
  error_code ec;
  socket_.close(ec);
  gone_.request_stop();
  wake(writer_);
  wake_reader();
}

void Connection::sweep(SteadyTime now) {
  if (now >= write_deadline_) {
    if (unacknowledged_bytes(socket_) >= unacknowledged_) return break_off();
    renew_write_deadline(now);
  }
  if (now < read_deadline_) return;
  const auto self = shared_from_this();
  read_deadline_ = kNever;
  is_late_ = true;
  wake_reader();
}

void Connection::begin_stop() {
  const auto self = shared_from_this();
  if (phase_ == Phase::kStreaming) gone_.request_stop();
  if (phase_ == Phase::kIdle) wake(reader_);
}

void Connection::force() {
  break_off();
}

bool Connection::is_at_work() const {
  return phase_ != Phase::kIdle && phase_ != Phase::kReceiving && phase_ != Phase::kLingering;
}

}  // namespace synap::net
