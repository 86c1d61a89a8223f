// checkpoints.get and checkpoints.list.
#include <fmt/format.h>

#include "base/crypto.h"
#include "features/checkpoints/procedures.h"
#include "features/checkpoints/reading.h"
#include "features/checkpoints/thread_store.h"

namespace synap::features::checkpoints {
namespace {

using api::Session;

// A page of a list ends behind this.
constexpr std::int64_t kPageBytesMax = 4 << 20;
constexpr int kThreadsOfPage = 100;

/// Where a list goes on: behind this checkpoint.
struct Place {
  Uuid thread;
  std::string id;
  std::string ns;
};

std::string cursor_of(const Place& place) {
  return to_base64url(Json(Json::Array{place.thread.to_string(), place.id, place.ns}).dump());
}

std::optional<Place> place_of(const std::string& cursor) {
  const auto text = from_base64url(cursor);
  if (!text) return std::nullopt;
  const auto json = parse_json(*text);
  if (!json || !json->is_array() || json->as_array().size() != 3) return std::nullopt;
  for (const auto& part : json->as_array()) {
    if (!part.is_string()) return std::nullopt;
  }
  const auto& parts = json->as_array();
  const auto thread = Uuid::parse(parts[0].as_string());
  if (!thread) return std::nullopt;
  return Place{*thread, parts[1].as_string(), parts[2].as_string()};
}

std::int64_t bytes_of(const Tuple& tuple) {
  std::size_t bytes = tuple.checkpoint.bytes.size() + tuple.metadata.bytes.size();
  for (const auto& value : tuple.values) bytes += value.bytes.size();
  for (const auto& write : tuple.writes) bytes += write.bytes.size();
  return static_cast<std::int64_t>(bytes);
}

void read_values(db::Tx& tx, const Uuid& thread, const std::map<std::string, std::string>& versions,
                 Tuple& tuple) {
  for (const auto& [channel, version] : versions) {
    auto rows = tx.query(
        "SELECT type, bytes FROM checkpoint_values WHERE thread = $1 AND ns = $2 AND channel = $3 "
        "AND version = $4",
        thread, tuple.ns, channel, version);
    // One without a value is empty.
    if (!rows.next()) continue;
    tuple.values.push_back({channel, version, rows.text(0), to_base64url(rows.view(1))});
  }
}

void read_writes(db::Tx& tx, const Uuid& thread, Tuple& tuple) {
  auto rows = tx.query(
      "SELECT task, channel, type, bytes, path FROM checkpoint_writes WHERE thread = $1 AND ns = "
      "$2 "
      "AND checkpoint = $3 ORDER BY path, task, place",
      thread, tuple.ns, tuple.id);
  while (rows.next()) {
    tuple.writes.push_back(
        {rows.text(0), rows.text(1), rows.text(2), to_base64url(rows.view(3)), rows.text(4)});
  }
}

}  // namespace

std::optional<Tuple> read_whole(db::Tx& tx, const Thread& thread, const CheckpointName& name) {
  Tuple tuple{.thread_id = thread.name, .ns = name.first, .id = name.second};
  {
    auto rows = tx.query(
        "SELECT parent, checkpoint_type, checkpoint, metadata_type, metadata, versions, deltas "
        "FROM "
        "checkpoints WHERE thread = $1 AND ns = $2 AND id = $3",
        thread.id, name.first, name.second);
    if (!rows.next()) return std::nullopt;
    tuple.parent = rows.optional_text(0);
    tuple.checkpoint = {rows.text(1), to_base64url(rows.view(2))};
    tuple.metadata = {rows.text(3), to_base64url(rows.view(4))};
    tuple.versions = versions_of(rows.view(5));
    if (const auto deltas = parse_json(rows.view(6)); deltas && deltas->is_array()) {
      for (const auto& one : deltas->as_array()) tuple.deltas.push_back(one.as_string());
    }
  }
  read_values(tx, thread.id, tuple.versions, tuple);
  read_writes(tx, thread.id, tuple);
  return tuple;
}

std::optional<Thread> find_thread(db::Tx& tx, const std::string& name) {
  auto rows = tx.query("SELECT id FROM graph_threads WHERE thread_id = $1", name);
  if (!rows.next()) return std::nullopt;
  return Thread{rows.uuid(0).value_or(Uuid{}), name};
}

std::optional<std::string> newest_of(db::Tx& tx, const Thread& thread, const std::string& ns) {
  auto rows =
      tx.query("SELECT id FROM checkpoints WHERE thread = $1 AND ns = $2 ORDER BY id DESC LIMIT 1",
               thread.id, ns);
  if (!rows.next()) return std::nullopt;
  return rows.text(0);
}

namespace {

Task<Result<Found>> get(const Rooms& rooms, Session session, GetCheckpoint input) {
  co_return co_await rooms.database.read_as(session.user_id(), [&](db::Tx& tx) {
    Found found;
    const auto thread = find_thread(tx, input.thread_id);
    if (!thread) return found;
    const auto id = input.id ? input.id : newest_of(tx, *thread, input.ns);
    if (!id) return found;
    found.checkpoint = read_whole(tx, *thread, {input.ns, *id});
    return found;
  });
}

/// A page of a list, thread by thread.
class Lister {
 public:
  Lister(const ListCheckpoints& input, std::optional<Place> from, db::Tx& tx)
      : input_(input), from_(std::move(from)), tx_(tx) {}

