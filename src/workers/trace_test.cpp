// Spans of runs and their steps.
#include <gtest/gtest.h>

#include <map>
#include <mutex>

#include "events/trace.h"
#include "workers/pool_test.h"

namespace synap::workers {
namespace {

constexpr std::string_view kCommand = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

class Collected final : public Tracer {
 public:
  Collected() : Tracer(real_world(), 1) {}
  void end(Span span) override {
    std::lock_guard lock(mutex_);
    spans_.push_back(std::move(span));
  }
  std::vector<Span> of(std::string_view name) const {
    std::lock_guard lock(mutex_);
    std::vector<Span> found;
    for (const auto& span : spans_) {
      if (span.name == name) found.push_back(span);
    }
    return found;
  }
  std::size_t count() const {
    std::lock_guard lock(mutex_);
    return spans_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Span> spans_;
};

class TraceTest : public WorkerPoolTest {
 protected:
  TraceTest() { tracer = &collected; }
  events::EventRef append_in(std::string_view traceparent) {
    events::Envelope envelope;
    envelope.user_id = "ann";
    if (auto context = TraceContext::parse(traceparent)) events::set_trace(envelope, *context);
    auto appended =
        sync_wait(executor, log->append({.events = {*types.make("thing.making.requested", "{}",
                                                                std::move(envelope))}}));
    SYNAP_CHECK(appended.has_value());
    return appended->events.front();
  }
  Collected collected;
};

TEST_F(TraceTest, ARunIsASpanBelowItsEventAndItsStepsBelowIt) {
  std::atomic<int> tries = 0;
  start([&](const Event&, Step& step) -> Task<Outcome> {
    const auto work = [&]() -> Task<Result<int>> {
      if (++tries == 1) co_return fail(Code::kTimeout, "not yet");
      co_return 1;
    };
    if (auto done = co_await step.run<int>("work", work); !done) {
      co_return Outcome::failed(done.error());
    }
    co_return co_await step.finish("end", [](db::Tx&) {});
  });
  const auto event = append_in(kCommand);
  wait_until_idle();
  ASSERT_TRUE(pool->stop(std::chrono::seconds(10)));
  const auto trace_id = TraceContext::parse(kCommand)->trace_id;

  const auto runs = collected.of("run f");
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_EQ(runs[0].context.trace_id, trace_id);
  EXPECT_EQ(runs[0].parent, span_id_of(event->id));
  EXPECT_EQ(runs[0].kind, Span::Kind::kConsumer);
  EXPECT_FALSE(runs[0].error);
  EXPECT_GT(runs[0].end_unix_us, runs[0].begin_unix_us);

  const auto attempts = collected.of("step work");
  ASSERT_EQ(attempts.size(), 2u);
  EXPECT_EQ(attempts[0].error, "not yet");
  EXPECT_FALSE(attempts[1].error);
  EXPECT_NE(attempts[0].context.span_id, attempts[1].context.span_id);
  ASSERT_EQ(collected.of("step end").size(), 1u);
  for (const auto& step : {attempts[0], attempts[1], collected.of("step end")[0]}) {
    EXPECT_EQ(step.context.trace_id, trace_id);
    EXPECT_EQ(step.parent, runs[0].context.span_id);
  }
  EXPECT_EQ(collected.count(), 4u);
}

TEST_F(TraceTest, ARunThatIsGivenUpSaysWhy) {
  start([](const Event&, Step& step) -> Task<Outcome> {
    const auto never = []() -> Task<Result<int>> { co_return fail(Code::kBadRequest, "never"); };
    auto done = co_await step.run<int>("work", never);
    co_return Outcome::failed(done.error());
  });
  append_in(kCommand);
  wait_until_idle();
  ASSERT_TRUE(pool->stop(std::chrono::seconds(10)));
  ASSERT_EQ(collected.of("run f").size(), 1u);
  EXPECT_EQ(collected.of("run f")[0].error, "never");
  ASSERT_EQ(collected.of("step work").size(), 1u);
  EXPECT_EQ(collected.of("step work")[0].error, "never");
}

TEST_F(TraceTest, WhatARunAppendsStandsBelowTheRun) {
  types.add("thing.told", object("Told"), "");
  appends = {"thing.told"};
  start([](const Event&, Step& step) -> Task<Outcome> {
    auto sent = co_await step.send_event("tell", "thing.told", Json::object());
    co_return sent ? Outcome::done() : Outcome::failed(sent.error());
  });
  append_in(kCommand);
  wait_until_idle();
  ASSERT_TRUE(pool->stop(std::chrono::seconds(10)));
  const auto told = test::run(executor, [&] { return log->at(2); });
  ASSERT_TRUE(told);
  const auto context = events::trace_of(**told);
  ASSERT_TRUE(context);
  EXPECT_EQ(context->trace_id, TraceContext::parse(kCommand)->trace_id);
  EXPECT_EQ(context->span_id, collected.of("run f").at(0).context.span_id);
}

TEST_F(TraceTest, ARunOfNoTraceTellsNothing) {
  start([](const Event&, Step& step) -> Task<Outcome> {
    co_return co_await step.finish("end", [](db::Tx&) {});
  });
  append_in("");
  wait_until_idle();
  ASSERT_TRUE(pool->stop(std::chrono::seconds(10)));
  EXPECT_EQ(collected.count(), 0u);
}

}  // namespace
}  // namespace synap::workers
