// The event types of a noun. A completed event says all that the thing is, whatever changed it, so
// that one fold serves every command and a version is one event.
#include <fmt/format.h>

#include "features/noun/noun_parts.h"

namespace synap::features {
namespace {

using Take = UntypedObjectSchema::Take;

// What a fold takes from the header alone happens also where the data were erased: skipped, a thing
// that was deleted would come back, and an update that was carried out would be waited for.
events::OnErased on_erased(const NounParts& parts, std::string_view action,
                           std::string_view suffix) {
  const bool is_of_header =
      action == "deletion" || suffix == "requested" || (parts.options.text && action == "update");
  return is_of_header ? events::OnErased::kFold : events::OnErased::kSkip;
}

void add(NounParts& parts, std::string_view action, std::string_view suffix, const Schema& data,
         std::string docs) {
  parts.rooms.types.add(
      parts.type(action, suffix), data, std::move(docs),
      {.needs_aggregate = true,
       .on_erased = on_erased(parts, action, suffix),
       .decode = [](const events::Event& event,
                    const events::EventTypes::Options& options) -> std::shared_ptr<const void> {
         return data_of(event,
                        events::EventType<Json>{event.type, options.data_version, options.upcast})
             .value_or(nullptr);
       }});
}

UntypedObjectSchema completed(const NounParts& parts, std::string_view action) {
  auto schema = object(parts.title(capital(action) + "Completed"));
  schema.field("entityId", string().uuid()).field("version", integer().min(1), "That it has now.");
  return schema;
}

// What events say of a thing besides its fields: which of them follow from the text, and when it
// was made and changed where it comes from.
enum class Of : std::uint8_t { kRequest, kCompletion };
UntypedObjectSchema& with_beside(const NounParts& parts, UntypedObjectSchema& schema,
                                 Of of = Of::kCompletion) {
  if (parts.has_derived()) {
    schema.field(std::string(kGiven), optional(array(string())),
                 "The fields that would follow from the text, and were given; absent: none, or as "
                 "before.");
  }
  if (parts.has_text_tags() && of == Of::kCompletion) {
    schema.field(std::string(kTextTags), optional(array(string())),
                 "The tags that the text has, which are among the tags; absent: as before.");
  }
  if (parts.has_text_tags()) {
    schema.field(std::string(kOwnTags), optional(array(string())),
                 of == Of::kCompletion
                     ? "The tags that were given, where some of them are in the text as well."
                     : "The tags that are given, whatever the text has.");
  }
  if (parts.takes_imports()) {
    schema.field(std::string(kCreatedAt), optional(string().datetime()), kCreatedAtDocs)
        .field(std::string(kUpdatedAt), optional(string().datetime()), kUpdatedAtDocs);
  }
  return schema;
}

// What all completed events of a noun with a text end with.
UntypedObjectSchema& with_origin(UntypedObjectSchema& schema) {
  return schema.field("version", integer().min(1), "That it has now.")
      .field("at", string().datetime(), "When the change was asked for.")
      .field("source", string(), "By which way: api, agent, sync, ...");
}

void add_text_event_types(NounParts& parts) {
  const auto& name = parts.options.name;
  const Schema file = object(parts.title("File")).extend(schema_of<StoredText>());
  auto text = object(parts.title("Text"));
  text.field("content", optional(string()), "The text, if it is short.")
      .field("file", optional(file), "Where it is, if it is long.")
      .field("preview", optional(string()), "How a text in a file begins.");
  constexpr auto kPreviewDocs = "How the text begins.";

  auto creation = object(parts.title("CreationRequested"));
  creation.field("text", text).extend(parts.said);
  add(parts, "creation", "requested", with_beside(parts, creation, Of::kRequest),
      fmt::format("Somebody wants a {} to be made.", name));
  auto created = object(parts.title("CreationCompleted"));
  created.field("entityId", string().uuid())
      .extend(parts.said)
      .field("preview", string(), kPreviewDocs)
      .field("file", file);
  add(parts, "creation", "completed", with_origin(with_beside(parts, created)),
      fmt::format("A {} was made: its text is stored, and it is listed.", name));

  auto update = object(parts.title("UpdateRequested"));
  if (parts.has_text_tags()) {
    auto present = object(parts.title("PresentText"));
    present.field("tag", optional(string()), "A tag of it that is to be renamed.")
        .field("to", optional(string()), "Absent: it is to be a word, and no tag.")
        .field("links", optional(array(string())), "What links of it say, and are to say no more.")
        .field("newTarget", optional(string()), "What they are to say.");
    text.field(std::string(kPresentText), optional(present),
               "The text that there is, to be looked at anew.");
  }
  update.field("text", optional(text)).extend(parts.fields, Take::kPartial);
  if (parts.has_derived()) {
    update.field(std::string(kFollowing), optional(array(string())),
                 "The fields that are to follow from the text again.");
  }
  add(parts, "update", "requested", with_beside(parts, update, Of::kRequest),
      fmt::format("Somebody wants a {} to be changed.", name));
  auto updated = object(parts.title("UpdateCompleted"));
  updated.field("entityId", string().uuid())
      .extend(parts.fields, Take::kPartial)
      .field("preview", optional(string()), kPreviewDocs)
      .field("file", optional(file), "Absent: as it was.");
  add(parts, "update", "completed", with_origin(with_beside(parts, updated)),
      fmt::format("A {} was changed. What is absent is as it was.", name));

  add(parts, "deletion", "requested", object(parts.title("DeletionRequested")),
      fmt::format("Somebody wants a {} to be deleted.", name));
  auto deleted = object(parts.title("DeletionCompleted"));
  deleted.field("entityId", string().uuid())
      .field("at", string().datetime(), "When it was asked for.");
  add(parts, "deletion", "completed", deleted, fmt::format("A {} was deleted.", name));
}

}  // namespace

void add_noun_event_types(NounParts& parts) {
  if (parts.options.text) return add_text_event_types(parts);
  const auto one = parts.one();
  add(parts, "creation", "requested", object(parts.title("CreationRequested")).extend(parts.taken),
      fmt::format("Somebody wants {} to be made.", one));
  add(parts, "creation", "completed", completed(parts, "creation").extend(parts.fields),
      fmt::format("{} was made.", capital(one)));
  add(parts, "update", "requested",
      object(parts.title("UpdateRequested")).extend(parts.taken, Take::kPartial),
      fmt::format("Somebody wants {} to be changed.", one));
  add(parts, "update", "completed", completed(parts, "update").extend(parts.fields),
      fmt::format("{} was changed: this is what it is now.", capital(one)));
  add(parts, "deletion", "requested", object(parts.title("DeletionRequested")),
      fmt::format("Somebody wants {} to be deleted.", one));
  add(parts, "deletion", "completed", completed(parts, "deletion"),
      fmt::format("{} was deleted.", capital(one)));
}

void add_noun_change_events(NounParts& parts, const ChangeOptions& options, const Schema& input) {
  const auto& action = options.action;
  add(parts, action, "requested", object(parts.title(capital(action) + "Requested")).extend(input),
      fmt::format("Somebody asked {}.{}.", parts.options.plural, options.procedure));
  add(parts, action, "completed", completed(parts, action).extend(parts.fields),
      fmt::format("{}.{} was done: this is what the {} is now.", parts.options.plural,
                  options.procedure, parts.options.name));
  parts.things->types.push_back(parts.type(action, "completed"));
  if (parts.options.tags) parts.counts->types.push_back(parts.type(action, "completed"));
}

}  // namespace synap::features
