// RequestSpan: a request of an app as a span, in which the events that it appends stand.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/trace.h"
#include "inngest/asker.h"
#include "net/http.h"

namespace synap::inngest {

class RequestSpan {
 public:
  /// `tracer`: null, there are no traces. Otherwise `asker` gets its trace: the one that the
  /// request says it is of, or a new one.
  RequestSpan(Tracer* tracer, const net::Request& request, Asker& asker) : tracer_(tracer) {
    if (tracer_ == nullptr) return;
    if (const auto* text = request.headers.find("traceparent")) {
      parent_ = TraceContext::parse(*text);
    }
    const auto own = tracer_->begin(parent_);
    // A trace that begins here and that nobody keeps is none.
    if (!own.is_sampled && !parent_) return;
    asker.trace = own;
    own_ = own;
    begin_us_ = tracer_->unix_us();
  }

  void end(std::string name, int status) const {
    if (tracer_ == nullptr || !own_.is_sampled) return;
    Span span{.context = own_,
              .parent = parent_ ? parent_->span_id : SpanId{},
              .name = std::move(name),
              .kind = Span::Kind::kServer,
              .begin_unix_us = begin_us_,
              .end_unix_us = tracer_->unix_us()};
    span.attributes = {{"http.response.status_code", std::int64_t{status}}};
    constexpr int kErrors = 500;
    if (status >= kErrors) span.error = "";
    tracer_->end(std::move(span));
  }

 private:
  Tracer* tracer_;
  std::optional<TraceContext> parent_;
  TraceContext own_;
  std::int64_t begin_us_ = 0;
};

}  // namespace synap::inngest
