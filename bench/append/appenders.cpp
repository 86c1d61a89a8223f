#include "appenders.h"

#include <chrono>
#include <filesystem>
#include <thread>
#include <vector>

#include "db/postgres/postgres_database.h"
#include "db/sqlite/sqlite_database.h"
#include "events/postgres/postgres_event_log.h"
#include "events/sqlite/sqlite_event_log.h"

namespace synap::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Measured {
  std::string text;
};
const ObjectSchema<Measured>& describe(Type<Measured>) {
  static const auto schema = object<Measured>("Measured").field("text", &Measured::text);
  return schema;
}
constexpr events::EventType<Measured> kMeasured{"bench.measurement.completed"};
constexpr std::size_t kTextBytes = 1000;  // 1 KiB with its JSON around it

}  // namespace

Result<std::unique_ptr<Appenders>> Appenders::open(std::string directory) {
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  std::unique_ptr<Appenders> appenders(new Appenders(std::move(directory)));
  auto database = db::sqlite::SqliteDatabase::open({.path = appenders->directory_ + "/log.db"});
  if (!database) return fail(database.error());
  auto& tables = **database;
  appenders->database_ = std::move(*database);
  if (auto made = tables.migrate(events::sqlite::SqliteEventLog::migrations()); !made) {
    return fail(made.error());
  }
  auto log = events::sqlite::SqliteEventLog::open(tables);
  if (!log) return fail(log.error());
  appenders->log_ = std::move(*log);
  appenders->types_.add(kMeasured, "A measurement.");
  return appenders;
}

// As a pod opens it (src/pod/store.cpp).
Result<std::unique_ptr<Appenders>> Appenders::open_node(std::string url, std::string name) {
  using events::postgres::PostgresEventLog;
  std::unique_ptr<Appenders> appenders(new Appenders(""));
  auto database = db::postgres::PostgresDatabase::open(
      {.url = url, .node = db::postgres::NodeName{std::move(name), "bench"}});
  if (!database) return fail(database.error());
  auto& tables = **database;
  appenders->database_ = std::move(*database);
  if (auto made = tables.migrate(PostgresEventLog::migrations()); !made) return fail(made.error());
  auto log = PostgresEventLog::open(
      tables, {.url = std::move(url), .positions = events::postgres::Positions::kAtOnce});
  if (!log) return fail(log.error());
  appenders->log_ = std::move(*log);
  appenders->types_.add(kMeasured, "A measurement.");
  return appenders;
}

Appenders::~Appenders() {
  log_.reset();
  database_.reset();
  if (!directory_.empty()) std::filesystem::remove_all(directory_);
}

Task<bool> Appenders::append_until_stopped() {
  const Measured data{std::string(kTextBytes, 'x')};
  while (!stop_.load(std::memory_order_relaxed)) {
    events::Envelope envelope;
    envelope.user_id = "bench";
    envelope.aggregate_type = "measurement";
    envelope.aggregate_id = Uuid::v7();
    envelope.starts_stream = true;  // as what a command makes does
    envelope.correlation_id = Uuid::v7();
    auto event = types_.make(kMeasured, data, std::move(envelope));
    events::Append append;
    append.events.push_back(std::move(*event));
    auto done = co_await log_->append(std::move(append));
    (done ? appended_ : failed_).fetch_add(1, std::memory_order_relaxed);
  }
  co_return true;
}

double Appenders::run(int in_flight, const std::function<void()>& meanwhile) {
  stop_ = false;
  ThreadExecutor executor("appenders");
  std::vector<Task<bool>> tasks;
  for (int i = 0; i < in_flight; ++i) tasks.push_back(append_until_stopped());
  std::thread beside([&] {
    meanwhile();
    stop_ = true;
  });
  const auto begin = Clock::now();
  sync_wait(executor, when_all(std::move(tasks)));
  const double elapsed = std::chrono::duration<double>(Clock::now() - begin).count();
  beside.join();
  return elapsed;
}

}  // namespace synap::bench
