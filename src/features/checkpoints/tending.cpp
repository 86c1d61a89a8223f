// checkpoints.deleteThread, copyThread, deleteRuns and prune.
#include <fmt/format.h>

#include <set>

#include "features/checkpoints/procedures.h"
#include "features/checkpoints/thread_store.h"

namespace synap::features::checkpoints {
namespace {

using api::Session;

constexpr int kRowsMax = 500;  // that a read looks at before others have their turn
constexpr int kSliceMax = 50;  // checkpoints that one transaction copies or removes
constexpr std::int64_t kSliceBytesMax = 4 << 20;

struct Node {
  CheckpointName name;
  std::optional<std::string> parent;
  std::set<std::string> deltas;
};

std::optional<Uuid> thread_of(db::Tx& tx, const std::string& user, const std::string& name) {
  auto rows = tx.query("SELECT id FROM graph_threads_data WHERE user_id = $1 AND thread_id = $2",
                       user, name);
  return rows.next() ? rows.uuid(0) : std::nullopt;
}

/// All checkpoints of a thread, namespace by namespace, the oldest first.
Task<Result<std::vector<Node>>> nodes_of(db::Database& database, Uuid thread) {
  std::vector<Node> nodes;
  for (bool is_more = true; is_more;) {
    const CheckpointName last = nodes.empty() ? CheckpointName{} : nodes.back().name;
    auto page = co_await database.read([&](db::Tx& tx) {
      std::vector<Node> page;
      auto rows = tx.query(
          "SELECT ns, id, parent, deltas FROM checkpoints_data WHERE thread = $1 AND (ns, id) > "
          "($2, $3) ORDER BY ns, id LIMIT $4",
          thread, last.first, last.second, kRowsMax);
      while (rows.next()) {
        Node node{{rows.text(0), rows.text(1)}, rows.optional_text(2), {}};
        if (const auto deltas = parse_json(rows.view(3)); deltas && deltas->is_array()) {
          for (const auto& one : deltas->as_array()) node.deltas.insert(one.as_string());
        }
        page.push_back(std::move(node));
      }
      return page;
    });
    if (!page) co_return fail(page.error());
    is_more = std::ssize(*page) == kRowsMax;
    std::ranges::move(*page, std::back_inserter(nodes));
  }
  co_return nodes;
}

Task<Result<>> remove_all(db::Database& database, Uuid thread,
                          const std::vector<CheckpointName>& names) {
  std::size_t next = 0;
  while (next < names.size()) {
    const auto end = std::min(next + kSliceMax, names.size());
    auto done = co_await database.write(db::Lane::kBackground, [&](db::Tx& tx) {
      std::int64_t bytes = 0;
      for (auto i = next; i < end; ++i) bytes += remove_checkpoint(tx, thread, names[i]);
      tx.run("UPDATE graph_threads_data SET bytes = bytes - $2 WHERE id = $1", thread, bytes);
    });
    if (!done) co_return done;
    next = end;
  }
  std::set<std::string> namespaces;
  for (const auto& name : names) namespaces.insert(name.first);
  for (const auto& ns : namespaces) {
    auto done = co_await remove_unused_values(database, thread, ns);
    if (!done) co_return done;
  }
  co_return Result<>{};
}

// Deletion itself is one commit; what is left is removed behind it, and by the pruner if this ends
// before.
Task<Result<bool>> delete_one(const Rooms& rooms, const Session& session, std::string name) {
  auto thread = co_await rooms.database.write([&](db::Tx& tx) {
    const auto id = thread_of(tx, session.user_id(), name);
    if (id) ThreadChange(rooms, session, tx, name).remove();
    return id;
  });
  if (!thread) co_return fail(thread.error());
  if (!*thread) co_return false;
  auto emptied = co_await in_slices(rooms.database,
                                    [id = **thread](db::Tx& tx) { return empty_trash(tx, id); });
  if (!emptied) co_return fail(emptied.error());
  co_return true;
}

Task<Result<Stored>> delete_thread(const Rooms& rooms, Session session, ThreadName input) {
  auto done = co_await delete_one(rooms, session, input.thread_id);
  if (!done) co_return fail(done.error());
  co_return Stored{};
}

/// The channels among `channels` of which a checkpoint has a value.
std::set<std::string> kept_here(db::Tx& tx, const Uuid& thread, const Node& node,
                                const std::set<std::string>& channels) {
  std::map<std::string, std::string> versions;
  {
    auto rows =
        tx.query("SELECT versions FROM checkpoints_data WHERE thread = $1 AND ns = $2 AND id = $3",
                 thread, node.name.first, node.name.second);
    if (rows.next()) versions = versions_of(rows.view(0));
  }
  std::set<std::string> found;
  for (const auto& channel : channels) {
    const auto version = versions.find(channel);
    if (version == versions.end()) continue;
    auto rows = tx.query(
        "SELECT 1 FROM checkpoint_values_data WHERE thread = $1 AND ns = $2 AND channel = $3 AND "
        "version = $4",
        thread, node.name.first, channel, version->second);
    if (rows.next()) found.insert(channel);
  }
  return found;
}

/// What stays: the newest of each namespace, and those before it that its delta channels need.
Task<Result<std::set<CheckpointName>>> latest_of(db::Database& database, Uuid thread,
                                                 const std::vector<Node>& nodes) {
  std::map<CheckpointName, const Node*> by_name;
  std::map<std::string, const Node*> latest;
  for (const auto& node : nodes) {
    by_name[node.name] = &node;
    latest[node.name.first] = &node;  // they are in order
  }
  std::set<CheckpointName> kept;
  for (const auto& [ns, newest] : latest) {
    kept.insert(newest->name);
    auto open = newest->deltas;
    const auto* node = newest;
    while (!open.empty()) {
      auto here =
          co_await database.read([&](db::Tx& tx) { return kept_here(tx, thread, *node, open); });
      if (!here) co_return fail(here.error());
      for (const auto& channel : *here) open.erase(channel);
      if (open.empty() || !node->parent) break;
      const auto parent = by_name.find({ns, *node->parent});
      if (parent == by_name.end()) break;
      node = parent->second;
      kept.insert(node->name);
    }
  }
  co_return kept;
}

// How many checkpoints were taken away; nothing: there is no such thread.
Task<Result<std::optional<std::int64_t>>> prune_one(const Rooms& rooms, const Session& session,
                                                    std::string name) {
  auto thread = co_await rooms.database.read(
      [&](db::Tx& tx) { return thread_of(tx, session.user_id(), name); });
  if (!thread) co_return fail(thread.error());
  if (!*thread) co_return std::nullopt;
  auto nodes = co_await nodes_of(rooms.database, **thread);
  if (!nodes) co_return fail(nodes.error());
  auto kept = co_await latest_of(rooms.database, **thread, *nodes);
  if (!kept) co_return fail(kept.error());
  std::vector<CheckpointName> gone;
  for (const auto& node : *nodes) {
    if (!kept->contains(node.name)) gone.push_back(node.name);
  }
  auto done = co_await remove_all(rooms.database, **thread, gone);
  if (!done) co_return fail(done.error());
  co_return std::ssize(gone);
}

Task<Result<Pruned>> prune(const Rooms& rooms, Session session, Prune input) {
  Pruned pruned;
  for (const auto& name : input.thread_ids) {
    if (input.strategy == "delete") {
      auto was_there = co_await delete_one(rooms, session, name);
      if (!was_there) co_return fail(was_there.error());
      pruned.threads += *was_there ? 1 : 0;
    } else {
      auto gone = co_await prune_one(rooms, session, name);
      if (!gone) co_return fail(gone.error());
      pruned.checkpoints += gone->value_or(0);
      pruned.threads += *gone ? 1 : 0;
    }
  }
  co_return pruned;
}

Task<Result<Count>> delete_runs(const Rooms& rooms, Session session, RunNames input) {
  std::map<Uuid, std::vector<CheckpointName>> found;
  for (const auto& run : input.run_ids) {
    auto more = co_await rooms.database.read([&](db::Tx& tx) {
      std::vector<std::pair<Uuid, CheckpointName>> more;
      auto rows = tx.query(
          "SELECT thread, ns, id FROM checkpoints_data WHERE run = $1 AND thread IN (SELECT id "
          "FROM "
          "graph_threads_data WHERE user_id = $2)",
          run, session.user_id());
      while (rows.next()) {
        more.push_back({rows.uuid(0).value_or(Uuid{}), {rows.text(1), rows.text(2)}});
      }
      return more;
    });
    if (!more) co_return fail(more.error());
    for (auto& [thread, name] : *more) found[thread].push_back(std::move(name));
  }
  Count count;
  for (const auto& [thread, names] : found) {
    auto done = co_await remove_all(rooms.database, thread, names);
    if (!done) co_return fail(done.error());
    count.checkpoints += std::ssize(names);
  }
  co_return count;
}

/// Copies rows of a thread into another one, in slices: a value is there before the checkpoint
/// that has it, so what was copied is whole wherever it ends.
class Copy {
 public:
  Copy(const Rooms& rooms, const Session& session, const CopyThread& input, Uuid source)
      : rooms_(rooms), session_(session), input_(input), source_(source) {}

