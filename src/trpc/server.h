// The tRPC v11 wire (trpc.io; no relation to Tencent's tRPC-Cpp): a ProcedureTable served over
// HTTP, JSON Lines, Server-Sent Events and WebSocket, as @trpc/server 11.25.2 serves a router.
//
//   GET  {base}/{path}?input={JSON}       query, and subscription over SSE
//   POST {base}/{path}  JSON body         mutation
//   GET  {base}/{path},{path}?batch=1     batch: an array of answers; 207 if their statuses differ
//   WebSocket at {base}                   one JSON value a text frame
//
// Deliberate differences from the official server, each of which its clients accept:
//   - who is not known is told so from the head of his request, before its body is read, and for
//     all calls of a batch, those included that would need no caller (Options::identify);
//   - every error, also one that concerns the whole request, has content-type application/json;
//   - an exception's own text never leaves the process;
//   - a limit on batch size is always on, over HTTP and over WebSocket, as is one on calls in
//   flight;
//   - data.details of an error has what an Error knows besides issues, as a conflict's version;
//   - JSONL needs two lines less for each call, as nothing but a stream is sent in parts;
//   - an undefined item over SSE is null (the official `data: undefined` breaks its own client);
//   - a PONG waits up to 250 ms for the "stopped" of a stop before its PING (the client's fence);
//   - a query or mutation over WebSocket is stopped too when its connection ends;
//   - a server that stops says "reconnect" and ends streams without "return" or "stopped", so that
//     clients resume;
//   - pages of other origins than the allowed ones may open no WebSocket and post no form
//     (net/origins.h).
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/metrics.h"
#include "base/task.h"
#include "base/world.h"
#include "net/http.h"
#include "net/origins.h"
#include "rpc/origin.h"
#include "rpc/procedure.h"

namespace synap::trpc {

struct DecodedRequest;

/// What is known of a request when its context is made. Of a WebSocket it is its upgrade request.
struct RequestInfo : rpc::Origin {
  bool is_batch = false;
  std::string accept = {};  // "application/jsonl" or empty
};

struct Options {
  World& world = real_world();
  std::string base_path = "/trpc";
  std::size_t batch_max = 100;
  bool method_override = false;  // queries and subscriptions by POST too
  bool allow_batching = true;
  /// Adds data.zodError {formErrors, fieldErrors} | null to errors.
  bool zod_error = true;
  std::chrono::milliseconds sse_ping{15'000};          // 0: none
  std::chrono::milliseconds sse_duration_max{0};       // 0: no limit; then the client resumes
  std::chrono::milliseconds sse_client_inactivity{0};  // 0: not said
  std::chrono::milliseconds jsonl_ping{0};             // 0: none
  std::chrono::milliseconds websocket_keepalive{0};    // 0: no server PING
  std::chrono::milliseconds websocket_pong_wait{5'000};
  std::size_t websocket_queue_bytes_max = 1 << 20;  // what may wait for a slow reader
  std::size_t websocket_calls_max = 1000;           // in flight on one connection
  /// Bytes of the queries and mutations in flight on one connection: beyond, it is not read. Those
  /// of subscriptions, which may never end, are refused.
  std::size_t websocket_call_bytes_max = 4 << 20;
  /// Calls in one message. Nothing: batch_max. A client that reconnects sends all its subscriptions
  /// in one, so less than websocket_calls_max would end those that were begun one by one.
  std::optional<std::size_t> websocket_batch_max;
  /// From where a browser's page may open a WebSocket or send a form.
  net::Origins origins{};
  /// Counts those that were refused for that; outlives the server.
  Counter* origins_refused = nullptr;
  std::function<Task<Result<std::shared_ptr<const rpc::Context>>>(const RequestInfo&)>
      create_context;
  /// Who calls, from the head of a request alone, or why nobody knows who he is. Then he gets no
  /// further than that, unless all he asks for is public. Without this everybody is known, and on
  /// one account.
  std::function<Result<rpc::Caller>(const rpc::Origin&)> identify;
};

class Server final : public net::Handler {
 public:
  /// `procedures` must outlive the server.
  Server(Options options, const rpc::ProcedureTable& procedures);
  ~Server() override;

  Task<net::Admission> admit(const net::Request& head) override;
  Task<net::Response> serve(const net::Request& request) override;
  std::optional<net::Response> refuse_upgrade(const net::Request& request) override;
  Task<void> serve_websocket(const net::Request& request, net::WebSocket& socket) override;
  net::Response refusal(const Error& error) override { return error_response(error); }

  /// Asks every client on a WebSocket to open a new one and to resume there. Any thread may call.
  void ask_to_reconnect() const;

  /// An error of the whole request in the wire's shape: also for what never reaches serve().
  static net::Response error_response(const Error& error);

 private:
  Result<rpc::Caller> identify(const net::Request& request) const;
  Task<net::Response> answer(DecodedRequest decoded,
                             Result<std::shared_ptr<const rpc::Context>> context,
                             const net::Request& request) const;

  Options options_;
  const rpc::ProcedureTable& procedures_;
  std::unique_ptr<Watermark> reconnects_;  // how often clients were asked to reconnect
};

}  // namespace synap::trpc
