// The tables of the log on PostgreSQL, and the one function that appends to them.
// docs/adr/0001-order-on-postgresql.md says why they are so. Private to this folder.
#pragma once

#include <string_view>

namespace synap::events::postgres {

extern const std::string_view kTables;
/// An index of requests that were made because of an event: others are the roots of their
/// correlations, which have one.
extern const std::string_view kCausedRequests;

/// FROM the events at what a query gives as `place`, each looked for in its own part, which neither
/// a join nor IN sees to. A literal.
#define SYNAP_POSTGRES_EVENTS_AT(places)                                                     \
  "FROM (" places                                                                            \
  ") AS places CROSS JOIN LATERAL (SELECT * FROM events WHERE position = place LIMIT 1) AS " \
  "events "

/// In the order in which RowReader::event_of() reads them.
#define SYNAP_POSTGRES_EVENT_COLUMNS                                                              \
  "position, type, data_version, user_id, aggregate, aggregate_type, aggregate_version, source, " \
  "actor_kind, actor, on_behalf_of, timestamp, id, correlation, causation, request, metadata, "   \
  "data, salt, content_hash"

}  // namespace synap::events::postgres
