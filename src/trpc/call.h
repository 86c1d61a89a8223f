// One call on its way through: what was planned, its context, its input, and whether anyone still
// waits. The same for every framing.
#pragma once

#include <cstddef>
#include <memory>
#include <stop_token>
#include <string>

#include "base/status.h"
#include "base/task.h"
#include "rpc/procedure.h"
#include "trpc/request.h"

namespace synap::trpc {

using ContextResult = Result<std::shared_ptr<const rpc::Context>>;

struct ReadyCall {
  PlannedCall plan;
  ContextResult context;
  Result<rpc::Input> input;
  std::stop_token stop;
  const rpc::ProcedureTable* procedures = nullptr;  // which counts what is refused here
};

/// The call's own answer. What was refused earlier answers here, in the order in which the
/// official server finds out: path, method, context, input.
struct Answer {
  Result<rpc::Reply> reply;
  std::string unknown_keys = {};  // of the input: a JSON array, or empty
};
Task<Answer> perform(ReadyCall call);

/// The refusal of a stream where only one value can be sent.
Error no_stream_here();
/// The refusal of one value where a subscription must give a stream.
Error no_stream_given(std::string_view path);

}  // namespace synap::trpc
