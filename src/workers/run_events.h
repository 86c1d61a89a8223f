// RunEvents: the events that a run appends, and what others are told of its end. They are made
// before the transaction that appends them: the writer hashes no data and parses no JSON.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bus/dispatcher.h"
#include "bus/function_events.h"
#include "events/types.h"
#include "workers/event_waits.h"
#include "workers/op.h"

namespace synap::workers {

/// How a run ends, and what others are told of it.
struct EndOfRun {
  std::string_view status;  // "completed", "failed" or "cancelled"
  std::string output;       // of a run that has completed: JSON text
  std::string error;        // of others: error_json
  std::vector<events::NewEvent> events;
  // Of a run that has not completed: what comes before them. Null: nothing does.
  bus::Function::LastWords last_words = nullptr;
  // For function.finished, which is among `events` if somebody hears it. Who does may change until
  // the end is stored.
  bool is_heard = false;
  const events::Event* event = nullptr;  // of the run; outlives this
  int attempts = 0;
  std::string error_name = {};  // of a run that has not completed
  std::string error_message = {};
  std::optional<events::Actor> actor = std::nullopt;  // who wants it
  // The step of another run that has asked for this one, and its memo.
  struct Asker {
    Uuid run_id;
    StepHash step{};
    std::string memo;
  };
  std::optional<Asker> asker = std::nullopt;
};

/// The memo of a step that has failed so.
std::string error_memo(const Error& error);

/// Thread-safe.
class RunEvents {
 public:
  /// All must outlive it.
  RunEvents(const events::EventTypes& types, const bus::Functions& functions, EventWaits& waits)
      : types_(types), functions_(functions), waits_(waits) {}

  /// What an event that the run appends says of where it comes from: it is of the same aggregate.
  events::Envelope envelope_of(const bus::Job& job, const events::Event& event) const;
  /// The same of no aggregate.
  events::Envelope envelope_outside(const bus::Job& job, const events::Event& event) const;
  /// An event that the run appends, of no aggregate, with the run's event as its cause.
  Result<events::NewEvent> event_of(const bus::Job& job, const events::Event& event,
                                    std::string_view type, std::string data) const;
  /// The event by which a step sends a signal.
  Result<events::NewEvent> signal_of(const bus::Job& job, const events::Event& event,
                                     bus::Signal signal) const;
  /// The event by which a step asks for a run.
  Result<events::NewEvent> invocation_of(const bus::Job& job, const events::Event& event,
                                         const PendingStep& step) const;
  /// The `.failed` event of a request whose run was given up.
  Result<events::NewEvent> failure_of(const bus::Job& job, const events::Event& event,
                                      const Error& error, int attempts) const;

  Result<EndOfRun> completed(const bus::Job& job, const events::Event& event,
                             std::string output) const;
  /// Also the request's `.failed` event, if the run's function is the one that fulfills it.
  Result<EndOfRun> failed(const bus::Job& job, const events::Event& event, const Error& error,
                          int attempts) const;
  /// `actor`: who wants it.
  Result<EndOfRun> cancelled(const bus::Job& job, const events::Event& event, const Error& why,
                             std::optional<events::Actor> actor) const;
  /// Within the transaction that stores the end: the event of its finish, if somebody has come
  /// meanwhile who hears it, or `is_awaited`. Nothing: nobody, or it is among the end's events.
  Result<std::optional<events::NewEvent>> late_finish(const bus::Job& job, const EndOfRun& end,
                                                      bool is_awaited) const;
  /// Which step is told of an end of a run for `event`: the one that has asked for it.
  static std::optional<EndOfRun::Asker> asker_of(const events::Event& event, const EndOfRun& end);

 private:
  bool is_heard(const std::string& user_id) const;
  Result<events::NewEvent> fact_of(const events::EventType<bus::RunEnd>& type, const bus::Job& job,
                                   const EndOfRun& end) const;
  Result<> add_facts(const bus::Job& job, const events::Event& event, const Error& error,
                     int attempts, std::optional<events::Actor> actor, EndOfRun& end) const;

  const events::EventTypes& types_;
  const bus::Functions& functions_;
  EventWaits& waits_;
};

}  // namespace synap::workers
