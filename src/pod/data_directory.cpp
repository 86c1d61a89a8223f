#include "pod/data_directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/log.h"

namespace synap::pod {
namespace {

// Behind the name of a secret that is being replaced.
constexpr const char* kAside = ".tmp";

std::unexpected<Error> unusable(const std::string& path) {
  return fail(Code::kServiceUnavailable,
              fmt::format("The data directory {} cannot be used: {}", path, std::strerror(errno)));
}

bool sync_directory(const std::string& path) {
  const int directory = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool is_synced = directory >= 0 && ::fsync(directory) == 0;
  if (directory >= 0) ::close(directory);
  return is_synced;
}

// The directory, and those above it that are missing: each is on disk before anything is in it.
bool make_directory(std::filesystem::path path, mode_t mode) {
  // "a/b/" is "a/b"; its parent, as the library sees it, would be itself.
  if (!path.has_filename()) path = path.parent_path();
  if (::mkdir(path.c_str(), mode) != 0) {
    if (errno == EEXIST) return true;
    const auto parent = path.parent_path();
    if (errno != ENOENT || parent.empty() || parent == path) return false;
    if (!make_directory(parent, 0777) || (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST)) {
      return false;
    }
  }
  const auto parent = path.parent_path();
  return sync_directory(parent.empty() ? "." : parent.string());
}

bool is_same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// SQLite makes an empty file first; a crash may have come then, before there was anything else.
bool has_database(const std::string& path) {
  std::error_code failed;
  const auto size = std::filesystem::file_size(path + "/synap.db", failed);
  return !failed && size > 0;
}

std::string holder_of(int lock) {
  char holder[32] = {};
  const auto count = lock < 0 ? 0 : ::pread(lock, holder, sizeof holder - 1, 0);
  return {holder, static_cast<std::size_t>(std::max<ssize_t>(count, 0))};
}

}  // namespace

bool has_pod_id(const std::string& path) {
  std::error_code failed;
  return std::filesystem::exists(path + "/pod.id", failed);
}

bool is_open_to_writers(unsigned mode) {
  return (mode & (S_IWGRP | S_IWOTH)) != 0;
}

std::string size_text(std::int64_t bytes) {
  constexpr std::array<std::string_view, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto count = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; count >= 1024 && unit + 1 < kUnits.size(); ++unit) count /= 1024;
  // Of few units the next digit tells something, too.
  return count < 10 && unit > 0 ? fmt::format("{:.1f} {}", count, kUnits[unit])
                                : fmt::format("{:.0f} {}", count, kUnits[unit]);
}

bool has_lost_its_database(const std::string& path) {
  return !has_database(path) && !has_pod_id(path) && has_data(path);
}

bool has_data(const std::string& path) {
  std::error_code failed;
  if (std::filesystem::exists(std::filesystem::symlink_status(path + "/owner.key", failed))) {
    return true;
  }
  for (const auto& entry : std::filesystem::directory_iterator(path + "/content", failed)) {
    if (!entry.path().filename().string().starts_with('.')) return true;
  }
  return false;
}

Result<> DataDirectory::check_holds_pod(const std::string& path, DatabasePlace place) {
  if (place == DatabasePlace::kOnServer) {
    if (has_pod_id(path) || has_database(path)) return {};
    return fail(Code::kNotFound,
                fmt::format("There is no pod in {}: it has no pod.id. Nothing was changed; --data "
                            "says where the pod is",
                            path));
  }
  if (has_database(path) || has_pod_id(path) || has_lost_its_database(path)) return {};
  return fail(Code::kNotFound, fmt::format("There is no pod in {}: it has no synap.db. Nothing was "
                                           "changed; --data says where the pod is",
                                           path));
}

bool DataDirectory::is_one(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code failed;
  const bool has_lock = fs::exists(fs::symlink_status(path + "/synap.lock", failed));
  return has_lock && (has_database(path) || has_pod_id(path));
}

std::string DataDirectory::pod_around(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code failed;
  auto above = fs::weakly_canonical(path, failed);
  for (; !failed && !above.empty(); above = above.parent_path()) {
    if (is_one(above.string())) return above.string();
    if (above == above.root_path()) break;
  }
  return "";
}

Result<std::unique_ptr<DataDirectory>> DataDirectory::open(const std::string& path,
                                                           DatabasePlace place) {
  if (!make_directory(path, 0700)) return unusable(path);
  std::unique_ptr<DataDirectory> opened(new DataDirectory(path));
  for (auto step : {&DataDirectory::open_directory, &DataDirectory::take_lock}) {
    if (auto done = (opened.get()->*step)(); !done) return fail(done.error());
  }
  if (auto whole = opened->check_database(place); !whole) return fail(whole.error());
  opened->remove_staged(opened->owner_key());
  return opened;
}

// Whoever can write the directory can put links and files of theirs in the place of ours.
Result<> DataDirectory::open_directory() {
  directory_ = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  struct stat info{};
  if (directory_ < 0 || ::fstat(directory_, &info) != 0) return unusable(path_);
  if (!is_open_to_writers(info.st_mode)) return {};
  return fail(Code::kPreconditionFailed,
              fmt::format("Others can write in the data directory {} (mode {:o}), and could put "
                          "files of theirs in place of the pod's; chmod go-w closes it",
                          path_, info.st_mode & 0777));
}

