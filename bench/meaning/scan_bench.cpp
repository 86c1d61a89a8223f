// How long a search among many vectors takes, and what it finds: top 10 of N, by one thread,
// against an exact comparison in floats. Prints a line of JSON for each variant that the processor
// has.
//
//   scan_bench VECTORS [COUNT]         VECTORS: raw floats, 384 a vector
//                                      COUNT: more than there are are made from them
//   scan_bench --embed MODEL.model VECTORS < TEXTS     writes the vectors of lines
//
// The last 1,000 are the queries.
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "embedding/model.h"
#include "vectors/block.h"

namespace {

using namespace synap;
using Vector = std::vector<float>;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kDimension = 384;
constexpr std::size_t kQueries = 1000;
constexpr std::size_t kJudged = 200;  // queries whose answers are compared
constexpr std::size_t kTop = 10;

// Of this thread alone: others may have the processor meanwhile.
double cpu_ms() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

int embed(const char* model_path, const char* to) {
  const auto model = embedding::Model::open(model_path);
  if (!model) return fmt::print(stderr, "{}\n", model.error().message), 1;
  std::ofstream file(to, std::ios::binary);
  for (std::string line; std::getline(std::cin, line);) {
    const auto vector = (*model)->embed(line);
    if (!vector) return fmt::print(stderr, "{}\n", vector.error().message), 1;
    file.write(reinterpret_cast<const char*>(vector->data()), kDimension * sizeof(float));
  }
  return file ? 0 : 1;
}

std::vector<Vector> read(const char* path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  std::vector<Vector> all(bytes.size() / (kDimension * sizeof(float)), Vector(kDimension));
  for (std::size_t i = 0; i < all.size(); ++i) {
    std::memcpy(all[i].data(), bytes.data() + i * kDimension * sizeof(float),
                kDimension * sizeof(float));
  }
  return all;
}

// A vector near one that there is: between it and another, and a little beside.
Vector made_from(const std::vector<Vector>& all, std::mt19937& random) {
  const auto& one = all[random() % all.size()];
  const auto& other = all[random() % all.size()];
  std::normal_distribution<float> beside(0, 0.01F);
  Vector made(kDimension);
  for (std::size_t i = 0; i < kDimension; ++i) made[i] = one[i] + 0.5F * other[i] + beside(random);
  const float length = std::sqrt(std::inner_product(made.begin(), made.end(), made.begin(), 0.F));
  for (auto& value : made) value /= length;
  return made;
}

std::vector<vectors::Id> exactly(const std::vector<Vector>& all, const Vector& query) {
  std::vector<float> scores(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    vectors::Dots::best().of_floats({query.data(), 1, all[i].data(), 1, kDimension, &scores[i]});
  }
  std::vector<vectors::Id> ids(all.size());
  std::iota(ids.begin(), ids.end(), 0);
  std::ranges::partial_sort(ids, ids.begin() + kTop,
                            [&](auto a, auto b) { return scores[a] > scores[b]; });
  ids.resize(kTop);
  return ids;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 4 && std::string(argv[1]) == "--embed") return embed(argv[2], argv[3]);
  if (argc < 2) return fmt::print(stderr, "scan_bench VECTORS [COUNT]\n"), 2;
  auto all = read(argv[1]);
  if (all.size() < 2 * kQueries) return fmt::print(stderr, "too few vectors\n"), 1;
  const std::vector<Vector> queries(all.end() - kQueries, all.end());
  all.resize(all.size() - kQueries);
  const std::size_t real = all.size();
  std::mt19937 random(1);
  const std::size_t count = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : real;
  all.reserve(count);
  const std::vector<Vector> from(all.begin(), all.end());
  while (all.size() < count) all.push_back(made_from(from, random));
  all.resize(count);

  for (const auto& dots : vectors::Dots::all()) {
    auto block = std::move(*vectors::Block::make(kDimension, dots));
    const auto begin = Clock::now();
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (!block->put(i, all[i])) std::abort();
    }
    const std::chrono::duration<double> built = Clock::now() - begin;
    std::vector<double> times;
    std::size_t found = 0;
    for (std::size_t q = 0; q < kQueries; ++q) {
      const double at = cpu_ms();
      const auto hits = block->search(queries[q], {.count = kTop});
      times.push_back(cpu_ms() - at);
      if (q >= kJudged) continue;
      const auto wanted = exactly(all, queries[q]);
      for (const auto& hit : *hits) {
        found += static_cast<std::size_t>(std::ranges::count(wanted, hit.id));
      }
    }
    std::ranges::sort(times);
    fmt::print(
        "{{\"dots\":\"{}\",\"vectors\":{},\"real\":{},\"cpu_ms_p50\":{:.2f},\"cpu_ms_p99\":{:.2f},"
        "\"recall_at_10\":{:.4f},\"mib\":{:.1f},\"build_s\":{:.2f}}}\n",
        dots.name, all.size(), std::min(real, all.size()), times[kQueries / 2],
        times[kQueries * 99 / 100],
        static_cast<double>(found) / static_cast<double>(kJudged * kTop),
        static_cast<double>(block->bytes()) / (1 << 20), built.count());
    std::fflush(stdout);
  }
  return 0;
}
