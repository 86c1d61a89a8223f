// FileSystem: the calls that the local store makes to the kernel, and no others, so that a test can
// put a simulated disk below it. Descriptor: what they open.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

namespace synap::content {

/// What a call says of a file.
struct FileInfo {
  bool is_regular = false;
  std::int64_t size = 0;         // bytes
  std::int64_t modified_at = 0;  // Unix ms
};

/// Each method is the system call of its comment: it gives -1 or false with errno where that does,
/// and is repeated where a signal has interrupted it. Any thread.
class FileSystem {
 public:
  enum class Kind : std::uint8_t { kRegular, kDirectory, kOther, kUnknown };

  /// The machine's.
  static FileSystem& real();

  /// mkdir(2), mode 0700, where it is missing, open(2), and fsync(2) of the directory it is in:
  /// what is stored below a name that may be lost is lost with it.
  virtual int open_root(const std::string& path) = 0;
  /// Whether the path names what open_root() has opened: stat(2), fstat(2). A disk that nobody else
  /// has keeps its names.
  virtual bool is_root(int, const std::string&) { return true; }
  /// Whether the path below `directory` still names what is open: fstatat(2), fstat(2).
  virtual bool is_at(int, int /*directory*/, const std::string& /*path*/) { return true; }
  /// openat(2), O_CLOEXEC and mode 0600.
  virtual int open(int directory, const std::string& name, int flags) = 0;
  virtual void close(int file) = 0;
  virtual bool make_directory(int directory, const std::string& name) = 0;  // mkdirat, 0700
  /// renameat2(2).
  virtual bool rename(int from, const std::string& from_name, int to, const std::string& to_name,
                      unsigned flags) = 0;
  virtual bool unlink(int directory, const std::string& name) = 0;                // unlinkat
  virtual ssize_t read(int file, char* to, std::size_t count, off_t at) = 0;      // pread
  virtual ssize_t write(int file, const char* from, std::size_t count) = 0;       // write
  virtual bool sync(int file) = 0;                                                // fsync
  virtual bool sync_all(int file) = 0;                                            // syncfs
  virtual bool look(int file, FileInfo& info) = 0;                                // fstat
  virtual bool look(int directory, const std::string& name, FileInfo& info) = 0;  // fstatat
  /// readdir(3), without names that begin with a dot.
  virtual bool list(int directory, const std::function<void(const char* name, Kind)>& use) = 0;

 protected:
  ~FileSystem() = default;
};

/// An open file or directory of a file system, or none; closed with its owner.
class Descriptor {
 public:
  Descriptor() = default;
  Descriptor(FileSystem& files, int number) : files_(&files), number_(number) {}
  Descriptor(Descriptor&& other) noexcept
      : files_(other.files_), number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();

  explicit operator bool() const { return number_ >= 0; }
  int number() const { return number_; }
  /// Of one that is open.
  FileSystem& files() const { return *files_; }

 private:
  FileSystem* files_ = nullptr;
  int number_ = -1;
};

}  // namespace synap::content
