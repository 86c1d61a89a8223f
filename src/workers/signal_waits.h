// Which run a signal that is being sent is for.
#pragma once

#include <optional>
#include <string>

#include "base/uuid.h"
#include "db/database.h"

namespace synap::workers {

/// Within the transaction that appends a signal: the run of this user that waits for it and has
/// been sent none yet. From then on it has. Nothing: there is no such run.
std::optional<Uuid> take_signal_wait(db::Tx& tx, const std::string& user_id,
                                     const std::string& signal);

}  // namespace synap::workers
