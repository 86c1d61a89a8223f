#include "base/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace synap {
namespace {

bool is_name(std::string_view text) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  return !text.empty() && is_letter(text.front()) &&
         std::ranges::all_of(text, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

std::string_view name_of(Metrics::Type type) {
  switch (type) {
    case Metrics::Type::kCounter:
      return "counter";
    case Metrics::Type::kGauge:
      return "gauge";
    case Metrics::Type::kHistogram:
      break;
  }
  return "histogram";
}

// What the format lets nobody write as it is: of a help text a backslash and a line feed, of a
// label's value a quotation mark as well.
void append_escaped(std::string& out, std::string_view text, bool has_quotes) {
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && has_quotes) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

// Counts exactly, as far as a double can; everything else as short as reads back the same.
std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  constexpr double kExactMax = 9007199254740992;  // 2^53
  if (std::trunc(value) == value && std::abs(value) <= kExactMax) {
    return fmt::format("{}", static_cast<std::int64_t>(value));
  }
  return fmt::format("{}", value);
}

double shown(std::uint64_t value, Histogram::Unit unit) {
  return static_cast<double>(value) / (unit == Histogram::Unit::kSeconds ? 1e9 : 1.0);
}

constexpr std::int64_t kUs = 1'000;
constexpr std::int64_t kMs = 1'000 * kUs;

}  // namespace

// A command takes 0.5 to 2 ms where the disk is fast and 5 to 50 where it is not; 1 s is what is
// logged as slow, and 10 s is what a caller waits at most.
constexpr std::array<std::int64_t, Histogram::kBoundsMax> Histogram::kLatencyBounds = {
    250 * kUs, 500 * kUs, 1 * kMs,   2500 * kUs, 5 * kMs,    10 * kMs,   25 * kMs,    50 * kMs,
    100 * kMs, 250 * kMs, 500 * kMs, 1000 * kMs, 2500 * kMs, 5000 * kMs, 10'000 * kMs};
constexpr std::array<std::int64_t, Histogram::kBoundsMax> Histogram::kDelayBounds = {
    250 * kUs, 500 * kUs, 1 * kMs,   2500 * kUs, 5 * kMs,    10 * kMs,     25 * kMs,     50 * kMs,
    100 * kMs, 250 * kMs, 500 * kMs, 1000 * kMs, 5000 * kMs, 30'000 * kMs, 300'000 * kMs};
constexpr std::array<std::int64_t, Histogram::kBoundsMax> Histogram::kWorkBounds = {
    1 * kMs,      5 * kMs,      10 * kMs,      25 * kMs,        50 * kMs,
    100 * kMs,    250 * kMs,    500 * kMs,     1000 * kMs,      5000 * kMs,
    15'000 * kMs, 60'000 * kMs, 300'000 * kMs, 1'800'000 * kMs, 7'200'000 * kMs};

Histogram::Histogram(Unit unit, std::span<const std::int64_t> bounds)
    : unit_(unit), bounds_(bounds) {
  SYNAP_CHECK(bounds.size() <= kBoundsMax && std::ranges::is_sorted(bounds));
}

void Histogram::observe(std::int64_t value) {
  value = std::max<std::int64_t>(value, 0);
  const auto at = std::ranges::lower_bound(bounds_, value) - bounds_.begin();
  counts_[static_cast<std::size_t>(at)].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(static_cast<std::uint64_t>(value), std::memory_order_relaxed);
}

std::uint64_t Histogram::count() const {
  std::uint64_t sum = 0;
  for (const auto& count : counts_) sum += count.load(std::memory_order_relaxed);
  return sum;
}

void Samples::line(std::string_view suffix, const Labels& labels, std::string_view value) {
  out_ += name_;
  out_ += suffix;
  char before = '{';
  for (const auto& [name, text] : labels) {
    SYNAP_CHECK(is_name(name), name);
    out_ += before;
    out_ += name;
    out_ += "=\"";
    append_escaped(out_, text, true);
    out_ += '"';
    before = ',';
  }
  if (!labels.empty()) out_ += '}';
  out_ += ' ';
  out_ += value;
  out_ += '\n';
}

void Samples::add(const Labels& labels, double value) {
  line("", labels, number(value));
}

// The count is the sum of the buckets as they were read here: so it and the last bucket are the
// same, whatever is observed meanwhile.
void Samples::add(const Labels& labels, const Histogram& histogram) {
  auto with_bound = labels;
  with_bound.emplace_back("le", "");
  std::uint64_t count = 0;
  for (std::size_t i = 0; i <= histogram.bounds_.size(); ++i) {
    count += histogram.counts_[i].load(std::memory_order_relaxed);
    const bool is_last = i == histogram.bounds_.size();
    const auto bound =
        is_last ? std::string("+Inf")
                : number(shown(static_cast<std::uint64_t>(histogram.bounds_[i]), histogram.unit_));
    with_bound.back().second = bound;
    line("_bucket", with_bound, number(static_cast<double>(count)));
  }
  const auto sum = histogram.sum_.load(std::memory_order_relaxed);
  line("_sum", labels, number(shown(sum, histogram.unit_)));
  line("_count", labels, number(static_cast<double>(count)));
}

void Metrics::add(std::string name, Type type, std::string help, Collect collect) {
  SYNAP_CHECK(is_name(name), name);
  SYNAP_CHECK(name.ends_with("_total") == (type == Type::kCounter), name);
  SYNAP_CHECK(std::ranges::find(families_, name, &Family::name) == families_.end(), name);
  families_.push_back({std::move(name), type, std::move(help), std::move(collect)});
}

void Metrics::add(std::string name, Type type, std::string help, std::function<double()> read) {
  add(std::move(name), type, std::move(help),
      Collect([read = std::move(read)](Samples& samples) { samples.add(read()); }));
}

std::string Metrics::text() const {
  std::string out;
  for (const auto& family : families_) {
    out += fmt::format("# HELP {} ", family.name);
    append_escaped(out, family.help, false);
    out += fmt::format("\n# TYPE {} {}\n", family.name, name_of(family.type));
    Samples samples(out, family.name);
    family.collect(samples);
  }
  return out;
}

}  // namespace synap
