// list: pages of a noun's things, filtered and sorted by indexed fields. A page walks one index;
// what else is asked for is looked at row by row, over a bounded number of rows: then the page
// ends, short or empty, with a cursor to go on from.
#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "features/noun/command_input.h"

namespace synap::features {
namespace {

using api::Session;

constexpr std::int64_t kLimitMax = 100;
// Rows that one page walks over: some 10 ms.
constexpr std::int64_t kWalkedMax = 10'000;
constexpr std::int64_t kCountedMax = 10'000;
// Of a large field, as JSON: a page of 100 stays some 200 KiB.
constexpr std::size_t kLargeShownMax = 2 * 1024;

// What a list is asked for, as SQL conditions with their values.
struct Condition {
  std::string sql;  // "f_status = "; the value's mark follows
  db::Value value;
};

// The order of a list: by a column and then by id, or by id alone, which is the order of creation.
struct Order {
  const IndexedField* field = nullptr;
  bool is_descending = true;
};

std::optional<Order> order_of(const NounParts& parts, std::string_view sort) {
  Order order;
  order.is_descending = sort.starts_with('-');
  if (order.is_descending) sort.remove_prefix(1);
  if (sort == "createdAt") return order;
  for (const auto& field : parts.indexed) {
    if (field.name == sort) {
      order.field = &field;
      return order;
    }
  }
  return std::nullopt;
}

std::vector<std::string> sort_names(const NounParts& parts) {
  std::vector<std::string> names = {"-createdAt", "createdAt"};
  for (const auto& field : parts.indexed) {
    names.push_back(field.name);
    names.push_back("-" + field.name);
  }
  return names;
}

std::optional<std::string> asked_tag(const NounParts& parts, const Json& input) {
  const Json* tag = parts.options.tags ? input.find(parts.options.tags->one) : nullptr;
  return tag != nullptr ? std::optional(tag_form(parts, tag->as_string())) : std::nullopt;
}

std::vector<Condition> conditions_of(const NounParts& parts, const Json& input) {
  std::vector<Condition> conditions;
  for (const auto& field : parts.indexed) {
    for (const auto& [suffix, comparison] :
         {std::pair<std::string, std::string>("", "="), {"From", ">="}, {"To", "<="}}) {
      const Json* value = input.find(field.name + suffix);
      if (value == nullptr) continue;
      conditions.push_back(
          {fmt::format("{} {} ", field.column, comparison), column_value(field, value)});
    }
  }
  return conditions;
}

// A cursor says behind which row to go on: the value that it is sorted by as JSON, and its id. A
// listed value is there by its name, which stays the same when others are listed before it.
struct Place {
  Json value;
  Uuid id;
};
std::string cursor_text(const Place& place) {
  return to_base64url(Json::array().push_back(place.value).push_back(place.id.to_string()).dump());
}
Json listed_value(const IndexedField& field, std::int64_t place) {
  const auto& values = field.schema.node().values;
  if (place < 0 || place >= std::ssize(values)) return IndexedField::kUnlisted;
  return values[static_cast<std::size_t>(place)];
}
bool is_value_of(const Order& order, const Json& value) {
  if (order.field == nullptr || value.is_null()) return true;
  if (order.field->is_listed() && value == Json(IndexedField::kUnlisted)) return true;
  return validate(order.field->schema, value).has_value();
}
Error not_a_cursor() {
  return {Code::kBadRequest,
          "cursor: give the nextCursor of the page before, as it is, with the same sort", nullptr};
}
Result<Place> place_of(std::string_view cursor) {
  const auto wrong = [] { return fail(not_a_cursor()); };
  const auto text = from_base64url(cursor);
  if (!text) return wrong();
  auto json = parse_json(*text);
  if (!json || !json->is_array() || json->as_array().size() != 2) return wrong();
  auto& parts = json->as_array();
  const auto id = parts[1].is_string() ? Uuid::parse(parts[1].as_string()) : std::nullopt;
  if (!id) return wrong();
  return Place{std::move(parts[0]), *id};
}

class Listing {
 public:
  Listing(const NounParts& parts, const Json& input, Order order, std::optional<Place> after)
      : parts_(parts),
        order_(order),
        after_(std::move(after)),
        limit_(input.find("limit")->as_integer()),
        conditions_(conditions_of(parts, input)),
        tag_(asked_tag(parts, input)) {}

