#include "search/mix.h"

#include <algorithm>
#include <cmath>

namespace synap::search {
namespace {

// What makes 2/3 of a text that has all words once: x^2 / (x^2 + 1/2) at x = 1.
constexpr double kHalf = 0.5;
constexpr double kUnrelatedWeight = 50;
constexpr double kFar = 4;
// A model by which all texts are the same still makes numbers.
constexpr double kDeviationMin = 1e-3;

// So that a score is the same for all pages, whatever order its sums were made in.
double rounded(double value, double parts) {
  return std::round(value * parts) / parts;
}

}  // namespace

double words_score(double relevance, double typical) {
  if (!(relevance > 0) || !(typical > 0)) return 0;
  const double part = relevance / typical;
  return part * part / (part * part + kHalf);
}

Usual usual_of(const vectors::Background& background, const Usual& unrelated) {
  const auto count = static_cast<double>(background.count);
  const double all = count + kUnrelatedWeight;
  const double mean = (count * background.mean + kUnrelatedWeight * unrelated.mean) / all;
  const auto square = [&](const double deviation, const double of) {
    return deviation * deviation + (of - mean) * (of - mean);
  };
  const double variance = (count * square(background.deviation, background.mean) +
                           kUnrelatedWeight * square(unrelated.deviation, unrelated.mean)) /
                          all;
  return {rounded(mean, 1e5), rounded(std::max(std::sqrt(variance), kDeviationMin), 1e5)};
}

double meaning_score(double cosine, const Usual& usual) {
  const double far = (cosine - usual.mean) / usual.deviation;
  return rounded(1 / (1 + std::exp(kFar - far)), 1e9);
}

double mixed_score(double words, double meaning, double title) {
  return rounded(1 - (1 - words) * (1 - meaning) * (1 - title), 1e9);
}

}  // namespace synap::search
