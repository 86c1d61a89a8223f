#include "content/local/file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace synap::content {
namespace {

template <class Call>
auto repeated(Call call) {
  for (;;) {
    const auto result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

FileInfo info_of(const struct stat& info) {
  return {
      .is_regular = S_ISREG(info.st_mode),
      .size = info.st_size,
      .modified_at = std::int64_t{info.st_mtim.tv_sec} * 1000 + info.st_mtim.tv_nsec / 1'000'000};
}

FileSystem::Kind kind_of(unsigned char type) {
  switch (type) {
    case DT_REG:
      return FileSystem::Kind::kRegular;
    case DT_DIR:
      return FileSystem::Kind::kDirectory;
    case DT_UNKNOWN:
      return FileSystem::Kind::kUnknown;
    default:
      return FileSystem::Kind::kOther;
  }
}

bool is_same(int file, const struct stat& named) {
  struct stat opened{};
  return ::fstat(file, &opened) == 0 && opened.st_dev == named.st_dev &&
         opened.st_ino == named.st_ino;
}

class RealFileSystem final : public FileSystem {
 public:
  bool is_root(int file, const std::string& path) override {
    struct stat named{};
    return ::stat(path.c_str(), &named) == 0 && is_same(file, named);
  }
  bool is_at(int file, int directory, const std::string& path) override {
    struct stat named{};
    return ::fstatat(directory, path.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           is_same(file, named);
  }
  int open_root(const std::string& path) override {
    constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return -1;
    const int root = ::open(path.c_str(), kFlags);
    if (root < 0) return -1;
    const Descriptor parent(*this, ::openat(root, "..", kFlags));
    if (parent && ::fsync(parent.number()) == 0) return root;
    const Descriptor closed(*this, root);
    return -1;
  }
  int open(int directory, const std::string& name, int flags) override {
    return ::openat(directory, name.c_str(), flags | O_CLOEXEC, 0600);
  }
  void close(int file) override { ::close(file); }
  bool make_directory(int directory, const std::string& name) override {
    return ::mkdirat(directory, name.c_str(), 0700) == 0;
  }
  bool rename(int from, const std::string& from_name, int to, const std::string& to_name,
              unsigned flags) override {
    return ::renameat2(from, from_name.c_str(), to, to_name.c_str(), flags) == 0;
  }
  bool unlink(int directory, const std::string& name) override {
    return ::unlinkat(directory, name.c_str(), 0) == 0;
  }
  ssize_t read(int file, char* to, std::size_t count, off_t at) override {
    return repeated([&] { return ::pread(file, to, count, at); });
  }
  ssize_t write(int file, const char* from, std::size_t count) override {
    return repeated([&] { return ::write(file, from, count); });
  }
  bool sync(int file) override { return ::fsync(file) == 0; }
  bool sync_all(int file) override { return ::syncfs(file) == 0; }
  bool look(int file, FileInfo& info) override {
    struct stat found{};
    if (::fstat(file, &found) != 0) return false;
    info = info_of(found);
    return true;
  }
  bool look(int directory, const std::string& name, FileInfo& info) override {
    struct stat found{};
    if (::fstatat(directory, name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) return false;
    info = info_of(found);
    return true;
  }
  bool list(int directory, const std::function<void(const char*, Kind)>& use) override {
    const int copy = ::fcntl(directory, F_DUPFD_CLOEXEC, 0);
    DIR* listing = copy < 0 ? nullptr : ::fdopendir(copy);
    if (listing == nullptr) {
      const Descriptor closed(*this, copy);
      return false;
    }
    ::rewinddir(listing);  // the copy shares its place with the original
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(listing);
      if (entry == nullptr) break;
      if (entry->d_name[0] != '.') use(entry->d_name, kind_of(entry->d_type));
    }
    const int error = errno;
    ::closedir(listing);
    errno = error;
    return error == 0;
  }
};

}  // namespace

FileSystem& FileSystem::real() {
  static RealFileSystem files;
  return files;
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    if (number_ >= 0) files_->close(number_);
    files_ = other.files_;
    number_ = std::exchange(other.number_, -1);
  }
  return *this;
}

// Somebody may be about to say why something failed.
Descriptor::~Descriptor() {
  const int error = errno;
  if (number_ >= 0) files_->close(number_);
  errno = error;
}

}  // namespace synap::content
