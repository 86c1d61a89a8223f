#include "inngest/memos.h"

#include <fmt/format.h>

#include "inngest/canonical.h"
#include "workers/op.h"

namespace synap::inngest {

std::string memo_of(std::string_view key, const Json& value) {
  std::string memo = "{";
  append_json_string(memo, key);
  memo.push_back(':');
  append_canonical(memo, value);
  memo.push_back('}');
  return memo;
}

std::string too_many_steps() {
  return fmt::format("The function run exceeded the step limit of {} steps.", workers::kStepsMax);
}

std::optional<std::string> excess_of(std::string_view step, std::size_t memo_bytes,
                                     std::int64_t run_bytes, int place) {
  if (static_cast<std::int64_t>(memo_bytes) > workers::kStepBytesMax) {
    return fmt::format("The result of the step \"{}\" has {} bytes; at most {} are kept", step,
                       memo_bytes, workers::kStepBytesMax);
  }
  if (run_bytes > workers::kRunBytesMax) {
    return fmt::format(
        "With the result of the step \"{}\" the run would keep {} bytes; at most {} "
        "are kept",
        step, run_bytes, workers::kRunBytesMax);
  }
  if (place >= workers::kStepsMax) return too_many_steps();
  return std::nullopt;
}

}  // namespace synap::inngest
