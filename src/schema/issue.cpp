#include "schema/issue.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "schema/schema.h"

namespace synap {
namespace schema_detail {
namespace {

std::string number_text(double value) {
  std::string text;
  append_json_number(text, value);
  return text;
}

// Names come from strangers and may be as long as a body.
constexpr std::size_t kNameBytesMax = 200;

std::string cut(std::string_view text) {
  if (text.size() <= kNameBytesMax) return std::string(text);
  text = text.substr(0, kNameBytesMax);
  return std::string(text.substr(0, valid_utf8_prefix(text))) + "...";
}

Json path_json(const Path* path) {
  Json::Array steps;
  for (; path != nullptr; path = path->up) {
    if (path->key != nullptr) {
      steps.emplace_back(cut(*path->key));
    } else {
      steps.emplace_back(static_cast<std::uint64_t>(path->index));
    }
  }
  std::reverse(steps.begin(), steps.end());
  return Json(std::move(steps));
}

std::string quoted(std::string_view text) {
  return fmt::format("\"{}\"", text);
}

bool is_plain_step(std::string_view key) {
  return std::ranges::all_of(key, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$';
  });
}

constexpr double kSafeIntegerMax = 9007199254740991;

}  // namespace

std::string_view type_name(const Json* value) {
  if (value == nullptr) return "undefined";
  if (value->is_null()) return "null";
  if (value->is_bool()) return "boolean";
  if (value->is_number()) return "number";
  if (value->is_string()) return "string";
  if (value->is_array()) return "array";
  return "object";
}

std::string dot_path(const Path& path) {
  std::vector<const Path*> steps;
  for (const Path* step = &path; step != nullptr; step = step->up) steps.push_back(step);
  std::string out;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    if ((*step)->key == nullptr) {
      out.append(fmt::format("[{}]", (*step)->index));
    } else if (is_plain_step(*(*step)->key)) {
      out.append(step == steps.rbegin() ? "" : ".").append(*(*step)->key);
    } else {
      out.push_back('[');
      append_json_string(out, *(*step)->key);
      out.push_back(']');
    }
    if (out.size() > kNameBytesMax) break;
  }
  return cut(out);
}

bool Issues::wants(bool is_final) {
  if (is_final) ++final_count_;
  return ++count_ <= kIssuesListedMax;
}

bool Issues::is_listing() const {
  return count_ < kIssuesListedMax;
}

void Issues::list(Json issue, const Path* path, std::string message) {
  issue.as_object().emplace_back("path", path_json(path));
  issue.as_object().emplace_back("message", std::move(message));
  listed_.push_back(std::move(issue));
}

void Issues::wrong_type(const Path* path, std::string_view expected, const Json* received) {
  if (!wants()) return;
  list(Json::object({{"expected", expected}, {"code", "invalid_type"}}), path,
       fmt::format("Invalid input: expected {}, received {}", expected, type_name(received)));
}

void Issues::no_object(const Path* path, const Json* received) {
  if (!wants()) return;
  list(Json::object({{"code", "invalid_type"}, {"expected", "object"}}), path,
       fmt::format("Invalid input: expected object, received {}", type_name(received)));
}

void Issues::missing_any(const Path* path) {
  if (!wants()) return;
  list(Json::object({{"code", "invalid_type"}, {"expected", "nonoptional"}}), path,
       "Invalid input: expected nonoptional, received undefined");
}

void Issues::not_integer(const Path* path, const Json& received) {
  if (!wants(true)) return;
  list(Json::object({{"expected", "int"}, {"format", "safeint"}, {"code", "invalid_type"}}), path,
       fmt::format("Invalid input: expected int, received {}", type_name(&received)));
}

void Issues::unsafe_integer(const Path* path, bool is_positive) {
  if (!wants()) return;
  const double limit = is_positive ? kSafeIntegerMax : -kSafeIntegerMax;
  list(Json::object({{"code", is_positive ? "too_big" : "too_small"},
                     {is_positive ? "maximum" : "minimum", limit},
                     {"note", "Integers must be within the safe integer range."},
                     {"origin", "int"},
                     {"inclusive", true}}),
       path,
       fmt::format("Too {}: expected int to be {}={}", is_positive ? "big" : "small",
                   is_positive ? '<' : '>', number_text(limit)));
}

void Issues::wrong_value(const Path* path, const SchemaNode& node) {
  if (!wants()) return;
  Json::Array values;
  std::string all;
  for (const auto& value : node.values) {
    values.emplace_back(value);
    if (!all.empty()) all.push_back('|');
    all.append(quoted(value));
  }
  list(Json::object({{"code", "invalid_value"}, {"values", std::move(values)}}), path,
       (node.values.size() == 1 ? "Invalid input: expected " : "Invalid option: expected one of ") +
           all);
}

