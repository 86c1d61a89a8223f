#include "db/sqlite/connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <exception>

#include "base/check.h"
#include "base/io_errors.h"
#include "base/log.h"
#include "base/memory.h"
#include "db/closure.h"
#include "db/sqlite/wal_vfs.h"

namespace synap::db::sqlite {
namespace {

// A closure that pages has a second page's time left when it is told to stop: it reads some 5 ms
// between two looks at the clock.
constexpr std::chrono::milliseconds kPageTime{100};
// After so many instructions of SQLite's machine the clock is looked at: some 20 us.
constexpr int kInstructionsBetweenLooks = 1'000;
// A read that has looked fewer times has worked for some 10 ms at most: if its time is over, then
// the machine was busy with others, and stopping it would help nobody. It gets four times as much.
constexpr int kLooksMin = 1'000;
constexpr int kPatienceFactor = 4;

}  // namespace

Error error_of(int code, std::string_view what) {
  write_log_bounded(
      Same::kLine, LogLevel::kError, "db", "database: {error} (sqlite {code}): {what}",
      {{"error", sqlite3_errstr(code)}, {"code", std::int64_t{code}}, {"what", what}});
  const auto unavailable = [](Fault fault, const char* message) {
    io_errors(Store::kDatabase, fault).add();
    return Error{Code::kServiceUnavailable, message, nullptr, fault};
  };
  if (code == SQLITE_IOERR_CORRUPTFS) code = SQLITE_CORRUPT;
  switch (code & 0xff) {
    case SQLITE_FULL:
      return unavailable(Fault::kFull, "The disk is full: nothing can be written");
    case SQLITE_IOERR:
      // A quota, a limit on file sizes, a disk that fails.
      if (code == SQLITE_IOERR_WRITE) {
        return unavailable(Fault::kGone, "The disk refuses what is written to the database");
      }
      [[fallthrough]];
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return unavailable(Fault::kGone, "The database cannot be reached now");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM:
      return unavailable(Fault::kBusy, "The database is busy now");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      io_errors(Store::kDatabase, Fault::kDamaged).add();
      return {Code::kInternalServerError, "The database is damaged: run synap doctor", nullptr,
              Fault::kDamaged};
    case SQLITE_CONSTRAINT:
      return {Code::kConflict, "This conflicts with what is stored", nullptr};
    case SQLITE_TOOBIG:
      return {Code::kPayloadTooLarge, "This is too large to be stored", nullptr};
    default:
      // A wrong statement is ours, not the caller's: they get no SQL, the log does.
      return {Code::kInternalServerError, "An internal error was logged", nullptr};
  }
}

bool leaves_disk_unknown(int code) {
  // A write that fails (a quota, a limit on file sizes) is none of these: what it left behind the
  // last commit in the WAL is no commit, and is written over.
  return code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC ||
         code == SQLITE_IOERR_CORRUPTFS || (code & 0xff) == SQLITE_CORRUPT ||
         (code & 0xff) == SQLITE_NOTADB;
}

Statement::Statement(Connection& connection, sqlite3_stmt* handle)
    : connection_(connection), handle_(handle) {
  const int count = sqlite3_bind_parameter_count(handle_);
  for (int i = 1; i <= count; ++i) {
    parameter_.push_back(sqlite3_bind_parameter_index(handle_, fmt::format("${}", i).c_str()));
  }
}

Statement::~Statement() {
  sqlite3_finalize(handle_);
}

void Statement::bind(const Value* values, std::size_t count) {
  SYNAP_CHECK(count == parameter_.size(), sqlite3_sql(handle_));
  is_busy_ = true;
  is_done_ = false;
  for (std::size_t i = 0; i < count; ++i) {
    const int at = parameter_[i];
    const auto& value = values[i].variant();
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
      sqlite3_bind_int64(handle_, at, *integer);
    } else if (const auto* real = std::get_if<double>(&value)) {
      sqlite3_bind_double(handle_, at, *real);
    } else if (const auto* text = std::get_if<std::string_view>(&value)) {
      connection_.bound_bytes_ += text->size();
      // SQLITE_STATIC: the rows are read, and so the statement is closed, before the view ends.
      // A null data pointer would bind NULL instead of the empty text.
      sqlite3_bind_text64(handle_, at, text->data() != nullptr ? text->data() : "", text->size(),
                          SQLITE_STATIC, SQLITE_UTF8);
    } else if (const auto* blob = std::get_if<Blob>(&value)) {
      connection_.bound_bytes_ += blob->bytes.size();
      sqlite3_bind_blob64(handle_, at, blob->bytes.data() != nullptr ? blob->bytes.data() : "",
                          blob->bytes.size(), SQLITE_STATIC);
    } else {
      sqlite3_bind_null(handle_, at);
    }
  }
}

bool Statement::next() {
  if (is_done_) return false;
  if (connection_.is_over_time()) {
    is_done_ = true;
    connection_.failed(SQLITE_INTERRUPT, sqlite3_sql(handle_));
    return false;
  }
  connection_.is_running_ = true;
  const int code = sqlite3_step(handle_);
  connection_.is_running_ = false;
  if (code == SQLITE_ROW) return true;
  is_done_ = true;
  if (code != SQLITE_DONE) {
    connection_.failed(sqlite3_extended_errcode(connection_.handle_), sqlite3_sql(handle_));
  }
  return false;
}

