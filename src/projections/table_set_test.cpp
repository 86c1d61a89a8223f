#include "projections/table_set.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "base/executor.h"
#include "base/test_support.h"
#include "events/test_store.h"
#include "projections/projections.h"

namespace synap::projections {
namespace {

using namespace std::chrono_literals;

class TableSetTest : public testing::Test {
 protected:
  template <class F>
  auto write(F closure) {
    return test::run(executor, [&] { return opened.database->write(closure); });
  }
  template <class F>
  auto read(F closure) {
    return *test::run(executor, [&] { return opened.database->read(closure); });
  }

  const Projection things{.name = "things",
                          .tables = {{.name = "things",
                                      .columns = {{"id"}, {"user_id"}},
                                      .primary_key = {"id"},
                                      .indexes = {{.columns = {"user_id", "id"}}}}}};
  const TableSet set{things};
  std::unique_ptr<events::TestStore> store = events::TestStore::make();
  events::Store opened = store->open({Projections::migrations()});
  ThreadExecutor executor{"test"};
};

// What the swap shows it shows with its commit. On a server: what it lets a view show
// (db/postgres/rights.h) is said of the new tables when they are made.
TEST_F(TableSetTest, AUserSeesTheirRowsOfNewTablesOnceTheyAreSwappedIn) {
  const auto expect_rights = [&](const std::string& table, const std::string& expected) {
    if (!store->is_on_server()) return;
    const auto rights = read([&](db::Tx& tx) {
      auto rows = tx.query(
          "SELECT relrowsecurity AND relforcerowsecurity, (SELECT string_agg(polname, ' ' ORDER "
          "BY polname) FROM pg_policy WHERE polrelid = pg_class.oid), has_table_privilege("
          "current_database() || '_views', pg_class.oid, 'SELECT') FROM pg_class WHERE relname "
          "= $1",
          table);
      return rows.next() ? rows.text(0) + " " + rows.text(1) + " " + rows.text(2) : "none";
    });
    EXPECT_EQ(rights, expected) << table;
  };
  const auto ids_of_ann = [&] {
    return *test::run(executor, [&] {
      return opened.database->read_as("ann", [](db::Tx& tx) {
        auto rows = tx.query("SELECT group_concat(id) FROM things");
        return rows.next() ? rows.text(0) : "none";
      });
    });
  };
  ASSERT_TRUE(write([&](db::Tx& tx) { set.create(tx, 1); }));
  expect_rights("things_data", "1 pod user 1");
  ASSERT_TRUE(write([&](db::Tx& tx) {
    set.create_second(tx, 2);
    tx.run("INSERT INTO things_data__second VALUES ('a', 'ann'), ('b', 'bob')");
  }));
  expect_rights("things_data__second", "1 pod user 0");
  EXPECT_EQ(ids_of_ann(), "");
  ASSERT_TRUE(write([&](db::Tx& tx) { set.swap(tx, 2); }));
  expect_rights("things_data", "1 pod user 1");
  expect_rights("things_data__old2", "1 pod user 0");
  EXPECT_EQ(ids_of_ann(), "a");
}

// The rows of the new table are from after what is read here was begun.
TEST_F(TableSetTest, WhoeverReadsMeanwhileSeesTheRowsThatThereWere) {
  ASSERT_TRUE(write([&](db::Tx& tx) {
    set.create(tx, 1);
    set.create_second(tx, 2);
    tx.run("INSERT INTO things_data VALUES ('a', 'ann')");
  }));
  std::future<bool> swapped;
  const auto seen = read([&](db::Tx& tx) {
    tx.query("SELECT count(*) FROM projection_leftovers").next();
    swapped = std::async(std::launch::async, [&] {
      ThreadExecutor other{"swap"};
      // As a rebuild does: it waits for a moment only, and is tried again.
      for (int tries = 0; tries < 100; ++tries) {
        const auto done = test::run(other, [&] {
          return opened.database->write([&](db::Tx& swapping) {
            swapping.run("INSERT INTO things_data__second VALUES ('a', 'ann')");
            set.swap(swapping, 2);
          });
        });
        if (done) return true;
      }
      return false;
    });
    // It is done, or waits for this.
    const auto is_done = [&] { return swapped.wait_for(0s) == std::future_status::ready; };
    const auto is_waiting = [&] {
      if (!store->is_on_server()) return false;
      auto rows = tx.query(
          "SELECT 1 FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))");
      return rows.next();
    };
    while (!is_done() && !is_waiting()) std::this_thread::yield();
    auto rows = tx.query("SELECT id FROM things_data");
    return rows.next() ? rows.text(0) : "none";
  });
  EXPECT_EQ(seen, "a");
  EXPECT_TRUE(swapped.get());
  EXPECT_EQ(read([&](db::Tx& tx) {
              auto rows = tx.query("SELECT id FROM things_data");
              return rows.next() ? rows.text(0) : "none";
            }),
            "a");
}

}  // namespace
}  // namespace synap::projections
