#include "page/page.h"

#include <algorithm>

#include "net/ascii.h"

namespace synap::page {
namespace {

constexpr std::string_view kIndex = "index.html";

// Scripts, styles and data of the pod alone, nothing inline, and in no frame of anybody's: what a
// note says can at worst be shown.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'none'";

// Whether a list as in Accept-Encoding has `item`, and not to say that it is not wanted.
bool has_item(std::string_view list, std::string_view item) {
  while (!list.empty()) {
    auto one = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), one.size() + 1));
    while (one.starts_with(' ')) one.remove_prefix(1);
    auto parameters = one.substr(std::min(one.size(), one.find(';')));
    one = one.substr(0, one.size() - parameters.size());
    while (one.ends_with(' ')) one.remove_suffix(1);
    if (!net::equal_ignoring_case(one, item)) continue;
    const auto weight = parameters.find("q=0");
    if (weight == std::string_view::npos) return true;
    return parameters.find_first_of("123456789", weight + 3) != std::string_view::npos;
  }
  return false;
}

std::string_view header_of(const net::Request& head, std::string_view name) {
  const std::string* value = head.headers.find(name);
  return value == nullptr ? std::string_view() : std::string_view(*value);
}

bool is_asked_for_as_page(const net::Request& head) {
  return has_item(header_of(head, "accept"), "text/html");
}

void add_body(const net::Request& head, const File& file, net::Response& response) {
  const auto accepted = header_of(head, "accept-encoding");
  response.headers.add("vary", "accept-encoding");
  if (!file.brotli.empty() && has_item(accepted, "br")) {
    response.headers.add("content-encoding", "br");
    response.body = net::ResponseBody::of_static(file.brotli);
  } else if (!file.gzip.empty() && has_item(accepted, "gzip")) {
    response.headers.add("content-encoding", "gzip");
    response.body = net::ResponseBody::of_static(file.gzip);
  } else {
    response.body = net::ResponseBody::of_static(file.plain);
  }
}

}  // namespace

const File* Page::find(const net::Request& head) const {
  const auto named = [&](std::string_view name) -> const File* {
    const auto found = std::ranges::find(files_, name, &File::name);
    return found == files_.end() ? nullptr : &*found;
  };
  if (const auto* file = named(std::string_view(head.path).substr(1))) return file;
  return head.path == "/" || is_asked_for_as_page(head) ? named(kIndex) : nullptr;
}

Task<net::Response> Page::serve(const net::Request& head) {
  const auto* file = find(head);
  if (file == nullptr) co_return refusal_(nothing_here_());
  if (head.method != "GET" && head.method != "HEAD") {
    auto refused = refusal_({Code::kMethodNotSupported, "A page is read with GET or HEAD"});
    refused.headers.add("allow", "GET, HEAD");
    co_return refused;
  }
  net::Response response;
  response.headers.add("etag", std::string(file->etag));
  response.headers.add("cache-control",
                       file->is_kept ? "public, max-age=31536000, immutable" : "no-cache");
  response.headers.add("content-security-policy", std::string(kPolicy));
  response.headers.add("x-content-type-options", "nosniff");
  response.headers.add("referrer-policy", "no-referrer");
  response.headers.add("cross-origin-opener-policy", "same-origin");
  const auto known = header_of(head, "if-none-match");
  if (known == "*" || has_item(known, file->etag)) {
    response.status = 304;
    co_return response;
  }
  response.headers.add("content-type", std::string(file->type));
  add_body(head, *file, response);
  co_return response;
}

std::optional<net::Response> Page::refuse_upgrade(const net::Request&) {
  return refusal_({Code::kNotFound, "A WebSocket is served at /trpc"});
}

Task<void> Page::serve_websocket(const net::Request&, net::WebSocket&) {
  co_return;
}

}  // namespace synap::page
