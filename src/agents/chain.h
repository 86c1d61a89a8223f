// Chain: a run of an agent, and all that follow from it, each from what another of them did. An
// agent may do what begins an agent, itself among them, and so might never come to an end: a chain
// is bounded in how many of its runs stand one behind the other, in how many there are, and in what
// models may take for all of them together.
//
// What people and programs cause is no chain, however much it is: of the 2,000 notes of an import
// each begins one of its own. How many begin in an hour is bounded, and those beyond wait.
//
// A request of a run beyond a bound is refused, which whoever asks is told: a caller by the answer,
// an event that would have begun it by a run that was given up (a dead letter). A call of a model
// beyond one is refused, and ends its run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/task.h"
#include "db/database.h"
#include "events/log.h"

namespace synap::agents {

/// The settings agent_chain_*_max and agent_runs_per_hour_max.
struct ChainLimits {
  std::int64_t depth_max = 8;
  std::int64_t runs_max = 100;
  /// Of all calls of models of a chain (models/account.h). 0: any number. One run may take nearly
  /// so many by itself: 32 calls, each of 24,000 tokens (Limits::tokens_of_ask, of which a setting
  /// makes fewer and none more) and an answer of 4,096.
  std::int64_t tokens_max = 1'000'000;
  /// In the currency of the prices. 0: any amount. What five runs may cost at most.
  double cost_max = 5;
  /// Of one agent and user, begun by events: those beyond wait. 0: any number.
  std::int64_t runs_per_hour_max = 1'000;
};

/// Where a run stands in the chain that it would be a part of.
struct ChainPlace {
  std::int64_t depth = 1;  // how many runs there are up to it, with it
  /// The first run of it. Nothing: this is the first.
  std::optional<Uuid> first = std::nullopt;
  /// Of all that follows from one cause. Nothing: the run follows from nothing.
  std::optional<Uuid> correlation = std::nullopt;
  /// It follows from what an agent did that had read stored text, or from what cannot be known to
  /// follow from nothing of the kind. So is the run, whoever stands between them: reading.h.
  bool is_tainted = false;
  /// The key, or the session of one, by which the last caller before it acted, of whatever stands
  /// between: of its budget is the run. Nothing: the clock or the pod itself began it.
  std::optional<std::string> key = std::nullopt;
  /// The agents that did it, the last one first, up to the last that was done by a key.
  std::vector<std::string> agents = {};

  /// As RunRequested has it.
  std::optional<std::int64_t> told_depth() const {
    return depth > 1 ? std::optional(depth) : std::nullopt;
  }
  std::optional<std::string> told_first() const {
    return first ? std::optional(first->to_string()) : std::nullopt;
  }
};

/// The place of a run that would follow from `cause`, which must outlive the call. Errors are those
/// of EventLog::find, without kNotFound: what is not there leads no further. Where it cannot be
/// followed to its beginning, all that has the same cause is one chain, and tainted.
Task<Result<ChainPlace>> place_behind(events::EventLog& log, const events::Event& cause);

/// In the transaction that appends the request of a run at this place. Aborts it where there are as
/// many as may be: kUnprocessableContent, with the reason AGENT_LIMIT.
void admit(db::Tx& tx, const ChainPlace& place, const ChainLimits& limits);

}  // namespace synap::agents
