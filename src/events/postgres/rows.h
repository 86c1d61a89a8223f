// How events are read from the tables: rows as events, and the SQL of a search. Private to this
// folder.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "db/database.h"
#include "events/chain.h"
#include "events/damage.h"
#include "events/log.h"
#include "events/span.h"

namespace synap::events::postgres {

/// Makes events of rows of SYNAP_POSTGRES_EVENT_COLUMNS: the one place where stored bytes become an
/// event, and damage is found and told of. Thread-safe.
class RowReader {
 public:
  EventRef event_of(db::Rows& row);
  /// Of the first row; null if there is none.
  EventRef first_of(db::Rows rows) { return rows.next() ? event_of(rows) : nullptr; }

 private:
  DamageReport report_;
};

/// Of a row of these columns and the link behind them.
StoredHashes stored_hashes(db::Rows& row);

/// `select`, a query of rows of events in the order `order`, cut behind the row with which their
/// data come to `bytes_max`: all of a query's rows are in memory at once.
std::string bounded(std::string_view columns, std::string_view select, std::string_view order,
                    std::int64_t bytes_max);

/// The query over a span; made and used within one transaction. `filter` must outlive it.
class Search {
 public:
  Search(db::Tx& tx, const Tenancy& tenancy, const Filter& filter, const Span& span,
         std::int64_t bytes_max);
  Search(const Search&) = delete;
  Search& operator=(const Search&) = delete;

  db::Rows rows(db::Tx& tx) const { return tx.query_with(sql_, values_); }
  /// How the server goes about it, and what it has walked over: EXPLAIN's lines.
  std::string plan(db::Tx& tx) const;

 private:
  void add(std::string_view condition, const db::Value& value);
  std::string placeholder(const db::Value& value);
  void add_request(db::Tx& tx, const Filter& filter);
  void add_types(const std::vector<std::string>& patterns);

  std::string sql_;
  std::deque<std::string> texts_;  // that values_ point into
  std::vector<db::Value> values_;
};

}  // namespace synap::events::postgres
