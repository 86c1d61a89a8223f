#include "base/metrics.h"

#include <gtest/gtest.h>

#include <limits>
#include <thread>

namespace synap {
namespace {

using Type = Metrics::Type;

TEST(Metrics, WritesEachFamilyWithItsHelpItsTypeAndItsSamples) {
  Metrics metrics;
  Counter calls;
  calls.add(3);
  metrics.add("synap_calls_total", Type::kCounter, "Calls.",
              Metrics::Collect([&](Samples& samples) {
                samples.add({{"procedure", "notes.get"}, {"code", "OK"}},
                            static_cast<double>(calls.value()));
              }));
  metrics.add("synap_age_seconds", Type::kGauge, "Age.", [] { return 0.25; });
  EXPECT_EQ(metrics.text(),
            "# HELP synap_calls_total Calls.\n# TYPE synap_calls_total counter\n"
            "synap_calls_total{procedure=\"notes.get\",code=\"OK\"} 3\n"
            "# HELP synap_age_seconds Age.\n# TYPE synap_age_seconds gauge\n"
            "synap_age_seconds 0.25\n");
}

TEST(Metrics, EscapesWhatWouldEndALabelOrALine) {
  Metrics metrics;
  metrics.add("a", Type::kGauge, "b\\c\n# TYPE \"d\"", Metrics::Collect([](Samples& samples) {
                samples.add({{"x", "\"} 1\na{x=\"\\"}}, 2);
              }));
  EXPECT_EQ(metrics.text(),
            "# HELP a b\\\\c\\n# TYPE \"d\"\n# TYPE a gauge\n"
            "a{x=\"\\\"} 1\\na{x=\\\"\\\\\"} 2\n");
}

TEST(Metrics, WritesNumbersThatReadBackTheSame) {
  Metrics metrics;
  metrics.add("a", Type::kGauge, "", Metrics::Collect([](Samples& samples) {
                samples.add(9007199254740991.0);
                samples.add(-0.1);
                samples.add(1e300);
                samples.add(std::numeric_limits<double>::infinity());
                samples.add(std::numeric_limits<double>::quiet_NaN());
              }));
  EXPECT_EQ(metrics.text(),
            "# HELP a \n# TYPE a gauge\na 9007199254740991\na -0.1\na 1e+300\na +Inf\na NaN\n");
}

TEST(Histogram, CountsAValueAtABoundAsWithinItAndShowsSeconds) {
  static constexpr std::array<std::int64_t, 2> kBounds = {1'000'000, 500'000'000};
  Histogram times(Histogram::Unit::kSeconds, kBounds);
  times.observe(std::chrono::milliseconds(1));
  times.observe(std::chrono::milliseconds(2));
  times.observe(std::chrono::seconds(2));
  times.observe(std::chrono::nanoseconds(-1));  // a clock that went back
  Metrics metrics;
  metrics.add("t_seconds", Type::kHistogram, "Times.",
              Metrics::Collect([&](Samples& samples) { samples.add({{"of", "x"}}, times); }));
  EXPECT_EQ(metrics.text(),
            "# HELP t_seconds Times.\n# TYPE t_seconds histogram\n"
            "t_seconds_bucket{of=\"x\",le=\"0.001\"} 2\n"
            "t_seconds_bucket{of=\"x\",le=\"0.5\"} 3\n"
            "t_seconds_bucket{of=\"x\",le=\"+Inf\"} 4\n"
            "t_seconds_sum{of=\"x\"} 2.003\n"
            "t_seconds_count{of=\"x\"} 4\n");
}

TEST(Metrics, IncrementsOfManyThreadsSumExactly) {
  constexpr int kThreads = 8;
  constexpr int kEach = 20'000;
  Counter counter;
  auto times = Histogram::of_latency();
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < kEach; ++n) {
          counter.add();
          times.observe(std::chrono::microseconds(n));
        }
      });
    }
  }
  EXPECT_EQ(counter.value(), std::uint64_t{kThreads} * kEach);
  EXPECT_EQ(times.count(), std::uint64_t{kThreads} * kEach);
  Metrics metrics;
  metrics.add("t_seconds", Type::kHistogram, "",
              Metrics::Collect([&](Samples& samples) { samples.add({}, times); }));
  // 8 times the sum of 0 to 19,999 us.
  EXPECT_NE(metrics.text().find("\nt_seconds_sum 1599.92\n"), std::string::npos) << metrics.text();
}

TEST(MetricsDeathTest, NamesAreOnceAndWellFormed) {
  const auto add = [](std::vector<std::string> names, Type type) {
    Metrics metrics;
    for (auto& name : names) metrics.add(std::move(name), type, "", [] { return 0.0; });
  };
  EXPECT_DEATH(add({"a", "a"}, Type::kGauge), "this must be true");
  EXPECT_DEATH(add({"a b"}, Type::kGauge), "this must be true");
  EXPECT_DEATH(add({"a"}, Type::kCounter), "this must be true");
  EXPECT_DEATH(add({"a_total"}, Type::kGauge), "this must be true");
}

}  // namespace
}  // namespace synap
