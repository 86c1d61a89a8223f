// What the local store asks of its file system: directories that are opened without following a
// symbolic link, bytes written and read whole, and errors with a place.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "content/local/file_system.h"
#include "content/store.h"

namespace synap::content {

/// What a failed system call comes to for the caller. It is counted (base/io_errors.h), and the
/// operator gets a line in the log: what was tried, where, and the kernel's reason.
Error error_of(int code, std::string_view what, std::string_view where);

/// None of these follows a symbolic link; a Descriptor that is none comes with errno.
Descriptor open_directory(const Descriptor& parent, const std::string& name);
/// The same, made (mode 0700) if it was missing; its name is durable.
Descriptor make_directory(const Descriptor& parent, const std::string& name);
/// The file of `key` below the open directory `root`, to read. kNotFound, also where a directory
/// of its path is missing. Never waits, whatever stands there in place of a regular file.
Result<Descriptor> open_file(const Descriptor& root, const ContentKey& key);
/// How long the file is. An error where it is no regular file.
Result<std::int64_t> size_of(const Descriptor& file, const ContentKey& key);

Result<> write_all(const Descriptor& file, std::string_view bytes, const ContentKey& key);
/// Exactly `count` bytes: an error where the file ends before.
Result<std::string> read_at(const Descriptor& file, std::int64_t offset, std::size_t count,
                            const ContentKey& key);
/// Whether the file holds `bytes` and no more. False also where it cannot be read.
bool holds(const Descriptor& file, std::string_view bytes);

}  // namespace synap::content
