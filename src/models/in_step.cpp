#include "models/in_step.h"

#include <fmt/format.h>

#include <memory>

#include "events/trace.h"

namespace synap::models {
namespace {

// What the step remembers of a call until it is settled, or that it is not to be made again.
struct Memo {
  std::optional<Answer> answer;
  std::optional<KeptCall> kept;
  std::optional<std::string> failure = std::nullopt;  // for good: as a step's error
  std::optional<Json> details = std::nullopt;         // of that one
};
const ObjectSchema<Memo>& describe(Type<Memo>) {
  static const auto schema = object<Memo>("ModelCallMemo")
                                 .field("answer", &Memo::answer, schema_of<Answer>())
                                 .field("kept", &Memo::kept, schema_of<KeptCall>())
                                 .field("failure", &Memo::failure, string())
                                 .field("details", &Memo::details, any());
  return schema;
}

Memo failed(const Error& error) {
  Memo memo{.failure = workers::error_json(error)};
  if (error.details != nullptr) memo.details = *error.details;
  return memo;
}

Error error_in(Memo memo) {
  auto error = workers::error_from_json(*memo.failure);
  if (memo.details) error.details = std::make_shared<const Json>(*std::move(memo.details));
  return error;
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
                                      OnBehalf behalf, std::stop_token stop) {
  // Of a call that was made now: settles it where the commit below does not come to it, since the
  // run was cancelled meanwhile, or the branch of a race given up.
  std::unique_ptr<OpenCall> open;
  auto called = co_await step.run<Memo>(id, [&]() -> Task<Result<Memo>> {
    auto caller = caller_of(event, step.run_id(), behalf);
    const bool is_tried_once = ask.time_max.has_value();
    auto done = co_await models.generate_open(std::move(caller), std::move(ask), stop, hear);
    // What could not be stored was not asked.
    const bool is_answer = !done && done.error().fault == Fault::kNone;
    if (is_answer && (is_tried_once || is_unfit(done.error()))) {
      co_return failed(done.error());
    }
    if (!done) co_return fail(done.error());
    open = std::make_unique<OpenCall>(std::move(done->call));
    // It is settled by the commit below, which stores this memo; if the process ends before that,
    // nobody has the answer, and the next start settles the call.
    co_return Memo{std::move(done->answer), open->kept()};
  });
  if (!called) co_return fail(called.error());
  if (called->failure) co_return fail(error_in(*std::move(called)));
  auto settled =
      co_await settle(step, fmt::format("{} (account)", id), models.account(), *called->kept);
  if (!settled) co_return fail(settled.error());
  if (open != nullptr) std::ignore = open->release();
  co_return *std::move(called->answer);
}

}  // namespace synap::models
