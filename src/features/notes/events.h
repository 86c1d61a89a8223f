// The events of notes. A note is one stream: creation, updates, deletion, each first requested and
// then completed (or failed). A completed event carries all that its fold needs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "events/types.h"

namespace synap::features::notes {

/// A file of the content store that holds the text of one version of a note.
struct NoteFile {
  std::string name;       // its name in the content store; written once
  std::int64_t size = 0;  // bytes
  std::string checksum;   // SHA-256 of the text, hexadecimal
};
const ObjectSchema<NoteFile>& describe(Type<NoteFile>);

/// The text of a requested change: short text rides in the event; of a longer one, or one that a
/// version before had, the file is there already.
struct NoteText {
  std::optional<std::string> content;
  std::optional<NoteFile> file;
  std::optional<std::string> preview;  // beside a file
};
const ObjectSchema<NoteText>& describe(Type<NoteText>);

struct NoteCreationRequested {
  NoteText text;
  std::string title;
  std::vector<std::string> tags;
};
const ObjectSchema<NoteCreationRequested>& describe(Type<NoteCreationRequested>);

struct NoteCreationCompleted {
  std::string entity_id;
  std::string title;
  std::vector<std::string> tags;
  std::string preview;
  NoteFile file;
  std::int64_t version = 1;
  std::string at;      // when the change was asked for, ISO 8601
  std::string source;  // by which way: "api", "agent"
};
const ObjectSchema<NoteCreationCompleted>& describe(Type<NoteCreationCompleted>);

/// What is absent stays as it is.
struct NoteUpdateRequested {
  std::optional<NoteText> text;
  std::optional<std::string> title;
  std::optional<std::vector<std::string>> tags;
};
const ObjectSchema<NoteUpdateRequested>& describe(Type<NoteUpdateRequested>);

/// What is absent stayed as it was. Preview and file come together.
struct NoteUpdateCompleted {
  std::string entity_id;
  std::optional<std::string> title;
  std::optional<std::vector<std::string>> tags;
  std::optional<std::string> preview;
  std::optional<NoteFile> file;
  std::int64_t version = 0;  // of the note: 1 when created, one more with each update
  std::string at;            // when the change was asked for, ISO 8601
  std::string source;        // by which way: "api", "agent"
};
const ObjectSchema<NoteUpdateCompleted>& describe(Type<NoteUpdateCompleted>);

struct NoteDeletionRequested {};
const ObjectSchema<NoteDeletionRequested>& describe(Type<NoteDeletionRequested>);

struct NoteDeletionCompleted {
  std::string entity_id;
  std::string at;  // when it was asked for, ISO 8601
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
inline constexpr events::EventType<events::Failure> kNoteCreationFailed{"note.creation.failed"};
inline constexpr events::EventType<events::Failure> kNoteUpdateFailed{"note.update.failed"};
inline constexpr events::EventType<events::Failure> kNoteDeletionFailed{"note.deletion.failed"};

void add_event_types(events::EventTypes& types);

}  // namespace synap::features::notes
