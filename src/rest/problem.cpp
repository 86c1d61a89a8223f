#include "rest/problem.h"

#include <algorithm>

namespace synap::rest {
namespace {

// Where an issue is: "tags[3]"; empty for the input itself.
std::string place_of(const Json& issue) {
  std::string place;
  const Json* path = issue.find("path");
  if (path == nullptr || !path->is_array()) return place;
  for (const auto& step : path->as_array()) {
    if (step.is_string()) {
      place.append(place.empty() ? "" : ".").append(step.as_string());
    } else {
      place.append("[").append(step.dump()).append("]");
    }
  }
  return place;
}

// The message of a bad input is the JSON text of its issues, which stand beside it here: so it is
// said in words, of the first few.
std::string words_of(const Json::Array& issues) {
  constexpr std::size_t kToldMax = 3;
  std::string words;
  for (std::size_t i = 0; i < std::min(issues.size(), kToldMax); ++i) {
    if (!words.empty()) words += "; ";
    if (const auto place = place_of(issues[i]); !place.empty()) words.append(place).append(": ");
    words.append(issues[i].string_or("message", ""));
  }
  if (issues.size() > kToldMax) {
    words.append("; and ").append(std::to_string(issues.size() - kToldMax)).append(" more");
  }
  return words;
}

}  // namespace

std::string problem_text(const Error& error) {
  const auto& known = info(error.code);
  const Json* issues = error.details ? error.details->find("issues") : nullptr;
  const bool has_issues = issues != nullptr && issues->is_array() && !issues->as_array().empty();
  Json problem =
      Json::object({{"type", "about:blank"},
                    {"title", net::reason_phrase(known.http_status)},
                    {"status", known.http_status},
                    {"detail", has_issues ? words_of(issues->as_array()) : error.message},
                    {"code", known.name}});
  if (has_issues) problem.set("issues", *issues);
  if (error.details && error.details->is_object()) {
    Json rest = Json::object();
    for (const auto& [key, value] : error.details->as_object()) {
      if (key != "issues") rest.set(key, value);
    }
    if (!rest.as_object().empty()) problem.set("details", std::move(rest));
  }
  return problem.dump();
}

net::Response problem_response(const Error& error) {
  net::Response response;
  response.status = info(error.code).http_status;
  response.headers.add("content-type", kProblemType);
  response.headers.add("cache-control", "no-store");
  if (const auto seconds = net::retry_after_seconds(response.status); !seconds.empty()) {
    response.headers.add("retry-after", std::string(seconds));
  }
  // RFC 9110 11.6.1: a 401 says what would be accepted.
  if (error.code == Code::kUnauthorized) response.headers.add("www-authenticate", "Bearer");
  response.body = problem_text(error);
  return response;
}

Json problem_schema() {
  const auto text = [](std::string_view docs) {
    return Json::object({{"type", "string"}, {"description", docs}});
  };
  const Json issues = Json::object(
      {{"type", "array"},
       {"items", Json::object({{"type", "object"}})},
       {"description", "Of a bad input: what is wrong and where, in the shape of zod's issues."}});
  const Json details = Json::object(
      {{"type", "object"},
       {"description", "What else is known: the actual version in a conflict, for instance."}});
  return Json::object(
      {{"type", "object"},
       {"description", "What went wrong (RFC 9457)."},
       {"properties",
        Json::object({{"type", text("about:blank: the status says it all.")},
                      {"title", text("The phrase of the status.")},
                      {"status", Json::object({{"type", "integer"}})},
                      {"detail", text("What was wrong, where, and what is allowed.")},
                      {"code", text("The status in one word; the same as over tRPC.")},
                      {"issues", issues},
                      {"details", details}})},
       {"required", Json::Array{"type", "title", "status", "detail", "code"}}});
}

}  // namespace synap::rest
