#include "simulation/engine_simulation.h"

#include <fmt/format.h>

#include "simulation/engine_pod.h"
#include "simulation/trace.h"

namespace synap::simulation {
namespace {

constexpr std::size_t kCallsMax = 6;
constexpr std::int64_t kOpenMax = 60;  // orders, beyond which none is placed for a while
constexpr int kLooksMax = 20'000;      // of one that comes to rest

class EngineSimulation final : public engine_work::Witness {
 public:
  // Half of the machines have a clock that nobody sets: there times are judged, too.
  explicit EngineSimulation(std::uint64_t seed) : machine_(seed), may_set_clock_(seed % 2 == 0) {}

  Outcome run(std::int64_t steps);
  void see_effect(const std::string& key) override { trace_.add(key); }
  void see_wrong(const std::string& what) override { violate(what); }

 private:
  struct Call {
    Task<void> task;
    bool has_ended = false;
  };

  SimulatedWorld& world() { return machine_.world; }
  bool is_wrong() const { return !outcome_.violation.empty(); }
  void violate(const std::string& what) {
    if (!is_wrong()) outcome_.violation = what;
  }
  void step();
  void call(Task<void> task);
  Task<void> place();
  Task<void> cancel();
  void start();
  void end_pod();
  void lose_power();
  void restart();
  void come_to_rest();
  Task<void> rest();
  Task<void> judge();

