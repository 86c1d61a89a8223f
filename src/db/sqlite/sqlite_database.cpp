#include "db/sqlite/sqlite_database.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <unordered_map>

#include "base/log.h"
#include "db/sqlite/connection.h"
#include "db/sqlite/wal_vfs.h"

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

// A group ends behind the closure with which its parameters come to so much: it is one transaction,
// and the log of changes must have room for it (wal_keeper.h).
constexpr std::size_t kGroupBytesMax = 8 << 20;

// After a group in which something failed, so many are run closure by closure at once.
constexpr int kCautiousGroups = 32;

using Completions = std::unordered_map<Executor*, std::vector<std::coroutine_handle<>>>;

// What it was to do after the commit is undone for good, and the commit is not: all that can be
// done is to say so, and to answer those who wait.
void run_action(std::move_only_function<void()>& action) {
  try {
    action();
  } catch (const std::exception& exception) {
    write_log_bounded(Same::kLine, LogLevel::kError, "db",
                      "database: an action after a commit threw: {error}",
                      {{"error", exception.what()}});
  }
}

}  // namespace

SqliteDatabase::SqliteDatabase(World& world) : world_(world), write_wake_(world.make_signal()) {}

Result<std::unique_ptr<SqliteDatabase>> SqliteDatabase::open(SqliteOptions options) {
  // Counting its memory costs SQLite a mutex for each allocation of each thread.
  static const int configured = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  std::ignore = configured;
  std::unique_ptr<SqliteDatabase> database(new SqliteDatabase(options.world));
  auto writer =
      Connection::open(options.path, Connection::Mode::kWriter, options.world, options.vfs);
  if (!writer) return fail(writer.error());
  database->writer_ = std::move(*writer);
  std::vector<std::unique_ptr<Connection>> readers;
  for (int i = 0; i < options.readers; ++i) {
    auto reader =
        Connection::open(options.path, Connection::Mode::kReader, options.world, options.vfs);
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
  database->waiting_max_ = options.waiting_max;
  database->writer_thread_ =
      options.world.start_thread("db writer", ThreadPriority::kNormal,
                                 [self = database.get()] { return self->turn_of_writer(); });
  return database;
}

void SqliteDatabase::close() {
  {
    std::lock_guard lock(write_mutex_);
    stopping_ = true;
  }
  write_wake_->notify_all();
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
      for (const auto& migration : migrations) known_migrations_.emplace(migration.name);
      tx.run(
          "CREATE TABLE IF NOT EXISTS migrations("
          "name TEXT PRIMARY KEY, applied_at INTEGER NOT NULL) STRICT");
      check_migrations(tx, retired);
      for (const auto& migration : migrations) apply(tx, migration);
    });
  };
  return sync_wait(*executor, run());
}

// Another version's tables are not touched: this one does not know what its writes would break.
void SqliteDatabase::check_migrations(Tx& tx, const std::vector<Retired>& retired) {
  auto rows = tx.query("SELECT name FROM migrations ORDER BY name");
  while (rows.next()) {
    const auto name = rows.view(0);
    if (known_migrations_.contains(name)) continue;
    const auto old = std::find_if(retired.begin(), retired.end(),
                                  [&](const Retired& one) { return one.name == name; });
    tx.abort({Code::kPreconditionFailed,
              old != retired.end()
                  ? fmt::format("This data directory was made by {}", old->made_by)
                  : fmt::format("This data directory was made by a newer Synap (it has {}); "
                                "use that version",
                                name),
              nullptr});
    return;
  }
}

void SqliteDatabase::apply(Tx& tx, const Migration& migration) {
  {
    auto rows = tx.query("SELECT 1 FROM migrations WHERE name = $1", migration.name);
    if (rows.next() || !tx.ok()) return;
  }
  if (auto done = writer_->execute(std::string(migration.sql).c_str()); !done) {
    auto error = done.error();
    error.message = fmt::format("Migration {} failed: {}", migration.name, error.message);
    tx.abort(std::move(error));
    return;
  }
  tx.run("INSERT INTO migrations(name, applied_at) VALUES ($1, $2)", migration.name,
         world_.unix_ms());
}

Statistics SqliteDatabase::statistics() const {
  Statistics all;
  all.commits = commits_.value();
  all.closures = closures_;
  all.commit_time = std::chrono::nanoseconds(commit_ns_);
  all.syncs = syncs_;
  all.sync_time = std::chrono::nanoseconds(sync_ns_);
  all.checkpoints = wal_->checkpoints();
  all.wal_bytes = wal_->wal_bytes();
  all.waiting_reads = readers_.waiting();
  all.rests = rests_.load(std::memory_order_relaxed) + readers_.rests();
  std::lock_guard lock(write_mutex_);
  all.waiting_writes = interactive_.size() + background_.size();
  return all;
}

