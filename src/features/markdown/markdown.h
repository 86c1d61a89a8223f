// markdown.render: a text as a page shows it.
#pragma once

#include "features/rooms.h"

namespace synap::features::markdown_views {

/// Registers procedures. `rooms` must outlive them.
void add(const Rooms& rooms);

}  // namespace synap::features::markdown_views
