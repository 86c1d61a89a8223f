#include "bus/function.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace synap::bus {

bool matches(const Trigger& trigger, std::string_view event_type) {
  std::string_view pattern = trigger.event;
  if (!pattern.ends_with('*')) return pattern == event_type;
  pattern.remove_suffix(1);
  return event_type.size() > pattern.size() && event_type.starts_with(pattern);
}

std::int64_t retry_delay_ms(const RetryPolicy& policy, int retry, double random) {
  // 2^62 ms is beyond any maximum; the bound keeps the shift defined.
  const double grown = std::ldexp(static_cast<double>(policy.delay_ms), std::min(retry, 40));
  const double bounded = std::min(grown, static_cast<double>(policy.delay_ms_max));
  return static_cast<std::int64_t>(bounded * (0.5 + random));
}

const Function& Functions::add(Function function) {
  SYNAP_CHECK(!function.id.empty() && find(function.id) == nullptr, function.id);
  for (const auto& trigger : function.triggers) {
    const auto star = trigger.event.find('*');
    const bool is_exact = star == std::string::npos && !trigger.event.empty();
    const bool is_wildcard = star != std::string::npos && star > 0 &&
                             star == trigger.event.size() - 1 &&
                             (trigger.event[star - 1] == '.' || trigger.event[star - 1] == '/');
    SYNAP_CHECK(is_exact || is_wildcard, trigger.event);
  }
  if (function.fulfills) {
    SYNAP_CHECK(
        function.triggers.size() == 1 && function.triggers.front().event.ends_with(".requested"),
        "a function fulfills the requests of one type");
    for (const auto* other : matching(function.triggers.front().event)) {
      SYNAP_CHECK(!other->fulfills, "one function fulfills the requests of a type");
    }
  }
  functions_.push_back(std::make_unique<Function>(std::move(function)));
  return *functions_.back();
}

const Function* Functions::find(std::string_view id) const {
  for (const auto& function : functions_) {
    if (function->id == id) return function.get();
  }
  return nullptr;
}

std::vector<const Function*> Functions::matching(std::string_view event_type) const {
  std::vector<const Function*> matching;
  for (const auto& function : functions_) {
    const auto& triggers = function->triggers;
    if (std::any_of(triggers.begin(), triggers.end(),
                    [&](const Trigger& trigger) { return matches(trigger, event_type); })) {
      matching.push_back(function.get());
    }
  }
  return matching;
}

}  // namespace synap::bus
