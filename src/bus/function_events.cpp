#include "bus/function_events.h"

namespace synap::bus {

const ObjectSchema<Invocation>& describe(Type<Invocation>) {
  static const auto schema =
      object<Invocation>("Invocation")
          .field("function", &Invocation::function, string(), "The function that is to run.")
          .field("data", &Invocation::data, any(), "What it is handed.")
          .field("runId", &Invocation::run_id, string().uuid(), "The run that asks for it.")
          .field("step", &Invocation::step, string(), "The step of that run, as a hash in hex.")
          .field("depth", &Invocation::depth, optional(integer().min(1)),
                 "How many runs that were asked for stand before it in a chain.")
          .field("sourceFunction", &Invocation::source_function, "The function of that run.")
          .field("sourceApp", &Invocation::source_app, "The app of that function.")
          .field("name", &Invocation::name, "Of the step.")
          .field("expiresAt", &Invocation::expires_at, string().datetime(),
                 "Until when the step waits for the result.")
          .field("sdk", &Invocation::sdk, record(any()),
                 "v, user and meta, as Inngest's SDK has them.");
  return schema;
}

const ObjectSchema<Tick>& describe(Type<Tick>) {
  static const auto schema =
      object<Tick>("Tick")
          .field("function", &Tick::function, string(), "The function that is to run.")
          .field("cron", &Tick::cron, string(), "Its schedule.")
          .field("scheduledAt", &Tick::scheduled_at, string().datetime(), "Before jitter.")
          .field_or(
              "missed", &Tick::missed, integer().min(0), 0,
              "Ticks before this one that have no run, since the pod was not there; counted up to "
              "10,000.");
  return schema;
}

const ObjectSchema<RunEnd>& describe(Type<RunEnd>) {
  static const auto schema =
      object<RunEnd>("RunEnd")
          .field("function", &RunEnd::function, string(), "The function whose run has ended.")
          .field("runId", &RunEnd::run_id, string().uuid(), "The run.")
          .field("status", &RunEnd::status, one_of({"completed", "failed", "cancelled"}))
          .field("eventId", &RunEnd::event_id, string().uuid(), "What it was a run for.")
          .field("attempts", &RunEnd::attempts, integer().min(0), "How often it was tried.")
          .field("name", &RunEnd::name, string(), "The kind of the last error.")
          .field("message", &RunEnd::message, string(), "What the last error said.");
  return schema;
}

const ObjectSchema<Signal>& describe(Type<Signal>) {
  static const auto schema =
      object<Signal>("Signal")
          .field("signal", &Signal::signal, string().min(1).max(256), "The name of the signal.")
          .field("data", &Signal::data, any(), "What the run that waits for it goes on with.");
  return schema;
}

const ObjectSchema<FunctionAct>& describe(Type<FunctionAct>) {
  static const auto schema = object<FunctionAct>("FunctionAct")
                                 .field("function", &FunctionAct::function, string(), "Its id.");
  return schema;
}

const ObjectSchema<RunAct>& describe(Type<RunAct>) {
  static const auto schema =
      object<RunAct>("RunAct")
          .field("function", &RunAct::function, string(), "The function whose run it is.")
          .field("runId", &RunAct::run_id, string().uuid(), "The run.")
          .field("ofRunId", &RunAct::of_run_id, string().uuid(), "The run that is done again.")
          .field("fromStep", &RunAct::from_step, string(),
                 "What was done before this step was taken over.");
  return schema;
}

const ObjectSchema<ReplayAct>& describe(Type<ReplayAct>) {
  static const auto schema =
      object<ReplayAct>("ReplayAct")
          .field("function", &ReplayAct::function, string(), "Its id.")
          .field("replayId", &ReplayAct::replay_id, string().uuid(),
                 "Runs have it in their origin.")
          .field("fromPosition", &ReplayAct::from_position, integer().min(1), "Of the first event.")
          .field("toPosition", &ReplayAct::to_position, integer().min(0), "Of the last.");
  return schema;
}

void add_function_events(events::EventTypes& types) {
  types.add(kFunctionReplayed, "Somebody asked for runs of a function for events of the past.");
  types.add(kFunctionPaused, "Somebody paused a function: its runs are made, and wait.");
  types.add(kFunctionResumed, "Somebody ended the pause of a function.");
  types.add(kRunRetried, "Somebody let a dead letter be tried again, or at once what waits.");
  types.add(kRunRerun, "Somebody let a run be done again, as a new run.");
  types.add(kRunDiscarded, "Somebody put a dead letter away.");
  types.add(kFunctionScheduled, "By its schedule, it was time for a run of a function.");
  types.add(kFunctionInvoked, "A step of a run, or somebody, asked for a run of a function.");
  types.add(kFunctionFinished,
            "A run has ended, however it did. Recorded where a function or a run listens.");
  types.add(kFunctionFailed, "A run was given up.");
  types.add(kFunctionCancelled, "A run was cancelled.");
  types.add(kSignalSent, "A signal was sent; the run that waits for it goes on.");
}

bool is_of_the_bus(std::string_view type) {
  return is_about_an_end(type) || type == kFunctionInvoked.name || type == kFunctionScheduled.name;
}

bool is_about_an_end(std::string_view type) {
  return type == kFunctionFinished.name || type == kFunctionFailed.name ||
         type == kFunctionCancelled.name;
}

}  // namespace synap::bus
