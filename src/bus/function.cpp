#include "bus/function.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>
#include <utility>

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
  const auto found = by_id_.find(id);
  return found != by_id_.end() ? functions_[found->second] : nullptr;
}

// The type itself, and each beginning of it that a wildcard can have.
std::vector<FunctionPtr> FunctionSet::matching(std::string_view event_type) const {
  std::vector<std::size_t> indices;
  const auto add = [&](std::string_view pattern) {
    const auto found = by_pattern_.find(pattern);
    if (found != by_pattern_.end()) {
      indices.insert(indices.end(), found->second.begin(), found->second.end());
    }
  };
  add(event_type);
  std::string pattern;
  for (std::size_t i = 0; i + 1 < event_type.size(); ++i) {
    if (event_type[i] != '.' && event_type[i] != '/') continue;
    pattern.assign(event_type.substr(0, i + 1));
    pattern.push_back('*');
    add(pattern);
  }
  std::ranges::sort(indices);
  indices.erase(std::ranges::unique(indices).begin(), indices.end());
  std::vector<FunctionPtr> matching;
  matching.reserve(indices.size());
  for (const auto index : indices) matching.push_back(functions_[index]);
  return matching;
}

FunctionPtr FunctionSet::next_of(const std::string& user_id, std::string_view id) const {
  FunctionPtr first;
  const auto look = [&](const std::map<std::string_view, std::size_t>& functions) {
    const auto found = functions.upper_bound(id);
    if (found == functions.end()) return;
    if (first == nullptr || found->first < first->id) first = functions_[found->second];
  };
  look(own_);
  if (const auto his = of_users_.find(user_id); his != of_users_.end()) look(his->second);
  return first;
}

void FunctionSet::index() {
  by_id_.clear();
  by_pattern_.clear();
  own_.clear();
  of_users_.clear();
  for (std::size_t i = 0; i < functions_.size(); ++i) {
    const auto& user_id = functions_[i]->user_id;
    (user_id ? of_users_[*user_id] : own_).emplace(functions_[i]->id, i);
    by_id_.emplace(functions_[i]->id, i);
    for (const auto& trigger : functions_[i]->triggers) by_pattern_[trigger.event].push_back(i);
  }
  hears_all_ends_ = false;
  hearing_users_.clear();
  for (const auto& function : matching(kFunctionFinished.name)) {
    if (function->user_id) {
      hearing_users_.insert(*function->user_id);
    } else {
      hears_all_ends_ = true;
    }
  }
}

bool Function::needs_admission() const {
  const bool knows_limits = flow.concurrency.empty() || limit_keys != nullptr;
  return !knows_limits || !flow.is_concurrency_only() ||
         std::ranges::any_of(triggers,
                             [](const Trigger& trigger) { return trigger.condition.has_value(); });
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
  SYNAP_CHECK(find(function.id) == nullptr, function.id);
  return put(std::move(function));
}

FunctionPtr Functions::put(Function function) {
  std::vector<Function> one;
  one.push_back(std::move(function));
  return put_all(std::move(one)).front();
}

std::vector<FunctionPtr> Functions::put_all(std::vector<Function> functions,
                                            const std::vector<std::string>& removed) {
  std::lock_guard lock(mutex_);
  auto next = std::make_shared<FunctionSet>(*set_);
  if (!removed.empty()) {
    const std::unordered_set<std::string_view> ids(removed.begin(), removed.end());
    std::erase_if(next->functions_, [&](const auto& one) { return ids.contains(one->id); });
  }
  next->index();
  std::vector<FunctionPtr> added;
  std::vector<FunctionPtr> replaced;  // whose names the index has until the end
  for (auto& function : functions) {
    check_well_formed(function, *next);
    function.meter = meters_.of(function.id);
    auto one = std::make_shared<const Function>(std::move(function));
    const auto known = next->by_id_.find(one->id);
    if (known != next->by_id_.end()) {
      replaced.push_back(std::exchange(next->functions_[known->second], one));
    } else {
      next->by_id_.emplace(one->id, next->functions_.size());
      next->functions_.push_back(one);
    }
    added.push_back(std::move(one));
  }
  next->index();
  set_ = std::move(next);
  changes_.raise(++change_count_);
  return added;
}

void Functions::remove(std::string_view id) {
  put_all({}, {std::string(id)});
}

void Functions::pause(const std::string& id) {
  std::lock_guard lock(mutex_);
  paused_.insert(id);
  has_paused_ = true;
}

void Functions::resume(const std::string& id) {
  std::lock_guard lock(mutex_);
  paused_.erase(id);
  has_paused_ = !paused_.empty();
}

bool Functions::is_paused(std::string_view id) const {
  if (!has_paused_) return false;
  std::lock_guard lock(mutex_);
  return paused_.contains(id);
}

std::vector<std::pair<std::string, std::shared_ptr<const FunctionMeter>>> Functions::meters()
    const {
  std::lock_guard lock(mutex_);
  return meters_.all();
}

std::shared_ptr<const FunctionMeter> Functions::own_meter(std::string_view id) const {
  std::lock_guard lock(mutex_);
  const auto function = set_->find(id);
  if (function == nullptr || meters_.is_shared(function->meter.get())) return nullptr;
  return function->meter;
}

std::shared_ptr<const FunctionSet> Functions::now() const {
  std::lock_guard lock(mutex_);
  return set_;
}

}  // namespace synap::bus