  Task<Result<Count>> run() {
    // Those that are there now: their values are there, too.
    auto nodes = co_await nodes_of(rooms_.database, source_);
    if (!nodes) co_return fail(nodes.error());
    for (std::optional<ValueName> from = ValueName{}; from;) {
      auto last = co_await rooms_.database.write(
          db::Lane::kBackground, [&](db::Tx& tx) { return copy_values(tx, *from); });
      if (!last) co_return fail(last.error());
      from = *std::move(last);
    }
    for (std::size_t next = 0; next < nodes->size();) {
      auto end = co_await rooms_.database.write(
          db::Lane::kBackground, [&](db::Tx& tx) { return copy_checkpoints(tx, *nodes, next); });
      if (!end) co_return fail(end.error());
      next = *end;
    }
    auto alike = co_await rooms_.database.write(
        [&](db::Tx& tx) { ThreadChange(rooms_, session_, tx, input_.target).be_like(source_); });
    if (!alike) co_return fail(alike.error());
    co_return Count{std::ssize(*nodes)};
  }

 private:
  struct ValueName {
    std::string ns;
    std::string channel;
    std::string version;
  };

  /// Those behind `from`: the last that was copied, or nothing at the end.
  std::optional<ValueName> copy_values(db::Tx& tx, const ValueName& from) {
    ThreadChange change(rooms_, session_, tx, input_.target);
    const auto target = change.take();
    std::int64_t bytes = 0;
    std::vector<ValueName> slice;
    {
      auto rows = tx.query(
          "SELECT ns, channel, version, length(bytes) FROM checkpoint_values_data WHERE thread = "
          "$1 AND (ns, channel, version) > ($2, $3, $4) ORDER BY ns, channel, version LIMIT $5",
          source_, from.ns, from.channel, from.version, kRowsMax);
      while (bytes < kSliceBytesMax && rows.next()) {
        slice.push_back({rows.text(0), rows.text(1), rows.text(2)});
        bytes += rows.integer(3);
      }
    }
    const auto sql = fmt::format(
        "INSERT INTO checkpoint_values_data(thread, ns, channel, version, type, bytes) SELECT $1, "
        "ns, channel, version, type, bytes FROM checkpoint_values_data WHERE thread = $2 AND ns = "
        "$3 AND channel = $4 AND version = $5 ON CONFLICT(thread, ns, channel, version) DO NOTHING "
        "RETURNING {}",
        kBytes);
    std::int64_t grown = 0;
    for (const auto& value : slice) {
      grown += sum_of(tx.query(sql, target, source_, value.ns, value.channel, value.version));
    }
    change.grow(grown);
    if (slice.empty()) return std::nullopt;
    return slice.back();
  }

