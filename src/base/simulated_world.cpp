#include "base/simulated_world.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace synap {
namespace {

// 2026-01-01T00:00:00Z.
constexpr std::chrono::milliseconds kStart{1'767'225'600'000};

}  // namespace

class SimulatedWorld::Clockwork final : public Timers {
 public:
  std::optional<SteadyClock::time_point> first() const {
    std::lock_guard lock(mutex_);
    return first_locked();
  }
  void wake_due(SteadyClock::time_point now) {
    std::lock_guard lock(mutex_);
    for (auto first = first_locked(); first && *first <= now; first = first_locked()) {
      wake_first_locked();
    }
  }

 private:
  void first_changed() override {}
};

/// Coroutines of what would be one thread.
class SimulatedExecutor final : public Executor {
 public:
  explicit SimulatedExecutor(SimulatedWorld& world) : world_(world) {
    world_.executors_.push_back(this);
  }
  ~SimulatedExecutor() override {
    // As with a thread's: what is queued ends first.
    while (can_go_on()) run();
    std::erase(world_.executors_, this);
    end();
  }
  bool can_go_on() const { return has_posted_; }
  void run() {
    std::unique_lock lock(mutex_);
    has_posted_ = false;
    const Bound bound(*this);
    run_posted(std::move(lock));
  }
  void call(const std::function<void()>& function) {
    const Bound bound(*this);
    function();
  }
  void wait(std::unique_lock<std::mutex>& lock, std::condition_variable&,
            const std::function<bool()>& is_done) override {
    lock.unlock();
    world_.run_until([&] {
      std::lock_guard look(*lock.mutex());
      return is_done();
    });
    lock.lock();
  }
  bool wait_for(std::unique_lock<std::mutex>& lock, std::condition_variable&,
                std::chrono::milliseconds most, const std::function<bool()>& is_done) override {
    const auto end = world_.now_ + most;
    while (!is_done() && world_.now_ < end) {
      lock.unlock();
      const bool goes_on = world_.turn() || world_.pass_to_next();
      lock.lock();
      if (!goes_on) break;
    }
    return is_done();
  }

 private:
  void wake() override { has_posted_ = true; }

  SimulatedWorld& world_;
  bool has_posted_ = false;
};

class SimulatedSignal final : public Signal {
 public:
  explicit SimulatedSignal(SimulatedWorld& world) : world_(world) {
    world_.signals_.push_back(this);
  }
  ~SimulatedSignal() override { std::erase(world_.signals_, this); }
  void notify_one() override { notify_all(); }
  void notify_all() override;
  Woken wait(std::unique_lock<std::mutex>&, const std::function<bool()>& is_due,
             std::optional<std::chrono::milliseconds> most) override {
    if (is_due()) {
      until_.reset();
      return Woken::kDue;
    }
    if (most && !until_) until_ = world_.now_ + *most;
    if (until_ && *until_ <= world_.now_) {
      until_.reset();
      return Woken::kTimeUp;
    }
    world_.has_blocked_ = true;
    return Woken::kNotYet;
  }
  std::optional<SteadyClock::time_point> until() const { return until_; }

 private:
  SimulatedWorld& world_;
  std::optional<SteadyClock::time_point> until_;  // of the one thread that waits with a bound
};

class SimulatedThread final : public WorldThread {
 public:
  SimulatedThread(SimulatedWorld& world, std::function<bool()> turn)
      : world_(world), turn_(std::move(turn)) {
    world_.threads_.push_back(this);
  }
  ~SimulatedThread() override {
    world_.run_until([this] { return has_ended_; });
    std::erase(world_.threads_, this);
  }
  // A turn that only found that there is nothing to do costs little: so whoever notifies anybody
  // lets all threads look.
  bool can_go_on() const { return !has_ended_ && is_woken_; }
  void run() {
    is_woken_ = false;
    world_.has_blocked_ = false;
    has_ended_ = !turn_();
    if (!world_.has_blocked_) is_woken_ = true;
  }
  void wake() { is_woken_ = true; }

