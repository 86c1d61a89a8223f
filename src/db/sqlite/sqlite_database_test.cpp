#include "db/sqlite/sqlite_database.h"

#include <filesystem>
#include <fstream>
#include <latch>

#include "base/simulated_world.h"
#include "db/database_contract.h"
#include "db/sqlite/connection.h"

namespace synap::db::contract {

class SqliteStorage final : public Storage {
 public:
  std::unique_ptr<db::Database> open() override {
    auto database = sqlite::SqliteDatabase::open({.path = directory_.path() + "/test.db"});
    SYNAP_CHECK(database.has_value());
    return std::move(*database);
  }

 private:
  test::TempDirectory directory_;
};

INSTANTIATE_TEST_SUITE_P(Sqlite, Database,
                         testing::Values(Engine{"Sqlite", "BLOB",
                                                [] { return std::make_unique<SqliteStorage>(); }}),
                         engine_name);

}  // namespace synap::db::contract

namespace synap::db::sqlite {
namespace {

using namespace std::chrono_literals;

constexpr auto kGone =
    "A file of the database was removed, replaced or cut off; put it back, or restart the pod";

constexpr std::string_view kTable = "CREATE TABLE rows_data(id INTEGER PRIMARY KEY, bytes TEXT)";

class SqliteDatabaseTest : public testing::Test {
 protected:
  void open(const std::string& in, SqliteOptions options = {}) {
    options.path = in + "/test.db";
    auto opened = SqliteDatabase::open(std::move(options));
    ASSERT_TRUE(opened);
    database = std::move(*opened);
    ASSERT_TRUE(database->migrate({{"rows.1", kTable}}));
  }
  void reopen() {
    database.reset();
    open(directory.path());
  }
  Result<void> write_row(std::size_t size) {
    return test::run(executor, [&] {
      return database->write([size](Tx& tx) {
        tx.run("INSERT INTO rows_data(bytes) VALUES ($1)", std::string(size, 'x'));
      });
    });
  }
  std::int64_t count() {
    return *test::run(executor, [&] {
      return database->read([](Tx& tx) {
        auto rows = tx.query("SELECT count(*) FROM rows_data");
        return rows.next() ? rows.integer(0) : -1;
      });
    });
  }

