#include "synap/request.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

namespace synap::cli {
namespace {

// Before a pod that has gone is asked again, which tells nobody when it is back.
constexpr std::chrono::milliseconds kPauseMin{50};
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

// Its events are watched, and what they came to is asked of the pod: once the watch has begun, so
// that nothing happens unseen in between, and with each event. A pod that is started again
// meanwhile is asked as if nothing had happened.
Result<Json> wait_for(PodClient& pod, Json answer) {
  const std::string id(answer.string_or("requestId", ""));
  if (id.empty() || answer.string_or("status", "") != "pending") return answer;
  const auto until = SteadyClock::now() + kWaitMax;
  pod.set_deadline(until);
  Result<Json> request = Json();
  const auto is_open = [&](const Json&) {
    request = pod.query("requests.get", Json::object({{"requestId", id}}));
    return request && request->string_or("status", "") == "pending";
  };
  for (auto pause = kPauseMin;; pause = std::min(pause * 2, kPauseMax)) {
    std::string from_now;  // each time: a watch that begins says so first
    auto ended =
        pod.subscribe("events.watch", Json::object({{"requestId", id}}), from_now, is_open);
    if (!ended) request = fail(ended.error());
    const auto status = request ? request->string_or("status", "") : "";
    if (status == "failed") return fail(failure_of(*request));
    if (status == "completed") {
      answer.set("status", "completed");
      return answer;
    }
    if (!request && !is_passing(request.error())) return fail(request.error());
    if (SteadyClock::now() + pause >= until) {
      return fail(Code::kTimeout,
                  fmt::format("The command is still under way after {} s; `synap requests get {}` "
                              "says what becomes of it",
                              kWaitMax.count(), id));
    }
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace synap::cli
