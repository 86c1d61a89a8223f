// graphThreads.get, search, count, state and history.
#include "features/checkpoints/threads.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "features/checkpoints/procedures.h"

namespace synap::features::checkpoints {
namespace {

using api::Session;

constexpr std::int64_t kAnswerBytesMax = 4 << 20;
// That one call looks through for a filter that no index knows.
constexpr std::int64_t kThreadsMax = 10'000;
constexpr std::int64_t kCheckpointsMax = 1'000;
constexpr std::int64_t kLookedBytesMax = 64 << 20;
constexpr std::int64_t kStepsMax = 20'000'000;  // of contains(): some tenths of a second
constexpr std::size_t kIdsMax = 100;
constexpr std::string_view kColumns =
    "id, thread_id, created_at, updated_at, state_at, metadata, status";

struct Row {
  Thread thread;
  GraphThread shown;
};

Row row_of(db::Rows& rows) {
  Row row{{rows.uuid(0).value_or(Uuid{}), rows.text(1)}, {}};
  row.shown.thread_id = row.thread.name;
  row.shown.created_at = to_iso8601(rows.integer(2));
  row.shown.updated_at = to_iso8601(rows.integer(3));
  if (!rows.is_null(4)) row.shown.state_updated_at = to_iso8601(rows.integer(4));
  if (auto metadata = parse_json(rows.view(5)); metadata && metadata->is_object()) {
    row.shown.metadata = *std::move(metadata);
  }
  row.shown.status = rows.text(6);
  return row;
}

std::int64_t bytes_of(const Tuple& tuple) {
  std::size_t bytes = tuple.checkpoint.bytes.size() + tuple.metadata.bytes.size();
  for (const auto& value : tuple.values) bytes += value.bytes.size();
  for (const auto& write : tuple.writes) bytes += write.bytes.size();
  return static_cast<std::int64_t>(bytes);
}

std::optional<Tuple> newest(db::Tx& tx, const Thread& thread) {
  const auto id = newest_of(tx, thread, "");
  return id ? read_whole(tx, thread, {"", *id}) : std::nullopt;
}

void add_state(GraphThread& thread, const std::optional<Tuple>& tuple) {
  thread.values = Json::object();
  if (!tuple) return;
  Shower shower;
  auto state = state_of(*tuple, When::kNow, shower);
  thread.values = std::move(state.values);
  // What was asked stays with the checkpoint; what is waited for is what counts here.
  if (thread.status != kInterrupted) return;
  for (auto& task : state.tasks) {
    if (!task.interrupts.empty()) {
      thread.interrupts[task.id.value_or(task.name)] = Json(std::move(task.interrupts));
    }
  }
}

Error no_thread() {
  return {Code::kNotFound, "You have no such thread"};
}

Task<Result<GraphThread>> get(const Rooms& rooms, Session session, ThreadName input) {
  co_return co_await read_thread(rooms, session.user_id(), std::move(input.thread_id));
}

std::string_view column_of(std::string_view sort_by) {
  if (sort_by == "threadId") return "thread_id";
  if (sort_by == "status") return "status";
  if (sort_by == "createdAt") return "created_at";
  // Where an engine puts those without one is its own affair.
  if (sort_by == "stateUpdatedAt") return "coalesce(state_at, 0)";
  return "updated_at";
}

// The condition of what the table itself knows, and its parameters.
std::string condition_of(const ThreadFilter& filter, std::vector<db::Value>& values) {
  // No parameter that no condition names.
  if (filter.ids && filter.ids->empty()) return "false";
  std::string sql = "true";
  if (filter.status) {
    values.emplace_back(*filter.status);
    sql += fmt::format(" AND status = ${}", values.size());
  }
  if (!filter.ids) return sql;
  sql += " AND thread_id IN (";
  // One text of SQL for any number of them: the last is named again.
  for (std::size_t i = 0; i < kIdsMax; ++i) {
    values.emplace_back((*filter.ids)[std::min(i, filter.ids->size() - 1)]);
    sql += fmt::format("{}${}", i == 0 ? "" : ", ", values.size());
  }
  return sql + ")";
}

bool is_filtered(const ThreadFilter& filter) {
  return !filter.metadata.as_object().empty() || !filter.values.as_object().empty();
}

Result<> check(const ThreadFilter& filter) {
  if (auto fine = check_bytes("metadata", filter.metadata, kThreadFilterBytesMax); !fine) {
    return fine;
  }
  return check_bytes("values", filter.values, kThreadFilterBytesMax);
}

/// Looks through the threads of a user: for a page of those that a filter lets pass, or for how
/// many these are. What the table knows decides which are looked at, and in which order; then they
/// are read one by one, in as many reads as it takes.
class Search {
 public:
  Search(const Rooms& rooms, const Session& session, const SearchThreads& input)
      : rooms_(rooms), user_(session.user_id()), input_(input), skipped_(input.offset) {}

