#include "engine_under_load.h"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "base/check.h"
#include "base/json.h"
#include "workers/step.h"

namespace synap::bench {
namespace {

using Clock = std::chrono::steady_clock;

// As apps name theirs, with the time at which it was asked for: ns of the steady clock.
constexpr std::string_view kWork = "bench/work";

std::int64_t now_ns() {
  return Clock::now().time_since_epoch().count();
}

}  // namespace

class EngineUnderLoad::Handler final : public workers::EventHandler {
 public:
  explicit Handler(EngineUnderLoad& load) : load_(load) {}
  std::string_view event_type() const override { return kWork; }

  Task<workers::Outcome> handle(const events::Event& event, workers::Step& step) override {
    if (!load_.has_steps_) co_return workers::Outcome::done();
    for (const auto* name : {"first", "second", "third"}) {
      auto done = co_await step.run<std::int64_t>(name, [&]() -> Task<Result<std::int64_t>> {
        if (*name == 'f') load_.note_begun(event);
        co_return load_.steps_done_.fetch_add(1, std::memory_order_relaxed);
      });
      if (!done) co_return workers::Outcome::failed(done.error());
    }
    co_return workers::Outcome::done();
  }

 private:
  EngineUnderLoad& load_;
};

Result<std::unique_ptr<EngineUnderLoad>> EngineUnderLoad::open(std::string directory, Kind kind) {
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  std::unique_ptr<EngineUnderLoad> load(new EngineUnderLoad(std::move(directory)));
  auto database = db::sqlite::SqliteDatabase::open({.path = load->directory_ + "/pod.db"});
  if (!database) return fail(database.error());
  load->database_ = std::move(*database);
  auto migrations = events::sqlite::SqliteEventLog::migrations();
  for (const auto& migration : workers::Engine::migrations()) migrations.push_back(migration);
  if (auto made = load->database_->migrate(migrations); !made) return fail(made.error());
  auto log = events::sqlite::SqliteEventLog::open(*load->database_);
  if (!log) return fail(log.error());
  load->log_ = std::move(*log);
  load->has_steps_ = kind == Kind::kThreeSteps;
  // The limits are those of a pod (pod/pod.cpp).
  load->engine_.emplace(
      *load->database_, *load->log_, load->types_,
      workers::EngineOptions{.queue = {.running = 1'024, .running_of_function = 256}});
  load->engine_->pool->add(kFunction, std::make_unique<Handler>(*load), {});
  if (auto started = load->engine_->start(); !started) return fail(started.error());
  return load;
}

EngineUnderLoad::~EngineUnderLoad() {
  if (engine_) {
    engine_->pool->stop(std::chrono::seconds(5));
    engine_->pool.reset();
  }
  if (database_ != nullptr) database_->close();
  engine_.reset();
  log_.reset();
  database_.reset();
  std::filesystem::remove_all(directory_);
}

Task<bool> EngineUnderLoad::append_some(std::atomic<int>& left) {
  while (left.fetch_sub(1, std::memory_order_relaxed) > 0) {
    events::Envelope envelope;
    envelope.user_id = "bench";
    envelope.correlation_id = Uuid::v7();
    auto event =
        types_.make_open(kWork, fmt::format("{{\"askedAt\":{}}}", now_ns()), std::move(envelope));
    SYNAP_CHECK(event.has_value(), event.error().message);
    events::Append append;
    append.events.push_back(std::move(*event));
    auto done = co_await log_->append(std::move(append));
    if (!done) failed_.fetch_add(1, std::memory_order_relaxed);
  }
  co_return true;
}

void EngineUnderLoad::append(int count, int in_flight) {
  std::atomic<int> left{count};
  std::vector<Task<bool>> tasks;
  for (int i = 0; i < std::min(in_flight, count); ++i) tasks.push_back(append_some(left));
  sync_wait(executor_, when_all(std::move(tasks)));
  appended_ += count;
}

// Asked of the tables: what is not in them may be lost.
void EngineUnderLoad::wait_for_ends() {
  const auto is_at_rest = [this] {
    return number("SELECT EXISTS(SELECT 1 FROM jobs) + EXISTS(SELECT 1 FROM parked_jobs)") == 0;
  };
  while (!is_at_rest()) std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

std::int64_t EngineUnderLoad::number(std::string_view sql) {
  auto value = sync_wait(executor_, asked(sql));
  SYNAP_CHECK(value.has_value(), value.error().message);
  return *value;
}

Task<Result<std::int64_t>> EngineUnderLoad::asked(std::string_view sql) {
  co_return co_await database_->read([&](db::Tx& tx) {
    auto rows = tx.query(sql);
    return rows.next() ? rows.integer(0) : 0;
  });
}

void EngineUnderLoad::resume() {
  engine_->functions.resume(kFunction);
  engine_->queue.note_unclaimed("bench");
}

void EngineUnderLoad::note_begun(const events::Event& event) {
  const auto now = now_ns();
  const auto work = parse_json(event.data);
  const double delay = static_cast<double>(now - work->find("askedAt")->as_integer()) / 1e6;
  std::lock_guard lock(mutex_);
  delays_.push_back(delay);
}

std::vector<double> EngineUnderLoad::take_delays() {
  std::lock_guard lock(mutex_);
  return std::exchange(delays_, {});
}

std::int64_t EngineUnderLoad::wrong() {
  const auto whole =
      number("SELECT count(*) FROM runs_data WHERE status = 'completed' AND attempts = 1");
  const auto steps = has_steps_ ? 3 * appended_ : 0;
  return failed_ + std::abs(appended_ - whole) + std::abs(steps_done_ - steps);
}

}  // namespace synap::bench
