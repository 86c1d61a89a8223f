// How the closure of an operation is run, whatever the engine.
#pragma once

#include "db/database.h"

namespace synap::db {

/// Runs it in `tx`. One that throws fails (kInternalServerError), and what it threw is logged.
void carry_out(database_detail::Operation& operation, Tx& tx);

}  // namespace synap::db
