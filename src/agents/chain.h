// Chain: runs of agents each of which follows from another one, by what that one did. An agent may
// do what begins an agent, itself among them, and so might never come to an end: a chain is
// bounded in how many runs stand one behind the other, and in how many follow from one cause.
//
// A request of a run beyond a bound is refused, which whoever asks is told: a caller by the answer,
// an event that would have begun it by a run that was given up (a dead letter).
#pragma once

#include <cstdint>
#include <optional>

#include "base/task.h"
#include "db/database.h"
#include "events/log.h"

namespace synap::agents {

/// The settings agent_chain_depth_max, agent_chain_runs_max and agent_runs_per_hour_max.
struct ChainLimits {
  std::int64_t depth_max = 8;
  std::int64_t runs_max = 100;
  /// Of one agent and user, begun by events: those beyond wait. 0: any number.
  std::int64_t runs_per_hour_max = 1'000;
};

/// Where a run stands in the chain that it would be a part of.
struct ChainPlace {
  std::int64_t depth = 1;  // how many runs there are up to it, with it
  /// Of all that follows from one cause. Nothing: the run follows from nothing.
  std::optional<Uuid> correlation = std::nullopt;

  /// As RunRequested has it.
  std::optional<std::int64_t> told_depth() const {
    return depth > 1 ? std::optional(depth) : std::nullopt;
  }
};

/// The place of a run that would follow from `cause`, which must outlive the call. Errors are those
/// of EventLog::find, without kNotFound: what is not there leads no further.
Task<Result<ChainPlace>> place_behind(events::EventLog& log, const events::Event& cause);

/// In the transaction that appends the request of a run at this place. Aborts it where there are as
/// many as may be: kUnprocessableContent, with the reason AGENT_LIMIT.
void admit(db::Tx& tx, const ChainPlace& place, const ChainLimits& limits);

}  // namespace synap::agents
