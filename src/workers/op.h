// The run model that every driver of functions shares: in-process C++ here, functions over HTTP
// and a foreign Inngest server later. It is Inngest's (its SDK specification, "ops" and "memo"):
//
//   step id    hex(sha1(id)); the n-th repeat of an id within one call is sha1("{id}:{n}"), n >= 1
//   memo       what a step id is answered with when the function is called again:
//                {"data": ...}  the step's result        {"error": {...}}  it failed for good
//                null           a sleep that is over
//   op         what a call reports that is not a plain end: a step that ran, failed, or a sleep
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/status.h"

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

/// Stored results by step: JSON text in the shapes above.
using Memos = std::unordered_map<StepHash, std::string, StepHashHasher>;

/// What is stored of a run's steps.
struct StoredResults {
  Memos memos;
  int next_place = 0;  // behind those of all that are stored
};

enum class OpCode : std::uint8_t { kStepRun, kStepError, kStepFailed, kSleep, kRunComplete };
std::string_view op_name(OpCode code);  // "StepRun"

/// One memo to be stored.
struct StepResult {
  StepHash hash{};
  int place = 0;     // among the steps of its run, in the order in which they were done
  std::string name;  // the id as the handler wrote it
  OpCode op = OpCode::kStepRun;
  std::string memo;
};

/// {"name":"NOT_FOUND","message":"..."}: an Error as runs, memos and failed events keep it.
std::string error_json(const Error& error);
/// The inverse; an unknown name is kInternalServerError.
Error error_from_json(std::string_view json);

}  // namespace synap::workers
