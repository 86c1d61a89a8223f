// Indexer: follows the log and keeps an index in step: for each thing of which an event says that
// something of it was completed, what it is now, with its text. Things are read as they are now and
// not as they were then, so a thing that was changed often since is read once, and what is read
// twice is the same.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/task.h"
#include "base/world.h"
#include "content/store.h"
#include "db/database.h"
#include "events/log.h"
#include "search/index_file.h"

namespace synap::search {

/// What the rooms below are to search; all must outlive it.
struct Rooms {
  db::Database& database;
  events::EventLog& log;
  content::ContentStore& content;
  World& world;
  /// Grows when other nodes have changed something; nullptr: nobody says when, so that what they
  /// share is looked at now and then.
  Watermark* told = nullptr;
};

class Indexer {
 public:
  /// `page_events`: so many events of the log are looked at, and what they are of is written, at
  /// once.
  Indexer(const Rooms& rooms, const std::vector<Kind>& kinds, int page_events)
      : rooms_(rooms), kinds_(kinds), page_events_(page_events) {}

  struct Step {
    std::int64_t position = 0;  // everything up to here is in the index
    bool is_at_end = false;
  };
  /// One page of the log behind `from`, which is where the index is or was looked through behind
  /// that. An error is of the storage.
  Task<Result<Step>> fill(IndexFile& index, std::int64_t from);
  /// The same of an index that is being replaced: what was changed is taken out.
  Task<Result<Step>> forget(IndexFile& index, std::int64_t from);

  /// Puts these things in as they are now, and leaves the checkpoint.
  Task<Result<>> put_again(IndexFile& index, const std::vector<Uuid>& ids);

  /// Whether the log is the one that an index was filled from.
  Task<Result<bool>> is_of_this_log(Checkpoint checkpoint);

 private:
  struct Thing {
    const Kind* kind;
    Uuid id;
  };
  struct Page {
    std::vector<Thing> things;
    Step step;
  };
  Task<Result<Page>> next_page(std::int64_t from);
  Task<Result<std::vector<Change>>> changes_of(std::span<const Thing> things);
  Task<Result<Change>> present(Uuid id);
  Task<Result<>> read_text(Document& document);
  Task<Result<>> read_texts(std::span<Change> changes);
  Task<Result<Checkpoint>> checkpoint_at(std::int64_t position, const IndexFile& index);
  const Kind* kind_of(const events::Event& event) const;

  const Rooms rooms_;
  const std::vector<Kind>& kinds_;
  const int page_events_;
};

}  // namespace synap::search
