#include "api/static_file.h"

#include "base/crypto.h"
#include "net/ascii.h"
#include "trpc/server.h"

namespace synap::api {

StaticFile::StaticFile(std::string_view bytes, std::string content_type)
    : bytes_(bytes),
      content_type_(std::move(content_type)),
      tag_('"' + to_hex(sha256(bytes)).substr(0, 32) + '"') {}

Task<net::Response> StaticFile::serve(const net::Request& head) {
  if (head.method != "GET" && head.method != "HEAD") {
    auto refused = refusal({Code::kMethodNotSupported, "This can be read, and no more"});
    refused.headers.add("allow", "GET, HEAD");
    co_return refused;
  }
  net::Response response;
  // Asked for again each time, since the next version of the pod has another under this name.
  response.headers = {{"etag", tag_}, {"cache-control", "no-cache"}};
  const std::string* known = head.headers.find("if-none-match");
  if (known != nullptr && (*known == "*" || net::list_has(*known, tag_))) {
    response.status = 304;
    co_return response;
  }
  response.headers.add("content-type", content_type_);
  response.body = net::ResponseBody::of_static(bytes_);
  co_return response;
}

std::optional<net::Response> StaticFile::refuse_upgrade(const net::Request&) {
  return refusal({Code::kNotFound, "A WebSocket is served at /trpc"});
}

Task<void> StaticFile::serve_websocket(const net::Request&, net::WebSocket&) {
  co_return;
}

net::Response StaticFile::refusal(const Error& error) {
  return trpc::Server::error_response(error);
}

}  // namespace synap::api
