// The last word of a run: what an agent leaves where its run is cancelled or given up, so that
// what people have seen of it is kept.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agents/agent_events.h"
#include "agents/live.h"
#include "bus/function.h"

namespace synap::agents {

struct RunRooms;

/// How far a run had come that did not end by itself.
struct Unfinished {
  Uuid run;
  RunRequested asked;
  std::int64_t began_at = 0;  // when it was asked, Unix ms
  /// Of its own graph, the last; of one that had not begun, where it would have.
  Checkpoint last;
  /// What was heard of it at this node behind that, unless it is gone by now.
  std::vector<FeedEntry> since;
  Error why;

  bool is_tainted() const;
};

/// An event of the agent about something else than its run.
struct LastWord {
  std::string type;
  Json data;
  std::optional<Uuid> aggregate;
  std::string aggregate_type;
  /// Within the transaction of the end: what the run has done itself by then, so that it is not
  /// said.
  std::function<bool(db::Tx& tx)> is_said;
};

/// For the function that carries out runs of agents. A model that is being asked in this process
/// for a run that is cancelled is asked no more.
decltype(bus::Function::last_words) last_words_of(RunRooms rooms);

}  // namespace synap::agents
