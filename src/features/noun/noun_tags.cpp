// A noun's tags: which thing has which, as its rows say; how many things have each, counted behind
// the log; and the procedure that lists them.
#include <fmt/format.h>

#include "features/noun/noun_parts.h"

namespace synap::features {
namespace {

using api::Session;
using db::ColumnType;
using events::Event;
using projections::Projection;

constexpr std::int64_t kLimitMax = 1'000;

Json::Array tags_of(const NounParts& parts, const Json* fields) {
  const Json* tags = fields != nullptr ? fields->find(parts.options.tags->field) : nullptr;
  return tags != nullptr && tags->is_array() ? tags->as_array() : Json::Array{};
}

// The follower is behind the rows, so it counts by what it knows of each thing itself.
struct Counts {
  explicit Counts(std::shared_ptr<NounParts> of) : parts(std::move(of)) {
    const auto& one = parts->options.tags->one;
    const auto counts = tag_counts_table(*parts);
    add_to_tag = fmt::format(
        "INSERT INTO {0}_data(user_id, {1}, count) VALUES ($1, $2, $3) "
        "ON CONFLICT(user_id, {1}) DO UPDATE SET count = {0}_data.count + $3",
        counts, one);
    drop_tag = fmt::format("DELETE FROM {}_data WHERE user_id = $1 AND {} = $2 AND count <= 0",
                           counts, one);
    const auto counted = counted_table(*parts);
    // Counted first, by whether it is kept already: so nobody waits to hear whether it was.
    const auto unless_counted =
        fmt::format(" WHERE NOT EXISTS (SELECT 1 FROM {}_data WHERE entity = $2)", counted);
    add_new_to_total = fmt::format(
        "INSERT INTO {0}_data(user_id, count) SELECT $1, 1{1} "
        "ON CONFLICT(user_id) DO UPDATE SET count = {0}_data.count + 1",
        parts->totals, unless_counted);
    add_new_to_tag = fmt::format(
        "INSERT INTO {0}_data(user_id, {1}, count) SELECT $1, $3, 1{2} "
        "ON CONFLICT(user_id, {1}) DO UPDATE SET count = {0}_data.count + 1",
        counts, one, unless_counted);
    take_from_total =
        fmt::format("UPDATE {}_data SET count = count - 1 WHERE user_id = $1", parts->totals);
    select = fmt::format("SELECT tags FROM {}_data WHERE entity = $1", counted);
    insert = fmt::format(
        "INSERT INTO {}_data(entity, user_id, tags) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        counted);
    change = fmt::format("UPDATE {}_data SET tags = $2 WHERE entity = $1", counted);
    remove = fmt::format("DELETE FROM {}_data WHERE entity = $1", counted);
    creation = parts->type("creation", "completed");
    deletion = parts->type("deletion", "completed");
  }

  void operator()(db::Tx& tx, const Event& event) const {
    if (event.type == deletion) return count_deletion(tx, event);
    if (event.is_erased) return;
    auto data = data_of(event, events::EventType<Json>{event.type});
    if (!data) return tx.abort(data.error());
    const Json* said = (*data)->find(parts->options.tags->field);
    const auto tags = tags_said(said);
    if (event.type == creation) return count_creation(tx, event, tags);
    // An update of a noun with a text says what it changes, of another noun all that the thing is.
    if (said == nullptr && parts->options.text) return;
    count_change(tx, event, tags);
  }

  // As the rows have them.
  Json::Array tags_said(const Json* said) const {
    if (said == nullptr || !said->is_array()) return {};
    Json state = Json::object({{parts->options.tags->field, *said}});
    compose_tags(*parts, state);
    return state.find(parts->options.tags->field)->as_array();
  }

  void count_creation(db::Tx& tx, const Event& event, const Json::Array& tags) const {
    tx.run(add_new_to_total, event.user_id, event.aggregate_id);
    for (const auto& tag : tags) {
      tx.run(add_new_to_tag, event.user_id, event.aggregate_id, tag.as_string());
    }
    tx.run(insert, event.aggregate_id, event.user_id, Json(tags).dump());
  }

  void count_change(db::Tx& tx, const Event& event, const Json::Array& tags) const {
    const auto before = counted_tags(tx, event);
    if (!before) return;
    count(tx, event, *before, -1);
    count(tx, event, tags, 1);
    tx.run(change, event.aggregate_id, Json(tags).dump());
  }

  void count_deletion(db::Tx& tx, const Event& event) const {
    const auto before = counted_tags(tx, event);
    if (!before) return;
    count(tx, event, *before, -1);
    tx.run(take_from_total, event.user_id);
    tx.run(remove, event.aggregate_id);
  }

  std::optional<Json::Array> counted_tags(db::Tx& tx, const Event& event) const {
    auto rows = tx.query(select, event.aggregate_id);
    if (!rows.next()) return std::nullopt;
    auto tags = parse_json(rows.view(0));
    if (!tags || !tags->is_array() || !std::ranges::all_of(tags->as_array(), &Json::is_string)) {
      tx.abort({Code::kInternalServerError,
                fmt::format("What was counted of {} {} is damaged", parts->options.name,
                            event.aggregate_id.value_or(Uuid{}).to_string()),
                nullptr, Fault::kDamaged});
      return std::nullopt;
    }
    return std::move(tags->as_array());
  }

  void count(db::Tx& tx, const Event& event, const Json::Array& tags, std::int64_t by) const {
    for (const auto& tag : tags) {
      tx.run(add_to_tag, event.user_id, tag.as_string(), by);
      if (by < 0) tx.run(drop_tag, event.user_id, tag.as_string());
    }
  }

  std::shared_ptr<NounParts> parts;
  std::string add_to_tag;
  std::string drop_tag;
  std::string add_new_to_total;
  std::string add_new_to_tag;
  std::string take_from_total;
  std::string select;
  std::string insert;
  std::string change;
  std::string remove;
  std::string creation;
  std::string deletion;
};

Task<Result<std::string>> list(std::shared_ptr<NounParts> parts, Session session, Json input) {
  const auto& tags = *parts->options.tags;
  auto& projections = parts->rooms.projections;
  bool is_settled = co_await projections.settled(counting_follower(*parts), session.user_id());
  if (tags.have_colours) {
    is_settled &= co_await projections.settled(tag_colours_table(*parts), session.user_id());
  }
  auto answer = co_await parts->rooms.database.read_as(session.user_id(), [&](db::Tx& tx) {
    const auto limit = input.find("limit")->as_integer();
    Json page = Json::array();
    std::optional<std::string> next;
    auto rows = tx.query(
        fmt::format("SELECT t.{0}, t.count, {2} FROM {1} AS t {3} WHERE t.{0} > $1 ORDER BY t.{0} "
                    "LIMIT $2",
                    tags.one, tag_counts_table(*parts), tags.have_colours ? "c.colour" : "NULL",
                    tags.have_colours ? fmt::format("LEFT JOIN {0} AS c ON c.{1} = t.{1}",
                                                    tag_colours_table(*parts), tags.one)
                                      : ""),
        input.string_or("cursor", ""), limit + 1);
    while (rows.next()) {
      if (static_cast<std::int64_t>(page.as_array().size()) == limit) {
        next = page.as_array().back().find(tags.one)->as_string();
        break;
      }
      Json one = Json::object({{tags.one, rows.text(0)}, {"count", rows.integer(1)}});
      if (auto colour = rows.optional_text(2)) one.set("colour", std::move(*colour));
      page.push_back(std::move(one));
    }
    Json found = Json::object({{tags.field, std::move(page)}});
    if (!is_settled) found.set("countsAreStale", true);
    if (next) found.set("nextCursor", std::move(*next));
    return found;
  });
  if (!answer) co_return fail(answer.error());
  co_return answer->dump();
}

}  // namespace

std::string tags_table(const NounParts& parts) {
  return fmt::format("{}_{}", parts.options.name, parts.options.tags->field);
}

bool has_tag(const NounParts& parts, db::Tx& tx, std::string_view user_id, std::string_view tag) {
  auto rows = tx.query(fmt::format("SELECT 1 FROM {}_data WHERE user_id = $1 AND {} = $2 LIMIT 1",
                                   tags_table(parts), parts.options.tags->one),
                       user_id, tag);
  return rows.next();
}

std::optional<std::string> tag_below(const NounParts& parts, db::Tx& tx, std::string_view user_id,
                                     const std::string& tag) {
  const auto from = tag + "/";
  const auto to = tag + "0";  // the character behind "/"
  auto rows = tx.query(fmt::format("SELECT {0} FROM {1}_data WHERE user_id = $1 AND {0} > $2 AND "
                                   "{0} < $3 ORDER BY {0} LIMIT 1",
                                   parts.options.tags->one, tags_table(parts)),
                       user_id, from, to);
  return rows.next() ? std::optional(rows.text(0)) : std::nullopt;
}

Schema tag_schema(const NounParts& parts) {
  for (const auto& field : parts.fields.node().fields) {
    if (field.name == parts.options.tags->field) return Schema(field.schema->inner);
  }
  return string();
}

std::string tag_counts_table(const NounParts& parts) {
  return fmt::format("{}_{}_counts", parts.options.name, parts.options.tags->one);
}

db::Table tag_index_table(const NounParts& parts) {
  const auto& one = parts.options.tags->one;
  return {.name = tags_table(parts),
          .columns = {{"user_id"}, {one}, {"entity", ColumnType::kBytes}},
          .primary_key = {"user_id", one, "entity"}};
}

void index_tags(const NounParts& parts, db::Tx& tx, const Event& event, const Json* before,
                const Json* after) {
  const auto& one = parts.options.tags->one;
  const auto table = tags_table(parts);
  for (const auto& tag : tags_of(parts, before)) {
    tx.run(fmt::format("DELETE FROM {}_data WHERE user_id = $1 AND {} = $2 AND entity = $3", table,
                       one),
           event.user_id, tag.as_string(), event.aggregate_id);
  }
  for (const auto& tag : tags_of(parts, after)) {
    tx.run(fmt::format("INSERT INTO {}_data(user_id, {}, entity) VALUES ($1, $2, $3) "
                       "ON CONFLICT DO NOTHING",
                       table, one),
           event.user_id, tag.as_string(), event.aggregate_id);
  }
}

Projection tag_counts_projection(std::shared_ptr<NounParts> parts) {
  const auto& one = parts->options.tags->one;
  return {.name = counting_follower(*parts),
          .kind = Projection::Kind::kFollower,
          .tables = {{.name = tag_counts_table(*parts),
                      .columns = {{"user_id"}, {one}, {"count", ColumnType::kInteger}},
                      .primary_key = {"user_id", one}},
                     {.name = parts->totals,
                      .columns = {{"user_id"}, {"count", ColumnType::kInteger}},
                      .primary_key = {"user_id"}},
                     {.name = counted_table(*parts),
                      .columns = {{"entity", ColumnType::kBytes}, {"user_id"}, {"tags"}},
                      .primary_key = {"entity"}}},
          .types = {parts->type("creation", "completed"), parts->type("update", "completed"),
                    parts->type("deletion", "completed")},
          .revision = 2,  // in NFC
          .fold = Counts(parts)};
}

void add_tag_list(const std::shared_ptr<NounParts>& parts) {
  const auto& tags = *parts->options.tags;
  auto input = object("List" + capital(tags.field));
  input.field_or("limit", integer().min(1).max(kLimitMax), kLimitMax)
      .field("cursor", string().nullish(), "The nextCursor of the page before.");
  auto entry = object(capital(tags.one) + "Count");
  entry.field(tags.one, string())
      .field("count", integer(), fmt::format("{} that have it.", capital(parts->options.plural)));
  if (tags.have_colours) {
    entry.field("colour", optional(tag_colour_schema()), "Absent: it has none.");
  }
  auto output = object(capital(tags.one) + "List");
  output.field(tags.field, array(entry), "In the order of their names.")
      .field(
          "countsAreStale", optional(boolean()),
          "True: the counts and colours, which are kept behind the writes, may not have your last "
          "ones yet. Else absent.")
      .field("nextCursor", optional(string()), "Absent on the last page.");
  api::add_untyped(parts->rooms.procedures, tags.procedure, rpc::Kind::kQuery,
                   {.summary = fmt::format("The {} of your {}, with how many have each.",
                                           tags.field, parts->options.plural),
                    .reach = rpc::Reach::kPod},
                   input, output, [parts](Session session, Json asked) {
                     return list(parts, std::move(session), std::move(asked));
                   });
}

}  // namespace synap::features
