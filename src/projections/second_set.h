// SecondSet: a second set of a projection's tables, filled from the log beside the live one: to
// take its place (rebuild) or to be compared with it (verify). Everybody's writes go on meanwhile;
// what is kept in the database lets a rebuild go on after a crash.
#pragma once

#include <atomic>
#include <memory>
#include <stop_token>
#include <string>

#include "base/task.h"
#include "base/timer.h"
#include "projections/follower.h"
#include "projections/projection.h"
#include "projections/projection_store.h"
#include "projections/table_set.h"

namespace synap::projections {

/// What all that serve one projection share. Made at the start; not moved.
struct Member {
  Member(Projection the_projection, std::string the_version)
      : projection(std::move(the_projection)), version(std::move(the_version)) {}

  const Projection projection;
  const std::string version;  // of the description
  const TableSet tables{projection};
  /// A second set has caught up and is to be folded in the commits of the live one.
  std::atomic<bool> has_twin = false;
  std::atomic<bool> is_busy = false;  // being rebuilt or verified
  std::atomic<bool> is_rebuilding = false;
  /// Of a second set being filled: how far it is; -1 without one.
  std::atomic<std::int64_t> second_position = -1;
  // Of a follower: the live position, how far somebody in settled() waits for it to get, and
  // whether and how often it was stopped because its fold failed.
  Watermark folded;
  std::atomic<std::int64_t> told = 0;  // the live position, to other nodes
  Watermark awaited;
  std::atomic<bool> is_stopped = false;
  Watermark stops;
  std::atomic<SteadyClock::time_point> second_began = {};  // for the pace
};

class SecondSet {
 public:
  SecondSet(const Rooms& rooms, Member& member);

  /// Makes empty second tables, or, for a rebuild, finds those that an earlier start was filling by
  /// the same description.
  Task<Result<>> begin(Purpose purpose);
  /// Folds the log into them until they are as far as the live ones were a moment ago. An error of
  /// kClientClosedRequest: it was stopped.
  Task<Result<>> fill(std::stop_token stop);
  /// Folds what is left and puts them in the place of the live ones, in one transaction. False:
  /// there was more left than one transaction may hold; fill() again.
  Task<Result<bool>> take_over();
  /// The same for a comparison: from then on both sets are folded in the same commits.
  Task<Result<bool>> follow_live();
  /// Puts them aside to be removed. If that fails, they stay as they are, folded no further, until
  /// the next begin() or start puts them aside.
  Task<Result<>> drop();

 private:
  std::int64_t live_position(db::Tx& tx, const Kept& kept);
  bool catch_up(db::Tx& tx, Kept& kept);

  Rooms rooms_;
  Member& member_;
  Follower follower_;
};

/// Within a transaction that has just folded the live set: folds the twin as far.
void fold_twin(db::Tx& tx, const Rooms& rooms, const Member& member, std::int64_t to);

}  // namespace synap::projections
