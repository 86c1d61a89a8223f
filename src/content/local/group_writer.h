// GroupWriter: gives files their names, and makes a group of them durable with one sync.
//
// One sync a file would bound the store to a few hundred files a second, so all that wait are
// synced together (syncfs(2), which on Linux 5.8 and later reports write errors as fsync does).
// What comes alone costs two syncs of its own: the file's and its directory's.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "content/local/aside.h"
#include "content/local/files.h"
#include "content/local/work.h"

namespace synap::content {

/// A change of one name.
struct Write final : Work {
  enum class Kind { kPut, kPlace, kRemove };
  Write(Kind of_kind, ContentKey of_key) : kind(of_kind), key(std::move(of_key)) {}

  const Kind kind;
  const ContentKey key;
  std::string bytes;                // kPut
  std::unique_ptr<AsideFile> file;  // kPlace: already durable under its name aside
  std::optional<Error> error;       // what came of it

  // While it is under way:
  std::shared_ptr<const Descriptor> directory;
  Descriptor same;  // the file that has the name, and the same bytes
  bool has_name = false;
  bool has_replaced = false;  // what had the name
};

class GroupWriter {
 public:
  /// `root` and `aside` must outlive it.
  GroupWriter(const Descriptor& root, Aside& aside) : root_(root), aside_(aside) {}

  /// At most one change of each key: so the order of those is that of the groups.
  void write(const WorkGroup& group);

 private:
  using Writes = std::vector<Write*>;
  void put(Write& write, Writes& replacing);
  bool write_aside(Write& write);
  void remove(Write& write);
  bool is_there_already(Write& write);
  bool take_name(Write& write, bool may_replace);
  void take_back(Write& write);
  void sync_all(const Writes& writes);
  void sync_each(const Writes& writes);
  void sync_directories(const Writes& writes);
  /// The open directory of a key's user and type, made if it is missing; none with errno.
  std::shared_ptr<const Descriptor> directory_of(const ContentKey& key);

  const Descriptor& root_;
  Aside& aside_;
  std::unordered_map<std::string, std::shared_ptr<const Descriptor>> directories_;
};

}  // namespace synap::content
