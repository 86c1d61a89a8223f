// EndpointServer: the routes by which apps keep runs of endpoints, and those who made a request
// learn what it has come to.
//
//   POST /v1/checkpoint                {"run_id","event","steps","retries"}; what is answered:
//                                      {"data":{"fn_id","app_id","run_id","token",...}}
//   POST /v1/checkpoint/{run}/steps    {"steps"}
//   GET  /v1/checkpoint/{run}/output?token=    what the run has come to, once it has ended
//
// "/v1/http/runs" is another name of "/v1/checkpoint".
#pragma once

#include <string>
#include <string_view>

#include "inngest/asker.h"
#include "inngest/endpoints/endpoint_runs.h"
#include "inngest/endpoints/run_outputs.h"
#include "inngest/realtime/realtime_server.h"
#include "net/http.h"

namespace synap::inngest {

class EndpointServer {
 public:
  static constexpr std::size_t kBodyBytesMax = kReplyBytesMax;

  /// All must outlive it.
  struct Rooms {
    EndpointRuns& runs;
    RunOutputs& outputs;
    RealtimeServer& realtime;
    World& world;
  };
  EndpointServer(OutputTokens tokens, Rooms rooms) : tokens_(std::move(tokens)), rooms_(rooms) {}

  enum class Route : std::uint8_t { kNone, kNew, kSteps, kOutput };
  static Route route_of(std::string_view path);

  /// Whether the token is good for the run. kUnauthorized.
  Result<> may_read(const net::Request& head) const;
  /// What is to be answered.
  Task<Result<Json>> create(const net::Request& request, Asker asker);
  Task<Result<>> take_steps(const net::Request& request, Asker asker);
  Task<Result<net::Response>> output(const net::Request& request);
  /// RealtimeServer::stream; of a run that has ended, how.
  Task<Result<net::Response>> listen(const net::Request& request);

 private:
  const OutputTokens tokens_;
  const Rooms rooms_;
};

}  // namespace synap::inngest
