#include "synap/http.h"

#include <limits>
#include <optional>
#include <utility>

#include "base/json.h"
#include "base/task.h"
#include "outbound/url.h"

namespace synap::cli {
namespace {

using Answer = Stream<outbound::Chunk, Result<outbound::End>>;

outbound::Options options(std::chrono::seconds silence_max, SteadyClock::time_point deadline) {
  return {.deadline = deadline,
          .response_bytes_max = std::numeric_limits<std::uint64_t>::max(),
          .silence_max = silence_max,
          .redirects_max = 0};
}

Task<std::optional<outbound::Chunk>> next_of(Answer& answer) {
  co_return co_await answer.next();
}

// On the thread of its executor, where alone it may go; a parameter would go with its frame, on
// the thread that waits.
Task<void> destroy(Answer& answer) {
  const Answer here = std::move(answer);
  co_return;
}

Error error_of(const Error& error) {
  const std::string_view reason =
      error.details == nullptr ? error.message : error.details->string_or("reason", error.message);
  return {Code::kServiceUnavailable, std::string(reason)};
}

}  // namespace

HttpClient::HttpClient()
    : client_(outbound::Policy::anywhere(), {.proxy = outbound::Proxy::kOfEnvironment}) {}

Result<HttpResponse> HttpClient::send(const outbound::Request& request,
                                      const std::function<bool(std::string_view)>& on_event_bytes) {
  Answer answer = client_.stream(request, options(silence_max_, deadline_));
  HttpResponse response;
  bool is_enough = false;
  while (!is_enough) {
    const auto chunk = sync_wait(executor_, next_of(answer));
    if (!chunk) break;
    response.status = chunk->head->status;
    const auto* type = outbound::find(chunk->head->headers, "content-type");
    response.is_event_stream =
        on_event_bytes && type != nullptr && type->starts_with("text/event-stream");
    if (!response.is_event_stream) {
      response.body += chunk->bytes;
    } else if (!chunk->bytes.empty()) {
      is_enough = !on_event_bytes(chunk->bytes);
    }
  }
  std::optional<Error> error;
  if (!is_enough && !answer.end()) error = error_of(answer.end().error());
  sync_wait(executor_, destroy(answer));
  if (error) return fail(std::move(*error));
  return response;
}

std::string host_of(const std::string& url) {
  const auto parts = outbound::parse_url(url);
  return parts ? parts->host : "";
}

}  // namespace synap::cli
