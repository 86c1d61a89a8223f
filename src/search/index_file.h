// IndexFile: a database that is made of the log and the content store, and how far of the log it
// is: a file of its own, or some tables of the pod's database (shared_index.h). It can be thrown
// away at any time. What is in it is its own: words (index.h), or vectors
// (meaning/vector_index.h); how one is kept in step with the log is the same for all
// (index_keeper.h).
//
//   state      the position that everything up to is in here, and for which description
//   documents  at least the column `entity`
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/task.h"
#include "base/timer.h"
#include "base/world.h"
#include "db/engine.h"
#include "search/document.h"

namespace synap::search {

/// How far an index is.
struct Checkpoint {
  std::int64_t position = 0;
  std::optional<Uuid> event;  // at the position: another log has another one there
  bool is_complete = false;   // it was at the end of the log once

  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

/// What became of a thing.
struct Change {
  Uuid id;
  std::optional<Document> document;  // nothing: it is gone
};

class IndexFile {
 public:
  virtual ~IndexFile();
  IndexFile(const IndexFile&) = delete;
  IndexFile& operator=(const IndexFile&) = delete;

  /// Makes the tables where there are none, and reads the checkpoint; once, before all else. An
  /// error with Fault::kDamaged, here and wherever it is read or written: it is no index any more,
  /// and can only be removed.
  virtual Task<Result<>> load();
  /// The same of one that another writes, before it is read.
  virtual Task<Result<>> load_to_read() { co_return Result<>{}; }

  /// As the last apply() left it. Of whoever applies.
  const Checkpoint& checkpoint() const { return checkpoint_; }
  /// All of it and the checkpoint. A part of it may be written before the rest: what is written
  /// twice is the same.
  virtual Task<Result<>> apply(std::vector<Change> changes, Checkpoint checkpoint) = 0;
  /// The same of an index that is being replaced: what was changed is not found any more.
  virtual Task<Result<>> forget(std::vector<Uuid> ids, Checkpoint checkpoint);

  /// A little of what makes it faster to read, for when nobody has written for a while. False:
  /// there is nothing left to be done.
  virtual Task<Result<bool>> settle() { co_return false; }
  /// Grows when somebody who reads has met what may be damage that the database does not see. Any
  /// thread. nullptr: it is never so.
  virtual Watermark* doubts() { return nullptr; }
  /// Looks through a little of it for such damage, where it is time to: beside whoever reads and
  /// applies. False: nothing is to be looked at now. Fault::kDamaged: it was found.
  virtual Task<Result<bool>> check() { co_return false; }
  /// Whether that which it is in is still where it was opened, for when nobody writes.
  /// Fault::kDamaged: it was removed or replaced.
  virtual Task<Result<>> check_place() { co_return Result<>{}; }
  /// Things of which what is in here was found to be damaged, some of them at once: to be applied
  /// again as they are now, and then to be told to mended(). Of whoever applies.
  virtual Task<Result<std::vector<Uuid>>> to_mend() { co_return std::vector<Uuid>{}; }
  virtual Task<Result<>> mended(std::vector<Uuid>) { co_return Result<>{}; }

  /// So many events of which it has nothing may stand behind its checkpoint, and be looked through
  /// again at the next start.
  virtual std::int64_t unsaved_max() const { return 20'000; }

  /// For those who look; any thread.
  db::Database& database() { return *database_; }

 protected:
  IndexFile(std::shared_ptr<db::Engine> database, std::span<const std::string_view> tables)
      : database_(std::move(database)), tables_(tables) {}
  static Result<std::unique_ptr<db::Engine>> open_database(const std::string& path, World& world);
  /// check_place() of a file: whoever writes into one is told.
  Task<Result<>> check_file();
  /// Within the transaction of what it stands for; then kept().
  static void save(db::Tx& tx, const Checkpoint& checkpoint);
  void kept(const Checkpoint& checkpoint) { checkpoint_ = checkpoint; }

 private:
  std::shared_ptr<db::Engine> database_;
  std::span<const std::string_view> tables_;
  Checkpoint checkpoint_;
};

}  // namespace synap::search
