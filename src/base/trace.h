// Traces: what one request came to, as a tree of spans with times: the command that was called, the
// events it appended, their runs, and the runs' steps.
//
// A place in such a tree is a TraceContext. It comes in and goes out as the header `traceparent` of
// W3C Trace Context, and stands in the metadata of events (events/trace.h), so that a run that
// begins a week later still belongs to its command.
//
// Events and runs have the span ids that follow from their own ids: so a child names its parent
// without anybody having kept it, and a run is one span however often it was put away.
//
// Where nobody wants traces there is no Tracer: those who would tell of something have a null
// pointer, and look at nothing else.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/uuid.h"
#include "base/world.h"

namespace synap {

using TraceId = std::array<std::uint8_t, 16>;
using SpanId = std::array<std::uint8_t, 8>;

/// That of the span which an event or a run is.
SpanId span_id_of(const Uuid& id);

/// One span of one trace, as others name it. A value.
struct TraceContext {
  TraceId trace_id{};  // zeros: none
  SpanId span_id{};
  bool is_sampled = false;  // somebody keeps it

  bool is_valid() const { return trace_id != TraceId{} && span_id != SpanId{}; }
  /// "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".
  std::string traceparent() const;
  /// As W3C Trace Context reads it, later versions too; otherwise nothing.
  static std::optional<TraceContext> parse(std::string_view traceparent);

  friend bool operator==(const TraceContext&, const TraceContext&) = default;
};

/// Something that has happened, from then to then.
struct Span {
  /// As OpenTelemetry numbers them.
  enum class Kind : std::uint8_t { kInternal = 1, kServer, kClient, kProducer, kConsumer };
  using Value = std::variant<std::string, std::int64_t>;

  TraceContext context;
  SpanId parent{};  // zeros: it is the first of its trace
  std::string name;
  Kind kind = Kind::kInternal;
  std::int64_t begin_unix_us = 0;
  std::int64_t end_unix_us = 0;
  std::vector<std::pair<std::string_view, Value>> attributes = {};  // of names that are literals
  std::optional<std::string> error = std::nullopt;                  // it has failed, of this
};

/// Whoever is told of spans. Any thread.
class Tracer {
 public:
  /// Of those that begin a trace here, so many of 1 are kept.
  Tracer(World& world, double ratio) : world_(world), ratio_(ratio) {}
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  /// The context of a new span below `parent`; without one, of a new trace. What the parent says of
  /// its being kept holds.
  TraceContext begin(const std::optional<TraceContext>& parent);
  SpanId new_span_id();
  /// Takes a span that has ended. Costs a copy into a queue, and waits for nobody.
  virtual void end(Span span) = 0;
  std::int64_t unix_us() const;

 protected:
  ~Tracer() = default;

 private:
  World& world_;
  const double ratio_;
};

}  // namespace synap
