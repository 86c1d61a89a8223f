// StaticFile: bytes of the program itself, served to anybody who asks for their path.
#pragma once

#include <string>
#include <string_view>

#include "net/http.h"

namespace synap::api {

class StaticFile final : public net::Handler {
 public:
  /// `bytes` must stay for as long as the process. Any thread may call the rest.
  StaticFile(std::string_view bytes, std::string content_type);

  /// GET and HEAD, with an ETag: 304 for whoever has these bytes already. kMethodNotSupported:
  /// anything else. Reads the head alone.
  Task<net::Response> serve(const net::Request& head) override;
  std::optional<net::Response> refuse_upgrade(const net::Request& request) override;
  Task<void> serve_websocket(const net::Request& request, net::WebSocket& socket) override;
  net::Response refusal(const Error& error) override;

 private:
  const std::string_view bytes_;
  const std::string content_type_;
  const std::string tag_;
};

}  // namespace synap::api
