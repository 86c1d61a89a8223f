// simulation [--loud] [--engine] [seed]               the machine of a seed
// simulation [--loud] [--engine] --seconds n [seed]   one machine after another, from a seed on
//
// --engine: of the run engine, rather than of the rooms below it.
//
// What the pod says on stderr of all that fails is not shown, unless it is asked for.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "simulation/engine_simulation.h"
#include "simulation/simulation.h"

namespace {

using namespace synap::simulation;

int tell(std::uint64_t seed, std::int64_t steps, const Outcome& outcome) {
  fmt::print(
      "{} steps, {} calls, {} events, {} losses of power, {} kills, {} restarts; the last seed was "
      "{}\n",
      steps, outcome.calls, outcome.events, outcome.power_losses, outcome.kills, outcome.restarts,
      seed);
  if (outcome.violation.empty()) return 0;
  fmt::print("seed {} breaks a promise: {}\n", seed, outcome.violation);
  return 1;
}

void be_quiet() {
  ::dup2(::open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
}

// Where a check of the program itself has failed, what it says is lost.
void say_seed(int) {
  constexpr std::string_view kHint = "the program ended itself: run its seed with --loud\n";
  std::ignore = ::write(STDOUT_FILENO, kHint.data(), kHint.size());
  std::_Exit(1);
}

int simulate_for(Machines machines, std::chrono::seconds seconds, std::uint64_t seed) {
  const auto end = std::chrono::steady_clock::now() + seconds;
  Outcome sum;
  std::int64_t steps = 0;
  for (;; ++seed) {
    fmt::print("\rseed {} ", seed);
    std::fflush(stdout);
    const auto next = simulate_many(seed, kStepsOfMachine, machines);
    steps += next.steps;
    sum += next.sum;
    if (!sum.violation.empty() || std::chrono::steady_clock::now() >= end) break;
  }
  fmt::print("\n");
  return tell(seed, steps, sum);
}

}  // namespace

int main(int count, char** arguments) {
  std::vector<std::string> words(arguments + 1, arguments + count);
  const bool is_loud = std::erase(words, "--loud") > 0;
  if (!is_loud) {
    be_quiet();
    std::signal(SIGABRT, say_seed);
  }
  const auto number = [&](std::size_t at, std::uint64_t otherwise) {
    return at < words.size() ? std::strtoull(words[at].c_str(), nullptr, 10) : otherwise;
  };
  const Machines machines = std::erase(words, "--engine") > 0 ? simulate_engine : simulate;
  if (!words.empty() && words[0] == "--seconds") {
    return simulate_for(machines, std::chrono::seconds(number(1, 60)),
                        number(2, std::random_device{}()));
  }
  const auto seed = number(0, 1);
  return tell(seed, kStepsOfMachine, machines(seed, kStepsOfMachine));
}
