// ServedCall: one call of a function of this program by an Inngest server: finds the event in the
// log, has the function do one step at most, and says what came of it.
//
//   what happens                               Inngest is told
//   the event is none of this pod's log        400, no retry: nobody else may make events
//   the disk is full, busy or gone             a sleep, which spends no attempt
//   a step was done                            206 [StepRun]
//   it has failed                              206 [StepError], or [StepFailed] where it is final
//   several steps are found                    206 [StepPlanned, ...]
//   the function returns                       200; fails: 500, or 400 where it is final
//
// Where a run is given up, the `.failed` event of its request is in the log before that is said.
#pragma once

#include "base/task.h"
#include "inngest/serve/call_answer.h"
#include "inngest/serve/call_request.h"
#include "inngest/serve/relay.h"
#include "inngest/serve/served_functions.h"
#include "inngest/serve/served_store.h"
#include "inngest/serve/upstream.h"
#include "workers/served_run.h"
#include "workers/worker_pool.h"

namespace synap::inngest {

class ServedCall final : public workers::ServedRun {
 public:
  /// All must outlive it.
  struct Rooms {
    workers::RunStore& runs;
    const workers::WorkerPool& pool;
    const events::EventTypes& types;
    const ServedFunctions& functions;
    ServedStore& store;
    Upstream& upstream;
    Relay& relay;
  };
  ServedCall(const Rooms& rooms, ServedFunctions::Served served, CallRequest request);

  /// On the executor of handlers, once.
  Task<CallAnswer> carry_out();

  Task<Result<std::optional<std::string>>> find_commit(workers::StepHash step) override;
  void keep_commit(db::Tx& tx, const workers::StepResult& result, Then then) override;
  Task<Result<Json>> awaited_event(Json memo) override;

 private:
  Task<Result<>> fetch();
  Task<Result<events::EventRef>> find_event(const Json& event);
  Task<CallAnswer> note_failure();
  Task<CallAnswer> answer_of(workers::Answer answer);
  Task<CallAnswer> failure_of(const workers::Answer& answer);
  Task<CallAnswer> ops_of(workers::Answer answer);
  Task<Result<Json>> op_of_pending(const workers::PendingStep& step);
  Task<Result<Json>> wait_op(const workers::PendingStep& step);
  Task<Result<Json>> invoke_op(const workers::PendingStep& step);
  CallAnswer pause() const;
  CallAnswer not_found(const workers::Answer& answer) const;

  const Rooms rooms_;
  const ServedFunctions::Served served_;
  CallRequest request_;
  events::EventRef event_;
  bus::Job job_;
};

}  // namespace synap::inngest
