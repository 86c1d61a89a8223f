#include "inngest/endpoints/http_request.h"

#include <algorithm>
#include <array>

#include "inngest/registration.h"

namespace synap::inngest {
namespace {

constexpr std::size_t kUrlBytesMax = 8'192;

bool is_method(std::string_view text) {
  constexpr std::array<std::string_view, 6> kAll = {"GET",   "POST",   "PUT",
                                                    "PATCH", "DELETE", "OPTIONS"};
  return std::ranges::find(kAll, text) != kAll.end();
}

// Nothing that would end a line, or a URL.
bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c != '\x7f' && c != '#'; });
}

bool is_header_value(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

std::unexpected<Error> wrong(const char* what) {
  return fail(Code::kBadRequest, what);
}

}  // namespace

Result<HttpRequest> HttpRequest::read(const Json& data) {
  if (!data.is_object()) return wrong("The event of an endpoint's run has data, an object");
  HttpRequest request{.domain = std::string(data.string_or("domain", "")),
                      .method = std::string(data.string_or("method", "")),
                      .path = std::string(data.string_or("path", "")),
                      .ip = std::string(data.string_or("ip", "")),
                      .content_type = std::string(data.string_or("content_type", "")),
                      .query_params = std::string(data.string_or("query_params", "")),
                      .body = std::string(data.string_or("body", "")),
                      .fn = std::string(data.string_or("fn", ""))};
  if (auto url = check_url(request.domain); !url) return fail(url.error());
  const auto authority = std::string_view(request.domain).substr(request.domain.find("://") + 3);
  if (authority.contains('/') || authority.contains('?') || !is_printable(request.domain)) {
    return wrong("domain is an address without a path: \"https://shop.example\"");
  }
  if (!is_method(request.method)) return wrong("method is one of HTTP's, in capitals");
  const bool is_path = request.path.starts_with('/') && is_printable(request.path) &&
                       !request.path.contains('?') && is_printable(request.query_params);
  if (!is_path) return wrong("path begins with a '/', and query_params stand behind a '?'");
  if (request.url().size() > kUrlBytesMax) return wrong("The address has at most 8192 bytes");
  if (!is_header_value(request.content_type)) return wrong("content_type is a header's value");
  return request;
}

std::string HttpRequest::url() const {
  auto text = domain + path;
  if (!query_params.empty()) text.append("?").append(query_params);
  return text;
}

std::string HttpRequest::name() const {
  return fn.empty() ? method + " " + path : fn;
}

const ObjectSchema<HttpRequest>& describe(Type<HttpRequest>) {
  static const auto schema =
      object<HttpRequest>("HttpRequest")
          .field("domain", &HttpRequest::domain, string(), "https://shop.example")
          .field("method", &HttpRequest::method, string())
          .field("path", &HttpRequest::path, string())
          .field("ip", &HttpRequest::ip, string(), "Of who asked, as the app has seen it.")
          .field("content_type", &HttpRequest::content_type, string())
          .field("query_params", &HttpRequest::query_params, string(), "Without a '?'.")
          .field("body", &HttpRequest::body, string())
          .field("fn", &HttpRequest::fn, string(),
                 "The id that its author gave the endpoint; empty: none.");
  return schema;
}

}  // namespace synap::inngest
