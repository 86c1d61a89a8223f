#include "bus/function_name.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace synap::bus {
namespace {

constexpr std::size_t kNamesMax = 10;  // of an error

bool is_in_app(const Function& function, std::string_view user_id, std::string_view name) {
  return function.user_id == user_id && !function.app.empty() &&
         function.id == function_id(function.app + "-" + std::string(name), user_id);
}

}  // namespace

std::string function_id(std::string_view name, std::string_view user_id) {
  std::string id(name);
  id.push_back('@');
  return id.append(user_id);
}

Result<FunctionPtr> function_meant(const FunctionSet& functions, std::string_view user_id,
                                   std::string_view text) {
  // An own one goes before the pod's of the same name: whoever names it so means it.
  if (auto own = functions.find(function_id(text, user_id))) return own;
  if (auto exact = functions.find(text); exact && (!exact->user_id || exact->user_id == user_id)) {
    return exact;
  }
  std::vector<FunctionPtr> found;
  for (const auto& function : functions.all()) {
    if (is_in_app(*function, user_id, text)) found.push_back(function);
  }
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    return fail(Code::kNotFound,
                fmt::format("There is no function {} for your events: functions.list has those "
                            "that there are",
                            text));
  }
  std::vector<std::string_view> names;
  for (const auto& each : found) names.push_back(name_of_function(each->id));
  std::ranges::sort(names);
  const bool is_cut = names.size() > kNamesMax;
  if (is_cut) names.resize(kNamesMax);
  return fail(Code::kBadRequest,
              fmt::format("{} may be {}{}: say which", text, fmt::join(names, " or "),
                          is_cut ? " or another" : ""));
}

}  // namespace synap::bus
