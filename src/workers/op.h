// The run model that every driver of functions shares: in-process C++ here, functions over HTTP
// and a foreign Inngest server later. It is Inngest's (its SDK specification, "ops" and "memo"):
//
//   step id    hex(sha1(id)); the n-th repeat of an id within one call is sha1("{id}:{n}"), n >= 1;
//              in a branch of a race the id is "{race} › {number of the branch} › {id}"
//   memo       what a step id is answered with when the function is called again:
//                {"data": ...}  the step's result        {"error": {...}}  it failed for good
//                null           a sleep that is over, a wait for what did not come
//                an event       that was waited for, as JSON of the log
//                {"signal": ..., "data": ...}  that was waited for
//   op         what a call reports that is not a plain end: a step that ran, failed, or a sleep
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "cel/expression.h"

namespace synap::workers {

using StepHash = std::array<std::uint8_t, 20>;

/// `index` counts the uses of `id` before this one in the same call.
StepHash step_hash(std::string_view id, int index);

struct StepHashHasher {
  std::size_t operator()(const StepHash& hash) const {
    std::size_t value = 0;
    for (std::size_t i = 0; i < sizeof value; ++i) value = value << 8 | hash[i];
    return value;
  }
};

enum class OpCode : std::uint8_t {
  kStepRun,
  kStepError,
  kStepFailed,
  kSleep,
  kWaitForEvent,
  kInvokeFunction,
  kWaitForSignal,
  kRunComplete,
};

/// What is stored of a step that is done.
struct Memo {
  std::string text;  // JSON in the shapes above
  OpCode op = OpCode::kStepRun;
  int place = 0;  // StepResult::place
};
using Memos = std::unordered_map<StepHash, Memo, StepHashHasher>;

std::string_view op_name(OpCode code);  // "StepRun"
std::optional<OpCode> op_by_name(std::string_view name);

/// One memo to be stored.
struct StepResult {
  StepHash hash{};
  int place = 0;     // among the steps of its run, in the order in which they were done
  std::string name;  // the id as the handler wrote it
  OpCode op = OpCode::kStepRun;
  std::string memo;
  // When the attempt that gave it began and ended, Unix ms; 0: not known, and as it is stored.
  std::int64_t started_at = 0;
  std::int64_t ended_at = 0;
  std::string input = {};  // JSON text of what the step was given, if that is known
  /// Steps that were begun, and that nobody waits for any more since this one is done.
  std::vector<StepHash> given_up = {};
};

/// What event a run waits for: of its own user, of this type, behind the moment at which it began.
struct EventWait {
  std::string type;
  /// Where something must stand, with dots, in the event as JSON ("data.orderId"); empty: any event
  /// of the type.
  std::string path;
  Json value;
  /// What else must be true, over `async`, the event that comes (bus::event_view).
  std::optional<cel::Expression> condition = std::nullopt;
};

/// What a signal is waited for by: one run at a time.
struct SignalWait {
  std::string signal;
  /// Whoever waits for it already waits no more; otherwise this step fails.
  bool replaces = false;
};

/// A run of another function that a run asks for.
struct InvokedFunction {
  std::string function;
  Json data;
  std::int64_t expires_at = 0;             // until when it is waited for, Unix ms; 0: not known
  std::optional<Json> sdk = std::nullopt;  // bus::Invocation
};

/// A step that is begun and not done: one that failed and is to be tried again, a sleep, or
/// something that is waited for.
struct PendingStep {
  StepHash hash{};
  std::string name;
  OpCode op = OpCode::kStepError;
  int attempts = 0;          // of kStepError: that have failed
  std::int64_t due_at = 0;   // when it goes on, by the clock of jobs (bus/job_clock.h)
  std::int64_t wait_ms = 0;  // how long that was when it began; of a step that failed nothing
  std::string error;         // of kStepError: error_json of its last attempt
  /// When that attempt began, or what is waited for was begun, Unix ms; 0: not known.
  std::int64_t began_at = 0;
  /// What a person wants the step to be given, instead of what it would be: JSON text.
  std::string input = {};
  std::optional<EventWait> wait = std::nullopt;           // of kWaitForEvent
  std::optional<InvokedFunction> invoked = std::nullopt;  // of kInvokeFunction
  std::optional<SignalWait> signal = std::nullopt;        // of kWaitForSignal
};

/// A step that was found and not begun: of a run that another executes (served_run.h).
struct PlannedStep {
  StepHash hash{};
  std::string name;
};

/// What is stored of a run's steps.
struct StoredResults {
  Memos memos;
  std::unordered_map<StepHash, PendingStep, StepHashHasher> pending;
  int next_place = 0;           // behind those of all that are stored
  std::int64_t memo_bytes = 0;  // of all memos
};

/// What a run may keep. Source: Inngest's limits, which its users plan for.
inline constexpr std::int64_t kStepBytesMax = 4 << 20;
inline constexpr std::int64_t kRunBytesMax = 32 << 20;
inline constexpr int kStepsMax = 1'000;

/// True where a store or a host that a function needs is out of order: no attempt can do better
/// until it is mended, and none says anything about the function.
bool is_outage(const Error& error);

/// {"name":"NOT_FOUND","message":"..."}: an Error as runs and memos keep it. One that was not made
/// here, of a function in another language, is kept as it came: it is `error` of the details.
std::string error_json(const Error& error);
/// The inverse; an unknown name is kInternalServerError, with the whole in the details.
Error error_from_json(std::string_view json);

}  // namespace synap::workers
