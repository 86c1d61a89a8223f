#include "db/sqlite/sqlite_database.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <iterator>

#include "base/log.h"
#include "db/closure.h"
#include "db/sqlite/connection.h"
#include "db/sqlite/full_text.h"
#include "db/sqlite/wal_vfs.h"

namespace synap::db::sqlite {
namespace {

// A group ends behind the closure with which its parameters come to so much: it is one transaction,
// and the log of changes must have room for it (wal_keeper.h).
constexpr std::size_t kGroupBytesMax = 8 << 20;

// After a group in which something failed, so many are run closure by closure at once.
constexpr int kCautiousGroups = 32;

std::optional<std::pair<std::uint64_t, std::uint64_t>> file_at(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return std::pair<std::uint64_t, std::uint64_t>{status.st_dev, status.st_ino};
}

Result<std::unique_ptr<Connection>> open_connection(const SqliteOptions& options,
                                                    Connection::Mode mode) {
  auto opened = Connection::open(options.path, mode, options.world, options.vfs);
  if (!opened || !options.has_full_text) return opened;
  if (auto added = add_full_text((*opened)->handle()); !added) return fail(added.error());
  return opened;
}

}  // namespace

SqliteDatabase::SqliteDatabase(const SqliteOptions& options)
    : world_(options.world),
      path_(options.path),
      is_in_place_(options.is_in_place),
      can_be_made_again_(!options.syncs_commits),
      writes_(options.world, options.waiting_max),
      migrator_(options.world) {}

Result<std::unique_ptr<SqliteDatabase>> SqliteDatabase::open(SqliteOptions options) {
  // Counting its memory costs SQLite a mutex for each allocation of each thread.
  static const int configured = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  std::ignore = configured;
  std::unique_ptr<SqliteDatabase> database(new SqliteDatabase(options));
  auto writer = open_connection(
      options, options.syncs_commits ? Connection::Mode::kWriter : Connection::Mode::kLateWriter);
  if (!writer) return fail(writer.error());
  database->writer_ = std::move(*writer);
  // Of another layer for files the path may be none.
  if (options.vfs.empty()) database->file_ = file_at(options.path);
  std::vector<std::unique_ptr<Reader>> readers;
  for (int i = 0; i < options.readers; ++i) {
    auto reader = open_connection(options, Connection::Mode::kReader);
    if (!reader) return fail(reader.error());
    readers.push_back(std::move(*reader));
  }
  database->wal_ = std::make_unique<WalKeeper>(
      *database->writer_, database->readers_,
      WalKeeper::Options{.bytes_max = options.wal_bytes_max,
                         .idle_before_truncate = options.idle_before_truncate,
                         .patience = options.full_wal_patience});
  database->readers_.start(std::move(readers), {.world = options.world,
                                                .time_max = options.read_time_max,
                                                .waiting_max = options.waiting_max,
                                                .idle_before_rest = options.idle_before_rest});
  database->idle_before_rest_ = options.idle_before_rest;
  database->writer_thread_ = options.world.start_thread(
      "db writer", options.priority, [self = database.get()] { return self->turn_of_writer(); });
  return database;
}

void SqliteDatabase::close() {
  writes_.close();
  readers_.close();
  writer_thread_.reset();
}

SqliteDatabase::~SqliteDatabase() {
  close();
  if (wal_ != nullptr && !broken_) wal_->close();
  flush_log();
}

Result<> SqliteDatabase::run_migrations(const std::vector<Migration>& migrations,
                                        const std::vector<Retired>& retired) {
  const auto executor = world_.make_executor("migrate");
  auto run = [&]() -> Task<Result<>> {
    co_return co_await write([&](Tx& tx) {
      tx.run(
          "CREATE TABLE IF NOT EXISTS migrations("
          "name TEXT PRIMARY KEY, applied_at INTEGER NOT NULL) STRICT");
      migrator_.run(tx, migrations, retired, [this](const Migration& one) {
        return writer_->execute(std::string(one.sql).c_str());
      });
    });
  };
  return sync_wait(*executor, run());
}

Statistics SqliteDatabase::statistics() const {
  Statistics all;
  all.commits = commits_.value();
  all.closures = closures_;
  all.commit_time = std::chrono::nanoseconds(commit_ns_);
  all.syncs = syncs_;
  all.sync_time = std::chrono::nanoseconds(sync_ns_);
  all.log_of_changes = {.bytes = wal_->wal_bytes(),
                        .bytes_max = wal_->bytes_max(),
                        .checkpoints = wal_->checkpoints()};
  if (const auto at = refused_at_.load(); at != 0) {
    all.since_refused = world_.now().time_since_epoch() - std::chrono::nanoseconds(at);
  }
  all.waiting_reads = readers_.waiting();
  all.rests = rests_.load(std::memory_order_relaxed) + readers_.rests();
  all.waiting_writes = writes_.waiting();
  return all;
}

void SqliteDatabase::submit(Operation* operation) {
  auto refusal =
      operation->queue == Queue::kRead ? readers_.submit(operation) : writes_.submit(operation);
  if (!refusal) return;  // it may be answered and gone already
  operation->error = std::move(refusal);
  operation->waiter.wake();
}

void SqliteDatabase::withdraw(Operation* operation) {
  if (operation->queue == Queue::kRead) return readers_.withdraw(operation);
  writes_.withdraw(operation);
}

// One group, or idle work. False: there will be none any more.
bool SqliteDatabase::turn_of_writer() {
  std::vector<Operation*> group;
  const auto next =
      writes_.take(group, [this] { return broken_ ? std::nullopt : idle_work_due(); });
  if (next == WriteQueue::Next::kEnd) return false;
  if (next == WriteQueue::Next::kNothing) return true;
  if (next == WriteQueue::Next::kIdle) {
    do_idle_work();
  } else {
    commit_group(group);
    if (!broken_) wal_->checkpoint_if_large();
  }
  if (wal_->has_disk_failed() && !broken_) break_off(wal_->last_error().value_or(Error{}));
  return true;
}

// After so long without a write there is something to do, which comes in this order.
std::optional<std::chrono::milliseconds> SqliteDatabase::idle_work_due() const {
  if (auto due = wal_->idle_work_due()) return due;
  return writer_->is_rested() ? std::nullopt : std::optional(idle_before_rest_);
}

void SqliteDatabase::do_idle_work() {
  if (wal_->idle_work_due()) return wal_->do_idle_work();
  writer_->rest();
  rests_.fetch_add(1, std::memory_order_relaxed);
}

void SqliteDatabase::commit_group(std::vector<Operation*>& group) {
  if (const auto in_place = check_place(); !in_place) {
    // The disk has refused nothing.
    for (auto* operation : group) operation->error = in_place.error();
    return writes_.answer(group);
  }
  Actions on_commit;
  auto failure = broken_ ? broken_ : run_and_commit(group, on_commit);
  if (failure) {
    for (auto* operation : group) operation->error = failure;
  } else {
    closures_.fetch_add(static_cast<std::int64_t>(group.size()), std::memory_order_relaxed);
    spread_.group_closures.observe(static_cast<std::int64_t>(group.size()));
    run_actions(on_commit);
    commits_.raise(commits_.value() + 1);
  }
  note_refusals(group);
  writes_.answer(group);
}

void SqliteDatabase::note_refusals(const std::vector<Operation*>& group) {
  const bool is_refused = std::ranges::any_of(group, [](const Operation* operation) {
    const auto& error = operation->error;
    return error && (error->fault == Fault::kFull || error->fault == Fault::kGone);
  });
  if (is_refused) refused_at_ = world_.now().time_since_epoch().count();
}

Result<> SqliteDatabase::check_place() const {
  auto in_place = is_in_place_ ? is_in_place_() : Result<>{};
  if (in_place && file_ &&
      (file_at(path_) != file_ || !is_wal_in_place(writer_->handle()) ||
       !is_wal_whole(writer_->handle()))) {
    // Its owner makes it again, and says so.
    if (can_be_made_again_) {
      return fail({Code::kServiceUnavailable, "A file of it was removed, replaced or cut off",
                   nullptr, Fault::kDamaged});
    }
    in_place =
        fail({Code::kServiceUnavailable,
              "A file of the database was removed, replaced or cut off; put it back, or restart "
              "the pod",
              nullptr, Fault::kGone});
  }
  if (!in_place) {
    write_log_bounded(Same::kLine, LogLevel::kError, "db", "database: nothing is written: {error}",
                      {{"error", in_place.error().message}});
  }
  return in_place;
}

// The error if the group as a whole has failed.
std::optional<Error> SqliteDatabase::run_and_commit(std::vector<Operation*>& group,
                                                    Actions& on_commit) {
  if (auto failure = wal_->make_room()) return failure;
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
    carry_out(operation, *writer_);
    operation.error = writer_->take_error();
    if (operation.error) return false;
    writer_->move_on_commit_to(on_commit);
    return true;
  };
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (!run(*group[i])) return false;
    bytes += writer_->take_bound_bytes();
    if (bytes >= kGroupBytesMax) writes_.give_back(group, i + 1);
  }
  return true;
}

