// How long to wait before a provider is asked again.
#pragma once

#include <chrono>
#include <optional>

#include "base/world.h"

namespace synap::models {

/// A provider that wants to be left alone for longer is not waited for: the next one is asked.
inline constexpr std::chrono::milliseconds kRetryAfterMax{30'000};

/// Before attempt `retry` (from 1): what the provider asks for, or else half a second, doubled each
/// time, give or take a half, so that many who failed together do not come back together. Nothing:
/// it asks for too long.
std::optional<std::chrono::milliseconds> pause_before(
    int retry, std::optional<std::chrono::milliseconds> retry_after, World& world);

}  // namespace synap::models
