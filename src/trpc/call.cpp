#include "trpc/call.h"

#include <string>
#include <utility>

namespace synap::trpc {

namespace {

std::unexpected<Error> refuse(const ReadyCall& call, Error error) {
  if (call.procedures != nullptr) call.procedures->count_refusal(call.plan.procedure, error.code);
  return fail(std::move(error));
}

Task<Result<rpc::Reply>> reply_to(ReadyCall call, UnknownKeys& unknown) {
  if (call.plan.refusal) co_return refuse(call, *std::move(call.plan.refusal));
  if (!call.context) co_return refuse(call, std::move(call.context.error()));
  if (!call.input) co_return refuse(call, std::move(call.input.error()));
  co_return co_await rpc::invoke(*call.plan.procedure, {
                                                           .context = *std::move(call.context),
                                                           .input = *std::move(call.input),
                                                           .stop = std::move(call.stop),
                                                           .unknown_keys = &unknown,
                                                       });
}

}  // namespace

Task<Answer> perform(ReadyCall call) {
  UnknownKeys unknown;
  Answer answer{co_await reply_to(std::move(call), unknown)};
  if (!unknown.empty()) answer.unknown_keys = unknown.to_json();
  co_return answer;
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
