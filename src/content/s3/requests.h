// S3Requests: requests to one bucket, signed, tried again where that helps, and none where the
// server is away (breaker.h).
//
// What fails comes to one of two ends, both kServiceUnavailable with Fault::kGone, so that whoever
// works on in the background waits and spends no attempt:
//   the server is away, slow or at its limit   tried again some times, then the error
//   it refuses: keys, bucket, region, clock    the error at once, since asking again changes
//   nothing
// What an operator has to mend stands in the log and in problem(). No text of either has a key.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/task.h"
#include "base/world.h"
#include "content/s3/address.h"
#include "content/s3/breaker.h"
#include "content/s3/signature.h"
#include "outbound/client.h"

namespace synap::content {

/// One request.
struct S3Request {
  std::string method = "GET";
  std::string name = {};  // of the object; "": of the bucket
  S3Query query = {};
  outbound::Headers headers = {};                // names in lower case
  std::shared_ptr<const std::string> body = {};  // null: none
  /// Of one attempt, beside what its body takes.
  std::chrono::seconds attempt_max{10};
  /// Statuses that are an answer to the caller, beside those of success.
  std::vector<int> expected = {};
};

class S3Requests {
 public:
  // With 200, 400 and 800 ms between them: a server that is restarted is not worth more, since what
  // fails here is done again by whoever wanted it.
  static constexpr int kAttemptsMax = 4;
  // None begins later than this behind the first, however long each took.
  static constexpr std::chrono::seconds kPatience{15};

  /// `world` must outlive it. kBadRequest: a setting is wrong.
  static Result<std::unique_ptr<S3Requests>> make(const S3Settings& settings, World& world);

  /// The answer: of success, or with a status that is expected.
  Task<Result<outbound::Response>> send(S3Request request);

  // For an answer that is read as it comes, piece by piece: the parts of send().

  /// None: the server is not to be asked now.
  Breaker::Leave ask();
  Stream<outbound::Chunk, Result<outbound::End>> stream(const S3Request& request);
  /// Why there is no answer, if there is none.
  struct Failure {
    Error error;
    bool is_worth_another = false;  // attempt
    bool is_outage = false;         // rather than a refusal
  };
  std::optional<Failure> judge(const S3Request& request, const Result<outbound::Response>& answer);
  /// Waits before the attempt behind this one. False: there is to be none.
  Task<bool> wait(int attempt, SteadyClock::time_point began);
  /// While the server is away.
  Error away();

  /// A URL by which whoever has it may do this one thing for `valid_for`.
  std::string presigned(const S3Request& request, std::chrono::seconds valid_for);

  /// Ends what is under way, and all that comes.
  void close() { closing_.request_stop(); }
  /// What an operator has to mend: of the last failure, "" behind a success. Any thread.
  std::string problem() const;
  /// "pod-content at https://minio.lan:9000"
  std::string place() const;
  World& world() { return world_; }
  const std::string& prefix() const { return settings_.prefix; }

 private:
  S3Requests(S3Settings settings, S3Address address, World& world);
  outbound::Request to_send(const S3Request& request) const;
  S3Signed to_sign(const S3Request& request) const;
  Error told(std::string problem);
  std::string refusal(const outbound::Response& answer, std::string_view method) const;

  const S3Settings settings_;
  const S3Address address_;
  World& world_;
  const S3Signer signer_;
  Breaker breaker_;
  std::stop_source closing_;
  mutable std::mutex mutex_;
  std::string problem_;      // under mutex_
  outbound::Client client_;  // last: its thread goes first
};

}  // namespace synap::content
