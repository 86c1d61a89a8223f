// OthersEvents: what other nodes append about that which this one has in memory: keys, pauses of
// functions, apps, agents that begin by themselves. It goes through the log behind its end, and has
// each room look at its rows again; what this node has appended itself comes, too, and changes
// nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/task.h"
#include "base/world.h"
#include "events/log.h"

namespace synap::pod {

class OthersEvents {
 public:
  /// Both must outlive it. From the end of the log on: made before any room reads its rows.
  OthersEvents(events::EventLog& log, World& world)
      : log_(log), world_(world), position_(log.end().value()) {}

  /// The error is told, and the event handed in again: what is wrong passes.
  using Hear = std::function<Task<Result<>>(const events::Event&)>;
  /// Before run().
  void add(std::vector<std::string> types, Hear hear);

  /// Until `stop` is asked for.
  Task<void> run(std::stop_token stop);

 private:
  struct Hearer {
    std::vector<std::string> types;
    Hear hear;
  };
  Task<Result<>> hand_in(const events::Event& event);

  events::EventLog& log_;
  World& world_;
  std::int64_t position_;
  std::vector<Hearer> hearers_;
  std::vector<std::string> types_;  // of all
};

}  // namespace synap::pod
