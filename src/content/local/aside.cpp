#include "content/local/aside.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>

namespace synap::content {
namespace {

constexpr const char* kDirectory = ".tmp";
// The puts of others wait for a sync of the whole filesystem, so also for what an upload has
// written and not yet synced: at most this much, a few hundredths of a second of a disk.
constexpr std::size_t kUnsyncedMax = std::size_t{8} * 1024 * 1024;

void empty(const Descriptor& directory) {
  directory.files().list(directory.number(), [&](const char* name, FileSystem::Kind) {
    directory.files().unlink(directory.number(), name);
  });
}

}  // namespace

AsideFile::~AsideFile() {
  if (is_aside_) directory_->files().unlink(directory_->number(), name_);
}

bool AsideFile::take_name(const Descriptor& directory, const std::string& name, unsigned flags) {
  if (!directory_->files().rename(directory_->number(), name_, directory.number(), name, flags)) {
    return false;
  }
  is_aside_ = false;
  return true;
}

Result<> Aside::open(const Descriptor& root, Aside& aside, std::string prefix) {
  aside.root_ = &root;
  aside.prefix_ = std::move(prefix);
  aside.directory_ = std::make_shared<const Descriptor>(make_directory(root, kDirectory));
  if (!*aside.directory_) return fail(error_of(errno, "open", kDirectory));
  if (aside.prefix_.empty()) empty(*aside.directory_);
  return {};
}

std::shared_ptr<const Descriptor> Aside::directory() const {
  std::lock_guard lock(mutex_);
  return directory_;
}

std::shared_ptr<const Descriptor> Aside::make_again() {
  std::lock_guard lock(mutex_);
  auto made = std::make_shared<const Descriptor>(make_directory(*root_, kDirectory));
  if (*made) directory_ = made;
  return made;
}

Result<std::unique_ptr<AsideFile>> Aside::create(const ContentKey& for_key) {
  const auto failed_syncs = this->failed_syncs();
  auto directory = this->directory();
  auto name = fmt::format("{}{}", prefix_, next_.fetch_add(1, std::memory_order_relaxed));
  constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL;
  auto& files = root_->files();
  Descriptor file(files, files.open(directory->number(), name, kFlags));
  if (!file && errno == ENOENT) {
    directory = make_again();
    if (*directory) file = Descriptor(files, files.open(directory->number(), name, kFlags));
  }
  if (!file) return fail(error_of(errno, "create a file for", for_key.path()));
  return std::make_unique<AsideFile>(std::move(directory), std::move(name), std::move(file),
                                     failed_syncs);
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
  const auto& file = file_->file();
  if (file.files().sync(file.number())) return {};
  return fail(error_of(errno, "sync", key_.path()));
}

}  // namespace synap::content
