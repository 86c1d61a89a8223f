// Search: one read of the table `events` as SQL. An index leads to the few rows of an aggregate, a
// correlation or a request; everything else is a walk over positions, which is bounded where little
// may match.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "db/database.h"
#include "events/log.h"
#include "events/span.h"
#include "events/sqlite/names.h"

namespace synap::events::sqlite {

/// The query over a span; made and used within one transaction. `filter` must outlive it.
class Search {
 public:
  Search(db::Tx& tx, Names& names, const Tenancy& tenancy, const Filter& filter, const Span& span);

  Search(const Search&) = delete;
  Search& operator=(const Search&) = delete;

  /// A name of the filter was never used: no row can match.
  bool finds_nothing() const { return finds_nothing_; }
  db::Rows rows(db::Tx& tx) const { return tx.query_with(sql_, values_); }

 private:
  void add(std::string_view condition, const db::Value& value);
  std::string placeholder(const db::Value& value);
  void add_request(db::Tx& tx, const Filter& filter);
  void add_types(db::Tx& tx, Names& names, const std::vector<std::string>& patterns);

  std::string sql_;
  std::deque<std::string> texts_;  // that values_ point into
  std::vector<db::Value> values_;
  bool finds_nothing_ = false;
};

}  // namespace synap::events::sqlite
