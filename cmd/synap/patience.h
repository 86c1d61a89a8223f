// Patience: waits for a pod that has answered before and does not now, as for a restart.
#pragma once

#include <chrono>

namespace synap::cli {

/// Waits longer and longer, up to some seconds. Says once that the connection is lost, and once
/// that it is there again. Whoever
/// watches a pod and has lost it asks again in between: nobody tells that a pod is back.
class Patience {
 public:
  /// Blocks until it is time to try again.
  void wait();
  /// It answers again, which is said once, too.
  void reset();

 private:
  static constexpr std::chrono::milliseconds kDelayMin{200};
  static constexpr std::chrono::milliseconds kDelayMax{5'000};
  std::chrono::milliseconds delay_ = kDelayMin;
};

}  // namespace synap::cli
