// notes.findLinks: links in notes of a time before links. Private to this folder.
#pragma once

#include "features/links/links.h"

namespace synap::features::links {

/// The aliases of a note by which links of others lead here, though there is no relation that says
/// so: of a pod that was updated from a version that did not read aliases.
std::vector<std::string> awaited_aliases(db::Tx& tx, std::string_view user_id, const Uuid& note);

/// Registers the procedure, its events and its worker. `wanted` reads texts and says what follows;
/// one run makes at most `parts_max` commits. `rooms` must outlive them.
void add_reading(const Rooms& rooms, TextOptions::Consequences wanted, TextOptions::Tags tags,
                 int parts_max);

}  // namespace synap::features::links
