#include "trpc/zod_error.h"

#include "base/json.h"

namespace synap::trpc {

void append_zod_error(std::string& out, const Error& error) {
  const Json* issues = error.details ? error.details->find("issues") : nullptr;
  if (error.code != Code::kBadRequest || issues == nullptr || !issues->is_array()) {
    out += "null";
    return;
  }
  Json form_errors = Json::array();
  Json field_errors = Json::object();
  for (const auto& issue : issues->as_array()) {
    const Json* path = issue.find("path");
    const std::string message(issue.string_or("message", ""));
    if (path == nullptr || !path->is_array() || path->as_array().empty()) {
      form_errors.push_back(message);
      continue;
    }
    const Json& first = path->as_array().front();
    const std::string field = first.is_string() ? first.as_string() : first.dump();
    if (field_errors.find(field) == nullptr) field_errors.set(field, Json::array());
    for (auto& [name, messages] : field_errors.as_object()) {
      if (name == field) messages.push_back(message);
    }
  }
  append_json(out, Json::object({{"formErrors", std::move(form_errors)},
                                 {"fieldErrors", std::move(field_errors)}}));
}

}  // namespace synap::trpc
