// entities.list: pages of a user's entities, of one type by the lists that it declares. Each page
// is a walk along one index, whose rows are all shown.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/crypto.h"
#include "features/entities/entity_type.h"

namespace synap::features::entities {
namespace {

using api::Session;

constexpr std::int64_t kLimitMax = 100;
constexpr std::int64_t kCountedMax = 10'000;
constexpr std::string_view kByCreation = "createdAt";

struct Wanted {
  std::string type;
  std::string filter;  // the field; empty: none
  Json value;          // of the filter
  std::string sort;    // empty: in the order of creation
  bool is_descending = true;
  std::int64_t limit = 20;
  std::string cursor;  // empty: the first page
};

// What a page is read from: the entities of a type, or a list of the index with those of one key.
struct Source {
  std::string list;        // its name; empty: all of the type in the order of creation
  std::string filter_key;  // of the value that is asked for
};

// Behind which row to go on. A cursor has 4 bytes of what it is a cursor of, so that one of another
// list is refused; then the entity, then its key in the list.
struct Place {
  std::string sort_key;
  Uuid entity;
};
constexpr std::size_t kMarkSize = 4;
constexpr std::size_t kIdSize = 16;

std::string mark_of(const Wanted& wanted, const Source& source) {
  const auto hash = sha256(fmt::format("{}\n{}\n{}\n{}", wanted.type, source.list,
                                       to_base64url(source.filter_key), wanted.is_descending));
  return {reinterpret_cast<const char*>(hash.data()), kMarkSize};
}
std::string cursor_of(const std::string& mark, const Place& place) {
  return to_base64url(mark + std::string(place.entity.raw()) + place.sort_key);
}
Result<std::optional<Place>> place_of(const std::string& mark, const std::string& cursor) {
  if (cursor.empty()) return std::nullopt;
  const auto bytes = from_base64url(cursor);
  if (!bytes || bytes->size() < kMarkSize + kIdSize || !bytes->starts_with(mark)) {
    return fail(Code::kBadRequest,
                "cursor: give the nextCursor of the page before, as it is, with the same type, "
                "filter and sort");
  }
  return Place{
      bytes->substr(kMarkSize + kIdSize),
      Uuid::from_bytes(std::string_view(*bytes).substr(kMarkSize, kIdSize)).value_or(Uuid{})};
}

Error refused(const std::string& member, const std::string& message,
              Code code = Code::kBadRequest) {
  const Json issue =
      Json::object({{"code", "custom"}, {"path", Json(Json::Array{member})}, {"message", message}});
  return {code, fmt::format("{}: {}", member, message),
          std::make_shared<Json>(Json::object({{"issues", Json(Json::Array{issue})}}))};
}

std::string or_none(const std::vector<std::string>& names) {
  return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

// What the type declares of this kind of list.
std::vector<std::string> declared(const EntityType& type, bool has_filter, bool has_sort) {
  std::vector<std::string> names;
  for (const auto& list : type.lists) {
    if (list.filter.empty() == has_filter || list.sort.empty() == has_sort) continue;
    names.push_back(has_filter && has_sort ? fmt::format("{} with {}", list.filter, list.sort)
                    : has_filter           ? list.filter
                                           : list.sort);
  }
  return names;
}

Error not_declared(const EntityType& type, const Wanted& wanted) {
  if (wanted.sort.empty()) {
    return refused("filter",
                   fmt::format("{} declares no filter \"{}\"; its filters are: {}", type.name,
                               wanted.filter, or_none(declared(type, true, false))));
  }
  if (wanted.filter.empty()) {
    auto sorts = declared(type, false, true);
    sorts.insert(sorts.begin(), std::string(kByCreation));
    return refused("sort", fmt::format("{} declares no sort \"{}\"; its sorts are: {}", type.name,
                                       wanted.sort, or_none(sorts)));
  }
  return refused("sort", fmt::format("{} declares no list by filter \"{}\" with sort \"{}\"; its "
                                     "lists are: {}",
                                     type.name, wanted.filter, wanted.sort,
                                     or_none(declared(type, true, true))));
}

Result<Source> source_of(const EntityType& type, const Wanted& wanted) {
  if (wanted.filter.empty() && wanted.sort.empty()) return Source{};
  for (const auto& list : type.lists) {
    if (list.filter != wanted.filter || list.sort != wanted.sort) continue;
    if (!type.is_ready(list.name())) {
      return fail(refused(wanted.filter.empty() ? "sort" : "filter",
                          fmt::format("this list, which version {} of {} declares, is being filled "
                                      "in: ask again in a moment (entityTypes.get says when)",
                                      type.version, type.name),
                          Code::kPreconditionFailed));
    }
    if (wanted.filter.empty()) return Source{.list = list.name(), .filter_key = ""};
    if (!wanted.value.is_null() && !is_of(list.filter_kind, wanted.value)) {
      return fail(
          refused("filter", fmt::format("\"{}\" is a {}", list.filter, name_of(list.filter_kind))));
    }
    return Source{.list = list.name(), .filter_key = key_of(list.filter_kind, &wanted.value)};
  }
  return fail(not_declared(type, wanted));
}

constexpr std::string_view kOfList = "type = $1 AND list = $2 AND filter_key = $3";

// One page. Its statement is led by the index alone, whichever list it is of.
class Listing {
 public:
  Listing(const NounCore& noun, const Wanted& wanted, Source source, std::optional<Place> after)
      : noun_(noun), wanted_(wanted), source_(std::move(source)), after_(std::move(after)) {}

  Json run(db::Tx& tx) const {
    Json things = Json::array();
    std::string next;
    walk(tx, things, next);
    Json answer = Json::object({{"entities", std::move(things)}});
    count(tx, answer);
    if (!next.empty()) answer.set("nextCursor", next);
    return answer;
  }

 private:
  bool is_of_index() const { return !source_.list.empty(); }
  std::string where(std::vector<db::Value>& values) const {
    if (!is_of_index()) {
      if (wanted_.type.empty()) return "TRUE";
      values.emplace_back(wanted_.type);
      return "f_type = $1";
    }
    values.emplace_back(wanted_.type);
    values.emplace_back(source_.list);
    values.emplace_back(db::Blob{source_.filter_key});
    return std::string(kOfList);
  }

  void walk(db::Tx& tx, Json& things, std::string& next) const {
    std::vector<db::Value> values;
    auto condition = where(values);
    if (after_ && is_of_index()) values.emplace_back(db::Blob{after_->sort_key});
    if (after_) values.emplace_back(after_->entity);
    if (after_ && !is_of_index()) {
      condition += fmt::format(" AND id {} ${}", wanted_.is_descending ? "<" : ">", values.size());
    }
    values.emplace_back(wanted_.limit + 1);
    const auto sql =
        is_of_index()
            ? list_statement(noun_.columns(), wanted_.is_descending, after_.has_value())
            : fmt::format("SELECT id, '', {} FROM entities WHERE {} ORDER BY id {} LIMIT ${}",
                          noun_.columns(), condition, wanted_.is_descending ? "DESC" : "ASC",
                          values.size());
    auto rows = tx.query_with(sql, values);
    Place last;
    for (std::int64_t shown = 0; rows.next(); ++shown) {
      if (shown == wanted_.limit) {
        next = cursor_of(mark_of(wanted_, source_), last);
        return;
      }
      last = {rows.text(1), rows.uuid(0).value_or(Uuid{})};
      things.push_back(noun_.read(rows, last.entity, 2));
    }
  }

  void count(db::Tx& tx, Json& answer) const {
    std::vector<db::Value> values;
    const auto condition = where(values);
    values.emplace_back(kCountedMax + 1);
    auto rows = tx.query_with(
        fmt::format("SELECT count(*) FROM (SELECT 1 FROM {} WHERE {} LIMIT ${}) AS counted",
                    is_of_index() ? "entity_index" : "entities", condition, values.size()),
        values);
    if (!rows.next()) return;
    answer.set("total", std::min(rows.integer(0), kCountedMax));
    if (rows.integer(0) > kCountedMax) answer.set("totalIsAtLeast", true);
  }

  const NounCore& noun_;
  const Wanted& wanted_;
  const Source source_;
  const std::optional<Place> after_;
};

Result<Wanted> wanted_of(const Json& input) {
  Wanted wanted{.type = std::string(input.string_or("type", "")),
                .limit = input.find("limit")->as_integer(),
                .cursor = std::string(input.string_or("cursor", ""))};
  auto sort = input.string_or("sort", "");
  wanted.is_descending = sort.starts_with('-');
  if (wanted.is_descending) sort.remove_prefix(1);
  if (sort != kByCreation) wanted.sort = sort;
  const Json* filter = input.find("filter");
  if (filter != nullptr && !filter->as_object().empty()) {
    const auto& members = filter->as_object();
    if (members.size() > 1) {
      return fail(refused("filter", fmt::format("{} filters; a list has one, and a sort that is "
                                                "declared with it",
                                                members.size())));
    }
    wanted.filter = members.front().first;
    wanted.value = members.front().second;
  }
  if (wanted.type.empty() && (!wanted.filter.empty() || !wanted.sort.empty())) {
    return fail(refused("type", "a filter or a sort is of a type: say which"));
  }
  return wanted;
}

Task<Result<std::string>> list(const Rooms& rooms, const NounCore& noun, Session session,
                               Json input) {
  auto wanted = wanted_of(input);
  if (!wanted) co_return fail(wanted.error());
  Source source;
  if (!wanted->type.empty()) {
    auto type = co_await find_type(rooms, session.user_id(), wanted->type);
    if (!type) co_return fail(type.error());
    if (!*type) co_return fail(no_such_type(wanted->type));
    auto found = source_of(**type, *wanted);
    if (!found) co_return fail(found.error());
    source = std::move(*found);
  }
  auto after = place_of(mark_of(*wanted, source), wanted->cursor);
  if (!after) co_return fail(after.error());
  const Listing listing(noun, *wanted, std::move(source), std::move(*after));
  auto answer = co_await rooms.database.read_as(session.user_id(),
                                                [&](db::Tx& tx) { return listing.run(tx); });
  if (!answer) co_return fail(answer.error());
  co_return answer->dump();
}

}  // namespace

std::string list_statement(const std::string& columns, bool is_descending, bool goes_on) {
  const auto direction = is_descending ? "DESC" : "ASC";
  const auto behind =
      goes_on ? fmt::format(" AND (sort_key, entity) {} ($4, $5)", is_descending ? "<" : ">") : "";
  return fmt::format(
      "SELECT entities.id, i.sort_key, {} FROM (SELECT entity, sort_key FROM entity_index WHERE "
      "{}{} ORDER BY sort_key {}, entity {} LIMIT ${}) AS i JOIN entities ON entities.id = "
      "i.entity ORDER BY i.sort_key {}, i.entity {}",
      columns, kOfList, behind, direction, direction, goes_on ? 6 : 4, direction, direction);
}

void add_list(const Rooms& rooms, const NounCore& noun) {
  auto input = object("ListEntities");
  input.field("type", optional(name_schema()), "Only those of this type; absent: of all.")
      .field("filter", optional(record(any())),
             "Only those where one field is this, as {\"status\":\"open\"}; null: where it is "
             "absent. One that the type declares.")
      .field_or("sort", string().min(1).max(kFieldCharactersMax + 1), "-createdAt",
                "createdAt, or a field that the type declares, with a filter: a pair that it "
                "declares. A minus: the largest first. What has no such field is the smallest.")
      .field_or("limit", integer().min(1).max(kLimitMax), 20)
      .field("cursor", string().max(1'000).nullish(), "The nextCursor of the page before.");
  auto output = object("EntityList");
  output.field("entities", array(noun.shown()))
      .field("total", integer(), "All that match, on every page.")
      .field("totalIsAtLeast", optional(boolean()), "True: there are more; not all were counted.")
      .field("nextCursor", optional(string()), "Absent on the last page.");
  api::add_untyped(
      rooms.procedures, "entities.list", rpc::Kind::kQuery,
      {.summary = "Your entities, page by page.",
       .docs = "A type says by what its entities are listed: filters, sorts, and pairs of both. "
               "Anything else is refused with what it says.",
       .errors = {{Code::kBadRequest, "A filter, a sort or a pair that the type does not declare."},
                  {Code::kNotFound, "You have defined no such type."},
                  {Code::kPreconditionFailed,
                   "The list is new, and a run fills it in: ask again in a moment."}},
       .reach = rpc::Reach::kPod},
      input, output, [&rooms, noun](Session session, Json asked) -> Task<Result<std::string>> {
        co_return co_await list(rooms, noun, std::move(session), std::move(asked));
      });
}

}  // namespace synap::features::entities
