// RunOutputs: what runs of endpoints have come to, for whoever made the request: an app whose run
// goes on without it sends them here, and they wait until it has ended.
//
// Who asks shows a token, which is bound to the run and to a time; nothing else is asked of them.
// What is answered is the app's: it has no part in the pod's own pages, whatever it says it is.
//
//   token   <Unix seconds until which it is good>.<HMAC-SHA256 of the run and them, in base64url>
#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/task.h"
#include "inngest/endpoints/run_ends.h"
#include "net/http.h"
#include "workers/run_store.h"

namespace synap::inngest {

/// Where the outputs of runs are asked for. A value.
class OutputTokens {
 public:
  static constexpr std::int64_t kSecondsMax = 7 * 24 * 60 * 60;

  /// `secret` is the pod's; other uses of it have other keys.
  explicit OutputTokens(std::string_view secret);

  std::string make(const Uuid& run_id, std::int64_t unix_seconds) const;
  /// kUnauthorized: it is none of this run's, or has expired.
  Result<> check(const Uuid& run_id, std::string_view token, std::int64_t unix_seconds) const;

 private:
  std::string sign(const Uuid& run_id, std::string_view expires) const;

  const std::string key_;
};

struct RunOutputsOptions {
  std::chrono::milliseconds wait_max = std::chrono::minutes(5);
};

class RunOutputs {
 public:
  /// All must outlive it.
  RunOutputs(RunOutputsOptions options, workers::RunStore& runs, RunEnds& ends)
      : options_(options), runs_(runs), ends_(ends) {}

  /// The answer, once the run has ended; 202 if it has not for wait_max. kNotFound: it is gone;
  /// kTooManyRequests; kServiceUnavailable: `gone` was asked for.
  Task<Result<net::Response>> wait(Uuid run_id, std::stop_token gone);
  /// The last event of what the run streams, as an SDK would write it, if it has ended.
  Task<Result<std::optional<std::string>>> last_event(Uuid run_id);
  /// The same of one that ends so. Empty: it has completed, and the app says so itself.
  static std::string last_event(const workers::EndOfRun& end);

 private:
  struct Run {
    std::string user_id;
    std::string status;
    std::string output;
    std::string error;
  };
  Task<Result<Run>> look(Uuid run_id);
  static std::optional<net::Response> answer_of(const Run& run);

  const RunOutputsOptions options_;
  workers::RunStore& runs_;
  RunEnds& ends_;
};

}  // namespace synap::inngest
