// HttpClient: HTTP requests of a command, which waits for each of them: outbound::Client for a
// plain thread. One thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/executor.h"
#include "base/status.h"
#include "base/timer.h"
#include "outbound/client.h"

namespace synap::cli {

/// What a whole answer may have: twice what the largest that a pod gives (a batch of queries)
/// becomes where every character of its texts is escaped.
inline constexpr std::uint64_t kAnswerBytesMax = std::uint64_t{256} << 20;
/// From its first byte: a minute, and a second more for each so many bytes that have come. Whoever
/// sends a byte now and then has no other end.
inline constexpr std::chrono::seconds kAnswerTimeMin{60};
inline constexpr std::uint64_t kAnswerBytesPerSecond = std::uint64_t{16} << 10;

/// A whole answer, or that there was a stream.
struct HttpResponse {
  int status = 0;
  bool is_event_stream = false;  // then its bytes went to on_event_bytes
  std::string body;
  std::string location;  // where a redirection leads; it is not followed
};

/// Talks to any machine: the URLs are the user's own.
class HttpClient {
 public:
  HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// How long a server may be silent before it counts as gone.
  void set_silence_max(std::chrono::seconds limit) { silence_max_ = limit; }
  /// How long an answer may take from its first byte, besides what it is given for its bytes.
  void set_answer_time_min(std::chrono::seconds limit) { answer_time_min_ = limit; }
  /// When every answer and stream ends, whatever comes.
  void set_deadline(SteadyClock::time_point deadline) { deadline_ = deadline; }

  /// The bytes of a text/event-stream go to `on_event_bytes`, on the calling thread, as they come,
  /// until it returns false or the stream ends; it may send requests of its own. Any other answer
  /// is bounded in its bytes and its time.
  /// kServiceUnavailable: nobody answers, or not any more; kBadGateway: it broke off, when it may
  /// have been carried out. The message says why in a few words. kPayloadTooLarge, kGatewayTimeout:
  /// past a bound, of which the message is a sentence.
  Result<HttpResponse> send(const outbound::Request& request,
                            const std::function<bool(std::string_view)>& on_event_bytes = {});

 private:
  // A pod pings an idle stream every 15 s and answers everything else sooner; silence for three
  // times as long is a dead connection.
  std::chrono::seconds silence_max_{45};
  SteadyClock::time_point deadline_ = SteadyClock::time_point::max();
  std::chrono::seconds answer_time_min_ = kAnswerTimeMin;
  ThreadExecutor executor_{"http"};
  outbound::Client client_;  // after the executor, to which it posts until it has gone
};

/// The host of a URL, without brackets; empty if it is no http(s) URL.
std::string host_of(const std::string& url);

}  // namespace synap::cli
