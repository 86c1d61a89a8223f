#include "synap/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace synap::cli {
namespace {

constexpr std::size_t kBlockBytes = 64 * 1024;
constexpr std::size_t kLineBytesMax = 64 * 1024;

std::unexpected<Error> cannot_be_read(std::string_view why, Code code = Code::kBadRequest) {
  return fail(code, fmt::format("cannot be read: {}", why));
}

std::unexpected<Error> cannot_be_read() {
  const bool is_missing = errno == ENOENT || errno == ENOTDIR;
  return cannot_be_read(std::strerror(errno), is_missing ? Code::kNotFound : Code::kBadRequest);
}

// In words, of what is not taken; empty: it is.
std::string_view refusal_of(mode_t mode, bool takes_streams) {
  if (S_ISREG(mode)) return "";
  if (S_ISDIR(mode)) return "it is a directory";
  if (takes_streams && (S_ISFIFO(mode) || S_ISCHR(mode) || S_ISSOCK(mode))) return "";
  if (S_ISFIFO(mode)) return "it is a pipe, no regular file";
  return "it is no regular file";
}

std::unexpected<Error> too_large(double bytes, std::size_t bytes_max) {
  constexpr double kMiB = 1024 * 1024;
  return fail(Code::kPayloadTooLarge,
              fmt::format("too large: {:.1f} MiB, at most {:.0f} MiB", bytes / kMiB,
                          static_cast<double>(bytes_max) / kMiB));
}

}  // namespace

Result<std::string> read_file(const std::string& path, const ReadOptions& options) {
  // Where pipes are not taken, none is waited for: it is opened only to be looked at.
  const int flags = (options.takes_streams ? 0 : O_NONBLOCK) |
                    (options.follows_links ? 0 : O_NOFOLLOW) | O_RDONLY | O_CLOEXEC | O_NOCTTY;
  const int file = ::open(path.c_str(), flags);
  if (file < 0) return cannot_be_read();
  auto bytes = read_opened(file, options);
  ::close(file);
  return bytes;
}

Result<std::string> read_opened(int file, const ReadOptions& options) {
  struct stat status{};
  if (::fstat(file, &status) != 0) return cannot_be_read();
  const auto refusal = refusal_of(status.st_mode, options.takes_streams);
  if (!refusal.empty()) return cannot_be_read(refusal);
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size > options.bytes_max) {
    return too_large(static_cast<double>(size), options.bytes_max);
  }
  // What it says of its size is a hint: /proc and pipes say 0, and a file may grow.
  std::string bytes;
  for (;;) {
    const auto at = bytes.size();
    bytes.resize(at + std::max(kBlockBytes, size > at ? size - at + 1 : 0));
    const auto count = ::read(file, bytes.data() + at, bytes.size() - at);
    const int reason = errno;
    bytes.resize(at + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    if (count == 0) return bytes;
    if (bytes.size() > options.bytes_max) {
      return too_large(static_cast<double>(bytes.size()), options.bytes_max);
    }
    errno = reason;
    if (count < 0 && errno != EINTR) return cannot_be_read();
  }
}

Result<std::string> read_stdin() {
  auto bytes = read_opened(STDIN_FILENO, {.takes_streams = true});
  if (!bytes) return fail(Code::kBadRequest, "stdin " + bytes.error().message);
  return bytes;
}

// Byte by byte, as shells read: of a pipe nothing can be put back, and it may stay open.
Result<std::optional<std::string>> read_line_of_stdin() {
  std::string line;
  for (;;) {
    char c = 0;
    const auto count = ::read(STDIN_FILENO, &c, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      return fail(Code::kBadRequest, fmt::format("stdin cannot be read: {}", std::strerror(errno)));
    }
    if (count == 0 && line.empty()) return std::nullopt;
    if (count == 0 || c == '\n') return line;
    if (line.size() == kLineBytesMax) {
      return fail(Code::kBadRequest,
                  fmt::format("stdin has a line of more than {} bytes", kLineBytesMax));
    }
    line += c;
  }
}

}  // namespace synap::cli
