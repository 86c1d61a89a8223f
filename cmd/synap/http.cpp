#include "synap/http.h"

#include <curl/curl.h>

#include <utility>

#include "base/check.h"
#include "pod/config.h"

namespace synap::cli {
namespace {

constexpr long kConnectTimeoutMs = 5'000;
// A pod pings an idle stream every 15 s and answers everything else sooner; silence for three times
// as long is a dead connection.
constexpr long kSilenceMaxSeconds = 45;

}  // namespace

struct HttpClient::Transfer {
  CURL* handle;
  const std::function<bool(std::string_view)>& on_event_bytes;
  HttpResponse response;
  bool is_begun = false;
  bool is_ended_by_us = false;
};

void HttpClient::prepare_process() {
  curl_global_init(CURL_GLOBAL_DEFAULT);
}

HttpClient::HttpClient() : handle_(curl_easy_init()) {
  SYNAP_CHECK(handle_ != nullptr);
}

HttpClient::~HttpClient() {
  curl_easy_cleanup(handle_);
}

std::size_t HttpClient::receive(char* bytes, std::size_t size, std::size_t count, void* transfer) {
  auto& t = *static_cast<Transfer*>(transfer);
  if (!std::exchange(t.is_begun, true)) {
    const char* type = nullptr;
    curl_easy_getinfo(t.handle, CURLINFO_CONTENT_TYPE, &type);
    t.response.is_event_stream = type != nullptr && t.on_event_bytes &&
                                 std::string_view(type).starts_with("text/event-stream");
  }
  const std::string_view text(bytes, size * count);
  if (!t.response.is_event_stream) {
    t.response.body += text;
  } else if (!t.on_event_bytes(text)) {
    t.is_ended_by_us = true;
    return 0;  // curl's word for "enough"
  }
  return text.size();
}

Result<HttpResponse> HttpClient::send(const HttpRequest& request,
                                      const std::function<bool(std::string_view)>& on_event_bytes) {
  CURL* curl = handle_;
  curl_easy_reset(curl);  // options only: the connection stays
  Transfer transfer{curl, on_event_bytes, {}};
  curl_slist* headers = nullptr;
  for (const auto& header : request.headers) headers = curl_slist_append(headers, header.c_str());
  headers = curl_slist_append(headers, "Expect:");  // no round trip before a large body
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, kSilenceMaxSeconds);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &HttpClient::receive);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  // A proxy of the environment is for the world outside, and would answer for its own loopback.
  if (pod::is_loopback(host_of(request.url))) curl_easy_setopt(curl, CURLOPT_PROXY, "");
  if (request.method == "POST") {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
  }
  const CURLcode code = curl_easy_perform(curl);
  curl_slist_free_all(headers);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  transfer.response.status = static_cast<int>(status);
  if (code == CURLE_OK || transfer.is_ended_by_us) return std::move(transfer.response);
  return fail(Code::kServiceUnavailable, curl_easy_strerror(code));
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~';
    if (is_plain) {
      out += c;
    } else {
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out;
}

std::string host_of(const std::string& url) {
  std::string host;
  CURLU* parts = curl_url();
  char* scheme = nullptr;
  char* name = nullptr;
  if (curl_url_set(parts, CURLUPART_URL, url.c_str(), 0) == CURLUE_OK &&
      curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
      curl_url_get(parts, CURLUPART_HOST, &name, 0) == CURLUE_OK &&
      (std::string_view(scheme) == "http" || std::string_view(scheme) == "https")) {
    host = name;
    if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  }
  curl_free(scheme);
  curl_free(name);
  curl_url_cleanup(parts);
  return host;
}

}  // namespace synap::cli
