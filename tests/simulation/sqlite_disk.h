// SqliteDisk: SQLite's file system layer (VFS) over a simulated disk, for as long as it lives.
// Files are in the root of the disk. Locks and the shared index of the WAL are in memory, as those
// of a machine are: a loss of power takes them.
#pragma once

#include <string>

#include "simulation/disk.h"

namespace synap::simulation {

class SqliteDisk {
 public:
  SqliteDisk(SimulatedWorld& world, Disk& disk);
  ~SqliteDisk();
  SqliteDisk(const SqliteDisk&) = delete;
  SqliteDisk& operator=(const SqliteDisk&) = delete;

  /// For SqliteOptions::vfs.
  static const std::string& name();
  /// How many syncs of its files have failed so far.
  std::int64_t failed_syncs() const;
  /// After a loss of power, when no connection is open any more.
  void forget();

 private:
  const std::unique_ptr<struct SqliteDiskParts> parts_;
};

}  // namespace synap::simulation
