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

INSTANTIATE_TEST_SUITE_P(
    Sqlite, EventLog,
    testing::Values(Engine{
        "Sqlite",
        [] { return std::make_unique<SqliteStorage>(); },
        {.zeros_16 = "zeroblob(16)",
         .zeros_32 = "zeroblob(32)",
         .no_bytes = "x''",
         .one_byte = "x'00'",
         .is_of_eve = "user = (SELECT number FROM names WHERE name = 'eve')",
         .no_update_trigger = "DROP TRIGGER events_are_not_updated",
         .no_delete_trigger = "DROP TRIGGER events_are_not_deleted",
         .unreadable_data = {"data = CAST(x'ff00fe' AS TEXT)"},
         .unreadable_headers = {"type = 999999",
                                "actor_kind = 0, actor = CAST(x'ff' AS TEXT)"},
         .overwrites =
             {"INSERT OR REPLACE INTO events(position, type, data_version, user, source, "
              "timestamp, id, content_hash, link, data) SELECT position, type, 1, user, source, "
              "timestamp, id, content_hash, link, '{}' FROM events",
              "REPLACE INTO events(type, data_version, user, source, timestamp, id, content_hash, "
              "link, data) SELECT type, 1, user, source, timestamp, id, content_hash, link, '{}' "
              "FROM events WHERE position = 1"},
         .has_rows_at_once = true}}),
    engine_name);

}  // namespace synap::events::contract
