#include "synap/http.h"

#include <fmt/format.h>

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
  const bool is_lost = error.code == Code::kBadGateway;
  return {is_lost ? Code::kBadGateway : Code::kServiceUnavailable, std::string(reason)};
}

// Of an answer that is no stream: why it is not read on, if it is not.
class AnswerBound {
 public:
  AnswerBound(std::string_view url, std::chrono::seconds time_min)
      : url_(url), time_min_(time_min) {}

  std::optional<Error> take(std::size_t bytes) {
    if (bytes_ == 0) began_ = SteadyClock::now();
    bytes_ += bytes;
    if (bytes_ > kAnswerBytesMax) {
      return Error{Code::kPayloadTooLarge,
                   fmt::format("The answer of {} is too large: it has more than {} MiB", host(),
                               kAnswerBytesMax >> 20)};
    }
    const auto may_last = time_min_ + std::chrono::seconds(bytes_ / kAnswerBytesPerSecond);
    if (SteadyClock::now() - began_ <= may_last) return std::nullopt;
    return Error{Code::kGatewayTimeout,
                 fmt::format("The answer of {} comes too slowly: {} bytes in {} s", host(), bytes_,
                             may_last.count())};
  }

 private:
  std::string host() const { return host_of(std::string(url_)); }

  std::string_view url_;
  std::chrono::seconds time_min_;
  std::uint64_t bytes_ = 0;
  SteadyClock::time_point began_;
};

}  // namespace

HttpClient::HttpClient()
    : client_(outbound::Policy::anywhere(), {.proxy = outbound::Proxy::kOfEnvironment}) {}

Result<HttpResponse> HttpClient::send(const outbound::Request& request,
                                      const std::function<bool(std::string_view)>& on_event_bytes) {
  Answer answer = client_.stream(request, options(silence_max_, deadline_));
  HttpResponse response;
  AnswerBound bound(request.url, answer_time_min_);
  std::optional<Error> error;
  bool is_enough = false;
  while (!is_enough) {
    const auto chunk = sync_wait(executor_, next_of(answer));
    if (!chunk) break;
    response.status = chunk->head->status;
    const auto* type = outbound::find(chunk->head->headers, "content-type");
    const auto* location = outbound::find(chunk->head->headers, "location");
    if (location != nullptr) response.location = *location;
    response.is_event_stream =
        on_event_bytes && type != nullptr && type->starts_with("text/event-stream");
    if (!response.is_event_stream) {
      error = bound.take(chunk->bytes.size());
      if (error) break;
      response.body += chunk->bytes;
    } else if (!chunk->bytes.empty()) {
      is_enough = !on_event_bytes(chunk->bytes);
    }
  }
  if (!error && !is_enough && !answer.end()) error = error_of(answer.end().error());
  sync_wait(executor_, destroy(answer));
  if (error) return fail(std::move(*error));
  return response;
}

std::string host_of(const std::string& url) {
  const auto parts = outbound::parse_url(url);
  return parts ? parts->host : "";
}

}  // namespace synap::cli
