// Disk: the disk below the database and the content of a simulated pod. It is in memory, and knows
// of each file and each directory what the system shows and what is safe: a sync makes the one the
// other, and a loss of power leaves anything in between.
//
// What is taken from a disk, and no more:
//   - a sector of 512 bytes is written whole or not at all; the sectors of a file in any order
//   - a name in a directory is the one before or after each change, each name by itself, until the
//     directory is synced; a file that is synced has its bytes, not its name
//   - after a sync that failed the system takes what it could not write for written: it shows it,
//     and no later sync writes it
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/simulated_world.h"

namespace synap::simulation {

/// A file or a directory. It lives as long as it has a name or is open.
struct Node {
  explicit Node(bool of_directory) : is_directory(of_directory) {}

  const bool is_directory;
  // Of a file:
  std::string bytes;             // as the system shows them
  std::string safe_bytes;        // what a loss of power leaves for sure
  std::set<std::size_t> dirty;   // sectors written since the last sync
  std::int64_t modified_at = 0;  // Unix ms
  // Of a directory:
  using Names = std::map<std::string, std::shared_ptr<Node>>;
  Names names;
  Names safe_names;
  // What each name that was changed since the last sync has meant in between; null: nothing.
  std::map<std::string, std::vector<std::shared_ptr<Node>>> changed;
};
using NodeRef = std::shared_ptr<Node>;

/// Of the world's one thread. What can fail returns an errno, 0 where it did not.
class Disk {
 public:
  /// How often each call of a kind goes wrong, one in so many; 0: never.
  struct Faults {
    std::uint64_t failing_sync = 0;
    std::uint64_t failing_write = 0;
    std::uint64_t slow_sync = 0;  // takes up to a minute
    bool is_full = false;         // nothing can grow, and nothing can be made
  };

  explicit Disk(SimulatedWorld& world) : world_(world) {}
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  Faults faults;
  /// The power goes with the change after so many others. Then every call fails, until restore() or
  /// resume().
  void cut_power_after(std::uint64_t changes) { changes_left_ = changes; }
  void cut_power() { has_power_ = false; }
  bool has_power() const { return has_power_; }
  /// The power is back: what is there is what was safe, and some of what was not. Nothing is open.
  void restore();
  /// It was not the power but the process that has gone: all is there as the system shows it, and
  /// no safer than it was. Nothing is open.
  void resume();

  NodeRef root() const { return root_; }
  /// What a name in a directory means, or null.
  NodeRef find(const NodeRef& directory, const std::string& name) const;
  int make(const NodeRef& directory, const std::string& name, bool is_directory, NodeRef& made);
  int remove(const NodeRef& directory, const std::string& name);
  int rename(const NodeRef& from, const std::string& from_name, const NodeRef& to,
             const std::string& to_name, bool may_replace);
  int write(const NodeRef& file, std::size_t at, std::string_view bytes);
  int truncate(const NodeRef& file, std::size_t size);
  /// A file's bytes, or a directory's names.
  int sync(const NodeRef& node);
  /// All of it.
  int sync_all();
  /// An errno where there is no power, as every call begins.
  int look() const;

 private:
  int change();
  bool is_one_in(std::uint64_t many) { return many > 0 && world_.below(many) == 0; }
  int begin_sync();
  void lose_power(Node& node, std::set<const Node*>& seen);
  void lose_file(Node& file);
  void lose_directory(Node& directory);
  void forget_unsynced(Node& node);
  void make_safe(Node& node);

  SimulatedWorld& world_;
  NodeRef root_ = std::make_shared<Node>(true);
  bool has_power_ = true;
  std::optional<std::uint64_t> changes_left_;
};

}  // namespace synap::simulation
