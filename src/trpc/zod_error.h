// data.zodError: the convention of tRPC's manual for validation failures, which many forms read.
#pragma once

#include <string>

#include "base/status.h"

namespace synap::trpc {

/// Appends {"formErrors":[...],"fieldErrors":{name:[...]}} as zod's flattenError makes it of
/// details.issues, or null if `error` is no failed validation.
void append_zod_error(std::string& out, const Error& error);

}  // namespace synap::trpc
