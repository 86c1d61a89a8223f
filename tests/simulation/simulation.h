// Simulation: a pod's log, read models and content in one thread, on a machine whose power fails,
// whose disk is full, fails and is slow, and whose clock jumps, all of it by a seed. Callers call
// meanwhile; what they were told must stay true.
#pragma once

#include <cstdint>
#include <string>

namespace synap::simulation {

struct Outcome {
  std::string violation;    // what was found to be wrong; empty: nothing
  std::uint64_t trace = 0;  // a hash of all that happened
  std::int64_t calls = 0;
  std::int64_t events = 0;  // in the log at the end
  std::int64_t power_losses = 0;
  std::int64_t kills = 0;     // of the process, while the power stayed
  std::int64_t restarts = 0;  // when the process had ended well

  /// Adds the numbers of the next machine, and takes its violation.
  Outcome& operator+=(const Outcome& next);
};

/// So many steps of one machine, from an empty disk on, and a look at everything at the end. One at
/// a time in a process.
Outcome simulate(std::uint64_t seed, std::int64_t steps);

/// What is simulated on one machine before the next begins: looking at everything takes longer the
/// more there is.
inline constexpr std::int64_t kStepsOfMachine = 2'000;

/// One machine after another, each with the next seed, until so many steps were made. Stops at the
/// first violation, whose seed it names.
struct Campaign {
  std::uint64_t seed = 0;  // of the last machine
  std::int64_t steps = 0;
  Outcome sum;
};
using Machines = Outcome (*)(std::uint64_t seed, std::int64_t steps);
Campaign simulate_many(std::uint64_t first_seed, std::int64_t steps, Machines machines = simulate);

}  // namespace synap::simulation
