#include "features/relations/relations.h"

#include <fmt/format.h>

#include <algorithm>

#include "features/links/links.h"
#include "features/noun/dates.h"
#include "features/noun/noun.h"

namespace synap::features::relations {
namespace {

constexpr std::size_t kTypeCharactersMax = 64;
constexpr std::size_t kPropertiesBytesMax = 16 * 1024;

struct Relation {
  std::string from_id;
  std::string to_id;
  std::string type;
  Json properties;
  std::optional<std::string> valid_from;
  std::optional<std::string> valid_to;
};
const ObjectSchema<Relation>& describe(Type<Relation>) {
  static const auto schema =
      object<Relation>("RelationFields")
          .field("fromId", &Relation::from_id, string().uuid(), "The thing that it leads from.")
          .field("toId", &Relation::to_id, string().uuid(), "The thing that it leads to.")
          .field("type", &Relation::type, string().min(1).max(kTypeCharactersMax),
                 "related_to, part_of, depends_on, mentioned_in, created_from, supersedes, "
                 "similar_to, contradicts, or a word of your own: small letters, digits and _.")
          .field_or("properties", &Relation::properties, record(any()), Json::object(),
                    "What else is known of it, by name: any JSON, 16 KiB of text at most.")
          .field("validFrom", &Relation::valid_from, date_schema(),
                 "Since when it holds; absent: always has. A day or a time, as dueDate of tasks.")
          .field("validTo", &Relation::valid_to, date_schema(),
                 "Until when it held; absent: still does. A day is over at its end.");
  return schema;
}

bool is_type(std::string_view text) {
  const auto is_small = [](char c) { return c >= 'a' && c <= 'z'; };
  return is_small(text.front()) && std::ranges::all_of(text, [&](char c) {
           return is_small(c) || (c >= '0' && c <= '9') || c == '_';
         });
}

Result<> check(const Json& given) {
  const Json* type = given.find("type");
  if (type != nullptr && !is_type(type->as_string())) {
    return fail(Code::kBadRequest,
                "type: a word of small letters, digits and _, as part_of, that begins with a "
                "letter");
  }
  const Json* from = given.find("fromId");
  const Json* to = given.find("toId");
  if (from != nullptr && to != nullptr &&
      Uuid::parse(from->as_string()) == Uuid::parse(to->as_string())) {
    return fail(Code::kBadRequest, "toId: it is fromId; a thing has no relation to itself");
  }
  const Json* properties = given.find("properties");
  if (properties != nullptr && properties->dump().size() > kPropertiesBytesMax) {
    return fail(Code::kBadRequest, fmt::format("properties: {} bytes of JSON, at most {}",
                                               properties->dump().size(), kPropertiesBytesMax));
  }
  return {};
}

bool is_same(const Json& one, const Json& other, std::string_view name) {
  const Json* a = one.find(name);
  const Json* b = other.find(name);
  return a != nullptr && b != nullptr && *a == *b;
}

// Of what it is to be: a change may give one end of the time alone. One of an earlier version may
// be wrong, and is changed otherwise all the same.
Task<Result<NounOptions::Made>> with_valid_time(const api::Session&, Json fields, Json before) {
  const Json* since = fields.find("validFrom");
  const Json* until = fields.find("validTo");
  const bool is_judged =
      !is_same(fields, before, "validFrom") || !is_same(fields, before, "validTo");
  if (is_judged && since != nullptr && until != nullptr && since->is_string() &&
      until->is_string() && is_before(until->as_string(), since->as_string())) {
    co_return fail(Code::kBadRequest, fmt::format("validTo: {} is before validFrom, {}",
                                                  until->as_string(), since->as_string()));
  }
  co_return NounOptions::Made{std::move(fields)};
}

}  // namespace

void add(const Rooms& rooms) {
  const Noun<Relation> relations(
      rooms, {.name = "relation",
              .plural = "relations",
              .indexed = {"fromId", "toId", "type"},
              .references = {{.field = "fromId"}, {.field = "toId"}},
              .fixed = {"fromId", "toId"},
              .make = with_valid_time,
              .searched = std::vector<std::string>{},  // what it leads to is found
              .check = check,
              .example = R"({"fromId":"01890a5d-ac96-774b-bcce-b302099a8057",)"
                         R"("toId":"01890a5d-ac96-774b-bcce-b302099a8058","type":"part_of"})"});
  add_neighbours(rooms);
  add_forgetting(rooms);
  links::add_linking(rooms);
  links::add_backlinks(rooms);
}

}  // namespace synap::features::relations
