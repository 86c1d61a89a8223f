// What a server may have beside PostgreSQL itself, of which a pod makes use where it is there.
#pragma once

#include <string_view>

namespace synap::db::postgres {

/// Makes the extensions timescaledb (the log, in chunks) and vector (types of vectors) in the
/// database, where the server has them and the role may. Those that are there stay as they are;
/// what is refused is left out. As the owner.
extern const std::string_view kExtensions;

}  // namespace synap::db::postgres
