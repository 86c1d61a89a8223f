// RunEnds: who waits for runs to end, and is woken when one does. Nothing of it is kept: whether a
// run has ended already stands in the table, and is to be looked at behind wait().
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/status.h"
#include "base/timer.h"
#include "base/uuid.h"

namespace synap::inngest {

struct RunEndsOptions {
  std::size_t waiting_of_run_max = 16;
  std::size_t waiting_of_user_max = 256;
};

/// Any thread.
class RunEnds {
 public:
  explicit RunEnds(RunEndsOptions options = {}) : options_(options) {}
  RunEnds(const RunEnds&) = delete;
  RunEnds& operator=(const RunEnds&) = delete;

  /// Waits for as long as somebody has it; grows each time the run ends.
  using Place = std::shared_ptr<Watermark>;
  /// kTooManyRequests: so many wait already for this run, or for runs of this user.
  Result<Place> wait(const Uuid& run_id, const std::string& user_id);
  void note(const Uuid& run_id);

 private:
  struct Run {
    Watermark ended;
    std::int64_t count = 0;  // a dead letter that is tried again ends again
    std::size_t waiting = 0;
  };
  void leave(const Uuid& run_id, const std::string& user_id);

  const RunEndsOptions options_;
  std::mutex mutex_;
  std::map<Uuid, std::shared_ptr<Run>> runs_;
  std::map<std::string, std::size_t> waiting_of_;  // users
};

}  // namespace synap::inngest
