#pragma once

#include <cstdint>

namespace synap::bench {

// Nanoseconds of the monotonic clock. Every time in the driver is of this kind.
using Nanoseconds = std::int64_t;

inline constexpr Nanoseconds kNanosecondsPerSecond = 1'000'000'000;

Nanoseconds now();

// Something with a file descriptor that wants to hear when it can be read or written.
class Pollable {
 public:
  virtual ~Pollable() = default;
  virtual void on_ready(std::uint32_t events) = 0;
};

// The one thread of the driver waits here. It owns the epoll descriptor and a timer, never the
// pollables: whoever adds one keeps it alive until the loop is gone.
class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  void add(int descriptor, std::uint32_t events, Pollable& pollable);
  void modify(int descriptor, std::uint32_t events, Pollable& pollable);
  void remove(int descriptor);

  // Waits until something is ready or `deadline` has come, or for a while that ends shortly before
  // it, and tells every pollable that is ready.
  void run_until_ready(Nanoseconds deadline);

 private:
  void set_timer(Nanoseconds at);

  int epoll_ = -1;
  int timer_ = -1;
  Nanoseconds timer_at_ = 0;
};

}  // namespace synap::bench
