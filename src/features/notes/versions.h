// The versions of a note, the present one and those of the past, and their texts.
#pragma once

#include "features/notes/events.h"
#include "features/rooms.h"

namespace synap::features::notes {

/// The second part of the content names of notes, and their extension.
inline constexpr std::string_view kEntityType = "note";
inline constexpr std::string_view kExtension = "md";

/// A note as it was from one change to the next.
struct NoteVersion {
  std::int64_t version = 0;
  std::string title;
  std::vector<std::string> tags;
  NoteFile file;
  std::int64_t changed_at = 0;  // Unix ms
  std::string source;           // of the change that made it
  std::optional<Uuid> request_id;
};

/// kNotFound: the user has no such note, or it has no such version.
Task<Result<NoteVersion>> version_of(const Rooms& rooms, const api::Session& session, Uuid note,
                                     std::int64_t version);

/// The text in a file. kInternalServerError: it is missing, or is not what was stored; which of the
/// two the message says.
Task<Result<std::string>> content_of(const Rooms& rooms, NoteFile file);

/// notes.history.
void add_history(const Rooms& rooms);

}  // namespace synap::features::notes
