// signals.send: what a run waits for by name (workers/step.h: wait_for_signal) is told.
#include "bus/function_events.h"
#include "events/trace.h"
#include "features/command.h"
#include "features/procedures.h"
#include "features/runs/runs.h"
#include "workers/signal_waits.h"

namespace synap::features::runs {
namespace {

struct SendSignal {
  std::string signal;
  Json data;
  std::optional<std::string> idempotency_key;
};
const ObjectSchema<SendSignal>& describe(Type<SendSignal>) {
  static const auto schema =
      object<SendSignal>("SendSignal")
          .field("signal", &SendSignal::signal, string().min(1).max(256), "Its name.")
          .field_or("data", &SendSignal::data, any(), Json(nullptr),
                    "What the run goes on with, at most 512 KiB of JSON.")
          .field("idempotencyKey", &SendSignal::idempotency_key, string().min(1).max(256),
                 "A repeat with the same key sends nothing again.");
  return schema;
}

struct SentSignal {
  std::string event_id;
  std::int64_t position = 0;
};
const ObjectSchema<SentSignal>& describe(Type<SentSignal>) {
  static const auto schema = object<SentSignal>("SentSignal")
                                 .field("eventId", &SentSignal::event_id, string().uuid())
                                 .field("position", &SentSignal::position, integer().min(1),
                                        "Its place in the whole log.");
  return schema;
}

Task<Result<SentSignal>> send(const Rooms& rooms, api::Session session, SendSignal input) {
  events::Append append;
  auto key = idempotency_of(session, input.idempotency_key);
  if (!key) co_return fail(key.error());
  if (!key->empty()) {
    SendSignal asked = input;
    asked.idempotency_key.reset();
    append.idempotency = {*std::move(key), sha256("signals.send\n" + json_text(asked)), "null"};
  }
  auto signal = input.signal;
  events::Envelope envelope;
  envelope.user_id = session.user_id();
  envelope.source = session.actor->source;
  envelope.actor = session.actor->recorded;
  set_cause(envelope, session);
  events::set_trace(envelope, session.trace);
  auto event = rooms.types.make(bus::kSignalSent,
                                bus::Signal{std::move(input.signal), std::move(input.data)},
                                std::move(envelope));
  if (!event) co_return fail(event.error());
  append.events.push_back(std::move(*event));
  // It is recorded also where nobody waits.
  append.decide = [user_id = session.user_id(), signal = std::move(signal)](db::Tx& tx) {
    std::ignore = workers::take_signal_wait(tx, user_id, signal);
  };
  auto appended = co_await rooms.log.append(std::move(append));
  if (!appended) co_return fail(appended.error());
  const auto& recorded = *appended->events.front();
  co_return SentSignal{recorded.id.to_string(), recorded.position};
}

}  // namespace

void add_signals(const Rooms& rooms) {
  add_mutation(rooms, "signals.send",
               {.summary = "Let the run that waits for a signal go on.",
                .docs = "One run at a time waits for a signal of a name. If none does, the signal "
                        "is recorded, and nobody goes on: a run that waits for it later does not "
                        "see it.",
                .effects = rpc::Effects::kAppends,
                .errors = {{Code::kConflict, "The idempotency key was used for something else."}},
                .keeps_idempotency_keys = true,
                .appends = {std::string(bus::kSignalSent.name)}},
               send);
}

}  // namespace synap::features::runs
