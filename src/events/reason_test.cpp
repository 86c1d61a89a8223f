#include "events/reason.h"

#include <gtest/gtest.h>

#include "events/trace.h"

namespace synap::events {
namespace {

Event event_of(std::string metadata) {
  EventFields fields;
  fields.metadata = std::move(metadata);
  return Event(std::move(fields));
}

TEST(ReasonOfAnEvent, StandsInItsMetadataBesideATrace) {
  const auto context =
      *TraceContext::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  Envelope envelope;
  set_reason(envelope, R"(it is "füll")");
  set_trace(envelope, context);
  EXPECT_EQ(reason_of(event_of(envelope.metadata)), R"(it is "füll")");
  EXPECT_EQ(trace_of(event_of(envelope.metadata)), context);
  Envelope other;
  set_trace(other, context);
  set_reason(other, "last");
  EXPECT_EQ(reason_of(event_of(other.metadata)), "last");
  EXPECT_EQ(trace_of(event_of(other.metadata)), context);
}

TEST(ReasonOfAnEvent, ThatNobodySaidIsNone) {
  Envelope envelope;
  set_reason(envelope, "");
  EXPECT_EQ(envelope.metadata, "");
  for (const char* metadata : {"", "{}", R"({"reason":7})", R"({"batch":"reason"})"}) {
    EXPECT_FALSE(reason_of(event_of(metadata))) << metadata;
  }
}

}  // namespace
}  // namespace synap::events