  Task<Result<GraphThreadList>> page() {
    if (auto found = co_await find(false); !found) co_return fail(found.error());
    co_return std::move(list_);
  }
  Task<Result<ThreadCount>> count() {
    if (!is_filtered(input_)) co_return co_await count_rows();
    if (auto found = co_await find(true); !found) co_return fail(found.error());
    if (list_.is_cut) {
      co_return fail(Code::kBadRequest,
                     fmt::format("More than {} threads, or too large ones, would have to be looked "
                                 "through: name a status, or ids",
                                 kThreadsMax));
    }
    co_return ThreadCount{found_};
  }

 private:
  Task<Result<ThreadCount>> count_rows() {
    std::vector<db::Value> values;
    const auto sql =
        fmt::format("SELECT count(*) FROM graph_threads WHERE {}", condition_of(input_, values));
    co_return co_await rooms_.database.read_as(user_, [&](db::Tx& tx) {
      auto rows = tx.query_with(sql, values);
      return ThreadCount{rows.next() ? rows.integer(0) : 0};
    });
  }

  Task<Result<>> find(bool only_counts) {
    only_counts_ = only_counts;
    auto ids = co_await candidates();
    if (!ids) co_return fail(ids.error());
    if (is_filtered(input_)) {
      list_.is_cut = std::ssize(*ids) > kThreadsMax;
      if (list_.is_cut) ids->pop_back();
    }
    for (std::size_t next = 0; next < ids->size() && !is_full_;) {
      auto end = co_await rooms_.database.read_as(
          user_, [&](db::Tx& tx) { return look_at(tx, *ids, next); });
      if (!end) co_return fail(end.error());
      next = *end;
    }
    co_return Result<>{};
  }

  Task<Result<std::vector<Uuid>>> candidates() {
    std::vector<db::Value> values;
    auto condition = condition_of(input_, values);
    const bool is_filtered = checkpoints::is_filtered(input_);
    values.emplace_back(is_filtered ? kThreadsMax + 1 : input_.limit);
    values.emplace_back(is_filtered ? 0 : std::exchange(skipped_, 0));
    const auto sql = fmt::format(
        "SELECT id FROM graph_threads WHERE {0} ORDER BY {1} {2}, id {2} LIMIT ${3} OFFSET ${4}",
        condition, column_of(input_.sort_by), input_.sort_order == "asc" ? "ASC" : "DESC",
        values.size() - 1, values.size());
    co_return co_await rooms_.database.read_as(user_, [&](db::Tx& tx) {
      std::vector<Uuid> ids;
      auto rows = tx.query_with(sql, values);
      while (rows.next()) ids.push_back(rows.uuid(0).value_or(Uuid{}));
      return ids;
    });
  }

  std::size_t look_at(db::Tx& tx, const std::vector<Uuid>& ids, std::size_t next) {
    for (bool is_first = true; next < ids.size() && !is_full_; ++next, is_first = false) {
      if (!is_first && tx.is_out_of_time()) break;
      look_at(tx, ids[next]);
    }
    return next;
  }

  void look_at(db::Tx& tx, const Uuid& id) {
    auto row = read_row(tx, id);
    // It was deleted meanwhile.
    if (!row || !passes(row->shown.metadata, input_.metadata)) return;
    const bool is_by_values = !input_.values.as_object().empty();
    std::optional<Tuple> tuple;
    if (is_by_values || (input_.with_values && !only_counts_ && skipped_ == 0)) {
      tuple = newest(tx, row->thread);
      looked_bytes_ += tuple ? checkpoints::bytes_of(*tuple) : 0;
    }
    if (is_by_values) {
      if (looked_bytes_ > kLookedBytesMax) is_full_ = list_.is_cut = true;
      Shower shower;
      if (!tuple || !passes(values_of(*tuple, shower), input_.values)) return;
    }
    ++found_;
    if (only_counts_ || std::exchange(skipped_, std::max<std::int64_t>(skipped_ - 1, 0)) > 0) {
      return;
    }
    take(*std::move(row), tuple);
  }