  test::TempDirectory directory;
  ThreadExecutor executor{"test"};
  std::unique_ptr<SqliteDatabase> database;
};

// Pages that were read or written once would stay for as long as the pod, MiBs a connection.
TEST_F(SqliteDatabaseTest, AConnectionGivesItsPagesBackWhenNobodyHasAskedItForAWhile) {
  SimulatedWorld world(1);
  open(directory.path(), {.world = world, .readers = 1});
  const auto on = world.make_executor("test");
  const auto read = [&]() -> Task<void> {
    std::ignore = co_await database->read([](Tx& tx) {
      auto rows = tx.query("SELECT 1 FROM rows_data");
      while (rows.next()) continue;
    });
  };
  const auto write = [&]() -> Task<void> {
    std::ignore = co_await database->write(
        [](Tx& tx) { tx.run("INSERT INTO rows_data(bytes) VALUES ('x')"); });
  };
  const auto rests_after = [&](std::chrono::milliseconds time) {
    world.settle();
    world.pass(time);
    world.settle();
    return database->statistics().rests;
  };
  rests_after(1min);  // the log of changes is made longer first
  auto rests = rests_after(1min);
  sync_wait(*on, read());
  EXPECT_EQ(rests_after(4'900ms), rests) << "it may be asked again";
  EXPECT_EQ(rests_after(200ms), ++rests) << "the reader";
  EXPECT_EQ(rests_after(1min), rests) << "once";
  sync_wait(*on, write());
  EXPECT_EQ(rests_after(6s), ++rests) << "the writer";
  EXPECT_EQ(rests_after(1min), rests);
  database.reset();
}

TEST_F(SqliteDatabaseTest, CommitsWhatWaitsTogether) {
  open(directory.path());
  const auto before = database->statistics();
  test::Started<Result<void>> calls(executor);
  {
    contract::HeldWriter held(executor, *database);
    for (int i = 0; i < 100; ++i) {
      calls.add_awaitable([this] { return database->write([](Tx&) {}); });
    }
    test::settle(executor);
  }
  calls.wait();
  const auto after = database->statistics();
  EXPECT_EQ(after.closures - before.closures, 101);
  EXPECT_EQ(after.commits - before.commits, 2);
}

TEST_F(SqliteDatabaseTest, TellsWhatItDidAndWhatWaits) {
  open(directory.path());
  const auto before = database->statistics();
  test::Started<Result<void>> calls(executor);
  {
    contract::HeldWriter held(executor, *database);
    for (int i = 0; i < 3; ++i) {
      calls.add_awaitable([this] {
        return database->write([](Tx& tx) { tx.run("INSERT INTO rows_data(bytes) VALUES ('x')"); });
      });
    }
    test::settle(executor);
    EXPECT_EQ(database->statistics().waiting_writes, 3u);
  }
  calls.wait();
  const auto after = database->statistics();
  EXPECT_EQ(after.waiting_writes, 0u);
  EXPECT_EQ(after.waiting_reads, 0u);
  EXPECT_GT(after.syncs, before.syncs);
  EXPECT_GT(after.sync_time, before.sync_time);
  EXPECT_GT(after.commit_time - before.commit_time, after.sync_time - before.sync_time);
  EXPECT_EQ(
      after.log_of_changes->bytes,
      static_cast<std::int64_t>(std::filesystem::file_size(directory.path() + "/test.db-wal")));
}

TEST_F(SqliteDatabaseTest, RunsAGroupAgainInWhichOneFailsAndIsThenCautiousForAWhile) {
  open(directory.path());
  std::atomic<int> runs = 0;
  const auto run_group = [&] {
    runs = 0;
    test::Started<Result<void>> calls(executor);
    {
      contract::HeldWriter held(executor, *database);
      calls.add_awaitable([&] { return database->write([&](Tx&) { ++runs; }); });
      calls.add_awaitable([this] {
        return database->write([](Tx& tx) { tx.abort({Code::kConflict, "", nullptr}); });
      });
      test::settle(executor);
    }
    const auto results = calls.wait();
    EXPECT_TRUE(results[0]);
    EXPECT_FALSE(results[1]);
  };
  run_group();
  EXPECT_EQ(runs, 2);
  run_group();
  EXPECT_EQ(runs, 1);
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(write_row(1));
  run_group();
  EXPECT_EQ(runs, 2);
}

TEST_F(SqliteDatabaseTest, RunsAClosureThatFailsAloneOnlyOnce) {
  open(directory.path());
  int runs = 0;
  EXPECT_FALSE(test::run(executor, [&] {
    return database->write([&](Tx& tx) {
      ++runs;
      tx.run("INSERT INTO rows_data(bytes) VALUES ('x')");
      tx.abort({Code::kConflict, "", nullptr});
    });
  }));
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(count(), 0);
}

TEST_F(SqliteDatabaseTest, AtItsSizeLimitAnswersServiceUnavailableAndRecovers) {
  open(directory.path());
  ASSERT_TRUE(write_row(10'000));
  const auto limit = [&](int pages) {
    ASSERT_TRUE(test::run(executor, [&] {
      return database->write(
          [pages](Tx& tx) { tx.run("PRAGMA max_page_count = " + std::to_string(pages)); });
    }));
  };
  limit(20);
  const auto refused = write_row(1'000'000);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kServiceUnavailable);
  EXPECT_EQ(refused.error().message, "The disk is full: nothing can be written");
  EXPECT_EQ(refused.error().fault, Fault::kFull);
  EXPECT_TRUE(refused.error().is_retriable());
  EXPECT_EQ(count(), 1);
  EXPECT_TRUE(write_row(10));
  limit(100'000);
  EXPECT_TRUE(write_row(1'000'000));
  EXPECT_EQ(count(), 3);
}

TEST_F(SqliteDatabaseTest, FullDiskLosesNothingAndIsForgotten) {
  test::SmallDisk disk(4 << 20);
  if (!disk.is_there())
    GTEST_FAIL()
        << "this test mounts a small disk, which needs the right to (root, or a user namespace)";
  open(disk.path());
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(write_row(1'000));
  disk.fill();
  testing::internal::CaptureStderr();
  int refused = 0;
  // Some find room in the log of changes, whose file is longer than it is.
  for (int i = 0; i < 40; ++i) {
    const auto result = write_row(50'000);
    if (result) continue;
    ++refused;
    EXPECT_EQ(result.error().code, Code::kServiceUnavailable);
  }
  EXPECT_GT(refused, 15);
  EXPECT_EQ(count(), 45 - refused);
  disk.give_back();
  ASSERT_TRUE(write_row(50'000));
  EXPECT_EQ(count(), 46 - refused);
  database.reset();
  testing::internal::GetCapturedStderr();
  open(disk.path());
  EXPECT_EQ(count(), 46 - refused);
  database.reset();
}

TEST_F(SqliteDatabaseTest, CheckpointsWhileItIsWrittenAndWhileItIsRead) {
  open(directory.path());
  for (int i = 0; i < 36; ++i) ASSERT_TRUE(write_row(2'000'000));
  EXPECT_GE(database->statistics().log_of_changes->checkpoints, 1);
  EXPECT_EQ(count(), 36);
}

TEST_F(SqliteDatabaseTest, ClosedDatabaseAnswersThatItIs) {
  open(directory.path());
  ASSERT_TRUE(write_row(10));
  test::Started<Result<void>> calls(executor);
  {
    contract::HeldWriter held(executor, *database);
    for (int i = 0; i < 5; ++i) {
      calls.add_awaitable([this] { return database->write([](Tx&) {}); });
    }
    test::settle(executor);
    held.release();
    database->close();
    database->close();
  }
  for (const auto& result : calls.wait()) EXPECT_TRUE(result);
  EXPECT_EQ(write_row(10).error().code, Code::kServiceUnavailable);
  const auto read = test::run(executor, [&] { return database->read([](Tx&) {}); });
  EXPECT_EQ(read.error().code, Code::kServiceUnavailable);
}

// Rows without end; as one number it is one row that never comes.
constexpr std::string_view kForEver =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";
constexpr std::string_view kNever =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";

TEST_F(SqliteDatabaseTest, RefusesWhatFindsTooManyOthersWaiting) {
  open(directory.path(), {.readers = 1, .waiting_max = 3});
  const auto outcomes = [](const std::vector<Result<void>>& results) {
    std::string text;
    for (const auto& result : results) text += result ? '+' : '-';
    return text;
  };
  test::Started<Result<void>> people(executor);
  test::Started<Result<void>> workers(executor);
  test::Started<Result<void>> reads(executor);
  std::latch is_reading(1);
  std::latch may_end(1);
  {
    contract::HeldWriter held(executor, *database);
    reads.add_awaitable([&] {
      return database->read([&](Tx&) {
        is_reading.count_down();
        may_end.wait();
      });
    });
    is_reading.wait();
    for (int i = 0; i < 5; ++i) {
      people.add_awaitable([&] { return database->write([](Tx&) {}); });
      workers.add_awaitable([&] { return database->write(Lane::kBackground, [](Tx&) {}); });
      reads.add_awaitable([&] { return database->read([](Tx&) {}); });
    }
    test::settle(executor);
    may_end.count_down();
  }
  const auto written = people.wait();
  EXPECT_EQ(outcomes(written), "+++--");
  EXPECT_EQ(outcomes(workers.wait()), "+++--");
  EXPECT_EQ(outcomes(reads.wait()), "++++--");
  EXPECT_EQ(written.back().error().code, Code::kServiceUnavailable);
  EXPECT_EQ(written.back().error().message, "The database is busy: 3 others wait for it");
  EXPECT_EQ(written.back().error().fault, Fault::kBusy);
  EXPECT_TRUE(write_row(1));
}

TEST_F(SqliteDatabaseTest, AcknowledgesNothingOfAFileThatIsNoLongerInItsPlace) {
  open(directory.path());
  ASSERT_TRUE(write_row(1));
  const auto refusal = [&] {
    const auto written = write_row(1);
    return written ? "none" : written.error().message;
  };
  testing::internal::CaptureStderr();
  for (const auto* name : {"/test.db", "/test.db-wal", "/test.db-shm"}) {
    const auto path = directory.path() + name;
    std::filesystem::rename(path, path + ".aside");
    EXPECT_EQ(refusal(), kGone) << name;
    std::ofstream(path) << "another";
    EXPECT_EQ(refusal(), kGone) << name;
    std::filesystem::rename(path + ".aside", path);
    EXPECT_EQ(refusal(), "none") << name;
  }
  EXPECT_EQ(count(), 4);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("nothing is written"), std::string::npos);
}

TEST_F(SqliteDatabaseTest, AcknowledgesNothingBehindALogThatWasCutOffOrWrittenOver) {
  open(directory.path());
  ASSERT_TRUE(write_row(1));
  const auto wal = directory.path() + "/test.db-wal";
  std::ifstream file(wal, std::ios::binary);
  const std::string whole(std::istreambuf_iterator<char>(file), {});
  ASSERT_GT(whole.size(), 32u);
  auto other = whole;
  other[16] = static_cast<char>(other[16] ^ 1);  // another log's
  testing::internal::CaptureStderr();
  // Behind its last page there may be room already for what is to come, of zeros.
  const auto cut = whole.substr(0, whole.find_last_not_of('\0'));
  for (const auto& bytes : {std::string(), cut, other}) {
    // As `cp` does, the file stays the same one.
    std::ofstream(wal, std::ios::binary) << bytes;
    const auto refused = write_row(1);
    ASSERT_FALSE(refused) << bytes.size();
    EXPECT_EQ(refused.error().message, kGone);
    EXPECT_EQ(refused.error().fault, Fault::kGone);
  }
  std::ofstream(wal, std::ios::binary) << whole;
  EXPECT_TRUE(write_row(1));
  EXPECT_EQ(count(), 2);
  testing::internal::GetCapturedStderr();
}

// What only the log had is lost with it; what had been moved into the database is not.
TEST_F(SqliteDatabaseTest, MovesNoPagesOutOfALogThatWasCutOff) {
  open(directory.path());
  ASSERT_TRUE(write_row(1));
  reopen();
  ASSERT_TRUE(write_row(1));
  std::filesystem::resize_file(directory.path() + "/test.db-wal", 0);
  reopen();
  EXPECT_EQ(count(), 1);
  EXPECT_TRUE(write_row(1));
}

TEST_F(SqliteDatabaseTest, AcknowledgesNothingWhereItsDirectoryIsNot) {
  std::atomic<bool> is_there = true;
  open(directory.path(), {.is_in_place = [&]() -> Result<> {
         if (is_there) return {};
         return fail(Code::kServiceUnavailable, "gone");
       }});
  ASSERT_TRUE(write_row(1));
  is_there = false;
  testing::internal::CaptureStderr();
  EXPECT_EQ(write_row(1).error().message, "gone");
  testing::internal::GetCapturedStderr();
  is_there = true;
  EXPECT_TRUE(write_row(1));
  EXPECT_EQ(count(), 2);
}

TEST_F(SqliteDatabaseTest, StopsAReadThatTakesTooLong) {
  open(directory.path(), {.read_time_max = 10ms});
  using Closure = std::function<void(Tx&)>;
  const std::vector<Closure> too_long = {
      [](Tx& tx) { tx.run(kForEver); },
      [](Tx& tx) { tx.run(kNever); },
      [](Tx& tx) {
        while (tx.ok()) tx.run("SELECT 1");
      },
      [](Tx& tx) {
        auto rows = tx.query(kForEver);
        rows.next();
        tx.run(kNever);
        EXPECT_FALSE(rows.next());
      },
  };
  testing::internal::CaptureStderr();
  for (const auto& closure : too_long) {
    const auto read = test::run(executor, [&] { return database->read(closure); });
    const auto of_user = test::run(executor, [&] { return database->read_as("ann", closure); });
    for (const auto& result : {read, of_user}) {
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error().code, Code::kTimeout);
      EXPECT_EQ(result.error().message,
                "This query read for 10 ms and was stopped; ask for less, or again when the pod "
                "has less to do");
    }
    // The connection is as good as before.
    EXPECT_EQ(count(), 0);
  }
  const auto log = testing::internal::GetCapturedStderr();
  EXPECT_NE(log.find("stopped after 10 ms"), log.npos);
}

TEST_F(SqliteDatabaseTest, TellsAClosureThatPagesWhenToStop) {
  open(directory.path(), {.read_time_max = 2s});
  const auto rows = test::run(executor, [&] {
    return database->read([](Tx& tx) {
      EXPECT_FALSE(tx.is_out_of_time());
      std::int64_t last = 0;
      auto all = tx.query(kForEver);
      while (!tx.is_out_of_time() && all.next()) last = all.integer(0);
      return last;
    });
  });
  ASSERT_TRUE(rows);
  EXPECT_GT(*rows, 0);
}

TEST_F(SqliteDatabaseTest, StartMayReadAsLongAsItTakes) {
  open(directory.path(), {.read_time_max = 0ms});
  static constexpr std::string_view kSum =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000) "
      "SELECT max(i) FROM n";
  const auto sum = [](Tx& tx) {
    auto rows = tx.query(kSum);
    return rows.next() ? rows.integer(0) : -1;
  };
  EXPECT_EQ(test::run(executor, [&] { return database->read_at_start(sum); }).value(), 50'000);
  testing::internal::CaptureStderr();
  EXPECT_FALSE(test::run(executor, [&] { return database->read(sum); }));
  testing::internal::GetCapturedStderr();
}

TEST_F(SqliteDatabaseTest, CannotOpenWhatIsNoDatabase) {
  testing::internal::CaptureStderr();
  std::ofstream(directory.path() + "/test.db") << std::string(10'000, 'x');
  const auto opened = SqliteDatabase::open({.path = directory.path() + "/test.db"});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().fault, Fault::kDamaged);
  const auto nowhere = SqliteDatabase::open({.path = directory.path() + "/no/such/place.db"});
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, Code::kServiceUnavailable);
  EXPECT_EQ(nowhere.error().fault, Fault::kGone);
  const auto log = testing::internal::GetCapturedStderr();
  EXPECT_NE(log.find("unable to open"), log.npos);
  EXPECT_NE(log.find("/no/such/place.db"), log.npos);
}

TEST_F(SqliteDatabaseTest, DamageIsToldAndNotTriedAgain) {
  open(directory.path());
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(write_row(3'000));
  database.reset();
  {
    std::fstream file(directory.path() + "/test.db", std::ios::in | std::ios::out);
    for (int page = 10; page < 20; ++page) {
      file.seekp(page * 4096);
      file << std::string(100, '\x55');
    }
  }
  open(directory.path());
  testing::internal::CaptureStderr();
  const auto read = test::run(executor, [&] {
    return database->read([](Tx& tx) { tx.run("SELECT sum(length(bytes)) FROM rows_data"); });
  });
  const auto log = testing::internal::GetCapturedStderr();
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::kInternalServerError);
  EXPECT_EQ(read.error().message, "The database is damaged: run synap doctor");
  EXPECT_EQ(read.error().fault, Fault::kDamaged);
  EXPECT_FALSE(read.error().is_retriable());
  EXPECT_NE(log.find("database disk image is malformed"), log.npos);
  EXPECT_NE(log.find("FROM rows_data"), log.npos);
}

TEST_F(SqliteDatabaseTest, ALockedFileIsBusyAndAConflictLeavesALine) {
  open(directory.path());
  testing::internal::CaptureStderr();
  const auto conflict = test::run(executor, [&] {
    return database->write([](Tx& tx) {
      tx.run("INSERT INTO rows_data(id) VALUES (7)");
      tx.run("INSERT INTO rows_data(id) VALUES (7)");
    });
  });
  const auto log = testing::internal::GetCapturedStderr();
  ASSERT_FALSE(conflict);
  EXPECT_EQ(conflict.error().code, Code::kConflict);
  EXPECT_NE(log.find("UNIQUE constraint failed: rows_data.id"), log.npos);
  EXPECT_EQ(error_of(SQLITE_BUSY, "a test").fault, Fault::kBusy);
  EXPECT_EQ(error_of(SQLITE_IOERR_READ, "a test").fault, Fault::kGone);
  EXPECT_NE(error_of(SQLITE_IOERR_WRITE, "a test").message.find("refuses"), std::string::npos);
  EXPECT_EQ(error_of(SQLITE_CORRUPT_INDEX, "a test").fault, Fault::kDamaged);
}

}  // namespace
}  // namespace synap::db::sqlite
