#include "events/sqlite/sqlite_event_log.h"

#include "db/sqlite/sqlite_database.h"
#include "events/log_contract.h"

namespace synap::events::contract {

class SqliteStorage final : public Storage {
 public:
  Opened open() override {
    Opened opened;
    auto database = db::sqlite::SqliteDatabase::open({.path = directory_.path() + "/test.db"});
    SYNAP_CHECK(database.has_value());
    opened.database = std::move(*database);
    SYNAP_CHECK(opened.database->migrate(sqlite::SqliteEventLog::migrations()).has_value());
    auto log = sqlite::SqliteEventLog::open(*opened.database);
    SYNAP_CHECK(log.has_value());
    opened.log = std::move(*log);
    return opened;
  }

 private:
  test::TempDirectory directory_;
};

INSTANTIATE_TEST_SUITE_P(Sqlite, EventLog,
                         testing::Values(Engine{"Sqlite",
                                                [] { return std::make_unique<SqliteStorage>(); }}),
                         engine_name);

}  // namespace synap::events::contract
