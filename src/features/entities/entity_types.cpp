// entityTypes.define, list, get and remove.
#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "features/command.h"
#include "features/entities/entity_type.h"
#include "features/procedures.h"
#include "schema/json_validator.h"

namespace synap::features::entities {
namespace {

using api::Session;

// How often a definition is made anew because another one of the same name came before it.
constexpr int kAttemptsMax = 16;

struct DefinedVersion {
  std::string name;
  std::int64_t version = 1;
  bool is_new = false;
  std::vector<std::string> filling;
};
const ObjectSchema<DefinedVersion>& describe(Type<DefinedVersion>) {
  static const auto schema =
      object<DefinedVersion>("EntityTypeVersion")
          .field("name", &DefinedVersion::name, string())
          .field("version", &DefinedVersion::version, integer().min(1),
                 "The newest: by which entities are judged from now on.")
          .field("isNew", &DefinedVersion::is_new, boolean(),
                 "False: the newest version says the same already.")
          .field("filling", &DefinedVersion::filling, array(string()),
                 "The lists that a run fills in now, as filter/sort. Until it has they are "
                 "refused.");
  return schema;
}

struct Named {
  std::string name;
};
const ObjectSchema<Named>& describe(Type<Named>) {
  static const auto schema =
      object<Named>("RemoveEntityType").field("name", &Named::name, name_schema());
  return schema;
}

struct GetType {
  std::string name;
  std::optional<std::int64_t> version;
};
const ObjectSchema<GetType>& describe(Type<GetType>) {
  static const auto schema =
      object<GetType>("GetEntityType")
          .field("name", &GetType::name, name_schema())
          .field("version", &GetType::version, integer().min(1), "Absent: the newest.");
  return schema;
}

struct ListedType {
  std::string name;
  std::int64_t version = 1;
  std::optional<std::string> icon;
  std::string defined_at;
};
const ObjectSchema<ListedType>& describe(Type<ListedType>) {
  static const auto schema =
      object<ListedType>("ListedEntityType")
          .field("name", &ListedType::name, string())
          .field("version", &ListedType::version, integer().min(1), "The newest.")
          .field("icon", &ListedType::icon, string())
          .field("definedAt", &ListedType::defined_at, string().datetime(), "This version.");
  return schema;
}
struct TypeList {
  std::vector<ListedType> types;
};
const ObjectSchema<TypeList>& describe(Type<TypeList>) {
  static const auto schema = object<TypeList>("EntityTypes")
                                 .field("types", &TypeList::types, array(schema_of<ListedType>()),
                                        "By their names; at most 100.");
  return schema;
}

// "status/due": of a list as it is told.
std::string told(const DeclaredList& list) {
  return list.sort.empty() ? list.filter : fmt::format("{}/{}", list.filter, list.sort);
}

std::vector<std::string> filling(const EntityType& type) {
  std::vector<std::string> names;
  for (const auto& list : type.lists) {
    if (!type.is_ready(list.name())) names.push_back(told(list));
  }
  return names;
}

// Also one that was removed: its versions go on.
Task<Result<std::optional<EntityType>>> find_any(const Rooms& rooms, const std::string& user_id,
                                                 std::string name) {
  co_return co_await rooms.database.read_as(user_id, [&](db::Tx& tx) {
    std::optional<EntityType> found;
    auto rows =
        tx.query(fmt::format("SELECT {} FROM entity_types WHERE name = $1", kTypeColumns), name);
    if (rows.next()) found = read_type(rows);
    return found;
  });
}

void refuse_too_many(db::Tx& tx, const std::string& user_id, bool is_name_new) {
  auto rows = tx.query(
      "SELECT count(*), count(*) FILTER (WHERE removed = 0) FROM entity_types_data WHERE user_id = "
      "$1",
      user_id);
  if (!rows.next()) return;
  if (rows.integer(1) >= kTypesOfAUserMax) {
    return tx.abort(
        {Code::kPreconditionFailed,
         fmt::format("You have {} types of entities, and may have no more", kTypesOfAUserMax),
         nullptr});
  }
  if (is_name_new && rows.integer(0) >= kNamesOfAUserMax) {
    tx.abort({Code::kPreconditionFailed,
              fmt::format("You have had {} types of entities: define one of these names again",
                          kNamesOfAUserMax),
              nullptr});
  }
}

bool declares_the_same(const EntityType& known, const std::vector<DeclaredList>& lists) {
  return lists_text(known.lists) == lists_text(lists);
}

Task<Result<>> append_definition(const Rooms& rooms, const Session& session,
                                 const TypeDefined& defined, const std::optional<EntityType>& known,
                                 const std::vector<DeclaredList>& lists) {
  const auto request = rooms.types.world().new_id();
  const auto stream = stream_of(session.user_id(), defined.name);
  auto envelope = requested_by(session, request, stream, "entity_type");
  auto event = rooms.types.make(kDefined, defined, envelope);
  if (!event) co_return fail(event.error());
  events::Append append;
  append.expectations.push_back({stream, known ? known->events : 0});
  const bool was_there = known && !known->is_removed;
  if (was_there && !declares_the_same(*known, lists)) {
    // A stream of its own: what comes of it is no definition.
    envelope.aggregate_id = request;
    envelope.aggregate_type = "entity_type_backfill";
    envelope.causation_id = event->id();
    envelope.starts_stream = true;
    auto backfill =
        rooms.types.make(kBackfillRequested, Backfill{defined.name, defined.version, std::nullopt},
                         std::move(envelope));
    if (!backfill) co_return fail(backfill.error());
    append.events = {*std::move(event), *std::move(backfill)};
  } else {
    append.events.push_back(*std::move(event));
  }
  append.decide = [user_id = session.user_id(), was_there, is_name_new = !known](db::Tx& tx) {
    if (!was_there) refuse_too_many(tx, user_id, is_name_new);
  };
  auto appended = co_await rooms.log.append(std::move(append));
  if (!appended) co_return fail(appended.error());
  co_return Result<>{};
}

Task<Result<DefinedVersion>> define_type(const Rooms& rooms, const Session& session,
                                         TypeDefined defined) {
  auto compiled = JsonValidator::compile(defined.definition.schema, "schema");
  if (!compiled) co_return fail(compiled.error());
  auto lists = lists_of(defined.definition);
  if (!lists) co_return fail(lists.error());
  const auto text = json_text(defined.definition);
  for (int attempt = 1;; ++attempt) {
    auto known = co_await find_any(rooms, session.user_id(), defined.name);
    if (!known) co_return fail(known.error());
    if (*known && !(*known)->is_removed && (*known)->definition == text) {
      co_return DefinedVersion{defined.name, (*known)->version, false, filling(**known)};
    }
    defined.version = *known ? (*known)->version + 1 : 1;
    if (defined.version > kVersionsOfATypeMax) {
      co_return fail(Code::kPreconditionFailed,
                     fmt::format("{} has {} versions, and may have no more: give a new name",
                                 defined.name, kVersionsOfATypeMax));
    }
    auto appended = co_await append_definition(rooms, session, defined, *known, *lists);
    if (appended) break;
    if (appended.error().code != Code::kConflict || attempt == kAttemptsMax) {
      co_return fail(appended.error());
    }
  }
  auto now = co_await find_any(rooms, session.user_id(), defined.name);
  if (!now) co_return fail(now.error());
  const bool is_newest = *now && (*now)->version == defined.version;
  co_return DefinedVersion{defined.name, defined.version, true,
                           is_newest ? filling(**now) : std::vector<std::string>{}};
}

Task<Result<std::string>> define(const Rooms& rooms, Session session, Json input) {
  TypeDefined defined{.name = input.find("name")->as_string(), .definition = {}};
  auto definition = decode<Definition>(std::move(input));
  if (!definition) co_return fail(definition.error());
  defined.definition = std::move(*definition);
  auto made = co_await define_type(rooms, session, std::move(defined));
  if (!made) co_return fail(made.error());
  co_return json_text(*made);
}

Task<Result<std::string>> get(const Rooms& rooms, Session session, Json input) {
  auto asked = decode<GetType>(std::move(input));
  if (!asked) co_return fail(asked.error());
  auto type = co_await find_type(rooms, session.user_id(), asked->name);
  if (!type) co_return fail(type.error());
  if (!*type) co_return fail(no_such_type(asked->name));
  auto& found = **type;
  const bool is_newest = !asked->version || *asked->version == found.version;
  if (!is_newest) {
    auto past = co_await rooms.database.read_as(session.user_id(), [&](db::Tx& tx) {
      auto rows = tx.query(
          "SELECT definition, defined_at FROM entity_type_versions WHERE name = $1 AND version = "
          "$2",
          asked->name, *asked->version);
      if (!rows.next()) return false;
      found.definition = rows.text(0);
      found.defined_at = rows.integer(1);
      found.version = *asked->version;
      return true;
    });
    if (!past) co_return fail(past.error());
    if (!*past) co_return fail(Code::kNotFound, asked->name + " has no such version");
  }
  auto definition = parse_json(found.definition);
  if (!definition) co_return fail(Code::kInternalServerError, definition.error().message);
  Json answer = Json::object({{"name", found.name},
                              {"version", found.version},
                              {"definedAt", to_iso8601(found.defined_at)}});
  Json lists = Json::array();
  if (is_newest) {
    for (auto& name : filling(found)) lists.push_back(std::move(name));
  }
  answer.set("filling", std::move(lists));
  for (auto& [name, value] : definition->as_object()) {
    answer.as_object().emplace_back(name, std::move(value));
  }
  co_return answer.dump();
}

Task<Result<TypeList>> list(const Rooms& rooms, Session session) {
  co_return co_await rooms.database.read_as(session.user_id(), [](db::Tx& tx) {
    TypeList list;
    auto rows = tx.query(
        "SELECT name, version, definition ->> 'icon', defined_at FROM entity_types "
        "WHERE removed = 0 ORDER BY name");
    while (rows.next()) {
      list.types.push_back(
          {rows.text(0), rows.integer(1), rows.optional_text(2), to_iso8601(rows.integer(3))});
    }
    return list;
  });
}

Task<Result<Named>> remove(const Rooms& rooms, Session session, Named input) {
  for (int attempt = 1;; ++attempt) {
    auto type = co_await find_type(rooms, session.user_id(), input.name);
    if (!type) co_return fail(type.error());
    if (!*type) co_return fail(no_such_type(input.name));
    const auto stream = stream_of(session.user_id(), input.name);
    auto event = rooms.types.make(
        kRemoved, TypeRemoved{input.name},
        requested_by(session, rooms.types.world().new_id(), stream, "entity_type"));
    if (!event) co_return fail(event.error());
    events::Append append;
    append.events.push_back(*std::move(event));
    append.expectations.push_back({stream, (*type)->events});
    bool has_entities = false;
    append.decide = [&, user_id = session.user_id()](db::Tx& tx) {
      auto rows = tx.query("SELECT 1 FROM entities_data WHERE user_id = $1 AND f_type = $2 LIMIT 1",
                           user_id, input.name);
      has_entities = rows.next();
      if (!has_entities) return;
      tx.abort({Code::kPreconditionFailed,
                fmt::format("There are entities of {}: delete them first", input.name), nullptr});
    };
    auto appended = co_await rooms.log.append(std::move(append));
    if (appended) co_return input;
    if (appended.error().code != Code::kConflict || attempt == kAttemptsMax) {
      co_return fail(appended.error());
    }
  }
}

void add_event_types(const Rooms& rooms) {
  rooms.types.add(kDefined, "A user said what entities of a type of their own are.");
  rooms.types.add(kRemoved, "A type of entities is there no more.");
}

const rpc::ErrorMeta kNoSuchType = {Code::kNotFound, "You have defined no such type."};

void add_define(const Rooms& rooms) {
  auto input = object("DefineEntityType");
  input.field("name", name_schema(), "x.<name>").extend(schema_of<Definition>());
  api::add_untyped(
      rooms.procedures, "entityTypes.define", rpc::Kind::kMutation,
      {.summary = "Say what entities of a type of your own are.",
       .docs = "The name begins with \"x.\", and is yours: another user's type of that name is "
               "another type. A definition that differs from the newest one is a new version, "
               "compatible or not: entities stay as they are, and the next change of each is "
               "judged by it. Lists that are new are filled in by a run.",
       .effects = rpc::Effects::kIdempotent,
       .errors = {{Code::kBadRequest,
                   "The schema is none, or filters, sorts, lists or title name what it has not."},
                  {Code::kPreconditionFailed,
                   "You have as many types, or it as many versions, as there may be."}},
       .examples = {{R"({"name":"x.book","schema":{"type":"object","properties":{)"
                     R"("title":{"type":"string"},"status":{"enum":["open","read"]}},)"
                     R"("required":["title"]},"filters":["status"]})",
                     ""}},
       .appends = {std::string(kDefined.name), std::string(kBackfillRequested.name)},
       .reach = rpc::Reach::kPod},
      input, schema_of<DefinedVersion>(), [&rooms](Session session, Json asked) {
        return define(rooms, std::move(session), std::move(asked));
      });
}

void add_get(const Rooms& rooms) {
  auto output = object("EntityType");
  output.field("name", string())
      .field("version", integer().min(1))
      .field("definedAt", string().datetime(), "This version.")
      .field("filling", array(string()),
             "The lists that a run is filling in, as filter/sort. Until it has they are refused.")
      .extend(schema_of<Definition>(), UntypedObjectSchema::Take::kFilled);
  api::add_untyped(rooms.procedures, "entityTypes.get", rpc::Kind::kQuery,
                   {.summary = "A type of entities of yours.",
                    .errors = {kNoSuchType},
                    .examples = {{R"({"name":"x.book"})", ""}},
                    .reach = rpc::Reach::kPod},
                   schema_of<GetType>(), output, [&rooms](Session session, Json asked) {
                     return get(rooms, std::move(session), std::move(asked));
                   });
}

}  // namespace

bool is_type_name(std::string_view text) {
  if (!text.starts_with("x.") || text.size() > kNameCharactersMax) return false;
  text.remove_prefix(2);
  const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  return !text.empty() && is_lower(text.front()) && std::ranges::all_of(text, [&](char c) {
    return is_lower(c) || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

StringSchema name_schema() {
  return string()
      .pattern(R"(^x\.[a-z][a-z0-9_-]*$)", is_type_name, "a name of your own, as x.book")
      .max(kNameCharactersMax);
}

const ObjectSchema<TypeDefined>& describe(Type<TypeDefined>) {
  static const auto schema =
      object<TypeDefined>("EntityTypeDefined")
          .field("name", &TypeDefined::name, string())
          .field("version", &TypeDefined::version, integer().min(1))
          .field("definition", &TypeDefined::definition, schema_of<Definition>());
  return schema;
}
const ObjectSchema<TypeRemoved>& describe(Type<TypeRemoved>) {
  static const auto schema =
      object<TypeRemoved>("EntityTypeRemoved").field("name", &TypeRemoved::name, string());
  return schema;
}

bool EntityType::is_ready(const std::string& list) const {
  return std::ranges::find(ready, list) != ready.end();
}

EntityType read_type(db::Rows& row) {
  EntityType type{.name = row.text(0),
                  .version = row.integer(1),
                  .events = row.integer(2),
                  .is_removed = row.integer(3) != 0,
                  .definition = row.text(4),
                  .title = row.text(5),
                  .lists = parse_lists(row.view(6)),
                  .defined_at = row.integer(8)};
  for (const auto& list : parse_lists(row.view(7))) type.ready.push_back(list.name());
  return type;
}

Uuid stream_of(const std::string& user_id, std::string_view name) {
  return Uuid::derived(0, fmt::format("entity_type\n{}\n{}", user_id, name));
}

Task<Result<std::optional<EntityType>>> find_type(const Rooms& rooms, const std::string& user_id,
                                                  std::string name) {
  auto found = co_await find_any(rooms, user_id, std::move(name));
  if (found && *found && (*found)->is_removed) found->reset();
  co_return found;
}

Task<Result<std::vector<NamedType>>> types_of(const Rooms& rooms, const std::string& user_id) {
  co_return co_await rooms.database.read_as(user_id, [](db::Tx& tx) {
    std::vector<NamedType> types;
    auto rows = tx.query(
        "SELECT name, definition ->> 'icon' FROM entity_types WHERE removed = 0 ORDER BY name");
    while (rows.next()) {
      types.push_back({rows.text(0), std::nullopt});
      if (!rows.is_null(1)) types.back().icon = rows.text(1);
    }
    return types;
  });
}

Error no_such_type(std::string_view name) {
  return {Code::kNotFound,
          fmt::format("You have defined no type \"{}\" (entityTypes.define)", name), nullptr};
}

void add_types(const Rooms& rooms) {
  add_event_types(rooms);
  add_define(rooms);
  add_get(rooms);
  add_query(rooms, "entityTypes.list",
            {.summary = "The types of entities that you have defined.", .reach = rpc::Reach::kPod},
            list);
  add_mutation(rooms, "entityTypes.remove",
               {.summary = "Take a type of entities away, of which there are none any more.",
                .docs = "Defined again, its versions go on.",
                .effects = rpc::Effects::kDestroys,
                .errors = {kNoSuchType, {Code::kPreconditionFailed, "There are entities of it."}},
                .examples = {{R"({"name":"x.book"})", ""}},
                .appends = {std::string(kRemoved.name)}},
               remove);
}

}  // namespace synap::features::entities
