#include "simulation/simulation.h"

#include <fmt/format.h>

#include "simulation/callers.h"

namespace synap::simulation {
namespace {

constexpr std::size_t kCallsMax = 12;

class Simulation {
 public:
  explicit Simulation(std::uint64_t seed) : machine_(seed) {}

  Outcome run(std::int64_t steps);

 private:
  SimulatedWorld& world() { return machine_.world; }
  bool is_wrong() const { return !ledger_.violation().empty(); }
  void step();
  void start();
  void end_pod();
  void lose_power();
  void restart();
  void check(bool all);
  void look_at_clock() { ledger_.saw_time(world().unix_ms()); }

  Machine machine_;
  Ledger ledger_;
  Trace trace_;
  Callers callers_{machine_, ledger_, trace_};
  std::unique_ptr<Pod> pod_;
  std::int64_t failed_syncs_at_start_ = 0;
  Outcome outcome_;
};

Outcome Simulation::run(std::int64_t steps) {
  look_at_clock();
  start();
  for (std::int64_t i = 0; i < steps && !is_wrong(); ++i) step();
  // At last everything once more, before and after a loss of power.
  if (!is_wrong()) restart();
  if (!is_wrong()) check(/*all=*/true);
  if (!is_wrong()) {
    machine_.disk.cut_power();
    lose_power();
  }
  if (!is_wrong()) check(/*all=*/true);
  end_pod();
  outcome_.violation = ledger_.violation();
  outcome_.trace = trace_.hash();
  outcome_.calls = callers_.begun();
  outcome_.events = ledger_.end();
  return outcome_;
}

// One thing happens: mostly a coroutine or what would be a thread goes on to where it waits next.
void Simulation::step() {
  const auto chosen = world().below(1'000);
  if (chosen < 700) {
    if (!world().turn()) world().pass_to_next();
  } else if (chosen < 930) {
    if (callers_.waiting() < kCallsMax) callers_.call();
  } else if (chosen < 960) {
    world().pass(std::chrono::milliseconds(world().below(machine_.is_one_in(10) ? 10'000 : 50)));
  } else if (chosen < 970) {
    world().settle();
  } else if (chosen < 975) {
    machine_.jump_clock();
  } else if (chosen < 983) {
    machine_.change_faults();
  } else if (chosen < 993) {
    callers_.abandon_one();
  } else if (chosen < 997) {
    machine_.disk.cut_power_after(world().below(150));
  } else if (chosen < 998) {
    restart();
  }
  look_at_clock();
  if (!machine_.disk.has_power()) return lose_power();
  callers_.sweep();
  // Somebody sees sooner or later that nothing is written any more.
  const bool has_failed = machine_.sqlite.failed_syncs() > failed_syncs_at_start_;
  if (has_failed && machine_.is_one_in(100)) restart();
}

void Simulation::start() {
  if (auto problem = machine_.start([&] {
        auto started = Pod::start(machine_);
        look_at_clock();
        if (started) pod_ = std::move(*started);
        return started ? Result<>{} : fail(started.error());
      })) {
    return ledger_.violate(*problem);
  }
  if (!machine_.disk.has_power()) return lose_power();
  callers_.use(*pod_);
  failed_syncs_at_start_ = machine_.sqlite.failed_syncs();
  machine_.let_looks_take_time();
}

void Simulation::end_pod() {
  world().let_looks_take(std::chrono::microseconds(0));
  if (pod_ != nullptr) callers_.drop();
  pod_.reset();
}

void Simulation::lose_power() {
  const bool is_killed = machine_.is_one_in(3);
  ++(is_killed ? outcome_.kills : outcome_.power_losses);
  trace_.add(is_killed ? "kill" : "power");
  end_pod();
  machine_.go_on(/*has_lost_power=*/!is_killed);
  if (machine_.is_one_in(4)) machine_.disk.cut_power_after(world().below(200));
  start();
  if (pod_ != nullptr) check(machine_.is_one_in(8));
}

// The process ends and begins anew; the power stays, and what the system has in memory.
void Simulation::restart() {
  ++outcome_.restarts;
  trace_.add("restart");
  end_pod();
  if (!machine_.disk.has_power()) return lose_power();
  start();
  if (pod_ != nullptr) check(/*all=*/false);
}

void Simulation::check(bool all) {
  machine_.disk.faults = {};
  world().let_looks_take(std::chrono::microseconds(0));
  sync_wait(*pod_->executor, callers_.check());
  if (all) sync_wait(*pod_->executor, callers_.check_projections());
  if (!machine_.disk.has_power()) return lose_power();
  machine_.let_looks_take_time();
}

}  // namespace

Outcome& Outcome::operator+=(const Outcome& next) {
  violation = next.violation;
  calls += next.calls;
  events += next.events;
  power_losses += next.power_losses;
  kills += next.kills;
  restarts += next.restarts;
  return *this;
}

Outcome simulate(std::uint64_t seed, std::int64_t steps) {
  return Simulation(seed).run(steps);
}

Campaign simulate_many(std::uint64_t first_seed, std::int64_t steps, Machines machines) {
  Campaign campaign{.seed = first_seed};
  for (;; ++campaign.seed) {
    const auto one = machines(campaign.seed, kStepsOfMachine);
    campaign.steps += kStepsOfMachine;
    campaign.sum += one;
    if (!one.violation.empty() || campaign.steps >= steps) return campaign;
  }
}

}  // namespace synap::simulation
