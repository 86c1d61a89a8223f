// The tables of a noun and their folds: a row for each thing, a row for each version of the past,
// and, behind the log, how many each user has.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "features/noun/noun_parts.h"
#include "schema/export.h"

namespace synap::features {
namespace {

using db::ColumnType;
using events::Event;
using projections::Projection;

constexpr std::string_view kDeletion = "deletion";

// The statements of one noun's fold, made once.
struct Fold {
  explicit Fold(std::shared_ptr<NounParts> of) : parts(std::move(of)) {
    std::vector<std::string> columns = {"id",         "user_id", "version",    "created_at",
                                        "updated_at", "source",  "request_id", "data"};
    for (const auto& field : parts->indexed) columns.push_back(field.column);
    std::vector<std::string> marks;
    std::vector<std::string> changes;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      marks.push_back(fmt::format("${}", i + 1));
      const auto& column = columns[i];
      if (column != "id" && column != "user_id" && column != "created_at") {
        changes.push_back(fmt::format("{} = ${}", column, i + 1));
      }
    }
    const auto& plural = parts->options.plural;
    const auto& name = parts->options.name;
    upsert =
        fmt::format("INSERT INTO {}_data({}) VALUES ({}) ON CONFLICT(id) DO UPDATE SET {}", plural,
                    fmt::join(columns, ", "), fmt::join(marks, ", "), fmt::join(changes, ", "));
    keep = fmt::format(
        "INSERT INTO {}_versions_data(entity, version, user_id, created_at, updated_at, source, "
        "request_id, data) SELECT id, version, user_id, created_at, updated_at, source, "
        "request_id, data FROM {}_data WHERE id = $1",
        name, plural);
    select = fmt::format("SELECT data FROM {}_data WHERE id = $1", plural);
    remove = fmt::format("DELETE FROM {}_data WHERE id = $1", plural);
    remove_versions = fmt::format("DELETE FROM {}_versions_data WHERE entity = $1", name);
    deletion = parts->type(kDeletion, "completed");
  }

  void operator()(db::Tx& tx, const Event& event) const {
    const auto& beside = parts->options.beside;
    if (beside && std::ranges::find(beside->types, event.type) != beside->types.end()) {
      return beside->fold(tx, event, nullptr);
    }
    if (event.type == deletion) {
      if (beside) beside->fold(tx, event, nullptr);
      if (parts->options.tags) {
        const auto before = state_of(tx, event);
        index_tags(*parts, tx, event, &before, nullptr);
      }
      tx.run(remove_versions, event.aggregate_id);
      tx.run(remove, event.aggregate_id);
      return;
    }
    auto data = data_of(event, events::EventType<Json>{event.type});
    if (!data) return tx.abort(data.error());
    const Json& said = **data;
    const Json* version = said.find("version");
    if (version == nullptr || !version->is_integer()) {
      return tx.abort({Code::kInternalServerError, "It has no version", nullptr});
    }
    auto state = parts->filled(said);
    compose_tags(*parts, state);
    write(tx, event, version->as_integer(), state);
  }

  void write(db::Tx& tx, const Event& event, std::int64_t version, const Json& state) const {
    if (parts->options.tags) {
      const auto before = version > 1 ? state_of(tx, event) : Json::object();
      index_tags(*parts, tx, event, &before, &state);
    }
    if (version > 1) tx.run(keep, event.aggregate_id);
    const auto text = state.dump();
    const auto source = events::source_name(event.source);
    std::vector<db::Value> values = {
        event.aggregate_id, event.user_id, version,          event.timestamp,
        event.timestamp,    source,        event.request_id, text};
    for (const auto& field : parts->indexed) {
      values.push_back(column_value(field, state.find(field.name)));
    }
    tx.run_with(upsert, values);
    if (parts->options.beside) parts->options.beside->fold(tx, event, &state);
  }

  // What the row says of the thing's fields.
  Json state_of(db::Tx& tx, const Event& event) const {
    auto rows = tx.query(select, event.aggregate_id);
    if (!rows.next()) return Json::object();
    auto state = stored_state(*parts, rows.view(0));
    if (!state) tx.abort(damaged_row(*parts, event.aggregate_id.value_or(Uuid{})));
    return std::move(state).value_or(Json::object());
  }

