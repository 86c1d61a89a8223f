#include "inngest/serve/served_store.h"

#include <algorithm>

#include "workers/pending_steps.h"

namespace synap::inngest {
namespace {

using workers::blob_of;

constexpr std::string_view kTables = R"(
-- Runs that an Inngest server executes, where the pod keeps something of them: status is active,
-- completed or failed. `run` is Inngest's id of the last one that did something.
CREATE TABLE served_runs(
  function TEXT NOT NULL,
  position INTEGER NOT NULL,
  run BLOB NOT NULL,
  status TEXT NOT NULL,
  changed_at INTEGER NOT NULL,
  PRIMARY KEY(function, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX served_runs_by_change ON served_runs(changed_at);
CREATE TABLE served_commits(
  function TEXT NOT NULL,
  position INTEGER NOT NULL,
  hash BLOB NOT NULL,
  name TEXT NOT NULL,
  memo TEXT NOT NULL,
  stored_at INTEGER NOT NULL,
  PRIMARY KEY(function, position, hash)
) STRICT, WITHOUT ROWID;

-- Events that were handed to the Inngest server, for functions that take those of an aggregate
-- (`line`) in their order, until their runs have ended; and those that wait for them.
CREATE TABLE served_lines(
  line BLOB NOT NULL,
  position INTEGER NOT NULL,
  function TEXT NOT NULL,
  handed_at INTEGER NOT NULL,
  PRIMARY KEY(line, position, function)
) STRICT, WITHOUT ROWID;
CREATE INDEX served_lines_by_time ON served_lines(handed_at);
CREATE TABLE held_events(
  position INTEGER PRIMARY KEY,
  line BLOB NOT NULL
) STRICT;
CREATE INDEX held_events_by_line ON held_events(line, position);
)";

// The first held event of each line, and whether one before it is under way at Inngest: kept as
// they come and go, so that nobody looks through what waits behind them.
constexpr std::string_view kHeldLines = R"(
CREATE TABLE held_lines(
  line BLOB PRIMARY KEY,
  position INTEGER NOT NULL,
  is_under_way INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX held_lines_to_go ON held_lines(position) WHERE is_under_way = 0;
INSERT INTO held_lines(line, position, is_under_way)
  SELECT line, min(position), 0 FROM held_events GROUP BY line;
UPDATE held_lines SET is_under_way = 1 WHERE EXISTS(
  SELECT 1 FROM served_lines l WHERE l.line = held_lines.line AND l.position < held_lines.position);
)";

constexpr std::int64_t kDayMs = 24 * 60 * 60 * 1'000;
// Longer than anybody delivers an event again.
constexpr std::int64_t kEndedKeptMs = 30 * kDayMs;
// A sleep lasts 366 days at most.
constexpr std::int64_t kActiveKeptMs = 400 * kDayMs;
constexpr int kPrunedTogether = 500;
// Of lines that one call looks at, in search of such as may go on.
constexpr int kPagesMax = 10;

struct Row {
  std::string status;
  std::optional<Uuid> run;
};

std::optional<Row> row_of(db::Tx& tx, const bus::Job& job) {
  auto rows = tx.query("SELECT status, run FROM served_runs WHERE function = $1 AND position = $2",
                       job.function->id, job.position);
  if (!rows.next()) return std::nullopt;
  return Row{rows.text(0), rows.uuid(1)};
}

// Whether something hangs on how its runs end.
bool is_ended_by(const bus::Function& function) {
  return function.fulfills || function.in_aggregate_order;
}

}  // namespace

std::vector<db::Database::Migration> ServedStore::migrations() {
  return {{"served_runs.1", kTables}, {"served_runs.2", kHeldLines}};
}

Task<Result<std::optional<std::string>>> ServedStore::find_commit(const bus::Job& job,
                                                                  workers::StepHash step) {
  co_return co_await runs_.database().read([&](db::Tx& tx) -> std::optional<std::string> {
    auto rows = tx.query(
        "SELECT memo FROM served_commits WHERE function = $1 AND position = $2 AND hash = $3",
        job.function->id, job.position, blob_of(step));
    if (!rows.next()) return std::nullopt;
    return rows.text(0);
  });
}

void ServedStore::keep_commit(db::Tx& tx, const bus::Job& job, const events::Event& event,
                              const workers::StepResult& result, workers::ServedRun::Then then) {
  const auto before = row_of(tx, job);
  if (before && before->status == "completed") {
    return tx.abort({Code::kConflict, "The run has completed", nullptr});
  }
  // Another run of the same event may do what this one could not.
  if (before && before->status == "failed" && before->run == job.run_id) {
    return tx.abort({Code::kConflict, "The run was given up", nullptr});
  }
  const std::int64_t stored = tx.run(
      "INSERT INTO served_commits(function, position, hash, name, memo, stored_at) "
      "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
      job.function->id, job.position, blob_of(result.hash), result.name, result.memo,
      runs_.world().unix_ms());
  if (stored != 1) return tx.abort({Code::kConflict, "The step is done already", nullptr});
  const bool is_last = then == workers::ServedRun::Then::kComplete;
  set_status(tx, job, is_last ? "completed" : "active");
  if (is_last) end_line(tx, job, event);
}

void ServedStore::set_status(db::Tx& tx, const bus::Job& job, std::string_view status) {
  tx.run(
      "INSERT INTO served_runs(function, position, run, status, changed_at) "
      "VALUES ($1, $2, $3, $4, $5) ON CONFLICT(function, position) DO UPDATE SET "
      "run = $3, status = $4, changed_at = $5",
      job.function->id, job.position, job.run_id, status, runs_.world().unix_ms());
}

void ServedStore::end_line(db::Tx& tx, const bus::Job& job, const events::Event& event) {
  if (!job.function->in_aggregate_order || !event.aggregate_id) return;
  tx.run("DELETE FROM served_lines WHERE line = $1 AND position = $2 AND function = $3",
         *event.aggregate_id, job.position, job.function->id);
  look_at_line(tx, *event.aggregate_id);
  tx.on_commit([this] { ends_.raise(++end_count_); });
}

Task<Result<>> ServedStore::complete(const bus::Job& job, const events::Event& event) {
  if (!is_ended_by(*job.function)) co_return Result<>{};
  auto before = co_await runs_.database().read([&](db::Tx& tx) { return row_of(tx, job); });
  if (!before) co_return fail(before.error());
  if (*before && (*before)->status == "completed") co_return Result<>{};
  co_return co_await runs_.database().write(db::Lane::kBackground, [&](db::Tx& tx) {
    set_status(tx, job, "completed");
    end_line(tx, job, event);
  });
}

Task<Result<bool>> ServedStore::give_up(const bus::Job& job, const events::Event& event,
                                        const Error& error, int attempts) {
  if (!is_ended_by(*job.function)) co_return true;
  std::optional<events::NewEvent> failed;
  if (job.function->fulfills) {
    auto made = runs_.events().failure_of(job, event, error, attempts);
    if (!made) co_return fail(made.error());
    failed = std::move(*made);
  }
  co_return co_await runs_.database().write(db::Lane::kBackground, [&](db::Tx& tx) {
    const auto before = row_of(tx, job);
    if (before && before->status != "active") return false;
    set_status(tx, job, "failed");
    if (failed) runs_.log().append(tx, {.events = {*failed}});
    end_line(tx, job, event);
    return true;
  });
}

bool ServedStore::is_line_busy(db::Tx& tx, const Uuid& line, std::int64_t position) {
  for (const auto* sql : {"SELECT 1 FROM served_lines WHERE line = $1 AND position < $2 LIMIT 1",
                          "SELECT 1 FROM held_events WHERE line = $1 AND position < $2 LIMIT 1"}) {
    auto rows = tx.query(sql, line, position);
    if (rows.next()) return true;
  }
  return runs_.jobs().has_others(tx, line);
}

void ServedStore::begin_line(db::Tx& tx, const Uuid& line, std::int64_t position,
                             std::span<const std::string> functions) {
  std::vector<std::string> others;
  {
    auto rows = tx.query("SELECT function FROM served_lines WHERE line = $1 AND position = $2",
                         line, position);
    while (rows.next()) {
      if (std::ranges::find(functions, rows.view(0)) == functions.end()) {
        others.push_back(rows.text(0));
      }
    }
  }
  for (const auto& other : others) {
    tx.run("DELETE FROM served_lines WHERE line = $1 AND position = $2 AND function = $3", line,
           position, other);
  }
  for (const auto& function : functions) {
    // A run that has ended would leave its line never again.
    tx.run(
        "INSERT INTO served_lines(line, position, function, handed_at) SELECT $1, $2, $3, $4 "
        "WHERE NOT EXISTS(SELECT 1 FROM served_runs WHERE function = $3 AND position = $2 "
        "AND status <> 'active') ON CONFLICT(line, position, function) DO UPDATE SET "
        "handed_at = $4",
        line, position, std::string_view(function), runs_.world().unix_ms());
  }
  look_at_line(tx, line);
}

bool ServedStore::hold(db::Tx& tx, const Uuid& line, std::int64_t position) {
  const std::int64_t is_new =
      tx.run("INSERT INTO held_events(position, line) VALUES ($1, $2) ON CONFLICT DO NOTHING",
             position, line);
  look_at_line(tx, line);
  return is_new > 0;
}

bool ServedStore::release(db::Tx& tx, std::int64_t position) {
  std::optional<Uuid> line;
  {
    auto rows = tx.query("DELETE FROM held_events WHERE position = $1 RETURNING line", position);
    if (rows.next()) line = rows.uuid(0);
    rows.next();
  }
  if (line) look_at_line(tx, *line);
  return line.has_value();
}

// Whenever something of the line has come or gone.
void ServedStore::look_at_line(db::Tx& tx, const Uuid& line) {
  std::optional<std::int64_t> first;
  {
    auto rows = tx.query(
        "SELECT position FROM held_events WHERE line = $1 ORDER BY position LIMIT 1", line);
    if (rows.next()) first = rows.integer(0);
  }
  if (!first) {
    tx.run("DELETE FROM held_lines WHERE line = $1", line);
    return;
  }
  tx.run(
      "INSERT INTO held_lines(line, position, is_under_way) VALUES ($1, $2, CASE WHEN "
      "EXISTS(SELECT 1 FROM "
      "served_lines WHERE line = $1 AND position < $2) THEN 1 ELSE 0 END) ON CONFLICT(line) DO "
      "UPDATE SET "
      "position = excluded.position, is_under_way = excluded.is_under_way",
      line, *first);
}

ServedStore::Held ServedStore::held(db::Tx& tx, std::int64_t after, int limit) {
  Held found;
  int pages = kPagesMax;
  // True: there is nothing more up to `to`.
  const auto look = [&](std::int64_t from, std::int64_t to) {
    found.looked_to = from;
    for (; pages > 0 && std::ssize(found.free) < limit; --pages) {
      const auto asked = limit - std::ssize(found.free);
      std::vector<std::pair<std::int64_t, Uuid>> firsts;
      {
        auto rows = tx.query(
            "SELECT position, line FROM held_lines WHERE is_under_way = 0 AND position > $1 AND "
            "position <= $2 ORDER BY position LIMIT $3",
            found.looked_to, to, asked);
        while (rows.next()) firsts.emplace_back(rows.integer(0), rows.uuid(1).value_or(Uuid{}));
      }
      for (const auto& [position, line] : firsts) {
        found.looked_to = position;
        if (!runs_.jobs().has_others(tx, line)) found.free.push_back(position);
      }
      if (std::ssize(firsts) < asked) return true;
    }
    return false;
  };
  if (look(after, INT64_MAX)) look(0, after);
  return found;
}

std::int64_t ServedStore::held_count(db::Tx& tx) const {
  auto rows = tx.query("SELECT count(*) FROM held_events");
  return rows.next() ? rows.integer(0) : 0;
}

std::vector<std::int64_t> ServedStore::handed_before(db::Tx& tx, std::int64_t unix_ms, int limit) {
  std::vector<std::int64_t> all;
  auto rows = tx.query(
      "SELECT DISTINCT position FROM served_lines WHERE handed_at < $1 ORDER BY position LIMIT $2",
      unix_ms, limit);
  while (rows.next()) all.push_back(rows.integer(0));
  return all;
}

Task<Result<std::int64_t>> ServedStore::prune() {
  const auto now = runs_.world().unix_ms();
  co_return co_await runs_.database().write(db::Lane::kBackground, [&](db::Tx& tx) {
    std::vector<std::pair<std::string, std::int64_t>> old;
    {
      auto rows = tx.query(
          "SELECT function, position FROM served_runs WHERE changed_at < $1 "
          "AND (status <> 'active' OR changed_at < $2) LIMIT $3",
          now - kEndedKeptMs, now - kActiveKeptMs, kPrunedTogether);
      while (rows.next()) old.emplace_back(rows.text(0), rows.integer(1));
    }
    for (const auto& [function, position] : old) {
      for (const auto* sql : {"DELETE FROM served_commits WHERE function = $1 AND position = $2",
                              "DELETE FROM served_runs WHERE function = $1 AND position = $2"}) {
        tx.run(sql, function, position);
      }
    }
    return static_cast<std::int64_t>(old.size());
  });
}

}  // namespace synap::inngest
