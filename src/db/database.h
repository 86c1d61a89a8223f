// Database: one transactional store behind one small interface: SQLite in a directory, or a
// PostgreSQL server. SQL is written once, in the embedded engine's words ($1 parameters, RETURNING,
// ON CONFLICT with its columns), which db/postgres/dialect.h says in PostgreSQL's; only the log has
// files for each engine.
//
//   auto count = co_await database.read([](Tx& tx) {
//     auto rows = tx.query("SELECT count(*) FROM notes_data WHERE user_id = $1", user);
//     return rows.next() ? rows.integer(0) : 0;
//   });                                                     // Result<std::int64_t>
//
// A closure runs on a thread of the database, never on the caller's, so it must not touch what
// belongs to the caller's coroutine except what is suspended meanwhile. Others may share its
// transaction (group commit): one that fails leaves no trace and harms nobody. For that, a closure
// of write() may be run more than once, and only what its last run did counts: it must find what it
// captured as it was, so it copies from it and moves nothing out. When write() has answered without
// an error, the change is on disk.
//
// A coroutine that awaits write() or read() may be destroyed, where its executor allows that. If
// its closure has not begun, it never does; if it is running, or in a group that has not committed
// yet, the destroying thread is blocked until that is over: a commit, or a read's time. The
// database must outlive those who await it.
//
// A closure that throws fails with kInternalServerError, alone; what it threw is logged.
//
// Failing is sticky: after the first failed statement, or abort(), further statements of the
// closure do nothing and yield no rows, and write()/read() answer with that first error. So a
// closure needs no check behind every line; it must only not act on the outside. That a run() has
// failed may be seen late, with the next rows or the commit (Tx::Changes).
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/check.h"
#include "base/status.h"
#include "base/task.h"
#include "base/uuid.h"
#include "db/table_names.h"

namespace synap::db {

/// Raw bytes as a parameter; a string_view is text.
struct Blob {
  std::string_view bytes;
};

/// A parameter of a statement. Views must live until the statement has run.
class Value {
 public:
  Value(std::nullptr_t) {}
  Value(int value) : value_(static_cast<std::int64_t>(value)) {}
  Value(std::int64_t value) : value_(value) {}
  Value(double value) : value_(value) {}
  Value(bool value) : value_(static_cast<std::int64_t>(value)) {}
  Value(const char* value) : value_(std::string_view(value)) {}
  Value(std::string_view value) : value_(value) {}
  Value(const std::string& value) : value_(std::string_view(value)) {}
  Value(Blob value) : value_(value) {}
  Value(const Uuid& value) : value_(Blob{value.raw()}) {}
  template <class T>
  Value(const std::optional<T>& value) {
    if (value) *this = Value(*value);
  }

  const auto& variant() const { return value_; }

 private:
  std::variant<std::monostate, std::int64_t, double, std::string_view, Blob> value_;
};

namespace database_detail {

// What a Value is a view of, and so must not be a temporary of the call that begins a query.
template <class T>
inline constexpr bool owns_bytes = std::is_same_v<T, std::string> || std::is_same_v<T, Uuid>;
template <class T>
inline constexpr bool owns_bytes<std::optional<T>> = owns_bytes<T>;

}  // namespace database_detail

/// The engine's half of a running statement.
class Cursor {
 public:
  virtual ~Cursor() = default;
  virtual bool next() = 0;
  virtual bool is_null(int column) = 0;
  virtual std::int64_t integer(int column) = 0;
  virtual double real(int column) = 0;
  virtual std::string_view bytes(int column) = 0;  // text or blob; valid until next()
  virtual void close() = 0;                        // gives the statement back
};

/// The rows of a query, one at a time. Columns count from 0.
class Rows {
 public:
  explicit Rows(Cursor* cursor) : cursor_(cursor) {}
  Rows(Rows&& other) noexcept : cursor_(std::exchange(other.cursor_, nullptr)) {}
  Rows& operator=(Rows&&) = delete;
  ~Rows() {
    if (cursor_ != nullptr) cursor_->close();
  }

  bool next() { return cursor_ != nullptr && cursor_->next(); }
  bool is_null(int column) { return cursor_->is_null(column); }
  std::int64_t integer(int column) { return cursor_->integer(column); }
  double real(int column) { return cursor_->real(column); }
  std::string_view view(int column) { return cursor_->bytes(column); }
  std::string text(int column) { return std::string(cursor_->bytes(column)); }
  std::optional<std::string> optional_text(int column) {
    if (is_null(column)) return std::nullopt;
    return text(column);
  }
  /// A 16-byte column, or nothing if it is null.
  std::optional<Uuid> uuid(int column) { return Uuid::from_bytes(cursor_->bytes(column)); }

 private:
  Cursor* cursor_;
};

class Tx {
 public:
  Tx() = default;
  Tx(const Tx&) = delete;
  Tx& operator=(const Tx&) = delete;
  virtual ~Tx() = default;

