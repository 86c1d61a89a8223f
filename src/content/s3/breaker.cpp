#include "content/s3/breaker.h"

#include <algorithm>

#include "base/log.h"

namespace synap::content {

Breaker::Leave Breaker::ask(SteadyClock::time_point now) {
  std::lock_guard lock(mutex_);
  if (pause_.count() == 0) return {this, false};
  if (is_probing_ || now < until_) return {};
  is_probing_ = true;
  return {this, true};
}

void Breaker::close() {
  std::lock_guard lock(mutex_);
  if (pause_.count() > 0) write_log(LogLevel::kInfo, "content", "the S3 server answers again");
  failures_ = 0;
  is_probing_ = false;
  pause_ = std::chrono::milliseconds(0);
}

void Breaker::count(SteadyClock::time_point now, bool is_probe) {
  std::lock_guard lock(mutex_);
  if (is_probe) is_probing_ = false;
  // Those that were under way when it opened say nothing new.
  if (pause_.count() > 0 && !is_probe) return;
  if (++failures_ < kFailuresMax && pause_.count() == 0) return;
  if (pause_.count() == 0) {
    write_log(LogLevel::kError, "content",
              "the S3 server is away: nothing is asked of it but whether it is back");
  }
  pause_ = std::clamp(2 * pause_, kPauseMin, kPauseMax);
  until_ =
      now + std::chrono::duration_cast<std::chrono::milliseconds>(pause_ * (0.5 + jitter_() / 2));
}

void Breaker::untold(bool is_probe) {
  std::lock_guard lock(mutex_);
  if (is_probe) is_probing_ = false;
}

}  // namespace synap::content
