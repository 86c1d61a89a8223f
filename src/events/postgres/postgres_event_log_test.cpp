#include "events/postgres/postgres_event_log.h"

#include "db/postgres/test_database.h"
#include "events/log_contract.h"

namespace synap::events::contract {

class PostgresStorage final : public Storage {
 public:
  PostgresStorage(postgres::Positions positions, bool begins_in_small_parts)
      : positions_(positions), begins_in_small_parts_(begins_in_small_parts) {}
  Opened open() override {
    Opened opened;
    auto database = db::postgres::PostgresDatabase::open(
        // A machine that runs all tests at once may take longer than a reader has.
        {.url = place_.url(),
         .is_pooled = place_.is_pooled(),
         .read_time_max = std::chrono::seconds(8)});
    SYNAP_CHECK(database.has_value());
    SYNAP_CHECK((*database)->migrate(postgres::PostgresEventLog::migrations()).has_value());
    if (begins_in_small_parts_) make_small_parts(**database);
    auto log = postgres::PostgresEventLog::open(
        **database,
        {.url = place_.url(), .positions = positions_, .is_pooled = place_.is_pooled()});
    SYNAP_CHECK(log.has_value());
    opened.database = std::move(*database);
    opened.log = std::move(*log);
    return opened;
  }

 private:
  // Ten, so that most of what a test appends is in several of them.
  static void make_small_parts(db::Database& database) {
    ThreadExecutor executor("test");
    SYNAP_CHECK(postgres::PostgresEventLog::keep_in_parts(database, 3).has_value());
    const auto made = test::run(executor, [&] {
      return database.write(
          [](db::Tx& tx) { return tx.query("SELECT make_parts_of_log(28)").next(); });
    });
    SYNAP_CHECK(made.has_value());
    SYNAP_CHECK(postgres::PostgresEventLog::keep_in_parts(database, 1'000'000).has_value());
  }

  const postgres::Positions positions_;
  const bool begins_in_small_parts_;
  db::postgres::TestDatabase place_;
};

inline Engine engine_of(std::string name, postgres::Positions positions,
                        bool begins_in_small_parts) {
  return {std::move(name),
          [=] { return std::make_unique<PostgresStorage>(positions, begins_in_small_parts); },
          {.zeros_16 = "decode(repeat('00', 16), 'hex')",
           .zeros_32 = "decode(repeat('00', 32), 'hex')",
           .no_bytes = "decode('', 'hex')",
           .one_byte = "decode('00', 'hex')",
           .is_of_eve = "user_id = 'eve'",
           .no_update_trigger = "DROP TRIGGER events_are_not_updated ON events",
           .no_delete_trigger = "DROP TRIGGER events_are_not_deleted ON events",
           .unreadable_data = {},
           .unreadable_headers = {"type = ''"},
           .overwrites = {"TRUNCATE events", "TRUNCATE events CASCADE",
                          "INSERT INTO events SELECT * FROM events ON CONFLICT (position) DO "
                          "UPDATE SET data = '{\"n\":9}'",
                          "MERGE INTO events USING events AS same ON same.position = "
                          "events.position WHEN MATCHED THEN DELETE"}}};
}

INSTANTIATE_TEST_SUITE_P(
    Postgres, EventLog,
    testing::Values(engine_of("Postgres", postgres::Positions::kWithTheCommit, false),
                    engine_of("PostgresAtOnce", postgres::Positions::kAtOnce, true)),
    engine_name);

}  // namespace synap::events::contract
