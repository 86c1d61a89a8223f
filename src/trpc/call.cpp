#include "trpc/call.h"

#include <string>
#include <utility>

namespace synap::trpc {

Task<Result<rpc::Reply>> perform(ReadyCall call) {
  if (call.plan.refusal) co_return fail(*std::move(call.plan.refusal));
  if (!call.context) co_return fail(std::move(call.context.error()));
  if (!call.input) co_return fail(std::move(call.input.error()));
  co_return co_await call.plan.procedure->handler(rpc::Call{
      .context = *std::move(call.context),
      .input = *std::move(call.input),
      .stop = std::move(call.stop),
  });
}

Error no_stream_here() {
  return {Code::kUnsupportedMediaType,
          "Cannot use stream-like response in non-streaming request - use httpBatchStreamLink"};
}

Error no_stream_given(std::string_view path) {
  return {Code::kInternalServerError, "Subscription " + std::string(path) +
                                          " did not return an observable or a AsyncGenerator"};
}

}  // namespace synap::trpc
