// What the local store asks of the kernel: descriptors that close themselves, directories that are
// opened without following a symbolic link, bytes written and read whole, and errors with a place.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "content/store.h"

namespace synap::content {

/// An open file or directory, or none; closed with its owner.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();
  explicit operator bool() const { return number_ >= 0; }
  int number() const { return number_; }

 private:
  int number_ = -1;
};

/// What a failed system call comes to for the caller. A full disk is a sentence to them; of all
/// else the operator gets a line on stderr: what was tried, where, and the kernel's reason.
Error error_of(int code, std::string_view what, std::string_view where);

/// None of these follows a symbolic link; a Descriptor that is none comes with errno.
Descriptor open_directory(int parent, const std::string& name);
/// The same, made (mode 0700) and durable if it was missing.
Descriptor make_directory(int parent, const std::string& name);
/// The file of `key` below the open directory `root`, to read. kNotFound, also where a directory
/// of its path is missing. Never waits, whatever stands there in place of a regular file.
Result<Descriptor> open_file(int root, const ContentKey& key);
/// How long the file is. An error where it is no regular file.
Result<std::int64_t> size_of(const Descriptor& file, const ContentKey& key);

Result<> write_all(const Descriptor& file, std::string_view bytes, const ContentKey& key);
/// Exactly `count` bytes: an error where the file ends before.
Result<std::string> read_at(const Descriptor& file, std::int64_t offset, std::size_t count,
                            const ContentKey& key);
/// Whether the file holds `bytes` and no more. False also where it cannot be read.
bool holds(const Descriptor& file, std::string_view bytes);

}  // namespace synap::content
