// Short ids: people see the end of an id, and may give that where an id is wanted.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "synap/pod_client.h"

namespace synap::cli {

/// The id that ends with `text`, among the newest few hundred that `list_path` lists. What is a
/// whole id, or cannot be the end of one, is given as it is. kNotFound: there is none; kConflict:
/// there are several.
Result<std::string> whole_id(PodClient& pod, std::string_view list_path, const std::string& text);

/// The same among the newest events: what their `member` says, such as "requestId".
Result<std::string> whole_id_of_events(PodClient& pod, std::string_view member,
                                       const std::string& text);

/// The id of the user who is called so, or whose id ends so. For owners; others name nobody.
Result<std::string> whole_user_id(PodClient& pod, const std::string& text);

}  // namespace synap::cli
