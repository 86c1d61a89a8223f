// Follower: goes through the log behind its end, in slices: reads a page, and hands its events to a
// fold within a transaction that also keeps how far it got. So each event is folded exactly once,
// whatever happens in between. The live followers, a rebuild, and whatever else must see every
// event after it was appended, are this with another fold.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/task.h"
#include "base/world.h"
#include "db/database.h"
#include "events/log.h"
#include "events/types.h"

namespace synap::projections {

/// What the rooms below are to a projection; all must outlive it.
struct Rooms {
  db::Database& database;
  events::EventLog& log;
  const events::EventTypes& types;
  World& world;
};

/// How far one slice got.
struct Advance {
  std::int64_t position = 0;  // everything up to here is folded
  bool is_at_end = false;     // there was nothing behind it to be folded
};

class Follower {
 public:
  /// Folds one event, or aborts the Tx.
  using Fold = std::function<void(db::Tx&, const events::Event&)>;
  /// Keeps that everything up to `position` is folded.
  using Save = std::function<void(db::Tx&, std::int64_t position)>;

  Follower(const Rooms& rooms, std::vector<std::string> event_types, Fold fold, Save save)
      : rooms_(rooms),
        event_types_(std::move(event_types)),
        fold_(std::move(fold)),
        save_(std::move(save)) {}

  /// Folds what lies behind `from`, but not behind `until`, for as long as one transaction may hold
  /// the writer. kServiceUnavailable and kTimeout are the storage's; any other
  /// error is of the event that its message names, which is not folded.
  /// One call at a time.
  Task<Result<Advance>> advance(std::int64_t from, std::int64_t until);

 private:
  struct Slice;
  Task<Result<events::Page>> next_page(std::int64_t from, std::int64_t until);

  const Rooms rooms_;
  std::vector<std::string> event_types_;
  Fold fold_;
  Save save_;
  // What the last slice left of its page, and where it goes on; of one caller at a time.
  events::Page page_;
  std::vector<std::shared_ptr<const void>> decoded_;  // the data of its events
  std::size_t next_ = 0;
  std::int64_t page_goes_on_at_ = -1;
};

/// What a fold is given an event by: nothing for one that is erased and to be skipped; an exception
/// aborts the Tx. The error names the event.
void fold_one(db::Tx& tx, const events::EventTypes& types, const Follower::Fold& fold,
              const events::Event& event);

}  // namespace synap::projections
