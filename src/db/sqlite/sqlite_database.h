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
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/timer.h"
#include "base/world.h"
#include "db/engine.h"
#include "db/migrator.h"
#include "db/readers.h"
#include "db/sqlite/wal_keeper.h"
#include "db/write_queue.h"

namespace synap::db::sqlite {

struct SqliteOptions {
  std::string path;
  std::string vfs = {};  // SQLite's layer for its files, registered; "": its own
  World& world = real_world();
  int readers = 2;
  /// A read is stopped after this. With two readers, four of such reads are what others wait for
  /// half a second; and as long as a read takes, the log of changes cannot begin again.
  std::chrono::milliseconds read_time_max{250};
  /// The log of changes (WAL) does not grow beyond this (wal_keeper.h). Half of it is moved at a
  /// time, and nobody's write is answered meanwhile: 64 MiB are some 100 ms every few seconds of
  /// full load. Moving a quarter of that at a time copied pages that change often so much more
  /// often that 40 % fewer requests/s went through.
  std::int64_t wal_bytes_max = 128 << 20;
  /// So long after the last write the file of the log is cut down. Not at once: a file that has
  /// its room already is written and synced faster, and work comes in bursts.
  std::chrono::milliseconds idle_before_truncate{5'000};
  /// So long after its last work a connection gives its pages back, up to 16 MiB of the one that
  /// writes and 4 of each that reads, which a look through the whole log fills. The kernel has them
  /// still; and a reader's count for nothing once something was written.
  std::chrono::milliseconds idle_before_rest{5'000};
  /// So long writes wait for another process that keeps a full log from being moved.
  std::chrono::milliseconds full_wal_patience{5'000};
  /// A commit is answered when it is on disk. False, for what can be made again: a power cut may
  /// take the last commits, and leaves the database whole as it was before them. Where a file of it
  /// is removed or replaced, writes are refused with Fault::kDamaged.
  bool syncs_commits = true;
  /// Its connections have the tokenizer and the function of full_text.h.
  bool has_full_text = false;
  /// Of the thread that writes.
  ThreadPriority priority = ThreadPriority::kNormal;
  /// More reads, writes of people or writes of workers than this do not wait: the next is refused
  /// (kServiceUnavailable). Each keeps a coroutine of some KiB; 100,000 writes are some 5 s of
  /// work.
  std::size_t waiting_max = 100'000;
  /// Asked before each group of writes, on the writer's thread: whether the directory of the file
  /// is still what it was. With an error the group is refused: what was written would be found by
  /// nobody. The same becomes of its own files that were removed or replaced, unless they can be
  /// made again.
  std::function<Result<>()> is_in_place = {};
};

class Connection;

class SqliteDatabase final : public Engine {
 public:
  static Result<std::unique_ptr<SqliteDatabase>> open(SqliteOptions options);
  ~SqliteDatabase() override;  // close()

  void close() override;
  Statistics statistics() const override;
  const Spread& spread() const override { return spread_; }
  Watermark& commits() override { return commits_; }

 protected:
  void submit(Operation* operation) override;
  void withdraw(Operation* operation) override;
  Result<> run_migrations(const std::vector<Migration>& migrations,
                          const std::vector<Retired>& retired) override;

 private:
  explicit SqliteDatabase(const SqliteOptions& options);
  bool turn_of_writer();
  std::optional<std::chrono::milliseconds> idle_work_due() const;
  void do_idle_work();
  void note_refusals(const std::vector<Operation*>& group);
  void commit_group(std::vector<Operation*>& group);
  std::optional<Error> run_and_commit(std::vector<Operation*>& group, Actions& on_commit);
  bool run_together(std::vector<Operation*>& group, Actions& on_commit);
  std::optional<Error> run_apart(std::vector<Operation*>& group, Actions& on_commit);
  void run_closure(Operation& operation, Actions& on_commit);
  Result<> check_place() const;
  std::optional<Error> begin();
  std::optional<Error> commit();
  void roll_back();
  bool is_rolled_back() const;
  void break_off(const Error& failure);

  World& world_;
  const std::string path_;
  const std::function<Result<>()> is_in_place_;
  const bool can_be_made_again_;
  /// What the path named when it was opened: device and inode. Nothing: it is not looked at.
  std::optional<std::pair<std::uint64_t, std::uint64_t>> file_;
  std::unique_ptr<Connection> writer_;
  Readers readers_;
  std::unique_ptr<WalKeeper> wal_;
  WriteQueue writes_;
  std::chrono::milliseconds idle_before_rest_{};
  // Why nothing can be written any more. Writer thread only.
  std::optional<Error> broken_;
  int cautious_groups_ = 0;  // writer thread only: how many groups are still to be run apart

  Watermark commits_;  // raised by the writer thread
  std::atomic<std::int64_t> closures_{0};
  std::atomic<std::int64_t> refused_at_{
      0};                               // of the steady clock, ns; 0: the disk has refused none
  std::atomic<std::int64_t> rests_{0};  // of the writer
  std::atomic<std::int64_t> commit_ns_{0};
  std::atomic<std::int64_t> syncs_{0};
  std::atomic<std::int64_t> sync_ns_{0};
  Spread spread_;
  Migrator migrator_;  // writer thread only

  std::unique_ptr<WorldThread> writer_thread_;
};

}  // namespace synap::db::sqlite
