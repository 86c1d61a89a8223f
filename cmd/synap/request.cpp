#include "synap/request.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

namespace synap::cli {
namespace {

// Most commands complete within some milliseconds; runs that are tried again take seconds.
constexpr std::chrono::milliseconds kPauseMin{5};
constexpr std::chrono::milliseconds kPauseMax{500};
constexpr std::chrono::seconds kWaitMax{60};

Error failure_of(const Json& request) {
  Error error{Code::kInternalServerError, "The command failed"};
  if (const Json* why = request.find("error")) {
    if (const Code* code = code_by_name(why->string_or("name", ""))) error.code = *code;
    error.message = fmt::format("The command failed: {}",
                                why->string_or("message", why->string_or("name", "unknown")));
  }
  error.details =
      std::make_shared<Json>(Json::object({{"requestId", request.string_or("requestId", "")}}));
  return error;
}

}  // namespace

Option wait_option(bool& waits) {
  return {"--wait", "Wait until the command has completed, at most a minute.", &waits};
}

// Asked again and again rather than watched: a pod that is started again meanwhile is asked as if
// nothing had happened.
Result<Json> wait_for(PodClient& pod, Json answer) {
  const std::string id(answer.string_or("requestId", ""));
  if (id.empty() || answer.string_or("status", "") != "pending") return answer;
  const auto until = std::chrono::steady_clock::now() + kWaitMax;
  for (auto pause = kPauseMin;; pause = std::min(pause * 2, kPauseMax)) {
    const auto request = pod.query("requests.get", Json::object({{"requestId", id}}));
    if (!request && !is_passing(request.error())) return fail(request.error());
    if (request) {
      const auto status = request->string_or("status", "");
      if (status == "failed") return fail(failure_of(*request));
      if (status == "completed") {
        answer.set("status", "completed");
        return answer;
      }
    }
    if (std::chrono::steady_clock::now() >= until) {
      return fail(Code::kTimeout,
                  fmt::format("The command is still under way after {} s; `synap requests get {}` "
                              "says what becomes of it",
                              kWaitMax.count(), id));
    }
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace synap::cli
