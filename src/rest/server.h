// The REST form of a ProcedureTable: every procedure is a path.
//
//   GET  {base}/{path}?a=1&b=x     queries whose input is flat (parameters.h)
//   POST {base}/{path}  JSON body  queries and mutations
//   GET  {base}/{path}             subscriptions, over Server-Sent Events (stream.h)
//
// The answer is the output's JSON with 200, or 204 where there is none; errors are
// application/problem+json (problem.h). Keys of the input that the procedure does not know are told
// in the header synap-unknown-keys, a JSON array in ASCII, of either. openapi.h describes all of it
// to clients.
//
// Who calls is decided from the head of a request, as over tRPC: a stranger's body is neither read
// nor parsed, unless what he asks for is public. No cookie says who calls, so a page of another
// origin can do nothing in a user's name.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/task.h"
#include "base/world.h"
#include "net/http.h"
#include "rpc/origin.h"
#include "rpc/procedure.h"

namespace synap::rest {

struct Options {
  World& world = real_world();
  std::string base_path = "/api";
  std::chrono::milliseconds ping{15'000};  // between two signs of life of a stream; 0: none
  std::function<Task<Result<std::shared_ptr<const rpc::Context>>>(const rpc::Origin&)>
      create_context;
  /// Who calls, from the head of a request alone, or why nobody knows who he is.
  std::function<Result<rpc::Caller>(const rpc::Origin&)> identify;
};

class Server final : public net::Handler {
 public:
  /// `procedures` must outlive the server.
  Server(Options options, const rpc::ProcedureTable& procedures);

  Task<net::Admission> admit(const net::Request& head) override;
  Task<net::Response> serve(const net::Request& request) override;
  std::optional<net::Response> refuse_upgrade(const net::Request& request) override;
  Task<void> serve_websocket(const net::Request& request, net::WebSocket& socket) override;
  net::Response refusal(const Error& error) override;

 private:
  Task<Result<net::Response>> call(const rpc::Procedure& procedure, const net::Request& request,
                                   UnknownKeys& unknown) const;

  const Options options_;
  const rpc::ProcedureTable& procedures_;
};

}  // namespace synap::rest
