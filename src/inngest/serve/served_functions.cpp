#include "inngest/serve/served_functions.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "bus/function_events.h"
#include "inngest/registration.h"

namespace synap::inngest {
namespace {

constexpr std::string_view kFailure = "-failure";
// The `.failed` event is worth as many attempts as there can be.
constexpr int kFailureRetries = 20;

std::string word_of(std::string_view id) {
  std::string word(id);
  std::ranges::replace(word, '.', '-');
  return word;
}

}  // namespace

bool can_be_posted(std::string_view type) {
  return !bus::is_of_the_bus(type);
}

ServedFunctions::ServedFunctions(ServedFunctionsOptions options,
                                 std::vector<bus::FunctionPtr> functions)
    : options_(std::move(options)), functions_(std::move(functions)) {
  for (const auto& pattern : options_.events) others_.push_back({pattern});
  const auto add = [&](std::string slug, Served served) {
    const bool is_new = by_slug_.emplace(slug, std::move(served)).second;
    SYNAP_CHECK(is_new, slug);
  };
  for (const auto& function : functions_) {
    const auto slug = slug_of(function->id);
    add(slug, {function, false});
    if (function->fulfills || function->in_aggregate_order) {
      add(slug + std::string(kFailure), {function, true});
    }
  }
}

std::string ServedFunctions::slug_of(std::string_view function_id) const {
  return fmt::format("{}-{}", options_.app, word_of(function_id));
}

const ServedFunctions::Served* ServedFunctions::find(std::string_view slug) const {
  const auto at = by_slug_.find(slug);
  return at != by_slug_.end() ? &at->second : nullptr;
}

std::vector<bus::FunctionPtr> ServedFunctions::hearing(std::string_view type) const {
  std::vector<bus::FunctionPtr> all;
  for (const auto& function : functions_) {
    if (std::ranges::any_of(function->triggers,
                            [&](const auto& trigger) { return bus::matches(trigger, type); })) {
      all.push_back(function);
    }
  }
  return all;
}

bool ServedFunctions::is_wanted(std::string_view type) const {
  if (!can_be_posted(type)) return false;
  const auto is_heard = [&](const bus::Trigger& trigger) { return bus::matches(trigger, type); };
  return std::ranges::any_of(others_, is_heard) ||
         std::ranges::any_of(functions_, [&](const auto& function) {
           return std::ranges::any_of(function->triggers, is_heard);
         });
}

Json ServedFunctions::step_of(const std::string& slug) const {
  return Json::object(
      {{"id", "step"},
       {"name", "step"},
       {"runtime",
        Json::object({{"type", "http"},
                      {"url", fmt::format("{}?fnId={}&stepId=step", options_.url, slug)}})}});
}

Json ServedFunctions::registered(const std::string& slug, const bus::Function& function) const {
  Json triggers = Json::array();
  for (const auto& trigger : function.triggers) {
    Json one = Json::object({{"event", options_.event_prefix + trigger.event}});
    if (trigger.condition) one.set("expression", trigger.condition->to_text());
    triggers.push_back(std::move(one));
  }
  auto step = step_of(slug);
  step.set("retries",
           Json::object({{"attempts", std::clamp(function.retry.retries_max, 0, kRetriesMax)}}));
  Json made = Json::object({{"id", slug},
                            {"name", function.id},
                            {"triggers", std::move(triggers)},
                            {"steps", Json::object({{"step", std::move(step)}})}});
  if (function.in_aggregate_order) {
    // The relay hands over one event of an aggregate at a time; this holds it also for calls of
    // runs that people begin there.
    made.set("concurrency",
             Json(Json::Array{Json::object(
                 {{"limit", 1}, {"key", "event.user.synap.line"}, {"scope", "env"}})}));
  }
  return made;
}

Json ServedFunctions::registered_failure(const std::string& slug,
                                         const bus::Function& function) const {
  Json triggers = Json::array();
  for (const char* end : {"inngest/function.failed", "inngest/function.cancelled"}) {
    triggers.push_back(Json::object(
        {{"event", end},
         {"expression", fmt::format("event.data.function_id == '{}'", slug_of(function.id))}}));
  }
  auto step = step_of(slug);
  step.set("retries", Json::object({{"attempts", kFailureRetries}}));
  return Json::object({{"id", slug},
                       {"name", function.id + " (failure)"},
                       {"triggers", std::move(triggers)},
                       {"steps", Json::object({{"step", std::move(step)}})}});
}

Json ServedFunctions::registered() const {
  Json all = Json::array();
  for (const auto& [slug, served] : by_slug_) {
    all.push_back(served.is_failure ? registered_failure(slug, *served.function)
                                    : registered(slug, *served.function));
  }
  return all;
}

Json ServedFunctions::registration(std::string_view sdk) const {
  return Json::object(
      {{"url", options_.url},
       {"deployType", "ping"},
       {"framework", "synap"},
       {"appName", options_.app},
       {"sdk", sdk},
       {"v", "0.1"},
       {"capabilities", Json::object({{"in_band_sync", "v1"}, {"trust_probe", "v1"}})},
       {"functions", registered()}});
}

}  // namespace synap::inngest
