// Refusal: why a server does not let somebody in, where that is a matter of what was configured and
// does not pass by itself.
#pragma once

#include <chrono>
#include <string>

namespace synap::db::postgres {

/// Connects once more, and looks at the code with which it is refused: there is no such database or
/// role, the password is wrong, nothing lets this role in, or it may not connect to the database.
/// False: it is not, or for another reason. Blocks for `time_max` at most.
bool is_refused_for_good(const std::string& url, std::chrono::milliseconds time_max);

}  // namespace synap::db::postgres
