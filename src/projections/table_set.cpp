#include "projections/table_set.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

namespace synap::projections {
namespace {

constexpr std::string_view kSecond = "__second";

// Deleting a row of 1 KiB takes some 5 us: a piece is about 2 ms.
constexpr int kRemovedRows = 400;

std::string index_suffix(std::int64_t generation) {
  return fmt::format("_g{}", generation);
}

std::vector<std::string> data_names(const Projection& projection) {
  std::vector<std::string> names;
  for (const auto& table : projection.tables) names.push_back(table.data_name());
  return names;
}

void put_aside(db::Tx& tx, const std::string& name, const std::vector<std::string>& key,
               std::int64_t generation) {
  const auto old = fmt::format("{}__old{}", name, generation);
  tx.run(fmt::format("ALTER TABLE {} RENAME TO {}", name, old));
  tx.run("INSERT INTO projection_leftovers(name, key) VALUES ($1, $2)", old,
         fmt::format("{}", fmt::join(key, ", ")));
}

Json parse_layout(const std::string& layout) {
  auto tables = parse_json(layout);
  SYNAP_CHECK(tables.has_value() && tables->is_array(), layout);
  return std::move(*tables);
}

}  // namespace

TableSet::TableSet(const Projection& projection)
    : projection_(projection), second_names_(make_second_names()) {}

db::TableNames TableSet::make_second_names() const {
  return {data_names(projection_), std::string(kSecond)};
}

void TableSet::create(db::Tx& tx, std::int64_t generation) const {
  for (const auto& table : projection_.tables) {
    for (const auto& sql : db::create_statements(table, "", index_suffix(generation))) tx.run(sql);
  }
  create_views(tx);
}

void TableSet::create_second(db::Tx& tx, std::int64_t generation) const {
  for (const auto& table : projection_.tables) {
    for (const auto& sql : db::create_statements(table, kSecond, index_suffix(generation))) {
      tx.run(sql);
    }
  }
}

void TableSet::create_views(db::Tx& tx) const {
  for (const auto& table : projection_.tables) {
    if (const auto sql = db::create_view_statement(table); !sql.empty()) tx.run(sql);
  }
}

void TableSet::drop_views(db::Tx& tx) const {
  for (const auto& table : projection_.tables) {
    if (table.is_of_users) tx.run(fmt::format("DROP VIEW IF EXISTS {}", table.name));
  }
}

void TableSet::swap(db::Tx& tx, std::int64_t generation) const {
  // The views go first: a rename would follow the live table in them.
  drop_views(tx);
  for (const auto& table : projection_.tables) {
    const auto live = table.data_name();
    put_aside(tx, live, table.primary_key, generation);
    tx.run(fmt::format("ALTER TABLE {}{} RENAME TO {}", live, kSecond, live));
  }
  create_views(tx);
}

// An earlier version may have begun the second set, with other tables than today's.
void TableSet::put_second_aside(db::Tx& tx, const std::string& kept_layout,
                                std::int64_t generation) const {
  std::map<std::string, std::vector<std::string>> keys;
  for (const auto& table : parse_layout(kept_layout).as_array()) {
    auto& key = keys[std::string(table.string_or("name", "")) + "_data" + std::string(kSecond)];
    for (const auto& column : table.find("key")->as_array()) key.push_back(column.as_string());
  }
  for (const auto& table : projection_.tables) {
    keys.try_emplace(table.data_name() + std::string(kSecond), table.primary_key);
  }
  for (const auto& [name, key] : keys) {
    const bool is_there =
        tx.query("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = $1", name).next();
    if (is_there) put_aside(tx, name, key, generation);
  }
}

void TableSet::put_live_aside(db::Tx& tx, const std::string& kept_layout,
                              std::int64_t generation) const {
  for (const auto& table : parse_layout(kept_layout).as_array()) {
    const std::string name(table.string_or("name", ""));
    tx.run(fmt::format("DROP VIEW IF EXISTS {}", name));
    std::vector<std::string> key;
    for (const auto& column : table.find("key")->as_array()) key.push_back(column.as_string());
    put_aside(tx, name + "_data", key, generation);
  }
}

bool TableSet::adapt(db::Tx& tx, const std::string& kept_layout) const {
  const Json kept = parse_layout(kept_layout);
  if (kept.as_array().size() != projection_.tables.size()) return false;
  std::vector<std::string> statements;
  for (const auto& table : projection_.tables) {
    const auto& all = kept.as_array();
    const auto same = std::find_if(all.begin(), all.end(), [&](const Json& each) {
      return each.string_or("name", "") == table.name;
    });
    if (same == all.end()) return false;
    const auto missing = db::missing_columns(table, *same);
    if (!missing) return false;
    for (const auto& column : *missing) {
      statements.push_back(db::add_column_statement(table, column));
    }
  }
  // The views again, for they name the columns that there were when they were made.
  drop_views(tx);
  for (const auto& sql : statements) tx.run(sql);
  create_views(tx);
  return tx.ok();
}

bool remove_old_tables(db::Tx& tx) {
  std::string name;
  std::string key;
  {
    auto rows = tx.query("SELECT name, key FROM projection_leftovers ORDER BY name LIMIT 1");
    if (!rows.next()) return true;
    name = rows.text(0);
    key = rows.text(1);
  }
  const std::int64_t removed =
      tx.run(fmt::format("DELETE FROM {} WHERE ({}) IN (SELECT {} FROM {} LIMIT $1)", name, key,
                         key, name),
             kRemovedRows);
  if (removed == 0) {
    tx.run(fmt::format("DROP TABLE {}", name));
    tx.run("DELETE FROM projection_leftovers WHERE name = $1", name);
  }
  return false;
}

}  // namespace synap::projections
