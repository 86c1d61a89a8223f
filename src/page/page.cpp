#include "page/page.h"

#include <fmt/format.h>

#include <algorithm>

#include "net/accept.h"
#include "net/etag.h"

namespace synap::page {
namespace {

constexpr std::string_view kIndex = "index.html";

// Scripts, styles and data of the pod alone, nothing inline, and in no frame of anybody's: what a
// note says can at worst be shown.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'none'";

std::string_view header_of(const net::Request& head, std::string_view name) {
  const std::string* value = head.headers.find(name);
  return value == nullptr ? std::string_view() : std::string_view(*value);
}

bool is_asked_for_as_page(const net::Request& head) {
  return net::accepts(head, "accept", "text/html");
}

// A file as it is sent to whoever asks so.
struct Encoded {
  std::string_view encoding;  // empty: as it is
  std::string_view body;
};
Encoded encoded(const net::Request& head, const File& file) {
  const auto takes = [&](std::string_view coding) {
    return net::accepts(head, "accept-encoding", coding);
  };
  if (!file.brotli.empty() && takes("br")) return {"br", file.brotli};
  if (!file.gzip.empty() && takes("gzip")) return {"gzip", file.gzip};
  return {"", file.plain};
}

// RFC 9110 8.8.3.3: other bytes have another tag, and an encoding is other bytes.
std::string tag_of(const File& file, std::string_view encoding) {
  std::string tag(file.etag);
  if (!encoding.empty()) tag.insert(tag.size() - 1, fmt::format("-{}", encoding));
  return tag;
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
  const auto [encoding, body] = encoded(head, *file);
  const auto tag = tag_of(*file, encoding);
  response.headers.add("etag", tag);
  response.headers.add("vary", "accept-encoding");
  response.headers.add("cache-control",
                       file->is_kept ? "public, max-age=31536000, immutable" : "no-cache");
  response.headers.add("content-security-policy", std::string(kPolicy));
  response.headers.add("x-content-type-options", "nosniff");
  response.headers.add("referrer-policy", "no-referrer");
  response.headers.add("cross-origin-opener-policy", "same-origin");
  if (net::has_etag(header_of(head, "if-none-match"), tag)) {
    response.status = 304;
    co_return response;
  }
  response.headers.add("content-type", std::string(file->type));
  if (!encoding.empty()) response.headers.add("content-encoding", std::string(encoding));
  response.body = net::ResponseBody::of_static(body);
  co_return response;
}

std::optional<net::Response> Page::refuse_upgrade(const net::Request&) {
  return refusal_({Code::kNotFound, "A WebSocket is served at /trpc"});
}

Task<void> Page::serve_websocket(const net::Request&, net::WebSocket&) {
  co_return;
}

}  // namespace synap::page
