#include "models/retry.h"

#include <algorithm>

namespace synap::models {

std::optional<std::chrono::milliseconds> pause_before(
    int retry, std::optional<std::chrono::milliseconds> retry_after, World& world) {
  using std::chrono::milliseconds;
  constexpr std::int64_t kFirstMs = 500;
  constexpr int kDoublingsMax = 5;
  if (retry_after) {
    if (*retry_after > kRetryAfterMax) return std::nullopt;
    return *retry_after;
  }
  std::uint8_t random = 0;
  world.random(&random, 1);
  const auto whole = kFirstMs << std::clamp(retry - 1, 0, kDoublingsMax);
  return milliseconds(whole / 2 + whole * random / 255);
}

}  // namespace synap::models
