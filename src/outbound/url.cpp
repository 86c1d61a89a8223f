#include "outbound/url.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <cstdlib>
#include <memory>

#include "base/check.h"

namespace synap::outbound {
namespace {

struct Free {
  void operator()(CURLU* parts) const { curl_url_cleanup(parts); }
};
using Parts = std::unique_ptr<CURLU, Free>;

std::string part(const Parts& parts, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(parts.get(), which, &text, flags) != CURLUE_OK) return "";
  std::string out(text);
  curl_free(text);
  return out;
}

Result<Url> taken_apart(const Parts& parts) {
  const auto scheme = part(parts, CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") {
    return fail(Code::kBadRequest,
                fmt::format("Requests go to http:// and https:// URLs only, not to {}://", scheme));
  }
  Url url{part(parts, CURLUPART_URL), scheme == "https",
          !part(parts, CURLUPART_USER).empty() || !part(parts, CURLUPART_PASSWORD).empty(),
          part(parts, CURLUPART_HOST), 0};
  if (url.host.starts_with('[')) url.host = url.host.substr(1, url.host.size() - 2);
  for (char& c : url.host) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (url.host.ends_with('.')) url.host.pop_back();
  const auto port = part(parts, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  url.port = static_cast<std::uint16_t>(std::strtoul(port.c_str(), nullptr, 10));
  if (url.host.empty()) return fail(Code::kBadRequest, "The URL of the request has no host");
  return url;
}

Result<Url> with(Parts parts, const std::string& text, unsigned flags, std::string_view what) {
  SYNAP_CHECK(parts != nullptr);
  // What is not text would be cut off at its first NUL, and another URL asked than was looked at.
  const bool is_text = text.find('\0') == std::string::npos;
  const CURLUcode code = is_text ? curl_url_set(parts.get(), CURLUPART_URL, text.c_str(), flags)
                                 : CURLUE_MALFORMED_INPUT;
  // libcurl knows many more schemes, and says so of those it does not.
  if (code == CURLUE_UNSUPPORTED_SCHEME) {
    return fail(Code::kBadRequest, "Requests go to http:// and https:// URLs only");
  }
  if (code != CURLUE_OK) {
    return fail(Code::kBadRequest, fmt::format("{} is no URL such as https://example.org/path: {}",
                                               what, curl_url_strerror(code)));
  }
  return taken_apart(parts);
}

}  // namespace

std::string Url::origin() const {
  const bool is_v6 = host.contains(':');
  return fmt::format("{}://{}{}{}:{}", is_https ? "https" : "http", is_v6 ? "[" : "", host,
                     is_v6 ? "]" : "", port);
}

Result<Url> parse_url(const std::string& text) {
  return with(Parts(curl_url()), text, 0, "The target of the request");
}

Result<Url> resolve_url(const Url& base, const std::string& location) {
  Parts parts(curl_url());
  SYNAP_CHECK(parts && curl_url_set(parts.get(), CURLUPART_URL, base.text.c_str(), 0) == CURLUE_OK);
  return with(std::move(parts), location, CURLU_URLENCODE, "Where the redirect leads");
}

bool is_loopback_name(std::string_view host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

}  // namespace synap::outbound