  /// Those from `next` on, with their writes: where it ended.
  std::size_t copy_checkpoints(db::Tx& tx, const std::vector<Node>& nodes, std::size_t next) {
    ThreadChange change(rooms_, session_, tx, input_.target);
    const auto target = change.take();
    const auto end = std::min(next + kSliceMax, nodes.size());
    const auto checkpoint = fmt::format(
        "INSERT INTO checkpoints_data(thread, ns, id, parent, run, checkpoint_type, checkpoint, "
        "metadata_type, metadata, labels, versions, deltas, created_at) SELECT $1, ns, id, "
        "parent, run, checkpoint_type, checkpoint, metadata_type, metadata, labels, versions, "
        "deltas, created_at FROM checkpoints_data WHERE thread = $2 AND ns = $3 AND id = $4 ON "
        "CONFLICT(thread, ns, id) DO NOTHING RETURNING {}",
        kCheckpointBytes);
    const auto writes = fmt::format(
        "INSERT INTO checkpoint_writes_data(thread, ns, checkpoint, task, place, path, channel, "
        "type, bytes) SELECT $1, ns, checkpoint, task, place, path, channel, type, bytes FROM "
        "checkpoint_writes_data WHERE thread = $2 AND ns = $3 AND checkpoint = $4 ON "
        "CONFLICT(thread, ns, checkpoint, task, place) DO NOTHING RETURNING {}",
        kBytes);
    std::int64_t grown = 0;
    for (; next < end && !tx.is_out_of_time(); ++next) {
      const auto& [ns, id] = nodes[next].name;
      grown += sum_of(tx.query(checkpoint, target, source_, ns, id));
      grown += sum_of(tx.query(writes, target, source_, ns, id));
    }
    change.grow(grown);
    return next;
  }