  std::shared_ptr<NounParts> parts;
  std::string select;
  std::string upsert;
  std::string keep;
  std::string remove;
  std::string remove_versions;
  std::string deletion;
};

db::Table things_table(const NounParts& parts) {
  db::Table table{.name = parts.options.plural,
                  .columns = {{"id", ColumnType::kBytes},
                              {"user_id"},
                              {"version", ColumnType::kInteger},
                              {"created_at", ColumnType::kInteger},
                              {"updated_at", ColumnType::kInteger},
                              {"source"},
                              {"request_id", ColumnType::kBytes, true},
                              {"data"}},
                  .primary_key = {"id"},
                  .indexes = {{.columns = {"user_id", "id"}}}};
  for (const auto& field : parts.indexed) {
    table.columns.push_back({field.column, field.type, field.is_nullable});
    if (field.is_listed()) table.columns.back().values = field.schema.node().values;
    table.indexes.push_back({.columns = {"user_id", field.column, "id"}});
  }
  if (parts.options.text) {
    for (const auto& column :
         {db::Column{"state"}, db::Column{"pending", ColumnType::kInteger}, db::Column{"preview"},
          db::Column{"file_path"}, db::Column{"file_size", ColumnType::kInteger},
          db::Column{"checksum"}}) {
      table.columns.push_back(column);
    }
    // Until it is made it has version 0.
    table.shown_where = "version > 0";
    for (auto& index : table.indexes) index.where = table.shown_where;
  }
  return table;
}

// Updates that were given up: one of them may be tried again and come about after all.
db::Table given_up_table(const NounParts& parts) {
  return {.name = parts.options.name + "_given_up",
          .columns = {{"entity", ColumnType::kBytes}, {"request", ColumnType::kBytes}, {"user_id"}},
          .primary_key = {"entity", "request"}};
}

db::Table versions_table(const NounParts& parts) {
  db::Table table{.name = parts.options.name + "_versions",
                  .columns = {{"entity", ColumnType::kBytes},
                              {"version", ColumnType::kInteger},
                              {"user_id"},
                              {"created_at", ColumnType::kInteger},
                              {"updated_at", ColumnType::kInteger},
                              {"source"},
                              {"request_id", ColumnType::kBytes, true},
                              {"data"}},
                  .primary_key = {"entity", "version"}};
  if (parts.options.text) {
    table.columns.insert(table.columns.end(),
                         {{"file_path"}, {"file_size", ColumnType::kInteger}, {"checksum"}});
  }
  return table;
}

// The follower is behind the rows, so it keeps which things it has counted: one may be deleted that
// was never made, since its creation failed or its data were erased.
Projection totals(const NounParts& parts) {
  const auto table = parts.totals;
  const auto counted = counted_table(parts);
  const auto created = parts.type("creation", "completed");
  const auto deleted = parts.type(kDeletion, "completed");
  // Counted first, by whether it is kept already: so nobody waits to hear whether it was.
  const auto add = fmt::format(
      "INSERT INTO {0}_data(user_id, count) SELECT $1, 1 WHERE NOT EXISTS (SELECT 1 FROM {1}_data "
      "WHERE entity = $2) ON CONFLICT(user_id) DO UPDATE SET count = {0}_data.count + 1",
      table, counted);
  const auto take = fmt::format(
      "UPDATE {0}_data SET count = count - 1 WHERE user_id = $1 AND EXISTS (SELECT 1 FROM {1}_data "
      "WHERE entity = $2 AND user_id = $1)",
      table, counted);
  const auto keep = fmt::format(
      "INSERT INTO {}_data(entity, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING", counted);
  const auto forget =
      fmt::format("DELETE FROM {}_data WHERE entity = $1 AND user_id = $2", counted);
  return {.name = table,
          .kind = Projection::Kind::kFollower,
          .tables = {{.name = table,
                      .columns = {{"user_id"}, {"count", ColumnType::kInteger}},
                      .primary_key = {"user_id"}},
                     {.name = counted,
                      .columns = {{"entity", ColumnType::kBytes}, {"user_id"}},
                      .primary_key = {"entity"}}},
          .types = {created, deleted},
          .fold = [add, take, keep, forget, created](db::Tx& tx, const Event& event) {
            const bool is_creation = event.type == created;
            tx.run(is_creation ? add : take, event.user_id, event.aggregate_id);
            tx.run(is_creation ? keep : forget, event.aggregate_id, event.user_id);
          }};
}

// What a noun's rows follow from.
std::vector<std::string> folded_types(const NounParts& parts) {
  std::vector<std::string> types;
  for (const auto* action : {"creation", "update", "deletion"}) {
    types.push_back(parts.type(action, "completed"));
    if (!parts.options.text) continue;
    if (action != std::string_view("creation")) types.push_back(parts.type(action, "requested"));
    types.push_back(parts.type(action, "failed"));
  }
  return types;
}

}  // namespace

std::string counting_follower(const NounParts& parts) {
  return parts.options.tags ? parts.options.tags->field : parts.totals;
}

std::string counted_table(const NounParts& parts) {
  return "counted_" + parts.options.plural;
}

void add_noun_projections(const std::shared_ptr<NounParts>& parts) {
  Projection things{.name = parts->options.plural,
                    .kind = Projection::Kind::kInline,
                    .tables = {things_table(*parts), versions_table(*parts)},
                    .types = folded_types(*parts),
                    .revision = parts->options.tags ? 2 : 1,  // tags in NFC
                    .depends_on = to_json_schema(parts->fields).dump()};
  if (parts->options.text) {
    things.tables.push_back(given_up_table(*parts));
    things.fold = text_fold(parts);
  } else {
    things.fold = Fold(parts);
  }
  if (parts->options.tags) things.tables.push_back(tag_index_table(*parts));
  if (const auto& beside = parts->options.beside) {
    things.tables.insert(things.tables.end(), beside->tables.begin(), beside->tables.end());
    things.types.insert(things.types.end(), beside->types.begin(), beside->types.end());
  }
  parts->things = &parts->rooms.projections.add(std::move(things));
  parts->counts = &parts->rooms.projections.add(parts->options.tags ? tag_counts_projection(parts)
                                                                    : totals(*parts));
}

}  // namespace synap::features
