// Index: a database file of documents and their terms, and how far of the log they are. What it
// holds follows from the log and the content store; it can be thrown away at any time.
//
//   documents  what is shown of each, by its place: the number of its user, and one that grows with
//              each change, so that a user's newest have the highest places
//   terms      FTS5, without the texts: a column for each search::Column, and one of keys
//   users      by number, with what a relevance is computed from; so it says nothing of others
//   languages  how many documents of a user are in which
//   state      the position that everything up to is in here, and for which description
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analysis/analyzer.h"
#include "base/task.h"
#include "base/world.h"
#include "db/engine.h"
#include "search/document.h"
#include "search/streams.h"

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

class Index {
 public:
  /// Opens the file or makes it; its directory is there. An error with Fault::kDamaged, here and
  /// wherever it is read or written: it is no index any more, and can only be removed.
  static Result<std::unique_ptr<Index>> open(const std::string& path, World& world);
  /// Makes the tables where there are none, and reads the checkpoint; once, before all else.
  Task<Result<>> load();
  ~Index();

  /// As the last apply() left it. Of whoever applies.
  const Checkpoint& checkpoint() const { return checkpoint_; }
  /// All of it and the checkpoint in one transaction.
  Task<Result<>> apply(std::vector<Change> changes, Checkpoint checkpoint);
  /// The same of an index whose terms were made by another analyzer: what was changed is not found
  /// any more.
  Task<Result<>> forget(std::vector<Uuid> ids, Checkpoint checkpoint);

  /// For those who look; any thread.
  db::Database& database() { return *database_; }

 private:
  explicit Index(std::unique_ptr<db::Engine> database) : database_(std::move(database)) {}

  std::unique_ptr<db::Engine> database_;
  Checkpoint checkpoint_;
  analysis::Analyzer analyzer_;  // of the thread that writes
};

}  // namespace synap::search
