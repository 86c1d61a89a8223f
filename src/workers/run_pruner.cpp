#include "workers/run_pruner.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "base/log.h"

namespace synap::workers {
namespace {

// Runs that one transaction looks at or takes away: a few milliseconds.
constexpr std::int64_t kSliceMax = 100;
// Others have the disk in between.
constexpr std::chrono::milliseconds kBetweenSlices(20);
constexpr std::chrono::minutes kAfterStart(2);
constexpr std::chrono::hours kBetweenRounds(1);

// By when they ended, and not by id: an app makes the ids of its endpoints' runs itself, and one
// that is small would stand before all that there is for ever. Four ranges, since dead letters may
// have to stay, and since what nobody has measured is looked for each hour.
//
// What has been measured is counted by the triggers, so that a round costs what has ended since the
// last one. They fire where `bytes` is written, and so never while runs go on; who changes the
// status of one that has ended writes `bytes` too.
constexpr std::string_view kTotals = R"(
CREATE INDEX runs_by_end ON runs_data(status = 'failed', bytes IS NULL, ended_at, id)
  WHERE ended_at IS NOT NULL;
CREATE TABLE run_totals(
  is_dead INTEGER PRIMARY KEY,
  count INTEGER NOT NULL,
  bytes INTEGER NOT NULL
) STRICT;
INSERT INTO run_totals(is_dead, count, bytes)
  SELECT kind.column1, (SELECT count(*) FROM runs_data WHERE (status = 'failed') = kind.column1
                        AND ended_at IS NOT NULL AND bytes IS NOT NULL),
    (SELECT coalesce(sum(bytes), 0) FROM runs_data WHERE (status = 'failed') = kind.column1
     AND ended_at IS NOT NULL AND bytes IS NOT NULL)
  FROM (VALUES (0), (1)) AS kind;
CREATE TRIGGER runs_are_measured AFTER UPDATE OF bytes ON runs_data BEGIN
  UPDATE run_totals SET count = count - 1, bytes = bytes - old.bytes
    WHERE old.bytes IS NOT NULL AND is_dead = (old.status = 'failed');
  UPDATE run_totals SET count = count + 1, bytes = bytes + new.bytes
    WHERE new.bytes IS NOT NULL AND is_dead = (new.status = 'failed');
END;
CREATE TRIGGER runs_are_taken_away AFTER DELETE ON runs_data WHEN old.bytes IS NOT NULL BEGIN
  UPDATE run_totals SET count = count - 1, bytes = bytes - old.bytes
    WHERE is_dead = (old.status = 'failed');
END;
)";

// The same, where there are no runs yet.
constexpr std::string_view kTotalsOnPostgres = R"(
CREATE INDEX runs_by_end ON runs_data((status = 'failed'), (bytes IS NULL), ended_at, id)
  WHERE ended_at IS NOT NULL;
CREATE TABLE run_totals(
  is_dead BIGINT PRIMARY KEY,
  count BIGINT NOT NULL,
  bytes BIGINT NOT NULL
);
INSERT INTO run_totals(is_dead, count, bytes) VALUES (0, 0, 0), (1, 0, 0);
CREATE FUNCTION count_ended_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF old.bytes IS NOT NULL THEN
    UPDATE run_totals SET count = count - 1, bytes = bytes - old.bytes
      WHERE is_dead = (old.status = 'failed')::int;
  END IF;
  IF TG_OP = 'UPDATE' AND new.bytes IS NOT NULL THEN
    UPDATE run_totals SET count = count + 1, bytes = bytes + new.bytes
      WHERE is_dead = (new.status = 'failed')::int;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER runs_are_measured AFTER UPDATE OF bytes ON runs_data
  FOR EACH ROW EXECUTE FUNCTION count_ended_run();
CREATE TRIGGER runs_are_taken_away AFTER DELETE ON runs_data
  FOR EACH ROW EXECUTE FUNCTION count_ended_run();
)";

// Of one of the four ranges, those that ended first.
constexpr std::string_view kFirstOfRange =
    " FROM runs_data INDEXED BY runs_by_end WHERE (status = 'failed') = ($1 = 1) AND "
    "(bytes IS NULL) = ($2 = 1) AND ended_at IS NOT NULL ORDER BY ended_at, id LIMIT $3";

constexpr std::int64_t kMeasured = 0;
constexpr std::int64_t kNew = 1;

struct Ended {
  std::int64_t ended_at = 0;
  Uuid id;
  std::int64_t bytes = 0;

  auto operator<=>(const Ended&) const = default;
};

}  // namespace

std::vector<db::Database::Migration> RunPruner::migrations() {
  return {{"runs.10", kTotals, kTotalsOnPostgres}};
}

// Whether they are dead letters.
std::span<const std::int64_t> RunPruner::kinds() const {
  static constexpr std::int64_t kKinds[] = {0, 1};
  return std::span(kKinds).first(retention_.takes_dead_letters ? 2 : 1);
}

