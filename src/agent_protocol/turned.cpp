#include "agent_protocol/turned.h"

#include <fmt/format.h>

#include "base/json_given.h"
#include "rest/problem.h"

namespace synap::agent_protocol {

net::Request turned(const net::Request& head, std::string_view procedure) {
  net::Request call{.method = "POST", .path = fmt::format("/api/{}", procedure)};
  call.target = call.path;
  call.headers = head.headers;
  call.peer = head.peer;
  call.gone = head.gone;
  call.caller = head.caller;
  const auto* key = head.headers.find("x-api-key");
  if (key != nullptr && head.headers.find("authorization") == nullptr) {
    call.headers.add("authorization", "Bearer " + *key);
  }
  // What has no body of its own is not said to be JSON. A page of another origin could send that,
  // but only as a query, or without a key.
  const bool may_be_of_a_page =
      head.method == "POST" && call.headers.find("authorization") == nullptr;
  const bool is_said = head.headers.find("content-type") != nullptr;
  if (head.method == "GET" || (!is_said && !may_be_of_a_page)) {
    call.headers.set("content-type", "application/json");
  }
  return call;
}

Result<Json> object_in(const net::Request& request) {
  if (!request.query.empty()) {
    return fail(Code::kBadRequest, "All is said in the body: parameters in the URL are for GET");
  }
  auto given = parse_given_json(request.body);
  if (!given) return fail(given.error());
  if (!given->is_object()) return fail(Code::kBadRequest, "The body must be a JSON object");
  return given;
}

net::Response nothing() {
  net::Response done{.status = 204};
  done.headers.add("cache-control", "no-store");
  return done;
}

net::Response wrong_method(const net::Request& head, const std::string& allowed) {
  auto refusal = rest::problem_response(
      {Code::kMethodNotSupported, fmt::format("{} is called with {}", head.path, allowed)});
  refusal.headers.add("allow", allowed);
  return refusal;
}

}  // namespace synap::agent_protocol
