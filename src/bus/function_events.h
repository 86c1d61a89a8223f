// Events about functions and their runs: thin facts, which say which run of which function it was.
// What the run came to stands with the run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/json.h"
#include "events/types.h"

namespace synap::bus {

/// Data of function.invoked: a step of another run asks for a run of this function.
struct Invocation {
  std::string function;
  Json data;           // what the function is handed
  std::string run_id;  // of who asks
  std::string step;    // of it: the hash, in hex
  /// How many runs that were asked for stand before who asks, one asked for by the other; nothing:
  /// none.
  std::optional<std::int64_t> depth = std::nullopt;
  // Of a step of a run; nothing: of before these were kept, or of a person.
  std::optional<std::string> source_function = {};
  std::optional<std::string> source_app = {};
  std::optional<std::string> name = {};        // of the step
  std::optional<std::string> expires_at = {};  // until when it waits for the result
  std::optional<Json> sdk = {};                // "v", "user" and "meta", as Inngest's SDK has them
};
const ObjectSchema<Invocation>& describe(Type<Invocation>);

/// Data of function.finished, function.failed and function.cancelled.
struct RunEnd {
  std::string function;
  std::string run_id;
  std::string status;    // "completed", "failed" or "cancelled"
  std::string event_id;  // what it was a run for
  std::int64_t attempts = 0;
  std::optional<std::string> name;  // of the error: "BAD_REQUEST"
  std::optional<std::string> message;
};
const ObjectSchema<RunEnd>& describe(Type<RunEnd>);

/// Data of function.scheduled: it is time for a run of this function.
struct Tick {
  std::string function;
  std::string cron;
  std::string scheduled_at;  // when it was to be, before jitter
  std::int64_t missed = 0;   // ticks before it at which the pod was not there
};
const ObjectSchema<Tick>& describe(Type<Tick>);

/// Data of signal.sent: who waits for the signal goes on with the data.
struct Signal {
  std::string signal;
  Json data;
};
const ObjectSchema<Signal>& describe(Type<Signal>);

/// Data of function.paused and function.resumed: what a person did with a function.
struct FunctionAct {
  std::string function;
};
const ObjectSchema<FunctionAct>& describe(Type<FunctionAct>);

/// Data of run.retried, run.rerun and run.discarded: what a person did with a run.
struct RunAct {
  std::string function;
  std::string run_id;
  std::optional<std::string> of_run_id;  // of run.rerun: the run that is done again
  std::optional<std::string> from_step;  // of it: the step's name
};
const ObjectSchema<RunAct>& describe(Type<RunAct>);

/// Data of function.replayed: a person wants runs for events of the past.
struct ReplayAct {
  std::string function;
  std::string replay_id;
  std::int64_t from_position = 0;
  std::int64_t to_position = 0;
};
const ObjectSchema<ReplayAct>& describe(Type<ReplayAct>);

inline constexpr events::EventType<ReplayAct> kFunctionReplayed{.name = "function.replayed",
                                                                .needs_aggregate = false};
inline constexpr events::EventType<FunctionAct> kFunctionPaused{.name = "function.paused",
                                                                .needs_aggregate = false};
inline constexpr events::EventType<FunctionAct> kFunctionResumed{.name = "function.resumed",
                                                                 .needs_aggregate = false};
inline constexpr events::EventType<RunAct> kRunRetried{.name = "run.retried",
                                                       .needs_aggregate = false};
inline constexpr events::EventType<RunAct> kRunRerun{.name = "run.rerun", .needs_aggregate = false};
inline constexpr events::EventType<RunAct> kRunDiscarded{.name = "run.discarded",
                                                         .needs_aggregate = false};
inline constexpr events::EventType<Invocation> kFunctionInvoked{.name = "function.invoked",
                                                                .needs_aggregate = false};
inline constexpr events::EventType<Tick> kFunctionScheduled{.name = "function.scheduled",
                                                            .needs_aggregate = false};
/// However it ended; recorded where somebody listens.
inline constexpr events::EventType<RunEnd> kFunctionFinished{.name = "function.finished",
                                                             .needs_aggregate = false};
inline constexpr events::EventType<RunEnd> kFunctionFailed{.name = "function.failed",
                                                           .needs_aggregate = false};
inline constexpr events::EventType<RunEnd> kFunctionCancelled{.name = "function.cancelled",
                                                              .needs_aggregate = false};
inline constexpr events::EventType<Signal> kSignalSent{.name = "signal.sent",
                                                       .needs_aggregate = false};

void add_function_events(events::EventTypes& types);

/// Types that the bus itself appends, whatever its functions are.
bool is_of_the_bus(std::string_view type);

/// Runs for the end of a run tell nobody of their own: else one that listens to all would never
/// come to an end.
bool is_about_an_end(std::string_view type);

}  // namespace synap::bus
