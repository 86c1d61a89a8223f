// Table: a table as a value: its columns, key and indexes. The statements that make it follow, for
// each engine, so that whoever describes a table writes no DDL.
//
// A table named `notes` is kept as `notes_data`. If its rows are users', it has a column `user_id`,
// and a view `notes` shows each user their own rows (Database::read_as).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace synap::db {

enum class ColumnType : std::uint8_t { kInteger, kReal, kText, kBytes };

/// A column that is not nullable has its type's zero (0, '', no bytes) where a row does not say.
struct Column {
  std::string name;
  ColumnType type = ColumnType::kText;
  bool is_nullable = false;
  /// Of integers that stand for listed values: these, from 0 on. Rows that were written by another
  /// list mean something else.
  std::vector<std::string> values = {};
};

struct Index {
  std::vector<std::string> columns;
  std::string where;  // SQL condition of a partial index; empty: all rows
};

struct Table {
  std::string name;
  std::vector<Column> columns;
  std::vector<std::string> primary_key;
  std::vector<Index> indexes;
  bool is_of_users = true;
  std::string shown_where;  // SQL condition of the rows that the view shows; empty: all

  std::string data_name() const { return name + "_data"; }
};

/// The statements that make the table as `data_name()` with `suffix` behind it, and its indexes,
/// whose names end in `index_suffix`: they must differ from those of a set that is there already.
std::vector<std::string> create_statements(const Table& table, std::string_view suffix,
                                           std::string_view index_suffix);
/// The statement that makes its view; empty if it has none.
std::string create_view_statement(const Table& table);

/// The table as JSON, to be kept beside it and compared with a later description.
Json to_json(const Table& table);
/// The columns of `table` that a table described by `kept` (of to_json) lacks. Nothing at all if
/// rows cannot be written to it by today's statements even with these added: another key, or a
/// column of another type or of other values. Values behind the kept ones are no other.
std::optional<std::vector<Column>> missing_columns(const Table& table, const Json& kept);
std::string add_column_statement(const Table& table, const Column& column);

}  // namespace synap::db
