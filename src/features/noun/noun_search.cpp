// A noun's things as documents of search: which of their fields are words, and by which they can be
// filtered.
#include <fmt/format.h>

#include <algorithm>

#include "features/noun/noun_parts.h"
#include "features/words.h"
#include "schema/export.h"
#include "search/search.h"

namespace synap::features {
namespace {

// Another, where other words are made of the same things: then indexes are made again.
constexpr std::string_view kWordsVersion = "2";

// What a field of a document is for.
struct SearchedFields {
  std::string title;                // empty: the noun has none
  std::vector<std::string> others;  // whose words are searched, beside the title and the tags
  std::vector<std::string> fields;  // by which it is filtered
  std::map<std::string, std::vector<std::string>> values;  // that those of a list can have
};

const Schema inner_of(const SchemaField& field) {
  const bool is_nullable = field.schema->kind == SchemaKind::kNullable;
  return Schema(is_nullable ? field.schema->inner : field.schema);
}

// Ids and times are strings, too, and nobody looks for their parts.
bool has_words(const Schema& schema) {
  switch (schema.kind()) {
    case SchemaKind::kString:
      return schema.node().check(SchemaCheck::Kind::kUuid) == nullptr &&
             schema.node().check(SchemaCheck::Kind::kDatetime) == nullptr &&
             schema.node().check(SchemaCheck::Kind::kPattern) == nullptr;
    case SchemaKind::kArray:
      return has_words(Schema(schema.node().inner));
    case SchemaKind::kRecord:
      return true;
    default:
      return false;
  }
}

SearchedFields searched_fields(const NounParts& parts) {
  SearchedFields searched;
  const auto& declared = parts.options.searched;
  const auto is_declared = [&](const SchemaField& field) {
    if (!declared) return has_words(inner_of(field));
    return std::ranges::find(*declared, field.name) != declared->end();
  };
  for (const auto& field : parts.fields.node().fields) {
    if (parts.options.tags && field.name == parts.options.tags->field) continue;
    if (!is_declared(field)) continue;
    if (searched.title.empty() && (field.name == "title" || field.name == "name")) {
      searched.title = field.name;
    } else {
      searched.others.push_back(field.name);
    }
  }
  for (const auto& field : parts.indexed) {
    const auto kind = field.schema.kind();
    const bool is_whole =
        kind == SchemaKind::kEnum || (kind == SchemaKind::kString && !field.has_ranges);
    if (is_whole) searched.fields.push_back(field.name);
    if (kind == SchemaKind::kEnum) searched.values.emplace(field.name, field.schema.node().values);
  }
  return searched;
}

search::Document document_of(const NounParts& parts, const SearchedFields& searched,
                             const Json& state) {
  search::Document document;
  if (!searched.title.empty()) document.title = state.string_or(searched.title, "");
  for (const auto& name : searched.others) {
    if (const Json* value = state.find(name)) add_words(document.others, *value);
  }
  for (const auto& name : searched.fields) {
    const Json* value = state.find(name);
    if (value != nullptr && value->is_string()) {
      document.fields.emplace_back(name, value->as_string());
    }
  }
  const Json* tags = parts.options.tags ? state.find(parts.options.tags->field) : nullptr;
  if (tags != nullptr && tags->is_array()) {
    for (const auto& tag : tags->as_array()) document.tags.push_back(tag.as_string());
  }
  return document;
}

}  // namespace

void add_noun_search(const std::shared_ptr<NounParts>& parts) {
  const auto& options = parts->options;
  if (options.searched && options.searched->empty()) return;
  const auto searched = searched_fields(*parts);
  const auto sql =
      fmt::format("SELECT user_id, updated_at, data, {} FROM {}_data WHERE id = $1 AND version > 0",
                  options.text ? "file_path" : "''", options.plural);
  auto version = fmt::format("{} {}", kWordsVersion, to_json_schema(parts->fields).dump());
  if (options.searched) version += fmt::format(" {}", Json(searched.others.size()).dump());
  parts->rooms.search.add({.name = options.name,
                           .version = std::move(version),
                           .fields = searched.fields,
                           .values = searched.values,
                           .read = [parts, searched, sql](db::Tx& tx, const Uuid& id)
                               -> std::optional<search::Document> {
                             auto rows = tx.query(sql, id);
                             if (!rows.next()) return std::nullopt;
                             const auto state = stored_state(*parts, rows.view(2));
                             if (!state)
                               return std::nullopt;  // damaged: what it says cannot be told
                             auto document = document_of(*parts, searched, *state);
                             document.id = id;
                             document.user_id = rows.text(0);
                             document.updated_at = rows.integer(1);
                             document.file = rows.text(3);
                             return document;
                           }});
}

}  // namespace synap::features