// What runs take is looked up once, after they have ended, and kept with them: so a round reads the
// results of those alone that have ended since the last one.
Task<Result<>> RunPruner::measure(std::stop_token stop) {
  static const std::string kSql = fmt::format(
      "SELECT id, length(CAST(coalesce(output, '') AS BLOB)) + length(CAST(coalesce(error, '') AS "
      "BLOB)) + (SELECT coalesce(sum(length(CAST(memo AS BLOB)) + length(CAST(coalesce(input, '') "
      "AS BLOB))), 0) FROM run_steps_data WHERE run = id) "
      "+ (SELECT coalesce(sum(length(CAST(error AS BLOB))), 0) FROM run_attempts_data WHERE "
      "run = id){}",
      kFirstOfRange);
  for (bool is_more = true; is_more && !stop.stop_requested();) {
    std::vector<std::pair<Uuid, std::int64_t>> measured;
    auto read = co_await database_.read([&](db::Tx& tx) {
      measured.clear();
      is_more = false;
      for (const auto is_dead : kinds()) {
        std::int64_t count = 0;
        auto rows = tx.query(kSql, is_dead, kNew, kSliceMax);
        while (!is_more && rows.next()) {
          measured.emplace_back(rows.uuid(0).value_or(Uuid{}), rows.integer(1));
          is_more = ++count == kSliceMax || tx.is_out_of_time();
        }
        if (is_more) return;
      }
    });
    if (!read) co_return read;
    auto kept = co_await database_.write(db::Lane::kBackground, [&](db::Tx& tx) {
      for (const auto& [id, bytes] : measured) {
        // Somebody may have let it be tried again meanwhile.
        tx.run("UPDATE runs_data SET bytes = $2 WHERE id = $1 AND ended_at IS NOT NULL", id, bytes);
      }
    });
    if (!kept) co_return kept;
    if (is_more) co_await world_.sleep_for(kBetweenSlices, stop);
  }
  co_return Result<>{};
}

// The next that are to go, those that ended first; nothing: none is.
std::vector<Uuid> RunPruner::next(db::Tx& tx, std::int64_t oldest) const {
  static const std::string kSql = fmt::format("SELECT id, ended_at, bytes{}", kFirstOfRange);
  std::int64_t count = 0;
  std::int64_t bytes = 0;
  std::vector<Ended> ended;
  for (const auto is_dead : kinds()) {
    {
      auto rows = tx.query("SELECT count, bytes FROM run_totals WHERE is_dead = $1", is_dead);
      if (rows.next()) {
        count += rows.integer(0);
        bytes += rows.integer(1);
      }
    }
    for (const auto is_new : {kMeasured, kNew}) {
      auto rows = tx.query(kSql, is_dead, is_new, kSliceMax);
      while (rows.next()) {
        ended.push_back({rows.integer(1), rows.uuid(0).value_or(Uuid{}),
                         rows.is_null(2) ? 0 : rows.integer(2)});
      }
    }
  }
  std::ranges::sort(ended);
  if (std::ssize(ended) > kSliceMax) ended.resize(kSliceMax);
  std::int64_t too_many = retention_.count_max > 0 ? count - retention_.count_max : 0;
  std::int64_t too_large = retention_.bytes_max > 0 ? bytes - retention_.bytes_max : 0;
  std::vector<Uuid> found;
  for (const auto& run : ended) {
    const bool is_beyond = too_many > 0 || too_large > 0;
    // Nothing behind it has ended earlier.
    if (!is_beyond && (retention_.age.count() == 0 || run.ended_at >= oldest)) break;
    found.push_back(run.id);
    --too_many;
    too_large -= run.bytes;
  }
  return found;
}

Task<Result<std::int64_t>> RunPruner::round(std::stop_token stop) {
  if (retention_.count_max > 0 || retention_.bytes_max > 0) {
    if (auto measured = co_await measure(stop); !measured) co_return fail(measured.error());
  }
  const auto oldest = world_.unix_ms() - retention_.age.count();
  std::int64_t pruned = 0;
  while (!stop.stop_requested()) {
    const auto ended = co_await database_.read([&](db::Tx& tx) { return next(tx, oldest); });
    if (!ended) co_return fail(ended.error());
    if (ended->empty()) break;
    auto taken = co_await database_.write(db::Lane::kBackground, [&](db::Tx& tx) {
      std::int64_t count = 0;
      for (const auto& id : *ended) {
        // Somebody may have let it be tried again meanwhile.
        const std::int64_t gone =
            tx.run("DELETE FROM runs_data WHERE id = $1 AND ended_at IS NOT NULL", id);
        if (gone == 0) continue;
        ++count;
        for (const auto* sql : {"DELETE FROM run_steps_data WHERE run = $1",
                                "DELETE FROM pending_steps_data WHERE run = $1",
                                "DELETE FROM run_attempts_data WHERE run = $1",
                                "DELETE FROM run_events_data WHERE run = $1"}) {
          tx.run(sql, id);
        }
      }
      return count;
    });
    if (!taken) co_return fail(taken.error());
    pruned += *taken;
    pruned_.add(static_cast<std::uint64_t>(*taken));
    if (std::ssize(*ended) < kSliceMax) break;
    co_await world_.sleep_for(kBetweenSlices, stop);
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
