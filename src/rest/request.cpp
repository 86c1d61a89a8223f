#include "rest/request.h"

#include <fmt/format.h>

#include "base/json_given.h"
#include "net/ascii.h"
#include "net/url.h"
#include "rest/parameters.h"

namespace synap::rest {
namespace {

bool is_get(const net::Request& request) {
  return request.method == "GET" || request.method == "HEAD";
}

// Text of a caller, as much of it as a sentence can hold.
std::string shown(std::string_view text) {
  constexpr std::size_t kShownMax = 100;
  return std::string(text.substr(0, valid_utf8_prefix(text.substr(0, kShownMax))));
}

std::string allowed_methods(const rpc::Procedure& procedure) {
  std::string methods;
  if (takes_get(procedure)) methods = "GET, HEAD";
  if (takes_post(procedure)) methods.append(methods.empty() ? "POST" : ", POST");
  return methods;
}

// A POST says in a type that a page cannot send without asking first what it is: so no page of
// another origin posts anything here that the browser's preflight has not let through.
Result<> check_content_type(const net::Request& head) {
  const std::string* header = head.headers.find("content-type");
  if (header == nullptr) return {};
  const auto type = net::trimmed(std::string_view(*header).substr(0, header->find(';')));
  if (net::equal_ignoring_case(type, "application/json")) return {};
  return fail(Code::kUnsupportedMediaType,
              fmt::format("The body must be application/json, not \"{}\"", shown(*header)));
}

std::string wrong_method(const rpc::Procedure& procedure, const net::Request& head) {
  return fmt::format("The {} {} is called with {}, not {}", rpc::kind_name(procedure.kind),
                     procedure.path, allowed_methods(procedure), shown(head.method));
}

// An EventSource that comes back says in a header what it saw last, beside the URL it began with.
Result<> resume(const rpc::Procedure& procedure, const net::Request& request, Json& input) {
  const std::string* last = request.headers.find("last-event-id");
  if (!procedure.is_tracked || last == nullptr || last->empty()) return {};
  if (!is_valid_utf8(*last)) return fail(Code::kBadRequest, "Last-Event-ID is no UTF-8");
  input.set("lastEventId", *last);
  return {};
}

Result<rpc::Input> read_body(const rpc::Procedure& procedure, const net::Request& request) {
  rpc::Input input;
  if (request.body.empty()) return input;
  if (request.headers.find("content-type") == nullptr) {
    return fail(Code::kUnsupportedMediaType,
                "The body must say that it is JSON: content-type: application/json");
  }
  auto json = parse_given_json(request.body);
  if (!json) return fail(json.error());
  if (rpc::takes_input(procedure)) {
    input.json = *std::move(json);
  } else if (!json->is_object() || !json->as_object().empty()) {
    return fail(Code::kBadRequest,
                fmt::format("{} takes no input: send no body, or {{}}", procedure.path));
  }
  return input;
}

}  // namespace

bool takes_get(const rpc::Procedure& procedure) {
  return procedure.kind != rpc::Kind::kMutation && procedure.meta.effects == rpc::Effects::kReads &&
         is_flat(procedure.input);
}

bool takes_post(const rpc::Procedure& procedure) {
  return procedure.kind != rpc::Kind::kSubscription || !takes_get(procedure);
}

Result<> find_target(std::string_view base_path, const rpc::ProcedureTable& procedures,
                     const net::Request& head, Target& target) {
  std::string_view rest = head.path;
  rest.remove_prefix(std::min(base_path.size(), rest.size()));
  if (rest.starts_with('/')) rest.remove_prefix(1);
  auto path = net::percent_decode(rest);
  if (!path) return fail(path.error());
  target.procedure = procedures.find(*path);
  if (target.procedure == nullptr) {
    return fail(Code::kNotFound, fmt::format("There is no procedure \"{}\"; /openapi.json lists "
                                             "all of them",
                                             shown(*path)));
  }
  const auto& procedure = *target.procedure;
  if (is_get(head) && takes_get(procedure)) return {};
  if (head.method != "POST" || !takes_post(procedure)) {
    target.allow = allowed_methods(procedure);
    return fail(Code::kMethodNotSupported, wrong_method(procedure, head));
  }
  if (!head.query.empty()) {
    return fail(Code::kBadRequest,
                "A POST says all in its body: parameters in the URL are for GET");
  }
  return check_content_type(head);
}

Result<rpc::Input> read_input(const rpc::Procedure& procedure, const net::Request& request) {
  if (!is_get(request)) return read_body(procedure, request);
  auto object = read_parameters(procedure.input, request.query);
  if (!object) return fail(object.error());
  rpc::Input input;
  if (!rpc::takes_input(procedure)) return input;
  if (auto done = resume(procedure, request, *object); !done) return fail(done.error());
  input.json = *std::move(object);
  return input;
}

}  // namespace synap::rest