  /// Without a filter, and with a tag alone, the total is kept by a follower.
  bool has_kept_total() const { return conditions_.empty(); }

  /// `is_stale`: the follower that keeps the total is behind.
  Result<Json> run(db::Tx& tx, bool is_stale) const {
    Json things = Json::array();
    std::string next;
    walk(tx, things, next);
    Json answer = Json::object({{parts_.options.plural, std::move(things)}});
    count(tx, answer);
    if (is_stale) answer.set("totalIsStale", true);
    if (!next.empty()) answer.set("nextCursor", next);
    return answer;
  }

 private:
  std::string sort_column() const { return order_.field ? order_.field->column : "id"; }

  // Rows behind a cursor: a condition, and its values.
  struct Behind {
    std::string sql;
    std::vector<db::Value> values = {};
  };
  // The rows behind the cursor, in their order. A condition on the sort column is one on a row
  // value, which an index can seek to. Nulls are the smallest, and compare with nothing: so they
  // are a part of their own, wherever the engine's index has them.
  std::vector<Behind> parts_behind() const {
    const bool has_nulls = order_.field != nullptr && order_.field->is_nullable;
    if (!after_ && !has_nulls) return {{""}};
    const auto than = order_.is_descending ? "<" : ">";
    if (order_.field == nullptr) {
      return {
          {fmt::format(" AND {} {} $1", is_led_by_tag() ? "entity" : "id", than), {after_->id}}};
    }
    const auto column = sort_column();
    const Behind nulls{fmt::format(" AND {} IS NULL", column)};
    const Behind others{fmt::format(" AND {} IS NOT NULL", column)};
    if (!after_) {
      return order_.is_descending ? std::vector{others, nulls} : std::vector{nulls, others};
    }
    if (after_->value.is_null()) {
      const Behind more_nulls{nulls.sql + fmt::format(" AND id {} $1", than), {after_->id}};
      if (order_.is_descending) return {more_nulls};
      return {more_nulls, others};
    }
    const Behind values{fmt::format(" AND ({}, id) {} ($1, $2)", column, than),
                        {column_value(*order_.field, &after_->value), after_->id}};
    if (order_.is_descending && has_nulls) return {values, nulls};
    return {values};
  }

  // The conditions as one column of the result, so that rows which do not fit are walked over, too.
  std::string matches(std::vector<db::Value>& values) const {
    std::string text = "TRUE";
    for (const auto& condition : conditions_) {
      values.push_back(condition.value);
      text += fmt::format(" AND {}${}", condition.sql, values.size());
    }
    if (tag_.has_value() && !is_led_by_tag()) {
      values.emplace_back(std::string_view(*tag_));
      text += fmt::format(
          " AND EXISTS (SELECT 1 FROM {} AS t WHERE t.entity = {}.id AND t.{} = ${})",
          tags_table(parts_), parts_.options.plural, parts_.options.tags->one, values.size());
    }
    return text;
  }

  // In the order of creation the index of the tags leads to the rows that fit, or, with one filter
  // and no tag, the filter's own.
  bool is_led_by_tag() const { return tag_.has_value() && order_.field == nullptr; }
  bool is_led_by_filter() const {
    return conditions_.size() == 1 && !tag_ && order_.field == nullptr;
  }
  /// All rows that are led to fit.
  bool is_led_to_all() const {
    return is_led_by_filter() || (conditions_.empty() && (!tag_ || is_led_by_tag()));
  }

  std::string with_tag(std::vector<db::Value>& values) const {
    values.emplace_back(std::string_view(*tag_));
    return fmt::format("{0} JOIN {1} ON {1}.id = {0}.entity WHERE {2} = ${3}", tags_table(parts_),
                       parts_.options.plural, parts_.options.tags->one, values.size());
  }

