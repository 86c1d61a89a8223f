// HttpClient: HTTP requests over one connection that is kept alive, by libcurl. One thread at a
// time.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace synap::cli {

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::string> headers;  // "name: value"
  std::string body;
};

struct HttpResponse {
  int status = 0;
  bool is_event_stream = false;  // then its bytes went to on_event_bytes
  std::string body;
};

class HttpClient {
 public:
  /// Once a program, before other threads.
  static void prepare_process();

  HttpClient();
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// The bytes of a text/event-stream go to `on_event_bytes` as they come, until it returns false
  /// or the stream ends. kServiceUnavailable: no answer, or it broke off; the message is curl's.
  Result<HttpResponse> send(const HttpRequest& request,
                            const std::function<bool(std::string_view)>& on_event_bytes = {});

 private:
  struct Transfer;
  static std::size_t receive(char* bytes, std::size_t size, std::size_t count, void* transfer);
  void* handle_;
};

std::string percent_encoded(std::string_view text);
/// The host of a URL, without brackets; empty if it is no http(s) URL.
std::string host_of(const std::string& url);

}  // namespace synap::cli
