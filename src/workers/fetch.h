// fetch(): a step that asks another machine over HTTP.
//
//   auto answer = co_await fetch(step, "rates", client, {.url = "https://example.org/rates"});
//   if (!answer) co_return Outcome::failed(answer.error());
//   if (answer->status != 200) ...
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/task.h"
#include "outbound/client.h"
#include "workers/step.h"

namespace synap::workers {

/// What was answered, whatever its status.
struct Fetched {
  std::int64_t status = 0;
  outbound::Headers headers;  // what of a value is no UTF-8 is '?'
  std::string body;           // any bytes
};

/// How large a body may be, whatever its bytes: kept, it takes at most 4'000'000 bytes of the
/// kStepBytesMax of a step. The other 194'304 are for the JSON around it and of the headers, of
/// which the client takes up to 64 KiB.
inline constexpr std::uint64_t kFetchedBytesMax = 3'000'000;

/// The answer to the first request that has one; a later call of the run is given the same, and
/// asks nobody. As Inngest's step.fetch: any status is an answer, so also one that asks to come
/// again later. Nobody who answers, an answer that breaks off and the time being over are failures
/// of the step, which is tried again: as any run(), it may have been asked more than once. For
/// good: kForbidden, what the client's policy refuses; kBadRequest, no request; kPayloadTooLarge,
/// over kFetchedBytesMax. Headers that are longer as JSON than what a body leaves them end the run,
/// as any result over kStepBytesMax does. The client must outlive the step.
Task<Result<Fetched>> fetch(Step& step, std::string id, outbound::Client& client,
                            outbound::Request request,
                            std::chrono::milliseconds timeout = std::chrono::seconds(30));

}  // namespace synap::workers
