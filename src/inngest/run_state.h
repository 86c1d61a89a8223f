// RunState: what Inngest tells of a run by its status. The bus has more of them: one that sleeps is
// under way, and a dead letter that somebody has put away has failed as before.
#pragma once

#include <cstdint>
#include <string_view>

namespace synap::inngest {

enum class RunState : std::uint8_t { kRunning, kCompleted, kFailed, kCancelled };

/// Of what stands in runs_data; a status that is not known is of a run that has not ended.
RunState run_state_of(std::string_view status);
/// As REST and events have it: "Completed".
std::string_view rest_name(RunState state);
/// As GraphQL has it: "COMPLETED".
std::string_view graphql_name(RunState state);

}  // namespace synap::inngest
