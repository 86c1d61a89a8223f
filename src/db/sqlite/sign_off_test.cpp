// Whoever destroys a coroutine that awaits the database leaves nothing behind that the database's
// threads, or the executor, could still touch. Meant for ASan and TSan as much as for its claims.
#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <latch>
#include <thread>

#include "base/test_support.h"
#include "db/held_writer.h"
#include "db/sqlite/sqlite_database.h"

namespace synap::db::sqlite {
namespace {

class SignOff : public testing::Test {
 protected:
  void SetUp() override {
    database = std::move(*SqliteDatabase::open({.path = directory.path() + "/test.db"}));
    ASSERT_TRUE(database->migrate({{"rows.1", "CREATE TABLE rows_data(id INTEGER)"}}));
  }
  /// Awaits what `make()` yields, and notes that it was answered.
  Task<void> note(auto make) {
    co_await make();
    was_resumed = true;
  }
  void start() {
    test::call_on(executor, [this] { task.start(); });
  }
  void destroy() {
    test::call_on(executor, [this] { task = {}; });
  }
  std::int64_t rows() {
    return test::run(executor,
                     [this] {
                       return database->read([](Tx& tx) {
                         auto count = tx.query("SELECT count(*) FROM rows_data");
                         return count.next() ? count.integer(0) : -1;
                       });
                     })
        .value();
  }
  static void insert(Tx& tx) { tx.run("INSERT INTO rows_data(id) VALUES (1)"); }

  test::TempDirectory directory;
  std::atomic<bool> was_resumed = false;
  std::unique_ptr<SqliteDatabase> database;
  ThreadExecutor other{"other"};
  ThreadExecutor executor{"test"};
  Task<void> task;
};

TEST_F(SignOff, QueuedWriteIsWithdrawnAndItsNeighboursAreNot) {
  bool has_run = false;
  test::Started<Result<void>> neighbours(other);
  {
    contract::HeldWriter held(other, *database);
    const auto add = [&] {
      neighbours.add_awaitable([this] { return database->write(insert); });
      test::settle(other);
    };
    add();
    task = note([&] {
      return database->write([&has_run](Tx& tx) {
        has_run = true;
        insert(tx);
      });
    });
    start();
    add();
    destroy();
  }
  for (const auto& result : neighbours.wait()) EXPECT_TRUE(result);
  EXPECT_EQ(rows(), 2);
  EXPECT_FALSE(has_run);
  EXPECT_FALSE(was_resumed);
}

TEST_F(SignOff, QueuedReadIsWithdrawn) {
  bool has_run = false;
  std::latch begun(2);
  std::latch may_end(1);
  test::Started<Result<void>> reads(other);
  for (int i = 0; i < 2; ++i) {
    reads.add_awaitable([&] {
      return database->read([&](Tx&) {
        begun.count_down();
        may_end.wait();
      });
    });
  }
  begun.wait();
  task = note([&] { return database->read([&has_run](Tx&) { has_run = true; }); });
  start();
  destroy();
  may_end.count_down();
  for (const auto& result : reads.wait()) EXPECT_TRUE(result);
  EXPECT_EQ(rows(), 0);
  EXPECT_FALSE(has_run);
  EXPECT_FALSE(was_resumed);
}

// What the closure works on is there as long as it runs.
TEST_F(SignOff, RunningClosuresAreWaitedFor) {
  for (const bool is_write : {true, false}) {
    std::latch begun(1);
    std::latch may_end(1);
    std::atomic<bool> has_ended = false;
    const auto closure = [&, own = std::string(100, 'x')](Tx&) {
      begun.count_down();
      may_end.wait();
      has_ended = own == std::string(100, 'x');
      return own;
    };
    if (is_write) {
      task = note([&] { return database->write(closure); });
    } else {
      task = note([&] { return database->read(closure); });
    }
    start();
    begun.wait();
    std::latch destroying(1);
    std::thread destroyer([&] {
      test::call_on(executor, [&] {
        destroying.count_down();
        task = {};
        EXPECT_TRUE(has_ended);
      });
    });
    destroying.wait();
    may_end.count_down();
    destroyer.join();
  }
  test::settle(executor);
  EXPECT_FALSE(was_resumed);
}

TEST_F(SignOff, WriteOfAGroupThatHasNotCommittedIsWaitedForAndStands) {
  std::latch begun(1);
  std::latch may_end(1);
  test::Started<Result<void>> behind(other);
  {
    contract::HeldWriter held(other, *database);
    task = note([&] { return database->write(insert); });
    start();
    behind.add_awaitable([&] {
      return database->write([&](Tx&) {
        begun.count_down();
        may_end.wait();
      });
    });
    test::settle(other);
  }
  begun.wait();  // so the first of the group has run
  std::latch destroying(1);
  std::thread destroyer([&] {
    test::call_on(executor, [&] {
      destroying.count_down();
      task = {};
    });
  });
  destroying.wait();
  may_end.count_down();
  destroyer.join();
  behind.wait();
  EXPECT_EQ(rows(), 1);
  EXPECT_FALSE(was_resumed);
}

// Its executor is busy when the answer comes, with what destroys it.
TEST_F(SignOff, AnsweredCoroutineIsNotResumedOnceItIsGone) {
  for (const bool is_write : {true, false}) {
    if (is_write) {
      task = note([&] { return database->write(insert); });
    } else {
      task = note([&] { return database->read([](Tx&) {}); });
    }
    test::call_on(executor, [&] {
      task.start();
      // The answers to these come later, as the queues are served in their order.
      for (int i = 0; i < 4; ++i) {
        test::Started<Result<void>> later(other);
        later.add_awaitable([&] { return database->write([](Tx&) {}); });
        later.add_awaitable([&] { return database->read([](Tx&) {}); });
        for (const auto& result : later.wait()) EXPECT_TRUE(result);
      }
      task = {};
    });
    test::settle(executor);
  }
  EXPECT_FALSE(was_resumed);
}

TEST_F(SignOff, AtAnyMoment) {
  constexpr int kRounds = 300;
  std::atomic<int> begun = 0;
  for (int round = 0; round < kRounds; ++round) {
    std::barrier together(2);
    std::vector<Task<void>> tasks;
    test::call_on(executor, [&] {
      for (int i = 0; i < 8; ++i) {
        const auto closure = [&begun, own = std::string(50, 'x')](Tx& tx) {
          ++begun;
          tx.run("SELECT 1");
          return own;
        };
        tasks.push_back(i % 2 == 0 ? note([&, closure] { return database->write(closure); })
                                   : note([&, closure] { return database->read(closure); }));
        tasks.back().start();
      }
    });
    std::thread writer([&] {
      together.arrive_and_wait();
      test::run(other, [&] { return database->write(insert); }).value();
    });
    together.arrive_and_wait();
    test::call_on(executor, [&] { tasks.clear(); });
    writer.join();
  }
  EXPECT_EQ(rows(), kRounds);
}

}  // namespace
}  // namespace synap::db::sqlite
