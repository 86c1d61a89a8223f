#include "inngest/cancellations.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/log.h"
#include "bus/function_name.h"
#include "inngest/flow_reader.h"
#include "inngest/ulid.h"

namespace synap::inngest {

struct Cancellations::Row {
  Uuid id;
  std::string user_id;
  std::string function;
  std::int64_t after = 0;   // Unix ms
  std::int64_t before = 0;  // not included
  std::string condition;    // or empty
  std::string actor;        // the id of a key, or empty
  Uuid at;                  // the run that was looked at last
  std::int64_t cancelled = 0;
  bool is_done = false;
  std::int64_t created_at = 0;
};

namespace {

constexpr std::string_view kTables = R"(
CREATE TABLE run_cancellations_data(
  id BLOB PRIMARY KEY,
  user_id TEXT NOT NULL,
  function TEXT NOT NULL,
  started_after INTEGER NOT NULL,
  started_before INTEGER NOT NULL,
  condition TEXT NOT NULL,
  actor TEXT NOT NULL,
  looked_at BLOB NOT NULL,
  cancelled INTEGER NOT NULL,
  is_done INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX run_cancellations_by_user ON run_cancellations_data(user_id, id);
CREATE INDEX run_cancellations_open ON run_cancellations_data(id) WHERE is_done = 0;
)";

// What there is to cancel, and nothing that has ended: a cancellation costs what goes on. By when a
// run was made is looked at in its row, since apps make the ids of their endpoints' runs.
constexpr std::string_view kUnderWay =
    "CREATE INDEX runs_under_way ON runs_data(user_id, function, id) WHERE ended_at IS NULL";
// Only functions of apps are cancelled so, and only runs of the pod's own commands have a lane:
// these are most of all runs, and each was a row more, and one less when it ended.
constexpr std::string_view kUnderWayOfApps = R"(
DROP INDEX runs_under_way;
CREATE INDEX runs_of_apps_under_way ON runs_data(user_id, function, id)
  WHERE ended_at IS NULL AND lane IS NULL;
)";

constexpr std::string_view kColumns =
    "id, user_id, function, started_after, started_before, condition, actor, looked_at, cancelled, "
    "is_done, created_at";
constexpr std::string_view kPath = "/v1/cancellations";
constexpr int kSliceMax = 200;
constexpr std::chrono::milliseconds kRetry(1'000);

Result<std::int64_t> time_of(const Json& body, std::string_view key, std::int64_t otherwise) {
  const Json* value = body.find(key);
  if (value == nullptr || value->is_null()) return otherwise;
  const auto time = value->is_string() ? parse_iso8601(value->as_string()) : std::nullopt;
  if (!time || *time < 0) {
    return fail(Code::kBadRequest, fmt::format("{} is a time as ISO 8601 has it", key));
  }
  return *time;
}

}  // namespace

std::vector<db::Database::Migration> Cancellations::migrations() {
  return {{"run_cancellations.1", kTables}, {"runs.11", kUnderWay}, {"runs.12", kUnderWayOfApps}};
}

std::string_view Cancellations::methods_of(std::string_view path) {
  if (path == kPath) return "GET, POST";
  const bool is_one = path.starts_with(kPath) && path.size() > kPath.size() + 1 &&
                      path[kPath.size()] == '/' && !path.substr(kPath.size() + 1).contains('/');
  return is_one ? "DELETE" : "";
}

Task<Result<Json>> Cancellations::answer(const net::Request& request, const Asker& asker) {
  if (request.method == "DELETE") {
    co_return co_await remove(std::string_view(request.path).substr(kPath.size() + 1), asker);
  }
  if (request.method == "GET") co_return co_await list(asker);
  auto body = parse_json(request.body);
  if (!body) co_return fail(body.error());
  co_return co_await create(std::move(*body), asker);
}

namespace {

template <class Row>
Json shown(const Row& row) {
  Json json = Json::object({{"id", ulid_of(row.id)},
                            {"environment_id", "00000000-0000-0000-0000-000000000000"},
                            {"function_id", std::string(bus::name_of_function(row.function))},
                            {"kind", "bulk_run"},
                            {"started_after", row.after > 0 ? Json(to_iso8601(row.after)) : Json()},
                            {"started_before", to_iso8601(row.before)}});
  json.set("if", row.condition.empty() ? Json() : Json(row.condition));
  json.set("queued_at", to_iso8601(row.created_at));
  json.set("cancelled_count", row.cancelled).set("is_done", row.is_done);
  return json;
}

template <class Row>
Row read_row(db::Rows& rows) {
  return {rows.uuid(0).value_or(Uuid{}),
          rows.text(1),
          rows.text(2),
          rows.integer(3),
          rows.integer(4),
          rows.text(5),
          rows.text(6),
          rows.uuid(7).value_or(Uuid{}),
          rows.integer(8),
          rows.integer(9) != 0,
          rows.integer(10)};
}

// Makes room for one more of the user's: those that are done go first, the oldest of them first.
void make_room(db::Tx& tx, const std::string& user_id) {
  std::int64_t count = 0;
  {
    auto rows = tx.query("SELECT count(*) FROM run_cancellations_data WHERE user_id = $1", user_id);
    if (rows.next()) count = rows.integer(0);
  }
  if (count < Cancellations::kKeptMax) return;
  const std::int64_t gone = tx.run(
      "DELETE FROM run_cancellations_data WHERE id = (SELECT id FROM run_cancellations_data WHERE "
      "user_id = $1 AND is_done = 1 ORDER BY id LIMIT 1)",
      user_id);
  if (gone > 0) return;
  tx.abort({Code::kPreconditionFailed,
            fmt::format("{} cancellations of yours are not done yet", Cancellations::kKeptMax),
            nullptr});
}

}  // namespace

Task<Result<Json>> Cancellations::create(Json body, const Asker& asker) {
  const auto app = body.string_or("app_id", "");
  const auto function = body.string_or("function_id", "");
  if (app.empty() || function.empty()) {
    co_return fail(Code::kBadRequest, "Say which function: app_id and function_id");
  }
  // Inngest's users write the id without the app's before it; the whole slug does as well.
  const auto whole = fmt::format("{}-{}", app, function);
  const auto found = engine_.functions.find(bus::function_id(whole, asker.user_id)) != nullptr
                         ? bus::function_id(whole, asker.user_id)
                         : bus::function_id(function, asker.user_id);
  if (engine_.functions.find(found) == nullptr) {
    co_return fail(Code::kNotFound, fmt::format("There is no function {} of the app {}",
                                                function.substr(0, valid_utf8_prefix(function)),
                                                app.substr(0, valid_utf8_prefix(app))));
  }
  const auto now = world_.unix_ms();
  Row row{.id = world_.new_id(), .user_id = asker.user_id, .function = found, .created_at = now};
  const auto after = time_of(body, "started_after", 0);
  const auto before = time_of(body, "started_before", now + 1);
  if (!after || !before) co_return fail(after ? before.error() : after.error());
  if (*after >= *before) {
    co_return fail(Code::kBadRequest, "started_after is before started_before");
  }
  row.after = *after;
  row.before = std::min(*before, now + 1);
  row.condition = std::string(body.string_or("if", ""));
  if (!row.condition.empty()) {
    if (auto read = read_expression(row.condition); !read) co_return fail(read.error());
  }
  if (asker.actor) row.actor = asker.actor->id;
  auto stored = co_await engine_.runs.database().write([&](db::Tx& tx) {
    make_room(tx, row.user_id);
    if (!tx.ok()) return;
    tx.run(fmt::format("INSERT INTO run_cancellations_data({}) VALUES "
                       "($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, $9)",
                       kColumns),
           row.id, row.user_id, row.function, row.after, row.before, row.condition, row.actor,
           row.at, row.created_at);
  });
  if (!stored) co_return fail(stored.error());
  look_again();
  co_return shown(row);
}

Task<Result<Json>> Cancellations::list(const Asker& asker) {
  co_return co_await engine_.runs.database().read([&](db::Tx& tx) {
    Json all = Json::array();
    auto rows = tx.query(fmt::format("SELECT {} FROM run_cancellations_data WHERE user_id = $1 "
                                     "ORDER BY id DESC LIMIT $2",
                                     kColumns),
                         asker.user_id, kKeptMax);
    while (rows.next()) all.push_back(shown(read_row<Row>(rows)));
    return all;
  });
}

Task<Result<Json>> Cancellations::remove(std::string_view id, const Asker& asker) {
  const auto uuid = parse_id(id);
  std::int64_t gone = 0;
  if (uuid) {
    auto removed = co_await engine_.runs.database().write([&](db::Tx& tx) -> std::int64_t {
      return tx.run("DELETE FROM run_cancellations_data WHERE id = $1 AND user_id = $2", *uuid,
                    asker.user_id);
    });
    if (!removed) co_return fail(removed.error());
    gone = *removed;
  }
  if (gone == 0) co_return fail(Code::kNotFound, "There is no such cancellation");
  co_return Json();
}

// A slice of each in turn.
Task<void> Cancellations::run(std::stop_token stop) {
  Uuid last{};
  while (!stop.stop_requested()) {
    const auto seen = made_.value();
    auto row = co_await next(last);
    if (row && !*row) row = co_await next(Uuid{});
    if (row && *row) last = (*row)->id;
    if (row && !*row) {
      std::ignore = co_await made_.wait_past(seen, stop);
      continue;
    }
    auto done = row ? co_await carry_on(std::move(**row)) : Result<>(fail(row.error()));
    if (done) continue;
    write_log_bounded(Same::kMessage, LogLevel::kError, "inngest",
                      "a bulk cancellation cannot go on: {error}",
                      {{"error", done.error().message}});
    std::ignore = co_await world_.sleep_for(kRetry, stop);
  }
}

Task<Result<std::optional<Cancellations::Row>>> Cancellations::next(Uuid after) {
  co_return co_await engine_.runs.database().read([&](db::Tx& tx) {
    std::optional<Row> row;
    auto rows = tx.query(fmt::format("SELECT {} FROM run_cancellations_data WHERE is_done = 0 "
                                     "AND id > $1 ORDER BY id LIMIT 1",
                                     kColumns),
                         after);
    if (rows.next()) row = read_row<Row>(rows);
    return row;
  });
}

Task<Result<bool>> Cancellations::is_meant(const Row& row, std::int64_t position) {
  if (row.condition.empty()) co_return true;
  const auto condition = cel::Expression::parse(row.condition);
  if (!condition) co_return false;
  auto event = co_await engine_.log.at(position);
  if (!event) co_return fail(event.error());
  const auto function = engine_.functions.find(row.function);
  auto view = function != nullptr ? bus::view_of(*function, **event) : bus::event_view(**event);
  if (!view) co_return false;
  cel::Bindings bindings;
  bindings.set("event", *view);
  // What fails for this event is not true of it.
  co_return condition->matches(bindings, {.now_unix_ms = world_.unix_ms()}).value_or(false);
}

Task<Result<>> Cancellations::carry_on(Row row) {
  struct Found {
    Uuid id;
    std::int64_t position = 0;
  };
  std::vector<Found> found;
  int looked_at = 0;
  auto read = co_await engine_.runs.database().read([&](db::Tx& tx) {
    auto rows = tx.query(
        "SELECT id, created_at, event_position FROM runs_data INDEXED BY "
        "runs_of_apps_under_way WHERE user_id = $1 AND function = $2 AND ended_at IS NULL AND "
        "lane IS NULL AND id > $3 ORDER BY id LIMIT $4",
        row.user_id, row.function, row.at, kSliceMax);
    for (; rows.next(); ++looked_at) {
      row.at = rows.uuid(0).value_or(Uuid{});
      const auto made_at = rows.integer(1);
      if (made_at >= row.after && made_at < row.before) found.push_back({row.at, rows.integer(2)});
    }
  });
  if (!read) co_return read;
  std::optional<events::Actor> actor;
  if (!row.actor.empty()) actor = events::Actor::key(row.actor);
  for (const auto& run : found) {
    auto meant = co_await is_meant(row, run.position);
    if (!meant) co_return fail(meant.error());
    if (!*meant) continue;
    auto done = co_await engine_.pool->cancel(row.user_id, run.id, actor);
    if (done) ++row.cancelled;
    // It has ended meanwhile.
    const bool is_past =
        !done && (done.error().code == Code::kConflict || done.error().code == Code::kNotFound);
    if (!done && !is_past) co_return done;
  }
  const bool is_done = looked_at < kSliceMax;
  co_return co_await engine_.runs.database().write(db::Lane::kBackground, [&](db::Tx& tx) {
    tx.run(
        "UPDATE run_cancellations_data SET looked_at = $2, cancelled = $3, is_done = $4 WHERE "
        "id = $1",
        row.id, row.at, row.cancelled, is_done ? 1 : 0);
  });
}

}  // namespace synap::inngest
