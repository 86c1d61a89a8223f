#include "events/postgres/postgres_event_log.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/json.h"
#include "db/postgres/binary_array.h"
#include "events/chain.h"
#include "events/postgres/appending.h"
#include "events/postgres/parts.h"
#include "events/postgres/rows.h"
#include "events/postgres/tables.h"

namespace synap::events::postgres {
namespace {

// As many bounded walks as the embedded engine makes in one call of read().
constexpr int kScansMax = 10;
// Of one statement, which has 250 ms.
constexpr std::int64_t kVerifiedBytesMax = 1 << 20;
constexpr int kVerifiedMax = 1'000;
constexpr std::size_t kUuidBytes = 16;

#define SYNAP_SELECT_EVENTS "SELECT " SYNAP_POSTGRES_EVENT_COLUMNS " FROM events "

Error conflict(std::string message, std::int64_t actual_version) {
  return {Code::kConflict, std::move(message),
          std::make_shared<Json>(Json::object({{"actualVersion", actual_version}}))};
}

Error no_such_thing() {
  return {Code::kNotFound, "There is no such thing", nullptr};
}

const std::string& owner_of(const Idempotency& idempotency, const Append& append) {
  return idempotency.user_id.empty() ? append.events.front().draft().user_id : idempotency.user_id;
}

// Of the ids of events, one behind another.
std::vector<EventRef> events_of(db::Tx& tx, RowReader& reader, std::string_view ids) {
  db::postgres::BinaryArray array(db::postgres::BinaryArray::Of::kBytes);
  for (; ids.size() >= kUuidBytes; ids.remove_prefix(kUuidBytes)) {
    array.add(ids.substr(0, kUuidBytes));
  }
  std::vector<EventRef> events;
  auto rows = tx.query_with(
      "SELECT " SYNAP_POSTGRES_EVENT_COLUMNS " " SYNAP_POSTGRES_EVENTS_AT(
          "SELECT position AS place FROM event_ids WHERE id = ANY($1)") "ORDER BY position",
      {array.value()});
  while (rows.next()) events.push_back(reader.event_of(rows));
  return events;
}

}  // namespace

std::vector<db::Database::Migration> PostgresEventLog::migrations() {
  return {{"log.1", kTables},
          {"log.2", kCausedRequests},
          {"log.3", kParts},
          {"log.4", kChunksAhead},
          {"log.5", kAppending}};
}

Result<> PostgresEventLog::keep_in_parts(db::Database& database, std::int64_t positions,
                                         World& world) {
  const auto executor = world.make_executor("parts of the log");
  auto write = [&]() -> Task<Result<>> {
    co_return co_await database.write([&](db::Tx& tx) { postgres::keep_in_parts(tx, positions); });
  };
  return sync_wait(*executor, write());
}

Result<std::unique_ptr<PostgresEventLog>> PostgresEventLog::open(
    db::postgres::PostgresDatabase& database, Options options) {
  std::unique_ptr<PostgresEventLog> log(new PostgresEventLog(database, options.positions));
  const auto executor = options.world.make_executor("open log");
  auto head = sync_wait(*executor, log->head());
  if (!head) return fail(head.error());
  log->end_.raise(head->position);
  database.at_group_end([log = log.get()](db::Tx& tx) { return log->group_.take(tx); });
  if (options.is_alone) return log;
  log->has_others_ = true;
  if (options.positions == Positions::kAtOnce) {
    database.at_group_begin([log = log.get()](db::Tx& tx, bool was_outrun) {
      const auto end = log->group_.end();
      // This node knows of its own before the end is raised: what is behind is another's.
      if (end && log->end_.value() > *end) log->database_.note_others();
      log->group_.begin(tx, was_outrun, [log] { log->database_.note_others(); });
    });
  }
  if (options.is_pooled && !options.look_every) return log;
  log->watch_ = std::make_unique<db::postgres::WatchedNumber>(db::postgres::WatchedNumber::Options{
      .world = options.world,
      .url = std::move(options.url),
      .channel = "synap_log",
      .question = "SELECT position FROM log_head",
      .look_every = options.look_every,
      .is_pooled = options.is_pooled,
      .is_now = [log = log.get()](std::int64_t position) { log->end_.raise(position); },
      .others_have_told = std::move(options.others_have_appended)});
  return log;
}

bool PostgresEventLog::meets(db::Tx& tx, const Expectation& expectation,
                             const std::string& user_id) {
  const auto& id = expectation.aggregate_id;
  auto* stream = &group_.stream(tx, id);
  if (stream->version != expectation.version) stream = &group_.stream(tx, id, true);
  if (!tx.ok()) return false;
  // Before the version: it is no business of another user's.
  if (stream->version > 0 && stream->user_id != user_id) {
    tx.abort(no_such_thing());
    return false;
  }
  stream->is_relied_on = true;
  const auto actual = stream->version;
  if (actual == expectation.version) return true;
  tx.abort(conflict(
      fmt::format("Version {} was expected; the actual version is {}", expectation.version, actual),
      actual));
  return false;
}

std::optional<Appended> PostgresEventLog::repeat_of_key(db::Tx& tx, const Append& append) {
  const auto& idempotency = *append.idempotency;
  const auto& user_id = owner_of(idempotency, append);
  Appended first;
  std::string ids;
  Sha256 fingerprint{};
  if (const auto* kept = group_.kept(user_id, idempotency.key)) {
    fingerprint = kept->fingerprint;
    first.answer = kept->answer;
    first.events = kept->events;
  } else {
    auto rows = tx.query(
        "SELECT fingerprint, answer, events FROM idempotency WHERE user_id = $1 AND key = $2",
        user_id, idempotency.key);
    if (!rows.next()) return std::nullopt;
    const auto stored = rows.view(0);
    std::copy_n(stored.begin(), std::min(stored.size(), fingerprint.size()), fingerprint.begin());
    first.answer = rows.text(1);
    ids = rows.text(2);
  }
  if (fingerprint != idempotency.fingerprint) {
    tx.abort({Code::kConflict, "This idempotency key was used for another command; use a new key",
              nullptr});
    return Appended{};
  }
  first.is_repeat = true;
  if (!ids.empty()) first.events = events_of(tx, reader_, ids);
  return first;
}

EventRef PostgresEventLog::repeat_of_id(db::Tx& tx, const NewEvent& event) {
  auto first = group_.event(event.id());
  if (first == nullptr) {
    first = reader_.first_of(tx.query(
        SYNAP_SELECT_EVENTS "WHERE position = (SELECT position FROM event_ids WHERE id = $1)",
        event.id()));
  }
  if (first != nullptr && first->user_id != event.draft().user_id) {
    tx.abort({Code::kConflict, "This event id is in use", nullptr});
  }
  return first;
}

std::optional<Appended> PostgresEventLog::repeat_of_batch(db::Tx& tx, const Append& append) {
  auto first = repeat_of_id(tx, append.events.front());
  if (first == nullptr) return std::nullopt;
  Appended repeat;
  repeat.is_repeat = true;
  repeat.events.push_back(std::move(first));
  for (std::size_t i = 1; i < append.events.size() && tx.ok(); ++i) {
    auto next = repeat_of_id(tx, append.events[i]);
    if (next != nullptr) {
      repeat.events.push_back(std::move(next));
    } else {
      tx.abort({Code::kConflict, "A part of this batch was appended before", nullptr});
    }
  }
  return repeat;
}

// Whether what must be true for the append is; otherwise the Tx is aborted.
bool PostgresEventLog::may_append(db::Tx& tx, const Append& append) {
  const auto& user_id = append.events.front().draft().user_id;
  for (const auto& expectation : append.expectations) {
    if (!tx.ok() || !meets(tx, expectation, user_id)) return false;
  }
  if (tx.ok() && append.decide) append.decide(tx);
  return tx.ok();
}

// The stream that the event joins; null if there is none, or the Tx has failed. `before` are those
// of its batch that stand before it.
Stream* PostgresEventLog::stream_of(db::Tx& tx, const NewEvent& event,
                                    std::span<const EventRef> before) {
  const auto& draft = event.draft();
  if (!draft.aggregate_id) return nullptr;
  const bool is_in_batch = !before.empty() && before.back()->aggregate_id == draft.aggregate_id;
  if (event.starts_stream() && !is_in_batch) {
    auto* stream = group_.new_stream(*draft.aggregate_id, draft.user_id);
    if (stream == nullptr) {
      tx.abort({Code::kConflict, "This conflicts with what is stored", nullptr});
    }
    return stream;
  }
  auto& stream = group_.stream(tx, *draft.aggregate_id);
  if (stream.version > 0 && stream.user_id != draft.user_id) tx.abort(no_such_thing());
  return &stream;
}

bool PostgresEventLog::add_all(db::Tx& tx, const Append& append, Appended& appended) {
  for (const auto& event : append.events) {
    SYNAP_CHECK(event.draft().user_id == append.events.front().draft().user_id,
                "a batch belongs to one user");
    auto* stream = stream_of(tx, event, appended.events);
    if (!tx.ok()) return false;
    appended.events.push_back(group_.add(tx, event, stream));
  }
  return true;
}

Appended PostgresEventLog::append(db::Tx& tx, const Append& append) {
  SYNAP_CHECK(!append.events.empty(), "an append has at least one event");
  if (!tx.ok()) return {};
  group_.join(tx);
  if (append.idempotency) {
    if (auto repeat = repeat_of_key(tx, append)) return std::move(*repeat);
  }
  // A batch is atomic, so its first event tells whether all of it was appended before. An id that
  // was made just now needs no look.
  if (append.events.front().has_given_id()) {
    if (auto repeat = repeat_of_batch(tx, append)) return std::move(*repeat);
  }
  Appended appended;
  if (!may_append(tx, append) || !add_all(tx, append, appended)) return appended;
  if (append.idempotency) {
    const auto& idempotency = *append.idempotency;
    group_.keep(owner_of(idempotency, append), idempotency.key,
                {idempotency.fingerprint, idempotency.answer, appended.events});
    appended.answer = idempotency.answer;
  }
  // In this order: whoever an observer wakes finds the events in memory, and when the followers of
  // the log are woken the observers' own memory is up to date.
  tx.on_commit([this, events = appended.events] { recent_.add_or_restart(events); });
  for (const auto& observer : observers_) {
    if (!tx.ok()) return appended;
    observer(tx, appended.events);
  }
  tx.on_commit([this, last = appended.events.back()] {
    end_.raise(last->position);
    // Once for the group: others have each NOTIFY as a transaction of its own, and a look.
    if (watch_ != nullptr && group_.end() == last->position) watch_->tell();
  });
  return appended;
}

Task<Result<Appended>> PostgresEventLog::append(Append append) {
  co_return co_await database_.write(
      [this, &append](db::Tx& tx) { return this->append(tx, std::as_const(append)); });
}

EventRef PostgresEventLog::newest(db::Tx& tx, const Tenancy& tenancy, const Uuid& aggregate_id) {
  EventRef event;
  if (database_.is_writer(tx)) {
    group_.join(tx);
    if (const auto* stream = group_.known_stream(aggregate_id)) event = stream->newest;
  }
  if (event == nullptr) {
    event = reader_.first_of(tx.query(SYNAP_SELECT_EVENTS
                                      "WHERE position = (SELECT position FROM stream_events WHERE "
                                      "aggregate = $1 ORDER BY version DESC LIMIT 1)",
                                      aggregate_id));
  }
  return event != nullptr && tenancy.sees(*event) ? event : nullptr;
}

Head PostgresEventLog::head(db::Tx& tx) {
  if (database_.is_writer(tx)) {
    group_.join(tx);
    if (const auto last = group_.last_position()) return {*last, {}};
  }
  return stored_head(tx);
}

Head PostgresEventLog::stored_head(db::Tx& tx) {
  Head head;
  auto rows = tx.query("SELECT position, link FROM log_head");
  if (!rows.next()) return head;
  head.position = rows.integer(0);
  const auto link = rows.view(1);
  std::copy_n(link.begin(), std::min(link.size(), head.link.size()), head.link.begin());
  return head;
}

// What others appended before it listened, or while its connection was dead, is told of by nobody.
void PostgresEventLog::look(db::Tx& tx) {
  tx.on_commit([this, position = stored_head(tx).position] {
    if (position <= end_.value()) return;
    end_.raise(position);
    if (watch_ != nullptr) watch_->check();
  });
}

Page PostgresEventLog::read_from_table(db::Tx& tx, const Tenancy& tenancy, const Filter& filter) {
  const bool is_up = filter.order == Order::kOldestFirst;
  const auto end = stored_head(tx).position;
  const auto span = Span::of(tx, filter, end);
  Page page;
  auto next = span.is_cut ? (is_up ? span.last : span.first) : span.end;
  if (span.first <= span.last) {
    std::size_t bytes = 0;
    const Search search(tx, tenancy, filter, span, kPageBytesMax);
    auto rows = search.rows(tx);
    while (rows.next()) {
      page.events.push_back(reader_.event_of(rows));
      bytes += page.events.back()->data.size();
      if (!is_full(page, bytes, filter) && !tx.is_out_of_time()) continue;
      next = page.events.back()->position;
      break;
    }
  }
  page.is_at_end = next == span.end;
  page.next_after = is_up ? next : std::max(filter.after, std::min(end, filter.before - 1));
  page.next_before = is_up ? 0 : next;
  return page;
}

Task<Result<Page>> PostgresEventLog::read(Tenancy tenancy, Filter filter) {
  // Where another node has appended since, memory is not the end of the log. That is heard a moment
  // later: who follows the log waits for it, and who asks for one thing may have it from that node.
  const bool is_of_one_thing = filter.request_id || filter.correlation_id || filter.aggregate_id;
  if (recent_.last() >= end_.value() && (!has_others_ || !is_of_one_thing)) {
    if (auto page = recent_.read(tenancy, filter)) co_return std::move(*page);
  }
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

Page PostgresEventLog::read(db::Tx& tx, const Filter& filter) {
  auto page = read_from_table(tx, Tenancy::whole_pod(), filter);
  if (!page.is_at_end || !database_.is_writer(tx)) return page;
  group_.join(tx);
  group_.read_on(filter, page);
  return page;
}

Task<Result<std::vector<EventRef>>> PostgresEventLog::read_stream(Tenancy tenancy,
                                                                  Uuid aggregate_id,
                                                                  std::int64_t from_version,
                                                                  int limit) {
  co_return co_await database_.read([&](db::Tx& tx) {
    static const std::string kSql =
        bounded(SYNAP_POSTGRES_EVENT_COLUMNS,
                "SELECT events.* " SYNAP_POSTGRES_EVENTS_AT(
                    "SELECT position AS place FROM stream_events WHERE aggregate = $1 AND version "
                    ">= $2 ORDER BY version LIMIT $3"),
                "aggregate_version", kPageBytesMax);
    std::vector<EventRef> events;
    auto rows = tx.query(kSql, aggregate_id, from_version, limit);
    while (rows.next()) {
      auto event = reader_.event_of(rows);
      if (tenancy.sees(*event)) events.push_back(std::move(event));
    }
    return events;
  });
}

Task<Result<EventRef>> PostgresEventLog::find(Tenancy tenancy, Uuid id) {
  auto found = co_await database_.read([&](db::Tx& tx) {
    return reader_.first_of(tx.query(
        SYNAP_SELECT_EVENTS "WHERE position = (SELECT position FROM event_ids WHERE id = $1)", id));
  });
  if (!found) co_return fail(found.error());
  if (*found == nullptr || !tenancy.sees(**found)) {
    co_return fail(Code::kNotFound, "There is no such event");
  }
  co_return *found;
}

Task<Result<EventRef>> PostgresEventLog::at(std::int64_t position) {
  if (auto event = recent_.at(position)) co_return event;
  auto found = co_await database_.read([&](db::Tx& tx) {
    return reader_.first_of(tx.query(SYNAP_SELECT_EVENTS "WHERE position = $1", position));
  });
  if (!found) co_return fail(found.error());
  if (*found == nullptr) co_return fail(Code::kNotFound, "There is no such event");
  co_return *found;
}

Task<Result<Head>> PostgresEventLog::head() {
  co_return co_await database_.read([this](db::Tx& tx) { return head(tx); });
}

Verification PostgresEventLog::verify(db::Tx& tx, std::int64_t after, int limit) {
  Verification found;
  found.next_after = after;
  Sha256 link = kFirstLink;
  if (after > 0) {
    auto before = tx.query("SELECT link FROM events WHERE position = $1", after);
    const auto stored = before.next() ? before.view(0) : std::string_view();
    if (stored.size() != link.size()) {
      found.first_broken = {after, "The event before the first to be verified is missing"};
      return found;
    }
    std::copy_n(stored.begin(), link.size(), link.begin());
  }
  static const std::string kSql =
      bounded(SYNAP_POSTGRES_EVENT_COLUMNS ", link",
              "SELECT * FROM events WHERE position > $1 ORDER BY position LIMIT $2", "position",
              kVerifiedBytesMax);
  auto rows = tx.query(kSql, after, std::min(limit, kVerifiedMax));
  while (rows.next() && (found.events == 0 || !tx.is_out_of_time())) {
    const auto event = reader_.event_of(rows);
    if (auto broken = break_of(*event, found.next_after + 1, stored_hashes(rows), link)) {
      found.first_broken = {found.next_after + 1, std::move(*broken)};
      return found;
    }
    found.next_after = event->position;
    ++found.events;
  }
  const auto last = stored_head(tx);
  found.is_at_end = found.next_after >= last.position;
  // The end is a row of its own, so events can be missing there without a gap.
  if (found.is_at_end && (found.next_after != last.position || link != last.link)) {
    found.first_broken = {last.position, "The end of the log is not where it was recorded to be"};
  } else if (!found.is_at_end && found.events == 0) {
    found.first_broken = {found.next_after + 1,
                          fmt::format("The event at position {} is missing", found.next_after + 1)};
  }
  return found;
}

Task<Result<Verification>> PostgresEventLog::verify(std::int64_t after, int limit) {
  co_return co_await database_.read([&](db::Tx& tx) { return verify(tx, after, limit); });
}

}  // namespace synap::events::postgres
