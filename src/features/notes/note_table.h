// The read model of notes: `notes` and `note_tags`, and the folds that keep them. A fold is what one
// completed change does to the tables; it is given the event that asked for it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "content/store.h"
#include "db/database.h"
#include "events/event.h"
#include "features/notes/events.h"

namespace synap::features::notes {

extern const std::string_view kNoteTables;

inline constexpr std::size_t kTitleCharactersMax = 100;    // of a title made from the text
inline constexpr std::size_t kPreviewCharactersMax = 500;

/// The first line that has words in it, without Markdown's heading marks; "Untitled" without one.
std::string title_of(std::string_view content);
/// The beginning of the text, cut between characters.
std::string preview_of(std::string_view content);

void fold_created(db::Tx& tx, const events::Event& requested, const NoteCreationRequested& data,
                  const std::string& preview, const content::Stored& file);
/// The note's new version; nothing if there is no such note, or none any more: then the caller
/// aborts.
std::optional<std::int64_t> fold_updated(db::Tx& tx, const events::Event& requested,
                                         const NoteUpdateRequested& data,
                                         const std::optional<std::string>& preview,
                                         const std::optional<content::Stored>& file);
void fold_deleted(db::Tx& tx, const events::Event& requested);

}  // namespace synap::features::notes
