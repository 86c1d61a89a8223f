#include "events/trace.h"

#include <gtest/gtest.h>

namespace synap::events {
namespace {

constexpr std::string_view kExample = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

Event event_of(std::string metadata) {
  EventFields fields;
  fields.metadata = std::move(metadata);
  return Event(std::move(fields));
}

TEST(TraceOfAnEvent, StandsInItsMetadata) {
  const auto context = *TraceContext::parse(kExample);
  Envelope envelope;
  set_trace(envelope, context);
  EXPECT_EQ(envelope.metadata, R"({"traceparent":")" + std::string(kExample) + R"("})");
  EXPECT_EQ(trace_of(event_of(envelope.metadata)), context);
  set_trace(envelope, {});
  EXPECT_EQ(trace_of(event_of(envelope.metadata)), context) << "no context takes none away";
}

TEST(TraceOfAnEvent, LeavesWhatElseTheMetadataSay) {
  const auto context = *TraceContext::parse(kExample);
  Envelope envelope;
  envelope.metadata = R"({"batch":"b","sdk":{"id":"x"}})";
  set_trace(envelope, context);
  EXPECT_EQ(envelope.metadata,
            R"({"batch":"b","sdk":{"id":"x"},"traceparent":")" + std::string(kExample) + R"("})");
  EXPECT_EQ(trace_of(event_of(envelope.metadata)), context);
}

TEST(TraceOfAnEvent, ThatIsNoneIsNone) {
  for (const char* metadata : {"", "{}", R"({"traceparent":""})", R"({"traceparent":7})",
                               R"({"why":"traceparent"})", R"({"sdk":{"traceparent":"00-4b"}})"}) {
    EXPECT_FALSE(trace_of(event_of(metadata))) << metadata;
  }
}

TEST(TraceOfAnEvent, OfARunHasTheRunAsItsParent) {
  Envelope envelope;
  const auto run_id = Uuid::v7();
  set_trace_of_run(envelope,
                   event_of(R"({"batch":"b","traceparent":")" + std::string(kExample) + R"("})"),
                   run_id);
  const auto context = trace_of(event_of(envelope.metadata));
  ASSERT_TRUE(context);
  EXPECT_EQ(context->trace_id, TraceContext::parse(kExample)->trace_id);
  EXPECT_EQ(context->span_id, span_id_of(run_id));
  Envelope none;
  set_trace_of_run(none, event_of("{}"), run_id);
  EXPECT_EQ(none.metadata, "");
}

}  // namespace
}  // namespace synap::events
