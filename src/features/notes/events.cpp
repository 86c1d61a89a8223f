#include "features/notes/events.h"

namespace synap::features::notes {
namespace {

StringSchema at_schema() {
  return string().datetime();
}
constexpr auto kAtDocs = "When the change was asked for.";
constexpr auto kSourceDocs = "By which way: api, agent, sync, ...";

}  // namespace

const ObjectSchema<NoteFile>& describe(Type<NoteFile>) {
  static const auto schema =
      object<NoteFile>("NoteFile")
          .field("name", &NoteFile::name, string(), "Its name in the content store.")
          .field("size", &NoteFile::size, integer().min(0), "Bytes.")
          .field("checksum", &NoteFile::checksum, string(), "SHA-256 of the text, hexadecimal.");
  return schema;
}

const ObjectSchema<NoteText>& describe(Type<NoteText>) {
  static const auto schema =
      object<NoteText>("NoteText")
          .field("content", &NoteText::content, string(), "The text, if it is short.")
          .field("file", &NoteText::file, schema_of<NoteFile>(), "Where it is, if it is long.")
          .field("preview", &NoteText::preview, string(), "How a text in a file begins.");
  return schema;
}

const ObjectSchema<NoteCreationRequested>& describe(Type<NoteCreationRequested>) {
  static const auto schema = object<NoteCreationRequested>("NoteCreationRequested")
                                 .field("text", &NoteCreationRequested::text)
                                 .field("title", &NoteCreationRequested::title)
                                 .field("tags", &NoteCreationRequested::tags);
  return schema;
}

const ObjectSchema<NoteCreationCompleted>& describe(Type<NoteCreationCompleted>) {
  static const auto schema =
      object<NoteCreationCompleted>("NoteCreationCompleted")
          .field("entityId", &NoteCreationCompleted::entity_id, string().uuid())
          .field("title", &NoteCreationCompleted::title)
          .field("tags", &NoteCreationCompleted::tags)
          .field("preview", &NoteCreationCompleted::preview, string(), "How the text begins.")
          .field("file", &NoteCreationCompleted::file, schema_of<NoteFile>())
          .field("version", &NoteCreationCompleted::version, integer().min(1))
          .field("at", &NoteCreationCompleted::at, at_schema(), kAtDocs)
          .field("source", &NoteCreationCompleted::source, string(), kSourceDocs);
  return schema;
}

const ObjectSchema<NoteUpdateRequested>& describe(Type<NoteUpdateRequested>) {
  static const auto schema = object<NoteUpdateRequested>("NoteUpdateRequested")
                                 .field("text", &NoteUpdateRequested::text, schema_of<NoteText>())
                                 .field("title", &NoteUpdateRequested::title, string())
                                 .field("tags", &NoteUpdateRequested::tags, array(string()));
  return schema;
}

const ObjectSchema<NoteUpdateCompleted>& describe(Type<NoteUpdateCompleted>) {
  static const auto schema =
      object<NoteUpdateCompleted>("NoteUpdateCompleted")
          .field("entityId", &NoteUpdateCompleted::entity_id, string().uuid())
          .field("title", &NoteUpdateCompleted::title, string(), "Absent: as it was.")
          .field("tags", &NoteUpdateCompleted::tags, array(string()), "Absent: as they were.")
          .field("preview", &NoteUpdateCompleted::preview, string(), "How the text begins.")
          .field("file", &NoteUpdateCompleted::file, schema_of<NoteFile>(), "Absent: as it was.")
          .field("version", &NoteUpdateCompleted::version, integer().min(1))
          .field("at", &NoteUpdateCompleted::at, at_schema(), kAtDocs)
          .field("source", &NoteUpdateCompleted::source, string(), kSourceDocs);
  return schema;
}

const ObjectSchema<NoteDeletionRequested>& describe(Type<NoteDeletionRequested>) {
  static const auto schema = object<NoteDeletionRequested>("NoteDeletionRequested");
  return schema;
}

const ObjectSchema<NoteDeletionCompleted>& describe(Type<NoteDeletionCompleted>) {
  static const auto schema =
      object<NoteDeletionCompleted>("NoteDeletionCompleted")
          .field("entityId", &NoteDeletionCompleted::entity_id, string().uuid())
          .field("at", &NoteDeletionCompleted::at, at_schema(), kAtDocs);
  return schema;
}

void add_event_types(events::EventTypes& types) {
  types.add(kNoteCreationRequested, "Somebody wants a note to be made.");
  types.add(kNoteCreationCompleted, "A note was made: its text is stored, and it is listed.");
  types.add(kNoteUpdateRequested, "Somebody wants a note to be changed.");
  types.add(kNoteUpdateCompleted, "A note was changed.");
  types.add(kNoteDeletionRequested, "Somebody wants a note to be deleted.");
  types.add(kNoteDeletionCompleted, "A note was deleted.");
}

}  // namespace synap::features::notes