  /// Runs a statement and gives its rows. A statement is prepared once a connection.
  template <class... Args>
  [[nodiscard]] Rows query(std::string_view sql, Args&&... args) {
    // A temporary deduces no reference; it would be gone when the rows are read.
    static_assert(!(database_detail::owns_bytes<Args> || ...),
                  "a parameter of query() must outlive its rows: give it a name");
    const Value values[] = {Value(args)..., Value(nullptr)};
    return Rows(start(resolved(sql), values, sizeof...(args)));
  }
  /// The same with a number of parameters that is known only now.
  [[nodiscard]] Rows query_with(std::string_view sql, const std::vector<Value>& values) {
    return Rows(start(resolved(sql), values.data(), values.size()));
  }

  /// How many rows a statement has changed, for whoever asks at once: with an engine at a distance
  /// the answer has to be waited for.
  class Changes {
   public:
    explicit Changes(Tx& tx) : tx_(tx) {}
    Changes(const Changes&) = delete;
    Changes& operator=(const Changes&) = delete;
    operator std::int64_t() && { return tx_.changes(); }

   private:
    Tx& tx_;
  };
  /// Runs a statement for its effect; the number of rows it changed. Where nobody asks for that, an
  /// engine at a distance sends it with what comes next.
  template <class... Args>
  Changes run(std::string_view sql, const Args&... args) {
    const Value values[] = {Value(args)..., Value(nullptr)};
    run_only(resolved(sql), values, sizeof...(args));
    return Changes(*this);
  }
  /// The same with a number of parameters that is known only now.
  void run_with(std::string_view sql, const std::vector<Value>& values) {
    run_only(resolved(sql), values.data(), values.size());
  }
  /// Runs an INSERT, UPDATE or DELETE (without RETURNING) that changes one row, by a key. If there
  /// is none to be changed, the closure fails with `otherwise`: which may be seen late, like all
  /// that fails, and so costs no waiting.
  template <class... Args>
  void run_one(const Error& otherwise, std::string_view sql, const Args&... args) {
    const Value values[] = {Value(args)..., Value(nullptr)};
    run_or_fail(resolved(sql), values, sizeof...(args), otherwise);
  }

  /// While this lives, statements of its Tx mean other tables than they name: a second set that
  /// is filled beside the live one (table_names.h). `names` must outlive it.
  class WithTableNames {
   public:
    WithTableNames(Tx& tx, const TableNames& names) : tx_(tx) {
      SYNAP_CHECK(tx_.names_ == nullptr, "table names do not nest");
      tx_.names_ = &names;
    }
    WithTableNames(const WithTableNames&) = delete;
    WithTableNames& operator=(const WithTableNames&) = delete;
    ~WithTableNames() { tx_.names_ = nullptr; }

   private:
    Tx& tx_;
  };

  bool ok() const { return !error_.has_value(); }
  /// Undoes what this closure has done and makes its write() answer `error`.
  void abort(Error error) {
    if (!error_) error_ = std::move(error);
  }
  const std::optional<Error>& error() const { return error_; }

  /// True once this closure should come to an end: 100 ms after it began (less where less time is
  /// given to a read). A closure that pages stops early and goes on from a cursor in another one.
  virtual bool is_out_of_time() const { return false; }

  /// Grows whenever something that was written through this Tx's connection is undone. What a room
  /// remembers of its own uncommitted rows holds for as long as this is the same.
  virtual std::int64_t undone() const = 0;

  /// Runs on the writer's thread once the change is on disk and before write() answers, in the
  /// order of the commits. Must be short and must not block. Not called if it fails.
  void on_commit(std::move_only_function<void()> action) {
    on_commit_.push_back(std::move(action));
  }

 protected:
  virtual Cursor* start(std::string_view sql, const Value* values, std::size_t count) = 0;
  /// The values need not live longer than this.
  virtual void run_only(std::string_view sql, const Value* values, std::size_t count) = 0;
  /// Of the statement that was run last.
  virtual std::int64_t changes() = 0;
  virtual void run_or_fail(std::string_view sql, const Value* values, std::size_t count,
                           const Error& otherwise) {
    run_only(sql, values, count);
    if (ok() && changes() == 0) abort(otherwise);
  }

  std::optional<Error> error_;
  std::vector<std::move_only_function<void()>> on_commit_;

 private:
  std::string_view resolved(std::string_view sql) const {
    return names_ == nullptr ? sql : names_->resolve(sql);
  }
  const TableNames* names_ = nullptr;
};

/// How soon a write matters. Waiting writes of people go into a commit before those of workers.
enum class Lane : std::uint8_t { kInteractive, kBackground };

namespace database_detail {

/// Where an operation waits.
enum class Queue : std::uint8_t { kWrite, kBackgroundWrite, kRead };

/// A closure in the queue; lives on the frame of the coroutine that awaits it. While its waiter
/// waits it is the database's, which answers it once, under the lock of its queue.
struct Operation {
  Operation() = default;
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;
  virtual ~Operation() = default;
  virtual void run(Tx& tx) = 0;

