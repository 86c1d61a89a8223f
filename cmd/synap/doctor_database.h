// The database as the doctor reads it: without a change, and leaving no file behind.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

struct sqlite3;

namespace synap::cli {

class DoctorDatabase {
 public:
  /// Opens the database of a data directory. Without a pod the caller holds the directory's lock,
  /// for nobody else is kept from writing.
  static Result<std::unique_ptr<DoctorDatabase>> open(const std::string& data, bool is_pod_running);
  ~DoctorDatabase();
  DoctorDatabase(const DoctorDatabase&) = delete;
  DoctorDatabase& operator=(const DoctorDatabase&) = delete;

  /// Calls `use` with the columns of each row, as text. The error says what SQLite said.
  using Row = std::vector<std::string_view>;
  Result<> each(const std::string& sql, const std::function<void(const Row&)>& use);

 private:
  DoctorDatabase() = default;
  sqlite3* database_ = nullptr;
};

}  // namespace synap::cli
