#include "base/trace.h"

#include <gtest/gtest.h>

namespace synap {
namespace {

constexpr std::string_view kExample = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

class Told final : public Tracer {
 public:
  explicit Told(double ratio) : Tracer(real_world(), ratio) {}
  void end(Span) override {}
};

TEST(TraceContext, IsReadAndWrittenAsAHeader) {
  const auto context = TraceContext::parse(kExample);
  ASSERT_TRUE(context);
  EXPECT_TRUE(context->is_sampled);
  EXPECT_EQ(context->traceparent(), kExample);
  const auto other = TraceContext::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00");
  ASSERT_TRUE(other);
  EXPECT_FALSE(other->is_sampled);
  EXPECT_TRUE(TraceContext::parse("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03-later"))
      << "a version to come";
}

TEST(TraceContext, WhatIsNoneIsPassedOver) {
  for (const char* text : {"", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
                           "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                           "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                           "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                           "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
                           "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01more",
                           "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
                           "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01"}) {
    EXPECT_FALSE(TraceContext::parse(text)) << text;
  }
}

TEST(Tracer, GoesOnWithATraceAndKeepsWhatItsParentDoes) {
  Told none(0);
  const auto parent = TraceContext::parse(kExample);
  const auto child = none.begin(parent);
  EXPECT_EQ(child.trace_id, parent->trace_id);
  EXPECT_NE(child.span_id, parent->span_id);
  EXPECT_TRUE(child.is_sampled);
  Told all(1);
  auto unsampled = parent;
  unsampled->is_sampled = false;
  EXPECT_FALSE(all.begin(unsampled).is_sampled);
}

TEST(Tracer, KeepsSoManyOfTheTracesThatBeginHere) {
  Told all(1);
  Told some(0.25);
  Told none(0);
  int kept = 0;
  for (int i = 0; i < 4'000; ++i) {
    ASSERT_TRUE(all.begin({}).is_sampled);
    ASSERT_FALSE(none.begin({}).is_sampled);
    kept += some.begin({}).is_sampled ? 1 : 0;
  }
  EXPECT_GT(kept, 850);
  EXPECT_LT(kept, 1'150);
}

TEST(Tracer, AnEventsSpanIdFollowsFromItsId) {
  const auto id = Uuid::v7();
  EXPECT_EQ(span_id_of(id), span_id_of(id));
  EXPECT_NE(span_id_of(id), span_id_of(Uuid::v7()));
  EXPECT_NE(span_id_of(Uuid{}), SpanId{});
}

}  // namespace
}  // namespace synap
