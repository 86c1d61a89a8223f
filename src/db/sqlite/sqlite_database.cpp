#include "db/sqlite/sqlite_database.h"

#include <fmt/format.h>

#include <chrono>
#include <iterator>
#include <unordered_map>

#include "base/clock.h"
#include "base/thread.h"
#include "db/sqlite/connection.h"

namespace synap::db::sqlite {
namespace {

// A group is bounded so that the first closure of it does not wait for the last for long: at
// about 12 us a closure this is some 6 ms. What is left over goes into the next group.
constexpr std::size_t kGroupClosuresMax = 512;
// Of these, so many may be the workers' when people wait too. A worker's closure costs twice a
// person's (it stores results, rows and events), and whoever waits, waits for all of a group: with
// 64 connections, 16 gave 17,600 requests/s, 8 gives 19,800, 4 gave no more; and the end of a flood
// of notes comes as soon with each of them.
constexpr std::size_t kGroupBackgroundMax = 8;
// And so many while nobody does: whoever comes in the next moment waits for them.
constexpr std::size_t kGroupBackgroundAloneMax = 128;

// A checkpoint copies pages from the WAL into the file and syncs it; nobody's write is answered
// meanwhile. A larger WAL means fewer copies of a page that changes often, but a longer pause:
// 16,000 pages (64 MiB) are copied in some 100 ms every few seconds of full load, for 40 % more
// requests/s than with 4,000. With idle hands the WAL is emptied sooner.
constexpr int kCheckpointPages = 16'000;
constexpr int kIdleCheckpointPages = 500;

// After a group in which something failed, so many are run closure by closure at once.
constexpr int kCautiousGroups = 32;

using Completions = std::unordered_map<Executor*, std::vector<std::coroutine_handle<>>>;

bool leaves_disk_unknown(int code) {
  // A write that fails (a quota, a limit on file sizes) is none of these: what it left behind the
  // last commit in the WAL is no commit, and is written over.
  return code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC ||
         code == SQLITE_IOERR_CORRUPTFS || (code & 0xff) == SQLITE_CORRUPT ||
         (code & 0xff) == SQLITE_NOTADB;
}

}  // namespace

Result<std::unique_ptr<SqliteDatabase>> SqliteDatabase::open(SqliteOptions options) {
  // Counting its memory costs SQLite a mutex for each allocation of each thread.
  static const int configured = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  std::ignore = configured;
  std::unique_ptr<SqliteDatabase> database(new SqliteDatabase);
  auto writer = Connection::open(options.path, Connection::Mode::kWriter);
  if (!writer) return fail(writer.error());
  database->writer_ = std::move(*writer);
  sqlite3_wal_hook(
      database->writer_->handle(),
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<SqliteDatabase*>(self)->wal_pages_ = pages;
        return SQLITE_OK;
      },
      database.get());
  for (int i = 0; i < options.readers; ++i) {
    auto reader = Connection::open(options.path, Connection::Mode::kReader);
    if (!reader) return fail(reader.error());
    database->readers_.push_back(std::move(*reader));
  }
  auto* self = database.get();
  self->writer_thread_ = std::thread([self] { self->run_writer(); });
  for (auto& reader : self->readers_) {
    self->reader_threads_.emplace_back(
        [self, &connection = *reader] { self->run_reader(connection); });
  }
  return database;
}

void SqliteDatabase::close() {
  {
    std::scoped_lock lock(write_mutex_, read_mutex_);
    stopping_ = true;
  }
  write_wake_.notify_all();
  read_wake_.notify_all();
  for (auto& thread : reader_threads_) thread.join();
  reader_threads_.clear();
  if (writer_thread_.joinable()) writer_thread_.join();
}

SqliteDatabase::~SqliteDatabase() {
  close();
  readers_.clear();
  if (writer_ != nullptr && !broken_) {
    sqlite3_wal_checkpoint_v2(writer_->handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr,
                              nullptr);
  }
}

Result<> SqliteDatabase::migrate(const std::vector<Migration>& migrations) {
  ThreadExecutor executor("migrate");
  auto run = [&]() -> Task<Result<>> {
    co_return co_await write([&](Tx& tx) {
      tx.run(
          "CREATE TABLE IF NOT EXISTS migrations("
          "name TEXT PRIMARY KEY, applied_at INTEGER NOT NULL) STRICT");
      for (const auto& migration : migrations) {
        {
          auto rows = tx.query("SELECT 1 FROM migrations WHERE name = $1", migration.name);
          if (rows.next()) continue;
        }
        if (!tx.ok()) return;
        if (auto done = writer_->execute(std::string(migration.sql).c_str()); !done) {
          tx.abort(
              Error{done.error().code,
                    fmt::format("Migration {} failed: {}", migration.name, done.error().message),
                    nullptr});
          return;
        }
        tx.run("INSERT INTO migrations(name, applied_at) VALUES ($1, $2)", migration.name,
               unix_ms_now());
      }
    });
  };
  return sync_wait(executor, run());
}

