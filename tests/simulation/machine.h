// Machine: what a simulated pod runs on: a world, a disk, and the two layers above it. It outlives
// the pods that are started on it, one after another.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/simulated_world.h"
#include "base/status.h"
#include "simulation/disk.h"
#include "simulation/disk_files.h"
#include "simulation/sqlite_disk.h"

namespace synap::simulation {

struct Machine {
  explicit Machine(std::uint64_t seed) : world(seed) {}

  bool is_one_in(std::uint64_t many) { return world.below(many) == 0; }
  /// When the pod's process has gone, alone or with the power.
  void go_on(bool has_lost_power) {
    sqlite.forget();
    files.forget();
    has_lost_power ? disk.restore() : disk.resume();
  }

  /// Other ones than before, or none.
  void change_faults();
  /// Up to a day, both ways.
  void jump_clock();
  void let_looks_take_time();
  /// Until it is there: a pod that does not start is started again, at last on a machine that is
  /// well. What is wrong, if it never does.
  std::optional<std::string> start(const std::function<Result<>()>& start_pod);

  SimulatedWorld world;
  Disk disk{world};
  SqliteDisk sqlite{world, disk};
  DiskFiles files{disk};
};

}  // namespace synap::simulation