  bool passes(const Json& value, const Json& wanted) {
    const bool is_passing = contains(value, wanted, steps_left_);
    if (steps_left_ <= 0) is_full_ = list_.is_cut = true;
    return is_passing && steps_left_ > 0;
  }

  std::optional<Row> read_row(db::Tx& tx, const Uuid& id) {
    auto rows = tx.query(fmt::format("SELECT {} FROM graph_threads WHERE id = $1", kColumns), id);
    if (!rows.next()) return std::nullopt;
    return row_of(rows);
  }

  void take(Row row, const std::optional<Tuple>& tuple) {
    if (input_.with_values) add_state(row.shown, tuple);
    const auto bytes =
        static_cast<std::int64_t>(json_bytes(row.shown.values) + json_bytes(row.shown.metadata));
    if (!list_.threads.empty() && bytes_ + bytes > kAnswerBytesMax) {
      is_full_ = list_.is_cut = true;
      return;
    }
    bytes_ += bytes;
    list_.threads.push_back(std::move(row.shown));
    is_full_ = is_full_ || std::ssize(list_.threads) == input_.limit;
    if (std::ssize(list_.threads) == input_.limit) list_.is_cut = false;
  }

  const Rooms& rooms_;
  const std::string user_;
  const SearchThreads& input_;
  std::int64_t skipped_;
  bool only_counts_ = false;
  GraphThreadList list_;
  std::int64_t found_ = 0;
  std::int64_t bytes_ = 0;
  std::int64_t looked_bytes_ = 0;
  std::int64_t steps_left_ = kStepsMax;
  bool is_full_ = false;
};

Task<Result<GraphThreadList>> search(const Rooms& rooms, Session session, SearchThreads input) {
  if (auto fine = check(input); !fine) co_return fail(fine.error());
  co_return co_await Search(rooms, session, input).page();
}

Task<Result<ThreadCount>> count(const Rooms& rooms, Session session, ThreadFilter input) {
  if (auto fine = check(input); !fine) co_return fail(fine.error());
  SearchThreads search;
  static_cast<ThreadFilter&>(search) = std::move(input);
  co_return co_await Search(rooms, session, search).count();
}

Task<Result<GraphState>> state(const Rooms& rooms, Session session, GetCheckpoint input) {
  auto read = co_await rooms.database.read_as(
      session.user_id(), [&](db::Tx& tx) -> Result<std::optional<Tuple>> {
        const auto thread = find_thread(tx, input.thread_id);
        if (!thread) return fail(no_thread());
        const auto id = input.id ? input.id : newest_of(tx, *thread, input.ns);
        return id ? read_whole(tx, *thread, {input.ns, *id}) : std::nullopt;
      });
  if (!read) co_return fail(read.error());
  if (!*read) co_return fail(read->error());
  const auto& tuple = **read;
  if (tuple) {
    Shower shower;
    co_return state_of(*tuple, input.id ? When::kThen : When::kNow, shower);
  }
  if (input.id) co_return fail(Code::kNotFound, "The thread has no such checkpoint");
  co_return GraphState{.thread_id = input.thread_id, .ns = input.ns};
}

/// The states of a thread, from its newest on.
class History {
 public:
  History(const Rooms& rooms, const Session& session, const ThreadHistory& input)
      : rooms_(rooms), user_(session.user_id()), input_(input), before_(input.before) {}

  Task<Result<GraphStateList>> page() {
    auto thread = co_await rooms_.database.read_as(
        user_, [&](db::Tx& tx) { return find_thread(tx, input_.thread_id); });
    if (!thread) co_return fail(thread.error());
    if (!*thread) co_return fail(no_thread());
    while (!is_full_) {
      auto read = co_await rooms_.database.read_as(user_, [&](db::Tx& tx) { go_on(tx, **thread); });
      if (!read) co_return fail(read.error());
    }
    co_return std::move(list_);
  }

 private:
  std::vector<std::string> next_ids(db::Tx& tx, const Thread& thread) const {
    std::vector<std::string> ids;
    auto rows = before_ ? tx.query(
                              "SELECT id FROM checkpoints WHERE thread = $1 AND ns = $2 AND id < "
                              "$4 ORDER BY id DESC LIMIT $3",
                              thread.id, input_.ns, input_.limit, *before_)
                        : tx.query(
                              "SELECT id FROM checkpoints WHERE thread = $1 AND ns = $2 ORDER BY "
                              "id DESC LIMIT $3",
                              thread.id, input_.ns, input_.limit);
    while (rows.next()) ids.push_back(rows.text(0));
    return ids;
  }

