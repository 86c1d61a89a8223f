// Metrics: numbers about a running program, as Prometheus scrapes them.
//
// Whoever does something counts it in a Counter or a Histogram of its own, which costs one relaxed
// atomic addition and no lock; a registry (Metrics) knows how each is called, and reads them, and
// whatever else can be asked for a number, only when somebody scrapes. Labels are made from what
// the program knows (procedures, codes, functions), never from what a caller sends: so nobody
// outside can make the list longer.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace synap {

/// Counts up. Any thread. On a cache line of its own, so that two that are counted by different
/// threads do not take it from each other. One counter that many threads count is not split: at
/// 20,000 counts a second they meet too rarely for that to show.
class alignas(64) Counter {
 public:
  void add(std::uint64_t count = 1) { value_.fetch_add(count, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// How often values lay between fixed bounds, and their sum. Whole numbers: nanoseconds of a time,
/// which is shown in seconds, or a count. Any thread.
class alignas(64) Histogram {
 public:
  enum class Unit : std::uint8_t { kSeconds, kCount };

  static constexpr std::size_t kBoundsMax = 15;

  /// `bounds` ascend, are at most kBoundsMax, and outlive the histogram. A value that is equal to
  /// one counts as within it.
  Histogram(Unit unit, std::span<const std::int64_t> bounds);
  /// Of what answers a caller: 250 us to 10 s.
  static Histogram of_latency() { return {Unit::kSeconds, kLatencyBounds}; }
  /// Of what waits for its turn: 250 us to 5 min.
  static Histogram of_delay() { return {Unit::kSeconds, kDelayBounds}; }
  /// Of what is done for nobody who waits: 1 ms to 2 h.
  static Histogram of_work() { return {Unit::kSeconds, kWorkBounds}; }
  Histogram(const Histogram&) = delete;
  Histogram& operator=(const Histogram&) = delete;

  void observe(std::int64_t value);
  void observe(std::chrono::nanoseconds time) { observe(std::int64_t{time.count()}); }

  std::uint64_t count() const;

 private:
  friend class Samples;
  static const std::array<std::int64_t, kBoundsMax> kLatencyBounds;
  static const std::array<std::int64_t, kBoundsMax> kDelayBounds;
  static const std::array<std::int64_t, kBoundsMax> kWorkBounds;

  const Unit unit_;
  const std::span<const std::int64_t> bounds_;
  std::atomic<std::uint64_t> sum_{0};
  std::array<std::atomic<std::uint64_t>, kBoundsMax + 1> counts_{};  // the last: above all bounds
};

/// Names and values, in their order. Values may be any text; they are escaped.
using Labels = std::vector<std::pair<std::string_view, std::string_view>>;

/// Where the samples of one family are put while they are collected.
class Samples {
 public:
  void add(double value) { add({}, value); }
  void add(const Labels& labels, double value);
  void add(const Labels& labels, const Histogram& histogram);

 private:
  friend class Metrics;
  Samples(std::string& out, std::string_view name) : out_(out), name_(name) {}
  void line(std::string_view suffix, const Labels& labels, std::string_view value);

  std::string& out_;
  const std::string_view name_;
};

/// The registry: which families there are, and the text of them all. Families are added before
/// anybody scrapes; text() may be called by any thread.
class Metrics {
 public:
  enum class Type : std::uint8_t { kCounter, kGauge, kHistogram };
  using Collect = std::function<void(Samples&)>;

  Metrics() = default;
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  /// `collect` is called at each scrape, by the thread that scrapes; what it reads must outlive the
  /// registry. CHECKs that the name is new and well formed, and ends with `_total` if and only if
  /// it is a counter's.
  void add(std::string name, Type type, std::string help, Collect collect);
  /// One number without labels.
  void add(std::string name, Type type, std::string help, std::function<double()> read);

  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";
  /// All families in the text format 0.0.4 of Prometheus.
  std::string text() const;

 private:
  struct Family {
    std::string name;
    Type type;
    std::string help;
    Collect collect;
  };
  std::vector<Family> families_;
};

}  // namespace synap
