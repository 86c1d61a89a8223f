#include "features/checkpoints/thread_store.h"

#include <fmt/format.h>

#include <set>

#include "base/crypto.h"
#include "features/checkpoints/checkpoints.h"
#include "features/checkpoints/thread_shapes.h"
#include "features/command.h"

namespace synap::features::checkpoints {
namespace {

// Channels by which LangGraph says that a task waits for an answer, and that it has one.
constexpr std::string_view kInterruptChannel = "__interrupt__";
constexpr std::string_view kResumeChannel = "__resume__";
// ... and that it has failed.
constexpr std::string_view kErrorChannel = "__error__";

// A thread's rows have an id of its own in front, so that to take one away is to remove one row:
// what it leaves is seen by nobody, and goes in slices (checkpoint_trash).
constexpr std::string_view kTables = R"(
CREATE TABLE graph_threads_data(
  id BLOB PRIMARY KEY,
  user_id TEXT NOT NULL,
  thread_id TEXT NOT NULL,
  waits_at TEXT,
  bytes INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX graph_threads_by_name ON graph_threads_data(user_id, thread_id);
CREATE INDEX graph_threads_of_user ON graph_threads_data(user_id, id);
CREATE INDEX graph_threads_by_use ON graph_threads_data(updated_at, id);
CREATE VIEW graph_threads AS SELECT * FROM graph_threads_data WHERE user_id = current_user_id();
CREATE TABLE checkpoints_data(
  thread BLOB NOT NULL,
  ns TEXT NOT NULL,
  id TEXT NOT NULL,
  parent TEXT,
  run TEXT,
  checkpoint_type TEXT NOT NULL,
  checkpoint BLOB NOT NULL,
  metadata_type TEXT NOT NULL,
  metadata BLOB NOT NULL,
  labels TEXT NOT NULL,
  versions TEXT NOT NULL,
  deltas TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY(thread, ns, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX checkpoints_by_id ON checkpoints_data(thread, id, ns);
CREATE INDEX checkpoints_by_run ON checkpoints_data(run, thread) WHERE run IS NOT NULL;
CREATE VIEW checkpoints AS
  SELECT checkpoints_data.* FROM checkpoints_data
  JOIN graph_threads_data ON graph_threads_data.id = checkpoints_data.thread
  WHERE graph_threads_data.user_id = current_user_id();
CREATE TABLE checkpoint_values_data(
  thread BLOB NOT NULL,
  ns TEXT NOT NULL,
  channel TEXT NOT NULL,
  version TEXT NOT NULL,
  type TEXT NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY(thread, ns, channel, version)
) STRICT, WITHOUT ROWID;
CREATE VIEW checkpoint_values AS
  SELECT checkpoint_values_data.* FROM checkpoint_values_data
  JOIN graph_threads_data ON graph_threads_data.id = checkpoint_values_data.thread
  WHERE graph_threads_data.user_id = current_user_id();
CREATE TABLE checkpoint_writes_data(
  thread BLOB NOT NULL,
  ns TEXT NOT NULL,
  checkpoint TEXT NOT NULL,
  task TEXT NOT NULL,
  place INTEGER NOT NULL,
  path TEXT NOT NULL,
  channel TEXT NOT NULL,
  type TEXT NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY(thread, ns, checkpoint, task, place)
) STRICT, WITHOUT ROWID;
CREATE VIEW checkpoint_writes AS
  SELECT checkpoint_writes_data.* FROM checkpoint_writes_data
  JOIN graph_threads_data ON graph_threads_data.id = checkpoint_writes_data.thread
  WHERE graph_threads_data.user_id = current_user_id();
CREATE TABLE checkpoint_trash(thread BLOB PRIMARY KEY) STRICT;
)";

// SQLite has one wall of tenancy, the views, and nothing to be told.
constexpr std::string_view kWhose = R"(
COMMENT ON COLUMN checkpoints_data.thread IS 'rows of graph_threads_data';
COMMENT ON COLUMN checkpoint_values_data.thread IS 'rows of graph_threads_data';
COMMENT ON COLUMN checkpoint_writes_data.thread IS 'rows of graph_threads_data';
)";

// What is known of a thread besides its checkpoints: for graphThreads.*.
constexpr std::string_view kKnown = R"(
ALTER TABLE graph_threads_data ADD COLUMN metadata TEXT NOT NULL DEFAULT '{}';
ALTER TABLE graph_threads_data ADD COLUMN status TEXT NOT NULL DEFAULT 'idle';
ALTER TABLE graph_threads_data ADD COLUMN state_at INTEGER;
UPDATE graph_threads_data SET status = 'interrupted' WHERE waits_at IS NOT NULL;
DROP VIEW graph_threads;
CREATE VIEW graph_threads AS SELECT * FROM graph_threads_data WHERE user_id = current_user_id();
)";

constexpr int kSliceMax = 200;
constexpr std::size_t kPairsMax = 32;

std::string bytes_in(const std::string& base64url) {
  return from_base64url(base64url).value_or("");  // the schema has looked
}

Error too_large(std::string what) {
  return {Code::kPayloadTooLarge, std::move(what)};
}

}  // namespace

std::vector<db::Database::Migration> migrations() {
  return {{"checkpoints.1", kTables},
          {.name = "checkpoints.2", .sql = "", .on_postgres = kWhose},
          {"checkpoints.3", kKnown}};
}

std::map<std::string, std::string> versions_of(std::string_view text) {
  std::map<std::string, std::string> versions;
  const auto json = parse_json(text);
  if (!json || !json->is_object()) return versions;
  for (const auto& [channel, version] : json->as_object()) versions[channel] = version.as_string();
  return versions;
}

std::int64_t sum_of(db::Rows rows) {
  std::int64_t sum = 0;
  while (rows.next()) sum += rows.integer(0);
  return sum;
}

std::int64_t bytes_of_state(db::Tx& tx, const Uuid& thread, const std::string& ns,
                            const std::map<std::string, std::string>& versions) {
  std::int64_t bytes = 0;
  for (auto next = versions.begin(); next != versions.end();) {
    // One text of SQL for any number of them: the last is named again.
    std::string sql = fmt::format(
        "SELECT coalesce(sum({}), 0) FROM checkpoint_values_data WHERE thread = $1 AND "
        "ns = $2 AND (channel, version) IN (VALUES ",
        kBytes);
    std::vector<db::Value> values = {thread, ns};
    for (std::size_t i = 0; i < kPairsMax; ++i) {
      sql += fmt::format("{}(${}, ${})", i == 0 ? "" : ", ", values.size() + 1, values.size() + 2);
      values.emplace_back(next->first);
      values.emplace_back(next->second);
      if (std::next(next) != versions.end() && i + 1 < kPairsMax) ++next;
    }
    ++next;
    auto rows = tx.query_with(sql + ")", values);
    if (rows.next()) bytes += rows.integer(0);
  }
  return bytes;
}

// Each change has a time of its own, also within a millisecond: so it says whether there was one.
std::optional<Uuid> ThreadChange::take_if_there() {
  const auto now = rooms_.types.world().unix_ms();
  const auto& user = session_.user_id();
  auto rows = tx_.query(
      "UPDATE graph_threads_data SET updated_at = CASE WHEN updated_at >= $3 THEN updated_at + 1 "
      "ELSE $3 END WHERE user_id = $1 AND thread_id = $2 RETURNING id",
      user, thread_id_, now);
  if (!rows.next()) return std::nullopt;
  id_ = rows.uuid(0).value_or(Uuid{});
  return id_;
}

Uuid ThreadChange::take() {
  if (take_if_there()) return id_;
  // Unless somebody else has made it in this moment.
  if (!make(Json::object())) std::ignore = take_if_there();
  return id_;
}

bool ThreadChange::make(const Json& metadata) {
  const auto text = metadata.dump();
  const auto now = rooms_.types.world().unix_ms();
  const auto id = rooms_.types.world().new_id();
  const std::int64_t made = tx_.run(
      "INSERT INTO graph_threads_data(id, user_id, thread_id, bytes, created_at, updated_at, "
      "metadata) VALUES ($1, $2, $3, 0, $4, $4, $5) ON CONFLICT(user_id, thread_id) DO NOTHING",
      id, session_.user_id(), thread_id_, now, text);
  if (made == 0) return false;
  id_ = id;
  tell(kThreadCreated, {.thread_id = thread_id_});
  return true;
}

void ThreadChange::merge(const Json& metadata, std::size_t bytes_max) {
  if (!take_if_there()) return tx_.abort({Code::kNotFound, "You have no such thread"});
  Json merged = Json::object();
  {
    auto rows = tx_.query("SELECT metadata FROM graph_threads_data WHERE id = $1", id_);
    if (!rows.next()) return;
    if (auto there = parse_json(rows.view(0)); there && there->is_object()) {
      merged = *std::move(there);
    }
  }
  for (const auto& [key, value] : metadata.as_object()) merged.set(key, value);
  const auto text = merged.dump();
  if (text.size() > bytes_max) {
    return tx_.abort({Code::kBadRequest, fmt::format("metadata: {} bytes of JSON together, at most "
                                                     "{}",
                                                     text.size(), bytes_max)});
  }
  tx_.run("UPDATE graph_threads_data SET metadata = $2 WHERE id = $1", id_, text);
}

// Also what it waits for, which an answer to the copy ends. One that has gone on since stays where
// it is.
void ThreadChange::be_like(const Uuid& source) {
  if (!take_if_there()) return;
  auto newer = tx_.query(
      "SELECT 1 FROM checkpoints_data WHERE thread = $1 AND ns = '' AND id > coalesce((SELECT "
      "max(id) FROM checkpoints_data WHERE thread = $2 AND ns = ''), '') LIMIT 1",
      id_, source);
  if (newer.next()) return;
  tx_.run(
      "UPDATE graph_threads_data SET status = source.status, state_at = source.state_at, waits_at "
      "= source.waits_at, metadata "
      "= CASE WHEN graph_threads_data.metadata = '{}' THEN source.metadata ELSE "
      "graph_threads_data.metadata END FROM graph_threads_data AS source WHERE "
      "graph_threads_data.id = $1 AND source.id = $2",
      id_, source);
}

void ThreadChange::tell(const events::EventType<ThreadPlace>& type, ThreadPlace place) {
  if (!tx_.ok()) return;
  events::Envelope envelope;
  envelope.user_id = session_.user_id();
  envelope.source = session_.actor->source;
  envelope.actor = session_.actor->recorded;
  envelope.aggregate_id = id_;
  envelope.aggregate_type = std::string(kThreadAggregate);
  set_cause(envelope, session_);
  auto event = rooms_.types.make(type, std::move(place), std::move(envelope));
  if (!event) return tx_.abort(event.error());
  rooms_.log.append(tx_, {.events = {*std::move(event)}});
}

void ThreadChange::grow(std::int64_t bytes) {
  auto rows = tx_.query(
      "UPDATE graph_threads_data SET bytes = bytes + $2 WHERE id = $1 RETURNING bytes", id_, bytes);
  if (!rows.next() || rows.integer(0) <= kThreadBytesMax) return;
  tx_.abort(too_large(fmt::format(
      "The checkpoints of a thread may take {} MiB: prune this one (checkpoints.prune), or go on "
      "in another",
      kThreadBytesMax >> 20)));
}

void ThreadChange::put_row(const PutCheckpoint& input) {
  const auto checkpoint = bytes_in(input.checkpoint.bytes);
  const auto metadata = bytes_in(input.metadata.bytes);
  tx_.run(
      "INSERT INTO checkpoints_data(thread, ns, id, parent, run, checkpoint_type, checkpoint, "
      "metadata_type, metadata, labels, versions, deltas, created_at) VALUES ($1, $2, $3, $4, $5, "
      "$6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT(thread, ns, id) DO UPDATE SET parent = "
      "excluded.parent, run = excluded.run, checkpoint_type = excluded.checkpoint_type, "
      "checkpoint = excluded.checkpoint, metadata_type = excluded.metadata_type, metadata = "
      "excluded.metadata, labels = excluded.labels, versions = excluded.versions, deltas = "
      "excluded.deltas",
      id_, input.ns, input.id, input.parent, input.run_id, input.checkpoint.type,
      db::Blob{checkpoint}, input.metadata.type, db::Blob{metadata}, json_text(input.labels),
      json_text(input.versions), json_text(input.deltas), rooms_.types.world().unix_ms());
}

void ThreadChange::put_values(const PutCheckpoint& input) {
  for (const auto& value : input.values) {
    const auto bytes = bytes_in(value.bytes);
    tx_.run(
        "INSERT INTO checkpoint_values_data(thread, ns, channel, version, type, bytes) VALUES "
        "($1, $2, $3, $4, $5, $6) ON CONFLICT(thread, ns, channel, version) DO UPDATE SET type = "
        "excluded.type, bytes = excluded.bytes",
        id_, input.ns, value.channel, value.version, value.type, db::Blob{bytes});
  }
}

// What is there of what the input has: its row, and the values that it brings.
std::int64_t ThreadChange::bytes_there(const PutCheckpoint& input) {
  auto bytes =
      sum_of(tx_.query(fmt::format("SELECT {} FROM checkpoints_data WHERE thread = $1 AND ns = $2 "
                                   "AND id = $3",
                                   kCheckpointBytes),
                       id_, input.ns, input.id));
  std::set<std::pair<std::string, std::string>> names;
  for (const auto& value : input.values) names.emplace(value.channel, value.version);
  const auto sql = fmt::format(
      "SELECT {} FROM checkpoint_values_data WHERE thread = $1 AND ns = $2 AND channel = $3 AND "
      "version = $4",
      kBytes);
  for (const auto& [channel, version] : names) {
    bytes += sum_of(tx_.query(sql, id_, input.ns, channel, version));
  }
  return bytes;
}

void ThreadChange::put(const PutCheckpoint& input) {
  take();
  const auto before = bytes_there(input);
  put_row(input);
  put_values(input);
  if (bytes_of_state(tx_, id_, input.ns, input.versions) > kStateBytesMax) {
    return tx_.abort(too_large(fmt::format(
        "The state of a graph may take {} MiB: keep large things in files or notes, and their "
        "names in the state",
        kStateBytesMax >> 20)));
  }
  grow(bytes_there(input) - before);
  // The next step of a graph that was interrupted, without an answer: it has had another input.
  if (!input.ns.empty()) return;
  resume(input.ns, input.id, true);
  set_status(input);
}

bool ThreadChange::has_next(const PutCheckpoint& input) {
  Shower shower;
  const auto checkpoint = shower.show(input.checkpoint.type, bytes_in(input.checkpoint.bytes));
  const auto pending = pending_of(
      checkpoint, input.versions,
      [&](const std::string& channel, const std::string& version) -> std::optional<Json> {
        auto rows = tx_.query(
            "SELECT type, bytes FROM checkpoint_values_data WHERE thread = $1 AND ns = $2 AND "
            "channel = $3 AND version = $4",
            id_, input.ns, channel, version);
        if (!rows.next()) return std::nullopt;
        return shower.show(rows.text(0), rows.view(1));
      });
  return !pending.empty();
}

// What was stored before: in the background, one may come after the one that follows it, and after
// the question or the failure at it.
void ThreadChange::set_status(const PutCheckpoint& input) {
  const auto status = has_next(input) ? kBusy : kIdle;
  tx_.run(
      "UPDATE graph_threads_data SET state_at = $3, status = CASE WHEN waits_at IS NOT NULL THEN "
      "'interrupted' WHEN EXISTS (SELECT 1 FROM checkpoint_writes_data WHERE thread = $1 AND ns = "
      "'' AND checkpoint = $2 AND channel = $5) THEN 'error' ELSE $4 END WHERE id = $1 AND NOT "
      "EXISTS (SELECT 1 FROM checkpoints_data WHERE thread = $1 AND ns = '' AND id > $2)",
      id_, input.id, rooms_.types.world().unix_ms(), status, kErrorChannel);
}

void ThreadChange::store_writes(const PutWrites& input) {
  for (const auto& write : input.writes) {
    const auto bytes = bytes_in(write.bytes);
    // A task that is done again gives the same; what was written first counts.
    const std::string_view conflict =
        write.index < 0 ? "DO UPDATE SET path = excluded.path, channel = excluded.channel, type = "
                          "excluded.type, bytes = excluded.bytes"
                        : "DO NOTHING";
    tx_.run(fmt::format("INSERT INTO checkpoint_writes_data(thread, ns, checkpoint, task, place, "
                        "path, channel, type, bytes) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) "
                        "ON CONFLICT(thread, ns, checkpoint, task, place) {}",
                        conflict),
            id_, input.ns, input.checkpoint_id, input.task_id, write.index, input.task_path,
            write.channel, write.type, db::Blob{bytes});
  }
}

void ThreadChange::put_writes(const PutWrites& input) {
  take();
  const auto bytes = [&] {
    return sum_of(tx_.query(fmt::format("SELECT coalesce(sum({}), 0) FROM checkpoint_writes_data "
                                        "WHERE thread = $1 AND ns = $2 AND checkpoint = $3",
                                        kBytes),
                            id_, input.ns, input.checkpoint_id));
  };
  const auto before = bytes();
  store_writes(input);
  const auto behind = bytes();
  if (behind > kStateBytesMax) {
    return tx_.abort(too_large(
        fmt::format("The writes of one step of a graph may take {} MiB", kStateBytesMax >> 20)));
  }
  grow(behind - before);
  const auto has = [&](std::string_view channel) {
    return std::ranges::any_of(input.writes,
                               [&](const Write& write) { return write.channel == channel; });
  };
  // In this order: a task that has had one answer may ask for another.
  if (has(kResumeChannel)) resume(input.ns, input.checkpoint_id, false);
  if (has(kInterruptChannel)) interrupt(input);
  if (has(kErrorChannel) && input.ns.empty()) {
    tx_.run(
        "UPDATE graph_threads_data SET status = 'error' WHERE id = $1 AND waits_at IS NULL AND NOT "
        "EXISTS (SELECT 1 FROM checkpoints_data WHERE thread = $1 AND ns = '' AND id > $2)",
        id_, input.checkpoint_id);
  }
}

void ThreadChange::interrupt(const PutWrites& input) {
  const std::int64_t changed = tx_.run(
      "UPDATE graph_threads_data SET waits_at = $2, status = 'interrupted' WHERE id = $1 AND "
      "waits_at IS NULL",
      id_, input.checkpoint_id);
  if (changed == 0) {
    // A second task waits, or the graph that the first is a part of.
    tx_.run("UPDATE graph_threads_data SET waits_at = $2 WHERE id = $1 AND waits_at < $2", id_,
            input.checkpoint_id);
    return;
  }
  tell(kThreadInterrupted,
       {.thread_id = thread_id_, .ns = input.ns, .checkpoint_id = input.checkpoint_id});
}

// `only_if_behind`: a checkpoint says so, and where one is stored in the background it may come
// after the question that was asked at it.
void ThreadChange::resume(const std::string& ns, const std::string& checkpoint_id,
                          bool only_if_behind) {
  const std::int64_t changed =
      only_if_behind
          ? tx_.run(
                "UPDATE graph_threads_data SET waits_at = NULL, status = 'busy' WHERE id = $1 AND "
                "waits_at IS NOT NULL AND waits_at < $2",
                id_, checkpoint_id)
          : tx_.run(
                "UPDATE graph_threads_data SET waits_at = NULL, status = 'busy' WHERE id = $1 AND "
                "waits_at IS NOT NULL",
                id_);
  if (changed == 0) return;
  tell(kThreadResumed, {.thread_id = thread_id_, .ns = ns, .checkpoint_id = checkpoint_id});
}

bool ThreadChange::remove() {
  if (!take_if_there()) return false;
  tx_.run("DELETE FROM graph_threads_data WHERE id = $1", id_);
  tx_.run("INSERT INTO checkpoint_trash(thread) VALUES ($1)", id_);
  tell(kThreadDeleted, {.thread_id = thread_id_});
  return true;
}

bool empty_trash(db::Tx& tx, const Uuid& thread) {
  for (const auto& [table, key] :
       {std::pair{"checkpoints_data", "ns, id"},
        std::pair{"checkpoint_values_data", "ns, channel, version"},
        std::pair{"checkpoint_writes_data", "ns, checkpoint, task, place"}}) {
    const std::int64_t gone =
        tx.run(fmt::format("DELETE FROM {0} WHERE thread = $1 AND ({1}) IN (SELECT {1} FROM {0} "
                           "WHERE thread = $1 LIMIT $2)",
                           table, key),
               thread, kSliceMax);
    if (gone > 0) return false;
  }
  tx.run("DELETE FROM checkpoint_trash WHERE thread = $1", thread);
  return true;
}

std::int64_t remove_checkpoint(db::Tx& tx, const Uuid& thread, const CheckpointName& name) {
  const auto& [ns, id] = name;
  return sum_of(tx.query(fmt::format("DELETE FROM checkpoints_data WHERE thread = $1 AND ns = $2 "
                                     "AND id = $3 RETURNING {}",
                                     kCheckpointBytes),
                         thread, ns, id)) +
         sum_of(
             tx.query(fmt::format("DELETE FROM checkpoint_writes_data WHERE thread = $1 AND ns = "
                                  "$2 AND checkpoint = $3 RETURNING {}",
                                  kBytes),
                      thread, ns, id));
}

Task<Result<>> in_slices(db::Database& database, std::function<bool(db::Tx&)> slice,
                         std::stop_token stop) {
  while (!stop.stop_requested()) {
    auto is_done =
        co_await database.write(db::Lane::kBackground, [&](db::Tx& tx) { return slice(tx); });
    if (!is_done) co_return fail(is_done.error());
    if (*is_done) break;
  }
  co_return Result<>{};
}

}  // namespace synap::features::checkpoints
