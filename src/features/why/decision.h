// Decision: which step of an agent's run called a procedure, and what it went by.
#pragma once

#include "events/log.h"
#include "features/rooms.h"
#include "features/why/shapes.h"

namespace synap::features::why {

/// The step that made the command of `event`, the model that asked for it, and the run of the
/// agent, which `asked` began: what is still kept of these. By the user whose session this is.
Task<Result<std::vector<Link>>> decision(const Rooms& rooms, std::string user_id,
                                         events::EventRef event, events::EventRef asked);

}  // namespace synap::features::why
