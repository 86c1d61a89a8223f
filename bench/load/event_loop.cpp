#include "event_loop.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace synap::bench {
namespace {

// A sleeping thread is woken 0.1 ms late on a virtual machine and its processor is cold: that
// would be charged to the server. So the driver wakes early and polls until the time has come.
constexpr Nanoseconds kPollBefore = 500'000;

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

Nanoseconds now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * kNanosecondsPerSecond + time.tv_nsec;
}

EventLoop::EventLoop() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_ < 0) fail("epoll_create1");
  // epoll_wait counts in milliseconds.
  timer_ = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (timer_ < 0) fail("timerfd_create");
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, timer_, &event) != 0) fail("epoll_ctl");
}

EventLoop::~EventLoop() {
  close(timer_);
  close(epoll_);
}

void EventLoop::add(int descriptor, std::uint32_t events, Pollable& pollable) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &pollable;
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) != 0) fail("epoll_ctl");
}

void EventLoop::modify(int descriptor, std::uint32_t events, Pollable& pollable) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &pollable;
  if (epoll_ctl(epoll_, EPOLL_CTL_MOD, descriptor, &event) != 0) fail("epoll_ctl");
}

void EventLoop::remove(int descriptor) {
  epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, nullptr);
}

void EventLoop::run_until_ready(Nanoseconds deadline) {
  std::array<epoll_event, 256> ready{};
  int count = 0;
  if (deadline - now() > kPollBefore) {
    set_timer(deadline - kPollBefore);
    count = epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), -1);
  } else {
    do {
      count = epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), 0);
    } while (count == 0 && now() < deadline);
  }
  if (count < 0) {
    if (errno == EINTR) return;
    fail("epoll_wait");
  }
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = ready.at(static_cast<std::size_t>(i));
    if (event.data.ptr == nullptr) {
      std::uint64_t expirations = 0;
      [[maybe_unused]] const auto ignored = read(timer_, &expirations, sizeof expirations);
      timer_at_ = 0;
    } else {
      static_cast<Pollable*>(event.data.ptr)->on_ready(event.events);
    }
  }
}

void EventLoop::set_timer(Nanoseconds at) {
  if (at == timer_at_) return;
  timer_at_ = at;
  itimerspec spec{};
  spec.it_value.tv_sec = at / kNanosecondsPerSecond;
  spec.it_value.tv_nsec = at % kNanosecondsPerSecond;
  timerfd_settime(timer_, TFD_TIMER_ABSTIME, &spec, nullptr);
}

}  // namespace synap::bench
