#include "features/runs/runs.h"

#include "features/functions/functions.h"
#include "features/procedures.h"
#include "features/runs/run_shapes.h"
#include "workers/pending_steps.h"

namespace synap::features::runs {
namespace {

using api::Session;

struct Retried {
  std::string status = "pending";
  std::string run_id;
};
const ObjectSchema<Retried>& describe(Type<Retried>) {
  static const auto schema = object<Retried>("Retried")
                                 .field("status", &Retried::status, one_of({"pending"}))
                                 .field("runId", &Retried::run_id, string().uuid());
  return schema;
}

Task<Result<Retried>> retry(const Rooms& rooms, Session session, RunId input) {
  auto done = co_await rooms.control.retry(functions::person_of(session),
                                           Uuid::parse(input.id).value_or(Uuid{}));
  if (!done) co_return fail(done.error());
  co_return Retried{"pending", input.id};
}

struct Cancelled {
  std::string status = "cancelled";
  std::string run_id;
};
const ObjectSchema<Cancelled>& describe(Type<Cancelled>) {
  static const auto schema = object<Cancelled>("Cancelled")
                                 .field("status", &Cancelled::status, one_of({"cancelled"}))
                                 .field("runId", &Cancelled::run_id, string().uuid());
  return schema;
}

Task<Result<Cancelled>> cancel(const Rooms& rooms, Session session, RunId input) {
  auto done = co_await rooms.workers.cancel(
      session.user_id(), Uuid::parse(input.id).value_or(Uuid{}), session.actor->recorded);
  if (!done) co_return fail(done.error());
  co_return Cancelled{"cancelled", input.id};
}

struct RerunOf {
  std::string id;
  std::optional<std::string> from_step;
  std::optional<RawJson> input;
};
const ObjectSchema<RerunOf>& describe(Type<RerunOf>) {
  static const auto schema =
      object<RerunOf>("RerunOf")
          .field("id", &RerunOf::id, string().uuid(), "The run that is to be done again.")
          .field("fromStep", &RerunOf::from_step, string().min(40).max(40),
                 "The hash of a step that it has done: what was done before that step is taken "
                 "over, and the step is done again. Absent: all is.")
          .field("input", &RerunOf::input, any(),
                 "What that step is given instead: for functions of apps, the list of the step's "
                 "arguments.");
  return schema;
}

struct Rerun {
  std::string status = "pending";
  std::string run_id;
};
const ObjectSchema<Rerun>& describe(Type<Rerun>) {
  static const auto schema = object<Rerun>("Rerun")
                                 .field("status", &Rerun::status, one_of({"pending"}))
                                 .field("runId", &Rerun::run_id, string().uuid(), "The new run.");
  return schema;
}

Task<Result<Rerun>> rerun(const Rooms& rooms, Session session, RerunOf input) {
  workers::RunControl::Rerun how;
  if (input.from_step) how.from_step = workers::hash_from_hex(*input.from_step);
  if (input.input) how.input = std::move(input.input->text);
  auto made = co_await rooms.control.rerun(functions::person_of(session),
                                           Uuid::parse(input.id).value_or(Uuid{}), std::move(how));
  if (!made) co_return fail(made.error());
  co_return Rerun{"pending", made->to_string()};
}

}  // namespace

void add(const Rooms& rooms) {
  const rpc::ErrorMeta no_such{Code::kNotFound, "There is no such run for your events."};
  add_list(rooms);
  add_trace(rooms);
  add_mutation(rooms, "runs.retry",
               {.summary = "Try a dead letter again, with all its attempts, or now what waits.",
                .docs = "Steps that are done stay done. A run that waits for its next attempt, or "
                        "sleeps, goes on at once.",
                .effects = rpc::Effects::kIdempotent,
                .errors = {no_such,
                           {Code::kConflict,
                            "It has completed, or is under way, or its function has a run that is "
                            "to be the only one."}},
                .appends = {std::string(bus::kRunRetried.name)}},
               retry);
  add_mutation(rooms, "runs.rerun",
               {.summary = "Do a run again, as a new run for the same event, or from a step on.",
                .docs = "The new run says in its origin which it is a rerun of. Limits of the "
                        "function that say whether an event has a run are not asked again.",
                .effects = rpc::Effects::kAppends,
                .errors = {{Code::kNotFound,
                            "There is no such run for your events, or it has not done that step."},
                           {Code::kConflict,
                            "Its function is gone, carries out requests (runs.retry), or has a run "
                            "and may have only one."},
                           {Code::kBadRequest, "Steps of this function are given nothing."}},
                .appends = {std::string(bus::kRunRerun.name)}},
               rerun);
  add_mutation(rooms, "runs.cancel",
               {.summary = "End a run before it has done all of its work.",
                .docs = "What it has done stays done. A call that is under way is not interrupted: "
                        "it begins no further step, and nothing of it is stored. Recorded as "
                        "function.cancelled; the command that it carried out has failed.",
                .effects = rpc::Effects::kDestroys,
                .errors = {no_such, {Code::kConflict, "It has ended."}}},
               cancel);
  add_dead_letters(rooms);
  add_signals(rooms);
}

}  // namespace synap::features::runs