bool Statement::is_null(int column) {
  return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}
std::int64_t Statement::integer(int column) {
  return sqlite3_column_int64(handle_, column);
}
double Statement::real(int column) {
  return sqlite3_column_double(handle_, column);
}

std::string_view Statement::bytes(int column) {
  const void* data = sqlite3_column_blob(handle_, column);
  const int size = sqlite3_column_bytes(handle_, column);
  return {static_cast<const char*>(data), static_cast<std::size_t>(size)};
}

void Statement::close() {
  sqlite3_reset(handle_);
  is_busy_ = false;
}

Result<std::unique_ptr<Connection>> Connection::open(const std::string& path, Mode mode,
                                                     World& world, const std::string& vfs) {
  const char* own_vfs = vfs.empty() ? nullptr : vfs.c_str();
  sqlite3* handle = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
                    (mode == Mode::kReader ? 0 : SQLITE_OPEN_CREATE);
  const int code =
      sqlite3_open_v2(path.c_str(), &handle, flags,
                      mode == Mode::kReader ? own_vfs : wal_vfs(vfs, mode == Mode::kWriter));
  if (code != SQLITE_OK) {
    auto error = error_of(code, path);
    error.message = fmt::format("{} cannot be opened: {}", path, sqlite3_errstr(code));
    sqlite3_close(handle);
    return fail(std::move(error));
  }
  std::unique_ptr<Connection> connection(new Connection(handle, world));
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  sqlite3_create_function_v2(
      handle, "current_user_id", 0, SQLITE_UTF8 | SQLITE_DETERMINISTIC, connection.get(),
      [](sqlite3_context* context, int, sqlite3_value**) {
        const auto* self = static_cast<Connection*>(sqlite3_user_data(context));
        if (!self->in_tenancy_) return sqlite3_result_null(context);
        sqlite3_result_text(context, self->tenant_.data(), static_cast<int>(self->tenant_.size()),
                            SQLITE_TRANSIENT);
      },
      nullptr, nullptr, nullptr);
  // Set once: each setting would make SQLite prepare every statement anew.
  if (mode == Mode::kReader) {
    sqlite3_set_authorizer(handle, &Connection::authorize, connection.get());
    sqlite3_progress_handler(
        handle, kInstructionsBetweenLooks,
        [](void* self) { return static_cast<Connection*>(self)->is_over_time() ? 1 : 0; },
        connection.get());
  }
  // secure_delete: Debian's build turns it on, which writes every freed page once more.
  // mmap_size 0, and no checkpoint by anyone but the writer: SQLite before 3.51.3 can lose pages
  // when a checkpoint of one connection races a commit of another ("WAL-reset bug").
  // recursive_triggers: without it INSERT OR REPLACE deletes a row past its delete trigger.
  // checkpoint_fullfsync: the sync of the log of changes before its pages are moved asks for more
  // than that of a commit, by which wal_vfs.h tells them apart. On Linux they are the same.
  // page_size 4096 measured best for rows of about 1 KiB. cache_size is in KiB when negative; what
  // is written is mostly the right edges of the trees, and 64 MiB instead of 16 only cost the
  // kernel the clearing of so much more memory (a flood of notes ran at 7,700/s instead of
  // 8,900/s). What a reader has counts for nothing once something was written, and the kernel has
  // its pages anyway: with 4 MiB instead of 16, lists and searches among 20,000 notes took as long,
  // and a pod that is read had 29 MB less (with 2 MiB a search took a tenth longer).
  const char* common =
      "PRAGMA secure_delete=OFF; PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0;"
      "PRAGMA foreign_keys=OFF; PRAGMA trusted_schema=ON; PRAGMA wal_autocheckpoint=0;"
      "PRAGMA recursive_triggers=ON;";
  const char* writer =
      "PRAGMA page_size=4096; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
      "PRAGMA checkpoint_fullfsync=ON; PRAGMA cache_size=-16384;";
  const char* reader = "PRAGMA query_only=ON; PRAGMA cache_size=-4096;";
  if (mode == Mode::kReader) {
    sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  }
  if (mode != Mode::kReader) {
    int powersafe = 1;  // wal_vfs.h; what Debian's SQLite takes for granted anyway
    sqlite3_file_control(handle, "main", SQLITE_FCNTL_POWERSAFE_OVERWRITE, &powersafe);
  }
  for (const char* pragmas : {mode == Mode::kReader ? reader : writer, common}) {
    if (auto done = connection->execute(pragmas); !done) return fail(done.error());
  }
  return connection;
}

Connection::~Connection() {
  statements_.clear();
  tenant_statements_.clear();
  sqlite3_close(handle_);
}

Result<> Connection::execute(const char* sql) {
  const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  if (code == SQLITE_OK) return {};
  last_failure_ = code;
  auto error = error_of(code, fmt::format("{} in {}", sqlite3_errmsg(handle_), sql));
  return fail(std::move(error));
}

