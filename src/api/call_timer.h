// CallTimer: one call, from its admission to its end: counted by its procedure's meter, and written
// to the log where that is wanted or it took long.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "base/trace.h"
#include "rpc/procedure.h"

namespace synap::api {

/// An open stream of a subscription, counted while this lives. Moved with it.
class OpenStream {
 public:
  explicit OpenStream(rpc::CallMeter& meter) : meter_(&meter) { meter_->stream_opened(); }
  OpenStream(OpenStream&& other) noexcept : meter_(std::exchange(other.meter_, nullptr)) {}
  OpenStream& operator=(OpenStream&&) = delete;
  ~OpenStream() {
    if (meter_ != nullptr) meter_->stream_closed();
  }

 private:
  rpc::CallMeter* meter_;  // nothing: it was moved on
};

/// Begins with the call and travels with it, in the frame of the coroutine that carries it out. If
/// that frame goes before it has told how the call ended, the caller has gone: counted as
/// CLIENT_CLOSED_REQUEST.
class CallTimer {
 public:
  using Clock = std::chrono::steady_clock;

  /// `meter` and `path` must outlive it.
  CallTimer(rpc::CallMeter& meter, std::string_view path, const rpc::Call& call,
            Clock::time_point begin = Clock::now())
      : meter_(&meter), path_(path), context_(call.context), begin_(begin) {}
  CallTimer(CallTimer&& other) noexcept
      : meter_(std::exchange(other.meter_, nullptr)),
        path_(other.path_),
        context_(std::move(other.context_)),
        begin_(other.begin_),
        trace_(std::move(other.trace_)) {}
  CallTimer& operator=(CallTimer&&) = delete;
  ~CallTimer();

  /// It is a span, which the tracer of its context is told when it has ended.
  void set_trace(const TraceContext& trace) { trace_ = std::make_unique<TraceContext>(trace); }
  void succeeded() { end({}); }
  /// It was answered with a stream, which is open from now on. Must not outlive the procedure.
  OpenStream answered_with_stream() {
    OpenStream stream(*meter_);
    succeeded();
    return stream;
  }
  /// Gives the error on.
  Error failed(Error error) {
    end(error.code);
    return error;
  }

 private:
  void end(std::optional<Code> code);
  void end_span(std::optional<Code> code, Clock::duration took) const;

  rpc::CallMeter* meter_;  // nothing: it has ended, or was moved on
  std::string_view path_;
  std::shared_ptr<const rpc::Context> context_;  // of whoever calls, for the log
  Clock::time_point begin_;
  std::unique_ptr<const TraceContext> trace_;  // null, mostly: nobody keeps a trace of it
};

}  // namespace synap::api
