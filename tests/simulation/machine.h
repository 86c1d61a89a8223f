// Machine: what a simulated pod runs on: a world, a disk, and the two layers above it. It outlives
// the pods that are started on it, one after another.
#pragma once

#include "base/simulated_world.h"
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

  SimulatedWorld world;
  Disk disk{world};
  SqliteDisk sqlite{world, disk};
  DiskFiles files{disk};
};

}  // namespace synap::simulation