void Connection::begin_closure() {
  error_.reset();
  on_commit_.clear();
  last_failure_ = SQLITE_OK;
  has_time_limit_ = false;
  is_rested_ = false;
  page_until_ = world_.now() + kPageTime;
}

void Connection::rest() {
  const ReturningMemory returning;
  sqlite3_db_release_memory(handle_);
  is_rested_ = true;
}

void Connection::limit_time(std::chrono::milliseconds most) {
  has_time_limit_ = true;
  looks_ = 0;
  time_limit_ = most;
  stop_at_ = world_.now() + most;
  page_until_ = std::min(page_until_, stop_at_ - most * 3 / 5);
}

bool Connection::is_over_time() {
  if (!has_time_limit_) return false;
  ++looks_;
  const auto over = world_.now() - stop_at_;
  return over > (looks_ > kLooksMin ? Clock::duration(0) : (kPatienceFactor - 1) * time_limit_);
}

bool Connection::is_out_of_time() const {
  return world_.now() > page_until_;
}

void Connection::enter_tenancy(std::string_view user) {
  std::int64_t version = -1;
  if (auto rows = query("PRAGMA schema_version"); rows.next()) version = rows.integer(0);
  if (version != rules_version_) {
    load_rules();
    if (ok()) rules_version_ = version;
  }
  tenant_ = user;
  in_tenancy_ = true;
}

void Connection::leave_tenancy() {
  in_tenancy_ = false;
}

void Connection::load_rules() {
  std::set<std::string> views;
  std::set<std::string> shadow_tables;
  std::vector<std::string> virtual_tables = {"json_each", "json_tree"};
  {
    auto rows = query(
        "SELECT name FROM sqlite_master WHERE type = 'view' AND sql LIKE '%current_user_id()%'");
    while (rows.next()) views.insert(rows.text(0));
  }
  {
    auto rows = query(
        "SELECT name, type FROM pragma_table_list "
        "WHERE schema = 'main' AND type IN ('shadow', 'virtual')");
    while (rows.next()) {
      if (rows.view(1) == "shadow") shadow_tables.insert(rows.text(0));
      if (rows.view(1) == "virtual") virtual_tables.push_back(rows.text(0));
    }
  }
  // A connection meets a virtual table by parsing a declaration of it, which looks like a change of
  // the schema: nothing that could be allowed in a tenancy, so it is done before.
  for (const auto& table : virtual_tables) {
    sqlite3_finalize(prepare("SELECT 1 FROM \"" + table + "\""));
  }
  rules_.set_names(std::move(views), std::move(shadow_tables));
}

int Connection::authorize(void* self, int action, const char* first, const char* second,
                          const char* schema, const char* view) {
  const auto& connection = *static_cast<const Connection*>(self);
  if (!connection.in_tenancy_) return SQLITE_OK;
  return connection.rules_.allows(action, first, second, schema, view, connection.is_running_)
             ? SQLITE_OK
             : SQLITE_DENY;
}

void Connection::failed(int code, std::string_view what) {
  last_failure_ = code;
  if (code == SQLITE_INTERRUPT) {
    write_log_bounded(Same::kLine, LogLevel::kWarn, "db",
                      "database: a read was stopped after {ms} ms: {what}",
                      {{"ms", std::int64_t{time_limit_.count()}}, {"what", what}});
    return abort(
        {Code::kTimeout,
         fmt::format(
             "This query read for {} ms and was stopped; ask for less, or again when the pod "
             "has less to do",
             time_limit_.count()),
         nullptr});
  }
  abort(error_of(code, fmt::format("{} in {}", sqlite3_errmsg(handle_), what)));
}

// Null if it cannot be, which has then failed.
sqlite3_stmt* Connection::prepare(std::string_view sql) {
  if (in_tenancy_ && rules_.renames_a_view(sql)) {
    failed(SQLITE_AUTH, sql);
    return nullptr;
  }
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  if (code != SQLITE_OK) failed(code, sql);
  return handle;
}

Cursor* Connection::start(std::string_view sql, const Value* values, std::size_t count) {
  if (!ok()) return nullptr;
  auto& statements = in_tenancy_ ? tenant_statements_ : statements_;
  Statement* statement = statements.idle(sql);
  if (statement == nullptr) {
    sqlite3_stmt* handle = prepare(sql);
    if (handle == nullptr) return nullptr;
    statement = statements.add(sql, std::make_unique<Statement>(*this, handle));
  }
  statement->bind(values, count);
  return statement;
}

void Connection::read(database_detail::Operation& operation, std::chrono::milliseconds most) {
  begin_closure();
  if (operation.has_time_limit) limit_time(most);
  // BEGIN, so that all statements of the closure see one snapshot.
  run("BEGIN");
  if (operation.is_for_one_user) enter_tenancy(operation.user);
  if (ok()) carry_out(operation, *this);
  operation.error = take_error();
  if (operation.is_for_one_user) leave_tenancy();
  // Also where its time is over.
  begin_closure();
  if (sqlite3_get_autocommit(handle_) == 0) std::ignore = execute("END");
}

}  // namespace synap::db::sqlite
