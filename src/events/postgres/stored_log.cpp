#include "events/stored_log.h"

#include "events/postgres/rows.h"
#include "events/stored_log_sql.h"

namespace synap::events::postgres {
namespace {

constexpr std::string_view kColumns =
    "position, type, data_version, user_id, aggregate, aggregate_type, aggregate_version, source, "
    "actor_kind, actor, on_behalf_of, timestamp, id, correlation, causation, request, "
    "content_hash, link, salt, metadata, data";

class Stored final : public StoredLog {
 public:
  Head end(db::Tx& tx) override {
    Head head;
    auto rows = tx.query("SELECT position, link FROM log_head");
    if (!rows.next()) return head;
    head.position = rows.integer(0);
    const auto link = rows.view(1);
    if (link.size() == head.link.size()) std::ranges::copy(link, head.link.begin());
    return head;
  }

  std::vector<StoredEvent> read(db::Tx& tx, std::int64_t after, int limit) override {
    static const std::string kSelect =
        bounded(kColumns,
                "SELECT " + std::string(kColumns) +
                    " FROM events WHERE position > $1 ORDER BY position LIMIT $2",
                "position", kStoredBytesMax);
    std::vector<StoredEvent> all;
    auto rows = tx.query(kSelect, after, limit);
    while (rows.next()) all.push_back(stored_event_of(rows));
    return all;
  }

  void write(db::Tx& tx, std::span<const StoredEvent> events) override {
    if (events.empty()) return;
    std::ignore = tx.query("SELECT make_parts_of_log($1)", events.back().position).next();
    for (const auto& event : events) {
      tx.run(
          "INSERT INTO events(position, type, data_version, user_id, aggregate, aggregate_type, "
          "aggregate_version, source, actor_kind, actor, on_behalf_of, timestamp, id, correlation, "
          "causation, request, content_hash, link, salt, metadata, data) VALUES ($1, $2, $3, $4, "
          "$5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)",
          event.position, event.type, event.data_version, event.user_id,
          blob_or_null(event.aggregate), event.aggregate_type, event.aggregate_version,
          event.source, event.actor_kind, event.actor, event.on_behalf_of, event.timestamp,
          db::Blob{event.id}, blob_or_null(event.correlation), blob_or_null(event.causation),
          blob_or_null(event.request), db::Blob{event.content_hash}, db::Blob{event.link},
          blob_or_null(event.salt), event.metadata, event.data);
    }
    const auto first = events.front().position;
    const auto& last = events.back();
    tx.run("INSERT INTO event_ids SELECT id, position FROM events WHERE position BETWEEN $1 AND $2",
           first, last.position);
    tx.run(
        "INSERT INTO stream_events SELECT aggregate, aggregate_version, position FROM events "
        "WHERE position BETWEEN $1 AND $2 AND aggregate IS NOT NULL",
        first, last.position);
    tx.run(
        "INSERT INTO streams SELECT aggregate, min(user_id), max(aggregate_version) FROM events "
        "WHERE position BETWEEN $1 AND $2 AND aggregate IS NOT NULL GROUP BY aggregate "
        "ON CONFLICT (aggregate) DO UPDATE SET version = excluded.version",
        first, last.position);
    tx.run("UPDATE log_head SET position = $1, link = $2", last.position, db::Blob{last.link});
  }

  std::vector<StoredAnswer> read_answers(db::Tx& tx, const StoredAnswer* after,
                                         int limit) override {
    static const StoredAnswer kFirst;
    if (after == nullptr) after = &kFirst;
    std::vector<StoredAnswer> all;
    auto rows = tx.query(
        "SELECT user_id, key, fingerprint, answer, "
        "(SELECT position FROM event_ids WHERE id = substring(events FROM 1 FOR 16)), "
        "(SELECT position FROM event_ids WHERE id = substring(events FROM length(events) - 15)) "
        "FROM idempotency WHERE (user_id, key) > ($1, $2) ORDER BY user_id, key LIMIT $3",
        after->user_id, after->key, limit);
    while (rows.next()) {
      all.push_back({rows.text(0), rows.text(1), rows.text(2), rows.text(3),
                     rows.is_null(4) ? 0 : rows.integer(4), rows.is_null(5) ? 0 : rows.integer(5)});
    }
    return all;
  }

  void write_answers(db::Tx& tx, std::span<const StoredAnswer> answers) override {
    for (const auto& answer : answers) {
      tx.run(
          "INSERT INTO idempotency(user_id, key, fingerprint, answer, events) SELECT $1, $2, $3, "
          "$4, coalesce((SELECT string_agg(id, ''::bytea ORDER BY position) FROM events WHERE "
          "position BETWEEN $5 AND $6), ''::bytea) ON CONFLICT DO NOTHING",
          answer.user_id, answer.key, db::Blob{answer.fingerprint}, answer.answer,
          answer.first_position, answer.last_position);
    }
  }

  std::vector<std::string> tables() const override {
    return {"events", "event_ids", "stream_events", "streams", "log_head", "idempotency"};
  }
};

}  // namespace

std::unique_ptr<StoredLog> stored_log() {
  return std::make_unique<Stored>();
}

}  // namespace synap::events::postgres
