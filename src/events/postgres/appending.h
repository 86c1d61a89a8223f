// The function by which a node appends a group of events. Private to this folder.
#pragma once

#include <string_view>

namespace synap::events::postgres {

/// The migration that makes it, behind those of parts.h.
extern const std::string_view kAppending;

}  // namespace synap::events::postgres
