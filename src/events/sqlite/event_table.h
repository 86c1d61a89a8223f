// EventTable: the table `events`, row by row: how an event is written and read again.
// docs/formats.md describes the columns.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "events/damage.h"
#include "events/event.h"
#include "events/log.h"
#include "events/sqlite/names.h"

namespace synap::events::sqlite {

/// The tables and triggers of the log: names, events, idempotency.
extern const std::string_view kEventTables;
/// An index of requests that were made because of an event: others are the roots of their
/// correlations, which have one.
extern const std::string_view kCausedRequests;

/// In the order in which EventTable::event_of() reads them.
#define SYNAP_EVENT_COLUMNS                                                                     \
  "position, type, data_version, user, aggregate, aggregate_type, aggregate_version, source, "  \
  "actor_kind, actor, on_behalf_of, timestamp, id, correlation, causation, request, metadata, " \
  "data, salt, content_hash"

/// Only numbers for names are kept in memory; all else goes to the Tx it is given.
class EventTable {
 public:
  explicit EventTable(Names& names) : names_(names) {}

  /// The last position and its link; both zero for an empty log.
  static Head head(db::Tx& tx);
  /// The same within a transaction of the one writer, which remembers what it inserted last.
  Head head_to_append(db::Tx& tx);

  /// The version that an event of this aggregate would get; 0 without aggregate. Aborts with
  /// kNotFound if the aggregate is another user's. Of those that were inserted lately it is
  /// remembered: most events are the second of their aggregate, a moment after the first.
  std::int64_t next_version(db::Tx& tx, const Event& event);
  /// Inserts the event behind `head` as this version of its aggregate, and moves `head` to it. Null
  /// if the Tx has failed.
  EventRef insert(db::Tx& tx, const NewEvent& event, std::int64_t version, Head& head);

  /// The event of a row of SYNAP_EVENT_COLUMNS: the one place where stored bytes become an event,
  /// and damage is found and told of.
  EventRef event_of(db::Tx& tx, db::Rows& row);

  /// Recomputes the links of at most `limit` rows behind `after`.
  Verification verify(db::Tx& tx, std::int64_t after, int limit);

 private:
  std::optional<std::int64_t> number_of(db::Tx& tx, std::string_view name);

  Names& names_;
  DamageReport report_;
  struct Remembered {
    Head head;
    std::int64_t undone = -1;  // Tx::undone() at the time
  };
  Remembered last_;

  // The newest event of an aggregate, as long as Tx::undone() is the same.
  struct Stream {
    Uuid aggregate;
    std::int64_t version = 0;
    std::int64_t user = 0;  // the number of its name
    std::int64_t undone = -1;
  };
  // Of the aggregates that were inserted lately. Each has one place, which it shares with others:
  // who comes later has it.
  std::vector<Stream> streams_;
  Stream& place_of(const Uuid& aggregate);
};

}  // namespace synap::events::sqlite
