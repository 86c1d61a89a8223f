// Transport: how a call of a function reaches its app, and how the answer comes back: over HTTP to
// the app's address (http_transport.h), or to a worker that has connected
// (connect/worker_transport.h). What is asked and what is answered is the same for both.
#pragma once

#include <string>

#include "base/json.h"
#include "base/status.h"
#include "base/task.h"
#include "base/uuid.h"
#include "outbound/http.h"

namespace synap::inngest {

struct AppRequest {
  std::string id;  // unique to it
  Uuid run_id;
  std::string step_id;           // step_id_of()
  std::string token;             // of CallBody; empty: the app answers after each step
  std::string body;              // call_body()
  std::string traceparent = {};  // W3C Trace Context; empty: nobody traces
  const Json* event = nullptr;   // the run's, as the app is shown it
  bool is_planning = false;      // of CallBody
};

class Transport {
 public:
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;

  /// What the app has answered, as HTTP has it (read_reply). kServiceUnavailable: nobody is there,
  /// which is an outage; kBadGateway, kGatewayTimeout: it broke off, and another attempt may do
  /// better; kClientClosedRequest: whoever was asked is gone, and another may be asked at once,
  /// with what is stored by now; every other error will come again.
  virtual Task<Result<outbound::Response>> ask(AppRequest request) = 0;
  /// Whether the app is sent events and steps. False: it asks for them (history.h), and so they are
  /// on disk before it is called.
  virtual bool carries_state() const { return true; }
  /// Where the app is, as people read it: an URL.
  virtual std::string address() const = 0;
};

}  // namespace synap::inngest
