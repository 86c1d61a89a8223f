// The events of notes. A note is one stream: creation, updates, deletion, each first requested and
// then completed (or failed).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "events/types.h"

namespace synap::features::notes {

/// Where the text of a requested change is. Short text rides in the event; longer text was put into
/// the content store first, and the event carries its key and hash.
struct Text {
  std::optional<std::string> content;
  std::optional<std::string> content_path;
  std::string checksum;  // SHA-256 of the text, hexadecimal
};
const ObjectSchema<Text>& describe(Type<Text>);

struct NoteCreationRequested {
  Text text;
  std::string title;
  std::vector<std::string> tags;
};
const ObjectSchema<NoteCreationRequested>& describe(Type<NoteCreationRequested>);

struct NoteCreationCompleted {
  std::string entity_id;
  std::string title;
  std::string file_path;
  std::int64_t file_size = 0;  // bytes
  std::string file_type = "markdown";
  std::string checksum;
};
const ObjectSchema<NoteCreationCompleted>& describe(Type<NoteCreationCompleted>);

/// What is absent stays as it is.
struct NoteUpdateRequested {
  std::optional<Text> text;
  std::optional<std::string> title;
  std::optional<std::vector<std::string>> tags;
};
const ObjectSchema<NoteUpdateRequested>& describe(Type<NoteUpdateRequested>);

struct NoteUpdateCompleted {
  std::string entity_id;
  std::int64_t version = 0;  // of the note: 1 when created, one more with each update
};
const ObjectSchema<NoteUpdateCompleted>& describe(Type<NoteUpdateCompleted>);

struct NoteDeletionRequested {};
const ObjectSchema<NoteDeletionRequested>& describe(Type<NoteDeletionRequested>);

struct NoteDeletionCompleted {
  std::string entity_id;
};
const ObjectSchema<NoteDeletionCompleted>& describe(Type<NoteDeletionCompleted>);

inline constexpr events::EventType<NoteCreationRequested> kNoteCreationRequested{
    "note.creation.requested"};
inline constexpr events::EventType<NoteCreationCompleted> kNoteCreationCompleted{
    "note.creation.completed"};
inline constexpr events::EventType<NoteUpdateRequested> kNoteUpdateRequested{
    "note.update.requested"};
inline constexpr events::EventType<NoteUpdateCompleted> kNoteUpdateCompleted{
    "note.update.completed"};
inline constexpr events::EventType<NoteDeletionRequested> kNoteDeletionRequested{
    "note.deletion.requested"};
inline constexpr events::EventType<NoteDeletionCompleted> kNoteDeletionCompleted{
    "note.deletion.completed"};

void add_event_types(events::EventTypes& types);

}  // namespace synap::features::notes
