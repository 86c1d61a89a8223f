// In a user's tenancy only listed views can be named, whatever a room or a feature adds to the
// database of a pod.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/test_support.h"
#include "db/sqlite/sqlite_database.h"
#include "pod/pod.h"

namespace synap::pod {
namespace {

class TenancyTest : public testing::Test {
 protected:
  void SetUp() override {
    PodOptions options;
    options.data = directory.path() + "/data";
    options.port = 0;
    auto pod = Pod::start(options);
    ASSERT_TRUE(pod) << pod.error().message;
    ASSERT_TRUE((*pod)->stop());
    pod->reset();
    auto opened = db::sqlite::SqliteDatabase::open({.path = options.data + "/synap.db"});
    ASSERT_TRUE(opened);
    database = std::move(*opened);
  }
  /// Every table and view, the engine's own too, with the text that made it.
  std::map<std::string, std::string> everything() {
    auto all = test::run(executor, [&] {
      return database->read([](db::Tx& tx) {
        std::map<std::string, std::string> names;
        auto rows = tx.query(
            "SELECT list.name, coalesce(made.sql, '') FROM pragma_table_list AS list "
            "LEFT JOIN sqlite_master AS made ON made.name = list.name AND made.type = list.type");
        while (rows.next()) names.emplace(rows.text(0), rows.text(1));
        return names;
      });
    });
    return all.value();
  }
  bool can_read(const std::string& sql) {
    testing::internal::CaptureStderr();
    const auto read = test::run(executor, [&] {
      return database->read_as("ann", [&](db::Tx& tx) {
        auto rows = tx.query(sql);
        while (rows.next()) {
        }
      });
    });
    testing::internal::GetCapturedStderr();
    return read.has_value();
  }

  test::TempDirectory directory;
  ThreadExecutor executor{"test"};
  std::unique_ptr<db::Database> database;
};

TEST_F(TenancyTest, OnlyListedViewsCanBeNamedInAUsersTenancy) {
  const auto names = everything();
  ASSERT_TRUE(names.contains("events") && names.contains("sqlite_schema"));
  std::set<std::string> readable;
  for (const auto& [name, made_by] : names) {
    const bool is_listed =
        made_by.starts_with("CREATE VIEW") && made_by.find("current_user_id()") != made_by.npos;
    const std::string quoted = '"' + name + '"';
    const auto all = "SELECT * FROM " + quoted;
    const auto number = "SELECT count(*) FROM " + quoted;
    EXPECT_EQ(can_read(all), is_listed) << name;
    EXPECT_EQ(can_read(number), is_listed) << name;
    EXPECT_FALSE(can_read("WITH notes AS (" + all + ") SELECT * FROM notes")) << name;
    if (is_listed) readable.insert(name);
  }
  for (const char* name : {"notes", "runs", "run_steps", "api_keys"}) {
    EXPECT_TRUE(readable.contains(name)) << name;
  }
}

TEST_F(TenancyTest, StepsAttemptsAndReplaysAreTheirUsersOnly) {
  ASSERT_TRUE(test::run(executor, [&] {
    return database->write([](db::Tx& tx) {
      for (const char* user : {"ann", "bob"}) {
        const Uuid run = Uuid::v7();
        tx.run(
            "INSERT INTO runs_data(id, function, event_position, user_id, status, attempts, "
            "created_at) VALUES ($1, 'f', $2, $3, 'active', 0, 0)",
            run, *user == 'a' ? 1 : 2, user);
        tx.run(
            "INSERT INTO run_steps_data(run, hash, place, name, op, memo, stored_at) VALUES "
            "($1, x'00', 0, $2, 'StepRun', '{}', 0)",
            run, user);
        tx.run(
            "INSERT INTO run_attempts_data(run, number, hash, name, ended_at, error) VALUES "
            "($1, 1, x'', $2, 0, '{}')",
            run, user);
        tx.run(
            "INSERT INTO run_replays_data(id, user_id, function, from_position, to_position, "
            "filter, repeats, status, looked_to, made, passed_over, created_at) VALUES "
            "($1, $2, $2, 1, 1, '', 0, 'active', 0, 0, 0, 0)",
            run, user);
      }
    });
  }));
  for (const auto* sql :
       {"SELECT group_concat(name) FROM run_steps", "SELECT group_concat(name) FROM run_attempts",
        "SELECT group_concat(function) FROM run_replays"}) {
    const auto seen = test::run(executor, [&] {
      return database->read_as("ann", [&](db::Tx& tx) {
        auto rows = tx.query(sql);
        return rows.next() ? rows.text(0) : "";
      });
    });
    EXPECT_EQ(seen.value(), "ann") << sql;
  }
}

}  // namespace
}  // namespace synap::pod
