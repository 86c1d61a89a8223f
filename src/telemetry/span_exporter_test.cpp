#include "telemetry/span_exporter.h"

#include <gtest/gtest.h>

#include <latch>
#include <thread>

#include "base/crypto.h"
#include "base/test_support.h"
#include "outbound/test_server.h"

namespace synap::telemetry {
namespace {

using namespace std::chrono_literals;
using outbound::answer;
using outbound::Seen;
using outbound::TestServer;
using outbound::Wire;

Span span_of(Tracer& tracer, std::string name) {
  return {.context = tracer.begin({}),
          .name = std::move(name),
          .begin_unix_us = 1'700'000'000'000'001,
          .end_unix_us = 1'700'000'000'000'003};
}

SpanExporterOptions options_for(const TestServer& server) {
  return {.url = server.url("/v1/traces"), .pause = 1ms, .timeout = 2'000ms, .retry_pause = 1ms};
}

bool until(const std::function<bool()>& is_so) {
  for (int i = 0; i < 5'000 && !is_so(); ++i) std::this_thread::sleep_for(1ms);
  return is_so();
}

TEST(SpanExporter, SendsSpansAsTheProtocolSays) {
  std::mutex mutex;
  std::vector<Seen> requests;
  TestServer server([&](Wire& wire, const Seen& seen) {
    std::lock_guard lock(mutex);
    requests.push_back(seen);
    wire.send(answer(200, "{}"));
  });
  auto options = options_for(server);
  options.headers = {{"x-tenant", "ann"}};
  options.resource = {.service_name = "pod", .version = "1.2", .instance_id = "i"};
  SpanExporter exporter(options, real_world());
  auto span = span_of(exporter, "run f\"\xff");
  span.parent = exporter.new_span_id();
  span.kind = Span::Kind::kConsumer;
  span.attributes = {{"synap.user.id", "ann"}, {"synap.attempts", std::int64_t{3}}};
  span.error = "no";
  exporter.end(span);
  ASSERT_TRUE(until([&] { return exporter.counts().exported.value() == 1; }));
  std::lock_guard lock(mutex);
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].line, "POST /v1/traces HTTP/1.1");
  EXPECT_TRUE(requests[0].has("x-tenant: ann"));
  EXPECT_TRUE(requests[0].has("content-type: application/json"));
  const auto hex = [](const auto& id) { return to_hex(id); };
  EXPECT_EQ(
      requests[0].body,
      R"({"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{)"
      R"("stringValue":"pod"}},{"key":"service.version","value":{"stringValue":"1.2"}},{"key":)"
      R"("service.instance.id","value":{"stringValue":"i"}}]},"scopeSpans":[{"scope":{"name":)"
      R"("synap","version":"1.2"},"spans":[{"traceId":")" +
          hex(span.context.trace_id) + R"(","spanId":")" + hex(span.context.span_id) +
          R"(","parentSpanId":")" + hex(span.parent) +
          R"(","flags":1,"name":"run f\"","kind":5,"startTimeUnixNano":"1700000000000001000",)"
          R"("endTimeUnixNano":"1700000000000003000","attributes":[{"key":"synap.user.id",)"
          R"("value":{"stringValue":"ann"}},{"key":"synap.attempts","value":{"intValue":"3"}}],)"
          R"("status":{"code":2,"message":"no"}}]}]}]})");
}

TEST(SpanExporter, SpansOfOneUserThatAreOnTheirWayHoldUpNobodyElses) {
  std::atomic<int> arrived = 0;
  std::latch released(1);
  TestServer server([&](Wire& wire, const Seen&) {
    ++arrived;
    released.wait();
    wire.send(answer(200, "{}"));
  });
  SpanExporter exporter(options_for(server), real_world());
  const auto pass_on = [&](std::string user) {
    ThreadExecutor executor{"test"};
    return sync_wait(executor, exporter.pass_on(std::move(user), "{}", "application/json"));
  };
  std::vector<std::jthread> passing;
  for (int i = 0; i < 4; ++i) passing.emplace_back([&] { EXPECT_TRUE(pass_on("ann")); });
  EXPECT_TRUE(until([&] { return arrived == 4; }));
  const auto fifth = pass_on("ann");
  EXPECT_TRUE(!fifth && fifth.error().code == Code::kTooManyRequests);
  passing.emplace_back([&] { EXPECT_TRUE(pass_on("bob")); });
  EXPECT_TRUE(until([&] { return arrived == 5; }));
  released.count_down();
}

TEST(SpanExporter, KeepsOnlyWhatIsSampled) {
  TestServer server([](Wire& wire, const Seen&) { wire.send(answer(200, "{}")); });
  auto options = options_for(server);
  options.ratio = 0;
  SpanExporter exporter(options, real_world());
  exporter.end(span_of(exporter, "not kept"));
  EXPECT_EQ(exporter.queue_bytes(), 0u);
  exporter.stop(1s);
  EXPECT_EQ(exporter.counts().exported.value() + exporter.counts().dropped.value(), 0u);
}

TEST(SpanExporter, SendsAgainWhatACollectorCannotTakeNow) {
  std::atomic<int> asked = 0;
  TestServer server([&](Wire& wire, const Seen&) {
    wire.send(++asked < 3 ? answer(503, "") : answer(200, R"({"partialSuccess":{}})"));
  });
  SpanExporter exporter(options_for(server), real_world());
  exporter.end(span_of(exporter, "a"));
  ASSERT_TRUE(until([&] { return exporter.counts().exported.value() == 1; }));
  EXPECT_EQ(asked, 3);
  EXPECT_EQ(exporter.counts().failed_exports.value(), 2u);
  EXPECT_EQ(exporter.counts().dropped.value(), 0u);
}

TEST(SpanExporter, CountsWhatACollectorRefuses) {
  std::atomic<int> asked = 0;
  TestServer server([&](Wire& wire, const Seen&) {
    wire.send(++asked == 1 ? answer(200, R"({"partialSuccess":{"rejectedSpans":"1"}})")
                           : answer(400, "no"));
  });
  SpanExporter exporter(options_for(server), real_world());
  exporter.end(span_of(exporter, "a"));
  ASSERT_TRUE(until([&] { return exporter.counts().refused.value() == 1; }));
  exporter.end(span_of(exporter, "b"));
  ASSERT_TRUE(until([&] { return exporter.counts().refused.value() == 2; }));
  EXPECT_EQ(asked, 2) << "what is wrong is not sent again";
  EXPECT_EQ(exporter.counts().exported.value(), 0u);
}

TEST(SpanExporter, ADeadCollectorHoldsUpNothingAndWhatHasNoRoomIsDropped) {
  std::string log;
  std::uint64_t dropped = 0;
  {
    testing::internal::CaptureStderr();
    // Nobody listens there.
    SpanExporterOptions options{.url = "http://127.0.0.1:9/v1/traces",
                                .queue_bytes_max = 100'000,
                                .pause = 1ms,
                                .retry_pause = 10'000ms};
    SpanExporter exporter(options, real_world());
    const auto began = SteadyClock::now();
    for (int i = 0; i < 10'000; ++i) {
      exporter.end(span_of(exporter, "a"));
      ASSERT_LE(exporter.queue_bytes(), 100'000u);
    }
    EXPECT_LT(SteadyClock::now() - began, 2s);
    ASSERT_TRUE(until([&] { return exporter.counts().failed_exports.value() > 0; }));
    const auto stopped = SteadyClock::now();
    exporter.stop(200ms);
    EXPECT_LT(SteadyClock::now() - stopped, 3s);
    dropped = exporter.counts().dropped.value();
    log = testing::internal::GetCapturedStderr();
  }
  EXPECT_EQ(dropped, 10'000u);
  EXPECT_NE(log.find("the collector takes no spans: "), std::string::npos) << log;
  EXPECT_NE(log.find(" spans were dropped"), std::string::npos) << log;
}

TEST(SpanExporter, AStopSendsWhatIsQueuedButWaitsForNoSlowCollector) {
  std::atomic<bool> is_slow = false;
  TestServer server([&](Wire& wire, const Seen&) {
    for (int i = 0; i < 3'000 && is_slow; ++i) std::this_thread::sleep_for(1ms);
    wire.send(answer(200, "{}"));
  });
  auto options = options_for(server);
  options.pause = 60'000ms;
  {
    SpanExporter exporter(options, real_world());
    exporter.end(span_of(exporter, "a"));
    exporter.stop(5s);
    EXPECT_EQ(exporter.counts().exported.value(), 1u);
    exporter.end(span_of(exporter, "too late"));
    EXPECT_EQ(exporter.counts().dropped.value(), 1u);
  }
  is_slow = true;
  SpanExporter exporter(options, real_world());
  exporter.end(span_of(exporter, "a"));
  const auto began = SteadyClock::now();
  exporter.stop(100ms);
  EXPECT_LT(SteadyClock::now() - began, 2s);
  EXPECT_EQ(exporter.counts().dropped.value(), 1u);
  is_slow = false;
}

}  // namespace
}  // namespace synap::telemetry
