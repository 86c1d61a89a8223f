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
  std::int64_t bytes = 0;    // that they take
  std::optional<Uuid> last;  // that was looked at; nothing: there was none
};

bool RunPruner::may_go(std::string_view status) const {
  return status != "failed" || retention_.takes_dead_letters;
}

// What runs take is looked up once, after they have ended, and kept with them: so a round reads the
// results of those alone that have ended since the last one.
Task<Result<>> RunPruner::measure(std::stop_token stop) {
  Uuid after{};
  for (bool is_at_end = false; !is_at_end && !stop.stop_requested();) {
    std::vector<std::pair<Uuid, std::int64_t>> measured;
    auto last = co_await database_.read([&](db::Tx& tx) -> std::optional<Uuid> {
      std::optional<Uuid> at;
      std::int64_t rows_seen = 0;
      measured.clear();
      auto rows = tx.query(
          "SELECT id, CASE WHEN ended_at IS NULL OR bytes IS NOT NULL THEN NULL ELSE "
          "length(CAST(coalesce(output, '') AS BLOB)) + length(CAST(coalesce(error, '') AS BLOB)) "
          "+ (SELECT coalesce(sum(length(CAST(memo AS BLOB)) + length(CAST(coalesce(input, '') AS "
          "BLOB))), 0) FROM run_steps_data WHERE run = id) "
          "+ (SELECT coalesce(sum(length(CAST(error AS BLOB))), 0) FROM run_attempts_data WHERE "
          "run = id) END FROM runs_data WHERE id > $1 ORDER BY id LIMIT $2",
          after, kWalkedMax);
      while (rows.next()) {
        ++rows_seen;
        at = rows.uuid(0);
        if (!rows.is_null(1)) measured.emplace_back(at.value_or(Uuid{}), rows.integer(1));
        if (measured.size() == kSliceMax || tx.is_out_of_time()) return at;
      }
      return rows_seen < kWalkedMax ? std::nullopt : at;
    });
    if (!last) co_return fail(last.error());
    is_at_end = !*last;
    if (!is_at_end) after = **last;
    if (measured.empty()) continue;
    auto kept = co_await database_.write(db::Lane::kBackground, [&](db::Tx& tx) {
      for (const auto& [id, bytes] : measured) {
        // Somebody may have let it be tried again meanwhile.
        tx.run("UPDATE runs_data SET bytes = $2 WHERE id = $1 AND ended_at IS NOT NULL", id, bytes);
      }
    });
    if (!kept) co_return kept;
    if (!is_at_end) co_await world_.sleep_for(kBetweenSlices, stop);
  }
  co_return Result<>{};
}

Task<Result<RunPruner::Ended>> RunPruner::count_ended(std::stop_token stop) {
  Ended all;
  Uuid after{};
  for (bool is_at_end = false; !is_at_end && !stop.stop_requested();) {
    Ended ended;
    auto last = co_await database_.read([&](db::Tx& tx) -> std::optional<Uuid> {
      std::int64_t rows_seen = 0;
      std::optional<Uuid> at;
      ended = {};
      auto rows = tx.query(
          "SELECT id, ended_at, status, bytes FROM runs_data WHERE id > $1 ORDER BY id LIMIT $2",
          after, kWalkedMax);
      while (rows.next()) {
        ++rows_seen;
        at = rows.uuid(0);
        if (rows.is_null(1) || !may_go(rows.view(2))) continue;
        ++ended.count;
        if (!rows.is_null(3)) ended.bytes += rows.integer(3);
      }
      return rows_seen < kWalkedMax ? std::nullopt : at;
    });
    if (!last) co_return fail(last.error());
    all.count += ended.count;
    all.bytes += ended.bytes;
    is_at_end = !*last;
    if (!is_at_end) after = **last;
  }
  co_return all;
}

Task<Result<std::int64_t>> RunPruner::round(std::stop_token stop) {
  std::int64_t too_many = 0;
  std::int64_t too_large = 0;  // by so many bytes
  if (retention_.bytes_max > 0) {
    if (auto measured = co_await measure(stop); !measured) co_return fail(measured.error());
  }
  if (retention_.count_max > 0 || retention_.bytes_max > 0) {
    const auto ended = co_await count_ended(stop);
    if (!ended) co_return fail(ended.error());
    if (retention_.count_max > 0) too_many = ended->count - retention_.count_max;
    if (retention_.bytes_max > 0) too_large = ended->bytes - retention_.bytes_max;
  }
  const bool is_by_age = retention_.age.count() > 0;
  const auto oldest = world_.unix_ms() - retention_.age.count();
  std::int64_t pruned = 0;
  Uuid after{};
  while (!stop.stop_requested()) {
    auto slice = co_await database_.read([&](db::Tx& tx) {
      Slice found;
      auto rows = tx.query(
          "SELECT id, ended_at, status, created_at, bytes FROM runs_data WHERE id > $1 ORDER BY id "
          "LIMIT $2",
          after, kWalkedMax);
      std::int64_t rows_seen = 0;
      while (found.ended.size() < kSliceMax && rows.next()) {
        ++rows_seen;
        const auto left = too_many - static_cast<std::int64_t>(found.ended.size());
        const bool is_beyond = left > 0 || too_large > found.bytes;
        // Nothing behind it was made earlier, or has ended earlier than it was made.
        if (!is_beyond && (!is_by_age || rows.integer(3) >= oldest)) {
          found.last.reset();
          return found;
        }
        found.last = rows.uuid(0);
        if (rows.is_null(1) || !may_go(rows.view(2))) continue;
        if (is_beyond || (is_by_age && rows.integer(1) < oldest)) {
          found.ended.push_back(found.last.value_or(Uuid{}));
          if (!rows.is_null(4)) found.bytes += rows.integer(4);
        }
      }
      if (rows_seen < kWalkedMax && found.ended.size() < kSliceMax) found.last.reset();
      return found;
    });
    if (!slice) co_return fail(slice.error());
    if (!slice->ended.empty()) {
      auto taken = co_await database_.write(db::Lane::kBackground, [&](db::Tx& tx) {
        std::int64_t count = 0;
        for (const auto& id : slice->ended) {
          // Somebody may have let it be tried again meanwhile.
          const std::int64_t gone =
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
      too_large -= slice->bytes;
      pruned_.add(static_cast<std::uint64_t>(*taken));
    }
    if (!slice->last) break;
    after = *slice->last;
    if (!slice->ended.empty()) co_await world_.sleep_for(kBetweenSlices, stop);
  }
  co_return pruned;
}

Task<void> RunPruner::run(std::stop_token stop) {
  const bool keeps_all =
      retention_.age.count() == 0 && retention_.count_max == 0 && retention_.bytes_max == 0;
  if (keeps_all) co_return;
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
