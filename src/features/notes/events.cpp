#include "features/notes/events.h"

namespace synap::features::notes {

const ObjectSchema<Text>& describe(Type<Text>) {
  static const auto schema =
      object<Text>("NoteText")
          .field("content", &Text::content, string(), "The text, if it is short.")
          .field("contentPath", &Text::content_path, string(),
                 "Its key in the content store, if it is long.")
          .field("checksum", &Text::checksum, string(), "SHA-256 of the text, hexadecimal.");
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
          .field("filePath", &NoteCreationCompleted::file_path)
          .field("fileSize", &NoteCreationCompleted::file_size, integer().min(0))
          .field("fileType", &NoteCreationCompleted::file_type)
          .field("checksum", &NoteCreationCompleted::checksum);
  return schema;
}

const ObjectSchema<NoteUpdateRequested>& describe(Type<NoteUpdateRequested>) {
  static const auto schema = object<NoteUpdateRequested>("NoteUpdateRequested")
                                 .field("text", &NoteUpdateRequested::text, schema_of<Text>())
                                 .field("title", &NoteUpdateRequested::title, string())
                                 .field("tags", &NoteUpdateRequested::tags, array(string()));
  return schema;
}

const ObjectSchema<NoteUpdateCompleted>& describe(Type<NoteUpdateCompleted>) {
  static const auto schema =
      object<NoteUpdateCompleted>("NoteUpdateCompleted")
          .field("entityId", &NoteUpdateCompleted::entity_id, string().uuid())
          .field("version", &NoteUpdateCompleted::version, integer().min(1));
  return schema;
}

const ObjectSchema<NoteDeletionRequested>& describe(Type<NoteDeletionRequested>) {
  static const auto schema = object<NoteDeletionRequested>("NoteDeletionRequested");
  return schema;
}

const ObjectSchema<NoteDeletionCompleted>& describe(Type<NoteDeletionCompleted>) {
  static const auto schema =
      object<NoteDeletionCompleted>("NoteDeletionCompleted")
          .field("entityId", &NoteDeletionCompleted::entity_id, string().uuid());
  return schema;
}

void add_event_types(events::EventTypes& types) {
  types.add(kNoteCreationRequested, "Somebody wants a note to be.");
  types.add(kNoteCreationCompleted, "The note is: its text is stored, it is listed.");
  types.add(kNoteUpdateRequested, "Somebody wants a note to be different.");
  types.add(kNoteUpdateCompleted, "The note is different.");
  types.add(kNoteDeletionRequested, "Somebody wants a note not to be listed any more.");
  types.add(kNoteDeletionCompleted, "The note is not listed any more; its history is kept.");
}

}  // namespace synap::features::notes
