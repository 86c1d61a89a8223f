#include "api/call_timer.h"

#include "api/actor.h"
#include "base/log.h"

namespace synap::api {
namespace {

// Longer than this, people notice, and an operator wants to know of it: a command takes 2 ms, and
// the longest query is stopped after 250.
constexpr std::chrono::seconds kSlow{1};

std::string_view peer_of(const rpc::Context* context) {
  const auto* call = dynamic_cast<const CallContext*>(context);
  return call != nullptr ? std::string_view(call->peer) : "";
}

std::string_view user_of(const rpc::Context* context) {
  const auto* call = dynamic_cast<const CallContext*>(context);
  return call != nullptr && call->actor ? std::string_view((*call->actor)->user_id) : "";
}

}  // namespace

CallTimer::~CallTimer() {
  if (meter_ != nullptr) end(Code::kClientClosedRequest);
}

void CallTimer::end(std::optional<Code> code) {
  const auto took = Clock::now() - begin_;
  std::exchange(meter_, nullptr)->count(code, took);
  if (trace_ != nullptr) end_span(code, took);
  const bool is_slow = took > kSlow;
  if (!is_slow && !is_logged(LogLevel::kDebug)) return;
  const auto name = code ? info(*code).name : "OK";
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
  const auto ms = static_cast<double>(us) / 1'000;
  const auto user = user_of(context_.get());
  const auto peer = peer_of(context_.get());
  if (is_slow) {
    write_log_bounded(
        Same::kMessage, LogLevel::kWarn, "api", "slow: {procedure} {code} in {ms} ms",
        {{"procedure", path_}, {"code", name}, {"ms", ms}, {"user", user}, {"peer", peer}});
  } else {
    write_log(LogLevel::kDebug, "api", "{procedure} {code} in {ms} ms",
              {{"procedure", path_}, {"code", name}, {"ms", ms}, {"user", user}, {"peer", peer}});
  }
}

void CallTimer::end_span(std::optional<Code> code, Clock::duration took) const {
  const auto* call = dynamic_cast<const CallContext*>(context_.get());
  if (call == nullptr || call->tracer == nullptr) return;
  const auto now = call->tracer->unix_us();
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
  Span span{.context = *trace_,
            .parent = call->parent ? call->parent->span_id : SpanId{},
            .name = std::string(path_),
            .kind = Span::Kind::kServer,
            .begin_unix_us = now - us,
            .end_unix_us = now};
  span.attributes = {{"rpc.method", std::string(path_)},
                     {"synap.code", std::string(code ? info(*code).name : "OK")},
                     {"synap.user.id", std::string(user_of(context_.get()))}};
  if (code) span.error = std::string(info(*code).name);
  call->tracer->end(std::move(span));
}

}  // namespace synap::api
