#include "events/test_store.h"

#include <fmt/format.h>

#include "db/postgres/connection.h"
#include "db/postgres/postgres_database.h"
#include "db/postgres/test_database.h"
#include "events/postgres/postgres_event_log.h"

namespace synap::events {
namespace {

class PostgresStore final : public TestStore {
 public:
  Store open(const Migrations& behind_log, World& world) override {
    Store store;
    // Reads have time enough on a machine that is busy with other tests.
    auto database = std::move(
        *db::postgres::PostgresDatabase::open({.url = place_.url(),
                                               .world = world,
                                               .is_pooled = place_.is_pooled(),
                                               .read_time_max = std::chrono::seconds(10)}));
    auto migrations = postgres::PostgresEventLog::migrations();
    migrations.insert(migrations.end(), behind_log.begin(), behind_log.end());
    const auto migrated = database->migrate(migrations);
    SYNAP_CHECK(migrated.has_value(), migrated.has_value() ? "" : migrated.error().message);
    // Few, so that what a test appends may be in several.
    constexpr std::int64_t kPart = 500;
    SYNAP_CHECK(postgres::PostgresEventLog::keep_in_parts(*database, kPart, world).has_value());
    store.log = std::move(*postgres::PostgresEventLog::open(
        *database, {.world = world, .positions = postgres::Positions::kAtOnce, .is_alone = true}));
    store.database = std::move(database);
    return store;
  }

  std::shared_ptr<db::Engine> open_aside(World& world) override {
    return std::move(
        *db::postgres::PostgresDatabase::open({.url = place_.url(),
                                               .world = world,
                                               .readers = 2,
                                               .is_pooled = place_.is_pooled(),
                                               .read_time_max = std::chrono::seconds(10),
                                               // As an index's is opened, which computes in its
                                               // closures (pod/store.cpp).
                                               .idle_time_max = std::chrono::minutes(1)}));
  }

  bool is_on_server() const override { return true; }
  std::string stored_bytes() override {
    db::postgres::Connection connection({.url = place_.direct_url()});
    SYNAP_CHECK(!connection.connect());
    connection.begin_closure();
    std::vector<std::string> tables;
    {
      auto rows = connection.query(
          "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = current_schema()");
      while (rows.next()) tables.push_back(rows.text(0));
    }
    std::string all;
    for (const auto& table : tables) {
      auto rows = connection.query(fmt::format("SELECT one::text FROM {} AS one", table));
      while (rows.next()) all += rows.text(0);
    }
    SYNAP_CHECK(connection.ok() && !all.empty());
    return all;
  }
  std::vector<std::string> trigger(const std::string& name, const std::string& kind,
                                   const std::string& table, const std::string& statement,
                                   const std::string& when) const override {
    return {fmt::format("CREATE OR REPLACE FUNCTION {}() RETURNS trigger LANGUAGE plpgsql AS "
                        "$$ BEGIN {}; RETURN NEW; END $$",
                        name, statement),
            fmt::format("CREATE TRIGGER {} {} ON {} FOR EACH ROW WHEN ({}) EXECUTE FUNCTION {}()",
                        name, kind, table, when, name)};
  }
  std::string failing() const override { return "RAISE 'not now'"; }
  std::string named_events() const override {
    return "(SELECT position, type AS name FROM events) AS named_events";
  }
  std::vector<std::string> refuse_no_more(const std::string& table) const override {
    return {"DROP TRIGGER refuse ON " + table};
  }
  std::string where_type(std::string_view condition) const override {
    return fmt::format("(SELECT {} FROM (SELECT type AS name) AS named)", condition);
  }

 private:
  db::postgres::TestDatabase place_;
};

}  // namespace

std::unique_ptr<TestStore> TestStore::make() {
  return std::make_unique<PostgresStore>();
}

}  // namespace synap::events
