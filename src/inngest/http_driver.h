// HttpDriver: calls a function that an app of an Inngest SDK serves over HTTP.
//
// A call of the driver goes on for as long as the run can: it asks the app what is next, stores
// what was done, and asks again, until the run is over or waits. Where the app finds several steps
// at once, it plans them, and each is then asked for by itself, at the same time.
//
//   app answers                    the run
//   nobody listens there           waits, and spends no attempt (an outage)
//   broke off, 5xx, no SDK, HTML   the attempt has failed; again after 15 s, 30 s, 1 min, ... or as
//                                  Retry-After says
//   400 or no-retry                is given up
//   more than 8 MiB                is given up: another attempt would do everything again
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/types.h"
#include "inngest/checkpoints.h"
#include "inngest/signature.h"
#include "outbound/client.h"
#include "workers/driver.h"
#include "workers/run_store.h"

namespace synap::inngest {

/// Where one function is served.
struct HttpFunction {
  std::string id;   // on the bus
  std::string url;  // as it was registered, with its query
  SigningKey key;
  int retries_max = 4;
  /// Between two attempts, instead of the usual delays: for development.
  std::optional<std::chrono::milliseconds> retry_interval;
  std::chrono::milliseconds timeout = std::chrono::hours(2);  // of one request
};

/// What all drivers use. All must outlive them.
struct HttpCalls {
  outbound::Client& client;
  outbound::Client& gateway;  // of what the pod asks for apps (gateway.h)
  workers::RunStore& runs;
  const events::EventTypes& types;
  Checkpoints& checkpoints;
};

class HttpDriver final : public workers::Driver {
 public:
  HttpDriver(HttpFunction function, HttpCalls shared);
  Task<workers::Answer> call(workers::Call call) override;

 private:
  friend class HttpCall;

  const HttpFunction function_;
  const HttpCalls shared_;
  const std::string function_id_;  // as apps are told it: a UUID
  std::atomic<int> version_{-1};   // of the protocol, as the app has answered it
};

/// The id by which apps are told a function: a UUID, which follows from that on the bus.
std::string http_function_id(std::string_view bus_id);

/// How long until attempt `attempt` + 1, from 0; `random` is in [0, 1).
std::int64_t http_retry_delay_ms(int attempt, double random);

}  // namespace synap::inngest
