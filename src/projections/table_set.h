// TableSet: the tables of one projection, once or twice: those that live, and, while a projection
// is rebuilt or verified, a second set beside them. All of it happens in transactions of the
// caller's.
#pragma once

#include <string>

#include "db/database.h"
#include "db/table_names.h"
#include "projections/projection.h"

namespace synap::projections {

/// One thread at a time: the writer's.
class TableSet {
 public:
  explicit TableSet(const Projection& projection);

  /// Makes the live tables and their views, empty. `generation` was never used before: it keeps the
  /// names of indexes and of old tables apart.
  void create(db::Tx& tx, std::int64_t generation) const;
  /// Makes the second tables, empty; there must be none.
  void create_second(db::Tx& tx, std::int64_t generation) const;
  /// Gives the second tables the names of the live ones, which are put aside as old.
  void swap(db::Tx& tx, std::int64_t generation) const;
  void put_second_aside(db::Tx& tx, const std::string& kept_layout, std::int64_t generation) const;
  /// Puts the live tables aside, whatever their layout was.
  void put_live_aside(db::Tx& tx, const std::string& kept_layout, std::int64_t generation) const;
  /// Makes the live tables, which `kept_layout` describes, fit for today's statements by adding
  /// columns. False: that cannot be done, and nothing was.
  bool adapt(db::Tx& tx, const std::string& kept_layout) const;

  /// Under which a fold writes the second tables. The writer's; others make their own.
  const db::TableNames& second_names() const { return second_names_; }
  db::TableNames make_second_names() const;

 private:
  void create_views(db::Tx& tx) const;
  void drop_views(db::Tx& tx) const;

  const Projection& projection_;
  db::TableNames second_names_;
};

/// Deletes some rows of the tables put aside, of all projections, and drops one that is empty. True
/// when nothing is left to do. In pieces, because dropping a large table at once would keep
/// everybody's writes waiting.
bool remove_old_tables(db::Tx& tx);

}  // namespace synap::projections
