// AppDriver: calls a function of an app that is written with an Inngest SDK, by whichever transport
// reaches it.
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
#include "inngest/reply.h"
#include "inngest/transport.h"
#include "outbound/client.h"
#include "workers/driver.h"
#include "workers/run_store.h"

namespace synap::inngest {

struct AppDriverOptions {
  std::string id;  // of the function, on the bus
  int retries_max = 4;
  /// Between two attempts, instead of the usual delays: for development.
  std::optional<std::chrono::milliseconds> retry_interval;
};

/// What all drivers use. All must outlive them.
struct AppCalls {
  outbound::Client& gateway;  // of what the pod asks for apps (gateway.h)
  workers::RunStore& runs;
  const events::EventTypes& types;
  Checkpoints& checkpoints;
};

class AppDriver final : public workers::Driver {
 public:
  AppDriver(AppDriverOptions function, std::shared_ptr<Transport> transport, AppCalls shared);
  Task<workers::Answer> call(workers::Call call) override;
  /// What a call came to that the app has made by itself, as `report` has it: its ops.
  Task<workers::Answer> take(workers::Call call, Reply report);

 private:
  friend class AppCall;

  const AppDriverOptions function_;
  const std::shared_ptr<Transport> transport_;
  const AppCalls shared_;
  const std::string function_id_;  // as apps are told it: a UUID
  std::atomic<int> version_{-1};   // of the protocol, as the app has answered it
};

/// The id by which apps are told a function: a UUID, which follows from that on the bus.
std::string app_function_id(std::string_view bus_id);

/// How long until attempt `attempt` + 1, from 0; `random` is in [0, 1).
std::int64_t app_retry_delay_ms(int attempt, double random);

}  // namespace synap::inngest
