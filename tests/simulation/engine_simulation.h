// The run engine, simulated: log, bus and workers in one thread, with functions of all kinds of
// steps and of flow control, on a machine whose power fails, whose disk is full, fails and is slow,
// and whose clock jumps, and with drivers that fail. When all is well again everything comes to
// rest, and what is there then is judged.
#pragma once

#include "simulation/simulation.h"

namespace synap::simulation {

/// So many steps of one machine, from an empty disk on. `calls` are orders. One at a time in a
/// process.
Outcome simulate_engine(std::uint64_t seed, std::int64_t steps);

}  // namespace synap::simulation
