// The procedures of search: search.query, search.suggest, search.status.
#pragma once

#include "features/rooms.h"

namespace synap::features::searching {

/// Nouns are added before: what can be filtered by follows from them. `rooms` must outlive the
/// procedures.
void add(const Rooms& rooms);

}  // namespace synap::features::searching