 private:
  SimulatedWorld& world_;
  std::function<bool()> turn_;
  bool is_woken_ = true;
  bool has_ended_ = false;
};

void SimulatedSignal::notify_all() {
  for (auto* thread : world_.threads_) thread->wake();
}

SimulatedWorld::SimulatedWorld(std::uint64_t seed)
    : random_(seed), timers_(std::make_unique<Clockwork>()) {}

SimulatedWorld::~SimulatedWorld() {
  SYNAP_CHECK(executors_.empty() && signals_.empty() && threads_.empty(),
              "a world outlives what it has made");
}

std::int64_t SimulatedWorld::unix_ms() {
  const auto passed =
      std::chrono::duration_cast<std::chrono::milliseconds>(now_.time_since_epoch());
  return (kStart + passed + jumped_).count();
}

SteadyClock::time_point SimulatedWorld::now() {
  if (look_time_max_.count() > 0) {
    now_ += std::chrono::microseconds(below(static_cast<std::uint64_t>(look_time_max_.count())));
  }
  return now_;
}

void SimulatedWorld::random(std::uint8_t* out, std::size_t count) {
  while (count > 0) {
    const auto word = random_();
    const auto part = std::min(count, sizeof word);
    std::memcpy(out, &word, part);
    out += part;
    count -= part;
  }
}

std::uint64_t SimulatedWorld::below(std::uint64_t bound) {
  return random_() % bound;
}

Uuid SimulatedWorld::new_id() {
  std::array<std::uint8_t, 16> bytes;
  random(bytes.data(), bytes.size());
  return ids_.next(unix_ms(), bytes);
}

Timers& SimulatedWorld::timers() {
  return *timers_;
}

std::unique_ptr<Executor> SimulatedWorld::make_executor(std::string, ThreadPriority) {
  return std::make_unique<SimulatedExecutor>(*this);
}

std::unique_ptr<Signal> SimulatedWorld::make_signal() {
  return std::make_unique<SimulatedSignal>(*this);
}

std::unique_ptr<WorldThread> SimulatedWorld::start_thread(std::string, ThreadPriority,
                                                          std::function<bool()> turn) {
  return std::make_unique<SimulatedThread>(*this, std::move(turn));
}

bool SimulatedWorld::turn() {
  std::vector<SimulatedExecutor*> executors;
  std::vector<SimulatedThread*> threads;
  for (auto* each : executors_) {
    if (each->can_go_on()) executors.push_back(each);
  }
  for (auto* each : threads_) {
    if (each->can_go_on()) threads.push_back(each);
  }
  if (executors.empty() && threads.empty()) return false;
  const auto chosen = below(executors.size() + threads.size());
  if (chosen < executors.size()) {
    executors[chosen]->run();
  } else {
    threads[chosen - executors.size()]->run();
  }
  return true;
}

void SimulatedWorld::settle() {
  while (turn()) {
  }
}

void SimulatedWorld::pass(std::chrono::nanoseconds time) {
  now_ += time;
  timers_->wake_due(now_);
  for (auto* signal : signals_) {
    if (signal->until() && *signal->until() <= now_) signal->notify_all();
  }
}

bool SimulatedWorld::pass_to_next() {
  auto next = timers_->first();
  for (auto* signal : signals_) {
    if (signal->until() && (!next || *signal->until() < *next)) next = signal->until();
  }
  if (!next) return false;
  pass(std::max(*next - now_, SteadyClock::duration(0)));
  return true;
}

void SimulatedWorld::run_until(const std::function<bool()>& is_done) {
  while (!is_done()) {
    if (!turn()) SYNAP_CHECK(pass_to_next(), "everything waits, and for nothing");
  }
}

void SimulatedWorld::on(Executor& executor, const std::function<void()>& function) {
  static_cast<SimulatedExecutor&>(executor).call(function);
}

}  // namespace synap
