#include "features/store/items.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "features/command.h"
#include "features/store/paths.h"
#include "features/store/store.h"
#include "search/search.h"

namespace synap::features::store {
namespace {

constexpr char kEndOfLabel = '\x1f';

void fold(db::Tx& tx, const events::Event& event) {
  if (event.type == kDeletionCompleted.name) {
    tx.run("DELETE FROM store_items_data WHERE id = $1", event.aggregate_id);
    return;
  }
  auto put = data_of(event, kPutCompleted);
  if (!put) return tx.abort(put.error());
  const auto value = (*put)->value.dump();
  std::string index;
  if ((*put)->index) index = json_text(*(*put)->index);
  tx.run(
      "INSERT INTO store_items_data(id, user_id, namespace, key, value, search_index, version, "
      "created_at, updated_at, position) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9) "
      "ON CONFLICT(id) DO UPDATE SET value = $5, search_index = $6, version = $7, updated_at = $8, "
      "position = $9",
      event.aggregate_id, event.user_id, text_of((*put)->labels), (*put)->key, value, index,
      event.aggregate_version, event.timestamp, event.position);
}

projections::Projection projection() {
  using db::ColumnType;
  return {.name = "store_items",
          .kind = projections::Projection::Kind::kInline,
          .tables = {{.name = "store_items",
                      .columns = {{"id", ColumnType::kBytes},
                                  {"user_id"},
                                  {"namespace"},
                                  {"key"},
                                  {"value"},
                                  {"search_index"},
                                  {"version", ColumnType::kInteger},
                                  {"created_at", ColumnType::kInteger},
                                  {"updated_at", ColumnType::kInteger},
                                  // Of its last change: many may have one millisecond.
                                  {"position", ColumnType::kInteger}},
                      .primary_key = {"id"},
                      .indexes = {{.columns = {"user_id", "namespace", "key"}},
                                  // Of a prefix the newest are found in the index alone.
                                  {.columns = {"user_id", "namespace", "position", "id"}}}}},
          .types = {std::string(kPutCompleted.name), std::string(kDeletionCompleted.name)},
          .fold = fold};
}

std::optional<search::Document> document_of(db::Tx& tx, const Uuid& id) {
  auto rows = tx.query(
      "SELECT user_id, namespace, key, value, search_index, updated_at FROM store_items_data WHERE "
      "id = $1",
      id);
  if (!rows.next()) return std::nullopt;
  const auto value = parse_json(rows.view(3));
  if (!value) return std::nullopt;  // damaged: what it says cannot be told
  std::optional<std::vector<std::string>> index;
  if (const auto text = rows.view(4); !text.empty()) {
    index.emplace();
    const auto paths = parse_json(text);
    for (const auto& path : paths ? paths->as_array() : Json::Array{}) {
      index->push_back(path.as_string());
    }
    if (index->empty()) return std::nullopt;
  }
  search::Document document{.id = id, .user_id = rows.text(0), .title = rows.text(2)};
  document.others = words_at(*value, index);
  document.updated_at = rows.integer(5);
  // Every namespace that it is in is a field of its own, so that a search in one finds no others.
  const auto text = rows.text(1);
  int depth = 0;
  for (auto at = text.find(kEndOfLabel); at != text.npos; at = text.find(kEndOfLabel, at + 1)) {
    document.fields.emplace_back(field_of_depth(++depth), text.substr(0, at + 1));
  }
  return document;
}

}  // namespace

std::string text_of(const Labels& labels) {
  std::string text;
  for (const auto& label : labels) {
    std::string quoted;
    append_json_string(quoted, label);
    text += std::string_view(quoted).substr(1, quoted.size() - 2);
    text += kEndOfLabel;
  }
  return text;
}

Labels labels_of(std::string_view text) {
  Labels labels;
  while (!text.empty()) {
    const auto end = text.find(kEndOfLabel);
    const auto label = parse_json(fmt::format("\"{}\"", text.substr(0, end)));
    labels.push_back(label && label->is_string() ? label->as_string() : std::string());
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  return labels;
}

std::string end_of(std::string_view prefix) {
  if (prefix.empty()) return {};
  std::string end(prefix.substr(0, prefix.size() - 1));
  return end += static_cast<char>(kEndOfLabel + 1);
}

std::string field_of_depth(int depth) {
  return fmt::format("namespace {}", depth);
}

Uuid id_of(const std::string& user_id, const Labels& labels, const std::string& key) {
  return Uuid::derived(0, fmt::format("store_item\n{}\n{}\n{}", user_id, text_of(labels), key));
}

Item item_of(db::Rows& row) {
  return {.labels = labels_of(row.view(0)),
          .key = row.text(1),
          .value = {row.text(2)},
          .version = row.integer(3),
          .created_at = to_iso8601(row.integer(4)),
          .updated_at = to_iso8601(row.integer(5))};
}

void add_table(const Rooms& rooms) {
  rooms.types.add(kPutCompleted, "An item of the store was put: this is what it is now.");
  rooms.types.add(kDeletionCompleted, "An item of the store was deleted.");
  rooms.projections.add(projection());
  rooms.search.add({.name = std::string(kItemType), .version = "1", .read = document_of});
}

void add(const Rooms& rooms) {
  add_table(rooms);
  add_writing(rooms);
  add_reading(rooms);
  add_searching(rooms);
}

}  // namespace synap::features::store
