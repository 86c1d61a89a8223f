#include "content/local/files.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/io_errors.h"
#include "base/log.h"

namespace synap::content {
namespace {

Error out_of_reach(std::string_view what, std::string_view where, std::string_view why,
                   Fault fault) {
  io_errors(Store::kContent, fault).add();
  write_log_bounded(Same::kMessage, LogLevel::kError, "content", "content: {what} {where}: {error}",
                    {{"what", what}, {"where", where}, {"error", why}});
  return {Code::kServiceUnavailable, "Content cannot be reached now", nullptr, fault};
}

// Errors of one name, where the store itself is well.
bool is_of_one_name(int code) {
  return code == ENOTDIR || code == EISDIR || code == ELOOP || code == EEXIST ||
         code == ENOTEMPTY || code == ENAMETOOLONG;
}

// As much as there is, up to `count`; -1 with errno.
ssize_t read_fully(const Descriptor& file, char* out, std::size_t count, std::int64_t offset) {
  std::size_t done = 0;
  while (done < count) {
    const auto got = file.files().read(file.number(), out + done, count - done,
                                       offset + static_cast<std::int64_t>(done));
    if (got < 0) return -1;
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return static_cast<ssize_t>(done);
}

}  // namespace

Error error_of(int code, std::string_view what, std::string_view where) {
  if (code == ENOSPC || code == EDQUOT) {
    io_errors(Store::kContent, Fault::kFull).add();
    write_log_bounded(Same::kMessage, LogLevel::kError, "content",
                      "content: {what} {where}: the disk is full",
                      {{"what", what}, {"where", where}});
    return {Code::kServiceUnavailable, "The disk is full: content cannot be stored", nullptr,
            Fault::kFull};
  }
  return out_of_reach(what, where, std::strerror(code),
                      is_of_one_name(code) ? Fault::kBlocked : Fault::kGone);
}

Descriptor open_directory(const Descriptor& parent, const std::string& name) {
  auto& files = parent.files();
  return {files, files.open(parent.number(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)};
}

Descriptor make_directory(const Descriptor& parent, const std::string& name) {
  auto& files = parent.files();
  auto directory = open_directory(parent, name);
  if (!directory && errno == ENOENT) {
    if (!files.make_directory(parent.number(), name) && errno != EEXIST) return {};
    directory = open_directory(parent, name);
  }
  // Also where it was there: whoever made it may have ended before its name was safe, and a file is
  // lost with its directory.
  if (directory && !files.sync(parent.number())) return {};
  return directory;
}

// Part by part: O_NOFOLLOW is about the last one only. O_NONBLOCK: a FIFO that somebody has put
// there would wait for its writer.
Result<Descriptor> open_file(const Descriptor& root, const ContentKey& key) {
  const auto user = open_directory(root, key.user_id());
  const auto directory = user ? open_directory(user, key.entity_type()) : Descriptor();
  Descriptor file;
  if (directory) {
    auto& files = root.files();
    file = Descriptor(
        files, files.open(directory.number(), key.file_name(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  }
  if (file) return file;
  if (errno == ENOENT) return fail(Code::kNotFound, "There is no such content");
  return fail(error_of(errno, "open", key.path()));
}

Result<std::int64_t> size_of(const Descriptor& file, const ContentKey& key) {
  FileInfo info;
  if (!file.files().look(file.number(), info)) return fail(error_of(errno, "stat", key.path()));
  if (!info.is_regular) {
    return fail(out_of_reach("open", key.path(), "this is no regular file", Fault::kBlocked));
  }
  return info.size;
}

Result<> write_all(const Descriptor& file, std::string_view bytes, const ContentKey& key) {
  while (!bytes.empty()) {
    const auto count = file.files().write(file.number(), bytes.data(), bytes.size());
    if (count < 0) return fail(error_of(errno, "write", key.path()));
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<std::string> read_at(const Descriptor& file, std::int64_t offset, std::size_t count,
                            const ContentKey& key) {
  std::string bytes(count, '\0');
  const auto got = read_fully(file, bytes.data(), count, offset);
  if (got < 0) return fail(error_of(errno, "read", key.path()));
  // Nobody cuts a file that has its name, so somebody else did.
  if (static_cast<std::size_t>(got) != count) {
    return fail(
        out_of_reach("read", key.path(), "it became shorter while it was read", Fault::kBlocked));
  }
  return bytes;
}

bool holds(const Descriptor& file, std::string_view bytes) {
  FileInfo info;
  if (!file.files().look(file.number(), info) || !info.is_regular) return false;
  if (info.size != static_cast<std::int64_t>(bytes.size())) return false;
  std::array<char, std::size_t{64} * 1024> buffer;
  for (std::size_t at = 0; at < bytes.size(); at += buffer.size()) {
    const auto part = bytes.substr(at, buffer.size());
    const auto got = read_fully(file, buffer.data(), part.size(), static_cast<std::int64_t>(at));
    if (got < 0 || part != std::string_view(buffer.data(), static_cast<std::size_t>(got))) {
      return false;
    }
  }
  return true;
}

}  // namespace synap::content
