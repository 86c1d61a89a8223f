#include "simulation/disk.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>

#include "base/check.h"

namespace synap::simulation {
namespace {

constexpr std::size_t kSector = 512;
constexpr std::chrono::microseconds kSyncTimeMax{2'000};
constexpr std::chrono::seconds kSlowSyncTimeMax{60};

void copy_sector(const std::string& from, std::size_t sector, std::string& to) {
  const auto begin = sector * kSector;
  if (begin >= from.size()) return;
  const auto count = std::min(kSector, from.size() - begin);
  // What lies between the end and a sector beyond it was never written: zeros.
  if (to.size() < begin + count) to.resize(begin + count, '\0');
  std::memcpy(to.data() + begin, from.data() + begin, count);
}

void each_node(const NodeRef& node, std::set<Node*>& seen, const std::function<void(Node&)>& use) {
  if (node == nullptr || !seen.insert(node.get()).second) return;
  use(*node);
  for (const auto& [name, below] : node->names) each_node(below, seen, use);
}

}  // namespace

int Disk::look() const {
  return has_power_ ? 0 : EIO;
}

// Before each change. The one with which the power goes is not made: whether it was would be seen
// by nobody, as nothing of it is safe.
int Disk::change() {
  if (!has_power_) return EIO;
  if (changes_left_ && (*changes_left_)-- == 0) {
    changes_left_.reset();
    has_power_ = false;
    return EIO;
  }
  return 0;
}

NodeRef Disk::find(const NodeRef& directory, const std::string& name) const {
  const auto found = directory->names.find(name);
  return found != directory->names.end() ? found->second : nullptr;
}

int Disk::make(const NodeRef& directory, const std::string& name, bool is_directory,
               NodeRef& made) {
  if (const int error = change()) return error;
  if (directory->names.contains(name)) return EEXIST;
  if (faults.is_full && world_.below(2) == 0) return ENOSPC;
  made = std::make_shared<Node>(is_directory);
  made->modified_at = world_.unix_ms();
  directory->names[name] = made;
  directory->changed[name].push_back(made);
  return 0;
}

int Disk::remove(const NodeRef& directory, const std::string& name) {
  if (const int error = change()) return error;
  if (directory->names.erase(name) == 0) return ENOENT;
  directory->changed[name].push_back(nullptr);
  return 0;
}

int Disk::rename(const NodeRef& from, const std::string& from_name, const NodeRef& to,
                 const std::string& to_name, bool may_replace) {
  if (const int error = change()) return error;
  const auto moved = find(from, from_name);
  if (moved == nullptr) return ENOENT;
  if (!may_replace && to->names.contains(to_name)) return EEXIST;
  from->names.erase(from_name);
  from->changed[from_name].push_back(nullptr);
  to->names[to_name] = moved;
  to->changed[to_name].push_back(moved);
  return 0;
}

int Disk::write(const NodeRef& file, std::size_t at, std::string_view bytes) {
  if (const int error = change()) return error;
  if (is_one_in(faults.failing_write)) return EIO;
  const auto end = at + bytes.size();
  auto first = at;  // that changes: a hole behind the former end does, too
  if (end > file->bytes.size()) {
    if (faults.is_full) return ENOSPC;
    first = std::min(at, file->bytes.size());
    file->bytes.resize(end, '\0');
  }
  std::memcpy(file->bytes.data() + at, bytes.data(), bytes.size());
  for (auto sector = first / kSector; sector * kSector < end; ++sector) file->dirty.insert(sector);
  file->modified_at = world_.unix_ms();
  return 0;
}

int Disk::truncate(const NodeRef& file, std::size_t size) {
  if (const int error = change()) return error;
  file->bytes.resize(size, '\0');
  file->dirty.erase(file->dirty.lower_bound((size + kSector - 1) / kSector), file->dirty.end());
  return 0;
}

// The time it takes, and whether it goes wrong.
int Disk::begin_sync() {
  if (const int error = change()) return error;
  const bool is_slow = is_one_in(faults.slow_sync);
  const std::chrono::microseconds most = is_slow ? kSlowSyncTimeMax : kSyncTimeMax;
  world_.pass(std::chrono::microseconds(world_.below(static_cast<std::uint64_t>(most.count()))));
  return is_one_in(faults.failing_sync) ? EIO : 0;
}

int Disk::sync(const NodeRef& node) {
  if (const int error = begin_sync()) {
    if (has_power_) forget_unsynced(*node);
    return error;
  }
  make_safe(*node);
  return 0;
}

int Disk::sync_all() {
  const int error = begin_sync();
  if (!has_power_) return error;
  std::set<Node*> seen;
  each_node(root_, seen, [&](Node& node) { error ? forget_unsynced(node) : make_safe(node); });
  return error;
}

void Disk::make_safe(Node& node) {
  for (const auto sector : node.dirty) copy_sector(node.bytes, sector, node.safe_bytes);
  node.safe_bytes.resize(node.bytes.size(), '\0');
  node.dirty.clear();
  for (const auto& [name, states] : node.changed) {
    if (states.back() == nullptr) {
      node.safe_names.erase(name);
    } else {
      node.safe_names[name] = states.back();
    }
  }
  node.changed.clear();
}

// A failed sync: some has reached the disk, and the rest counts as written. Names stay unsynced: a
// filesystem that cannot write them is read-only from then on, and does not forget them in silence.
void Disk::forget_unsynced(Node& node) {
  for (const auto sector : node.dirty) {
    if (world_.below(2) == 0) copy_sector(node.bytes, sector, node.safe_bytes);
  }
  node.dirty.clear();
}

void Disk::lose_file(Node& file) {
  // Nothing of it was written, or all, or some sectors here and there.
  const auto written_in_ten = std::min<std::uint64_t>(world_.below(14), 10);
  if (file.bytes.size() < file.safe_bytes.size() && world_.below(2) == 0) {
    file.safe_bytes.resize(file.bytes.size());
  }
  for (const auto sector : file.dirty) {
    if (world_.below(10) < written_in_ten) copy_sector(file.bytes, sector, file.safe_bytes);
  }
  file.bytes = file.safe_bytes;
  file.dirty.clear();
}

void Disk::lose_directory(Node& directory) {
  for (const auto& [name, states] : directory.changed) {
    const auto chosen = world_.below(states.size() + 1);
    if (chosen == states.size()) continue;  // as it was safe
    if (states[chosen] == nullptr) {
      directory.safe_names.erase(name);
    } else {
      directory.safe_names[name] = states[chosen];
    }
  }
  directory.names = directory.safe_names;
  directory.changed.clear();
}

void Disk::resume() {
  has_power_ = true;
  changes_left_.reset();
}

void Disk::restore() {
  resume();
  std::set<Node*> seen;
  // From the top: what is below a name that was lost is gone.
  each_node(root_, seen,
            [this](Node& node) { node.is_directory ? lose_directory(node) : lose_file(node); });
}

}  // namespace synap::simulation
