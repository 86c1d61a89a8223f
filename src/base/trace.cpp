#include "base/trace.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>

#include "base/crypto.h"

namespace synap {
namespace {

// Lower case only, as the specification wants it.
bool read_hex(std::string_view text, std::uint8_t* out, std::size_t count) {
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (text.size() != 2 * count || !std::ranges::all_of(text, is_digit)) return false;
  for (std::size_t i = 0; i < count; ++i) {
    std::from_chars(text.data() + 2 * i, text.data() + 2 * i + 2, out[i], 16);
  }
  return true;
}

}  // namespace

// The random part of the id.
SpanId span_id_of(const Uuid& id) {
  SpanId span{};
  std::copy_n(id.bytes.begin() + 8, span.size(), span.begin());
  if (span == SpanId{}) span.back() = 1;  // zeros are no id
  return span;
}

std::string TraceContext::traceparent() const {
  return "00-" + to_hex(trace_id) + "-" + to_hex(span_id) + (is_sampled ? "-01" : "-00");
}

// version "-" trace-id "-" parent-id "-" flags; a version above 00 may have more behind a dash.
// Source: https://www.w3.org/TR/trace-context/#traceparent-header
std::optional<TraceContext> TraceContext::parse(std::string_view traceparent) {
  constexpr std::size_t kSize = 55;
  if (traceparent.size() < kSize) return std::nullopt;
  const auto text = traceparent.substr(0, kSize);
  std::uint8_t version = 0;
  std::uint8_t flags = 0;
  TraceContext context;
  const bool is_read = read_hex(text.substr(0, 2), &version, 1) && text[2] == '-' &&
                       read_hex(text.substr(3, 32), context.trace_id.data(), 16) &&
                       text[35] == '-' &&
                       read_hex(text.substr(36, 16), context.span_id.data(), 8) &&
                       text[52] == '-' && read_hex(text.substr(53, 2), &flags, 1);
  if (!is_read || version == 0xff || !context.is_valid()) return std::nullopt;
  if (traceparent.size() > kSize && (version == 0 || traceparent[kSize] != '-')) {
    return std::nullopt;
  }
  context.is_sampled = (flags & 1) != 0;
  return context;
}

SpanId Tracer::new_span_id() {
  SpanId id{};
  while (id == SpanId{}) world_.random(id.data(), id.size());
  return id;
}

TraceContext Tracer::begin(const std::optional<TraceContext>& parent) {
  if (parent) return {parent->trace_id, new_span_id(), parent->is_sampled};
  TraceContext context{.span_id = new_span_id()};
  while (context.trace_id == TraceId{}) {
    world_.random(context.trace_id.data(), context.trace_id.size());
  }
  // The last 7 bytes decide, which are random by the specification: so all who have the same ratio
  // keep the same traces.
  std::uint64_t low = 0;
  for (std::size_t i = 9; i < context.trace_id.size(); ++i) low = low << 8 | context.trace_id[i];
  context.is_sampled = static_cast<double>(low) < std::ldexp(ratio_, 56);
  return context;
}

std::int64_t Tracer::unix_us() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace synap
