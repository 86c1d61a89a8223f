// Breaker: keeps a store from asking a server that is away. After some failures in a row nothing is
// asked for a while, so that nobody waits for what will not come; then one request looks whether it
// is back, and the while doubles if it is not. Knows no server and no clock.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <utility>

#include "base/timer.h"

namespace synap::content {

class Breaker {
 public:
  // One server that restarts fails some requests that were under way: that alone stops nothing.
  static constexpr int kFailuresMax = 5;
  static constexpr std::chrono::milliseconds kPauseMin{1'000};
  static constexpr std::chrono::milliseconds kPauseMax{30'000};

  /// `jitter` gives a number of 0 to 1: pods that lost the same server come back one by one.
  explicit Breaker(std::function<double()> jitter) : jitter_(std::move(jitter)) {}

  /// Leave to ask once. Its holder tells what came of it; one that goes untold leaves all as it
  /// was.
  class Leave {
   public:
    Leave() = default;
    Leave(Leave&& other) noexcept
        : breaker_(std::exchange(other.breaker_, nullptr)), is_probe_(other.is_probe_) {}
    Leave& operator=(Leave&&) = delete;
    ~Leave() {
      if (breaker_ != nullptr) breaker_->untold(is_probe_);
    }
    explicit operator bool() const { return breaker_ != nullptr; }
    /// The server has answered, whatever it was.
    void succeeded() { std::exchange(breaker_, nullptr)->close(); }
    /// Nobody has, or it says that it cannot now.
    void failed(SteadyClock::time_point now) {
      std::exchange(breaker_, nullptr)->count(now, is_probe_);
    }

   private:
    friend class Breaker;
    Leave(Breaker* breaker, bool is_probe) : breaker_(breaker), is_probe_(is_probe) {}
    Breaker* breaker_ = nullptr;
    bool is_probe_ = false;
  };

  /// None: the server is away, and is not to be asked now. Any thread.
  Leave ask(SteadyClock::time_point now);

 private:
  void close();
  void count(SteadyClock::time_point now, bool is_probe);
  void untold(bool is_probe);

  const std::function<double()> jitter_;
  std::mutex mutex_;
  int failures_ = 0;  // in a row
  bool is_probing_ = false;
  std::chrono::milliseconds pause_{0};  // 0: the server answers
  SteadyClock::time_point until_;
};

}  // namespace synap::content
