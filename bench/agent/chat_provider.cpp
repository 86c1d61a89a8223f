#include "chat_provider.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <string_view>
#include <system_error>

namespace synap::bench {
namespace {

constexpr Nanoseconds kWakeEvery = kNanosecondsPerSecond / 20;
constexpr std::string_view kMark = "bench-chat-";

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

std::string event(std::string_view delta, std::string_view finish) {
  return fmt::format(
      "data: {{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"script\","
      "\"choices\":[{{\"index\":0,\"delta\":{},\"finish_reason\":{}}}]}}\n\n",
      delta, finish);
}

// How long the request at the front is, with its body; 0: it is not whole.
std::size_t request_bytes(std::string_view bytes) {
  const auto head = bytes.find("\r\n\r\n");
  if (head == std::string_view::npos) return 0;
  std::string lower(bytes.substr(0, head));
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  const auto at = lower.find("content-length: ");
  std::size_t body = 0;
  if (at != std::string::npos) {
    std::from_chars(lower.data() + at + 16, lower.data() + lower.size(), body);
  }
  return bytes.size() >= head + 4 + body ? head + 4 + body : 0;
}

int chat_of(std::string_view request) {
  const auto at = request.rfind(kMark);
  int chat = -1;
  if (at != std::string_view::npos) {
    std::from_chars(request.data() + at + kMark.size(), request.data() + request.size(), chat);
  }
  return chat;
}

}  // namespace

std::string mark_of(int chat) {
  return fmt::format("{}{} ", kMark, chat);
}

ChatProvider::ChatProvider(std::uint16_t port, const ChatPlan& plan)
    : plan_(plan), asked_at_(static_cast<std::size_t>(plan.chats)) {
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (epoll_ < 0 || listener_ < 0) fail("socket");
  const int one = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in here{};
  here.sin_family = AF_INET;
  here.sin_port = htons(port);
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener_, reinterpret_cast<const sockaddr*>(&here), sizeof here) != 0) fail("bind");
  if (listen(listener_, 1'024) != 0) fail("listen");
  epoll_event wanted{};
  wanted.events = EPOLLIN;
  wanted.data.fd = listener_;
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &wanted) != 0) fail("epoll_ctl");
  thread_ = std::thread([this] { run(); });
}

ChatProvider::~ChatProvider() {
  is_to_end_ = true;
  thread_.join();
  for (const auto& [descriptor, connection] : connections_) close(descriptor);
  close(listener_);
  close(epoll_);
}

void ChatProvider::run() {
  std::array<epoll_event, 256> ready{};
  while (!is_to_end_) {
    const auto wait = std::clamp<Nanoseconds>(send_what_is_due() - now(), 0, kWakeEvery);
    const timespec timeout{.tv_sec = 0, .tv_nsec = wait};
    const int count =
        epoll_pwait2(epoll_, ready.data(), static_cast<int>(ready.size()), &timeout, nullptr);
    for (int i = 0; i < count; ++i) {
      const auto& one = ready.at(static_cast<std::size_t>(i));
      if (one.data.fd == listener_) {
        accept_all();
        continue;
      }
      const auto found = connections_.find(one.data.fd);
      if (found == connections_.end()) continue;
      if ((one.events & EPOLLOUT) != 0) flush(found->second);
      if ((one.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read(found->second);
    }
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    processor_ns_ = static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
  }
}

void ChatProvider::accept_all() {
  for (;;) {
    const int descriptor = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) return;
    const int one = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    connections_[descriptor] = {.descriptor = descriptor};
    epoll_event wanted{};
    wanted.events = EPOLLIN;
    wanted.data.fd = descriptor;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &wanted);
  }
}

void ChatProvider::read(Connection& connection) {
  std::array<char, 65536> bytes;  // NOLINT: what is not read is not looked at
  const auto count = recv(connection.descriptor, bytes.data(), bytes.size(), 0);
  if (count < 0 && errno == EAGAIN) return;
  if (count <= 0) return close_now(connection.descriptor);
  connection.received.append(bytes.data(), static_cast<std::size_t>(count));
  const auto size = request_bytes(connection.received);
  if (size == 0) return;
  connection.chat = chat_of(std::string_view(connection.received).substr(0, size));
  connection.received.erase(0, size);
  begin(connection);
}

void ChatProvider::begin(Connection& connection) {
  const auto time = now();
  if (connection.chat >= 0 && connection.chat < plan_.chats) {
    asked_at_[static_cast<std::size_t>(connection.chat)] = time;
    ++asked_;
  }
  connection.next_token = 0;
  send(connection,
       "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n");
  due_.push_back({time + plan_.pause(), connection.descriptor});
}

// When the next is due.
Nanoseconds ChatProvider::send_what_is_due() {
  while (!due_.empty() && due_.front().at <= now()) {
    const auto one = due_.front();
    due_.pop_front();
    const auto found = connections_.find(one.descriptor);
    if (found == connections_.end()) continue;
    send_token(found->second);
    if (!found->second.is_to_close) due_.push_back({one.at + plan_.pause(), one.descriptor});
  }
  return due_.empty() ? now() + kWakeEvery : due_.front().at;
}

void ChatProvider::send_token(Connection& connection) {
  int number = connection.next_token++;
  if (number == plan_.tokens()) {
    connection.is_to_close = true;
    send(connection, event("{}", "\"stop\"") +
                         "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":2000,"
                         "\"completion_tokens\":300}}\n\ndata: [DONE]\n\n");
    return;
  }
  if (plan_.fault != ChatPlan::Fault::kNone && connection.chat % 10 == 1) {
    if (plan_.fault == ChatPlan::Fault::kLoss && number == 3) return;
    if (plan_.fault == ChatPlan::Fault::kSwap && (number == 3 || number == 4)) number = 7 - number;
  }
  // The time is that before the call by which it is sent.
  send(connection, event(fmt::format("{{\"content\":\"{}:{} \"}}", number, now()), "null"));
}

void ChatProvider::send(Connection& connection, std::string_view bytes) {
  const bool was_full = !connection.unsent.empty();
  connection.unsent.append(bytes);
  if (!was_full) flush(connection);
}

void ChatProvider::flush(Connection& connection) {
  const auto sent = ::send(connection.descriptor, connection.unsent.data(),
                           connection.unsent.size(), MSG_NOSIGNAL);
  if (sent > 0) connection.unsent.erase(0, static_cast<std::size_t>(sent));
  if (connection.unsent.empty() && connection.is_to_close) {
    shutdown(connection.descriptor, SHUT_WR);
    return;
  }
  epoll_event wanted{};
  wanted.events = connection.unsent.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT;
  wanted.data.fd = connection.descriptor;
  if (!connection.unsent.empty()) {
    epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.descriptor, &wanted);
  }
}

void ChatProvider::close_now(int descriptor) {
  epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, nullptr);
  close(descriptor);
  connections_.erase(descriptor);
}

}  // namespace synap::bench
