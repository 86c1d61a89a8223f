// DataDirectory: the directory in which a pod keeps everything, held by one process at a time.
//
//   synap.db       events, runs, read models (SQLite, with synap.db-wal and synap.db-shm beside it)
//   content/       the text of notes
//   owner.key      the owner's first key, mode 0600
//   synap.lock     held while a process has the directory; holds its process id
#pragma once

#include <memory>
#include <string>

#include "base/status.h"

namespace synap::pod {

class DataDirectory {
 public:
  /// Makes the directory (mode 0700) if it is missing. kConflict: another process has it.
  static Result<std::unique_ptr<DataDirectory>> open(const std::string& path);
  ~DataDirectory();
  DataDirectory(const DataDirectory&) = delete;
  DataDirectory& operator=(const DataDirectory&) = delete;

  std::string database() const { return path_ + "/synap.db"; }
  std::string content() const { return path_ + "/content"; }
  std::string owner_key() const { return path_ + "/owner.key"; }

  /// Writes a file of mode 0600, whole or not at all, and syncs it.
  Result<> write_secret(const std::string& path, std::string_view text) const;

 private:
  DataDirectory(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}
  std::string path_;
  int lock_;
};

}  // namespace synap::pod
