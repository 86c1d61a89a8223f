// Connection: one SQLite connection and its prepared statements, as a Tx. Belongs to one thread.
#pragma once

#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "base/world.h"
#include "db/database.h"
#include "db/readers.h"
#include "db/sqlite/statement_cache.h"
#include "db/sqlite/tenancy_rules.h"

namespace synap::db::sqlite {

/// What an SQLite result code means to a caller. Also leaves a line for the operator
/// (base/log.h): `what` says where, with SQLite's own words.
Error error_of(int code, std::string_view what);
/// True if nobody can know what is on disk after a commit or a checkpoint that failed so.
bool leaves_disk_unknown(int code);

class Statement final : public Cursor {
 public:
  Statement(class Connection& connection, sqlite3_stmt* handle);
  ~Statement() override;
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  void bind(const Value* values, std::size_t count);
  bool next() override;
  bool is_null(int column) override;
  std::int64_t integer(int column) override;
  double real(int column) override;
  std::string_view bytes(int column) override;
  void close() override;
  bool is_busy() const { return is_busy_; }

 private:
  friend class Connection;
  Connection& connection_;
  sqlite3_stmt* handle_;
  // parameter_[i] is SQLite's number for $i+1: it numbers names by their first appearance.
  std::vector<int> parameter_;
  bool is_busy_ = false;
  bool is_done_ = false;
};

class Connection final : public Tx, public Reader {
 public:
  /// kLateWriter: its commits are not synced (SqliteOptions::syncs_commits).
  enum class Mode { kWriter, kLateWriter, kReader };
  /// So long a connection waits for a lock that another process holds.
  static constexpr int kBusyTimeoutMs = 5'000;
  /// `world` must outlive it. `vfs` is SQLite's layer for its files; "": its own.
  static Result<std::unique_ptr<Connection>> open(const std::string& path, Mode mode,
                                                  World& world = real_world(),
                                                  const std::string& vfs = {});
  ~Connection() override;

  /// Runs statements that have neither parameters nor rows.
  Result<> execute(const char* sql);

  /// Begins a closure's work: no error yet, nothing to do on commit, all the time it wants.
  void begin_closure();
  /// From now on the closure has so much time: then its statements are ended (kTimeout).
  void limit_time(std::chrono::milliseconds most);
  bool is_out_of_time() const override;
  std::int64_t undone() const override { return undone_; }
  /// For whoever rolls back, wholly or to a savepoint.
  void count_undone() { ++undone_; }
  /// Gives the pages that it remembers back to the system, being called by the thread that it works
  /// on: for when nobody has asked it for a while.
  void rest() override;
  bool is_rested() const override { return is_rested_; }
  void read(database_detail::Operation& operation, std::chrono::milliseconds most) override;
  std::optional<Error> take_error() { return std::exchange(error_, std::nullopt); }
  /// Moves what the closure wants to be done on commit behind what others want.
  void move_on_commit_to(std::vector<std::move_only_function<void()>>& all) {
    std::ranges::move(on_commit_, std::back_inserter(all));
    on_commit_.clear();
  }

  /// Between these, statements may name the listed views only, which show the rows of `user`
  /// (tenancy_rules.h). Within a transaction: the views are those of its snapshot.
  void enter_tenancy(std::string_view user);
  void leave_tenancy();

  sqlite3* handle() { return handle_; }
  /// The bytes of all parameters since this was asked last.
  std::size_t take_bound_bytes() { return std::exchange(bound_bytes_, 0); }
  /// The last code that was neither OK, ROW nor DONE since begin_closure(), or SQLITE_OK.
  int last_failure() const { return last_failure_; }

 protected:
  Cursor* start(std::string_view sql, const Value* values, std::size_t count) override;
  void run_only(std::string_view sql, const Value* values, std::size_t count) override {
    Rows rows(start(sql, values, count));
    while (rows.next()) {
    }
  }
  std::int64_t changes() override { return sqlite3_changes64(handle_); }

 private:
  friend class Statement;
  using Clock = SteadyClock;
  // A pod has some 150 statements of its own.
  static constexpr std::size_t kStatementsMax = 256;

  Connection(sqlite3* handle, World& world) : world_(world), handle_(handle) {}
  void failed(int code, std::string_view what);
  bool is_over_time();
  void load_rules();
  sqlite3_stmt* prepare(std::string_view sql);
  static int authorize(void* self, int action, const char* first, const char* second,
                       const char* schema, const char* view);

  World& world_;
  sqlite3* handle_;
  StatementCache statements_{kStatementsMax};
  StatementCache tenant_statements_{kStatementsMax};
  TenancyRules rules_;
  std::int64_t rules_version_ = -1;  // the version of the schema whose names `rules_` has
  std::string tenant_;
  bool in_tenancy_ = false;
  std::size_t bound_bytes_ = 0;
  std::int64_t undone_ = 0;
  bool is_rested_ = true;
  bool has_time_limit_ = false;
  std::chrono::milliseconds time_limit_{};
  int looks_ = 0;                 // at the clock, since the limit was set
  Clock::time_point page_until_;  // is_out_of_time() from then on
  Clock::time_point stop_at_;
  bool is_running_ = false;  // within sqlite3_step()
  int last_failure_ = SQLITE_OK;
};

}  // namespace synap::db::sqlite
