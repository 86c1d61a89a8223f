#include "rest/server.h"

#include <fmt/format.h>

#include <utility>

#include "base/check.h"
#include "rest/problem.h"
#include "rest/request.h"
#include "rest/stream.h"

namespace synap::rest {
namespace {

// What is public takes small inputs only.
constexpr std::size_t kPublicBodyBytesMax = 64 * 1024;

net::Response refusal_of(const Error& error, const Target& target) {
  auto response = problem_response(error);
  if (!target.allow.empty()) response.headers.add("allow", target.allow);
  return response;
}

net::Response value_response(rpc::Text value) {
  net::Response response;
  response.headers.add("cache-control", "no-store");
  if (value) {
    response.headers.add("content-type", "application/json");
    response.body = *std::move(value);
  } else {
    response.status = 204;
  }
  return response;
}

// JSON text with escapes for all that is not ASCII, as a header field wants it. `json` is UTF-8.
std::string ascii_json(std::string_view json) {
  std::string out;
  for (std::size_t at = 0; at < json.size();) {
    const auto byte = static_cast<unsigned char>(json[at]);
    if (byte < 0x80) {
      out += json[at++];
      continue;
    }
    const std::size_t length = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    unsigned code = byte & (0xffU >> (length + 1));
    for (std::size_t i = 1; i < length && at + i < json.size(); ++i) {
      code = code << 6 | (static_cast<unsigned char>(json[at + i]) & 0x3fU);
    }
    at += length;
    if (code >= 0x10000) {
      out += fmt::format("\\u{:04x}", 0xd800 + ((code - 0x10000) >> 10));
      code = 0xdc00 + ((code - 0x10000) & 0x3ff);
    }
    out += fmt::format("\\u{:04x}", code);
  }
  return out;
}

// Proxies take heads of 4 KiB: what has no room in a quarter of that is only counted.
std::string header_text(UnknownKeys unknown) {
  constexpr std::size_t kBytesMax = 1'024;
  auto text = ascii_json(unknown.to_json());
  while (text.size() > kBytesMax && !unknown.paths.empty()) {
    unknown.paths.pop_back();
    text = ascii_json(unknown.to_json());
  }
  return text;
}

}  // namespace

Server::Server(Options options, const rpc::ProcedureTable& procedures)
    : options_(std::move(options)), procedures_(procedures) {
  SYNAP_CHECK(options_.base_path.starts_with('/'), options_.base_path);
  SYNAP_CHECK(options_.create_context && options_.identify);
}

// What is wrong with the head is wrong for everybody, so it is said first; it tells a stranger
// nothing that the document does not.
Task<net::Admission> Server::admit(const net::Request& head) {
  net::Admission admission;
  Target target;
  auto found = find_target(options_.base_path, procedures_, head, target);
  if (!found) {
    procedures_.count_refusal(target.procedure, found.error().code);
    admission.answer = refusal_of(found.error(), target);
    co_return admission;
  }
  auto known = options_.identify({.headers = head.headers, .peer = head.peer});
  if (known) {
    admission.account = std::move(known->account);
    admission.caller = std::move(known->known);
  } else if (target.procedure->is_public()) {
    admission.body_bytes_max = kPublicBodyBytesMax;
  } else {
    procedures_.count_refusal(target.procedure, known.error().code);
    admission.answer = problem_response(known.error());
  }
  co_return admission;
}

Task<net::Response> Server::serve(const net::Request& request) {
  Target target;
  auto found = find_target(options_.base_path, procedures_, request, target);
  if (!found) co_return refusal_of(found.error(), target);
  UnknownKeys unknown;
  auto answer = co_await call(*target.procedure, request, unknown);
  auto response = answer ? *std::move(answer) : problem_response(answer.error());
  if (!unknown.empty()) {
    response.headers.add("synap-unknown-keys", header_text(std::move(unknown)));
    response.headers.add("access-control-expose-headers", "synap-unknown-keys");
  }
  co_return response;
}

Task<Result<net::Response>> Server::call(const rpc::Procedure& procedure,
                                         const net::Request& request, UnknownKeys& unknown) const {
  rpc::Origin origin{.headers = request.headers, .peer = request.peer};
  origin.paths = {procedure.path};
  origin.kind = procedure.kind;
  origin.caller = request.caller;
  const auto refuse = [&](Error error) {
    procedures_.count_refusal(&procedure, error.code);
    return fail(std::move(error));
  };
  auto context = co_await options_.create_context(origin);
  if (!context) co_return refuse(std::move(context.error()));
  auto input = read_input(procedure, request);
  if (!input) co_return refuse(std::move(input.error()));

  // A subscription goes on after this coroutine: it is stopped by its stream too.
  std::stop_source stop;
  const std::stop_callback when_gone(request.gone, [stop]() mutable { stop.request_stop(); });
  auto reply = co_await rpc::invoke(procedure, {.context = *std::move(context),
                                                .input = *std::move(input),
                                                .stop = stop.get_token(),
                                                .unknown_keys = &unknown});
  if (!reply) co_return fail(reply.error());
  if (auto* items = std::get_if<rpc::Items>(&*reply)) {
    if (procedure.kind == rpc::Kind::kSubscription) {
      co_return stream_response(
          {options_.world, std::move(*items), stop, request.gone, options_.ping});
    }
    co_return fail(Code::kNotImplemented,
                   fmt::format("{} answers in parts, which only /trpc can send", procedure.path));
  }
  if (procedure.kind == rpc::Kind::kSubscription) {
    co_return fail(Code::kInternalServerError,
                   fmt::format("The subscription {} gave no stream", procedure.path));
  }
  co_return value_response(std::move(std::get<rpc::Text>(*reply)));
}

std::optional<net::Response> Server::refuse_upgrade(const net::Request&) {
  return problem_response({Code::kNotFound, "A WebSocket is served at /trpc"});
}

Task<void> Server::serve_websocket(const net::Request&, net::WebSocket&) {
  co_return;
}

net::Response Server::refusal(const Error& error) {
  return problem_response(error);
}

}  // namespace synap::rest
