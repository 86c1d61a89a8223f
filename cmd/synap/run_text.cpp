#include "synap/run_text.h"

#include <fmt/format.h>

#include "synap/output.h"
#include "synap/terminal.h"
#include "synap/times.h"

namespace synap::cli {

std::string number_of(const Json& object, std::string_view key) {
  const Json* value = object.find(key);
  return value != nullptr && value->is_integer() ? std::to_string(value->as_integer()) : "-";
}

std::string error_text(const Json& error) {
  return fmt::format("{}: {}", error.string_or("name", "error"), error.string_or("message", ""));
}

std::string run_line(const Json& run) {
  auto line = fmt::format("{}  {:<9}  {:>2}  {}  {}  {}", run.string_or("id", ""),
                          run.string_or("status", ""), number_of(run, "attempts"),
                          run.string_or("createdAt", ""), run.string_or("function", ""),
                          run.string_or("eventType", ""));
  if (const Json* error = run.find("error")) line += "  " + error_text(*error);
  return printable(line);
}

std::string_view word_of(std::string_view op) {
  if (op == "StepRun") return "done";
  if (op == "StepFailed") return "failed";
  if (op == "Sleep") return "slept";
  if (op == "WaitForEvent" || op == "WaitForSignal") return "waited";
  if (op == "InvokeFunction") return "called";
  return op;
}

std::string result_text(const Json& step) {
  const Json* result = step.find("result");
  if (result == nullptr && step.find("resultBytes") != nullptr) {
    return fmt::format("{} bytes: {}", number_of(step, "resultBytes"),
                       step.string_or("resultPreview", ""));
  }
  if (result == nullptr || result->is_null()) return "";
  if (const Json* error = result->find("error"); error != nullptr && error->is_object()) {
    return error_text(*error);
  }
  const Json* data = result->find("data");
  return data == nullptr ? result->dump() : data->dump();
}

std::string time_text(std::string_view time) {
  return is_terminal() ? local_time(time) : std::string(time);
}

std::string_view pending_word_of(std::string_view op) {
  if (op == "StepError") return "to be tried again";
  if (op == "Sleep") return "sleeps";
  if (op == "WaitForEvent") return "waits for an event";
  if (op == "WaitForSignal") return "waits for a signal";
  if (op == "InvokeFunction") return "waits for another function";
  return op;
}

}  // namespace synap::cli
