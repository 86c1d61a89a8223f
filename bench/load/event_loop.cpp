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
  // epoll_wait counts in milliseconds; a paced run needs its send times kept to microseconds.
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
  if (deadline != timer_deadline_) {
    timer_deadline_ = deadline;
    itimerspec spec{};
    spec.it_value.tv_sec = deadline / kNanosecondsPerSecond;
    spec.it_value.tv_nsec = deadline % kNanosecondsPerSecond;
    // A timer of zero would be a disarmed one, and the driver would sleep for ever.
    if (deadline <= 0) spec.it_value = {.tv_sec = 0, .tv_nsec = 1};
    timerfd_settime(timer_, TFD_TIMER_ABSTIME, &spec, nullptr);
  }
  std::array<epoll_event, 256> ready{};
  const int count = epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), -1);
  if (count < 0) {
    if (errno == EINTR) return;
    fail("epoll_wait");
  }
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = ready.at(static_cast<std::size_t>(i));
    if (event.data.ptr == nullptr) {
      std::uint64_t expirations = 0;
      [[maybe_unused]] const auto ignored = read(timer_, &expirations, sizeof expirations);
      timer_deadline_ = 0;
    } else {
      static_cast<Pollable*>(event.data.ptr)->on_ready(event.events);
    }
  }
}

}  // namespace synap::bench
