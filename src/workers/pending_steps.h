// The table of steps that are begun and not done, as all who answer one of them use it: a wait that
// an event ends, a run that another asked for and that has ended, a signal.
#pragma once

#include <optional>
#include <string_view>

#include "base/uuid.h"
#include "db/database.h"
#include "workers/op.h"

namespace synap::workers {

db::Blob blob_of(const StepHash& hash);
StepHash hash_of(std::string_view raw);
/// Of 40 hexadecimal digits; nothing of anything else.
std::optional<StepHash> parse_hash(std::string_view hex);
/// The same; of anything else one that no step has.
StepHash hash_from_hex(std::string_view hex);

/// Within a transaction: the pending step of this run is done, with this memo. False: it was not
/// pending, and nothing is changed.
bool answer_pending(db::Tx& tx, const Uuid& run_id, const StepHash& step, std::string_view memo,
                    std::int64_t unix_ms);

}  // namespace synap::workers
