// Endpoint: /api/inngest, where this program's functions are an app of an Inngest server.
//
//   GET    what there is, for whoever signs; in development for everybody here
//   PUT    out of band: the functions are registered with the server (relay.h)
//          in band (x-inngest-sync-kind): they are the answer
//   POST   ?fnId=&stepId=  a call of a function (served_call.h); ?probe=trust  whether keys match
//
// With a signing key calls must be signed with it, by a clock that is less than five minutes off,
// and answers are. Without one, which --dev alone allows, only this machine may call.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/metrics.h"
#include "inngest/serve/relay.h"
#include "inngest/serve/served_call.h"
#include "inngest/serve/served_functions.h"
#include "inngest/serve/upstream.h"
#include "net/http.h"
#include "workers/engine.h"

namespace synap::inngest {

struct EndpointOptions {
  bool is_dev = false;
  std::string public_url = {};  // of the pod, whose own pages are none of another origin
};

class Endpoint final : public net::Handler {
 public:
  /// All must outlive it.
  struct Rooms {
    workers::Engine& engine;
    const events::EventTypes& types;
    const ServedFunctions& functions;
    ServedStore& store;
    Upstream& upstream;
    Relay& relay;
  };
  Endpoint(EndpointOptions options, Rooms rooms) : options_(std::move(options)), rooms_(rooms) {}

  Task<net::Admission> admit(const net::Request& head) override;
  Task<net::Response> serve(const net::Request& request) override;
  std::optional<net::Response> refuse_upgrade(const net::Request& request) override;
  Task<void> serve_websocket(const net::Request& request, net::WebSocket& socket) override;
  net::Response refusal(const Error& error) override;

  /// Calls that were answered. Any thread.
  struct Counts {
    Counter returned;
    Counter stepped;    // 206
    Counter failed;     // 400 and 500
    Counter forbidden;  // with a wrong signature, or none
    Histogram took = Histogram::of_latency();
  };
  const Counts& counts() const { return counts_; }

 private:
  Result<> check_signature(const net::Request& request) const;
  Task<CallAnswer> call(const net::Request& request);
  Task<net::Response> sync(const net::Request& request, bool is_signed);
  net::Response introspect(bool is_signed) const;
  net::Response in_band() const;
  Json inspection() const;
  net::Response made(int status, std::string body) const;
  net::Response unauthorized(std::string_view why);

  const EndpointOptions options_;
  const Rooms rooms_;
  Counts counts_;
  std::atomic<std::int64_t> asked_at_{0};  // Unix ms, by somebody who did not sign
};

}  // namespace synap::inngest