  Waiter waiter;
  Queue queue = Queue::kRead;
  std::string_view user;  // of a read_as
  bool is_for_one_user = false;
  bool has_time_limit = true;  // of a read
  std::optional<Error> error;
};

}  // namespace database_detail

class Database {
 public:
  Database() = default;
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  virtual ~Database() = default;

  /// Awaitable Result<T>, T being what `closure(Tx&)` returns: runs it in a transaction and
  /// answers when that is durable. kServiceUnavailable: the disk is full or does not work.
  template <class F>
  auto write(Lane lane, F closure) {
    return Awaiter<F>(
        *this, {.queue = lane == Lane::kInteractive ? Queue::kWrite : Queue::kBackgroundWrite},
        std::move(closure));
  }
  template <class F>
  auto write(F closure) {
    return write(Lane::kInteractive, std::move(closure));
  }
  /// Awaitable Result<T>: runs `closure` on a snapshot that sees every answered write. A read
  /// keeps what others write from being tidied away and waits in line with others' reads, so its
  /// time is bounded: 250 ms after it began its next statement or row is refused, and it answers
  /// kTimeout (after 1 s if it hardly got to work). Whoever may need longer reads in pages
  /// (Tx::is_out_of_time).
  template <class F>
  auto read(F closure) {
    return Awaiter<F>(*this, {.queue = Queue::kRead}, std::move(closure));
  }
  /// As read, without a bound of its time: for the start of the program, when nobody waits.
  template <class F>
  auto read_at_start(F closure) {
    return Awaiter<F>(*this, {.queue = Queue::kRead, .has_time_limit = false}, std::move(closure));
  }
  /// As read, on behalf of one user: this is where tenancy is enforced. Only *listed* views can be
  /// named, which are those that call current_user_id(), and show this user's rows and no others;
  /// no table, no other view, nothing of the engine. A query that tries is a programmer's error and
  /// answers kInternalServerError.
  template <class F>
  auto read_as(std::string_view user, F closure) {
    return Awaiter<F>(*this, {.queue = Queue::kRead, .user = user, .is_for_one_user = true},
                      std::move(closure));
  }

  /// One step by which tables come to be.
  struct Migration {
    std::string_view name;  // "notes.1"; never reused, never edited once released
    std::string_view sql;
    /// What is said to PostgreSQL instead, in the same words (db/postgres/dialect.h); empty: the
    /// same. For migrations that move rows of earlier versions: there were none on PostgreSQL.
    std::string_view on_postgres = {};
  };
  /// A migration of an earlier version, whose tables this one cannot use.
  struct Retired {
    std::string_view name;
    std::string_view made_by;  // "Synap 0.1.0, which ...": who made them, and what can be done
  };
  /// Brings the tables up to date: runs those of `migrations` that have not been run, in their
  /// order, each once. Called with all there are, since a database that has been through others is
  /// another version's: kPreconditionFailed says whose, and nothing is changed. What an earlier
  /// call on this object has named is known too. Blocks; for the start of the program.
  Result<> migrate(const std::vector<Migration>& migrations,
                   const std::vector<Retired>& retired = {}) {
    return run_migrations(migrations, retired);
  }

 protected:
  using Operation = database_detail::Operation;
  using Queue = database_detail::Queue;
  virtual void submit(Operation* operation) = 0;
  /// Returns when nobody will touch `operation` any more, which waits or is answered already.
  virtual void withdraw(Operation* operation) = 0;
  virtual Result<> run_migrations(const std::vector<Migration>& migrations,
                                  const std::vector<Retired>& retired) = 0;

 private:
  struct How {
    Queue queue;
    std::string_view user = {};
    bool is_for_one_user = false;
    bool has_time_limit = true;
  };

  template <class F>
  class Awaiter final : Operation {
   public:
    using Value = std::invoke_result_t<F&, Tx&>;

    Awaiter(Database& database, How how, F closure)
        : database_(database), closure_(std::move(closure)) {
      queue = how.queue;
      user = how.user;
      is_for_one_user = how.is_for_one_user;
      has_time_limit = how.has_time_limit;
    }
    // Before the closure and the result are gone, which the database may be at work on.
    ~Awaiter() override {
      if (waiter.is_suspended()) database_.withdraw(this);
    }
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> self) {
      waiter.suspend(self);
      database_.submit(this);
    }
    Result<Value> await_resume() {
      waiter.resumed();
      if (error) return std::unexpected(std::move(*error));
      if constexpr (std::is_void_v<Value>) {
        return {};
      } else {
        return std::move(*value_);
      }
    }

   private:
    struct Nothing {};
    void run(Tx& tx) override {
      if constexpr (std::is_void_v<Value>) {
        closure_(tx);
      } else {
        value_.emplace(closure_(tx));
      }
    }
    Database& database_;
    F closure_;
    std::conditional_t<std::is_void_v<Value>, Nothing,
                       std::optional<std::conditional_t<std::is_void_v<Value>, int, Value>>>
        value_;
  };
};

}  // namespace synap::db