// The directory first: with that lock nobody else is between the open and the flock of the file.
// The kernel lets go of both when the process ends, however it ends.
Result<> DataDirectory::take_lock() {
  const bool is_taken = ::flock(directory_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  // O_NONBLOCK: what stands there may be a FIFO.
  constexpr int kFlags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  lock_ = ::openat(directory_, "synap.lock", is_taken ? kFlags : kFlags | O_CREAT, 0600);
  if (is_taken) return in_use();
  if (lock_ < 0 && errno == ELOOP) {
    return fail(
        Code::kPreconditionFailed,
        fmt::format("{}/synap.lock is a symbolic link, which no synap has made; remove it", path_));
  }
  struct stat info{};
  if (lock_ < 0 || ::fstat(lock_, &info) != 0) return unusable(path_);
  if (!S_ISREG(info.st_mode)) {
    return fail(Code::kPreconditionFailed,
                fmt::format("{}/synap.lock is no regular file; remove it", path_));
  }
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) return in_use();
  // On a filesystem without locks of directories another may have replaced the file meanwhile.
  if (auto held = is_held(); !held) return in_use();
  const auto pid = fmt::format("{}", ::getpid());
  if (::ftruncate(lock_, 0) != 0 || ::pwrite(lock_, pid.data(), pid.size(), 0) < 0) {
    // The number is only for a sentence; a full disk must not keep a pod from reading.
  }
  return {};
}

std::unexpected<Error> DataDirectory::in_use() const {
  const auto pid = holder_of(lock_);
  return fail(Code::kConflict,
              fmt::format("Another synap process{} has the data directory {}; stop it first, or "
                          "use another --data",
                          pid.empty() ? "" : fmt::format(" (pid {})", pid), path_));
}

// A new database beside old content would make a new owner, whose key would replace the old one.
Result<> DataDirectory::check_database(DatabasePlace place) const {
  if (place == DatabasePlace::kOnServer) {
    if (!has_database(path_)) return {};
    return fail(Code::kPreconditionFailed,
                fmt::format("The data directory {} has a pod with a database of its own, synap.db, "
                            "and `database` names one on a server. Use another --data, or leave "
                            "`database` out",
                            path_));
  }
  if (has_pod_id(path_) && !has_database(path_)) {
    return fail(
        Code::kPreconditionFailed,
        fmt::format("The data directory {} is of a pod whose database is on a server: it "
                    "has a pod.id and no synap.db. Set `database` as it was, or use another "
                    "--data",
                    path_));
  }
  if (!has_lost_its_database(path_)) return {};
  return fail(
      Code::kPreconditionFailed,
      fmt::format("The data directory {0} has an owner.key or content, but no synap.db: the "
                  "database they belong to is gone. Nothing was changed. Put {0}/synap.db "
                  "back from a backup; or, to begin anew, move what is there away or use "
                  "another --data",
                  path_));
}

DataDirectory::~DataDirectory() {
  if (lock_ >= 0) ::close(lock_);
  if (directory_ >= 0) ::close(directory_);
}

std::string DataDirectory::first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

Result<> DataDirectory::write_secret(const std::string& path, std::string_view text) const {
  if (auto staged = stage_secret(path, text); !staged) return staged;
  return place_secret(path);
}

Result<> DataDirectory::stage_secret(const std::string& path, std::string_view text) const {
  const auto aside = path + kAside;
  // What a crash has left, or somebody else has put there.
  if (::unlink(aside.c_str()) != 0 && errno != ENOENT) return unusable(path_);
  const int file =
      ::open(aside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0) return unusable(path_);
  const bool is_written =
      ::fchmod(file, 0600) == 0 &&
      ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      ::fsync(file) == 0;
  ::close(file);
  if (is_written) return {};
  auto error = unusable(path_);
  remove_staged(path);
  return error;
}

void DataDirectory::remove_staged(const std::string& path) const {
  if (::unlink((path + kAside).c_str()) == 0 || errno == ENOENT) return;
  write_log(LogLevel::kWarn, "pod", "what was put aside for {path} cannot be removed: {error}",
            {{"path", path}, {"error", std::strerror(errno)}});
}

Result<> DataDirectory::place_secret(const std::string& path) const {
  if (::rename((path + kAside).c_str(), path.c_str()) != 0) return unusable(path_);
  if (!sync_directory(path_)) return unusable(path_);
  return {};
}

Result<> DataDirectory::is_held() const {
  const auto gone = [](std::string_view why) {
    return fail({Code::kServiceUnavailable, std::string(why), nullptr, Fault::kGone});
  };
  struct stat held{};
  struct stat named{};
  if (::fstat(directory_, &held) != 0 || ::stat(path_.c_str(), &named) != 0 ||
      !is_same_file(held, named)) {
    return gone(
        "The data directory was moved, removed or replaced; put it back, or restart the pod");
  }
  if (::fstat(lock_, &held) != 0 ||
      ::fstatat(directory_, "synap.lock", &named, AT_SYMLINK_NOFOLLOW) != 0 ||
      !is_same_file(held, named)) {
    return gone("synap.lock was removed or replaced; the pod must be restarted");
  }
  return {};
}

Result<std::int64_t> DataDirectory::free_bytes() const {
  struct statvfs system{};
  if (::fstatvfs(directory_, &system) != 0) {
    return fail(Code::kServiceUnavailable,
                fmt::format("The disk cannot be asked for its room: {}", std::strerror(errno)));
  }
  return static_cast<std::int64_t>(system.f_bavail) * static_cast<std::int64_t>(system.f_frsize);
}

}  // namespace synap::pod
