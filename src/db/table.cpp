#include "db/table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace synap::db {
namespace {

std::string_view type_name(ColumnType type) {
  switch (type) {
    case ColumnType::kInteger:
      return "INTEGER";
    case ColumnType::kReal:
      return "REAL";
    case ColumnType::kText:
      return "TEXT";
    case ColumnType::kBytes:
      return "BLOB";
  }
  return "";
}

std::string_view zero_of(ColumnType type) {
  switch (type) {
    case ColumnType::kInteger:
      return "0";
    case ColumnType::kReal:
      return "0.0";
    case ColumnType::kText:
      return "''";
    case ColumnType::kBytes:
      return "x''";
  }
  return "";
}

std::string definition(const Column& column) {
  return fmt::format("{} {}{}", column.name, type_name(column.type),
                     column.is_nullable
                         ? std::string()
                         : fmt::format(" NOT NULL DEFAULT {}", zero_of(column.type)));
}

Json strings(const std::vector<std::string>& values) {
  Json list = Json::array();
  for (const auto& value : values) list.push_back(value);
  return list;
}

// Whether what a column keeps stands for the same of `values` as it did.
bool still_stand_for(const Json& kept_column, const std::vector<std::string>& values) {
  const Json* kept = kept_column.find("values");
  if (kept == nullptr) return values.empty();
  const auto& before = kept->as_array();
  return before.size() <= values.size() &&
         std::equal(before.begin(), before.end(), values.begin(),
                    [](const Json& one, const std::string& other) { return one == Json(other); });
}

}  // namespace

std::vector<std::string> create_statements(const Table& table, std::string_view suffix,
                                           std::string_view index_suffix) {
  std::vector<std::string> statements;
  const auto name = table.data_name() + std::string(suffix);
  std::vector<std::string> parts;
  for (const auto& column : table.columns) parts.push_back(definition(column));
  parts.push_back(fmt::format("PRIMARY KEY({})", fmt::join(table.primary_key, ", ")));
  statements.push_back(
      fmt::format("CREATE TABLE {}({}) STRICT, WITHOUT ROWID", name, fmt::join(parts, ", ")));
  int number = 0;
  for (const auto& index : table.indexes) {
    statements.push_back(fmt::format("CREATE INDEX {}_{}{} ON {}({}){}", table.name, ++number,
                                     index_suffix, name, fmt::join(index.columns, ", "),
                                     index.where.empty() ? "" : " WHERE " + index.where));
  }
  return statements;
}

std::string create_view_statement(const Table& table) {
  if (!table.is_of_users) return {};
  return fmt::format("CREATE VIEW {} AS SELECT * FROM {} WHERE user_id = current_user_id(){}",
                     table.name, table.data_name(),
                     table.shown_where.empty() ? "" : " AND " + table.shown_where);
}

Json to_json(const Table& table) {
  Json columns = Json::array();
  for (const auto& column : table.columns) {
    Json described = Json::object({{"name", column.name},
                                   {"type", type_name(column.type)},
                                   {"nullable", column.is_nullable}});
    // Only where there are some, so that other tables are described as they were before.
    if (!column.values.empty()) described.set("values", strings(column.values));
    columns.push_back(std::move(described));
  }
  Json indexes = Json::array();
  for (const auto& index : table.indexes) {
    indexes.push_back(Json::object({{"columns", strings(index.columns)}, {"where", index.where}}));
  }
  return Json::object({{"name", table.name},
                       {"columns", std::move(columns)},
                       {"key", strings(table.primary_key)},
                       {"indexes", std::move(indexes)},
                       {"users", table.is_of_users},
                       {"shown", table.shown_where}});
}

std::optional<std::vector<Column>> missing_columns(const Table& table, const Json& kept) {
  const Json* key = kept.find("key");
  const Json* columns = kept.find("columns");
  if (key == nullptr || *key != strings(table.primary_key) || columns == nullptr) {
    return std::nullopt;
  }
  std::vector<Column> missing;
  for (const auto& column : table.columns) {
    bool is_there = false;
    for (const auto& old : columns->as_array()) {
      if (old.string_or("name", "") != column.name) continue;
      const Json* nullable = old.find("nullable");
      const bool was_nullable = nullable != nullptr && nullable->as_bool();
      // What must not be null today could not be written as null then.
      if (old.string_or("type", "") != type_name(column.type) ||
          (column.is_nullable && !was_nullable) || !still_stand_for(old, column.values)) {
        return std::nullopt;
      }
      is_there = true;
    }
    if (!is_there) missing.push_back(column);
  }
  return missing;
}

std::string add_column_statement(const Table& table, const Column& column) {
  return fmt::format("ALTER TABLE {} ADD COLUMN {}", table.data_name(), definition(column));
}

}  // namespace synap::db
