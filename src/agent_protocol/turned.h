// A request of the protocol as the call of a procedure over REST.
#pragma once

#include <string_view>

#include "base/json.h"
#include "net/http.h"

namespace synap::agent_protocol {

/// The head of the same call over REST. The key may be in `x-api-key`, where the SDKs put it.
net::Request turned(const net::Request& head, std::string_view procedure);

/// The JSON object in the body; kBadRequest also where something is said beside it, in the URL.
Result<Json> object_in(const net::Request& request);

/// 204.
net::Response nothing();
/// kMethodNotSupported, with what is: "GET, POST".
net::Response wrong_method(const net::Request& head, const std::string& allowed);

}  // namespace synap::agent_protocol
