// kill -9 of the run engine under a mix of all kinds of steps, again and again:
//
//   KILLS=25 SEED=n engine_kills
//
// Each round starts a process with a pod and its work (engine_work) on the same directory, which
// takes orders, and kills it at a random moment, sometimes during its start. The last round is left
// to come to rest; then what is there is judged. One round, for those who end it otherwise:
//
//   engine_kills DIRECTORY (ROUND | rest | judge)
#include <fmt/format.h>

#include <chrono>

#include "base/check.h"
#include "base/test_support.h"
#include "db/sqlite/sqlite_database.h"
#include "engine_work/work.h"
#include "events/sqlite/sqlite_event_log.h"
#include "kills.h"

namespace synap::kills {
namespace {

using std::chrono::milliseconds;

constexpr int kOpenMax = 150;  // runs, beyond which no orders are taken
constexpr int kOrdersOfRound = 10;
constexpr milliseconds kLifeMax{600};            // of a process
constexpr auto kRest = std::chrono::minutes(1);  // how long the last round may take

// Database, log, bus and workers on a directory, as long as the process lives.
class Pod final : public engine_work::Witness {
 public:
  explicit Pod(const std::string& directory);
  ~Pod() override;

  void start() {
    SYNAP_CHECK(sync_wait(executor_, work_->prepare()).has_value());
    SYNAP_CHECK(engine_->start().has_value());
    starts_.add("started");
  }
  /// Says so in the file `acks` when it is on disk.
  void place(std::int64_t number) {
    SYNAP_CHECK(sync_wait(executor_, work_->place(number)).has_value());
    acks_.add(std::to_string(number));
  }
  void attend() { std::ignore = sync_wait(executor_, work_->attend()); }
  bool is_idle() { return *sync_wait(executor_, work_->is_idle()); }
  std::int64_t count(std::string sql) {
    return *sync_wait(executor_, work_->count(std::move(sql)));
  }
  std::vector<std::string> judge();

  void see_effect(const std::string& key) override { effects_.add(key); }
  void see_wrong(const std::string& what) override { wrong_.add(what); }

 private:
  const std::string directory_;
  ThreadExecutor executor_{"kills"};
  Ledger acks_{directory_ + "/acks"};
  Ledger starts_{directory_ + kStarts};
  Ledger effects_{directory_ + "/effects"};
  Ledger wrong_{directory_ + "/wrong"};
  events::EventTypes types_;
  std::unique_ptr<db::sqlite::SqliteDatabase> database_;
  std::unique_ptr<events::sqlite::SqliteEventLog> log_;
  std::optional<workers::Engine> engine_;
  std::optional<engine_work::Work> work_;
};

Pod::Pod(const std::string& directory) : directory_(directory) {
  database_ = std::move(*db::sqlite::SqliteDatabase::open({.path = directory + "/s.db"}));
  auto migrations = engine_work::Work::migrations();
  for (const auto& more :
       {events::sqlite::SqliteEventLog::migrations(), workers::Engine::migrations()}) {
    migrations.insert(migrations.end(), more.begin(), more.end());
  }
  SYNAP_CHECK(database_->migrate(migrations).has_value());
  log_ = std::move(*events::sqlite::SqliteEventLog::open(*database_));
  engine_work::Work::add_types(types_);
  engine_.emplace(*database_, *log_, types_,
                  workers::EngineOptions{.pool = {.suspect_pause = milliseconds(700)}});
  work_.emplace(*database_, *log_, types_, *engine_, *this);
}

Pod::~Pod() {
  engine_->pool->stop(std::chrono::seconds(30));
  engine_->pool.reset();
  database_->close();
}

std::vector<std::string> Pod::judge() {
  std::vector<std::int64_t> placed;
  for (const auto& number : lines_of(directory_ + "/acks")) placed.push_back(std::stoll(number));
  auto wrong = sync_wait(executor_, work_->judge(std::move(placed), /*was_clock_set=*/false));
  for (auto& line : lines_of(directory_ + "/wrong")) wrong.push_back(std::move(line));
  return wrong;
}

// The process that is killed. `round` is in the numbers of its orders.
int work(const std::string& directory, std::int64_t round) {
  Pod pod(directory);
  pod.start();
  for (int i = 0;; ++i) {
    pod.attend();
    const auto open = pod.count("SELECT count(*) FROM runs_data WHERE ended_at IS NULL");
    if (i < kOrdersOfRound && open < kOpenMax) pod.place(round * 100 + i);
    pause(milliseconds(10));
  }
}

int come_to_rest(const std::string& directory) {
  Pod pod(directory);
  pod.start();
  const auto give_up_at = std::chrono::steady_clock::now() + kRest;
  while (!pod.is_idle()) {
    if (std::chrono::steady_clock::now() > give_up_at) return 2;
    pod.attend();
    pause(milliseconds(20));
  }
  return 0;
}

bool report(const std::string& directory, std::int64_t kills, std::int64_t seed, double seconds) {
  Pod pod(directory);
  const auto wrong = pod.judge();
  const auto of = [&](const char* status) {
    return pod.count(fmt::format("SELECT count(*) FROM runs_data WHERE status = '{}'", status));
  };
  fmt::print(R"(engine_kills: {{"seed":{},"kills":{},"seconds":{:.1f},"orders":{},"events":{},)"
             R"("completed":{},"failed":{},"cancelled":{},"steps":{},"calls":{},"ticks":{}}})"
             "\n",
             seed, kills, seconds, lines_of(directory + "/acks").size(),
             pod.count("SELECT max(position) FROM events"), of("completed"), of("failed"),
             of("cancelled"), pod.count("SELECT count(*) FROM run_steps_data"),
             lines_of(directory + "/effects").size(),
             pod.count("SELECT count(*) FROM runs_data WHERE function = 'tick'"));
  for (std::size_t i = 0; i < wrong.size() && i < 20; ++i) fmt::print("WRONG: {}\n", wrong[i]);
  return wrong.empty();
}

int run() {
  const Choices choices(25);
  const test::TempDirectory directory;
  const auto begun = std::chrono::steady_clock::now();
  const bool is_at_rest = kill_again_and_again(choices, directory.path(), kLifeMax);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  const bool is_right = report(directory.path(), choices.kills, choices.seed, took.count());
  return is_at_rest && is_right ? 0 : 1;
}

}  // namespace
}  // namespace synap::kills

int main(int count, char** arguments) {
  using namespace synap::kills;
  if (count == 1) return run();
  const std::string round = arguments[2];
  if (round == "judge") return report(arguments[1], 0, 0, 0) ? 0 : 1;
  return round == "rest" ? come_to_rest(arguments[1]) : work(arguments[1], std::stoll(round));
}
