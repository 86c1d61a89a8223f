#include "events/test_store.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/test_support.h"
#include "db/sqlite/sqlite_database.h"
#include "events/sqlite/sqlite_event_log.h"

namespace synap::events {
namespace {

class SqliteStore final : public TestStore {
 public:
  Store open(const Migrations& behind_log, World& world) override {
    Store store;
    // Reads have time enough on a machine that is busy with other tests.
    store.database =
        std::move(*db::sqlite::SqliteDatabase::open({.path = directory_.path() + "/test.db",
                                                     .world = world,
                                                     .read_time_max = std::chrono::seconds(10)}));
    auto migrations = sqlite::SqliteEventLog::migrations();
    migrations.insert(migrations.end(), behind_log.begin(), behind_log.end());
    const auto migrated = store.database->migrate(migrations);
    SYNAP_CHECK(migrated.has_value(), migrated.has_value() ? "" : migrated.error().message);
    store.log = std::move(*sqlite::SqliteEventLog::open(*store.database, world));
    return store;
  }

  std::shared_ptr<db::Engine> open_aside(World&) override { return nullptr; }

  bool is_on_server() const override { return false; }
  std::string stored_bytes() override {
    std::string all;
    for (const auto& file : std::filesystem::directory_iterator(directory_.path())) {
      all += test::read_file(file.path().string());
    }
    return all;
  }
  std::vector<std::string> trigger(const std::string& name, const std::string& kind,
                                   const std::string& table, const std::string& statement,
                                   const std::string& when) const override {
    return {fmt::format("CREATE TRIGGER {} {} ON {} WHEN {} BEGIN {}; END", name, kind, table, when,
                        statement)};
  }
  std::string failing() const override { return "SELECT abs(-9223372036854775808)"; }
  std::string named_events() const override {
    return "(SELECT position, name FROM events JOIN names ON number = type) AS named_events";
  }
  std::vector<std::string> refuse_no_more(const std::string&) const override {
    return {"DROP TRIGGER refuse"};
  }
  std::string where_type(std::string_view condition) const override {
    return fmt::format("type IN (SELECT number FROM names WHERE {})", condition);
  }

 private:
  test::TempDirectory directory_;
};

}  // namespace

std::unique_ptr<TestStore> TestStore::make() {
  return std::make_unique<SqliteStore>();
}

}  // namespace synap::events
