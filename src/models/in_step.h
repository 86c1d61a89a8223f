// A model's answer as a step of a run (workers/step.h), for handlers that may be interrupted
// anywhere.
//
//   auto answer = co_await models::generate_in_step(step, "summary", models, event, ask);
//   if (!answer) co_return Outcome::failed(answer.error());
#pragma once

#include <stop_token>
#include <string_view>

#include "models/models.h"
#include "workers/step.h"

namespace synap::models {

/// On whose account a run of an agent asks, besides its user's, and what was left out of it: as
/// Caller has them.
struct OnBehalf {
  std::optional<Uuid> chain = std::nullopt;
  std::optional<std::string> key = std::nullopt;
  std::int64_t secrets = 0;
};

/// Asks for the user of `event`, whose run this is. The answer and model.called are stored in one
/// transaction: a call that was finished is never made again, whatever interrupts the run. One that
/// was cut short is made again, and both are in the account. Errors are those of generate(); what
/// can go away is tried again by the step, as often as the function's retries allow. `hear` is told
/// the pieces of each try, and nothing of a call that was finished before. `stop`: nobody wants the
/// answer any more.
Task<Result<Answer>> generate_in_step(workers::Step& step, std::string id, Models& models,
                                      const events::Event& event, Ask ask,
                                      Models::Hear hear = nullptr, OnBehalf behalf = {},
                                      std::stop_token stop = {});

/// For whom a run's calls are: of its user's budget, and of no key's but that of `behalf`.
Caller caller_of(const events::Event& event, const Uuid& run_id, OnBehalf behalf = {});

}  // namespace synap::models
