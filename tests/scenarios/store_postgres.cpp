#include "db/postgres/postgres_database.h"
#include "db/postgres/test_database.h"
#include "events/postgres/postgres_event_log.h"
#include "store.h"

namespace synap::scenarios {
namespace {

struct OpenPostgres final : OpenStore {
  db::Database& database() override { return *database_; }
  events::EventLog& log() override { return *log_; }
  Watermark& commits() override { return database_->commits(); }
  void close() override { database_->close(); }

  std::unique_ptr<db::postgres::PostgresDatabase> database_;
  std::unique_ptr<events::postgres::PostgresEventLog> log_;
};

class PostgresStore final : public Store {
 public:
  std::unique_ptr<OpenStore> open(const std::vector<db::Database::Migration>& more) override {
    auto opened = std::make_unique<OpenPostgres>();
    opened->database_ = std::move(*db::postgres::PostgresDatabase::open({.url = place_.url()}));
    auto migrations = events::postgres::PostgresEventLog::migrations();
    migrations.insert(migrations.end(), more.begin(), more.end());
    const auto migrated = opened->database_->migrate(migrations);
    SYNAP_CHECK(migrated.has_value(), migrated.has_value() ? "" : migrated.error().message);
    opened->log_ = std::move(*events::postgres::PostgresEventLog::open(
        *opened->database_,
        {.url = place_.url(), .positions = events::postgres::Positions::kAtOnce}));
    return opened;
  }

 private:
  db::postgres::TestDatabase place_;
};

}  // namespace

std::unique_ptr<Store> make_store() {
  return std::make_unique<PostgresStore>();
}

}  // namespace synap::scenarios
