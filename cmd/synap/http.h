// HttpClient: HTTP requests of a command, which waits for each of them: outbound::Client for a
// plain thread. One thread at a time.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "base/executor.h"
#include "base/status.h"
#include "base/timer.h"
#include "outbound/client.h"

namespace synap::cli {

/// A whole answer, or that there was a stream.
struct HttpResponse {
  int status = 0;
  bool is_event_stream = false;  // then its bytes went to on_event_bytes
  std::string body;
};

/// Talks to any machine: the URLs are the user's own.
class HttpClient {
 public:
  HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// How long a server may be silent before it counts as gone.
  void set_silence_max(std::chrono::seconds limit) { silence_max_ = limit; }
  /// When every answer and stream ends, whatever comes.
  void set_deadline(SteadyClock::time_point deadline) { deadline_ = deadline; }

  /// The bytes of a text/event-stream go to `on_event_bytes`, on the calling thread, as they come,
  /// until it returns false or the stream ends; it may send requests of its own.
  /// kServiceUnavailable: no answer, or it broke off; the message says why in a few words.
  Result<HttpResponse> send(const outbound::Request& request,
                            const std::function<bool(std::string_view)>& on_event_bytes = {});

 private:
  // A pod pings an idle stream every 15 s and answers everything else sooner; silence for three
  // times as long is a dead connection.
  std::chrono::seconds silence_max_{45};
  SteadyClock::time_point deadline_ = SteadyClock::time_point::max();
  ThreadExecutor executor_{"http"};
  outbound::Client client_;  // after the executor, to which it posts until it has gone
};

/// The host of a URL, without brackets; empty if it is no http(s) URL.
std::string host_of(const std::string& url);

}  // namespace synap::cli
