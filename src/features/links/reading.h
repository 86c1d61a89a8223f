// notes.findLinks: links in notes of a time before links. Private to this folder.
#pragma once

#include "features/links/links.h"

namespace synap::features::links {

/// Registers the procedure, its events and its worker. `wanted` reads texts and says what follows;
/// one run makes at most `parts_max` commits. `rooms` must outlive them.
void add_reading(const Rooms& rooms, TextOptions::Consequences wanted, TextOptions::Tags tags,
                 int parts_max);

}  // namespace synap::features::links
