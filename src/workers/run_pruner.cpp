#include "workers/run_pruner.h"

#include <optional>
#include <vector>

#include "base/log.h"

namespace synap::workers {
namespace {

// Rows that one read walks over, and runs that one transaction takes away: a few milliseconds each.
constexpr std::int64_t kWalkedMax = 5'000;
constexpr std::size_t kSliceMax = 100;
// Others have the disk in between.
constexpr std::chrono::milliseconds kBetweenSlices(20);
constexpr std::chrono::minutes kAfterStart(2);
constexpr std::chrono::hours kBetweenRounds(1);

}  // namespace

// A part of the table, from behind a run on.
struct RunPruner::Slice {
  std::vector<Uuid> ended;
  std::optional<Uuid> last;  // that was looked at; nothing: there was none
};

Task<Result<std::int64_t>> RunPruner::count_ended(std::stop_token stop) {
  std::int64_t count = 0;
  Uuid after{};
  for (bool is_at_end = false; !is_at_end && !stop.stop_requested();) {
    auto walked = co_await database_.read([&](db::Tx& tx) {
      std::int64_t rows_seen = 0;
      std::int64_t ended = 0;
      Uuid last = after;
      auto rows =
          tx.query("SELECT id, ended_at, status FROM runs_data WHERE id > $1 ORDER BY id LIMIT $2",
                   after, kWalkedMax);
      while (rows.next()) {
        ++rows_seen;
        last = rows.uuid(0).value_or(last);
        if (rows.is_null(1)) continue;
        if (rows.view(2) != "failed" || retention_.takes_dead_letters) ++ended;
      }
      return std::pair(ended, rows_seen < kWalkedMax ? std::nullopt : std::optional(last));
    });
    if (!walked) co_return fail(walked.error());
    count += walked->first;
    is_at_end = !walked->second;
    if (!is_at_end) after = *walked->second;
  }
  co_return count;
}

Task<Result<std::int64_t>> RunPruner::round(std::stop_token stop) {
  std::int64_t too_many = 0;
  if (retention_.count_max > 0) {
    auto count = co_await count_ended(stop);
    if (!count) co_return count;
    too_many = *count - retention_.count_max;
  }
  const bool is_by_age = retention_.age.count() > 0;
  const auto oldest = world_.unix_ms() - retention_.age.count();
  std::int64_t pruned = 0;
  Uuid after{};
  while (!stop.stop_requested()) {
    auto slice = co_await database_.read([&](db::Tx& tx) {
      Slice found;
      auto rows = tx.query(
          "SELECT id, ended_at, status, created_at FROM runs_data WHERE id > $1 ORDER BY id "
          "LIMIT $2",
          after, kWalkedMax);
      while (rows.next() && found.ended.size() < kSliceMax) {
        const auto left = too_many - static_cast<std::int64_t>(found.ended.size());
        // Nothing behind it was made earlier, or has ended earlier than it was made.
        if (left <= 0 && (!is_by_age || rows.integer(3) >= oldest)) {
          found.last.reset();
          return found;
        }
        found.last = rows.uuid(0);
        if (rows.is_null(1)) continue;
        if (rows.view(2) == "failed" && !retention_.takes_dead_letters) continue;
        if (left > 0 || (is_by_age && rows.integer(1) < oldest)) {
          found.ended.push_back(found.last.value_or(Uuid{}));
        }
      }
      return found;
    });
    if (!slice) co_return fail(slice.error());
    if (!slice->ended.empty()) {
      auto taken = co_await database_.write(db::Lane::kBackground, [&](db::Tx& tx) {
        std::int64_t count = 0;
        for (const auto& id : slice->ended) {
          // Somebody may have let it be tried again meanwhile.
          const auto gone =
              tx.run("DELETE FROM runs_data WHERE id = $1 AND ended_at IS NOT NULL", id);
          if (gone == 0) continue;
          ++count;
          for (const auto* sql : {"DELETE FROM run_steps_data WHERE run = $1",
                                  "DELETE FROM run_attempts_data WHERE run = $1",
                                  "DELETE FROM run_events_data WHERE run = $1"}) {
            tx.run(sql, id);
          }
        }
        return count;
      });
      if (!taken) co_return fail(taken.error());
      pruned += *taken;
      too_many -= *taken;
      pruned_.add(static_cast<std::uint64_t>(*taken));
    }
    if (!slice->last) break;
    after = *slice->last;
    if (!slice->ended.empty()) co_await world_.sleep_for(kBetweenSlices, stop);
  }
  co_return pruned;
}

Task<void> RunPruner::run(std::stop_token stop) {
  if (retention_.age.count() == 0 && retention_.count_max == 0) co_return;
  co_await world_.sleep_for(kAfterStart, stop);
  while (!stop.stop_requested()) {
    const auto pruned = co_await round(stop);
    if (!pruned) {
      write_log(LogLevel::kError, "workers", "old runs cannot be taken away: {error}",
                {{"error", pruned.error().message}});
    } else if (*pruned > 0) {
      write_log(LogLevel::kInfo, "workers", "{count} runs that ended long ago were taken away",
                {{"count", *pruned}});
    }
    co_await world_.sleep_for(kBetweenRounds, stop);
  }
}

}  // namespace synap::workers
