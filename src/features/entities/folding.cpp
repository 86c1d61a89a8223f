// The tables beside the entities: their types, each version of these, and the index by which lists
// of entities are filtered and sorted.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "features/entities/entity_type.h"

namespace synap::features::entities {
namespace {

using db::ColumnType;
using events::Event;

// A row of the index but for its entity and user.
using Key = std::array<std::string, 4>;  // type, list, filter, sort

std::vector<DeclaredList> lists_of_version(db::Tx& tx, const std::string& user_id,
                                           const std::string& type, std::int64_t version) {
  auto rows = tx.query(
      "SELECT lists FROM entity_type_versions_data WHERE user_id = $1 AND name = $2 AND version = "
      "$3",
      user_id, type, version);
  return rows.next() ? parse_lists(rows.view(0)) : std::vector<DeclaredList>{};
}

std::set<Key> keys_of(const std::string& type, const std::vector<DeclaredList>& lists,
                      const Json& data) {
  std::set<Key> keys;
  for (const auto& list : lists) {
    const auto key = [&](const std::string& field, ValueKind kind) {
      return field.empty() ? std::string() : key_of(kind, data.find(field));
    };
    keys.insert(
        {type, list.name(), key(list.filter, list.filter_kind), key(list.sort, list.sort_kind)});
  }
  return keys;
}

std::set<Key> stored_keys(db::Tx& tx, const std::optional<Uuid>& entity) {
  std::set<Key> keys;
  auto rows = tx.query(
      "SELECT type, list, filter_key, sort_key FROM entity_index_data WHERE entity = $1", entity);
  while (rows.next()) keys.insert({rows.text(0), rows.text(1), rows.text(2), rows.text(3)});
  return keys;
}

// Makes the rows of an entity those of a version of its type.
void index(db::Tx& tx, const Event& event, const std::string& type, std::int64_t version,
           const Json& data, bool is_new) {
  const auto lists = lists_of_version(tx, event.user_id, type, version);
  const auto wanted = keys_of(type, lists, data);
  const auto stored = is_new ? std::set<Key>{} : stored_keys(tx, event.aggregate_id);
  for (const auto& key : stored) {
    if (wanted.contains(key)) continue;
    tx.run(
        "DELETE FROM entity_index_data WHERE user_id = $1 AND type = $2 AND list = $3 AND "
        "filter_key = $4 AND sort_key = $5 AND entity = $6",
        event.user_id, key[0], key[1], db::Blob{key[2]}, db::Blob{key[3]}, event.aggregate_id);
  }
  for (const auto& key : wanted) {
    if (stored.contains(key)) continue;
    tx.run(
        "INSERT INTO entity_index_data(user_id, type, list, filter_key, sort_key, entity) "
        "VALUES ($1, $2, $3, $4, $5, $6)",
        event.user_id, key[0], key[1], db::Blob{key[2]}, db::Blob{key[3]}, event.aggregate_id);
  }
}

// As the row of the entity is when this is folded: a change that came before counts.
void fold_indexed(db::Tx& tx, const Event& event) {
  auto said = data_of(event, kIndexed);
  if (!said) return tx.abort(said.error());
  std::optional<Json> fields;
  {
    auto rows = tx.query("SELECT data FROM entities_data WHERE id = $1", event.aggregate_id);
    if (!rows.next()) return;
    auto parsed = parse_json(rows.view(0));
    if (parsed) fields = std::move(*parsed);
  }
  const Json* data = fields ? fields->find("data") : nullptr;
  if (data == nullptr) return;
  index(tx, event, (*said)->type, (*said)->type_version, *data, false);
}

bool has_entities(db::Tx& tx, const std::string& user_id, const std::string& type) {
  auto rows = tx.query("SELECT 1 FROM entities_data WHERE user_id = $1 AND f_type = $2 LIMIT 1",
                       user_id, type);
  return rows.next();
}

// Where there is no entity yet all lists are filled; else those that were, and are declared still.
std::string ready_lists(db::Tx& tx, const Event& event, const std::string& name,
                        const std::vector<DeclaredList>& lists) {
  std::optional<std::vector<DeclaredList>> before;
  {
    auto rows = tx.query(
        "SELECT ready FROM entity_types_data WHERE user_id = $1 AND name = $2 AND removed = 0",
        event.user_id, name);
    if (rows.next()) before = parse_lists(rows.view(0));
  }
  if (!before || !has_entities(tx, event.user_id, name)) return lists_text(lists);
  std::vector<DeclaredList> ready;
  for (const auto& list : lists) {
    const auto is_same = [&](const auto& one) { return one.name() == list.name(); };
    if (std::ranges::any_of(*before, is_same)) ready.push_back(list);
  }
  return lists_text(ready);
}

void fold_defined(db::Tx& tx, const Event& event) {
  auto said = data_of(event, kDefined);
  if (!said) return tx.abort(said.error());
  const auto& [name, version, definition] = **said;
  const auto lists = lists_of(definition).value_or(std::vector<DeclaredList>{});
  const auto text = json_text(definition);
  const auto names = lists_text(lists);
  const auto ready = ready_lists(tx, event, name, lists);
  const auto title = title_field(definition);
  tx.run(
      "INSERT INTO entity_types_data(user_id, name, version, events, removed, definition, title, "
      "lists, ready, defined_at) VALUES ($1, $2, $3, $4, 0, $5, $6, $7, $8, $9) "
      "ON CONFLICT(user_id, name) DO UPDATE SET version = $3, events = $4, removed = 0, "
      "definition = $5, title = $6, lists = $7, ready = $8, defined_at = $9",
      event.user_id, name, version, event.aggregate_version, text, title, names, ready,
      event.timestamp);
  tx.run(
      "INSERT INTO entity_type_versions_data(user_id, name, version, definition, lists, "
      "defined_at) VALUES ($1, $2, $3, $4, $5, $6)",
      event.user_id, name, version, text, names, event.timestamp);
}

void fold_removed(db::Tx& tx, const Event& event) {
  auto said = data_of(event, kRemoved);
  if (!said) return tx.abort(said.error());
  tx.run("UPDATE entity_types_data SET removed = 1, events = $3 WHERE user_id = $1 AND name = $2",
         event.user_id, (*said)->name, event.aggregate_version);
}

void fold_filled(db::Tx& tx, const Event& event) {
  auto said = data_of(event, kBackfillCompleted);
  if (!said) return tx.abort(said.error());
  tx.run(
      "UPDATE entity_types_data SET ready = lists WHERE user_id = $1 AND name = $2 AND version = "
      "$3",
      event.user_id, (*said)->name, (*said)->version);
}

void fold(db::Tx& tx, const Event& event, const Json* fields) {
  if (event.type == kDefined.name) return fold_defined(tx, event);
  if (event.type == kRemoved.name) return fold_removed(tx, event);
  if (event.type == kBackfillCompleted.name) return fold_filled(tx, event);
  if (event.type == kIndexed.name) return fold_indexed(tx, event);
  if (fields == nullptr) {
    tx.run("DELETE FROM entity_index_data WHERE entity = $1", event.aggregate_id);
    return;
  }
  const Json* data = fields->find("data");
  const Json* version = fields->find("typeVersion");
  if (data == nullptr || version == nullptr) return;
  index(tx, event, std::string(fields->string_or("type", "")), version->as_integer(), *data,
        event.type == "entity.creation.completed");
}

}  // namespace

NounOptions::Beside tables_beside() {
  return {
      .tables = {{.name = "entity_types",
                  .columns = {{"user_id"},
                              {"name"},
                              {"version", ColumnType::kInteger},
                              {"events", ColumnType::kInteger},
                              {"removed", ColumnType::kInteger},
                              {"definition"},
                              {"title"},
                              {"lists"},
                              {"ready"},
                              {"defined_at", ColumnType::kInteger}},
                  .primary_key = {"user_id", "name"}},
                 {.name = "entity_type_versions",
                  .columns = {{"user_id"},
                              {"name"},
                              {"version", ColumnType::kInteger},
                              {"definition"},
                              {"lists"},
                              {"defined_at", ColumnType::kInteger}},
                  .primary_key = {"user_id", "name", "version"}},
                 {.name = "entity_index",
                  .columns = {{"user_id"},
                              {"type"},
                              {"list"},
                              {"filter_key", ColumnType::kBytes},
                              {"sort_key", ColumnType::kBytes},
                              {"entity", ColumnType::kBytes}},
                  .primary_key = {"user_id", "type", "list", "filter_key", "sort_key", "entity"},
                  .indexes = {{.columns = {"entity"}}}}},
      .types = {std::string(kDefined.name), std::string(kRemoved.name),
                std::string(kBackfillCompleted.name), std::string(kIndexed.name)},
      .fold = fold};
}

}  // namespace synap::features::entities