  void walk(db::Tx& tx, Json& things, std::string& next) const {
    std::int64_t walked = 0;
    Place last;  // the last row that was taken or passed over
    for (const auto& behind : parts_behind()) {
      walk_part(tx, behind, things, walked, last, next);
      if (!next.empty()) return;
    }
  }

  void walk_part(db::Tx& tx, const Behind& behind, Json& things, std::int64_t& walked, Place& last,
                 std::string& next) const {
    auto values = behind.values;
    const auto fits = matches(values);
    const auto from = is_led_by_tag() ? with_tag(values)
                                      : fmt::format("{} WHERE {}", parts_.options.plural,
                                                    is_led_by_filter() ? fits : "TRUE");
    const auto direction = order_.is_descending ? "DESC" : "ASC";
    const auto order = order_.field
                           ? fmt::format("{} {}, id {}", sort_column(), direction, direction)
                           : fmt::format("{} {}", is_led_by_tag() ? "entity" : "id", direction);
    values.emplace_back(is_led_to_all() ? limit_ + 1 : kWalkedMax + 1);
    const auto sql = fmt::format("SELECT {}, id, {}, {} FROM {}{} ORDER BY {} LIMIT ${}",
                                 is_led_to_all() ? "TRUE" : fits, sort_column(),
                                 thing_columns(parts_), from, behind.sql, order, values.size());
    auto rows = tx.query_with(sql, values);
    for (; rows.next(); ++walked) {
      const bool is_full = static_cast<std::int64_t>(things.as_array().size()) == limit_;
      const bool fits_row = rows.integer(0) != 0;
      const bool is_enough = walked == kWalkedMax || (walked > 0 && tx.is_out_of_time());
      if ((is_full && fits_row) || is_enough) {
        next = cursor_text(last);
        return;
      }
      last = {sort_value(rows), rows.uuid(1).value_or(Uuid{})};
      if (fits_row) things.push_back(read(rows));
    }
  }

  Json sort_value(db::Rows& row) const {
    if (order_.field == nullptr || row.is_null(2)) return nullptr;
    if (order_.field->is_listed()) return listed_value(*order_.field, row.integer(2));
    if (order_.field->type == db::ColumnType::kText) return row.text(2);
    if (order_.field->type == db::ColumnType::kReal) return row.real(2);
    if (order_.field->schema.kind() == SchemaKind::kBoolean) return row.integer(2) != 0;
    return row.integer(2);
  }

  Json read(db::Rows& row) const {
    auto thing = read_thing(parts_, row, 3);
    for (const auto& field : parts_.options.large) {
      const Json* value = thing.state.find(field);
      if (value != nullptr && json_bytes(*value) > kLargeShownMax) {
        std::ignore = take(thing.state, field);
      }
    }
    return shown(parts_, row.uuid(1).value_or(Uuid{}), std::move(thing));
  }

  // What no follower keeps is counted as far as is cheap: over the rows that the tag's or the first
  // filter's index leads to.
  void count(db::Tx& tx, Json& answer) const {
    if (has_kept_total()) {
      auto rows = tag_.has_value()
                      ? tx.query(fmt::format("SELECT count FROM {} WHERE {} = $1",
                                             tag_counts_table(parts_), parts_.options.tags->one),
                                 *tag_)
                      : tx.query(fmt::format("SELECT count FROM {}", parts_.totals));
      answer.set("total", rows.next() ? rows.integer(0) : std::int64_t{0});
      return;
    }
    std::vector<db::Value> values;
    std::size_t counted = 0;  // of the conditions: those that the rows are led by
    std::string from;
    if (tag_.has_value()) {
      from = with_tag(values);
    } else {
      values.push_back(conditions_[counted++].value);
      from = fmt::format("{} WHERE {}$1", parts_.options.plural, conditions_.front().sql);
    }
    std::string rest = "TRUE";
    for (; counted < conditions_.size(); ++counted) {
      values.push_back(conditions_[counted].value);
      rest += fmt::format(" AND {}${}", conditions_[counted].sql, values.size());
    }
    values.emplace_back(kCountedMax + 1);
    auto rows = tx.query_with(
        fmt::format("SELECT count(*), count(*) FILTER (WHERE fits) FROM (SELECT {} AS fits FROM {} "
                    "LIMIT ${}) AS looked_at",
                    rest, from, values.size()),
        values);
    if (!rows.next()) return;
    const bool is_cut = rows.integer(0) > kCountedMax;
    answer.set("total", std::min(rows.integer(1), kCountedMax));
    if (is_cut) answer.set("totalIsAtLeast", true);
  }

