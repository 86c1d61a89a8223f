#include "workers/op.h"

#include <fmt/format.h>

#include "base/crypto.h"
#include "base/json.h"

namespace synap::workers {

StepHash step_hash(std::string_view id, int index) {
  return index == 0 ? sha1(id) : sha1(fmt::format("{}:{}", id, index));
}

std::string_view op_name(OpCode code) {
  switch (code) {
    case OpCode::kStepRun:
      return "StepRun";
    case OpCode::kStepError:
      return "StepError";
    case OpCode::kStepFailed:
      return "StepFailed";
    case OpCode::kSleep:
      return "Sleep";
    case OpCode::kWaitForEvent:
      return "WaitForEvent";
    case OpCode::kInvokeFunction:
      return "InvokeFunction";
    case OpCode::kWaitForSignal:
      return "WaitForSignal";
    case OpCode::kRunComplete:
      return "RunComplete";
  }
  return "None";
}

bool is_outage(const Error& error) {
  return error.fault == Fault::kFull || error.fault == Fault::kBusy || error.fault == Fault::kGone;
}

std::optional<OpCode> op_by_name(std::string_view name) {
  for (const auto code : {OpCode::kStepRun, OpCode::kStepError, OpCode::kStepFailed, OpCode::kSleep,
                          OpCode::kWaitForEvent, OpCode::kInvokeFunction, OpCode::kWaitForSignal,
                          OpCode::kRunComplete}) {
    if (op_name(code) == name) return code;
  }
  return std::nullopt;
}

std::string error_json(const Error& error) {
  if (error.details != nullptr) {
    if (const Json* own = error.details->find("error")) return own->dump();
  }
  return Json::object({{"name", info(error.code).name}, {"message", error.message}}).dump();
}

Error error_from_json(std::string_view json) {
  Error error;
  auto parsed = parse_json(json);
  if (!parsed) return error;
  error.message = parsed->string_or("message", "");
  if (const Code* code = code_by_name(parsed->string_or("name", ""))) {
    error.code = *code;
  } else {
    error.details = std::make_shared<Json>(Json::object({{"error", std::move(*parsed)}}));
  }
  return error;
}

}  // namespace synap::workers
