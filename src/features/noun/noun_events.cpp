// The event types of a noun. A completed event says all that the thing is, whatever changed it, so
// that one fold serves every command and a version is one event.
#include <fmt/format.h>

#include "features/noun/noun_parts.h"

namespace synap::features {
namespace {

using Take = UntypedObjectSchema::Take;

std::string capital(std::string_view word) {
  std::string text(word);
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') {
    text[0] = static_cast<char>(text[0] - 'a' + 'A');
  }
  return text;
}

void add(NounParts& parts, std::string_view action, std::string_view suffix, const Schema& data,
         std::string docs) {
  parts.rooms.types.add(
      parts.type(action, suffix), data, std::move(docs),
      {.needs_aggregate = true,
       .decode = [](const events::Event& event, const events::EventTypes::Options& options) {
         std::ignore = data_of(
             event, events::EventType<Json>{event.type, options.data_version, options.upcast});
       }});
}

UntypedObjectSchema completed(const NounParts& parts, std::string_view action) {
  auto schema = object(parts.title(capital(action) + "Completed"));
  schema.field("entityId", string().uuid()).field("version", integer().min(1), "That it has now.");
  return schema;
}

}  // namespace

void add_noun_event_types(NounParts& parts) {
  const auto& name = parts.options.name;
  add(parts, "creation", "requested", object(parts.title("CreationRequested")).extend(parts.fields),
      fmt::format("Somebody wants a {} to be made.", name));
  add(parts, "creation", "completed", completed(parts, "creation").extend(parts.fields),
      fmt::format("A {} was made.", name));
  add(parts, "update", "requested",
      object(parts.title("UpdateRequested")).extend(parts.fields, Take::kPartial),
      fmt::format("Somebody wants a {} to be changed.", name));
  add(parts, "update", "completed", completed(parts, "update").extend(parts.fields),
      fmt::format("A {} was changed: this is what it is now.", name));
  add(parts, "deletion", "requested", object(parts.title("DeletionRequested")),
      fmt::format("Somebody wants a {} to be deleted.", name));
  add(parts, "deletion", "completed", completed(parts, "deletion"),
      fmt::format("A {} was deleted.", name));
}

void add_noun_change_events(NounParts& parts, const ChangeOptions& options, const Schema& input) {
  const auto& action = options.action;
  add(parts, action, "requested", object(parts.title(capital(action) + "Requested")).extend(input),
      fmt::format("Somebody asked {}.{}.", parts.options.plural, options.procedure));
  add(parts, action, "completed", completed(parts, action).extend(parts.fields),
      fmt::format("{}.{} was done: this is what the {} is now.", parts.options.plural,
                  options.procedure, parts.options.name));
  parts.things->types.push_back(parts.type(action, "completed"));
}

}  // namespace synap::features