WriterStatistics SqliteDatabase::statistics() const {
  return {commits_.load(), closures_.load(), checkpoints_.load()};
}

void SqliteDatabase::submit(Queue queue, Operation* operation) {
  const bool is_read = queue == Queue::kRead;
  bool was_empty = false;
  {
    std::lock_guard lock(is_read ? read_mutex_ : write_mutex_);
    if (stopping_) {
      operation->error = Error{Code::kServiceUnavailable, "Synap is stopping", nullptr};
      operation->executor->post(operation->coroutine);
      return;
    }
    was_empty = is_read || (interactive_.empty() && background_.empty());
    (is_read ? reads_ : queue == Queue::kWrite ? interactive_ : background_).push_back(operation);
  }
  if (was_empty) (is_read ? read_wake_ : write_wake_).notify_one();
}

void SqliteDatabase::run_writer() {
  begin_thread("db writer");
  std::vector<Operation*> group;
  const auto take = [&](std::deque<Operation*>& from, std::size_t most) {
    for (std::size_t i = 0; i < most && !from.empty(); ++i) {
      group.push_back(from.front());
      from.pop_front();
    }
  };
  for (;;) {
    bool is_idle = false;
    {
      std::unique_lock lock(write_mutex_);
      const auto is_due = [&] {
        return stopping_ || !interactive_.empty() || !background_.empty();
      };
      if (!is_due() && unmoved_pages() >= kIdleCheckpointPages) {
        // Nobody waits: a good moment to move the WAL, unless somebody comes in the next moment.
        is_idle = !write_wake_.wait_for(lock, std::chrono::milliseconds(200), is_due);
      } else {
        write_wake_.wait(lock, is_due);
      }
      if (!is_idle) {
        if (interactive_.empty() && background_.empty()) return;  // stopping
        const bool people_wait = !interactive_.empty();
        take(interactive_, kGroupClosuresMax);
        take(background_, people_wait ? kGroupBackgroundMax : kGroupBackgroundAloneMax);
      }
    }
    if (!is_idle) {
      commit_group(group);
      group.clear();
    }
    checkpoint_if_large(is_idle);
  }
}

void SqliteDatabase::commit_group(std::vector<Operation*>& group) {
  Actions on_commit;
  auto failure = broken_ ? broken_ : run_and_commit(group, on_commit);
  if (failure) {
    for (auto* operation : group) operation->error = failure;
  } else {
    commits_.fetch_add(1, std::memory_order_relaxed);
    closures_.fetch_add(static_cast<std::int64_t>(group.size()), std::memory_order_relaxed);
    for (auto& action : on_commit) action();
  }
  Completions completions;
  for (auto* operation : group) completions[operation->executor].push_back(operation->coroutine);
  // From here on the operations may be gone.
  for (auto& [executor, coroutines] : completions) executor->post_all(coroutines);
}

// The error if the group as a whole has failed.
std::optional<Error> SqliteDatabase::run_and_commit(std::vector<Operation*>& group,
                                                    Actions& on_commit) {
  if (auto failure = begin()) return failure;
  if (cautious_groups_ == 0) {
    if (run_together(group, on_commit)) return commit();
    on_commit.clear();
    roll_back();
    // Nobody else is concerned: rolling all of it back was what it asked for.
    if (group.size() == 1 && group.front()->error) return std::nullopt;
    // Whoever brings about conflicts one after another makes groups run twice no more than this.
    cautious_groups_ = kCautiousGroups;
    if (auto failure = begin()) return failure;
  } else {
    --cautious_groups_;
  }
  if (auto failure = run_apart(group, on_commit)) {
    roll_back();
    return failure;
  }
  return commit();
}

// Nearly always nothing fails, and then no closure needs a savepoint: which would cost a copy of
// each page that it changes. False: something has failed, and the group is to be run apart.
bool SqliteDatabase::run_together(std::vector<Operation*>& group, Actions& on_commit) {
  const auto run = [&](Operation& operation) {
    writer_->begin_closure();
    operation.run(*writer_);
    operation.error = writer_->take_error();
    auto actions = writer_->take_on_commit();
    std::move(actions.begin(), actions.end(), std::back_inserter(on_commit));
    return !operation.error;
  };
  for (auto* operation : group) {
    if (!run(*operation)) return false;
  }
  return true;
}