void SqliteDatabase::submit(Operation* operation) {
  auto refusal =
      operation->queue == Queue::kRead ? readers_.submit(operation) : submit_write(operation);
  if (!refusal) return;  // it may be answered and gone already
  operation->error = std::move(refusal);
  operation->waiter.wake();
}

std::deque<SqliteDatabase::Operation*>& SqliteDatabase::lane_of(const Operation& operation) {
  return operation.queue == Queue::kWrite ? interactive_ : background_;
}

std::optional<Error> SqliteDatabase::submit_write(Operation* operation) {
  bool was_empty = false;
  {
    std::lock_guard lock(write_mutex_);
    if (stopping_) return is_stopping();
    auto& lane = lane_of(*operation);
    if (lane.size() >= waiting_max_) return too_many_wait(lane.size());
    was_empty = interactive_.empty() && background_.empty();
    lane.push_back(operation);
  }
  if (was_empty) write_wake_->notify_one();
  return std::nullopt;
}

void SqliteDatabase::withdraw(Operation* operation) {
  if (operation->queue == Queue::kRead) return readers_.withdraw(operation);
  std::unique_lock lock(write_mutex_);
  if (std::erase(lane_of(*operation), operation) > 0) return;
  // In the writer's hands. It answers each operation of its group with one step under this lock.
  write_answered_.wait(lock, [&] { return operation->waiter.is_posted(); });
}

// One group, or idle work. False: there will be none any more.
bool SqliteDatabase::turn_of_writer() {
  std::vector<Operation*> group;
  const auto next = take_group(group);
  if (next == Next::kEnd) return false;
  if (next == Next::kNothing) return true;
  if (next == Next::kIdleWork) {
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

// Waits until there is something to do.
SqliteDatabase::Next SqliteDatabase::take_group(std::vector<Operation*>& group) {
  const auto take = [&](std::deque<Operation*>& from, std::size_t most) {
    for (std::size_t i = 0; i < most && !from.empty(); ++i) {
      group.push_back(from.front());
      from.pop_front();
    }
  };
  std::unique_lock lock(write_mutex_);
  const auto is_due = [&] { return stopping_ || !interactive_.empty() || !background_.empty(); };
  const auto idle = is_due() || broken_ ? std::nullopt : idle_work_due();
  const auto woken = write_wake_->wait(lock, is_due, idle);
  if (woken == Signal::Woken::kTimeUp) return Next::kIdleWork;
  if (woken == Signal::Woken::kNotYet) return Next::kNothing;
  if (interactive_.empty() && background_.empty()) return Next::kEnd;
  const bool people_wait = !interactive_.empty();
  take(interactive_, kGroupClosuresMax);
  take(background_, people_wait ? kGroupBackgroundMax : kGroupBackgroundAloneMax);
  return Next::kGroup;
}

// Gives what is behind the first `count` operations back: for the next transaction.
void SqliteDatabase::cut(std::vector<Operation*>& group, std::size_t count) {
  std::lock_guard lock(write_mutex_);
  while (group.size() > count) {
    lane_of(*group.back()).push_front(group.back());
    group.pop_back();
  }
}

void SqliteDatabase::commit_group(std::vector<Operation*>& group) {
  Actions on_commit;
  auto failure = broken_ ? broken_ : run_and_commit(group, on_commit);
  if (failure) {
    for (auto* operation : group) operation->error = failure;
  } else {
    closures_.fetch_add(static_cast<std::int64_t>(group.size()), std::memory_order_relaxed);
    spread_.group_closures.observe(static_cast<std::int64_t>(group.size()));
    for (auto& action : on_commit) run_action(action);
    commits_.raise(commits_.value() + 1);
  }
  // Answered and posted in one step: whoever destroys one of the coroutines meanwhile waits for the
  // lock, and then finds its post to withdraw.
  std::lock_guard lock(write_mutex_);
  Completions completions;
  for (auto* operation : group) {
    completions[&operation->waiter.executor()].push_back(operation->waiter.take_to_post());
  }
  for (auto& [executor, coroutines] : completions) executor->post_all(coroutines);
  write_answered_.notify_all();
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
    writer_->carry_out(operation);
    operation.error = writer_->take_error();
    if (operation.error) return false;
    writer_->move_on_commit_to(on_commit);
    return true;
  };
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (!run(*group[i])) return false;
    bytes += writer_->take_bound_bytes();
    if (bytes >= kGroupBytesMax) cut(group, i + 1);
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
    if (bytes >= kGroupBytesMax) cut(group, i + 1);
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
  if (writer_->ok()) writer_->carry_out(operation);
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
