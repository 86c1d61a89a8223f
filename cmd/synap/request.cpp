#include "synap/request.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <thread>

#include "synap/output.h"

namespace synap::cli {
namespace {

// Before a pod that has gone is asked again, which tells nobody when it is back.
constexpr std::chrono::milliseconds kPauseMin{50};
constexpr std::chrono::milliseconds kPauseMax{500};
// A day: who waits longer asks again.
constexpr std::int64_t kSecondsMax = 86'400;

std::shared_ptr<Json> of_request(std::string_view id) {
  return std::make_shared<Json>(Json::object({{"requestId", id}}));
}

Error failure_of(const Json& request) {
  Error error{Code::kInternalServerError, "The command failed"};
  if (const Json* why = request.find("error")) {
    if (const Code* code = code_by_name(why->string_or("name", ""))) error.code = *code;
    error.message = fmt::format("The command failed: {}",
                                why->string_or("message", why->string_or("name", "unknown")));
  }
  error.details = of_request(request.string_or("requestId", ""));
  return error;
}

// The numbers that its completed event tells: how many things were changed, and how many were not;
// and of a tag that nothing had, one below it.
void add_outcome(Json& answer, const Json& request) {
  constexpr std::string_view kRequested = ".requested";
  std::string_view type = request.string_or("type", "");
  if (type.ends_with(kRequested)) type.remove_suffix(kRequested.size());
  const auto completed = fmt::format("{}.completed", type);
  const Json* events = request.find("events");
  if (events == nullptr || !events->is_array()) return;
  for (const auto& event : events->as_array()) {
    const Json* data = event.find("data");
    if (event.string_or("type", "") != completed || data == nullptr || !data->is_object()) continue;
    for (const auto& [name, value] : data->as_object()) {
      // Each change of a thing makes a version of it.
      const bool is_told = value.is_integer() || name == "below";
      if (!is_told || name == "version" || answer.find(name) != nullptr) continue;
      answer.set(name, value);
    }
  }
}

Error not_ended(std::string_view id, std::chrono::seconds time_max) {
  return {Code::kTimeout,
          fmt::format("The command is still under way after {} s and goes on; `synap requests get "
                      "{}` says what becomes of it, --timeout waits longer",
                      time_max.count(), id),
          of_request(id)};
}

// It is no denial: the command was taken, whatever the question is answered with.
Error not_known(std::string_view id, const Error& why) {
  return {Code::kPreconditionFailed,
          fmt::format("The command was accepted as request {} and goes on, but what becomes of it "
                      "is not known: {}",
                      id, why.message),
          of_request(id)};
}

}  // namespace

std::vector<Option> wait_options(Waiting& waiting) {
  return {{"--wait", "Wait until the command has completed.", &waiting.waits},
          {.name = "--timeout",
           .docs = fmt::format("With --wait: give up after so many seconds; the command goes on. "
                               "Default: {}",
                               Waiting::kSecondsDefault),
           .target = &waiting.seconds,
           .value = "SECONDS"}};
}

Option cause_option(std::string& event_id) {
  return {.name = "--caused-by",
          .docs =
              "The id of the event because of which this is done: what it appends stands below "
              "that event in the tree of causes.",
          .target = &event_id,
          .value = "EVENT"};
}

Option reason_option(std::string& reason) {
  return {.name = "--reason",
          .docs = "Why: kept with the proposal, where the key may only propose.",
          .target = &reason,
          .value = "TEXT"};
}

Result<std::chrono::seconds> time_to_wait(const Waiting& waiting) {
  if (!waiting.seconds) return std::chrono::seconds(Waiting::kSecondsDefault);
  if (!waiting.waits) {
    return fail(Code::kBadRequest, "--timeout is how long --wait waits, which is not given");
  }
  const auto& text = *waiting.seconds;
  std::int64_t seconds = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || seconds < 1 ||
      seconds > kSecondsMax) {
    return fail(Code::kBadRequest, fmt::format("--timeout must be from 1 to {} seconds, not \"{}\"",
                                               kSecondsMax, text));
  }
  return std::chrono::seconds(seconds);
}

// Its events are watched, and what they came to is asked of the pod: once the watch has begun, so
// that nothing happens unseen in between, and with each event. A pod that is started again
// meanwhile is asked as if nothing had happened. A key that may not watch asks again and again.
Result<Json> wait_for(PodClient& pod, Json answer, std::chrono::seconds time_max) {
  const std::string id(answer.string_or("requestId", ""));
  if (id.empty() || answer.string_or("status", "") != "pending") return answer;
  const auto until = SteadyClock::now() + time_max;
  pod.set_deadline(until);
  const auto input = Json::object({{"requestId", id}});
  Result<Json> request = Json();
  const auto is_open = [&](const Json&) {
    request = pod.query("requests.get", input);
    return request && request->string_or("status", "") == "pending";
  };
  bool may_watch = true;
  for (auto pause = kPauseMin;; pause = std::min(pause * 2, kPauseMax)) {
    if (may_watch) {
      std::string from_now;  // each time: a watch that begins says so first
      auto ended = pod.subscribe("events.watch", input, from_now, is_open);
      may_watch = ended || ended.error().code != Code::kForbidden;
      if (!ended) request = fail(ended.error());
    }
    if (!may_watch) is_open({});
    const auto status = request ? request->string_or("status", "") : "";
    if (status == "failed") return fail(failure_of(*request));
    if (status == "completed") {
      answer.set("status", "completed");
      add_outcome(answer, *request);
      return answer;
    }
    if (!request && !is_passing(request.error())) return fail(not_known(id, request.error()));
    if (SteadyClock::now() + pause >= until) return fail(not_ended(id, time_max));
    std::this_thread::sleep_for(pause);
  }
}

void tell_if_nothing_changed(const Json& answer) {
  const Json* changed = answer.is_object() ? answer.find("changed") : nullptr;
  if (changed == nullptr || !changed->is_integer() || changed->as_integer() != 0) return;
  const Json* left = answer.find("left");
  if (left != nullptr) return;
  const auto below = answer.string_or("below", "");
  tell(below.empty() ? "nothing had it, so nothing was changed"
                     : fmt::format("nothing had it itself, so nothing was changed; those below it "
                                   "are named whole, as \"{}\"",
                                   below));
}

void tell_if_proposed(const Json& answer) {
  if (!answer.is_object() || answer.string_or("status", "") != "proposed") return;
  tell(fmt::format("proposed: {}; it is done once somebody accepts it",
                   answer.string_or("proposalId", answer.string_or("entityId", ""))));
}

}  // namespace synap::cli
