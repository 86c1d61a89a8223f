// SqliteDatabase: one SQLite file, one thread that writes, a few that read.
//
// The writer takes every closure that waits, runs them in one transaction and syncs once (group
// commit): the more callers, the fewer syncs each. If one of them fails, the transaction is rolled
// back and all are run again, each under a savepoint. Only its connection commits and checkpoints.
// `synchronous=FULL`: a write that was answered survives the loss of power.
//
// When a sync or the file itself fails, the state of the disk is unknown: the database refuses
// every further write until the program is started again and has recovered from the file. A full
// disk is not that: writes fail one by one and succeed again when there is room.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "db/database.h"

namespace synap::db::sqlite {

struct SqliteOptions {
  std::string path;
  int readers = 2;
};

struct WriterStatistics {
  std::int64_t commits = 0;
  std::int64_t closures = 0;
  std::int64_t checkpoints = 0;
};

class Connection;

class SqliteDatabase final : public Database {
 public:
  static Result<std::unique_ptr<SqliteDatabase>> open(SqliteOptions options);
  ~SqliteDatabase() override;  // close()

  /// Finishes what is queued, while all that its closures use is still there; what comes later is
  /// answered kServiceUnavailable.
  void close();

  Result<> migrate(const std::vector<Migration>& migrations) override;
  WriterStatistics statistics() const;

 protected:
  void submit(Queue queue, Operation* operation) override;

 private:
  SqliteDatabase() = default;
  void run_writer();
  using Actions = std::vector<std::move_only_function<void()>>;
  void commit_group(std::vector<Operation*>& group);
  std::optional<Error> run_and_commit(std::vector<Operation*>& group, Actions& on_commit);
  bool run_together(std::vector<Operation*>& group, Actions& on_commit);
  std::optional<Error> run_apart(std::vector<Operation*>& group, Actions& on_commit);
  void run_closure(Operation& operation, Actions& on_commit);
  std::optional<Error> begin();
  std::optional<Error> commit();
  void roll_back();
  bool is_rolled_back() const;
  void checkpoint_if_large(bool is_idle);
  int unmoved_pages() const { return wal_pages_ - moved_pages_; }
  void run_reader(Connection& connection);

  std::unique_ptr<Connection> writer_;
  std::vector<std::unique_ptr<Connection>> readers_;
  std::mutex write_mutex_;
  std::condition_variable write_wake_;
  std::deque<Operation*> interactive_;
  std::deque<Operation*> background_;
  bool stopping_ = false;
  // Why nothing can be written any more. Writer thread only.
  std::optional<Error> broken_;
  int cautious_groups_ = 0;  // writer thread only: how many groups are still to be run apart

  std::mutex read_mutex_;
  std::condition_variable read_wake_;
  std::deque<Operation*> reads_;

  std::atomic<std::int64_t> commits_{0};
  std::atomic<std::int64_t> closures_{0};
  std::atomic<std::int64_t> checkpoints_{0};
  // Writer thread only: the pages in the WAL, and how many of them are in the file already.
  int wal_pages_ = 0;
  int moved_pages_ = 0;

  std::thread writer_thread_;
  std::vector<std::thread> reader_threads_;
};

}  // namespace synap::db::sqlite
