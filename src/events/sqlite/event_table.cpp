#include "events/sqlite/event_table.h"

#include <algorithm>

#include "events/chain.h"
#include "events/damage.h"

namespace synap::events::sqlite {
namespace {

// Verification goes in slices, so that no read transaction lasts: some 2 us an event and the time
// that its bytes take to be hashed.
constexpr std::size_t kVerifiedBytesMax = 16 << 20;

// Among SYNAP_EVENT_COLUMNS, and behind them.
constexpr int kSalt = 18;
constexpr int kContentHash = 19;
constexpr int kLink = 20;

std::string_view bytes_of(const Sha256& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

template <std::size_t N>
bool read_bytes(std::string_view raw, std::array<std::uint8_t, N>& out) {
  if (raw.size() != N) return false;
  std::copy_n(raw.begin(), N, out.begin());
  return true;
}

Error no_such_thing() {
  return {Code::kNotFound, "There is no such thing", nullptr};
}

}  // namespace

// The small columns stand before the data, so that a scan of them reads no overflow page.
const std::string_view kEventTables = R"(
CREATE TABLE names(
  number INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE events(
  position INTEGER PRIMARY KEY,
  type INTEGER NOT NULL,
  data_version INTEGER NOT NULL,
  user INTEGER NOT NULL,
  aggregate BLOB,
  aggregate_type INTEGER,
  aggregate_version INTEGER,
  source INTEGER NOT NULL,
  actor_kind INTEGER,
  actor TEXT,
  on_behalf_of INTEGER,
  timestamp INTEGER NOT NULL,
  id BLOB NOT NULL,
  correlation BLOB,
  causation BLOB,
  request BLOB,
  content_hash BLOB NOT NULL,
  link BLOB NOT NULL,
  salt BLOB,
  metadata TEXT,
  data TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX events_by_id ON events(id);
CREATE UNIQUE INDEX events_by_aggregate ON events(aggregate, aggregate_version)
  WHERE aggregate IS NOT NULL;
CREATE INDEX events_by_user ON events(user);
CREATE INDEX events_by_correlation ON events(correlation) WHERE correlation IS NOT NULL;

-- The one change there is: salt, metadata and data go together, and for good.
CREATE TRIGGER events_are_not_updated BEFORE UPDATE ON events
WHEN NOT (old.salt IS NOT NULL AND new.salt IS NULL AND new.metadata IS NULL AND new.data = '{}'
  AND new.position = old.position AND new.type = old.type
  AND new.data_version = old.data_version AND new.user = old.user
  AND new.aggregate IS old.aggregate AND new.aggregate_type IS old.aggregate_type
  AND new.aggregate_version IS old.aggregate_version AND new.source = old.source
  AND new.actor_kind IS old.actor_kind AND new.actor IS old.actor
  AND new.on_behalf_of IS old.on_behalf_of AND new.timestamp = old.timestamp
  AND new.id = old.id AND new.correlation IS old.correlation
  AND new.causation IS old.causation AND new.request IS old.request
  AND new.content_hash = old.content_hash AND new.link = old.link)
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

const std::string_view kCausedRequests = R"(
CREATE INDEX events_by_caused_request ON events(request)
  WHERE request IS NOT NULL AND request IS NOT correlation;
)";

Head EventTable::head(db::Tx& tx) {
  Head head;
  auto rows = tx.query("SELECT position, link FROM events ORDER BY position DESC LIMIT 1");
  if (!rows.next()) return head;
  head.position = rows.integer(0);
  read_bytes(rows.view(1), head.link);
  return head;
}

Head EventTable::head_to_append(db::Tx& tx) {
  if (last_.undone != tx.undone()) last_ = {head(tx), tx.undone()};
  return last_.head;
}

EventTable::Stream& EventTable::place_of(const Uuid& aggregate) {
  constexpr std::size_t kStreams = 32'768;
  if (streams_.empty()) streams_.resize(kStreams);
  return streams_[std::hash<Uuid>{}(aggregate) % kStreams];
}

std::int64_t EventTable::next_version(db::Tx& tx, const Event& event) {
  if (!event.aggregate_id) return 0;
  const auto& stream = place_of(*event.aggregate_id);
  if (stream.undone == tx.undone() && stream.aggregate == *event.aggregate_id) {
    if (names_.number(tx, event.user_id) != stream.user) tx.abort(no_such_thing());
    return stream.version + 1;
  }
  auto rows = tx.query(
      "SELECT aggregate_version, user FROM events WHERE aggregate = $1 "
      "ORDER BY aggregate_version DESC LIMIT 1",
      *event.aggregate_id);
  if (!rows.next()) return 1;
  if (names_.name(tx, rows.integer(1)) != event.user_id) {
    tx.abort(no_such_thing());
  }
  return rows.integer(0) + 1;
}

std::optional<std::int64_t> EventTable::number_of(db::Tx& tx, std::string_view name) {
  if (name.empty()) return std::nullopt;
  return names_.number(tx, name);
}

EventRef EventTable::insert(db::Tx& tx, const NewEvent& event, std::int64_t version, Head& head) {
  const Event& draft = event.draft();
  const auto position = head.position + 1;
  const auto user = names_.number(tx, draft.user_id);
  const auto link =
      link_hash(head.link, position, version, event.header_hash(), event.content_hash());
  std::optional<int> actor_kind;
  std::optional<std::string_view> actor;
  std::optional<std::int64_t> on_behalf_of;
  if (draft.actor) {
    actor_kind = static_cast<int>(draft.actor->kind);
    actor = draft.actor->id;
    on_behalf_of = number_of(tx, draft.actor->on_behalf_of.value_or(""));
  }
  std::optional<std::string_view> metadata;
  if (!draft.metadata.empty()) metadata = draft.metadata;
  const auto version_or_null =
      draft.aggregate_id ? std::optional<std::int64_t>(version) : std::nullopt;
  const std::string_view salt(reinterpret_cast<const char*>(event.salt().data()),
                              event.salt().size());
  tx.run(
      "INSERT INTO events(position, type, data_version, user, aggregate, aggregate_type, "
      "aggregate_version, source, actor_kind, actor, on_behalf_of, timestamp, id, correlation, "
      "causation, request, content_hash, link, salt, metadata, data) VALUES ($1, $2, $3, $4, $5, "
      "$6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)",
      position, names_.number(tx, draft.type), draft.data_version, user, draft.aggregate_id,
      number_of(tx, draft.aggregate_type), version_or_null, static_cast<int>(draft.source),
      actor_kind, actor, on_behalf_of, draft.timestamp, draft.id, draft.correlation_id,
      draft.causation_id, draft.request_id, db::Blob{bytes_of(event.content_hash())},
      db::Blob{bytes_of(link)}, db::Blob{salt}, metadata, draft.data);
  if (!tx.ok()) return nullptr;
  head = {position, link};
  last_ = {head, tx.undone()};
  if (draft.aggregate_id) {
    place_of(*draft.aggregate_id) = {*draft.aggregate_id, version, user, tx.undone()};
  }
  return event.recorded(position, version);
}

EventRef EventTable::event_of(db::Tx& tx, db::Rows& row) {
  EventFields event;
  event.position = row.integer(0);
  event.type = names_.name(tx, row.integer(1));
  event.data_version = row.integer(2);
  event.user_id = names_.name(tx, row.integer(3));
  event.aggregate_id = row.uuid(4);
  if (!row.is_null(5)) event.aggregate_type = names_.name(tx, row.integer(5));
  event.aggregate_version = row.integer(6);
  event.source = static_cast<Source>(row.integer(7));
  if (!row.is_null(8)) {
    Actor actor{static_cast<Actor::Kind>(row.integer(8)), row.text(9), std::nullopt};
    if (!row.is_null(10)) actor.on_behalf_of = names_.name(tx, row.integer(10));
    event.actor = std::move(actor);
  }
  event.timestamp = row.integer(11);
  const auto id = row.uuid(12);
  event.id = id.value_or(Uuid{});
  event.correlation_id = row.uuid(13);
  event.causation_id = row.uuid(14);
  event.request_id = row.uuid(15);
  event.metadata = row.text(16);
  event.data = row.text(17);
  event.is_erased = row.is_null(kSalt);
  StoredProof proof{.has_id = id.has_value(), .content_hash = row.view(kContentHash)};
  if (!event.is_erased) proof.salt = row.view(kSalt);
  find_damage(event, proof);
  if (event.is_damaged()) report_.tell(event);
  return std::make_shared<const Event>(std::move(event));
}

Verification EventTable::verify(db::Tx& tx, std::int64_t after, int limit) {
  Verification found;
  found.next_after = after;
  Sha256 link = kFirstLink;
  if (after > 0) {
    auto before = tx.query("SELECT link FROM events WHERE position = $1", after);
    if (!before.next() || !read_bytes(before.view(0), link)) {
      found.first_broken = {after, "The event before the first to be verified is missing"};
      return found;
    }
  }
  auto rows = tx.query("SELECT " SYNAP_EVENT_COLUMNS
                       ", link FROM events WHERE position > $1 "
                       "ORDER BY position LIMIT $2",
                       after, limit);
  std::size_t bytes = 0;
  while (bytes < kVerifiedBytesMax && (found.events == 0 || !tx.is_out_of_time())) {
    if (!rows.next()) {
      found.is_at_end = found.events < limit;
      break;
    }
    const auto event = event_of(tx, rows);
    const StoredHashes stored{.content = rows.view(kContentHash), .link = rows.view(kLink)};
    if (auto broken = break_of(*event, found.next_after + 1, stored, link)) {
      found.first_broken = {found.next_after + 1, std::move(*broken)};
      return found;
    }
    bytes += event->data.size();
    found.next_after = event->position;
    ++found.events;
  }
  return found;
}

}  // namespace synap::events::sqlite
