// What `synap doctor` finds in the data of a pod: the database, what it says of files, and them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "content/s3/address.h"
#include "synap/doctor_checks.h"

namespace synap::cli {

struct DataOptions {
  std::string data;  // the data directory
  /// The pod that has it, "" if there is none; then the caller holds the lock.
  bool is_pod_running = false;
  std::string pid;
  /// Every checksum, every index, every event's data.
  bool is_deep = false;
  /// Where content is, if that is a bucket.
  std::optional<content::S3Settings> s3 = {};
  /// Of the database, if that is on a server and whoever asks has said where.
  std::string database = {};
};

/// "database", and if it can be read "schema", "content" and "events".
std::vector<Check> check_data(const DataOptions& options);

}  // namespace synap::cli
