// That the simulated disk loses what it may lose, and nothing else; and that the database lives on
// it through any number of losses of power.
#include "simulation/disk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>

#include "base/test_support.h"
#include "db/sqlite/sqlite_database.h"
#include "simulation/sqlite_disk.h"

namespace synap::simulation {
namespace {

class DiskTest : public testing::Test {
 protected:
  NodeRef file(const std::string& name) {
    NodeRef made;
    EXPECT_EQ(disk.make(disk.root(), name, false, made), 0);
    return made;
  }
  void lose_power() {
    disk.cut_power();
    disk.restore();
  }
  SimulatedWorld world{1};
  Disk disk{world};
};

TEST_F(DiskTest, KeepsWhatWasSynced) {
  const auto node = file("a");
  ASSERT_EQ(disk.write(node, 0, std::string(5'000, 'x')), 0);
  ASSERT_EQ(disk.sync(node), 0);
  ASSERT_EQ(disk.sync(disk.root()), 0);
  lose_power();
  ASSERT_NE(disk.find(disk.root(), "a"), nullptr);
  EXPECT_EQ(disk.find(disk.root(), "a")->bytes, std::string(5'000, 'x'));
}

TEST_F(DiskTest, LosesNamesAndSectorsThatWereNotSynced) {
  int named = 0;
  int whole = 0;
  int torn = 0;
  for (int i = 0; i < 200; ++i) {
    const auto node = file("a");
    ASSERT_EQ(disk.write(node, 0, std::string(1'024, 'x')), 0);
    lose_power();
    const auto left = disk.find(disk.root(), "a");
    if (left == nullptr) continue;
    ++named;
    if (left->bytes == std::string(1'024, 'x')) ++whole;
    if (left->bytes == std::string(512, '\0') + std::string(512, 'x')) ++torn;
    ASSERT_EQ(disk.remove(disk.root(), "a"), 0);
    ASSERT_EQ(disk.sync(disk.root()), 0);
  }
  EXPECT_GT(named, 50);
  EXPECT_LT(named, 150);
  EXPECT_GT(whole, 0);
  EXPECT_LT(whole, named);
  EXPECT_GT(torn, 0);
}

TEST_F(DiskTest, ForgetsWhatASyncFailedToWrite) {
  bool is_lost = false;
  for (int i = 0; i < 50 && !is_lost; ++i) {
    const auto node = file(std::to_string(i));
    ASSERT_EQ(disk.sync(disk.root()), 0);
    ASSERT_EQ(disk.write(node, 0, "x"), 0);
    disk.faults.failing_sync = 1;
    EXPECT_EQ(disk.sync(node), EIO);
    disk.faults.failing_sync = 0;
    EXPECT_EQ(disk.sync(node), 0);
    EXPECT_EQ(node->bytes, "x");
    lose_power();
    is_lost = node->bytes != "x";
  }
  EXPECT_TRUE(is_lost);
}

TEST_F(DiskTest, TakesNothingMoreWhenItIsFull) {
  const auto node = file("a");
  ASSERT_EQ(disk.write(node, 0, "abc"), 0);
  disk.faults.is_full = true;
  EXPECT_EQ(disk.write(node, 1, "x"), 0);
  EXPECT_EQ(disk.write(node, 3, "x"), ENOSPC);
  EXPECT_EQ(node->bytes, "axc");
}

TEST_F(DiskTest, FailsFromTheMomentThePowerGoes) {
  const auto node = file("a");
  disk.cut_power_after(1);
  EXPECT_EQ(disk.write(node, 0, "x"), 0);
  EXPECT_EQ(disk.write(node, 0, "y"), EIO);
  EXPECT_EQ(disk.look(), EIO);
  EXPECT_EQ(disk.sync(node), EIO);
}

// Numbers are written one a transaction; whichever change of the disk the power goes with, those
// that were answered are there.
TEST_F(DiskTest, ADatabaseKeepsWhatItHasAnsweredWheneverThePowerGoes) {
  SqliteDisk sqlite(world, disk);
  std::int64_t answered = 0;
  std::int64_t losses = 0;
  for (std::uint64_t round = 0; round < 300; ++round) {
    auto opened = db::sqlite::SqliteDatabase::open(
        {.path = "test.db", .vfs = SqliteDisk::name(), .world = world, .wal_bytes_max = 300'000});
    ASSERT_TRUE(opened) << opened.error().message;
    auto& database = **opened;
    ASSERT_TRUE(database.migrate({{"rows.1", "CREATE TABLE numbers(n INTEGER PRIMARY KEY)"}}));
    const auto executor = world.make_executor("test");
    const auto stored = test::run(*executor, [&] {
      return database.read([](db::Tx& tx) {
        auto rows = tx.query("SELECT count(*), coalesce(max(n), 0) FROM numbers");
        rows.next();
        EXPECT_EQ(rows.integer(0), rows.integer(1));
        return rows.integer(1);
      });
    });
    ASSERT_TRUE(stored);
    // The last one may be there though it was not answered.
    ASSERT_GE(*stored, answered) << "round " << round;
    ASSERT_LE(*stored, answered + 1) << "round " << round;
    answered = *stored;
    disk.cut_power_after(world.below(60));
    while (disk.has_power()) {
      const auto written = test::run(*executor, [&] {
        return database.write(
            [&](db::Tx& tx) { tx.run("INSERT INTO numbers(n) VALUES ($1)", answered + 1); });
      });
      if (written) ++answered;
    }
    ++losses;
    opened->reset();
    sqlite.forget();
    disk.restore();
  }
  EXPECT_EQ(losses, 300);
  EXPECT_GT(answered, 1'000);
}

// As the one above, but for the sync of each commit: what is there begins with the first and has no
// gap, and once it was moved into the file it stays.
TEST_F(DiskTest, ADatabaseThatSyncsLateIsWholeWheneverThePowerGoes) {
  SqliteDisk sqlite(world, disk);
  std::int64_t answered = 0;
  std::int64_t lost = 0;
  for (std::uint64_t round = 0; round < 300; ++round) {
    auto opened = db::sqlite::SqliteDatabase::open({.path = "test.db",
                                                    .vfs = SqliteDisk::name(),
                                                    .world = world,
                                                    .wal_bytes_max = 300'000,
                                                    .syncs_commits = false});
    ASSERT_TRUE(opened) << opened.error().message;
    auto& database = **opened;
    ASSERT_TRUE(database.migrate({{"rows.1", "CREATE TABLE numbers(n INTEGER PRIMARY KEY)"}}));
    const auto executor = world.make_executor("test");
    const auto stored = test::run(*executor, [&] {
      return database.read([](db::Tx& tx) {
        {
          auto whole = tx.query("PRAGMA integrity_check");
          EXPECT_TRUE(whole.next() && whole.text(0) == "ok");
        }
        auto rows = tx.query("SELECT count(*), coalesce(max(n), 0) FROM numbers");
        rows.next();
        EXPECT_EQ(rows.integer(0), rows.integer(1));
        return rows.integer(1);
      });
    });
    ASSERT_TRUE(stored);
    ASSERT_LE(*stored, answered + 1) << "round " << round;
    lost += std::max<std::int64_t>(answered - *stored, 0);
    answered = *stored;
    disk.cut_power_after(world.below(300));
    while (disk.has_power()) {
      const auto written = test::run(*executor, [&] {
        return database.write(
            [&](db::Tx& tx) { tx.run("INSERT INTO numbers(n) VALUES ($1)", answered + 1); });
      });
      if (written) ++answered;
    }
    opened->reset();
    sqlite.forget();
    disk.restore();
  }
  EXPECT_GT(lost, 100);
  EXPECT_GT(answered, 100);
}

// A sync of the log of changes fails, and the process is killed before the power goes: the next one
// finds the commit in what the system shows, and it may not be on disk. If it cannot be moved into
// the file at the start, nothing may be written behind it: that would be lost with it.
TEST(DatabaseOnDisk, KeepsWhatItHasAnsweredAfterAStartThatCouldMoveNothing) {
  for (std::uint64_t seed = 1; seed < 30; ++seed) {
    SimulatedWorld world(seed);
    Disk disk(world);
    SqliteDisk sqlite(world, disk);
    const auto executor = world.make_executor("test");
    std::unique_ptr<db::sqlite::SqliteDatabase> database;
    const auto open = [&] {
      auto opened = db::sqlite::SqliteDatabase::open(
          {.path = "test.db", .vfs = SqliteDisk::name(), .world = world});
      ASSERT_TRUE(opened) << opened.error().message;
      database = std::move(*opened);
    };
    const auto end_process = [&](bool has_lost_power) {
      disk.cut_power();
      database.reset();
      sqlite.forget();
      has_lost_power ? disk.restore() : disk.resume();
    };
    const auto write = [&](std::int64_t n) {
      return test::run(*executor, [&] {
        return database->write([&](db::Tx& tx) { tx.run("INSERT INTO numbers VALUES ($1)", n); });
      });
    };
    open();
    ASSERT_TRUE(database->migrate({{"rows.1", "CREATE TABLE numbers(n INTEGER PRIMARY KEY)"}}));
    disk.faults.failing_sync = 1;
    ASSERT_FALSE(write(1));
    end_process(/*has_lost_power=*/false);
    open();
    disk.faults.failing_sync = 0;
    const bool is_answered = write(2).has_value();
    end_process(/*has_lost_power=*/true);
    open();
    const auto there = test::run(*executor, [&] {
      return database->read([](db::Tx& tx) {
        auto rows = tx.query("SELECT count(*) FROM numbers WHERE n = 2");
        return rows.next() && rows.integer(0) == 1;
      });
    });
    EXPECT_EQ(there.value_or(false), is_answered) << "seed " << seed;
    EXPECT_TRUE(is_answered || write(3)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace synap::simulation
