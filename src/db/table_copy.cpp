#include "db/table_copy.h"

#include <fmt/format.h>

#include <algorithm>

namespace synap::db {
namespace {

using Kind = CopiedTable::Kind;

constexpr std::size_t kBytesMax = 4 << 20;

Kind kind_of(std::string_view type) {
  if (type == "INTEGER") return Kind::kInteger;
  if (type == "REAL") return Kind::kReal;
  return type == "BLOB" ? Kind::kBlob : Kind::kText;
}

Cell cell_of(Rows& rows, int column, Kind kind) {
  if (rows.is_null(column)) return std::monostate();
  if (kind == Kind::kInteger) return rows.integer(column);
  if (kind == Kind::kReal) return rows.real(column);
  return rows.text(column);
}

Value value_of(const Cell& cell, Kind kind) {
  if (const auto* number = std::get_if<std::int64_t>(&cell)) return *number;
  if (const auto* number = std::get_if<double>(&cell)) return *number;
  const auto* bytes = std::get_if<std::string>(&cell);
  if (bytes == nullptr) return nullptr;
  return kind == Kind::kBlob ? Value(Blob{*bytes}) : Value(*bytes);
}

std::string names_of(const CopiedTable& table) {
  std::string all;
  for (const auto& column : table.columns) {
    all += fmt::format("{}{}", all.empty() ? "" : ", ", column.name);
  }
  return all;
}

std::string key_names(const CopiedTable& table, std::string_view order = "") {
  std::string all;
  for (const auto at : table.key) {
    all += fmt::format("{}{}{}", all.empty() ? "" : ", ", table.columns[at].name, order);
  }
  return all;
}

std::string places(std::size_t count) {
  std::string all;
  for (std::size_t i = 1; i <= count; ++i) all += fmt::format("{}${}", i == 1 ? "" : ", ", i);
  return all;
}

CopiedTable described(Tx& tx, std::string name) {
  CopiedTable table{.name = std::move(name)};
  std::vector<std::pair<std::int64_t, std::size_t>> key;
  auto rows = tx.query("SELECT name, type, pk FROM pragma_table_info($1) ORDER BY cid", table.name);
  while (rows.next()) {
    if (rows.integer(2) > 0) key.emplace_back(rows.integer(2), table.columns.size());
    table.columns.push_back({rows.text(0), kind_of(rows.view(1))});
  }
  std::ranges::sort(key);
  for (const auto& [place, column] : key) table.key.push_back(column);
  if (table.key.empty()) {
    tx.abort(
        {Code::kInternalServerError, fmt::format("the table {} has no key", table.name), nullptr});
  }
  return table;
}

}  // namespace

std::vector<CopiedTable> tables_of_embedded(Tx& tx) {
  std::vector<std::string> names;
  {
    auto rows = tx.query(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' "
        "ORDER BY name");
    while (rows.next()) names.push_back(rows.text(0));
  }
  std::vector<CopiedTable> tables;
  for (auto& name : names) tables.push_back(described(tx, std::move(name)));
  return tables;
}

std::vector<Row> read_rows(Tx& tx, const CopiedTable& table, const std::optional<Row>& after,
                           int limit) {
  std::vector<Value> values;
  std::string sql = fmt::format("SELECT {} FROM {}", names_of(table), table.name);
  if (after) {
    sql += fmt::format(" WHERE ({}) > ({})", key_names(table), places(table.key.size()));
    for (std::size_t i = 0; i < table.key.size(); ++i) {
      values.push_back(value_of((*after)[i], table.columns[table.key[i]].kind));
    }
  }
  sql += fmt::format(" ORDER BY {} LIMIT {}", key_names(table), limit);
  std::vector<Row> all;
  std::size_t bytes = 0;
  auto rows = tx.query_with(sql, values);
  while (bytes < kBytesMax && rows.next()) {
    auto& row = all.emplace_back();
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      row.push_back(cell_of(rows, static_cast<int>(i), table.columns[i].kind));
      if (const auto* text = std::get_if<std::string>(&row.back())) bytes += text->size();
    }
  }
  return all;
}

void insert_rows(Tx& tx, const CopiedTable& table, std::span<const Row> rows) {
  const auto sql = fmt::format("INSERT INTO {}({}) VALUES ({})", table.name, names_of(table),
                               places(table.columns.size()));
  for (const auto& row : rows) {
    std::vector<Value> values;
    for (std::size_t i = 0; i < row.size(); ++i) {
      values.push_back(value_of(row[i], table.columns[i].kind));
    }
    tx.run_with(sql, values);
  }
}

Row key_of(const CopiedTable& table, const Row& row) {
  Row key;
  for (const auto at : table.key) key.push_back(row[at]);
  return key;
}

std::optional<Row> last_key(Tx& tx, const CopiedTable& table) {
  auto rows = tx.query(fmt::format("SELECT {} FROM {} ORDER BY {} LIMIT 1", key_names(table),
                                   table.name, key_names(table, " DESC")));
  if (!rows.next()) return std::nullopt;
  Row key;
  for (std::size_t i = 0; i < table.key.size(); ++i) {
    key.push_back(cell_of(rows, static_cast<int>(i), table.columns[table.key[i]].kind));
  }
  return key;
}

std::int64_t count_rows(Tx& tx, const CopiedTable& table) {
  auto rows = tx.query(fmt::format("SELECT count(*) FROM {}", table.name));
  return rows.next() ? rows.integer(0) : 0;
}

}  // namespace synap::db
