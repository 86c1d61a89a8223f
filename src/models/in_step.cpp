#include "models/in_step.h"

#include <fmt/format.h>

#include "events/trace.h"

namespace synap::models {
namespace {

// What the step remembers of a call until it is settled.
struct Memo {
  Answer answer;
  KeptCall kept;
};
const ObjectSchema<Memo>& describe(Type<Memo>) {
  static const auto schema =
      object<Memo>("ModelCallMemo").field("answer", &Memo::answer).field("kept", &Memo::kept);
  return schema;
}

// Of its own, and not taken in by the compiler: the frame of generate_in_step waits for as long as
// an answer lasts.
[[gnu::noinline]] Task<Result<>> settle(workers::Step& step, std::string id, Account& account,
                                        const KeptCall& kept) {
  auto appended = account.event_of(kept);
  if (!appended) co_return fail(appended.error());
  auto settled = co_await step.commit(
      id, [&account, call_id = kept.call.call_id, event = *std::move(appended)](db::Tx& tx) {
        account.settle(tx, call_id, event);
      });
  if (!settled) co_return fail(settled.error());
  co_return Result<>{};
}

}  // namespace

Caller caller_of(const events::Event& event, const Uuid& run_id, OnBehalf behalf) {
  Caller caller{.chain = behalf.chain, .key = std::move(behalf.key), .secrets = behalf.secrets};
  auto& envelope = caller.envelope;
  envelope.user_id = event.user_id;
  envelope.source = events::Source::kSystem;
  envelope.actor = events::Actor::run(run_id);
  envelope.correlation_id = event.correlation_id;
  envelope.causation_id = event.id;
  events::set_trace_of_run(envelope, event, run_id);
  return caller;
}

Task<Result<Answer>> generate_in_step(workers::Step& step, std::string id, Models& models,
                                      const events::Event& event, Ask ask, Models::Hear hear,
                                      OnBehalf behalf) {
  auto called = co_await step.run<Memo>(id, [&]() -> Task<Result<Memo>> {
    auto caller = caller_of(event, step.run_id(), behalf);
    auto done = co_await models.generate_open(std::move(caller), std::move(ask), {}, hear);
    if (!done) co_return fail(done.error());
    // From here on it is settled by the commit below, which stores this memo; if the process ends
    // before that, nobody has the answer, and the next start settles the call.
    co_return Memo{std::move(done->answer), done->call.release()};
  });
  if (!called) co_return fail(called.error());
  auto settled =
      co_await settle(step, fmt::format("{} (account)", id), models.account(), called->kept);
  if (!settled) co_return fail(settled.error());
  co_return std::move(called->answer);
}

}  // namespace synap::models
