// CallAnswer: what a call of a function came to, as an Inngest server is told it.
//
//   200  the function has returned: its value
//   206  ops: a step that was done or has failed, or what is planned and waited for
//   400  it has failed, and trying again would not help; 500: it would. {"name","message",...}
//
// Bodies are canonical JSON, since a signature of one may be verified after it was written anew.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/json.h"
#include "base/status.h"
#include "workers/driver.h"

namespace synap::inngest {

struct CallAnswer {
  int status = 200;
  std::string body = "null";
  /// x-inngest-no-retry, if it is said.
  std::optional<bool> no_retry;
  std::optional<std::int64_t> retry_after_ms;
};

/// The function has returned `output`, JSON text.
CallAnswer returned(std::string_view output);
/// It has failed, and Inngest shall (not) try it again.
CallAnswer failed(const Error& error, bool may_retry);
/// The same of something that is no function's: a call that is not understood.
CallAnswer refused(int status, std::string_view message);
CallAnswer with_ops(Json ops);

/// An error as SDKs write theirs: {"name","message","stack","__serialized":true}.
Json serialized(Json error);
/// {"op":"StepRun","id","name","displayName","opts":{},"userland":{"id"},"data":null}
Json op_of(workers::OpCode code, const workers::StepHash& hash, const std::string& name);
/// "1m30s", as SDKs write how long a sleep is: in whole seconds, here never shorter than it is.
std::string duration_text(std::int64_t ms);

}  // namespace synap::inngest
