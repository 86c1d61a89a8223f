// Memos as the driver makes them of what apps report, and what a run may keep of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace synap::inngest {

/// {"data":...} or {"error":...}, in canonical form.
std::string memo_of(std::string_view key, const Json& value);

/// Why a step's memo of so many bytes may not be kept, as one that makes them `run_bytes` in all
/// and has `place` of the run's steps; nothing: it may.
std::optional<std::string> excess_of(std::string_view step, std::size_t memo_bytes,
                                     std::int64_t run_bytes, int place);
/// The sentence for a run with too many steps.
std::string too_many_steps();

}  // namespace synap::inngest
