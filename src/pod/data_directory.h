// DataDirectory: the directory in which a pod keeps everything, held by one process at a time.
//
//   synap.db       events, runs, read models (SQLite, with synap.db-wal and synap.db-shm beside
//   it);
//                  not there if they are on a PostgreSQL server (store.h)
//   content/       the text of notes
//   search/        indexes of words, which are made from the others (search/search.h)
//   owner.key      a key of the owner: the first, or that of the last `synap keys reset`; mode 0600
//   signing.secret of which users' signing keys for apps are made; mode 0600
//   pod.id         of which pod it is, if the database is on a server
//   synap.url      where its pod listens, or did last, for commands on this machine
//   models/        sentence models (embedding/model_store.h)
//   synap.lock     holds the process id of the process that has the directory
//
// The lock is one of the kernel on the directory itself, so that it has no name which somebody
// could remove to be helpful; synap.lock is locked too, for filesystems whose directories cannot
// be, and to say who it is.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"

namespace synap::pod {

/// Where the database of a pod is.
enum class DatabasePlace : std::uint8_t { kHere, kOnServer };
/// Of the setting `database`.
inline DatabasePlace place_of(const std::string& database) {
  return database.empty() ? DatabasePlace::kHere : DatabasePlace::kOnServer;
}

class DataDirectory {
 public:
  /// Makes the directory (mode 0700) if it is missing. kConflict: another process has it.
  /// kPreconditionFailed: others can write it, it has lost its database, or its database is at
  /// another place than `place`; nothing was changed.
  /// Each with a sentence that says what to do.
  /// What a reset of the owner's key that was killed has put aside is removed.
  static Result<std::unique_ptr<DataDirectory>> open(const std::string& path,
                                                     DatabasePlace place = DatabasePlace::kHere);
  ~DataDirectory();
  DataDirectory(const DataDirectory&) = delete;
  DataDirectory& operator=(const DataDirectory&) = delete;

  std::string database() const { return path_ + "/synap.db"; }
  std::string content() const { return path_ + "/content"; }
  std::string search() const { return path_ + "/search"; }
  std::string owner_key() const { return path_ + "/owner.key"; }
  std::string pod_id() const { return path_ + "/pod.id"; }
  std::string url() const { return url_of(path_); }
  static std::string url_of(const std::string& path) { return path + "/synap.url"; }
  /// Used beside a pod that runs, too.
  static std::string models_of(const std::string& path) { return path + "/models"; }
  std::string signing_secret() const { return path_ + "/signing.secret"; }

  /// kNotFound: there is no pod in `path`, whose database is at `place`; with a sentence.
  static Result<> check_holds_pod(const std::string& path,
                                  DatabasePlace place = DatabasePlace::kHere);

  static bool is_one(const std::string& path);
  /// The directory of a pod that `path` is, or is in, in full; empty: there is none.
  static std::string pod_around(const std::string& path);

  /// The first line of a small file in this directory; empty: there is none.
  static std::string first_line(const std::string& path);
  /// Writes a file of mode 0600 in this directory, whole or not at all, and syncs it. What stands
  /// under its name, a symbolic link too, is replaced.
  Result<> write_secret(const std::string& path, std::string_view text) const;
  /// The two halves of it: writes the file under another name, which is on disk then; and gives it
  /// its own.
  Result<> stage_secret(const std::string& path, std::string_view text) const;
  Result<> place_secret(const std::string& path) const;

  /// Whether the path still names the directory that is held here, and synap.lock the lock. If
  /// not, another process may have begun to use what is there now. Any thread.
  Result<> is_held() const;
  /// The bytes that its filesystem still has for us. Any thread.
  Result<std::int64_t> free_bytes() const;

 private:
  explicit DataDirectory(std::string path) : path_(std::move(path)) {}
  Result<> open_directory();
  Result<> take_lock();
  Result<> check_database(DatabasePlace place) const;
  std::unexpected<Error> in_use() const;
  void remove_staged(const std::string& path) const;

  std::string path_;
  int directory_ = -1;
  int lock_ = -1;
};

/// Whether the mode is one that lets others than the owner write.
bool is_open_to_writers(unsigned mode);
/// Whether the directory is of a pod whose database is on a server.
bool has_pod_id(const std::string& path);
/// Whether the directory has content or an owner's key.
bool has_data(const std::string& path);
/// Whether it has those, but not the database that they belong to, nor a word that it is on a
/// server.
bool has_lost_its_database(const std::string& path);
/// Bytes as people read them: "61 GiB", "4.5 MiB". The page says them alike (ui/src/lib/time.ts).
std::string size_text(std::int64_t bytes);

}  // namespace synap::pod
