// EndpointRuns: runs of endpoints, from when an app makes one until it is the pod's.
//
// An app answers a request, and goes on by itself from step to step. What it has done it tells, and
// the first time it does so makes the run. While it goes on the run's job waits until the app has
// been silent for so long that it must be gone; each time it tells something, that begins anew:
//
//   the app tells of              the run
//   steps that are done           has them, and is the app's for as long again
//   its end                       has completed, or failed
//   anything else (a sleep, a     is the pod's: it goes on as every run does, by calls of the
//   wait, an error, ...)          endpoint (endpoint_transport.h), and the app has no say any more
//   nothing, for silence_max      the same, from the last step that it told of
//
// What is told again changes nothing.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/task.h"
#include "db/database.h"
#include "events/types.h"
#include "inngest/apps.h"
#include "inngest/asker.h"
#include "inngest/endpoints/http_request.h"
#include "inngest/reply.h"
#include "workers/engine.h"

namespace synap::inngest {

struct EndpointRunsOptions {
  std::chrono::milliseconds silence_max = std::chrono::minutes(10);
};

class EndpointRuns {
 public:
  static std::vector<db::Database::Migration> migrations();

  /// All must outlive it.
  struct Rooms {
    workers::Engine& engine;
    const events::EventTypes& types;
    Apps& apps;
  };
  EndpointRuns(EndpointRunsOptions options, Rooms rooms) : options_(options), rooms_(rooms) {}

  /// Of what an app reports: ops, each with the hash of its step. kBadRequest: they are none.
  static Result<std::vector<ReportedOp>> read_ops(const Json* steps);

  struct NewRun {
    Uuid id;
    Uuid id_of_app;  // as the app has made it (parse_foreign_id)
    HttpRequest request;
    int retries_max = 0;
    std::string sdk = {};  // "js:v4.24.0"
    std::vector<ReportedOp> ops;
  };
  struct Created {
    bus::FunctionPtr function;
  };
  /// kConflict: there is a run of this id, for another request; and as tell().
  Task<Result<Created>> create(Asker asker, NewRun asked);
  /// kNotFound: the user has no such run. kConflict: it is not the app's any more.
  /// kPayloadTooLarge: of what a run may keep this is too much; it has failed.
  Task<Result<>> tell(Asker asker, Uuid run_id, std::vector<ReportedOp> ops);

  /// Within a transaction: a run has ended.
  static void forget(db::Tx& tx, const bus::Job& job);

 private:
  enum class Stored : std::uint8_t { kYes, kTooMuch };
  Task<Result<bool>> make(const Asker& asker, const NewRun& asked, bus::FunctionPtr function);
  Task<Result<>> look_at_repeat(Asker asker, const NewRun& asked);
  Task<Result<Stored>> store(const bus::Job& job, const std::vector<ReportedOp>& ops);
  Task<Result<>> hand_over(bus::Job job, std::vector<ReportedOp> ops);
  Task<Result<>> check_told(const bus::Job& job, const std::vector<ReportedOp>& ops);
  Task<Result<bus::Job>> find(std::string user_id, Uuid run_id);

  const EndpointRunsOptions options_;
  const Rooms rooms_;
};

}  // namespace synap::inngest
