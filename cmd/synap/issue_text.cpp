#include "synap/issue_text.h"

#include <fmt/format.h>

namespace synap::cli {
namespace {

// "/tags/0" as people write it: tags[0]
std::string path_text(const Json& issue) {
  std::string text;
  const Json* path = issue.find("path");
  if (path == nullptr || !path->is_array()) return text;
  for (const auto& step : path->as_array()) {
    if (step.is_integer()) text += fmt::format("[{}]", step.as_integer());
    if (step.is_string()) text += (text.empty() ? "" : ".") + step.as_string();
  }
  return text;
}

std::string_view kind_text(std::string_view type) {
  if (type == "string") return "a text";
  if (type == "int") return "a whole number";
  if (type == "number") return "a number";
  if (type == "boolean") return "true or false";
  if (type == "array") return "a list";
  if (type == "object" || type == "record") return "an object";
  return type;
}

// What was there instead is told in the message alone.
std::string type_text(const Json& issue, std::string_view message) {
  const auto expected = kind_text(issue.string_or("expected", ""));
  constexpr std::string_view kReceived = ", received ";
  const auto at = message.rfind(kReceived);
  const auto received = at == message.npos ? "" : message.substr(at + kReceived.size());
  // What is not there is "undefined" in JavaScript only.
  if (received == "undefined") {
    return expected.empty() || expected == "nonoptional"
               ? "it is missing"
               : fmt::format("it is missing ({})", expected);
  }
  return fmt::format("it must be {}, not {}", expected, kind_text(received));
}

std::string bound_text(const Json& issue, bool is_least) {
  const Json* bound = issue.find(is_least ? "minimum" : "maximum");
  const auto origin = issue.string_or("origin", "");
  const auto number = bound == nullptr ? "" : bound->dump();
  if (is_least && number == "1" && (origin == "string" || origin == "array")) {
    return "it must not be empty";
  }
  const auto most = is_least ? "at least" : "at most";
  if (origin == "string") return fmt::format("it must have {} {} characters", most, number);
  if (origin == "array") return fmt::format("it must have {} {} items", most, number);
  return fmt::format("it must be {} {}", most, number);
}

std::string choice_text(const Json& issue, std::string_view message) {
  const Json* values = issue.find("values");
  if (values == nullptr || !values->is_array()) return std::string(message);
  std::string all;
  for (const auto& value : values->as_array()) {
    all += (all.empty() ? "" : ", ") + (value.is_string() ? value.as_string() : value.dump());
  }
  return fmt::format("it must be {}{}", values->as_array().size() > 1 ? "one of " : "", all);
}

std::string message_of(const Json& issue) {
  const auto message = issue.string_or("message", "invalid");
  const auto code = issue.string_or("code", "");
  if (code == "invalid_type") return type_text(issue, message);
  if (code == "too_small" || code == "too_big") return bound_text(issue, code == "too_small");
  if (code == "invalid_value") return choice_text(issue, message);
  return std::string(message);
}

}  // namespace

std::optional<Json> issues_of(std::string_view message) {
  if (!message.starts_with('[')) return std::nullopt;
  auto issues = parse_json(message);
  if (!issues || !issues->is_array() || issues->as_array().empty()) return std::nullopt;
  return std::move(*issues);
}

std::string sentence_of(const Json& issues) {
  std::string sentence = "The input is wrong:";
  std::string_view separator = " ";
  for (const auto& issue : issues.as_array()) {
    const auto path = path_text(issue);
    sentence +=
        fmt::format("{}{}{}{}", separator, path, path.empty() ? "" : ": ", message_of(issue));
    separator = "; ";
  }
  return sentence;
}

}  // namespace synap::cli
