#include "pod/data_directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace synap::pod {
namespace {

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

}  // namespace

Result<std::unique_ptr<DataDirectory>> DataDirectory::open(const std::string& path) {
  if (!make_directory(path, 0700)) return unusable(path);
  const auto lock_path = path + "/synap.lock";
  const int lock = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) return unusable(path);
  // The kernel lets go of the lock when the process ends, however it ends.
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    char holder[32] = {};
    const auto count = ::read(lock, holder, sizeof holder - 1);
    ::close(lock);
    const std::string_view pid(holder, static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    return fail(Code::kConflict,
                fmt::format("Another synap process{} has the data directory {}; stop it first, or "
                            "use another --data",
                            pid.empty() ? "" : fmt::format(" (pid {})", pid), path));
  }
  const auto pid = fmt::format("{}", ::getpid());
  if (::ftruncate(lock, 0) != 0 || ::pwrite(lock, pid.data(), pid.size(), 0) < 0) {
    // The number is only for the sentence above; a full disk must not keep a pod from reading.
  }
  return std::unique_ptr<DataDirectory>(new DataDirectory(path, lock));
}

DataDirectory::~DataDirectory() {
  ::close(lock_);
}

Result<> DataDirectory::write_secret(const std::string& path, std::string_view text) const {
  const auto aside = path + ".tmp";
  const int file = ::open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return unusable(path_);
  const bool is_written =
      ::fchmod(file, 0600) == 0 &&
      ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      ::fsync(file) == 0;
  ::close(file);
  if (!is_written || ::rename(aside.c_str(), path.c_str()) != 0) return unusable(path_);
  if (!sync_directory(path_)) return unusable(path_);
  return {};
}

}  // namespace synap::pod
