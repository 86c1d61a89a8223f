// What the program reads: files, and stdin. A directory, a pipe or a device in the place of a file
// is an error that says so, and nothing is waited for that nobody meant.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/status.h"

namespace synap::cli {

struct ReadOptions {
  /// What is beyond is not read. Unless it is said, more than any pod takes in a request, and less
  /// than would hurt this machine: /dev/zero has no end.
  std::size_t bytes_max = std::size_t{256} * 1024 * 1024;
  /// False: of a symbolic link at the end of the path nothing is read.
  bool follows_links = true;
  /// Pipes and terminals too, whoever writes there being waited for: what a person names may be
  /// `<(command)` or /dev/stdin.
  bool takes_streams = false;
};

/// The bytes of a file. kNotFound: there is none. kPayloadTooLarge. kBadRequest: it is no file of
/// a kind that is taken, or may not be read. The message says why, without the path: "cannot be
/// read: it is a directory".
Result<std::string> read_file(const std::string& path, const ReadOptions& options);

/// The same of an open file, which stays open.
Result<std::string> read_opened(int file, const ReadOptions& options);

/// All of stdin, whatever it is but a directory: "stdin cannot be read: …".
Result<std::string> read_stdin();
/// Its next line, without the end; nothing: there is none. What comes behind is left.
Result<std::optional<std::string>> read_line_of_stdin();

}  // namespace synap::cli
