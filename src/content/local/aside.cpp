#include "content/local/aside.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace synap::content {
namespace {

constexpr const char* kDirectory = ".tmp";
// The puts of others wait for a sync of the whole filesystem, so also for what an upload has
// written and not yet synced: at most this much, a few hundredths of a second of a disk.
constexpr std::size_t kUnsyncedMax = std::size_t{8} * 1024 * 1024;

void empty(const Descriptor& directory) {
  const int copy = ::fcntl(directory.number(), F_DUPFD_CLOEXEC, 0);
  DIR* listing = copy < 0 ? nullptr : ::fdopendir(copy);
  if (listing == nullptr) {
    const Descriptor closed(copy);
    return;
  }
  while (const dirent* entry = ::readdir(listing)) {
    if (entry->d_name[0] != '.') ::unlinkat(directory.number(), entry->d_name, 0);
  }
  ::closedir(listing);
}

}  // namespace

AsideFile::~AsideFile() {
  if (is_aside_) ::unlinkat(directory_->number(), name_.c_str(), 0);
}

bool AsideFile::take_name(const Descriptor& directory, const std::string& name, unsigned flags) {
  if (::renameat2(directory_->number(), name_.c_str(), directory.number(), name.c_str(), flags)) {
    return false;
  }
  is_aside_ = false;
  return true;
}

Result<> Aside::open(int root, Aside& aside) {
  aside.root_ = root;
  aside.directory_ = std::make_shared<const Descriptor>(make_directory(root, kDirectory));
  if (!*aside.directory_) return fail(error_of(errno, "open", kDirectory));
  empty(*aside.directory_);
  return {};
}

std::shared_ptr<const Descriptor> Aside::directory() const {
  std::lock_guard lock(mutex_);
  return directory_;
}

std::shared_ptr<const Descriptor> Aside::make_again() {
  std::lock_guard lock(mutex_);
  auto made = std::make_shared<const Descriptor>(make_directory(root_, kDirectory));
  if (*made) directory_ = made;
  return made;
}

Result<std::unique_ptr<AsideFile>> Aside::create(const ContentKey& for_key) {
  auto directory = this->directory();
  auto name = fmt::format("{}", next_.fetch_add(1, std::memory_order_relaxed));
  constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
  Descriptor file(::openat(directory->number(), name.c_str(), kFlags, 0600));
  if (!file && errno == ENOENT) {
    directory = make_again();
    if (*directory) file = Descriptor(::openat(directory->number(), name.c_str(), kFlags, 0600));
  }
  if (!file) return fail(error_of(errno, "create a file for", for_key.path()));
  return std::make_unique<AsideFile>(std::move(directory), std::move(name), std::move(file));
}

Result<> Upload::append(std::string_view bytes) {
  if (file_ == nullptr) {
    auto created = aside_.create(key_);
    if (!created) return fail(created.error());
    file_ = std::move(*created);
  }
  if (auto written = write_all(file_->file(), bytes, key_); !written) return written;
  hasher_.add(bytes);
  size_ += static_cast<std::int64_t>(bytes.size());
  unsynced_ += bytes.size();
  return unsynced_ > kUnsyncedMax ? sync() : Result<>();
}

Result<Stored> Upload::finish() {
  if (auto created = append({}); !created) return fail(created.error());
  if (auto synced = sync(); !synced) return fail(synced.error());
  return Stored{key_.path(), size_, to_hex(hasher_.finish())};
}

Result<> Upload::sync() {
  unsynced_ = 0;
  if (::fsync(file_->file().number()) == 0) return {};
  return fail(error_of(errno, "sync", key_.path()));
}

}  // namespace synap::content
