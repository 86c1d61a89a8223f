#include "base/log.h"
#include "features/checkpoints/checkpoints.h"
#include "features/checkpoints/thread_store.h"

namespace synap::features::checkpoints {
namespace {

// Threads that one transaction looks at.
constexpr int kSliceMax = 100;
constexpr std::chrono::minutes kAfterStart(2);
constexpr std::chrono::hours kBetweenRounds(1);

struct Old {
  Uuid id;
  std::string user_id;
  std::string thread_id;
};

std::vector<Old> old_threads(db::Tx& tx, std::int64_t before) {
  std::vector<Old> old;
  auto rows = tx.query(
      "SELECT id, user_id, thread_id FROM graph_threads_data WHERE updated_at < $1 AND waits_at IS "
      "NULL ORDER BY updated_at, id LIMIT $2",
      before, kSliceMax);
  while (rows.next()) old.push_back({rows.uuid(0).value_or(Uuid{}), rows.text(1), rows.text(2)});
  return old;
}

std::vector<Uuid> trash(db::Tx& tx) {
  std::vector<Uuid> threads;
  auto rows = tx.query("SELECT thread FROM checkpoint_trash LIMIT $1", kSliceMax);
  while (rows.next()) threads.push_back(rows.uuid(0).value_or(Uuid{}));
  return threads;
}

}  // namespace

Task<Result<std::int64_t>> ThreadPruner::round(std::stop_token stop) {
  std::int64_t pruned = 0;
  const auto before = types_.world().unix_ms() - age_.count();
  while (age_.count() > 0 && !stop.stop_requested()) {
    auto old = co_await database_.read([&](db::Tx& tx) { return old_threads(tx, before); });
    if (!old) co_return fail(old.error());
    if (old->empty()) break;
    auto gone = co_await database_.write(db::Lane::kBackground, [&](db::Tx& tx) {
      std::int64_t gone = 0;
      for (const auto& thread : *old) {
        // Somebody may have gone on with it meanwhile.
        const std::int64_t changed = tx.run(
            "DELETE FROM graph_threads_data WHERE id = $1 AND updated_at < $2 AND waits_at IS NULL",
            thread.id, before);
        if (changed == 0) continue;
        tx.run("INSERT INTO checkpoint_trash(thread) VALUES ($1)", thread.id);
        events::Envelope envelope;
        envelope.user_id = thread.user_id;
        envelope.source = events::Source::kSystem;
        envelope.aggregate_id = thread.id;
        envelope.aggregate_type = std::string(kThreadAggregate);
        auto event = types_.make(kThreadDeleted, ThreadPlace{.thread_id = thread.thread_id},
                                 std::move(envelope));
        if (!event) {
          tx.abort(event.error());
          return gone;
        }
        log_.append(tx, {.events = {*std::move(event)}});
        ++gone;
      }
      return gone;
    });
    if (!gone) co_return fail(gone.error());
    pruned += *gone;
  }
  for (bool is_more = true; is_more && !stop.stop_requested();) {
    auto left = co_await database_.read([](db::Tx& tx) { return trash(tx); });
    if (!left) co_return fail(left.error());
    for (const auto& thread : *left) {
      auto emptied = co_await in_slices(
          database_, [thread](db::Tx& tx) { return empty_trash(tx, thread); }, stop);
      if (!emptied) co_return fail(emptied.error());
    }
    is_more = std::ssize(*left) == kSliceMax;
  }
  co_return pruned;
}

Task<void> ThreadPruner::run(std::stop_token stop) {
  auto& world = types_.world();
  co_await world.sleep_for(kAfterStart, stop);
  while (!stop.stop_requested()) {
    const auto pruned = co_await round(stop);
    if (!pruned) {
      write_log(LogLevel::kError, "checkpoints", "old threads cannot be taken away: {error}",
                {{"error", pruned.error().message}});
    } else if (*pruned > 0) {
      write_log(LogLevel::kInfo, "checkpoints",
                "{count} threads that nobody has used for long were taken away",
                {{"count", *pruned}});
    }
    co_await world.sleep_for(kBetweenRounds, stop);
  }
}

}  // namespace synap::features::checkpoints