// Each closure under a savepoint of its own, so that one that fails leaves no trace and harms
// nobody. The error if nothing of the group can be committed.
std::optional<Error> SqliteDatabase::run_apart(std::vector<Operation*>& group, Actions& on_commit) {
  for (auto* operation : group) {
    run_closure(*operation, on_commit);
    // Some failures (a full disk) make SQLite roll back the whole transaction by itself.
    if (is_rolled_back()) return operation->error;
  }
  return std::nullopt;
}

std::optional<Error> SqliteDatabase::begin() {
  writer_->begin_closure();
  writer_->run("BEGIN IMMEDIATE");
  return writer_->take_error();
}

std::optional<Error> SqliteDatabase::commit() {
  writer_->begin_closure();
  writer_->run("COMMIT");
  auto failure = writer_->take_error();
  if (!failure) return std::nullopt;
  if (leaves_disk_unknown(writer_->last_failure())) {
    broken_ = Error{Code::kServiceUnavailable,
                    "The disk failed while writing: restart Synap to recover", nullptr};
    fmt::print(stderr, "synap: the disk failed during a commit; writing has stopped\n");
  }
  roll_back();
  return failure;
}

void SqliteDatabase::roll_back() {
  if (!is_rolled_back()) std::ignore = writer_->execute("ROLLBACK");
}

bool SqliteDatabase::is_rolled_back() const {
  return sqlite3_get_autocommit(writer_->handle()) != 0;
}

void SqliteDatabase::run_closure(Operation& operation, Actions& on_commit) {
  writer_->begin_closure();
  writer_->run("SAVEPOINT closure");
  if (writer_->ok()) operation.run(*writer_);
  operation.error = writer_->take_error();
  auto actions = writer_->take_on_commit();
  if (!operation.error) {
    writer_->run("RELEASE closure");
    operation.error = writer_->take_error();
  } else if (!is_rolled_back()) {
    writer_->run("ROLLBACK TO closure");
    writer_->run("RELEASE closure");
    writer_->begin_closure();
  }
  if (!operation.error) std::move(actions.begin(), actions.end(), std::back_inserter(on_commit));
}

void SqliteDatabase::checkpoint_if_large(bool is_idle) {
  // The WAL starts again from its front once all of it was moved and no reader needs it.
  if (wal_pages_ < moved_pages_) moved_pages_ = 0;
  if (unmoved_pages() < (is_idle ? kIdleCheckpointPages : kCheckpointPages)) return;
  int pages = 0;
  int moved = 0;
  const int code = sqlite3_wal_checkpoint_v2(writer_->handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE,
                                             &pages, &moved);
  checkpoints_.fetch_add(1, std::memory_order_relaxed);
  // A reader can keep pages from being moved: counted as moved all the same, so that this is not
  // tried again with every commit.
  moved_pages_ = wal_pages_;
  if (code != SQLITE_OK && code != SQLITE_BUSY) {
    fmt::print(stderr, "synap: checkpoint failed: {}\n", sqlite3_errstr(code));
    if (leaves_disk_unknown(sqlite3_extended_errcode(writer_->handle()))) {
      broken_ = Error{Code::kServiceUnavailable,
                      "The disk failed while writing: restart Synap to recover", nullptr};
    }
  }
}

void SqliteDatabase::run_reader(Connection& connection) {
  begin_thread("db reader");
  for (;;) {
    Operation* operation = nullptr;
    {
      std::unique_lock lock(read_mutex_);
      read_wake_.wait(lock, [&] { return stopping_ || !reads_.empty(); });
      if (reads_.empty()) return;
      operation = reads_.front();
      reads_.pop_front();
    }
    connection.begin_closure();
    // BEGIN, so that all statements of the closure see one snapshot.
    connection.run("BEGIN");
    if (operation->is_scoped) connection.enter_scope(operation->user);
    if (connection.ok()) operation->run(connection);
    operation->error = connection.take_error();
    if (operation->is_scoped) connection.leave_scope();
    if (sqlite3_get_autocommit(connection.handle()) == 0) std::ignore = connection.execute("END");
    operation->executor->post(operation->coroutine);
  }
}

}  // namespace synap::db::sqlite
