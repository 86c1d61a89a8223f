// The database as the doctor reads it: without a change, and leaving nothing behind.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace synap::cli {

class DoctorDatabase {
 public:
  /// Opens the database of a data directory. Without a pod the caller holds the directory's lock,
  /// for nobody else is kept from writing.
  static Result<std::unique_ptr<DoctorDatabase>> open(const std::string& data, bool is_pod_running);
  /// That of a PostgreSQL server, as libpq takes it.
  static Result<std::unique_ptr<DoctorDatabase>> open_on_server(const std::string& url);
  virtual ~DoctorDatabase() = default;

  /// Calls `use` with the columns of each row, as text, or as the bytes that they are. The error
  /// says what the engine said.
  using Row = std::vector<std::string_view>;
  virtual Result<> each(const std::string& sql, const std::function<void(const Row&)>& use) = 0;
  /// SQL for the digits of a column of bytes.
  virtual std::string hex(std::string_view column) const = 0;

  struct Column {
    std::string table;
    std::string name;
  };
  /// Columns of this name, of tables whose name ends in `_data`.
  virtual Result<std::vector<Column>> columns_of_data(std::string_view name) = 0;
  struct Found {
    std::string what;
    bool is_doubtful = false;  // what was acknowledged can be lost
  };
  /// What the engine says of itself and, `is_deep`, of how its pages are; an error: it is damaged.
  virtual Result<Found> examine(bool is_deep) = 0;
};

}  // namespace synap::cli
