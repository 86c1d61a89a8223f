#include "schema/json_problems.h"

#include <fmt/format.h>

#include <memory>

#include "base/json.h"
#include "schema/json_places.h"

namespace synap {
namespace {

constexpr std::size_t kProblemsMax = 20;

}  // namespace

void JsonProblems::add(const std::string& pointer, std::string reason) {
  ++count_;
  if (kept_.size() >= kProblemsMax) return;
  constexpr std::size_t kShown = 200;
  const bool is_long = pointer.size() > kShown;
  const auto shown = pointer.substr(0, valid_utf8_prefix(pointer.substr(0, kShown)));
  kept_.emplace_back(is_long ? shown + "..." : pointer, std::move(reason));
}

Error JsonProblems::error(std::string_view field) const {
  std::string message = "The schema cannot be used:";
  Json::Array issues;
  for (const auto& [pointer, reason] : kept_) {
    message += fmt::format("{} #{} {}", issues.empty() ? "" : ";", pointer.substr(0, 200), reason);
    Json::Array path{std::string(field)};
    for (auto& step : steps_of(pointer)) path.emplace_back(std::move(step));
    issues.push_back(
        Json::object({{"code", "custom"}, {"path", std::move(path)}, {"message", reason}}));
  }
  if (count_ > kept_.size()) {
    message += fmt::format("; and {} more", count_ - kept_.size());
  }
  return {Code::kBadRequest, std::move(message),
          std::make_shared<Json>(Json::object({{"issues", std::move(issues)}}))};
}

}  // namespace synap
