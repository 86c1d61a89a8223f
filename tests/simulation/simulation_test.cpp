// The simulation as tests: a seed that is always the same, one that is new each time, those that
// have found something once, and that one seed is one history.
#include "simulation/simulation.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <sstream>

#include "simulation/engine_simulation.h"

namespace synap::simulation {
namespace {

// A quarter of all that `make test` does.
constexpr std::int64_t kSteps = 50'000;

// Those that begin with `word`.
std::vector<std::uint64_t> seeds_of_old(std::string_view word) {
  std::ifstream file(SYNAP_SIMULATION_SEEDS);
  std::vector<std::uint64_t> seeds;
  for (std::string line; std::getline(file, line);) {
    std::string of;
    std::uint64_t seed = 0;
    if (std::istringstream(line) >> of >> seed && of == word) seeds.push_back(seed);
  }
  return seeds;
}

void run_from(std::uint64_t seed, Machines machines = simulate) {
  const auto campaign = simulate_many(seed, kSteps, machines);
  EXPECT_EQ(campaign.sum.violation, "")
      << "make simulate SEED=" << campaign.seed << " shows it again; add it to seeds.txt";
  EXPECT_GE(campaign.steps, kSteps);
  // Otherwise nothing was tried.
  EXPECT_GT(campaign.sum.events, campaign.steps / 20);
  EXPECT_GT(campaign.sum.power_losses, campaign.steps / 2'000);
}

TEST(Simulation, KeepsEveryPromiseFromASeedThatIsAlwaysTheSame) {
  run_from(20'260'101);
}

TEST(Simulation, KeepsEveryPromiseFromASeedThatIsNew) {
  const std::uint64_t seed = std::random_device{}();
  std::cout << "from seed " << seed << " on" << std::endl;
  run_from(seed);
}

TEST(EngineSimulation, KeepsEveryPromiseFromASeedThatIsAlwaysTheSame) {
  run_from(20'260'101, simulate_engine);
}

TEST(EngineSimulation, KeepsEveryPromiseFromASeedThatIsNew) {
  const std::uint64_t seed = std::random_device{}() % 1'000'000'000;
  std::cout << "from seed " << seed << " on" << std::endl;
  run_from(seed, simulate_engine);
}

TEST(EngineSimulation, GivesOneHistoryForOneSeed) {
  const auto first = simulate_engine(7, 1'000);
  EXPECT_EQ(first.trace, simulate_engine(7, 1'000).trace);
  EXPECT_NE(first.trace, simulate_engine(8, 1'000).trace);
}

TEST(Simulation, GivesOneHistoryForOneSeed) {
  const auto first = simulate(7, 1'000);
  const auto second = simulate(7, 1'000);
  EXPECT_EQ(first.trace, second.trace);
  EXPECT_EQ(first.events, second.events);
  EXPECT_NE(first.trace, simulate(8, 1'000).trace);
}

class OldSeeds : public testing::TestWithParam<std::uint64_t> {};
TEST_P(OldSeeds, FindNothingAnyMore) {
  EXPECT_EQ(simulate(GetParam(), kStepsOfMachine).violation, "");
}
INSTANTIATE_TEST_SUITE_P(Simulation, OldSeeds, testing::ValuesIn(seeds_of_old("pod")));

class OldSeedsOfEngine : public testing::TestWithParam<std::uint64_t> {};
TEST_P(OldSeedsOfEngine, FindNothingAnyMore) {
  EXPECT_EQ(simulate_engine(GetParam(), kStepsOfMachine).violation, "");
}
INSTANTIATE_TEST_SUITE_P(EngineSimulation, OldSeedsOfEngine,
                         testing::ValuesIn(seeds_of_old("engine")));

}  // namespace
}  // namespace synap::simulation
