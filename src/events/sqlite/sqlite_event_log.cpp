#include "events/sqlite/sqlite_event_log.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/json.h"
#include "events/sqlite/search.h"

namespace synap::events::sqlite {
namespace {

using db::Blob;

// How many bounded walks (Span) one call of read() makes at most: then the page says how far it
// got, and its reader decides whether to go on. 200,000 rows are some 50 ms of a reader.
constexpr int kScansMax = 10;

Error conflict(std::string message, std::int64_t actual_version) {
  return {Code::kConflict, std::move(message),
          std::make_shared<Json>(Json::object({{"actualVersion", actual_version}}))};
}

std::string_view bytes_of(const Sha256& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

const std::string& owner_of(const Idempotency& idempotency, const Append& append) {
  return idempotency.user_id.empty() ? append.events.front().draft().user_id : idempotency.user_id;
}

}  // namespace

std::vector<db::Database::Migration> SqliteEventLog::migrations() {
  return {{"log.1", kEventTables}, {"log.2", kCausedRequests}};
}

Result<std::unique_ptr<SqliteEventLog>> SqliteEventLog::open(db::Database& database, World& world) {
  std::unique_ptr<SqliteEventLog> log(new SqliteEventLog(database));
  const auto executor = world.make_executor("open log");
  auto load = [&]() -> Task<Result<Head>> {
    co_return co_await database.read_at_start([&](db::Tx& tx) {
      log->names_.load(tx);
      return EventTable::head(tx);
    });
  };
  auto head = sync_wait(*executor, load());
  if (!head) return fail(head.error());
  log->end_.raise(head->position);
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
  const auto user = names_.find(tx, owner_of(idempotency, append));
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
  while (rows.next()) first.events.push_back(table_.event_of(tx, rows));
  return first;
}

std::optional<EventRef> SqliteEventLog::repeat_of_id(db::Tx& tx, const NewEvent& event) {
  auto rows = tx.query("SELECT " SYNAP_EVENT_COLUMNS " FROM events WHERE id = $1", event.id());
  if (!rows.next()) return std::nullopt;
  auto first = table_.event_of(tx, rows);
  if (first->user_id != event.draft().user_id) {
    tx.abort({Code::kConflict, "This event id is in use", nullptr});
  }
  return first;
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

// Whether what must be true for the append is; otherwise the Tx is aborted.
bool SqliteEventLog::may_append(db::Tx& tx, const Append& append) {
  const auto& user_id = append.events.front().draft().user_id;
  for (const auto& expectation : append.expectations) {
    if (!tx.ok() || !meets(tx, expectation, user_id)) return false;
  }
  if (tx.ok() && append.decide) append.decide(tx);
  return tx.ok();
}

// The event's place in its stream; `before` are those of its batch that stand before it.
std::int64_t SqliteEventLog::version_of(db::Tx& tx, const NewEvent& event,
                                        std::span<const EventRef> before) {
  const auto& aggregate = event.draft().aggregate_id;
  if (!aggregate) return 0;
  if (!before.empty() && before.back()->aggregate_id == aggregate) {
    return before.back()->aggregate_version + 1;
  }
  return event.starts_stream() ? 1 : table_.next_version(tx, event.draft());
}

bool SqliteEventLog::insert_all(db::Tx& tx, const Append& append, Appended& appended) {
  auto head = table_.head_to_append(tx);
  for (const auto& event : append.events) {
    SYNAP_CHECK(event.draft().user_id == append.events.front().draft().user_id,
                "a batch belongs to one user");
    auto recorded = table_.insert(tx, event, version_of(tx, event, appended.events), head);
    if (recorded == nullptr) return false;
    appended.events.push_back(std::move(recorded));
  }
  return true;
}

void SqliteEventLog::keep_answer(db::Tx& tx, const Append& append, Appended& appended) {
  const auto& idempotency = *append.idempotency;
  tx.run(
      "INSERT INTO idempotency(user, key, fingerprint, answer, first_position, last_position) "
      "VALUES ($1, $2, $3, $4, $5, $6)",
      names_.number(tx, owner_of(idempotency, append)), idempotency.key,
      Blob{bytes_of(idempotency.fingerprint)}, idempotency.answer,
      appended.events.front()->position, appended.events.back()->position);
  appended.answer = idempotency.answer;
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
  if (!may_append(tx, append) || !insert_all(tx, append, appended)) return appended;
  if (append.idempotency) keep_answer(tx, append, appended);
  // In this order: whoever an observer wakes finds the events in memory, and when the followers of
  // the log are woken the observers' own memory (which keys are revoked) is up to date.
  tx.on_commit([this, events = appended.events] { recent_.add(events); });
  for (const auto& observer : observers_) {
    if (!tx.ok()) return appended;
    observer(tx, appended.events);
  }
  tx.on_commit([this, end = appended.events.back()->position] { end_.raise(end); });
  return appended;
}

Task<Result<Appended>> SqliteEventLog::append(Append append) {
  co_return co_await database_.write(
      [this, &append](db::Tx& tx) { return this->append(tx, std::as_const(append)); });
}

EventRef SqliteEventLog::newest(db::Tx& tx, const Tenancy& tenancy, const Uuid& aggregate_id) {
  auto rows = tx.query("SELECT " SYNAP_EVENT_COLUMNS
                       " FROM events WHERE aggregate = $1 ORDER BY aggregate_version DESC LIMIT 1",
                       aggregate_id);
  if (!rows.next()) return nullptr;
  auto event = table_.event_of(tx, rows);
  if (tenancy.user_id() && *tenancy.user_id() != event->user_id) return nullptr;
  return event;
}

Page SqliteEventLog::read_from_table(db::Tx& tx, const Tenancy& tenancy, const Filter& filter) {
  const bool is_up = filter.order == Order::kOldestFirst;
  const auto head = EventTable::head(tx).position;
  const auto span = Span::of(tx, filter, head);
  const Search search(tx, names_, tenancy, filter, span);
  Page page;
  auto next = span.is_cut && !search.finds_nothing() ? (is_up ? span.last : span.first) : span.end;
  if (!search.finds_nothing() && span.first <= span.last) {
    std::size_t bytes = 0;
    auto rows = search.rows(tx);
    while (rows.next()) {
      page.events.push_back(table_.event_of(tx, rows));
      bytes += page.events.back()->data.size();
      if (!is_full(page, bytes, filter) && !tx.is_out_of_time()) continue;
      next = page.events.back()->position;
      break;
    }
  }
  page.is_at_end = next == span.end;
  page.next_after = is_up ? next : std::max(filter.after, std::min(head, filter.before - 1));
  page.next_before = is_up ? 0 : next;
  return page;
}

Task<Result<Page>> SqliteEventLog::read(Tenancy tenancy, Filter filter) {
  if (auto page = recent_.read(tenancy, filter)) co_return std::move(*page);
  std::optional<std::int64_t> end;  // as the first walk saw it
  for (int scan = 1;; ++scan) {
    auto page =
        co_await database_.read([&](db::Tx& tx) { return read_from_table(tx, tenancy, filter); });
    if (page && filter.order == Order::kNewestFirst)
      page->next_after = *(end = end.value_or(page->next_after));
    // A page without events is for its reader to go on behind; most have nothing to do between.
    if (!page || !page->events.empty() || page->is_at_end || scan == kScansMax) co_return page;
    filter.after = filter.order == Order::kOldestFirst ? page->next_after : filter.after;
    if (filter.order == Order::kNewestFirst) filter.before = page->next_before;
  }
}

Page SqliteEventLog::read(db::Tx& tx, const Filter& filter) {
  return read_from_table(tx, Tenancy::whole_pod(), filter);
}

Task<Result<std::vector<EventRef>>> SqliteEventLog::read_stream(Tenancy tenancy, Uuid aggregate_id,
                                                                std::int64_t from_version,
                                                                int limit) {
  co_return co_await database_.read([&](db::Tx& tx) {
    Page page;
    const Filter filter{.limit = limit};
    std::size_t bytes = 0;
    auto rows = tx.query("SELECT " SYNAP_EVENT_COLUMNS
                         " FROM events WHERE aggregate = $1 AND aggregate_version >= $2 "
                         "ORDER BY aggregate_version LIMIT $3",
                         aggregate_id, from_version, limit);
    while (!is_full(page, bytes, filter) && rows.next()) {
      auto event = table_.event_of(tx, rows);
      bytes += event->data.size();
      if (tenancy.sees(*event)) page.events.push_back(std::move(event));
    }
    return std::move(page.events);
  });
}

Task<Result<EventRef>> SqliteEventLog::find(Tenancy tenancy, Uuid id) {
  auto found = co_await database_.read([&](db::Tx& tx) -> EventRef {
    auto rows = tx.query("SELECT " SYNAP_EVENT_COLUMNS " FROM events WHERE id = $1", id);
    return rows.next() ? table_.event_of(tx, rows) : nullptr;
  });
  if (!found) co_return fail(found.error());
  if (*found == nullptr || !tenancy.sees(**found)) {
    co_return fail(Code::kNotFound, "There is no such event");
  }
  co_return *found;
}

Task<Result<EventRef>> SqliteEventLog::at(std::int64_t position) {
  if (auto event = recent_.at(position)) co_return event;
  if (auto event = ahead_.at(position)) co_return event;
  auto found =
      co_await database_.read([&](db::Tx& tx) { return read_with_neighbours(tx, position); });
  if (!found) co_return fail(found.error());
  if (*found == nullptr) co_return fail(Code::kNotFound, "There is no such event");
  co_return *found;
}

EventRef SqliteEventLog::read_with_neighbours(db::Tx& tx, std::int64_t position) {
  // Whoever stood before this in the line of readers may have read it, too.
  if (auto event = ahead_.at(position)) return event;
  std::vector<EventRef> events;
  std::size_t bytes = 0;
  auto rows = tx.query("SELECT " SYNAP_EVENT_COLUMNS
                       " FROM events WHERE position >= $1 ORDER BY position LIMIT $2",
                       position, ahead_.limit_for(position));
  while (bytes < ReadAhead::kBytesMax && rows.next()) {
    events.push_back(table_.event_of(tx, rows));
    bytes += events.back()->data.size() + events.back()->metadata.size();
  }
  if (events.empty() || events.front()->position != position) return nullptr;
  auto event = events.front();
  ahead_.put(std::move(events));
  return event;
}

Task<Result<Head>> SqliteEventLog::head() {
  co_return co_await database_.read([](db::Tx& tx) { return EventTable::head(tx); });
}

Task<Result<Verification>> SqliteEventLog::verify(std::int64_t after, int limit) {
  co_return co_await database_.read([&](db::Tx& tx) { return table_.verify(tx, after, limit); });
}

}  // namespace synap::events::sqlite
