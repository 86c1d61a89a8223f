#include "base/test_support.h"
#include "db/sqlite/sqlite_database.h"
#include "events/sqlite/sqlite_event_log.h"
#include "store.h"

namespace synap::scenarios {
namespace {

struct OpenSqlite final : OpenStore {
  db::Database& database() override { return *database_; }
  events::EventLog& log() override { return *log_; }
  Watermark& commits() override { return database_->commits(); }
  void close() override { database_->close(); }

  std::unique_ptr<db::sqlite::SqliteDatabase> database_;
  std::unique_ptr<events::sqlite::SqliteEventLog> log_;
};

class SqliteStore final : public Store {
 public:
  std::unique_ptr<OpenStore> open(const std::vector<db::Database::Migration>& more) override {
    auto opened = std::make_unique<OpenSqlite>();
    opened->database_ =
        std::move(*db::sqlite::SqliteDatabase::open({.path = directory_.path() + "/s.db"}));
    auto migrations = events::sqlite::SqliteEventLog::migrations();
    migrations.insert(migrations.end(), more.begin(), more.end());
    SYNAP_CHECK(opened->database_->migrate(migrations).has_value());
    opened->log_ = std::move(*events::sqlite::SqliteEventLog::open(*opened->database_));
    return opened;
  }

 private:
  test::TempDirectory directory_;
};

}  // namespace

std::unique_ptr<Store> make_store() {
  return std::make_unique<SqliteStore>();
}

}  // namespace synap::scenarios
