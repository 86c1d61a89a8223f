#include "byte_stream.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace synap::bench {

ByteStream::~ByteStream() {
  close_now();
}

void ByteStream::open() {
  close_now();
  descriptor_ = connect_to(address_);
  loop_.add(descriptor_, EPOLLIN, *this);
}

void ByteStream::close_now() {
  if (descriptor_ < 0) return;
  loop_.remove(descriptor_);
  close(descriptor_);
  descriptor_ = -1;
  ++generation_;
  wants_write_ = false;
  received_.clear();
  received_used_ = 0;
  unsent_.clear();
}

void ByteStream::write(std::string_view bytes) {
  if (!unsent_.empty()) {
    unsent_.append(bytes);
    return;
  }
  const auto sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  const std::size_t done = sent < 0 ? 0 : static_cast<std::size_t>(sent);
  // An error other than "full" shows itself again as readable end-of-file; it is handled there.
  if (done < bytes.size()) {
    unsent_.append(bytes.substr(done));
    wants_write_ = true;
    loop_.modify(descriptor_, EPOLLIN | EPOLLOUT, *this);
  }
}

void ByteStream::on_ready(std::uint32_t events) {
  if (descriptor_ < 0) return;
  if ((events & EPOLLOUT) != 0) flush();
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read_all();
}

void ByteStream::flush() {
  const auto sent = ::send(descriptor_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
  if (sent > 0) unsent_.erase(0, static_cast<std::size_t>(sent));
  if (unsent_.empty() && wants_write_) {
    wants_write_ = false;
    loop_.modify(descriptor_, EPOLLIN, *this);
  }
}

void ByteStream::read_all() {
  std::array<char, 65536> chunk;
  const auto count = ::recv(descriptor_, chunk.data(), chunk.size(), 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) {
    close_now();
    on_closed();
    return;
  }
  received_.append(chunk.data(), static_cast<std::size_t>(count));
  while (received_used_ < received_.size()) {
    const std::uint64_t before = generation_;
    const std::size_t used = on_bytes(std::string_view(received_).substr(received_used_));
    if (generation_ != before) return;  // The callback closed or reopened: the buffer is not ours.
    if (used == 0) break;
    received_used_ += used;
  }
  received_.erase(0, received_used_);
  received_used_ = 0;
}

}  // namespace synap::bench
