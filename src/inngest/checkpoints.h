// Checkpoints: an app that is called goes on by itself from step to step, and tells of each as it
// is done, while its call is still open. What it tells is stored at once, by the claim of that
// call.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/json.h"
#include "base/task.h"
#include "bus/job.h"
#include "inngest/defers.h"
#include "inngest/reply.h"
#include "workers/op.h"
#include "workers/run_store.h"

namespace synap::inngest {

/// What is stored of a step that is done; nothing: it is not, and whoever was told goes on with it.
std::optional<workers::StepResult> result_of(const ReportedOp& op);

/// A call that is open. Any thread.
class OpenCall {
 public:
  /// `number` is of this call alone. What the run has `deferred` is not among the memos of `stored`
  /// any more.
  OpenCall(const bus::Job& job, const workers::StoredResults& stored, DeferCounts deferred,
           std::int64_t number)
      : job_(job),
        number_(number),
        deferred_(deferred),
        next_place_(stored.next_place),
        memo_bytes_(stored.memo_bytes),
        told_at_(job.began_at) {}

  /// What the app shows with a checkpoint, to say of which call it is.
  std::string token() const;
  const bus::Job& job() const { return job_; }

  /// What was stored meanwhile, each once: for whoever made the call.
  std::vector<workers::StepResult> take();

  /// The results that a checkpoint's list has, each with its place among the run's. kBadRequest;
  /// kPayloadTooLarge: the run may keep no more.
  Result<std::vector<workers::StepResult>> reserve(const Json& steps, std::int64_t unix_ms);

 private:
  friend class Checkpoints;
  void add(std::vector<workers::StepResult> results);

  const bus::Job job_;
  const std::int64_t number_;
  std::mutex mutex_;
  DeferCounts deferred_;
  int next_place_;
  std::int64_t memo_bytes_;
  std::int64_t told_at_;                     // Unix ms: when it last told something
  std::map<workers::StepHash, int> places_;  // of what was told before
  std::vector<workers::StepResult> stored_;
};

/// Any thread.
class Checkpoints {
 public:
  /// `runs` must outlive it.
  explicit Checkpoints(workers::RunStore& runs) : runs_(runs) {}

  std::shared_ptr<OpenCall> begin(const bus::Job& job, const workers::StoredResults& stored,
                                  DeferCounts deferred);
  void end(const OpenCall& call);

  /// The body of a checkpoint, {"qi_id","steps"}. kNotFound: no call of the run is open; kConflict:
  /// another is, or has taken its place; kPayloadTooLarge; kBadRequest.
  Task<Result<>> store(std::string user_id, Uuid run_id, Json body);

 private:
  workers::RunStore& runs_;
  std::mutex mutex_;
  std::unordered_map<Uuid, std::shared_ptr<OpenCall>> open_;
  std::int64_t begun_count_ = 0;
};

}  // namespace synap::inngest
