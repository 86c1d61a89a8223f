#include "db/sqlite/wal_keeper.h"

#include <gtest/gtest.h>
#include <sys/inotify.h>

#include <filesystem>
#include <latch>

#include "base/simulated_world.h"
#include "base/test_support.h"
#include "db/held_writer.h"
#include "db/sqlite/connection.h"
#include "db/sqlite/sqlite_database.h"

namespace synap::db::sqlite {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kBound = 1 << 20;

std::int64_t size_of(const std::string& path) {
  std::error_code failed;
  const auto size = std::filesystem::file_size(path, failed);
  return failed ? 0 : static_cast<std::int64_t>(size);
}

/// Another process that reads: it keeps its snapshot until it is gone.
class ForeignReader {
 public:
  explicit ForeignReader(const std::string& path) {
    sqlite3_open_v2(path.c_str(), &handle_, SQLITE_OPEN_READWRITE, nullptr);
    const int code = sqlite3_exec(handle_, "BEGIN; SELECT count(*) FROM sqlite_master", nullptr,
                                  nullptr, nullptr);
    EXPECT_EQ(code, SQLITE_OK);
  }
  ~ForeignReader() { sqlite3_close(handle_); }
  ForeignReader(const ForeignReader&) = delete;
  ForeignReader& operator=(const ForeignReader&) = delete;

 private:
  sqlite3* handle_ = nullptr;
};

class BoundedWal : public testing::Test {
 protected:
  void open(SqliteOptions options) {
    options.path = path;
    database = std::move(*SqliteDatabase::open(std::move(options)));
    ASSERT_TRUE(database->migrate({{"rows.1", "CREATE TABLE rows_data(bytes TEXT)"}}));
  }
  Result<> write(std::size_t bytes) {
    return test::run(executor, [&] {
      return database->write([bytes](Tx& tx) {
        tx.run("INSERT INTO rows_data(bytes) VALUES ($1)", std::string(bytes, 'x'));
      });
    });
  }
  std::int64_t count_rows(SqliteDatabase& of) {
    const auto rows = test::run(executor, [&] {
      return of.read([](Tx& tx) {
        auto count = tx.query("SELECT count(*) FROM rows_data");
        return count.next() ? count.integer(0) : -1;
      });
    });
    return rows.value_or(-1);
  }

