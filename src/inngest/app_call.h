// AppCall: one call of an AppDriver, from where the run stands to where it must wait. Private to
// the driver.
#pragma once

#include <deque>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/task.h"
#include "base/timer.h"
#include "inngest/app_driver.h"
#include "inngest/defers.h"
#include "inngest/reply.h"
#include "workers/driver.h"

namespace synap::inngest {

class AppCall {
 public:
  AppCall(AppDriver& driver, workers::Call call);
  AppCall(const AppCall&) = delete;
  AppCall& operator=(const AppCall&) = delete;

  Task<workers::Answer> carry_out();
  /// Of an app that has called its function by itself and tells what that has come to.
  Task<workers::Answer> carry_out(Reply report);

 private:
  // Whether the run goes on in this call.
  enum class Then : std::uint8_t { kGoOn, kStop };
  // What came back of one request.
  struct Reached {
    Reply reply;
    std::optional<Error> outage;
    bool is_lost = false;       // it is to be asked anew, at once
    std::int64_t began_at = 0;  // Unix ms, when it was asked
  };
  // A planned step, or a request of the pod's, that is under way. It stays where it is.
  struct InFlight {
    ReportedOp op;
    std::optional<Reached> reached = std::nullopt;
    Task<void> task = {};
  };

  Task<workers::Answer> come_to_an_end();
  Task<Result<>> load_events();
  Task<Result<>> end_what_is_due();
  Task<Then> discover();
  Task<void> do_planned(std::vector<ReportedOp> planned);
  void begin_planned();
  Task<void> fly(InFlight& one);
  void land();
  Task<Result<>> wait_for_landing();
  Task<Result<>> look_again();
  Task<Result<>> store_begun();
  Task<Result<>> begin_deferred();
  bool is_last_failure() const;
  void take_defer(const ReportedOp& op);
  void note_race(const ReportedOp& op);
  bool is_under_way(const workers::StepHash& hash) const;
  std::optional<std::chrono::milliseconds> patience() const;
  Task<Reached> ask_with_checkpoints();
  Task<Reached> ask(std::optional<workers::StepHash> step, int attempt, std::string token = {});
  Reached not_asked(const Error& error) const;
  Task<Reached> ask_gateway(const ReportedOp& op);
  Task<Result<>> save();
  Task<Result<>> confirm();

  void take(const ReportedOp& op, const Reply& reply);
  void take_planned(const ReportedOp& planned, const Reached& reached);
  void take_ops(const ReportedOp& planned, const Reply& reply);
  void put_planned(const ReportedOp& planned);
  bool has_unstored_waits() const;
  void take_failure(const ReportedOp& op, const Reply& reply);
  void begin_sleep(const ReportedOp& op);
  void begin(const ReportedOp& op, std::string_view timeout, workers::PendingStep wait);
  void begin_wait(const ReportedOp& op);
  void begin_invoke(const ReportedOp& op);
  void begin_signal_wait(const ReportedOp& op);
  void remember(const ReportedOp& op, workers::OpCode code, std::string memo);
  void refuse(const ReportedOp& op, const std::string& why);
  void put_pending(workers::PendingStep step);
  Then fail_run(const Reply& reply);
  Then stop_for(const Error& error);
  void exceed(std::string message);

  const workers::PendingStep* begun(const workers::StepHash& hash) const;
  bool is_waiting(const workers::StepHash& hash) const;
  bool has_waiting() const;
  int attempt_now() const;
  std::int64_t retry_delay(const Reply& reply, int attempt) const;

  AppDriver& driver_;
  const bus::Job& job_;
  workers::StoredResults stored_;            // and what is done in this call
  const events::Event& happened_;
  const std::vector<events::EventRef> batch_;
  std::vector<Json> events_;  // as the app sees them; one at least
  std::int64_t now_;          // by the clock of jobs, when it was looked at last
  workers::Answer answer_;
  std::optional<Json> output_;
  bool has_failed_ = false;
  int exhausted_attempts_ = 0;  // at the step that failed for good last, if nothing was done since
  std::int64_t asked_at_ = 0;   // Unix ms: when what is taken now was asked
  Defers defers_;
  bool has_stored_begun_ = false;  // something is stored as begun that this call has begun
  bool is_racing_ = false;         // some step of this call races others
  bool has_news_ = false;          // the app is to be asked while something is under way
  int taken_count_ = 0;            // how often something was done or begun
  std::deque<ReportedOp> planned_;
  std::int64_t landed_count_ = 0;
  std::int64_t landed_seen_ = 0;
  Watermark landed_;
  std::list<InFlight> in_flight_;  // last: its tasks use all of the above
};

}  // namespace synap::inngest
