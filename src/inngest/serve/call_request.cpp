#include "inngest/serve/call_request.h"

#include <algorithm>
#include <unordered_map>

#include "inngest/ulid.h"
#include "workers/pending_steps.h"

namespace synap::inngest {
namespace {

// Attempts when nobody says how many: Inngest's default.
constexpr std::int64_t kAttemptsUsual = 5;

std::int64_t number_or(const Json& object, std::string_view key, std::int64_t otherwise) {
  const Json* value = object.find(key);
  return value != nullptr && value->is_integer() ? value->as_integer() : otherwise;
}

bool is_true(const Json& object, std::string_view key) {
  const Json* value = object.find(key);
  return value != nullptr && *value == Json(true);
}

// Of a step that is to run again, with another input than the first time.
bool is_input(const Json& memo) {
  return memo.is_object() && memo.as_object().size() == 1 && memo.find("input") != nullptr;
}

}  // namespace

Result<CallRequest> CallRequest::read(Json body, std::string_view step_id) {
  if (!body.is_object()) return fail(Code::kBadRequest, "A call is an object");
  CallRequest call;
  const Json none = Json::object();
  const Json* said = body.find("ctx");
  const Json& context = said != nullptr && said->is_object() ? *said : none;
  call.run_id = std::string(context.string_or("run_id", ""));
  const auto run = parse_foreign_id(call.run_id);
  if (!run) return fail(Code::kBadRequest, "ctx.run_id is the id of a run, a ULID");
  call.run = *run;
  // Others than "step" and "" are the step that is meant.
  if (!step_id.empty() && step_id != "step") {
    const auto hash = workers::hash_from_hex(step_id);
    if (hash == workers::StepHash{}) {
      return fail(Code::kBadRequest, "stepId is \"step\", or the SHA-1 of a step's id");
    }
    call.step = hash;
  }
  call.attempt =
      static_cast<int>(std::clamp<std::int64_t>(number_or(context, "attempt", 0), 0, 1'000));
  call.attempts_max = static_cast<int>(
      std::clamp<std::int64_t>(number_or(context, "max_attempts", kAttemptsUsual), 1, 1'000));
  call.is_planning = is_true(context, "disable_immediate_execution");
  call.uses_api = is_true(body, "use_api") || is_true(context, "use_api");
  if (const Json* stack = context.find("stack"); stack != nullptr && stack->is_object()) {
    const Json* order = stack->find("stack");
    if (order != nullptr && order->is_array()) {
      for (const auto& hash : order->as_array()) {
        if (hash.is_string()) call.stack_.push_back(hash.as_string());
      }
    }
  }
  if (call.uses_api) return call;
  if (Json* steps = body.find("steps")) call.add_steps(*steps);
  Json* all = body.find("events");
  if (all != nullptr && all->is_array() && !all->as_array().empty()) {
    call.add_events(std::move(*all));
  } else if (Json* event = body.find("event"); event != nullptr && event->is_object()) {
    call.events.push_back(std::move(*event));
  }
  if (call.events.empty()) return fail(Code::kBadRequest, "A call has an event");
  return call;
}

void CallRequest::add_events(Json all) {
  if (!all.is_array()) return;
  for (auto& event : all.as_array()) events.push_back(std::move(event));
}

// In the order in which they were done, as far as that is said.
void CallRequest::add_steps(const Json& steps) {
  if (!steps.is_object()) return;
  std::unordered_map<std::string_view, int> places;
  for (const auto& hash : stack_) places.emplace(hash, static_cast<int>(places.size()));
  const auto place_of = [&](std::string_view hash) {
    const auto at = places.find(hash);
    return at != places.end() ? at->second : static_cast<int>(places.size());
  };
  for (const auto& [hash, value] : steps.as_object()) {
    if (is_input(value)) continue;
    const auto key = workers::hash_from_hex(hash);
    if (key == workers::StepHash{}) continue;
    workers::Memo memo{.text = value.dump(), .place = place_of(hash)};
    stored.memo_bytes += static_cast<std::int64_t>(memo.text.size());
    stored.memos.insert_or_assign(key, std::move(memo));
  }
  stored.next_place = static_cast<int>(stored.memos.size());
}

}  // namespace synap::inngest