  const Rooms& rooms_;
  const Session& session_;
  const CopyThread& input_;
  const Uuid source_;
};

}  // namespace

Task<Result<Count>> copy_thread(const Rooms& rooms, Session session, CopyThread input) {
  if (input.source == input.target) {
    co_return fail(Code::kBadRequest, "A thread is copied to another one: these are the same");
  }
  auto source = co_await rooms.database.read(
      [&](db::Tx& tx) { return thread_of(tx, session.user_id(), input.source); });
  if (!source) co_return fail(source.error());
  if (!*source) co_return fail(Code::kNotFound, "You have no such thread");
  co_return co_await Copy(rooms, session, input, **source).run();
}

void add_tending(const Rooms& rooms) {
  const std::vector<std::string> deletes = {std::string(kThreadDeleted.name)};
  add_mutation(rooms, "checkpoints.deleteThread",
               {.summary = "Delete a thread with all its checkpoints.",
                .docs = "One that there is not is deleted already.",
                .effects = rpc::Effects::kDestroys,
                .appends = deletes},
               delete_thread);
  add_mutation(
      rooms, "checkpoints.copyThread",
      {.summary = "Copy all checkpoints of a thread, with their writes, to another one.",
       .docs = "What was copied stays where it is interrupted: call it again.",
       .effects = rpc::Effects::kIdempotent,
       .errors = {{Code::kNotFound, "You have no such thread."},
                  {Code::kPayloadTooLarge, "The other thread would be over 1 GiB."}},
       .examples = {{R"({"sourceThreadId":"conversation-7","targetThreadId":"copy"})", ""}},
       .appends = {std::string(kThreadCreated.name)}},
      copy_thread);
  add_mutation(rooms, "checkpoints.deleteRuns",
               {.summary = "Delete the checkpoints that were stored by these runs of graphs.",
                .docs = "In all your threads, which themselves stay.",
                .effects = rpc::Effects::kDestroys,
                .examples = {{R"({"runIds":["run-7"]})", ""}}},
               delete_runs);
  add_mutation(rooms, "checkpoints.prune",
               {.summary = "Take away all but the newest checkpoints of threads, or the threads.",
                .effects = rpc::Effects::kDestroys,
                .examples = {{R"({"threadIds":["conversation-7"]})", ""}},
                .appends = deletes},
               prune);
}

}  // namespace synap::features::checkpoints