  CheckpointList page() {
    for (bool is_more = true; is_more && !is_full_;) {
      const auto threads = next_threads();
      is_more = !input_.thread_id && std::ssize(threads) == kThreadsOfPage;
      for (const auto& thread : threads) {
        read(thread);
        if (is_full_) break;
        // The whole thread was seen.
        from_ = Place{thread.id, "", ""};
        is_full_ = tx_.is_out_of_time();
        if (is_full_) break;
      }
    }
    if (is_full_ && from_) list_.next_cursor = cursor_of(*from_);
    return std::move(list_);
  }

 private:
  std::vector<Thread> next_threads() {
    std::vector<Thread> threads;
    if (input_.thread_id) {
      if (auto found = find_thread(tx_, *input_.thread_id)) threads.push_back(std::move(*found));
      return threads;
    }
    // The one where the page before ended comes first, but where nothing of it is left.
    static constexpr std::string_view kFirst =
        "SELECT id, thread_id FROM graph_threads ORDER BY id DESC LIMIT $1";
    static constexpr std::string_view kFrom =
        "SELECT id, thread_id FROM graph_threads WHERE id <= $2 ORDER BY id DESC LIMIT $1";
    static constexpr std::string_view kBehind =
        "SELECT id, thread_id FROM graph_threads WHERE id < $2 ORDER BY id DESC LIMIT $1";
    auto rows = !from_              ? tx_.query(kFirst, kThreadsOfPage)
                : from_->id.empty() ? tx_.query(kBehind, kThreadsOfPage, from_->thread)
                                    : tx_.query(kFrom, kThreadsOfPage, from_->thread);
    while (rows.next()) threads.push_back({rows.uuid(0).value_or(Uuid{}), rows.text(1)});
    return threads;
  }

  struct Row {
    CheckpointName name;
    std::string labels;
  };
  std::vector<Row> next_rows(const Thread& thread) {
    std::string sql = "SELECT ns, id, labels FROM checkpoints WHERE thread = $1";
    std::vector<db::Value> values = {thread.id};
    const auto add = [&](std::string_view condition, const std::string& value) {
      values.emplace_back(value);
      sql += fmt::format(fmt::runtime(condition), values.size());
    };
    if (input_.ns) add(" AND ns = ${}", *input_.ns);
    if (input_.id) add(" AND id = ${}", *input_.id);
    if (input_.before) add(" AND id < ${}", *input_.before);
    if (from_ && from_->thread == thread.id) {
      values.emplace_back(from_->id);
      values.emplace_back(from_->ns);
      sql += fmt::format(" AND (id, ns) < (${}, ${})", values.size() - 1, values.size());
    }
    values.emplace_back(input_.limit);
    sql += fmt::format(" ORDER BY id DESC, ns DESC LIMIT ${}", values.size());
    std::vector<Row> found;
    auto rows = tx_.query_with(sql, values);
    while (rows.next()) found.push_back({{rows.text(0), rows.text(1)}, rows.text(2)});
    return found;
  }

  bool passes(const std::string& labels) const {
    if (input_.filter.empty()) return true;
    const auto json = parse_json(labels);
    return json && std::ranges::all_of(input_.filter, [&](const auto& wanted) {
             const auto* label = json->find(wanted.first);
             return label != nullptr ? *label == wanted.second : wanted.second.is_null();
           });
  }

  void read(const Thread& thread) {
    for (;;) {
      const auto rows = next_rows(thread);
      for (const auto& row : rows) {
        from_ = Place{thread.id, row.name.second, row.name.first};
        if (passes(row.labels)) {
          if (auto tuple = read_whole(tx_, thread, row.name)) take(std::move(*tuple));
        }
        is_full_ = is_full_ || std::ssize(list_.checkpoints) >= input_.limit ||
                   bytes_ > kPageBytesMax || tx_.is_out_of_time() || !tx_.ok();
        if (is_full_) return;
      }
      if (std::ssize(rows) < input_.limit) return;
    }
  }

  void take(Tuple tuple) {
    bytes_ += bytes_of(tuple);
    list_.checkpoints.push_back(std::move(tuple));
  }

  const ListCheckpoints& input_;
  std::optional<Place> from_;  // behind what was seen
  db::Tx& tx_;
  CheckpointList list_;
  std::int64_t bytes_ = 0;
  bool is_full_ = false;
};

Task<Result<CheckpointList>> list(const Rooms& rooms, Session session, ListCheckpoints input) {
  std::optional<Place> from;
  if (input.cursor) {
    from = place_of(*input.cursor);
    if (!from) co_return fail(Code::kBadRequest, "cursor is no nextCursor of a page");
  }
  co_return co_await rooms.database.read_as(
      session.user_id(), [&](db::Tx& tx) { return Lister(input, from, tx).page(); });
}

}  // namespace

void add_reading(const Rooms& rooms) {
  add_query(rooms, "checkpoints.get",
            {.summary = "A checkpoint of a thread, with its state and pending writes.",
             .docs = "The newest of the namespace, if none is named. Where there is none, the "
                     "answer has none."},
            get);
  add_query(
      rooms, "checkpoints.list",
      {.summary = "Checkpoints of a thread or of all, the newest first.",
       .docs = "Thread by thread, the newest thread first. A page may have fewer than its "
               "limit, and none at all where a filter passes over many: go on by nextCursor."},
      list);
}

}  // namespace synap::features::checkpoints
