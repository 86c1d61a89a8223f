#include "projections/second_set.h"

#include <fmt/format.h>

namespace synap::projections {
namespace {

// What is folded in the transaction that ends a rebuild: some 2 ms.
constexpr int kRestMax = 200;

void fold_second(db::Tx& tx, const Rooms& rooms, const Member& member, const events::Event& event) {
  const db::Tx::WithTableNames names(tx, member.tables.second_names());
  fold_one(tx, rooms.types, member.projection.fold, event);
}

}  // namespace

SecondSet::SecondSet(const Rooms& rooms, Member& member)
    : rooms_(rooms),
      member_(member),
      follower_(
          rooms, member.projection.types,
          [&member](db::Tx& tx, const events::Event& event) {
            const db::Tx::WithTableNames names(tx, member.tables.second_names());
            member.projection.fold(tx, event);
          },
          [&member](db::Tx& tx, std::int64_t position) {
            store::set_second_position(tx, member.projection.name, position);
          }) {}

Task<Result<>> SecondSet::begin(Purpose purpose) {
  std::int64_t position = 0;
  auto begun = co_await rooms_.database.write([&](db::Tx& tx) {
    auto kept = store::find(tx, member_.projection.name);
    if (!kept) return tx.abort({Code::kNotFound, "There is no such projection", nullptr});
    position = 0;
    if (kept->second) {
      if (purpose == Purpose::kRebuild && kept->second->purpose == purpose &&
          kept->second->version == member_.version) {
        position = kept->second->position;
        return;
      }
      member_.tables.put_second_aside(tx, kept->layout, kept->generation);
    }
    ++kept->generation;
    kept->second = {purpose, member_.version, 0};
    member_.tables.create_second(tx, kept->generation);
    store::put(tx, *kept);
  });
  if (begun) member_.second_position = position;
  co_return begun;
}

Task<Result<>> SecondSet::fill(std::stop_token stop) {
  for (;;) {
    if (stop.stop_requested()) co_return fail(Code::kClientClosedRequest, "Synap is stopping");
    // A follower's second set must not overtake the live one, or they could not be compared.
    const auto until = member_.projection.kind == Projection::Kind::kFollower
                           ? member_.folded.value()
                           : rooms_.log.end().value();
    const auto from = member_.second_position.load();
    if (from >= until) co_return Result<>{};
    auto advance = co_await follower_.advance(from, until);
    // A read that found no time on a busy machine is tried again.
    if (!advance && advance.error().code == Code::kTimeout) continue;
    if (!advance) co_return fail(advance.error());
    member_.second_position = advance->position;
    if (advance->is_at_end) co_return Result<>{};
  }
}

std::int64_t SecondSet::live_position(db::Tx& tx, const Kept& kept) {
  if (member_.projection.kind == Projection::Kind::kFollower) return kept.position;
  return rooms_.log.head(tx).position;
}

// Folds the second set as far as the live one is within this transaction. False: there is more.
bool SecondSet::catch_up(db::Tx& tx, Kept& kept) {
  const auto until = live_position(tx, kept);
  const auto from = std::max(kept.second->position, member_.second_position.load());
  const auto page =
      rooms_.log.read(tx, {.after = from, .limit = kRestMax, .types = member_.projection.types});
  for (const auto& event : page.events) {
    if (event->position <= until && tx.ok()) fold_second(tx, rooms_, member_, *event);
  }
  kept.second->position = std::min(page.next_after, until);
  return kept.second->position >= until;
}

Task<Result<bool>> SecondSet::take_over() {
  auto taken = co_await rooms_.database.write([&](db::Tx& tx) {
    auto kept = store::find(tx, member_.projection.name);
    if (!kept || !kept->second) return false;
    const bool is_caught_up = catch_up(tx, *kept);
    if (is_caught_up) {
      member_.tables.swap(tx, kept->generation);
      kept->version = member_.version;
      kept->layout = layout_of(member_.projection);
      kept->position = kept->second->position;
      kept->error.clear();
      kept->second.reset();
    }
    store::put(tx, *kept);
    tx.on_commit([this, position = is_caught_up ? -1 : kept->second->position] {
      member_.second_position = position;
    });
    return is_caught_up;
  });
  co_return taken;
}

Task<Result<bool>> SecondSet::follow_live() {
  co_return co_await rooms_.database.write([&](db::Tx& tx) {
    auto kept = store::find(tx, member_.projection.name);
    if (!kept || !kept->second) return false;
    const bool is_caught_up = catch_up(tx, *kept);
    store::put(tx, *kept);
    // Appends of the same commit, behind this, do not see the flag yet: fold_twin() goes on from
    // the position that is kept, and so makes up for them with the next append.
    tx.on_commit([this, is_caught_up, position = kept->second->position] {
      member_.second_position = position;
      member_.has_twin = is_caught_up;
    });
    return is_caught_up;
  });
}

// That nobody needs it any more is so whatever becomes of the write. A twin that stayed after a
// full disk would be folded with every append, and the second set that is begun next, being empty,
// from the start of the log within the first of them.
Task<Result<>> SecondSet::drop() {
  member_.has_twin = false;
  member_.second_position = -1;
  co_return co_await rooms_.database.write([&](db::Tx& tx) {
    auto kept = store::find(tx, member_.projection.name);
    if (!kept || !kept->second) return;
    member_.tables.put_second_aside(tx, kept->layout, kept->generation);
    kept->second.reset();
    store::put(tx, *kept);
  });
}

void fold_twin(db::Tx& tx, const Rooms& rooms, const Member& member, std::int64_t to) {
  const auto kept = store::find(tx, member.projection.name);
  if (!kept || !kept->second) return;
  auto position = kept->second->position;
  while (position < to && tx.ok()) {
    const auto page = rooms.log.read(
        tx, {.after = position, .limit = kRestMax, .types = member.projection.types});
    for (const auto& event : page.events) {
      if (event->position <= to && tx.ok()) fold_second(tx, rooms, member, *event);
    }
    position = std::min(page.next_after, to);
  }
  store::set_second_position(tx, member.projection.name, position);
}

}  // namespace synap::projections
