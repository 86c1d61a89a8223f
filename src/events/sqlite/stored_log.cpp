#include "events/stored_log.h"

#include <utility>

#include "events/sqlite/event_table.h"
#include "events/sqlite/names.h"
#include "events/stored_log_sql.h"

namespace synap::events::sqlite {
namespace {

class Stored final : public StoredLog {
 public:
  Head end(db::Tx& tx) override { return EventTable::head(tx); }

  std::vector<StoredEvent> read(db::Tx& tx, std::int64_t after, int limit) override {
    std::vector<StoredEvent> all;
    std::size_t bytes = 0;
    auto rows = tx.query(
        "SELECT position, (SELECT name FROM names WHERE number = type), data_version, "
        "(SELECT name FROM names WHERE number = user), aggregate, "
        "(SELECT name FROM names WHERE number = aggregate_type), aggregate_version, source, "
        "actor_kind, actor, (SELECT name FROM names WHERE number = on_behalf_of), timestamp, id, "
        "correlation, causation, request, content_hash, link, salt, metadata, data FROM events "
        "WHERE position > $1 ORDER BY position LIMIT $2",
        after, limit);
    while (bytes < kStoredBytesMax && rows.next()) {
      all.push_back(stored_event_of(rows));
      bytes += all.back().data.size();
    }
    return all;
  }

  void write(db::Tx& tx, std::span<const StoredEvent> events) override {
    load_names(tx);
    const auto number_or_null = [&](const std::optional<std::string>& name) {
      return name ? std::optional(names_.number(tx, *name)) : std::nullopt;
    };
    for (const auto& event : events) {
      tx.run(
          "INSERT INTO events(position, type, data_version, user, aggregate, aggregate_type, "
          "aggregate_version, source, actor_kind, actor, on_behalf_of, timestamp, id, correlation, "
          "causation, request, content_hash, link, salt, metadata, data) VALUES ($1, $2, $3, $4, "
          "$5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)",
          event.position, names_.number(tx, event.type), event.data_version,
          names_.number(tx, event.user_id), blob_or_null(event.aggregate),
          number_or_null(event.aggregate_type), event.aggregate_version, event.source,
          event.actor_kind, event.actor, number_or_null(event.on_behalf_of), event.timestamp,
          db::Blob{event.id}, blob_or_null(event.correlation), blob_or_null(event.causation),
          blob_or_null(event.request), db::Blob{event.content_hash}, db::Blob{event.link},
          blob_or_null(event.salt), event.metadata, event.data);
    }
  }

  std::vector<StoredAnswer> read_answers(db::Tx& tx, const StoredAnswer* after,
                                         int limit) override {
    std::vector<StoredAnswer> all;
    std::optional<std::int64_t> user;
    if (after != nullptr) {
      auto rows = tx.query("SELECT number FROM names WHERE name = $1", after->user_id);
      if (rows.next()) user = rows.integer(0);
    }
    const std::string key = after != nullptr ? after->key : "";
    auto rows = tx.query(
        "SELECT (SELECT name FROM names WHERE number = user), key, fingerprint, answer, "
        "first_position, last_position FROM idempotency WHERE (user, key) > ($1, $2) "
        "ORDER BY user, key LIMIT $3",
        user.value_or(-1), key, limit);
    while (rows.next()) {
      all.push_back({rows.text(0), rows.text(1), rows.text(2), rows.text(3), rows.integer(4),
                     rows.integer(5)});
    }
    return all;
  }

  void write_answers(db::Tx& tx, std::span<const StoredAnswer> answers) override {
    load_names(tx);
    for (const auto& answer : answers) {
      tx.run(
          "INSERT INTO idempotency(user, key, fingerprint, answer, first_position, last_position) "
          "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
          names_.number(tx, answer.user_id), answer.key, db::Blob{answer.fingerprint},
          answer.answer, answer.first_position, answer.last_position);
    }
  }

  std::vector<std::string> tables() const override { return {"events", "names", "idempotency"}; }

 private:
  void load_names(db::Tx& tx) {
    if (!std::exchange(are_names_loaded_, true)) names_.load(tx);
  }

  Names names_;
  bool are_names_loaded_ = false;
};

}  // namespace

std::unique_ptr<StoredLog> stored_log() {
  return std::make_unique<Stored>();
}

}  // namespace synap::events::sqlite
