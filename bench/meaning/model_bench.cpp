// How long a text takes to become a vector: for each variant that the processor has, with bytes and
// with floats, of 10 and of 101 tokens. Prints a line of JSON for each.
//
//   model_bench FOLDER [SECONDS]       FOLDER as `synap model add` takes it
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "embedding/encoder.h"
#include "embedding/model_source.h"

namespace {

using namespace synap;
using namespace synap::embedding;

// Of this thread alone: others may have the processor meanwhile.
double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

void measure(const Encoder& encoder, std::string_view precision, std::string_view dots,
             std::string_view arithmetic, std::size_t tokens, double seconds) {
  std::vector<std::int32_t> ids(tokens);
  for (std::size_t i = 0; i < tokens; ++i) ids[i] = static_cast<std::int32_t>(1000 + 37 * i);
  const auto once = [&] {
    if (!encoder.encode(ids)) std::abort();
  };
  once();
  std::vector<double> times;
  const double begin = cpu_seconds();
  while (times.size() < 5 || cpu_seconds() - begin < seconds) {
    const double at = cpu_seconds();
    once();
    times.push_back(cpu_seconds() - at);
  }
  std::ranges::sort(times);
  fmt::print(
      "{{\"precision\":\"{}\",\"dots\":\"{}\",\"arithmetic\":\"{}\",\"tokens\":{},"
      "\"cpu_ms_least\":{:.2f},\"cpu_ms_p50\":{:.2f}}}\n",
      precision, dots, arithmetic, tokens, times.front() * 1e3, times[times.size() / 2] * 1e3);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return fmt::print(stderr, "model_bench FOLDER [SECONDS]\n"), 2;
  const double seconds = argc > 2 ? std::atof(argv[2]) : 1;
  const auto source = ModelSource::read(argv[1], {});
  if (!source) return fmt::print(stderr, "{}\n", source.error().message), 1;
  const auto tensors = Safetensors::read(source->weights);
  const auto floats = Weights::from_safetensors(*tensors, source->shape);
  if (!floats) return fmt::print(stderr, "{}\n", floats.error().message), 1;
  auto memory =
      std::make_shared<std::vector<std::byte>>(Weights::size(source->shape, Precision::kBytes));
  Weights::quantise(*floats, memory->data());
  const auto bytes = Weights::at(memory->data(), source->shape, Precision::kBytes, memory);
  for (const auto& dots : vectors::Dots::all()) {
    const auto& arithmetic = dots.name == "plain" ? Arithmetic::all().front() : Arithmetic::best();
    for (const std::size_t tokens : {10, 101}) {
      measure(Encoder(bytes, {&dots, &arithmetic}), "bytes", dots.name, arithmetic.name, tokens,
              seconds);
      measure(Encoder(*floats, {&dots, &arithmetic}), "floats", dots.name, arithmetic.name, tokens,
              seconds);
    }
  }
  return 0;
}
