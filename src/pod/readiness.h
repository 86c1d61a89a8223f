// Readiness: whether the pod can do its work now, which is what /ready answers.
//
// It can if its data directory is still its own, its disk has some room left, a row can be written
// and synced, and content can be stored, where that is elsewhere. A row is little, and may find
// room where nothing else does: so what the disk refuses of others counts, too. Anybody may ask, so
// it is looked at no more than once a second, and the write waits behind those of people.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "base/task.h"
#include "base/world.h"
#include "content/store.h"
#include "db/engine.h"
#include "pod/data_directory.h"

namespace synap::pod {

struct ReadinessOptions {
  std::int64_t free_bytes_min = 0;  // of the disk
  /// How long an answer is given again.
  std::chrono::milliseconds fresh_for{1'000};
  /// How long a write may take. A commit of a slow disk under full load takes a tenth of it.
  std::chrono::milliseconds patience{5'000};
  /// Where content is kept; null: not looked at.
  content::ContentStore* content = nullptr;
  /// Each commit writes a row of this node's own, so none that all would wait for is needed.
  bool is_node = false;
  /// How long it says no after the disk has refused what somebody wrote to the database.
  std::chrono::milliseconds refusal_counts_for{5'000};
  /// How long content that could be stored is taken to be so: each look at a bucket costs money.
  std::chrono::milliseconds content_fresh_for{30'000};
};

class Readiness {
 public:
  static std::vector<db::Database::Migration> migrations();

  /// All must outlive it, and so must it those who await check().
  Readiness(ReadinessOptions options, db::Engine& database, const DataDirectory& directory,
            World& world = real_world())
      : options_(options), database_(database), directory_(directory), world_(world) {}

  /// kServiceUnavailable: it is not, with the reason as a sentence. Any thread. While one caller
  /// looks, the others get the answer of before.
  Task<Result<>> check();
  /// From now on it says no, since the pod is about to stop. Any thread.
  void end() { has_ended_ = true; }

 private:
  class Looking;

  std::optional<Result<>> known(SteadyClock::time_point now);
  Task<Result<>> look();
  Result<> not_refused() const;
  Task<Result<>> look_at_content();

  const ReadinessOptions options_;
  db::Engine& database_;
  const DataDirectory& directory_;
  World& world_;

  std::atomic<bool> has_ended_{false};
  std::mutex mutex_;
  bool is_looking_ = false;
  SteadyClock::time_point began_;  // the last look
  SteadyClock::time_point ended_;
  std::optional<Result<>> answer_;  // of the last look that has ended
  // Of whoever looks:
  std::optional<SteadyClock::time_point> content_seen_;  // since when it could be stored
};

}  // namespace synap::pod