// Each closure under a savepoint of its own, so that one that fails leaves no trace and harms
// nobody. The error if nothing of the group can be committed.
std::optional<Error> SqliteDatabase::run_apart(std::vector<Operation*>& group, Actions& on_commit) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < group.size(); ++i) {
    run_closure(*group[i], on_commit);
    // Some failures (a full disk) make SQLite roll back the whole transaction by itself.
    if (is_rolled_back()) return group[i]->error;
    bytes += writer_->take_bound_bytes();
    if (bytes >= kGroupBytesMax) writes_.give_back(group, i + 1);
  }
  return std::nullopt;
}

std::optional<Error> SqliteDatabase::begin() {
  std::ignore = writer_->take_bound_bytes();
  writer_->begin_closure();
  writer_->run("BEGIN IMMEDIATE");
  return writer_->take_error();
}

std::optional<Error> SqliteDatabase::commit() {
  writer_->begin_closure();
  const auto begin = world_.now();
  writer_->run("COMMIT");
  const std::chrono::nanoseconds took = world_.now() - begin;
  commit_ns_.fetch_add(took.count(), std::memory_order_relaxed);
  spread_.commit_time.observe(took);
  const auto syncs = wal_syncs(writer_->handle());
  // A commit syncs the log once, or fails. This thread alone writes what it is compared with.
  if (syncs.count > syncs_.load(std::memory_order_relaxed)) {
    spread_.sync_time.observe(syncs.time.count() - sync_ns_.load(std::memory_order_relaxed));
  }
  syncs_.store(syncs.count, std::memory_order_relaxed);
  sync_ns_.store(syncs.time.count(), std::memory_order_relaxed);
  auto failure = writer_->take_error();
  if (!failure) return std::nullopt;
  if (leaves_disk_unknown(writer_->last_failure())) break_off(*failure);
  roll_back();
  return failure;
}

