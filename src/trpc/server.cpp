#include "trpc/server.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/check.h"
#include "trpc/call.h"
#include "trpc/envelope.h"
#include "trpc/request.h"
#include "trpc/streams.h"
#include "trpc/websocket.h"

namespace synap::trpc {
namespace {

net::Response json_response(int status, std::string body) {
  net::Response response;
  response.status = status;
  response.headers = common_headers("application/json");
  if (const auto seconds = net::retry_after_seconds(status); !seconds.empty()) {
    response.headers.add("retry-after", std::string(seconds));
  }
  response.body = std::move(body);
  return response;
}

net::Response whole_error(const Error& error, bool with_zod_error) {
  std::string body;
  append_error(body, {error, std::nullopt, with_zod_error});
  return json_response(info(error.code).http_status, std::move(body));
}

// One call's part of the answer, and the status that it would have alone.
int append_answer(std::string& out, const Answer& answer, std::string_view path,
                  bool with_zod_error) {
  const auto& reply = answer.reply;
  const auto refuse = [&](const Error& error) {
    append_error(out, {error, path, with_zod_error, answer.unknown_keys});
    return info(error.code).http_status;
  };
  if (!reply) return refuse(reply.error());
  const auto* value = std::get_if<rpc::Text>(&*reply);
  if (value == nullptr) return refuse(no_stream_here());
  append_success(out, *value, answer.unknown_keys);
  return 200;
}

Task<net::Response> answer_one(ReadyCall call, const Options& options) {
  const std::string path = call.plan.path;
  const auto answer = co_await perform(std::move(call));
  // The official server throws here, where the call is no longer known: no path.
  if (answer.reply && std::holds_alternative<rpc::Items>(*answer.reply)) {
    co_return whole_error(no_stream_here(), options.zod_error);
  }
  std::string body;
  const int status = append_answer(body, answer, path, options.zod_error);
  co_return json_response(status, std::move(body));
}

// The calls of a batch are carried out so many at a time, and no more of them once their answers
// have come to so much: those behind are told to come again, and were not carried out.
constexpr std::size_t kBatchConcurrencyMax = 16;
constexpr std::size_t kBatchAnswerBytesMax = 16 << 20;

Task<Answer> refuse_too_much() {
  co_return Answer{
      fail(Code::kPayloadTooLarge,
           "The answers before this one are too large together: ask again, in another batch")};
}

Task<net::Response> answer_batch(std::vector<ReadyCall> calls, const Options& options) {
  std::string body;
  std::set<int> statuses;
  for (std::size_t begin = 0; begin < calls.size(); begin += kBatchConcurrencyMax) {
    const std::size_t end = std::min(calls.size(), begin + kBatchConcurrencyMax);
    std::vector<std::string> paths;
    std::vector<Task<Answer>> tasks;
    for (std::size_t i = begin; i < end; ++i) {
      paths.push_back(calls[i].plan.path);
      tasks.push_back(body.size() < kBatchAnswerBytesMax ? perform(std::move(calls[i]))
                                                         : refuse_too_much());
    }
    const auto answers = co_await when_all(std::move(tasks));
    for (std::size_t i = 0; i < answers.size(); ++i) {
      body += body.empty() ? '[' : ',';
      statuses.insert(append_answer(body, answers[i], paths[i], options.zod_error));
    }
  }
  body += ']';
  constexpr int kMultiStatus = 207;
  co_return json_response(statuses.size() == 1 ? *statuses.begin() : kMultiStatus, std::move(body));
}

// What is public takes small inputs only.
constexpr std::size_t kPublicBodyBytesMax = 64 * 1024;

bool is_public(const PlannedCall& call) {
  return call.procedure != nullptr && call.procedure->is_public() && !call.refusal;
}

}  // namespace

net::Headers common_headers(std::string content_type) {
  return {{"content-type", std::move(content_type)}, {"vary", "trpc-accept, accept"}};
}

Server::Server(Options options, const rpc::ProcedureTable& procedures)
    : options_(std::move(options)),
      procedures_(procedures),
      reconnects_(std::make_unique<Watermark>()) {
  SYNAP_CHECK(options_.base_path.starts_with('/'), options_.base_path);
  SYNAP_CHECK(options_.batch_max > 0 && options_.websocket_calls_max > 0);
  SYNAP_CHECK(options_.sse_client_inactivity.count() == 0 || options_.sse_ping.count() == 0 ||
                  options_.sse_ping <= options_.sse_client_inactivity,
              "a ping must come before the client gives up");
  SYNAP_CHECK(options_.create_context);
}

Server::~Server() = default;

// A stranger is told from the head of his request alone what each of his calls would come to: the
// shape of the answer is in the path and the query. His body is neither read nor waited for.
Task<net::Admission> Server::admit(const net::Request& head) {
  net::Admission admission;
  if (head.method == "HEAD") {
    admission.answer = net::Response{.status = 204};
    co_return admission;
  }
  auto known = identify(head);
  if (known) {
    admission.account = std::move(known->account);
    admission.caller = std::move(known->known);
    co_return admission;
  }
  auto decoded = decode_request(options_, procedures_, head);
  if (!decoded) {
    admission.answer = whole_error(decoded.error(), options_.zod_error);
  } else if (std::ranges::all_of(decoded->calls, is_public)) {
    admission.body_bytes_max = kPublicBodyBytesMax;
  } else {
    admission.answer = co_await answer(*std::move(decoded), fail(known.error()), head);
  }
  co_return admission;
}

Result<rpc::Caller> Server::identify(const net::Request& request) const {
  if (!options_.identify) return rpc::Caller{std::string(kEverybody), nullptr};
  rpc::Origin origin{.headers = request.headers, .peer = request.peer};
  auto known = options_.identify(origin);
  if (known) return known;
  // An EventSource can set no header: its page says who calls in the query.
  auto params = connection_params_of(request);
  if (!params || !*params) return known;
  origin.connection_params = *std::move(params);
  return options_.identify(origin);
}

Task<net::Response> Server::serve(const net::Request& request) {
  auto decoded = decode_request(options_, procedures_, request);
  if (!decoded) co_return whole_error(decoded.error(), options_.zod_error);

  RequestInfo request_info{{.headers = request.headers, .peer = request.peer}};
  request_info.connection_params = decoded->connection_params;
  for (const auto& call : decoded->calls) request_info.paths.push_back(call.path);
  request_info.is_batch = decoded->is_batch;
  request_info.kind = decoded->kind;
  request_info.caller = request.caller;
  if (decoded->wants_jsonl) request_info.accept = "application/jsonl";
  auto context = co_await options_.create_context(request_info);
  co_return co_await answer(*std::move(decoded), std::move(context), request);
}

Task<net::Response> Server::answer(DecodedRequest decoded, ContextResult context,
                                   const net::Request& request) const {
  // Without a context the inputs of no call matter.
  std::vector<Result<rpc::Input>> inputs(decoded.calls.size());
  if (context) inputs = decode_inputs(decoded, request);
  std::vector<ReadyCall> calls;
  calls.reserve(inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    calls.push_back({.plan = std::move(decoded.calls[i]),
                     .context = context,
                     .input = std::move(inputs[i]),
                     .stop = request.gone,
                     .procedures = &procedures_});
  }

  net::Response response;
  if (!decoded.is_batch && decoded.kind == rpc::Kind::kSubscription) {
    response = sse_response(
        {std::move(calls.front()), options_, request.gone, std::move(decoded.last_event_id)});
  } else if (!decoded.is_batch) {
    response = co_await answer_one(std::move(calls.front()), options_);
  } else if (decoded.wants_jsonl) {
    response = jsonl_response({std::move(calls), options_, request.gone});
  } else {
    response = co_await answer_batch(std::move(calls), options_);
  }
  if (!decoded.allow.empty()) response.headers.add("allow", decoded.allow);
  co_return response;
}

std::optional<net::Response> Server::refuse_upgrade(const net::Request& request) {
  if (auto allowed = check_origin(options_, request); !allowed) {
    return whole_error(allowed.error(), options_.zod_error);
  }
  return std::nullopt;
}

Task<void> Server::serve_websocket(const net::Request& request, net::WebSocket& socket) {
  WebSocketSession session(options_, procedures_, request, socket, *reconnects_);
  co_await session.run();
}

void Server::ask_to_reconnect() const {
  reconnects_->raise(reconnects_->value() + 1);
}

net::Response Server::error_response(const Error& error) {
  return whole_error(error, false);
}

}  // namespace synap::trpc
