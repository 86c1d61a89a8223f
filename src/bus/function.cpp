#include "bus/function.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "bus/function_events.h"

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

namespace {

void check_well_formed(const Function& function, const FunctionSet& set) {
  SYNAP_CHECK(!function.id.empty(), "a function has an id");
  for (const auto& trigger : function.triggers) {
    const auto star = trigger.event.find('*');
    const bool is_exact = star == std::string::npos && !trigger.event.empty();
    const bool is_wildcard = star != std::string::npos && star > 0 &&
                             star == trigger.event.size() - 1 &&
                             (trigger.event[star - 1] == '.' || trigger.event[star - 1] == '/');
    SYNAP_CHECK(is_exact || is_wildcard, trigger.event);
  }
  SYNAP_CHECK(function.schedules.empty() || function.user_id, "whose run a tick has is known");
  const auto flow = check(function.flow);
  SYNAP_CHECK(flow.has_value(), flow ? function.id : flow.error().message);
  if (!function.fulfills) return;
  SYNAP_CHECK(!function.needs_admission(), "what fulfills a request does so for each");
  SYNAP_CHECK(
      function.triggers.size() == 1 && function.triggers.front().event.ends_with(".requested"),
      "a function fulfills the requests of one type");
  for (const auto& other : set.matching(function.triggers.front().event)) {
    SYNAP_CHECK(!other->fulfills || other->id == function.id,
                "one function fulfills the requests of a type");
  }
}

}  // namespace

FunctionPtr FunctionSet::find(std::string_view id) const {
  const auto found = std::ranges::find(functions_, id, [](const auto& one) { return one->id; });
  return found != functions_.end() ? *found : nullptr;
}

std::vector<FunctionPtr> FunctionSet::matching(std::string_view event_type) const {
  std::vector<FunctionPtr> matching;
  for (const auto& function : functions_) {
    if (std::ranges::any_of(function->triggers,
                            [&](const Trigger& trigger) { return matches(trigger, event_type); })) {
      matching.push_back(function);
    }
  }
  return matching;
}

bool Function::needs_admission() const {
  return !flow.is_empty() || std::ranges::any_of(triggers, [](const Trigger& trigger) {
    return trigger.condition.has_value();
  });
}

Result<Json> event_view(const events::Event& event) {
  auto json = parse_json(event.json());
  if (!json) return json;
  json->set("name", event.type);
  json->set("ts", event.timestamp);
  return json;
}

Result<Json> view_of(const Function& function, const events::Event& event) {
  return function.view != nullptr ? function.view(event) : event_view(event);
}

FunctionPtr Functions::add(Function function) {
  std::lock_guard lock(mutex_);
  SYNAP_CHECK(set_->find(function.id) == nullptr, function.id);
  check_well_formed(function, *set_);
  auto added = std::make_shared<const Function>(std::move(function));
  replace_locked(added);
  return added;
}

FunctionPtr Functions::put(Function function) {
  std::lock_guard lock(mutex_);
  check_well_formed(function, *set_);
  auto added = std::make_shared<const Function>(std::move(function));
  replace_locked(added);
  return added;
}

void Functions::replace_locked(const FunctionPtr& function) {
  auto next = std::make_shared<FunctionSet>(*set_);
  const auto place =
      std::ranges::find(next->functions_, function->id, [](const auto& one) { return one->id; });
  if (place != next->functions_.end()) {
    *place = function;
  } else {
    next->functions_.push_back(function);
  }
  next->note_changed();
  set_ = std::move(next);
  changes_.raise(++change_count_);
}

void FunctionSet::note_changed() {
  hears_ends_ = std::ranges::any_of(functions_, [](const auto& function) {
    return std::ranges::any_of(function->triggers, [](const Trigger& trigger) {
      return matches(trigger, kFunctionFinished.name);
    });
  });
}

void Functions::remove(std::string_view id) {
  std::lock_guard lock(mutex_);
  auto next = std::make_shared<FunctionSet>(*set_);
  std::erase_if(next->functions_, [&](const auto& one) { return one->id == id; });
  next->note_changed();
  set_ = std::move(next);
  changes_.raise(++change_count_);
}

std::shared_ptr<const FunctionSet> Functions::now() const {
  std::lock_guard lock(mutex_);
  return set_;
}

}  // namespace synap::bus
