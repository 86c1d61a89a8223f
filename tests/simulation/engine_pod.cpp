#include "simulation/engine_pod.h"

namespace synap::simulation {
namespace {

using workers::Answer;

constexpr std::int64_t kWalBytesMax = 300'000;
// Of simulated time: whatever is under way ends when its disk answers, or does not.
constexpr std::chrono::hours kStopMax{1};

// A function that is slow, out of reach, or fails, now and then.
class FailingDriver final : public workers::Driver {
 public:
  FailingDriver(Machine& machine, std::shared_ptr<Driver> driver)
      : machine_(machine), driver_(std::move(driver)) {}

  Task<Answer> call(workers::Call call) override {
    switch (machine_.world.below(20)) {
      case 0:
        co_return failed({Code::kServiceUnavailable, "it fails", nullptr});
      case 1: {
        auto answer = failed({Code::kServiceUnavailable, "it is out of reach", nullptr});
        answer.outage = answer.error;
        co_return answer;
      }
      case 2:
        co_await machine_.world.sleep_for(std::chrono::milliseconds(machine_.world.below(2'000)));
        break;
      default:
        break;
    }
    co_return co_await driver_->call(std::move(call));
  }

 private:
  static Answer failed(Error error) {
    Answer answer;
    answer.kind = Answer::Kind::kFailed;
    answer.error = std::move(error);
    answer.may_retry = true;
    return answer;
  }

  Machine& machine_;
  const std::shared_ptr<Driver> driver_;
};

}  // namespace

EnginePod::EnginePod(Machine& machine)
    : executor(machine.world.make_executor("callers")), types(machine.world) {}

Result<std::unique_ptr<EnginePod>> EnginePod::start(Machine& machine,
                                                    engine_work::Witness& witness) {
  std::unique_ptr<EnginePod> pod(new EnginePod(machine));
  if (auto opened = pod->open(machine, witness); !opened) return fail(opened.error());
  return pod;
}

Result<> EnginePod::open(Machine& machine, engine_work::Witness& witness) {
  auto& world = machine.world;
  auto opened = db::sqlite::SqliteDatabase::open({.path = "synap.db",
                                                  .vfs = SqliteDisk::name(),
                                                  .world = world,
                                                  .wal_bytes_max = kWalBytesMax});
  if (!opened) return fail(opened.error());
  database = std::move(*opened);
  auto migrations = engine_work::Work::migrations();
  for (const auto& more :
       {events::sqlite::SqliteEventLog::migrations(), workers::Engine::migrations()}) {
    migrations.insert(migrations.end(), more.begin(), more.end());
  }
  if (auto done = database->migrate(migrations); !done) return done;
  auto the_log = events::sqlite::SqliteEventLog::open(*database, world);
  if (!the_log) return fail(the_log.error());
  log = std::move(*the_log);
  engine_work::Work::add_types(types);
  engine = std::make_unique<workers::Engine>(*database, *log, types,
                                             workers::EngineOptions{.world = world});
  work = std::make_unique<engine_work::Work>(
      *database, *log, types, *engine, witness, world,
      [&](auto driver) { return std::make_shared<FailingDriver>(machine, std::move(driver)); });
  if (auto prepared = sync_wait(*executor, work->prepare()); !prepared) return prepared;
  return engine->start();
}

EnginePod::~EnginePod() {
  if (engine != nullptr) {
    SYNAP_CHECK(engine->pool->stop(kStopMax), "what is under way ends");
    engine->pool.reset();
  }
  if (database != nullptr) database->close();
  work.reset();
  engine.reset();
  log.reset();
  database.reset();
}

}  // namespace synap::simulation
