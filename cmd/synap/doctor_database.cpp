#include "synap/doctor_database.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <filesystem>

namespace synap::cli {
namespace {

constexpr int kBusyTimeoutMs = 5'000;

// In a URI, where "?", "#" and "%" mean something.
std::string escaped(const std::string& path) {
  std::string text;
  for (const char c : path) {
    text += c == '?' || c == '#' || c == '%' ? fmt::format("%{:02x}", c) : std::string(1, c);
  }
  return text;
}

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

}  // namespace

// SQLite makes two files beside a database that it only reads, synap.db-wal and synap.db-shm, and a
// connection that may not write leaves them there. A running pod has them already. Without one:
// where there is no -wal, all is in synap.db and nothing changes it (`immutable`); where a crash
// has left one it is read too, and its index kept in memory, which SQLite does for a connection
// that has the database alone. It has: the caller holds the lock of the directory, so no locks are
// needed
// ("unix-none"), and could not be had with files that are open for reading only.
Result<std::unique_ptr<DoctorDatabase>> DoctorDatabase::open(const std::string& data,
                                                             bool is_pod_running) {
  std::error_code failed;
  const auto path = data + "/synap.db";
  const bool has_wal = std::filesystem::exists(path + "-wal", failed);
  std::string uri = "file:" + escaped(std::filesystem::absolute(path, failed).string());
  if (!is_pod_running) uri += has_wal ? "?vfs=unix-none" : "?immutable=1";
  std::unique_ptr<DoctorDatabase> opened(new DoctorDatabase);
  const int code = sqlite3_open_v2(uri.c_str(), &opened->database_,
                                   SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, nullptr);
  if (code != SQLITE_OK) {
    return fail(Code::kServiceUnavailable, sqlite3_errmsg(opened->database_));
  }
  sqlite3_busy_timeout(opened->database_, kBusyTimeoutMs);
  if (!is_pod_running && has_wal) {
    auto alone = opened->each("PRAGMA locking_mode = EXCLUSIVE", [](const Row&) {});
    if (!alone) return fail(alone.error());
  }
  return opened;
}

DoctorDatabase::~DoctorDatabase() {
  sqlite3_close(database_);
}

Result<> DoctorDatabase::each(const std::string& sql, const std::function<void(const Row&)>& use) {
  const auto failed = [this] { return fail(Code::kServiceUnavailable, sqlite3_errmsg(database_)); };
  sqlite3_stmt* prepared = nullptr;
  if (sqlite3_prepare_v2(database_, sql.c_str(), -1, &prepared, nullptr) != SQLITE_OK) {
    return failed();
  }
  const std::unique_ptr<sqlite3_stmt, Finalize> statement(prepared);
  Row row(static_cast<std::size_t>(sqlite3_column_count(prepared)));
  for (;;) {
    const int code = sqlite3_step(prepared);
    if (code == SQLITE_DONE) return {};
    if (code != SQLITE_ROW) return failed();
    for (int i = 0; i < static_cast<int>(row.size()); ++i) {
      const auto* bytes = static_cast<const char*>(sqlite3_column_blob(prepared, i));
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(prepared, i));
      row[static_cast<std::size_t>(i)] =
          bytes == nullptr ? std::string_view() : std::string_view(bytes, size);
    }
    use(row);
  }
}

}  // namespace synap::cli
