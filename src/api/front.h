// Front: what the HTTP server serves: /trpc, /health and /ready, with CORS around all of it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "api/keys.h"
#include "net/cors.h"
#include "net/http.h"
#include "rpc/procedure.h"
#include "trpc/server.h"

namespace synap::api {

struct FrontOptions {
  std::vector<std::string> allowed_origins = {"*"};
  std::size_t batch_max = 100;
};

class Front final : public net::Handler {
 public:
  /// `procedures` and `keys` must outlive the front. `is_ready` tells whether writes work now, and
  /// if not, why.
  Front(FrontOptions options, const rpc::ProcedureTable& procedures, const Keys& keys,
        std::function<Task<Result<>>()> is_ready);

  Task<net::Admission> admit(const net::Request& head) override;
  Task<net::Response> serve(const net::Request& request) override;
  std::optional<net::Response> refuse_upgrade(const net::Request& request) override;
  Task<void> serve_websocket(const net::Request& request, net::WebSocket& socket) override;
  net::Response refusal(const Error& error) override;

 private:
  Task<net::Response> answer_at_once(const net::Request& request);
  Task<net::Response> ready();

  net::CorsPolicy cors_;
  std::function<Task<Result<>>()> is_ready_;
  trpc::Server trpc_;
};

}  // namespace synap::api
