// Whether a client has what it asks for already.
#pragma once

#include <string>
#include <string_view>

#include "net/ascii.h"

namespace synap::net {

/// Of an If-None-Match header and the strong tag of what would be sent. Compared weakly, as RFC
/// 9110 13.1.2 has it: whoever passes on another encoding of the same bytes makes tags weak.
inline bool has_etag(std::string_view if_none_match, std::string_view tag) {
  return if_none_match == "*" || list_has(if_none_match, tag) ||
         list_has(if_none_match, "W/" + std::string(tag));
}

}  // namespace synap::net