void SqliteDatabase::break_off(const Error& failure) {
  broken_ =
      failure.fault == Fault::kDamaged
          ? failure
          : Error{Code::kServiceUnavailable,
                  "The disk failed while writing: restart Synap to recover", nullptr, Fault::kGone};
  write_log(LogLevel::kError, "db", "database: nothing is written any more: {error}",
            {{"error", broken_->message}});
}

void SqliteDatabase::roll_back() {
  writer_->count_undone();
  if (!is_rolled_back()) std::ignore = writer_->execute("ROLLBACK");
}

bool SqliteDatabase::is_rolled_back() const {
  return sqlite3_get_autocommit(writer_->handle()) != 0;
}

void SqliteDatabase::run_closure(Operation& operation, Actions& on_commit) {
  writer_->begin_closure();
  writer_->run("SAVEPOINT closure");
  if (writer_->ok()) carry_out(operation, *writer_);
  operation.error = writer_->take_error();
  if (!operation.error) {
    writer_->run("RELEASE closure");
    operation.error = writer_->take_error();
    if (!operation.error) writer_->move_on_commit_to(on_commit);
  } else if (!is_rolled_back()) {
    writer_->count_undone();
    writer_->run("ROLLBACK TO closure");
    writer_->run("RELEASE closure");
    writer_->begin_closure();
  }
}

}  // namespace synap::db::sqlite
