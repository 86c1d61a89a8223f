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
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "embedding/model.h"
#include "vector_corpus.h"
#include "vectors/block.h"

namespace {

using namespace synap;
using namespace synap::bench;
using Clock = std::chrono::steady_clock;

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

}  // namespace

int main(int argc, char** argv) {
  if (argc == 4 && std::string(argv[1]) == "--embed") return embed(argv[2], argv[3]);
  if (argc < 2) return fmt::print(stderr, "scan_bench VECTORS [COUNT]\n"), 2;
  auto all = read_vectors(argv[1]);
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
        found +=
            static_cast<std::size_t>(std::ranges::count(wanted, static_cast<std::size_t>(hit.id)));
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
