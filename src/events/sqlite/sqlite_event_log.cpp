#include "events/sqlite/sqlite_event_log.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "base/json.h"

namespace synap::events::sqlite {
namespace {

using db::Blob;

constexpr std::string_view kTables = R"(
CREATE TABLE names(
  number INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

-- The small columns stand before the data, so that a scan of heads reads no overflow page.
CREATE TABLE events(
  position INTEGER PRIMARY KEY,
  type INTEGER NOT NULL,
  user INTEGER NOT NULL,
  aggregate BLOB,
  aggregate_type INTEGER,
  aggregate_version INTEGER,
  source INTEGER NOT NULL,
  timestamp INTEGER NOT NULL,
  id BLOB NOT NULL,
  correlation BLOB,
  causation BLOB,
  request BLOB,
  metadata TEXT,
  data TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX events_by_id ON events(id);
CREATE UNIQUE INDEX events_by_aggregate ON events(aggregate, aggregate_version)
  WHERE aggregate IS NOT NULL;
CREATE INDEX events_by_user ON events(user);
CREATE INDEX events_by_correlation ON events(correlation) WHERE correlation IS NOT NULL;

CREATE TRIGGER events_are_not_updated BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events are immutable'); END;
CREATE TRIGGER events_are_not_deleted BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'events are immutable'); END;

CREATE TABLE idempotency(
  user INTEGER NOT NULL,
  key TEXT NOT NULL,
  fingerprint BLOB NOT NULL,
  answer TEXT NOT NULL,
  first_position INTEGER NOT NULL,
  last_position INTEGER NOT NULL,
  PRIMARY KEY(user, key)
) STRICT, WITHOUT ROWID;
)";

// In the order in which event_of() reads them.
#define SYNAP_EVENT_COLUMNS                                                                 \
  "position, type, user, aggregate, aggregate_type, aggregate_version, source, timestamp, " \
  "id, correlation, causation, request, metadata, data"

// What followers ask for is nearly always among the newest, and so is what workers do, unless they
// are seconds behind. Bounded by count and by bytes.
constexpr std::size_t kRecentMax = 16'384;
constexpr std::size_t kRecentBytesMax = 16 << 20;

// More than these are not searched in memory for one aggregate or correlation.
constexpr std::size_t kNarrowScanMax = 256;

// A page of large events ends before its limit: what is behind is on the next one.
constexpr std::size_t kPageBytesMax = 2 << 20;

bool is_full(const Page& page, std::size_t bytes, const Filter& filter) {
  return page.events.size() == static_cast<std::size_t>(filter.limit) || bytes >= kPageBytesMax;
}

// A filter that matches little would scan the whole log in one read; it goes on in the next one.
constexpr std::int64_t kScannedMax = 20'000;

bool matches(const Event& event, const Filter& filter) {
  if (filter.aggregate_id && event.aggregate_id != filter.aggregate_id) return false;
  if (filter.correlation_id && event.correlation_id != filter.correlation_id) return false;
  if (filter.request_id && event.request_id != filter.request_id) return false;
  if (filter.types.empty()) return true;
  for (const auto& type : filter.types) {
    if (type == event.type) return true;
  }
  return false;
}

Error conflict(std::string message, std::int64_t actual_version) {
  return {Code::kConflict, std::move(message),
          std::make_shared<Json>(Json::object({{"actualVersion", actual_version}}))};
}

}  // namespace

void Names::load(db::Tx& tx) {
  auto rows = tx.query("SELECT number, name FROM names");
  while (rows.next()) {
    remember(rows.integer(0), rows.view(1));
    next_number_ = std::max(next_number_, rows.integer(0) + 1);
  }
}

std::int64_t Names::number(db::Tx& tx, std::string_view name) {
  if (auto known = find(tx, name)) return *known;
  // A number is given once in the life of the process, even if the transaction is rolled back: so
  // a number's name, once seen, cannot change.
  const auto number = next_number_++;
  tx.run("INSERT INTO names(number, name) VALUES ($1, $2)", number, name);
  // The other way round only once it is stored: rolled back, the name has no number.
  tx.on_commit([this, number, name = std::string(name)] { remember(number, name); });
  return number;
}

std::optional<std::int64_t> Names::find(db::Tx& tx, std::string_view name) {
  {
    std::shared_lock lock(mutex_);
    const auto known = numbers_.find(name);
    if (known != numbers_.end()) return known->second;
  }
  auto rows = tx.query("SELECT number FROM names WHERE name = $1", name);
  if (!rows.next()) return std::nullopt;
  return rows.integer(0);
}

std::string_view Names::name(db::Tx& tx, std::int64_t number) {
  {
    std::shared_lock lock(mutex_);
    const auto known = names_.find(number);
    if (known != names_.end()) return known->second;
  }
  auto rows = tx.query("SELECT name FROM names WHERE number = $1", number);
  if (!rows.next()) return {};
  std::unique_lock lock(mutex_);
  return names_.emplace(number, rows.text(0)).first->second;
}

void Names::remember(std::int64_t number, std::string_view name) {
  std::unique_lock lock(mutex_);
  numbers_.emplace(name, number);
  names_.emplace(number, name);
}

Result<std::unique_ptr<SqliteEventLog>> SqliteEventLog::open(db::Database& database) {
  if (auto done = database.migrate({{"events.1", kTables}}); !done) return fail(done.error());
  std::unique_ptr<SqliteEventLog> log(new SqliteEventLog(database));
  ThreadExecutor executor("open log");
  auto last = [&]() -> Task<Result<std::int64_t>> {
    co_return co_await database.read([&](db::Tx& tx) {
      log->names_.load(tx);
      auto rows = tx.query("SELECT max(position) FROM events");
      return rows.next() ? rows.integer(0) : std::int64_t{0};
    });
  };
  auto position = sync_wait(executor, last());
  if (!position) return fail(position.error());
  log->end_.raise(*position);
  return log;
}

bool SqliteEventLog::meets(db::Tx& tx, const Expectation& expectation, std::string_view user_id) {
  std::int64_t actual = 0;
  {
    auto rows = tx.query(
        "SELECT aggregate_version, user FROM events WHERE aggregate = $1 "
        "ORDER BY aggregate_version DESC LIMIT 1",
        expectation.aggregate_id);
    if (rows.next()) {
      actual = rows.integer(0);
      // Before the version: it is no business of another user's.
      if (names_.name(tx, rows.integer(1)) != user_id) {
        tx.abort({Code::kNotFound, "There is no such thing", nullptr});
        return false;
      }
    }
  }
  if (actual == expectation.version) return true;
  tx.abort(conflict(
      fmt::format("Version {} was expected; the actual version is {}", expectation.version, actual),
      actual));
  return false;
}

std::optional<Appended> SqliteEventLog::repeat_of_key(db::Tx& tx, const Append& append) {
  const auto& idempotency = *append.idempotency;
  const auto user = names_.find(tx, append.events.front().envelope().user_id);
  if (!user) return std::nullopt;
  Appended first;
  std::int64_t from = 0;
  std::int64_t to = 0;
  {
    auto rows = tx.query(
        "SELECT fingerprint, answer, first_position, last_position FROM idempotency "
        "WHERE user = $1 AND key = $2",
        *user, idempotency.key);
    if (!rows.next()) return std::nullopt;
    const std::string_view asked(reinterpret_cast<const char*>(idempotency.fingerprint.data()),
                                 idempotency.fingerprint.size());
    if (rows.view(0) != asked) {
      tx.abort({Code::kConflict, "This idempotency key was used for another command; use a new key",
                nullptr});
      return first;
    }
    first.is_repeat = true;
    first.answer = rows.text(1);
    from = rows.integer(2);
    to = rows.integer(3);
  }
  auto rows = tx.query("SELECT " SYNAP_EVENT_COLUMNS
                       " FROM events WHERE position BETWEEN $1 AND $2 ORDER BY position",
                       from, to);
  while (rows.next()) first.events.push_back(event_of(tx, rows));
  return first;
}

std::optional<EventRef> SqliteEventLog::repeat_of_id(db::Tx& tx, const NewEvent& event) {
  auto rows = tx.query("SELECT " SYNAP_EVENT_COLUMNS " FROM events WHERE id = $1", event.id());
  if (!rows.next()) return std::nullopt;
  auto first = event_of(tx, rows);
  if (first->user_id != event.envelope().user_id) {
    tx.abort({Code::kConflict, "This event id is in use", nullptr});
  }
  return first;
}

EventRef SqliteEventLog::insert(db::Tx& tx, const NewEvent& event) {
  const auto& envelope = event.envelope();
  const auto user = names_.number(tx, envelope.user_id);
  const auto type = names_.number(tx, event.type());
  std::optional<std::int64_t> aggregate_type;
  std::optional<std::int64_t> version;
  if (!envelope.aggregate_type.empty()) aggregate_type = names_.number(tx, envelope.aggregate_type);
  if (envelope.aggregate_id) {
    auto rows = tx.query(
        "SELECT aggregate_version, user FROM events WHERE aggregate = $1 "
        "ORDER BY aggregate_version DESC LIMIT 1",
        *envelope.aggregate_id);
    if (rows.next()) {
      version = rows.integer(0) + 1;
      if (rows.integer(1) != user) {
        tx.abort({Code::kNotFound, "There is no such thing", nullptr});
        return nullptr;
      }
    } else {
      version = 1;
    }
  }
  const std::optional<std::string_view> metadata =
      envelope.metadata.empty() ? std::nullopt : std::optional<std::string_view>(envelope.metadata);
  auto recorded = std::make_shared<Event>();
  tx.run(
      "INSERT INTO events(type, user, aggregate, aggregate_type, aggregate_version, source, "
      "timestamp, id, correlation, causation, request, metadata, data) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
      type, user, envelope.aggregate_id, aggregate_type, version, static_cast<int>(envelope.source),
      *envelope.timestamp, event.id(), envelope.correlation_id, envelope.causation_id,
      envelope.request_id, metadata, event.data());
  {
    // RETURNING would take a table of its own for one number.
    auto rows = tx.query("SELECT last_insert_rowid()");
    if (!rows.next()) return nullptr;
    recorded->position = rows.integer(0);
  }
  recorded->id = event.id();
  recorded->type = event.type();
  recorded->user_id = envelope.user_id;
  recorded->source = envelope.source;
  recorded->aggregate_id = envelope.aggregate_id;
  recorded->aggregate_type = envelope.aggregate_type;
  recorded->aggregate_version = version.value_or(0);
  recorded->timestamp = *envelope.timestamp;
  recorded->correlation_id = envelope.correlation_id;
  recorded->causation_id = envelope.causation_id;
  recorded->request_id = envelope.request_id;
  recorded->data = event.data();
  recorded->metadata = envelope.metadata;
  return recorded;
}

std::optional<Appended> SqliteEventLog::repeat_of_batch(db::Tx& tx, const Append& append) {
  auto first = repeat_of_id(tx, append.events.front());
  if (!first) return std::nullopt;
  Appended repeat;
  repeat.is_repeat = true;
  repeat.events.push_back(*first);
  for (std::size_t i = 1; i < append.events.size() && tx.ok(); ++i) {
    auto next = repeat_of_id(tx, append.events[i]);
    if (next) {
      repeat.events.push_back(*next);
    } else {
      tx.abort({Code::kConflict, "A part of this batch was appended before", nullptr});
    }
  }
  return repeat;
}

Appended SqliteEventLog::append(db::Tx& tx, const Append& append) {
  SYNAP_CHECK(!append.events.empty(), "an append has at least one event");
  if (append.idempotency) {
    if (auto repeat = repeat_of_key(tx, append)) return std::move(*repeat);
  }
  // A batch is atomic, so its first event tells whether all of it was appended before. An id that
  // was made just now needs no look.
  if (append.events.front().has_given_id()) {
    if (auto repeat = repeat_of_batch(tx, append)) return std::move(*repeat);
  }
  Appended appended;
  const auto& user_id = append.events.front().envelope().user_id;
  for (const auto& expectation : append.expectations) {
    if (!tx.ok() || !meets(tx, expectation, user_id)) return appended;
  }
  for (const auto& event : append.events) {
    SYNAP_CHECK(event.envelope().user_id == append.events.front().envelope().user_id,
                "a batch belongs to one user");
    auto recorded = insert(tx, event);
    if (recorded == nullptr || !tx.ok()) return appended;
    appended.events.push_back(std::move(recorded));
  }
  if (append.idempotency) {
    const auto& idempotency = *append.idempotency;
    const std::string_view fingerprint(
        reinterpret_cast<const char*>(idempotency.fingerprint.data()),
        idempotency.fingerprint.size());
    tx.run(
        "INSERT INTO idempotency(user, key, fingerprint, answer, first_position, last_position) "
        "VALUES ($1, $2, $3, $4, $5, $6)",
        names_.number(tx, append.events.front().envelope().user_id), idempotency.key,
        Blob{fingerprint}, idempotency.answer, appended.events.front()->position,
        appended.events.back()->position);
    appended.answer = idempotency.answer;
  }
  tx.on_commit([this, events = appended.events] { publish(events); });
  return appended;
}

Task<Result<Appended>> SqliteEventLog::append(Append append) {
  co_return co_await database_.write(
      [this, &append](db::Tx& tx) { return this->append(tx, std::as_const(append)); });
}

void SqliteEventLog::publish(const std::vector<EventRef>& events) {
  {
    std::lock_guard lock(recent_mutex_);
    for (const auto& event : events) {
      SYNAP_CHECK(recent_.empty() || recent_.back()->position + 1 == event->position);
      recent_.push_back(event);
      recent_bytes_ += event->data.size();
    }
    while (recent_.size() > kRecentMax || recent_bytes_ > kRecentBytesMax) {
      recent_bytes_ -= recent_.front()->data.size();
      recent_.pop_front();
    }
  }
  end_.raise(events.back()->position);
}

EventRef SqliteEventLog::event_of(db::Tx& tx, db::Rows& row) {
  auto event = std::make_shared<Event>();
  event->position = row.integer(0);
  event->type = names_.name(tx, row.integer(1));
  event->user_id = names_.name(tx, row.integer(2));
  event->aggregate_id = row.uuid(3);
  if (!row.is_null(4)) event->aggregate_type = names_.name(tx, row.integer(4));
  event->aggregate_version = row.integer(5);
  event->source = static_cast<Source>(row.integer(6));
  event->timestamp = row.integer(7);
  event->id = row.uuid(8).value_or(Uuid{});
  event->correlation_id = row.uuid(9);
  event->causation_id = row.uuid(10);
  event->request_id = row.uuid(11);
  event->metadata = row.text(12);
  event->data = row.text(13);
  return event;
}

std::optional<Page> SqliteEventLog::read_from_memory(const Scope& scope, const Filter& filter) {
  std::lock_guard lock(recent_mutex_);
  if (recent_.empty() || filter.after + 1 < recent_.front()->position) return std::nullopt;
  const auto skip = filter.after + 1 - recent_.front()->position;
  // Few of many are found faster by an index, and without keeping the writer waiting.
  const bool is_narrow = filter.aggregate_id || filter.correlation_id;
  if (is_narrow && recent_.size() > static_cast<std::size_t>(skip) + kNarrowScanMax) {
    return std::nullopt;
  }
  Page page;
  std::size_t bytes = 0;
  page.next_after = filter.after;
  for (auto i = static_cast<std::size_t>(skip); i < recent_.size(); ++i) {
    const auto& event = recent_[i];
    page.next_after = event->position;
    if (!scope.sees(*event) || !matches(*event, filter)) continue;
    page.events.push_back(event);
    bytes += event->data.size();
    if (is_full(page, bytes, filter)) break;
  }
  return page;
}

Page SqliteEventLog::read_from_table(db::Tx& tx, const Scope& scope, const Filter& filter) {
  Page page;
  std::int64_t end = 0;
  {
    auto rows = tx.query("SELECT max(position) FROM events");
    if (rows.next()) end = rows.integer(0);
  }
  page.next_after = std::max(filter.after, end);
  std::string sql = "SELECT " SYNAP_EVENT_COLUMNS " FROM events WHERE position > $1";
  std::vector<db::Value> values = {filter.after};
  const auto add = [&](std::string_view condition, const db::Value& value) {
    values.push_back(value);
    sql.append(fmt::format(" AND {} = ${}", condition, values.size()));
  };
  bool is_narrow = true;  // an index leads to few rows
  if (filter.aggregate_id) {
    add("aggregate", *filter.aggregate_id);
  } else if (filter.correlation_id) {
    add("correlation", *filter.correlation_id);
  } else {
    is_narrow = false;
  }
  if (filter.aggregate_id && filter.correlation_id) add("correlation", *filter.correlation_id);
  if (filter.request_id) add("request", *filter.request_id);
  std::int64_t user = 0;
  if (scope.user_id()) {
    const auto number = names_.find(tx, *scope.user_id());
    if (!number) return page;
    user = *number;
    // Among the rows of one aggregate or correlation the user's index would only be a detour.
    add(is_narrow ? "+user" : "user", user);
  }
  if (!filter.types.empty()) {
    sql.append(" AND +type IN (");
    bool any = false;
    for (const auto& type : filter.types) {
      const auto number = names_.find(tx, type);
      if (!number) continue;
      values.push_back(*number);
      sql.append(fmt::format("{}${}", any ? "," : "", values.size()));
      any = true;
    }
    sql.append(")");
    if (!any) return page;
    if (!is_narrow) {
      // Bounds the scan: what lies behind is read next time.
      const auto to = filter.after + kScannedMax;
      values.push_back(to);
      sql.append(fmt::format(" AND position <= ${}", values.size()));
      page.next_after = std::min(page.next_after, to);
    }
  }
  values.push_back(filter.limit);
  sql.append(fmt::format(" ORDER BY position LIMIT ${}", values.size()));
  auto rows = tx.query_with(sql, values);
  std::size_t bytes = 0;
  while (rows.next()) {
    page.events.push_back(event_of(tx, rows));
    bytes += page.events.back()->data.size();
    if (!is_full(page, bytes, filter)) continue;
    page.next_after = page.events.back()->position;
    break;
  }
  return page;
}

Task<Result<Page>> SqliteEventLog::read(Scope scope, Filter filter) {
  if (auto page = read_from_memory(scope, filter)) co_return std::move(*page);
  for (;;) {
    auto page =
        co_await database_.read([&](db::Tx& tx) { return read_from_table(tx, scope, filter); });
    // A page without events says to its reader that there are none; so look until there is one,
    // or the end is reached.
    if (!page || !page->events.empty() || page->next_after >= end_.value()) co_return page;
    filter.after = page->next_after;
  }
}

Task<Result<std::vector<EventRef>>> SqliteEventLog::read_stream(Scope scope, Uuid aggregate_id,
                                                                std::int64_t from_version) {
  co_return co_await database_.read([&](db::Tx& tx) {
    std::vector<EventRef> events;
    auto rows = tx.query("SELECT " SYNAP_EVENT_COLUMNS
                         " FROM events WHERE aggregate = $1 AND aggregate_version >= $2 "
                         "ORDER BY aggregate_version",
                         aggregate_id, from_version);
    while (rows.next()) {
      auto event = event_of(tx, rows);
      if (scope.sees(*event)) events.push_back(std::move(event));
    }
    return events;
  });
}

std::optional<EventRef> SqliteEventLog::one(db::Tx& tx, std::string_view where,
                                            const db::Value& value) {
  auto rows = tx.query_with(
      fmt::format("SELECT " SYNAP_EVENT_COLUMNS " FROM events WHERE {} = $1", where), {value});
  if (!rows.next()) return std::nullopt;
  return event_of(tx, rows);
}

Task<Result<EventRef>> SqliteEventLog::find(Scope scope, Uuid id) {
  auto found = co_await database_.read([&](db::Tx& tx) { return one(tx, "id", id); });
  if (!found) co_return fail(found.error());
  if (!*found || !scope.sees(***found)) co_return fail(Code::kNotFound, "There is no such event");
  co_return **found;
}

Task<Result<EventRef>> SqliteEventLog::at(std::int64_t position) {
  {
    std::lock_guard lock(recent_mutex_);
    if (!recent_.empty() && position >= recent_.front()->position &&
        position <= recent_.back()->position) {
      co_return recent_[static_cast<std::size_t>(position - recent_.front()->position)];
    }
  }
  auto found = co_await database_.read([&](db::Tx& tx) { return one(tx, "position", position); });
  if (!found) co_return fail(found.error());
  if (!*found) co_return fail(Code::kNotFound, "There is no such event");
  co_return **found;
}

std::vector<EventHead> SqliteEventLog::heads(db::Tx& tx, std::int64_t after, int limit) {
  std::vector<EventHead> heads;
  auto rows = tx.query(
      "SELECT position, type, user, aggregate FROM events WHERE position > $1 "
      "ORDER BY position LIMIT $2",
      after, limit);
  while (rows.next()) {
    heads.push_back({rows.integer(0), names_.name(tx, rows.integer(1)),
                     names_.name(tx, rows.integer(2)), rows.uuid(3)});
  }
  return heads;
}

std::optional<Uuid> SqliteEventLog::aggregate_of(db::Tx& tx, std::int64_t position) {
  auto rows = tx.query("SELECT aggregate FROM events WHERE position = $1", position);
  return rows.next() ? rows.uuid(0) : std::nullopt;
}

}  // namespace synap::events::sqlite
