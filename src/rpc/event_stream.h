// The text of Server-Sent Events (the HTML standard, "Server-sent events"), as every protocol sends
// a stream of items:
//
//   [event: NAME LF] data: JSON LF [id: ID LF] LF
#pragma once

#include <string>
#include <string_view>

#include "rpc/procedure.h"

namespace synap::rpc {

/// JSON text without the line ends that may stand between its tokens: SSE and JSON Lines end a
/// message at one.
void append_one_line(std::string& out, std::string_view json);

std::string sse_event(std::string_view name, std::string_view data);
std::string sse_item(const Item& item);

/// An id that can be sent: not empty, no NUL, CR or LF.
bool is_event_id(std::string_view id);

}  // namespace synap::rpc
