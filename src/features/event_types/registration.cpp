// eventTypes.register, list and get, and the table that the first of them fills.
#include <fmt/format.h>

#include "base/clock.h"
#include "features/command.h"
#include "features/event_types/registered.h"
#include "features/procedures.h"

namespace synap::features::event_types {
namespace {

using api::Session;

// How often a registration is made anew because another one of the same name came before it.
constexpr int kAttemptsMax = 16;

struct TypeRegistered {
  std::string name;
  std::int64_t version = 1;
  Json schema;
};
const ObjectSchema<TypeRegistered>& describe(Type<TypeRegistered>) {
  static const auto schema =
      object<TypeRegistered>("EventTypeRegistered")
          .field("name", &TypeRegistered::name, string())
          .field("version", &TypeRegistered::version, integer().min(1))
          .field("schema", &TypeRegistered::schema, record(any()), "JSON Schema 2020-12.");
  return schema;
}

constexpr events::EventType<TypeRegistered> kRegistrationCompleted{
    "event_type.registration.completed"};

struct RegisterEventType {
  std::string name;
  Json schema;
};
const ObjectSchema<RegisterEventType>& describe(Type<RegisterEventType>) {
  static const auto schema =
      object<RegisterEventType>("RegisterEventType")
          .field("name", &RegisterEventType::name, name_schema(), "x.<noun>.<what>")
          .field("schema", &RegisterEventType::schema, record(any()),
                 "JSON Schema 2020-12 of the data, at most 64 KiB.");
  return schema;
}

struct EventTypeVersion {
  std::string name;
  std::int64_t version = 1;
  bool is_new = false;
};
const ObjectSchema<EventTypeVersion>& describe(Type<EventTypeVersion>) {
  static const auto schema = object<EventTypeVersion>("EventTypeVersion")
                                 .field("name", &EventTypeVersion::name, string())
                                 .field("version", &EventTypeVersion::version, integer().min(1),
                                        "The newest: the dataVersion of events from now on.")
                                 .field("isNew", &EventTypeVersion::is_new, boolean(),
                                        "False: the schema is that of the newest version already.");
  return schema;
}

struct ShownEventType {
  std::string name;
  std::int64_t version = 1;
  Json schema;
  std::string registered_at;
};
const ObjectSchema<ShownEventType>& describe(Type<ShownEventType>) {
  static const auto schema =
      object<ShownEventType>("RegisteredEventType")
          .field("name", &ShownEventType::name, string())
          .field("version", &ShownEventType::version, integer().min(1))
          .field("schema", &ShownEventType::schema, record(any()), "JSON Schema 2020-12.")
          .field("registeredAt", &ShownEventType::registered_at, string().datetime());
  return schema;
}

struct GetEventType {
  std::string name;
  std::optional<std::int64_t> version;
};
const ObjectSchema<GetEventType>& describe(Type<GetEventType>) {
  static const auto schema =
      object<GetEventType>("GetEventType")
          .field("name", &GetEventType::name, name_schema())
          .field("version", &GetEventType::version, integer().min(1), "Absent: the newest.");
  return schema;
}

struct ListedEventType {
  std::string name;
  std::int64_t version = 1;
  std::string registered_at;
};
const ObjectSchema<ListedEventType>& describe(Type<ListedEventType>) {
  static const auto schema =
      object<ListedEventType>("ListedEventType")
          .field("name", &ListedEventType::name, string())
          .field("version", &ListedEventType::version, integer().min(1), "The newest.")
          .field("registeredAt", &ListedEventType::registered_at, string().datetime());
  return schema;
}

struct EventTypeList {
  std::vector<ListedEventType> types;
};
const ObjectSchema<EventTypeList>& describe(Type<EventTypeList>) {
  static const auto schema =
      object<EventTypeList>("EventTypeList")
          .field("types", &EventTypeList::types, array(schema_of<ListedEventType>()),
                 "By their names; at most 1,000.");
  return schema;
}

// The stream of a type: its versions, one after the other.
Uuid stream_of(const std::string& user_id, std::string_view name) {
  return Uuid::derived(0, fmt::format("event_type\n{}\n{}", user_id, name));
}

void refuse_too_many(db::Tx& tx, const std::string& user_id) {
  auto rows =
      tx.query("SELECT count(DISTINCT name) FROM event_types_data WHERE user_id = $1", user_id);
  if (rows.next() && rows.integer(0) >= static_cast<std::int64_t>(kTypesOfAUserMax)) {
    tx.abort({Code::kPreconditionFailed,
              fmt::format("You have {} event types, and may have no more", kTypesOfAUserMax)});
  }
}

Task<Result<EventTypeVersion>> append_version(const Rooms& rooms, const Session& session,
                                              std::string name, Json schema, std::int64_t version) {
  const Uuid stream = stream_of(session.user_id(), name);
  auto event =
      rooms.types.make(kRegistrationCompleted, TypeRegistered{name, version, std::move(schema)},
                       requested_by(session, rooms.types.world().new_id(), stream, "event_type"));
  if (!event) co_return fail(event.error());
  events::Append append;
  append.events.push_back(std::move(*event));
  append.expectations.push_back({stream, version - 1});
  append.decide = [version, user_id = session.user_id()](db::Tx& tx) {
    if (version == 1) refuse_too_many(tx, user_id);
  };
  auto appended = co_await rooms.log.append(std::move(append));
  if (!appended) co_return fail(appended.error());
  co_return EventTypeVersion{std::move(name), version, true};
}

Task<Result<EventTypeVersion>> register_type(const Rooms& rooms, Session session,
                                             RegisterEventType input) {
  auto compiled = JsonValidator::compile(input.schema, "schema");
  if (!compiled) co_return fail(compiled.error());
  const auto text = input.schema.dump();
  for (int attempt = 1;; ++attempt) {
    auto newest = co_await find(rooms, session.user_id(), input.name);
    if (!newest) co_return fail(newest.error());
    const auto& known = *newest;
    if (known && known->schema == text) co_return EventTypeVersion{input.name, known->version};
    if (known && known->version >= kVersionsOfATypeMax) {
      co_return fail(Code::kPreconditionFailed,
                     fmt::format("{} has {} versions, and may have no more: give a new name",
                                 input.name, kVersionsOfATypeMax));
    }
    auto made = co_await append_version(rooms, session, input.name, input.schema,
                                        known ? known->version + 1 : 1);
    const bool was_first = made || made.error().code != Code::kConflict;
    if (was_first || attempt == kAttemptsMax) co_return made;
  }
}

Task<Result<ShownEventType>> get(const Rooms& rooms, Session session, GetEventType input) {
  auto found = co_await find(rooms, session.user_id(), input.name, input.version);
  if (!found) co_return fail(found.error());
  if (!*found) co_return fail(Code::kNotFound, "You have no such event type");
  auto schema = parse_json((*found)->schema);
  if (!schema) co_return fail(Code::kInternalServerError, schema.error().message);
  co_return ShownEventType{(*found)->name, (*found)->version, std::move(*schema),
                           to_iso8601((*found)->registered_at)};
}

Task<Result<EventTypeList>> list(const Rooms& rooms, Session session) {
  co_return co_await rooms.database.read_as(session.user_id(), [](db::Tx& tx) {
    EventTypeList list;
    auto rows = tx.query(
        "SELECT name, max(version), max(registered_at) FROM event_types GROUP BY name "
        "ORDER BY name");
    while (rows.next()) {
      list.types.push_back({rows.text(0), rows.integer(1), to_iso8601(rows.integer(2))});
    }
    return list;
  });
}

void fold(db::Tx& tx, const events::Event& event) {
  auto type = data_of(event, kRegistrationCompleted);
  if (!type) return tx.abort(type.error());
  tx.run(
      "INSERT INTO event_types_data(user_id, name, version, schema, registered_at) "
      "VALUES ($1, $2, $3, $4, $5)",
      event.user_id, (*type)->name, (*type)->version, (*type)->schema.dump(), event.timestamp);
}

projections::Projection projection() {
  using db::ColumnType;
  return {.name = "event_types",
          .kind = projections::Projection::Kind::kInline,
          .tables = {{.name = "event_types",
                      .columns = {{"user_id"},
                                  {"name"},
                                  {"version", ColumnType::kInteger},
                                  {"schema"},
                                  {"registered_at", ColumnType::kInteger}},
                      .primary_key = {"user_id", "name", "version"}}},
          .types = {std::string(kRegistrationCompleted.name)},
          .fold = fold};
}

}  // namespace

void add_registration(const Rooms& rooms) {
  rooms.types.add(kRegistrationCompleted, "A user said what events of a type of their own say.");
  rooms.projections.add(projection());
  add_mutation(
      rooms, "eventTypes.register",
      {.summary = "Say what events of a type of your own say.",
       .docs = "The name begins with \"x.\", and is yours: another user's type of that name is "
               "another type. A schema that differs from the newest one is a new version; events "
               "keep the version that they were written with.",
       .effects = rpc::Effects::kIdempotent,
       .errors = {{Code::kBadRequest, "The schema is none, or says what is not known here."},
                  {Code::kPreconditionFailed,
                   "You have as many types, or it as many versions, as "
                   "there may be."}},
       .appends = {std::string(kRegistrationCompleted.name)}},
      register_type);
  add_query(rooms, "eventTypes.list",
            {.summary = "The event types that you have registered.", .reach = rpc::Reach::kPod},
            list);
  add_query(rooms, "eventTypes.get",
            {.summary = "An event type of yours, with its schema.",
             .errors = {{Code::kNotFound, "You have no such event type, or no such version."}},
             .reach = rpc::Reach::kPod},
            get);
}

}  // namespace synap::features::event_types
