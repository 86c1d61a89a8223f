#include "features/catalogue/catalogue.h"
#include "bus/function_events.h"

#include <algorithm>

#include "features/procedures.h"
#include "schema/export.h"
#include "search/search.h"

namespace synap::features::catalogue {
namespace {

struct TypeOfEvent {
  std::string name;
  std::string summary;
  std::string noun;
  std::int64_t version = 1;
  Json schema;
  std::vector<std::string> written_by;
  std::vector<std::string> read_by;
};
const ObjectSchema<TypeOfEvent>& describe(Type<TypeOfEvent>) {
  static const auto schema =
      object<TypeOfEvent>("TypeOfEvent")
          .field("name", &TypeOfEvent::name, string(), "note.creation.completed")
          .field("summary", &TypeOfEvent::summary, string())
          .field("noun", &TypeOfEvent::noun, string(), "What it is about: note.")
          .field("version", &TypeOfEvent::version, integer().min(1),
                 "Of the shape of its data: the dataVersion that is written now.")
          .field("schema", &TypeOfEvent::schema, any(), "The JSON Schema of its data.")
          .field("writtenBy", &TypeOfEvent::written_by, array(string()),
                 "Procedures, and what the pod does by itself: notes.create, "
                 "function:notes.create, bus.")
          .field("readBy", &TypeOfEvent::read_by, array(string()),
                 "What it starts and what is folded from it: function:notes.create, "
                 "projection:notes.");
  return schema;
}

struct TypesOfEvents {
  std::vector<TypeOfEvent> types;
};
const ObjectSchema<TypesOfEvents>& describe(Type<TypesOfEvents>) {
  static const auto schema =
      object<TypesOfEvents>("TypesOfEvents")
          .field("types", &TypesOfEvents::types, array(schema_of<TypeOfEvent>()),
                 "In the order of their names.");
  return schema;
}

bool has(const std::vector<std::string>& types, std::string_view name) {
  return std::ranges::find(types, name) != types.end();
}

// Of the requests that it fulfills: when a run is given up, its failure is recorded.
bool may_fail_with(const bus::Function& function, std::string_view type) {
  return function.fulfills && std::ranges::any_of(function.triggers, [&](const auto& trigger) {
           return events::failed_type_of(trigger.event) == type;
         });
}

std::vector<std::string> writers_of(const Rooms& rooms, std::string_view type) {
  std::vector<std::string> writers;
  for (const auto* procedure : rooms.procedures.all()) {
    if (has(procedure->meta.appends, type)) writers.push_back(procedure->path);
  }
  if (bus::is_of_the_bus(type)) writers.emplace_back("bus");
  // What the protocol of apps has them tell (inngest/endpoints).
  if (type.starts_with("inngest/")) writers.emplace_back("apps");
  for (const auto& function : rooms.workers.functions().now()->all()) {
    if (has(function->appends, type) || may_fail_with(*function, type)) {
      writers.push_back("function:" + function->id);
    }
  }
  return writers;
}

std::vector<std::string> readers_of(const Rooms& rooms, std::string_view type) {
  std::vector<std::string> readers;
  for (const auto& function : rooms.workers.functions().now()->matching(type)) {
    if (!function->user_id) readers.push_back("function:" + function->id);
  }
  for (const auto* projection : rooms.projections.described()) {
    if (has(projection->types, type)) readers.push_back("projection:" + projection->name);
  }
  if (search::kind_of(rooms.search.kinds(), type) != nullptr) readers.emplace_back("search");
  return readers;
}

// Of a noun whose commands are done at once nothing fails behind the call.
std::string summary_of(const events::EventTypes::Info& info,
                       const std::vector<std::string>& writers) {
  if (!writers.empty() || !info.name.ends_with(".failed")) return info.docs;
  return "Nothing writes it: what asks for it is done before the call is answered.";
}

Task<Result<TypesOfEvents>> event_types(const Rooms& rooms, api::Session) {
  TypesOfEvents found;
  for (const auto* info : rooms.types.all()) {
    auto writers = writers_of(rooms, info->name);
    found.types.push_back({.name = info->name,
                           .summary = summary_of(*info, writers),
                           .noun = info->name.substr(0, info->name.find('.')),
                           .version = info->options.data_version,
                           .schema = to_json_schema(info->data),
                           .written_by = std::move(writers),
                           .read_by = readers_of(rooms, info->name)});
  }
  co_return found;
}

}  // namespace

void add(const Rooms& rooms) {
  add_query(rooms, "catalogue.eventTypes",
            {.summary = "The types of events that the pod has, who writes and who reads them.",
             .docs = "Types that users register are in eventTypes.list."},
            event_types);
}

}  // namespace synap::features::catalogue
