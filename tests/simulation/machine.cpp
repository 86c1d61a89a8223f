#include "simulation/machine.h"

namespace synap::simulation {
namespace {

constexpr int kStartsMax = 50;  // of one pod, while the machine works against it
// What a look at the clock takes: so slices of work and reads meet their bounds.
constexpr std::chrono::microseconds kLookTime{300};

}  // namespace

void Machine::change_faults() {
  Disk::Faults faults;
  switch (world.below(6)) {
    case 0:
      faults.is_full = true;
      break;
    case 1:
      faults.failing_sync = 20;
      break;
    case 2:
      faults.failing_write = 50;
      break;
    case 3:
      faults.slow_sync = 4;
      break;
    default:  // all is well
      break;
  }
  disk.faults = faults;
}

// Up to a day, both ways.
void Machine::jump_clock() {
  constexpr std::int64_t kDayMs = 86'400'000;
  const auto by = static_cast<std::int64_t>(world.below(2 * kDayMs)) - kDayMs;
  world.jump(std::chrono::milliseconds(by));
}

void Machine::let_looks_take_time() {
  world.let_looks_take(kLookTime);
}

std::optional<std::string> Machine::start(const std::function<Result<>()>& start_pod) {
  for (int attempt = 0;; ++attempt) {
    const bool is_well = attempt > 0;
    if (is_well) disk.faults = {};
    const auto started = start_pod();
    if (started) return std::nullopt;
    if (!disk.has_power()) {
      go_on(!is_one_in(3));
    } else if (is_well) {
      return "the pod does not start: " + started.error().message;
    }
    if (attempt > kStartsMax) return "the pod never starts";
  }
}

}  // namespace synap::simulation
