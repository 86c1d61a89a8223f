// The read models of notes. `notes` is inline: each note's row, its tags and its versions. `tags`
// is a follower: how many notes each user has, and how many with each tag.
#pragma once

#include "projections/projection.h"

namespace synap::features::notes {

/// Where a note is in its life, as far as it was asked for: kept in its row, so that the next
/// change can be decided on by one look, however long its history is.
inline constexpr std::string_view kCreating = "creating";
inline constexpr std::string_view kLive = "live";
inline constexpr std::string_view kDeleting = "deleting";

projections::Projection notes_projection();

/// The name of the follower that counts.
inline constexpr const char* kTagsProjection = "tags";
projections::Projection tags_projection();

}  // namespace synap::features::notes
