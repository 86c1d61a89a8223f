// Problem: an Error as HTTP says it, application/problem+json (RFC 9457):
//
//   {"type":"about:blank","title":"Not Found","status":404,"detail":"You have no such note.",
//    "code":"NOT_FOUND"}
//
// `code` is the name that tRPC has for it. Of a bad input, `issues` lists what is wrong and where,
// in zod's shape. `details` has what else is known, as the actual version in a conflict.
#pragma once

#include <string>

#include "base/json.h"
#include "base/status.h"
#include "net/http.h"

namespace synap::rest {

inline constexpr const char* kProblemType = "application/problem+json";

/// JSON text.
std::string problem_text(const Error& error);
/// With the status of the error's code, and what that status wants: Retry-After, WWW-Authenticate.
net::Response problem_response(const Error& error);
/// JSON Schema of such a text.
Json problem_schema();

}  // namespace synap::rest
