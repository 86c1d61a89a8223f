#include "synap/export_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "base/uuid.h"
#include "pod/data_directory.h"
#include "synap/file.h"
#include "synap/markdown_note.h"
#include "synap/markdown_tree.h"

namespace synap::cli {
namespace {

// Notes are private until somebody decides otherwise.
constexpr mode_t kFileMode = 0600;
constexpr mode_t kDirectoryMode = 0700;

std::unexpected<Error> failed(std::string_view what) {
  const auto code = [] {
    switch (errno) {
      case ENOENT:
        return Code::kNotFound;
      case EEXIST:
        return Code::kConflict;
      case EACCES:
      case EPERM:
      case EROFS:
        return Code::kForbidden;
      case ENOTDIR:
      case ENAMETOOLONG:
      case ELOOP:
        return Code::kBadRequest;
      default:
        return Code::kInternalServerError;
    }
  };
  return fail(code(), fmt::format("{}: {}", what, std::strerror(errno)));
}

/// An open directory.
struct Folder {
  explicit Folder(int opened) : fd(opened) {}
  Folder(Folder&& other) noexcept : fd(std::exchange(other.fd, -1)) {}
  ~Folder() {
    if (fd >= 0) ::close(fd);
  }
  int fd;
};

constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

/// Where a file of an export is.
struct Place {
  Folder folder;
  std::string file;
};

// Directory by directory: none of them is a link that leads elsewhere.
Result<Place> place_of(int directory, std::string_view name, bool makes) {
  Folder folder(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  while (folder.fd >= 0) {
    const auto slash = name.find('/');
    if (slash == std::string_view::npos) return Place{std::move(folder), std::string(name)};
    const std::string below(name.substr(0, slash));
    name.remove_prefix(slash + 1);
    if (makes && ::mkdirat(folder.fd, below.c_str(), kDirectoryMode) != 0 && errno != EEXIST) {
      return failed("its directory cannot be made");
    }
    Folder next(::openat(folder.fd, below.c_str(), kFolderFlags));
    // Somebody has a file or a link of that name: as if the name of the note were taken.
    if (makes && next.fd < 0 && (errno == ENOTDIR || errno == ELOOP)) errno = EEXIST;
    std::swap(folder.fd, next.fd);
  }
  return failed("its directory cannot be opened");
}

Result<std::string> read_in(int directory, const std::string& file) {
  const int opened =
      ::openat(directory, file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (opened < 0) return failed("cannot be read");
  auto bytes = read_opened(opened, {.bytes_max = kFileBytesMax});
  ::close(opened);
  return bytes;
}

// The note that a file says it was exported from.
std::optional<MarkdownNote> exported_note(const Result<std::string>& bytes,
                                          const std::string& name) {
  if (!bytes) return std::nullopt;
  auto note = read_note(name, *bytes, {}, INT64_MAX / 2);
  if (!note || note->exported_id.empty()) return std::nullopt;
  return std::move(*note);
}

Result<> write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = ::write(file, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed("cannot be written");
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

// Written beside it and then given its name, which is done or not done.
Result<std::string> write_temporary(int directory, std::string_view bytes) {
  auto name = ".synap-export-" + Uuid::v7().to_string();
  const int file = ::openat(directory, name.c_str(),
                            O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kFileMode);
  if (file < 0) return failed("cannot be made");
  auto written = write_all(file, bytes);
  if (::close(file) != 0 && written) written = failed("cannot be written");
  if (written) return name;
  ::unlinkat(directory, name.c_str(), 0);
  return fail(written.error());
}

}  // namespace

Result<ExportDirectory> ExportDirectory::open(const std::string& path) {
  if (const auto pod = pod::DataDirectory::pod_around(path); !pod.empty()) {
    return fail(Code::kBadRequest, fmt::format("{} is the directory of a pod: export into another "
                                               "one",
                                               displayed(pod)));
  }
  if (::mkdir(path.c_str(), kDirectoryMode) != 0 && errno != EEXIST) {
    return failed("The directory " + displayed(path) + " cannot be made");
  }
  const int directory = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return failed("The directory " + displayed(path) + " cannot be opened");
  ExportDirectory opened(directory);
  // Of two at once each would write a file of its own for a note. Some file systems have no locks.
  if (::flock(directory, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    return fail(Code::kConflict,
                fmt::format("Another export is writing into {}: wait for it", displayed(path)));
  }
  if (auto found = opened.find_exported(); !found) return fail(found.error());
  return opened;
}

ExportDirectory::ExportDirectory(ExportDirectory&& other) noexcept
    : directory_(std::exchange(other.directory_, -1)), exported_(std::move(other.exported_)) {}

ExportDirectory::~ExportDirectory() {
  if (directory_ >= 0) ::close(directory_);
}

Result<> ExportDirectory::find_exported() {
  const int again = ::openat(directory_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* listing = again >= 0 ? ::fdopendir(again) : nullptr;
  if (listing == nullptr) return failed("The directory cannot be read");
  while (const auto* entry = ::readdir(listing)) {
    const std::string name = entry->d_name;
    if (!name.ends_with(".md")) continue;
    const auto note = exported_note(read_in(directory_, name), name);
    if (!note) continue;
    // Of copies the one that comes first by name, so that each export takes the same.
    auto& kept = exported_[note->exported_id];
    if (kept.name.empty() || name < kept.name) kept = {name, note->exported_version};
  }
  ::closedir(listing);
  return {};
}

std::optional<ExportDirectory::Exported> ExportDirectory::exported_at(
    const std::string& id, const std::string& name) const {
  const auto note = exported_note(read(name), name);
  if (!note || note->exported_id != id) return std::nullopt;
  return Exported{name, note->exported_version};
}

std::optional<ExportDirectory::Exported> ExportDirectory::of_note(
    const std::string& id, const std::vector<std::string>& names) const {
  for (const auto& name : names) {
    if (auto found = exported_at(id, name)) return found;
  }
  const auto found = exported_.find(id);
  return found != exported_.end() ? std::optional(found->second) : std::nullopt;
}

Result<std::string> ExportDirectory::read(const std::string& name) const {
  const auto place = place_of(directory_, name, /*makes=*/false);
  if (!place) return fail(place.error());
  return read_in(place->folder.fd, place->file);
}

Result<> ExportDirectory::add(const std::string& name, std::string_view bytes) const {
  const auto place = place_of(directory_, name, /*makes=*/true);
  if (!place) return fail(place.error());
  const auto& [folder, file] = *place;
  auto temporary = write_temporary(folder.fd, bytes);
  if (!temporary) return fail(temporary.error());
  // A link is refused where the name is taken; a file system without links has a rename that is.
  if (::linkat(folder.fd, temporary->c_str(), folder.fd, file.c_str(), 0) == 0) {
    ::unlinkat(folder.fd, temporary->c_str(), 0);
    return {};
  }
  if (errno != EEXIST &&
      ::renameat2(folder.fd, temporary->c_str(), folder.fd, file.c_str(), RENAME_NOREPLACE) == 0) {
    return {};
  }
  auto refused = failed("cannot be made");
  ::unlinkat(folder.fd, temporary->c_str(), 0);
  return refused;
}

std::vector<std::string> ExportDirectory::names() const {
  std::vector<std::string> names;
  for (const auto& [id, exported] : exported_) names.push_back(exported.name);
  return names;
}

Result<> ExportDirectory::replace(const std::string& name, std::string_view present,
                                  std::string_view bytes) const {
  const auto place = place_of(directory_, name, /*makes=*/false);
  if (!place) return fail(place.error());
  const auto& [folder, file] = *place;
  auto temporary = write_temporary(folder.fd, bytes);
  if (!temporary) return fail(temporary.error());
  // Somebody may have saved it since it was read, which may be long ago: the pod was asked.
  const auto now = read_in(folder.fd, file);
  const bool is_same = now && *now == present;
  if (is_same && ::renameat(folder.fd, temporary->c_str(), folder.fd, file.c_str()) == 0) return {};
  auto refused = is_same ? failed("cannot be replaced") : fail(Code::kConflict, "was edited");
  ::unlinkat(folder.fd, temporary->c_str(), 0);
  return refused;
}

}  // namespace synap::cli
