#include "workers/verdict.h"

#include <algorithm>
#include <cmath>

#include "base/crypto.h"
#include "bus/function_events.h"

namespace synap::workers {
namespace {

constexpr std::size_t kKeyTextMax = 128;
constexpr double kPriorityMax = 12 * 3'600;  // seconds

// Long ones are as good by their hash.
std::string key_text(const cel::Value& value) {
  auto text = value.to_json().dump();
  return text.size() <= kKeyTextMax ? text : "#" + to_hex(sha256(text));
}

std::int64_t priority_ms_of(const Json& seconds) {
  const auto value = seconds.is_number() ? seconds.as_number() : 0;
  if (std::isnan(value)) return 0;
  return static_cast<std::int64_t>(std::clamp(value, -kPriorityMax, kPriorityMax) * 1'000);
}

}  // namespace

Verdict judge(const bus::Function& function, const events::Event& event, bool is_settled,
              std::int64_t unix_ms) {
  Verdict verdict;
  verdict.timestamp = event.timestamp;
  auto view = bus::view_of(function, event);
  if (!view) {
    verdict.error = view.error();
    return verdict;
  }
  cel::Bindings bindings;
  bindings.set("event", *view);
  const cel::EvaluateOptions options{.now_unix_ms = unix_ms};
  const auto key_of = [&](const bus::Key& key) -> std::string {
    if (!key || verdict.error) return "";
    auto value = key->evaluate(bindings, options);
    if (value) return key_text(*value);
    verdict.error = value.error();
    return "";
  };
  const auto holds = [&](const cel::Expression& expression) {
    if (verdict.error) return false;
    auto is_so = expression.matches(bindings, options);
    if (!is_so) verdict.error = is_so.error();
    return is_so.value_or(false);
  };
  // Whoever asks for a run of it does not ask its triggers.
  const bool is_asked_for =
      event.type == bus::kFunctionInvoked.name || event.type == bus::kFunctionScheduled.name;
  // Nor is one that waited triggered anew: what it was put away for then holds.
  if (!is_asked_for && !is_settled) {
    verdict.is_triggered = std::ranges::any_of(function.triggers, [&](const auto& trigger) {
      return bus::matches(trigger, event.type) && (!trigger.condition || holds(*trigger.condition));
    });
    if (!verdict.is_triggered) return verdict;
  }
  const auto& flow = function.flow;
  verdict.idempotency = key_of(flow.idempotency);
  if (flow.rate_limit) {
    verdict.rate = key_of(flow.rate_limit->key);
    verdict.is_limited = verdict.rate != "false";
  }
  if (flow.debounce) verdict.debounce = key_of(flow.debounce->key);
  if (const Json* ts = view->find("ts"); ts != nullptr && ts->is_integer()) {
    verdict.timestamp = ts->as_integer();
  }
  if (flow.batch) {
    verdict.batch = key_of(flow.batch->key);
    verdict.is_batched = !flow.batch->condition || holds(*flow.batch->condition);
  }
  if (flow.singleton) verdict.singleton = key_of(flow.singleton->key);
  if (flow.throttle) verdict.throttle = key_of(flow.throttle->key);
  for (const auto& one : flow.concurrency) verdict.concurrency.push_back(key_of(one.key));
  if (flow.run_concurrency) verdict.concurrency.push_back(key_of(flow.run_concurrency->key));
  if (flow.priority && !verdict.error) {
    auto seconds = flow.priority->evaluate(bindings, options);
    if (!seconds) verdict.error = seconds.error();
    if (seconds) verdict.priority_ms = priority_ms_of(seconds->to_json());
  }
  for (const auto& one : flow.cancel_on) {
    auto wait = one.condition ? wait_for(one.event, *one.condition, *view)
                              : Result<EventWait>(EventWait{.type = one.event});
    if (!wait) verdict.error = wait.error();
    verdict.cancels.push_back(std::move(wait).value_or(EventWait{}));
  }
  return verdict;
}

}  // namespace synap::workers