  void go_on(db::Tx& tx, const Thread& thread) {
    const auto ids = next_ids(tx, thread);
    for (const auto& id : ids) {
      if (auto tuple = read_whole(tx, thread, {input_.ns, id})) take(*tuple);
      before_ = id;
      if (is_full_ || tx.is_out_of_time()) return;
    }
    is_full_ = std::ssize(ids) < input_.limit;
  }

  void take(const Tuple& tuple) {
    Shower shower;
    auto state = state_of(tuple, When::kThen, shower);
    looked_bytes_ += bytes_of(tuple);
    if (++looked_ >= kCheckpointsMax || looked_bytes_ > kLookedBytesMax) {
      is_full_ = list_.is_cut = true;
    }
    const bool is_passing = contains(state.metadata, input_.metadata, steps_left_);
    if (steps_left_ <= 0) is_full_ = list_.is_cut = true;
    if (!is_passing || steps_left_ <= 0) return;
    const auto bytes = static_cast<std::int64_t>(json_bytes(state.values));
    if (!list_.states.empty() && bytes_ + bytes > kAnswerBytesMax) {
      is_full_ = list_.is_cut = true;
      return;
    }
    bytes_ += bytes;
    list_.states.push_back(std::move(state));
    if (std::ssize(list_.states) < input_.limit) return;
    is_full_ = true;
    list_.is_cut = false;
  }

  const Rooms& rooms_;
  const std::string user_;
  const ThreadHistory& input_;
  std::optional<std::string> before_;
  GraphStateList list_;
  std::int64_t bytes_ = 0;
  std::int64_t looked_ = 0;
  std::int64_t looked_bytes_ = 0;
  std::int64_t steps_left_ = kStepsMax;
  bool is_full_ = false;
};

Task<Result<GraphStateList>> history(const Rooms& rooms, Session session, ThreadHistory input) {
  if (auto fine = check_bytes("metadata", input.metadata, kThreadFilterBytesMax); !fine) {
    co_return fail(fine.error());
  }
  co_return co_await History(rooms, session, input).page();
}

}  // namespace

Result<> check_bytes(std::string_view name, const Json& object, std::size_t bytes_max) {
  const auto bytes = object.dump().size();
  if (bytes <= bytes_max) return {};
  return fail(Code::kBadRequest,
              fmt::format("{}: {} bytes of JSON, at most {}", name, bytes, bytes_max));
}

Task<Result<GraphThread>> read_thread(const Rooms& rooms, std::string user, std::string name) {
  struct Read {
    Row row;
    std::optional<Tuple> tuple;
  };
  auto read = co_await rooms.database.read_as(user, [&](db::Tx& tx) -> std::optional<Read> {
    std::optional<Read> read;
    {
      auto rows = tx.query(
          fmt::format("SELECT {} FROM graph_threads WHERE thread_id = $1", kColumns), name);
      if (!rows.next()) return std::nullopt;
      read = Read{row_of(rows), {}};
    }
    read->tuple = newest(tx, read->row.thread);
    return read;
  });
  if (!read) co_return fail(read.error());
  if (!*read) co_return fail(no_thread());
  add_state((*read)->row.shown, (*read)->tuple);
  co_return std::move((*read)->row.shown);
}

void add_threads(const Rooms& rooms) {
  const rpc::ErrorMeta none{Code::kNotFound, "You have no such thread, or it no such checkpoint."};
  add_query(rooms, "graphThreads.get",
            {.summary = "A thread of a graph outside: its metadata, status and newest values.",
             .errors = {none}},
            get);
  add_query(rooms, "graphThreads.search",
            {.summary = "Threads of graphs outside that have these metadata, values or status."},
            search);
  add_query(rooms, "graphThreads.count",
            {.summary = "How many threads of graphs outside have these."}, count);
  add_query(rooms, "graphThreads.state",
            {.summary = "The state of a thread at its newest checkpoint, or at another one.",
             .docs = "As LangGraph's get_state() gives it, as far as what is stored says it "
                     "without the graph.",
             .errors = {none}},
            state);
  add_query(
      rooms, "graphThreads.history",
      {.summary = "The states of a thread at its checkpoints, the newest first.", .errors = {none}},
      history);
}

}  // namespace synap::features::checkpoints
