#include "workers/handler.h"

namespace synap::workers {

Outcome Outcome::done(std::string output) {
  Outcome outcome;
  outcome.output_ = std::move(output);
  return outcome;
}

Outcome Outcome::failed(Error error) {
  Outcome outcome = failed_for_good(std::move(error));
  outcome.may_retry_ = outcome.error_.is_retriable();
  return outcome;
}

Outcome Outcome::failed_for_good(Error error) {
  Outcome outcome;
  outcome.kind_ = Kind::kFailed;
  outcome.error_ = std::move(error);
  return outcome;
}

Outcome Outcome::failed_retry_in(Error error, std::int64_t delay_ms) {
  Outcome outcome = failed_for_good(std::move(error));
  outcome.may_retry_ = true;
  outcome.retry_delay_ms_ = delay_ms;
  return outcome;
}

}  // namespace synap::workers