void Issues::wrong_format(const Path* path, const SchemaCheck& check) {
  if (!wants()) return;
  std::string_view format = "regex";
  std::string pattern = "/" + check.pattern + "/";
  if (check.kind == SchemaCheck::Kind::kUuid) {
    format = "uuid";
    pattern = uuid_pattern();
  } else if (check.kind == SchemaCheck::Kind::kDatetime) {
    format = "datetime";
    pattern = datetime_pattern();
  }
  list(Json::object({{"origin", "string"},
                     {"code", "invalid_format"},
                     {"format", format},
                     {"pattern", std::move(pattern)}}),
       path, format_sentence(check));
}

void Issues::no_such_option(const Path* path, const SchemaNode& node) {
  if (!wants()) return;
  Json::Array values;
  std::string all;
  for (const auto& option : node.options) {
    for (const auto& value : *discriminator_values(*option, node.discriminator)) {
      all.append(fmt::format("{}'{}'", all.empty() ? "" : " | ", value));
      values.emplace_back(value);
    }
  }
  const Path here{path, &node.discriminator, 0};
  list(Json::object({{"code", "invalid_union"},
                     {"errors", Json::array()},
                     {"note", "No matching discriminator"},
                     {"discriminator", node.discriminator},
                     {"options", std::move(values)}}),
       &here, "Invalid discriminator value. Expected " + all);
}

void Issues::unrecognized_keys(const Path* path, const std::vector<const std::string*>& keys,
                               std::size_t count) {
  if (!wants()) return;
  Json::Array names;
  std::string all;
  for (const auto* key : keys) {
    auto name = cut(*key);
    all.append(all.empty() ? "" : ", ").append(quoted(name));
    names.emplace_back(std::move(name));
  }
  if (count > keys.size()) all.append(fmt::format(" and {} more", count - keys.size()));
  list(Json::object({{"code", "unrecognized_keys"}, {"keys", std::move(names)}}), path,
       fmt::format("Unrecognized key{}: {}", count > 1 ? "s" : "", all));
}

void Issues::out_of_bounds(const Path* path, const SchemaCheck& check, std::string_view origin,
                           bool is_final) {
  if (!wants(is_final)) return;
  const bool is_max = check.kind == SchemaCheck::Kind::kMax;
  const std::string_view unit = origin == "string"  ? " characters"
                                : origin == "array" ? " items"
                                                    : "";
  list(Json::object({{"origin", origin},
                     {"code", is_max ? "too_big" : "too_small"},
                     {is_max ? "maximum" : "minimum", check.bound},
                     {"inclusive", true}}),
       path,
       fmt::format("Too {}: expected {} to {} {}={}{}", is_max ? "big" : "small", origin,
                   unit.empty() ? "be" : "have", is_max ? '<' : '>', number_text(check.bound),
                   unit));
}

Error Issues::to_error() && {
  if (count_ > listed_.size()) {
    list(Json::object({{"code", "custom"}}), nullptr,
         fmt::format("{} more issues are not listed", count_ - listed_.size()));
  }
  Json issues(std::move(listed_));
  std::string message = issues.dump_pretty();
  return Error{Code::kBadRequest, std::move(message),
               std::make_shared<Json>(Json::object({{"issues", std::move(issues)}}))};
}

}  // namespace schema_detail

std::string UnknownKeys::to_json() const {
  std::string out = "[";
  for (const auto& path : paths) {
    if (out.size() > 1) out.push_back(',');
    append_json_string(out, path);
  }
  if (count > paths.size()) {
    if (out.size() > 1) out.push_back(',');
    append_json_string(out, fmt::format("and {} more", count - paths.size()));
  }
  return out.append("]");
}

Json flatten_issues(const Json& issues) {
  Json::Array form;
  Json::Object fields;
  for (const auto& issue : issues.as_array()) {
    const std::string_view message = issue.string_or("message", "");
    const Json* path = issue.find("path");
    if (path == nullptr || !path->is_array() || path->as_array().empty()) {
      form.emplace_back(message);
      continue;
    }
    const Json& first = path->as_array().front();
    const std::string name = first.is_string() ? first.as_string() : first.dump();
    auto field = std::find_if(fields.begin(), fields.end(),
                              [&](const auto& each) { return each.first == name; });
    if (field == fields.end()) field = fields.emplace(field, name, Json::array());
    field->second.push_back(message);
  }
  return Json::object({{"formErrors", std::move(form)}, {"fieldErrors", std::move(fields)}});
}

}  // namespace synap