  test::TempDirectory directory;
  const std::string path = directory.path() + "/test.db";
  const std::string wal = path + "-wal";
  ThreadExecutor executor{"test"};
  std::unique_ptr<SqliteDatabase> database;
};

TEST_F(BoundedWal, StaysUnderItsBoundWhileReadsOverlap) {
  open({.wal_bytes_max = kBound});
  ThreadExecutor reading("reading");
  std::atomic<bool> is_over = false;
  std::atomic<int> reads = 0;
  test::Started<bool> readers(reading);
  for (int i = 0; i < 4; ++i) {
    readers.add(
        [](db::Database& from, std::atomic<bool>& end, std::atomic<int>& done) -> Task<bool> {
          while (!end) {
            const auto read = co_await from.read([](Tx& tx) {
              tx.run("SELECT count(*) FROM rows_data");
              // Some milliseconds in which others come and go.
              tx.run(
                  "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) "
                  "SELECT max(i) FROM n");
            });
            if (!read) co_return false;
            ++done;
          }
          co_return true;
        }(*database, is_over, reads));
  }
  for (int i = 0; i < 400; ++i) {
    ASSERT_TRUE(write(20'000));
    ASSERT_LE(size_of(wal), kBound) << "after " << i;
  }
  is_over = true;
  for (const bool all_well : readers.wait()) EXPECT_TRUE(all_well);
  EXPECT_GT(reads, 4);
  EXPECT_EQ(database->statistics().log_of_changes->bytes, size_of(wal));
}

TEST_F(BoundedWal, WritesAreRefusedWhileAnotherProcessKeepsAFullOneAndThenGoOn) {
  open({.wal_bytes_max = kBound, .full_wal_patience = 1ms});
  ASSERT_TRUE(write(20'000));
  {
    ForeignReader reader(path);
    auto written = write(20'000);
    for (int i = 0; written && i < 100; ++i) written = write(20'000);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, Code::kServiceUnavailable);
    EXPECT_NE(written.error().message.find("busy"), std::string::npos);
    EXPECT_FALSE(write(1));
    EXPECT_LE(size_of(wal), kBound + 40'000);
  }
  EXPECT_TRUE(write(20'000));
  EXPECT_LE(size_of(wal), kBound + 40'000);
}

TEST_F(BoundedWal, OneTransactionTakesSoManyBytesAndLeavesTheRestToTheNext) {
  open({});
  const auto before = database->statistics();
  test::Started<Result<void>> calls(executor);
  const std::string megabyte(1 << 20, 'x');
  {
    contract::HeldWriter held(executor, *database);
    for (int i = 0; i < 20; ++i) {
      calls.add_awaitable([&] {
        return database->write(
            [&](Tx& tx) { tx.run("INSERT INTO rows_data(bytes) VALUES ($1)", megabyte); });
      });
    }
    calls.add_awaitable(
        [&] { return database->write([](Tx& tx) { tx.abort({Code::kConflict, "", nullptr}); }); });
    test::settle(executor);
  }
  const auto results = calls.wait();
  for (std::size_t i = 0; i < 20; ++i) EXPECT_TRUE(results[i]) << i;
  EXPECT_FALSE(results[20]);
  // Eight, eight and the rest, behind the transaction of HeldWriter.
  EXPECT_EQ(database->statistics().commits - before.commits, 4);
}

TEST_F(BoundedWal, ItsFileIsCutDownWhenNobodyWrites) {
  open({.wal_bytes_max = kBound, .idle_before_truncate = 1ms});
  const int watch = ::inotify_init1(IN_CLOEXEC);
  ASSERT_GE(::inotify_add_watch(watch, wal.c_str(), IN_MODIFY), 0);
  // In one commit: a cut between two would leave a file that is too small to be cut again.
  ASSERT_TRUE(write(200'000));
  // Each change of the file wakes this; the last one is the cut.
  while (size_of(wal) > 0) {
    char events[4096];
    ASSERT_GT(::read(watch, events, sizeof events), 0);
  }
  ::close(watch);
  EXPECT_TRUE(write(20'000));
}

/// A database whose time passes when it is told to.
class WalInTime : public BoundedWal {
 protected:
  ~WalInTime() override { database.reset(); }
  void open_in_time(bool syncs_commits = true) {
    SqliteOptions options{.path = path, .world = world};
    options.syncs_commits = syncs_commits;
    database = std::move(*SqliteDatabase::open(std::move(options)));
    ASSERT_TRUE(database->migrate({{"rows.1", "CREATE TABLE rows_data(bytes TEXT)"}}));
  }
  void write_some() {
    const auto on = world.make_executor("test");
    const auto written = sync_wait(*on, [&]() -> Task<Result<void>> {
      co_return co_await database->write([](Tx& tx) {
        tx.run("INSERT INTO rows_data(bytes) VALUES ($1)", std::string(20'000, 'x'));
      });
    }());
    EXPECT_TRUE(written);
  }
  void let_pass(std::chrono::milliseconds time) {
    world.settle();
    world.pass(time);
    world.settle();
  }

  SimulatedWorld world{1};
};

TEST_F(WalInTime, ItsFileIsMadeLongerWhileNobodyWritesAndCommitsFindItSo) {
  open_in_time();
  write_some();
  let_pass(10ms);
  constexpr std::int64_t kAhead = 512 << 10;
  const auto long_enough = size_of(wal);
  EXPECT_GT(long_enough, kAhead);
  EXPECT_EQ(database->statistics().log_of_changes->bytes, long_enough);
  for (int i = 0; i < 5; ++i) write_some();
  EXPECT_EQ(size_of(wal), long_enough);
  // What stands behind the last commit is none: the files as a crash now would leave them.
  std::filesystem::copy(path, directory.path() + "/crashed.db");
  std::filesystem::copy(wal, directory.path() + "/crashed.db-wal");
  auto again = std::move(*SqliteDatabase::open({.path = directory.path() + "/crashed.db"}));
  EXPECT_EQ(count_rows(*again), 6);
}

TEST_F(WalInTime, OneThatWasCutOffIsMadeNoLonger) {
  open_in_time();
  write_some();
  std::filesystem::resize_file(wal, 5'000);
  let_pass(10ms);
  EXPECT_EQ(size_of(wal), 5'000);
}

TEST_F(WalInTime, ADatabaseThatIsNotSyncedNeedsNoLongerFile) {
  open_in_time(false);
  write_some();
  let_pass(10ms);
  EXPECT_LT(size_of(wal), 100'000);
}

TEST_F(BoundedWal, WhatACrashLeftInItIsMovedAtTheStart) {
  open({});
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(write(20'000));
  // The files as a crash now would leave them.
  std::filesystem::copy(path, directory.path() + "/crashed.db");
  std::filesystem::copy(wal, directory.path() + "/crashed.db-wal");
  auto again = std::move(*SqliteDatabase::open({.path = directory.path() + "/crashed.db"}));
  EXPECT_EQ(size_of(directory.path() + "/crashed.db-wal"), 0);
  EXPECT_EQ(count_rows(*again), 20);
}

struct HeldRead final : database_detail::Operation {
  void run(Tx&) override {
    begun.count_down();
    may_end.wait();
    has_ended = true;
  }
  std::latch begun{1};
  std::latch may_end{1};
  std::atomic<bool> has_ended = false;
};

TEST(Readers, AHoldWaitsForReadsUnderWayAndNoOtherBegins) {
  test::TempDirectory directory;
  const auto path = directory.path() + "/test.db";
  auto database = std::move(*SqliteDatabase::open({.path = path}));
  Readers readers;
  std::vector<std::unique_ptr<Reader>> connections;
  for (int i = 0; i < 2; ++i) {
    connections.push_back(std::move(*Connection::open(path, Connection::Mode::kReader)));
  }
  readers.start(std::move(connections), {});
  HeldRead first;
  HeldRead second;
  ThreadExecutor executor("test");
  const auto submit = [&](HeldRead& read) {
    test::call_on(executor, [&] { read.waiter.suspend(std::noop_coroutine()); });
    ASSERT_FALSE(readers.submit(&read));
  };
  submit(first);
  first.begun.wait();
  {
    Readers::Hold hold(readers);
    EXPECT_FALSE(hold.begin(0ms));
    submit(second);
    first.may_end.count_down();
    EXPECT_TRUE(hold.begin(1h));
    EXPECT_TRUE(first.has_ended);
    EXPECT_FALSE(second.begun.try_wait());
    second.may_end.count_down();
  }
  second.begun.wait();
  readers.close();
  EXPECT_TRUE(second.has_ended);
  for (auto* read : {&first, &second}) read->waiter.resumed();
}

}  // namespace
}  // namespace synap::db::sqlite
