// The events of a request to /e/: JSON, one or a list, or a form of either kind as webhooks
// send it.
#pragma once

#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "net/http.h"

namespace synap::inngest {

/// As they were sent, kEventsOfRequestMax of them at most. kBadRequest; kParseError.
Result<std::vector<Json>> posted_events(const net::Request& request);

}  // namespace synap::inngest
