// Why an event was asked for, in the words of whoever asked: the member `reason` of its metadata,
// which the chain covers and an erasure takes away.
#pragma once

#include <optional>
#include <string>

#include "events/event.h"

namespace synap::events {

/// Nothing: nobody has said it, or the event is damaged or erased.
std::optional<std::string> reason_of(const Event& event);

/// The event has this reason beside what its metadata say; of an empty one, none.
void set_reason(Envelope& envelope, const std::string& reason);

}  // namespace synap::events
