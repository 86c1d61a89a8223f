#include "workers/local_driver.h"

#include <fmt/format.h>

#include "workers/step.h"

namespace synap::workers {
namespace {

Outcome failure_of(std::string_view thrown) {
  // Tried again, although the code says that it would not help: nobody knows what was thrown.
  return Outcome::failed_retry_in(
      {Code::kInternalServerError, fmt::format("The handler threw: {}", thrown), nullptr},
      Outcome::kUsualDelay);
}

Task<void> handle(EventHandler& handler, const events::Event& event, Step& step, StepCall& steps,
                  std::optional<Outcome>& outcome) {
  try {
    outcome = co_await handler.handle(event, step);
  } catch (const std::exception& thrown) {
    outcome = failure_of(thrown.what());
  } catch (...) {
    outcome = failure_of("something that is no std::exception");
  }
  steps.note_turn();
}

// What an outcome says that no step has.
void add_outcome(Answer& answer, const Outcome& outcome, const StepCall& steps) {
  if (outcome.kind() == Outcome::Kind::kDone) {
    answer.kind = Answer::Kind::kDone;
    answer.output = outcome.output();
    answer.is_stored = steps.has_finished();
    return;
  }
  answer.kind = Answer::Kind::kFailed;
  answer.error = outcome.error();
  answer.step_attempts = steps.exhausted_attempts();
  // A failed step has used its retries up already: its handler's failing is final.
  answer.may_retry = outcome.may_retry() && answer.step_attempts == 0;
  if (outcome.retry_delay_ms() >= 0) answer.retry_delay_ms = outcome.retry_delay_ms();
  if (is_outage(outcome.error())) answer.outage = outcome.error();
}

// Who waits for what is known by the node that leads: it calls again, and begins the wait.
void leave_waits_to_leader(Answer& answer) {
  answer.is_for_leader = std::erase_if(answer.pending, [](const PendingStep& step) {
                           return step.wait.has_value() || step.signal.has_value();
                         }) > 0;
}

}  // namespace

Task<Answer> LocalDriver::call(Call call) {
  return carry_out(std::move(call), nullptr);
}

Task<Answer> LocalDriver::serve(Call call, ServedRun& run) {
  return carry_out(std::move(call), &run);
}

Task<Answer> LocalDriver::carry_out(Call call, ServedRun* served) {
  StepCall steps(store_, call.job, call.event, std::move(call.stored), std::move(call.events),
                 served);
  Step step(steps);
  Answer answer;
  std::optional<Outcome> outcome;
  {
    // Goes, with all that it has begun, at the end of this block: where it stands still, if steps
    // park. Nothing of it may go on beside what settles the run.
    auto handling = handle(*handler_, call.event, step, steps, outcome);
    handling.count(steps);
    handling.start();
    do {
      while (!outcome && !steps.is_over()) co_await steps.turn();
    } while (!outcome && steps.begin_chosen());
    answer.planned = steps.planned();
  }
  if (const auto& limit = steps.exceeded_limit()) {
    answer.kind = Answer::Kind::kFailed;
    answer.error = *limit;
  } else if (outcome) {
    add_outcome(answer, *outcome, steps);
  } else {
    answer.outage = steps.outage();
  }
  answer.has_made_progress = steps.has_made_progress();
  answer.results = steps.take_unsaved();
  answer.pending = steps.take_pending();
  if (call.job.is_away) leave_waits_to_leader(answer);
  co_return answer;
}

}  // namespace synap::workers
