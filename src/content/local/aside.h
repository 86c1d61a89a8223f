// Aside: ROOT/.tmp, where files are written before they have their names. What a process leaves
// there when it ends was never acknowledged, and the next start removes it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/crypto.h"
#include "content/local/files.h"

namespace synap::content {

/// A file that is being written aside. It is unlinked with its owner, unless it was given a name.
class AsideFile {
 public:
  AsideFile(std::shared_ptr<const Descriptor> directory, std::string name, Descriptor file,
            std::uint64_t failed_syncs)
      : directory_(std::move(directory)),
        name_(std::move(name)),
        file_(std::move(file)),
        failed_syncs_(failed_syncs) {}
  ~AsideFile();
  AsideFile(const AsideFile&) = delete;
  AsideFile& operator=(const AsideFile&) = delete;

  const Descriptor& file() const { return file_; }
  /// Aside::failed_syncs() from before it was made.
  std::uint64_t failed_syncs() const { return failed_syncs_; }
  /// renameat2(2) to `name` in `directory`, with its flags; false with errno.
  bool take_name(const Descriptor& directory, const std::string& name, unsigned flags);

 private:
  std::shared_ptr<const Descriptor> directory_;
  std::string name_;
  Descriptor file_;
  std::uint64_t failed_syncs_;
  bool is_aside_ = true;
};

/// The directory. Of any thread.
class Aside {
 public:
  /// Makes the directory below `root`, which must outlive it, if it is missing, and empties it. If
  /// others use it at the same time they have a prefix each, and what one leaves there stays.
  static Result<> open(const Descriptor& root, Aside& aside, std::string prefix = {});
  /// A new file. Makes the directory again if somebody has deleted it.
  Result<std::unique_ptr<AsideFile>> create(const ContentKey& for_key);
  /// How many syncs have failed. What was being written meanwhile, under any name, may never reach
  /// the disk, and a later sync need not say so.
  std::uint64_t failed_syncs() const { return failed_syncs_.load(); }
  void add_failed_sync() { ++failed_syncs_; }

 private:
  std::shared_ptr<const Descriptor> directory() const;
  std::shared_ptr<const Descriptor> make_again();

  const Descriptor* root_ = nullptr;
  std::string prefix_;
  std::atomic<std::uint64_t> next_ = 0;
  std::atomic<std::uint64_t> failed_syncs_ = 0;
  mutable std::mutex mutex_;
  std::shared_ptr<const Descriptor> directory_;
};

/// Bytes on their way to a file, chunk by chunk; of one thread after another.
class Upload {
 public:
  Upload(Aside& aside, ContentKey key) : aside_(aside), key_(std::move(key)) {}

  Result<> append(std::string_view bytes);
  /// The last: makes the bytes durable (not their name), and says what they are.
  Result<Stored> finish();
  /// Once, after finish().
  std::unique_ptr<AsideFile> take_file() { return std::move(file_); }

 private:
  Result<> sync();

  Aside& aside_;
  ContentKey key_;
  std::unique_ptr<AsideFile> file_;
  Sha256Hasher hasher_;
  std::int64_t size_ = 0;
  std::size_t unsynced_ = 0;
};

}  // namespace synap::content
