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

class EmbeddedDatabase final : public DoctorDatabase {
 public:
  static Result<std::unique_ptr<EmbeddedDatabase>> open(const std::string& data,
                                                        bool is_pod_running);
  ~EmbeddedDatabase() override { sqlite3_close(database_); }

  Result<> each(const std::string& sql, const std::function<void(const Row&)>& use) override;
  std::string hex(std::string_view column) const override { return fmt::format("hex({})", column); }
  Result<std::vector<Column>> columns_of_data(std::string_view name) override;
  Result<Found> examine(bool is_deep) override;

 private:
  sqlite3* database_ = nullptr;
};

// SQLite makes two files beside a database that it only reads, synap.db-wal and synap.db-shm, and a
// connection that may not write leaves them there. A running pod has them already. Without one:
// where there is no -wal, all is in synap.db and nothing changes it (`immutable`); where a crash
// has left one it is read too, and its index kept in memory, which SQLite does for a connection
// that has the database alone. It has: the caller holds the lock of the directory, so no locks are
// needed
// ("unix-none"), and could not be had with files that are open for reading only.
Result<std::unique_ptr<EmbeddedDatabase>> EmbeddedDatabase::open(const std::string& data,
                                                                 bool is_pod_running) {
  std::error_code failed;
  const auto path = data + "/synap.db";
  const bool has_wal = std::filesystem::exists(path + "-wal", failed);
  std::string uri = "file:" + escaped(std::filesystem::absolute(path, failed).string());
  if (!is_pod_running) uri += has_wal ? "?vfs=unix-none" : "?immutable=1";
  auto opened = std::make_unique<EmbeddedDatabase>();
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

Result<> EmbeddedDatabase::each(const std::string& sql,
                                const std::function<void(const Row&)>& use) {
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

Result<std::vector<DoctorDatabase::Column>> EmbeddedDatabase::columns_of_data(
    std::string_view name) {
  std::vector<Column> columns;
  auto done = each(
      fmt::format("SELECT m.name FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c WHERE "
                  "m.type = 'table' AND m.name LIKE '%\\_data' ESCAPE '\\' AND c.name = '{}' "
                  "ORDER BY m.name",
                  name),
      [&](const Row& row) { columns.push_back({std::string(row[0]), std::string(name)}); });
  if (!done) return fail(done.error());
  return columns;
}

Result<DoctorDatabase::Found> EmbeddedDatabase::examine(bool is_deep) {
  const std::string how = is_deep ? "integrity_check" : "quick_check";
  std::string problem;
  auto done = each("PRAGMA " + how, [&](const Row& row) {
    problem += problem.empty() ? "" : "; ";
    problem += row[0];
  });
  if (!done) return fail(done.error());
  if (problem != "ok") return fail(Code::kInternalServerError, problem);
  return Found{.what = how + " finds nothing wrong"};
}

}  // namespace

Result<std::unique_ptr<DoctorDatabase>> DoctorDatabase::open(const std::string& data,
                                                             bool is_pod_running) {
  return EmbeddedDatabase::open(data, is_pod_running);
}

}  // namespace synap::cli