  const NounParts& parts_;
  const Order order_;
  const std::optional<Place> after_;
  const std::int64_t limit_;
  const std::vector<Condition> conditions_;
  std::optional<std::string> tag_;  // nothing: of any
};

Task<Result<std::string>> list(std::shared_ptr<NounParts> parts, Session session, Json input) {
  const auto order = order_of(*parts, input.find("sort")->as_string());
  SYNAP_CHECK(order.has_value(), "the schema lists the orders there are");
  std::optional<Place> after;
  const Json* cursor = input.find("cursor");
  if (cursor != nullptr && cursor->is_string()) {
    auto place = place_of(cursor->as_string());
    if (!place) co_return fail(place.error());
    // Of another order of the list, or made up: its value would not fit the column.
    if (!is_value_of(*order, place->value)) co_return fail(not_a_cursor());
    after = std::move(*place);
  }
  const Listing listing(*parts, input, *order, std::move(after));
  const bool is_stale =
      listing.has_kept_total() &&
      !co_await parts->rooms.projections.settled(counting_follower(*parts), session.user_id());
  auto answer = co_await parts->rooms.database.read_as(
      session.user_id(), [&](db::Tx& tx) { return listing.run(tx, is_stale); });
  if (!answer) co_return fail(answer.error());
  if (!*answer) co_return fail(answer->error());
  co_return (**answer).dump();
}

}  // namespace

void add_noun_list(const std::shared_ptr<NounParts>& parts) {
  auto input = object("List" + parts->title("s"));
  input.field_or("limit", integer().min(1).max(kLimitMax), 20)
      .field("cursor", string().nullish(), "The nextCursor of the page before.")
      .field_or(
          "sort", one_of(sort_names(*parts)), "-createdAt",
          "A minus: the largest first. createdAt: as they were made, also where that was said of "
          "them "
          "and is earlier; of one time, as they came. A date that is changed later moves nothing. "
          "Listed values have the order of their list.");
  for (const auto& field : parts->indexed) {
    input.field(field.name, optional(field.schema), "Only those where it is this.");
    if (!field.has_ranges) continue;
    input.field(field.name + "From", optional(field.schema), "Only those where it is not less.");
    input.field(field.name + "To", optional(field.schema), "Only those where it is not more.");
  }
  if (parts->options.tags) {
    const auto& one = parts->options.tags->one;
    input.field(one, optional(string().min(1)), fmt::format("Only those with this {}.", one));
  }
  auto output = object(parts->title("List"));
  output.field(parts->options.plural, array(parts->shown))
      .field("total", integer(), "All that match, on every page.")
      .field("totalIsAtLeast", optional(boolean()), "True: there are more; not all were counted.")
      .field("totalIsStale", optional(boolean()),
             "True: the total, which is kept behind the writes, may not have your last ones yet: "
             "the pod is overloaded, its disk is full, or what counts was stopped. Else absent.")
      .field("nextCursor", optional(string()),
             "Absent on the last page. A page before it may be short, or empty.");
  api::add_untyped(parts->rooms.procedures, parts->options.plural + ".list", rpc::Kind::kQuery,
                   {.summary = fmt::format("Your {}, page by page.", parts->options.plural),
                    .reach = rpc::Reach::kPod},
                   input, output, [parts](Session session, Json asked) {
                     return list(parts, std::move(session), std::move(asked));
                   });
}

}  // namespace synap::features