  Machine machine_;
  Trace trace_;
  std::unique_ptr<EnginePod> pod_;
  std::vector<std::unique_ptr<Call>> calls_;
  std::int64_t orders_ = 0;
  std::vector<std::int64_t> placed_;
  std::int64_t open_ = 0;
  const bool may_set_clock_;
  bool was_clock_set_ = false;
  std::int64_t failed_syncs_at_start_ = 0;
  Outcome outcome_;
};

Outcome EngineSimulation::run(std::int64_t steps) {
  start();
  for (std::int64_t i = 0; i < steps && !is_wrong(); ++i) step();
  if (!is_wrong()) restart();
  if (!is_wrong()) come_to_rest();
  if (!is_wrong()) {
    machine_.disk.cut_power();
    lose_power();
  }
  if (!is_wrong()) come_to_rest();
  end_pod();
  outcome_.trace = trace_.hash();
  outcome_.calls = orders_;
  return outcome_;
}

void EngineSimulation::step() {
  const auto chosen = world().below(1'000);
  if (chosen < 830) {
    if (!world().turn()) world().pass_to_next();
  } else if (chosen < 880) {
    if (calls_.size() < kCallsMax && open_ < kOpenMax) call(place());
  } else if (chosen < 900) {
    if (calls_.size() < kCallsMax) call(cancel());
  } else if (chosen < 950) {
    world().pass(std::chrono::milliseconds(world().below(machine_.is_one_in(10) ? 10'000 : 50)));
  } else if (chosen < 960) {
    for (int i = 0; i < 500 && world().turn(); ++i) {
    }
  } else if (chosen < 963) {
    if (may_set_clock_) machine_.jump_clock();
    was_clock_set_ = may_set_clock_;
  } else if (chosen < 969) {
    machine_.change_faults();
  } else if (chosen < 972) {
    machine_.disk.cut_power_after(world().below(150));
  } else if (chosen < 973) {
    restart();
  }
  if (!machine_.disk.has_power()) return lose_power();
  std::erase_if(calls_, [](const auto& call) { return call->has_ended; });
  const bool has_failed = machine_.sqlite.failed_syncs() > failed_syncs_at_start_;
  if (has_failed && machine_.is_one_in(100)) restart();
}

void EngineSimulation::call(Task<void> task) {
  auto call = std::make_unique<Call>();
  auto body = [](Call& own, Task<void> inner) -> Task<void> {
    co_await std::move(inner);
    own.has_ended = true;
  };
  call->task = body(*call, std::move(task));
  calls_.push_back(std::move(call));
  world().on(*pod_->executor, [&] { calls_.back()->task.start(); });
}

Task<void> EngineSimulation::place() {
  const auto number = ++orders_;
  auto placed = co_await pod_->work->place(number);
  if (!machine_.disk.has_power()) co_return;
  trace_.add(placed ? "placed" : "refused");
  if (placed) placed_.push_back(number);
  const auto open =
      co_await pod_->work->count("SELECT count(*) FROM runs_data WHERE ended_at IS NULL");
  if (open) open_ = *open;
}

Task<void> EngineSimulation::cancel() {
  std::ignore = co_await pod_->work->attend();
}

void EngineSimulation::start() {
  if (auto problem = machine_.start([&] {
        auto started = EnginePod::start(machine_, *this);
        if (started) pod_ = std::move(*started);
        return started ? Result<>{} : fail(started.error());
      })) {
    return violate(*problem);
  }
  if (!machine_.disk.has_power()) return lose_power();
  failed_syncs_at_start_ = machine_.sqlite.failed_syncs();
  open_ = 0;
  machine_.let_looks_take_time();
}

void EngineSimulation::end_pod() {
  world().let_looks_take(std::chrono::microseconds(0));
  if (pod_ != nullptr) world().on(*pod_->executor, [&] { calls_.clear(); });
  pod_.reset();
}

void EngineSimulation::lose_power() {
  const bool is_killed = machine_.is_one_in(3);
  ++(is_killed ? outcome_.kills : outcome_.power_losses);
  trace_.add(is_killed ? "kill" : "power");
  end_pod();
  machine_.go_on(/*has_lost_power=*/!is_killed);
  if (machine_.is_one_in(4)) machine_.disk.cut_power_after(world().below(200));
  start();
}

void EngineSimulation::restart() {
  ++outcome_.restarts;
  trace_.add("restart");
  end_pod();
  if (!machine_.disk.has_power()) return lose_power();
  start();
}

// On a machine that is well, and that nobody calls any more.
void EngineSimulation::come_to_rest() {
  for (bool is_at_rest = false; !is_at_rest && !is_wrong();) {
    machine_.disk.faults = {};
    if (machine_.sqlite.failed_syncs() > failed_syncs_at_start_) restart();
    world().let_looks_take(std::chrono::microseconds(0));
    world().on(*pod_->executor, [&] { calls_.clear(); });
    sync_wait(*pod_->executor, rest());
    // Schedules go on; what one of them has begun just now is to end, too.
    SYNAP_CHECK(pod_->engine->pool->stop(std::chrono::hours(1)), "what is under way ends");
    is_at_rest = sync_wait(*pod_->executor, pod_->work->is_idle()).value_or(false);
    if (is_at_rest) sync_wait(*pod_->executor, judge());
    if (!machine_.disk.has_power()) {
      is_at_rest = false;
      lose_power();
    } else if (!is_at_rest) {
      restart();
    }
  }
}

Task<void> EngineSimulation::rest() {
  for (int look = 0;; ++look) {
    const auto is_idle = co_await pod_->work->is_idle();
    if (!machine_.disk.has_power()) co_return;
    if (!is_idle) co_return violate(is_idle.error().message);
    std::ignore = co_await pod_->work->attend();
    if (*is_idle) co_return;
    if (look > kLooksMax) {
      co_return violate("it does not come to rest: " + co_await pod_->work->what_is_left());
    }
    co_await world().sleep_for(std::chrono::milliseconds(20));
  }
}

Task<void> EngineSimulation::judge() {
  const auto wrong = co_await pod_->work->judge(placed_, was_clock_set_);
  if (!machine_.disk.has_power()) co_return;
  for (const auto& what : wrong) violate(what);
  outcome_.events = pod_->log->end().value();
}

}  // namespace

Outcome simulate_engine(std::uint64_t seed, std::int64_t steps) {
  return EngineSimulation(seed).run(steps);
}

}  // namespace synap::simulation
