#include "inngest/run_state.h"

#include <array>
#include <cstddef>

namespace synap::inngest {
namespace {

struct Names {
  std::string_view rest;
  std::string_view graphql;
};
// In the order of RunState.
constexpr std::array<Names, 4> kNames = {Names{"Running", "RUNNING"},
                                         {"Completed", "COMPLETED"},
                                         {"Failed", "FAILED"},
                                         {"Cancelled", "CANCELLED"}};

}  // namespace

RunState run_state_of(std::string_view status) {
  if (status == "completed") return RunState::kCompleted;
  if (status == "failed" || status == "discarded") return RunState::kFailed;
  if (status == "cancelled") return RunState::kCancelled;
  return RunState::kRunning;
}

std::string_view rest_name(RunState state) {
  return kNames[static_cast<std::size_t>(state)].rest;
}

std::string_view graphql_name(RunState state) {
  return kNames[static_cast<std::size_t>(state)].graphql;
}

}  // namespace synap::inngest
