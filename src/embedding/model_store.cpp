#include "embedding/model_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <functional>
#include <optional>

namespace synap::embedding {
namespace {

constexpr std::string_view kEnd = ".model";
constexpr std::string_view kAside = ".tmp";
constexpr std::size_t kIdBytesMax = 100;

// What an id may be, since it is the name of a file.
bool is_id(std::string_view id) {
  return !id.empty() && id.size() <= kIdBytesMax && id.front() != '.' &&
         std::ranges::all_of(id, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
         });
}

std::optional<std::string> id_of_name(std::string name) {
  if (!name.ends_with(kEnd)) return std::nullopt;
  name.resize(name.size() - kEnd.size());
  return is_id(name) ? std::optional(std::move(name)) : std::nullopt;
}

std::unexpected<Error> unusable(const std::string& what) {
  const int failed = errno;
  Error error{Code::kServiceUnavailable,
              fmt::format("{} cannot be used: {}", what, std::strerror(failed))};
  error.fault = failed == ENOSPC || failed == EDQUOT ? Fault::kFull : Fault::kGone;
  return fail(std::move(error));
}

// The directory, held while models are added and removed, so that nobody's half file is taken for
// one that a crash has left.
class Held {
 public:
  static Result<Held> hold(const std::string& path) {
    const int directory = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return unusable(path);
    Held held(directory);
    if (::flock(directory, LOCK_EX | LOCK_NB) != 0) {
      return fail(Code::kConflict, "another process adds or removes a model right now");
    }
    return held;
  }
  explicit Held(int directory) : directory_(directory) {}
  Held(Held&& other) noexcept : directory_(std::exchange(other.directory_, -1)) {}
  Held& operator=(Held&&) = delete;
  ~Held() {
    if (directory_ >= 0) ::close(directory_);
  }
  int number() const { return directory_; }
  bool sync() const { return ::fsync(directory_) == 0; }

 private:
  int directory_;
};

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = ::write(file, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

bool write_file(const Held& directory, const std::string& name, std::string_view bytes) {
  const int file = ::openat(directory.number(), name.c_str(),
                            O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0) return false;
  const bool is_written = write_all(file, bytes) && ::fsync(file) == 0;
  const int failed = errno;
  ::close(file);
  errno = failed;
  return is_written;
}

}  // namespace

std::string ModelStore::path_of(const std::string& id) const {
  return fmt::format("{}/{}{}", directory_, id, kEnd);
}

Result<std::vector<ModelStore::Listed>> ModelStore::list() const {
  std::vector<Listed> all;
  std::error_code failed;
  std::filesystem::directory_iterator files(directory_, failed);
  if (failed == std::errc::no_such_file_or_directory) return all;
  if (failed) {
    errno = failed.value();
    return unusable(directory_);
  }
  for (const auto& file : files) {
    const auto id = id_of_name(file.path().filename().string());
    if (!id) continue;
    const auto model = open(*id);
    all.push_back({*id, model ? Result<ModelInfo>((*model)->info()) : fail(model.error())});
  }
  std::ranges::sort(all, {}, &Listed::id);
  return all;
}

std::vector<std::string> ModelStore::newest_ids() const {
  using Dated = std::pair<std::filesystem::file_time_type, std::string>;
  std::vector<Dated> all;
  std::error_code failed;
  for (const auto& file : std::filesystem::directory_iterator(directory_, failed)) {
    const auto id = id_of_name(file.path().filename().string());
    const auto time = file.last_write_time(failed);
    if (id && !failed) all.emplace_back(time, *id);
  }
  // Of those of one time some order, but always the same.
  std::ranges::sort(all, std::greater());
  std::vector<std::string> ids;
  for (auto& [time, id] : all) ids.push_back(std::move(id));
  return ids;
}

Result<std::shared_ptr<const Model>> ModelStore::open(const std::string& id) const {
  const auto missing = [&] {
    return fail(Code::kNotFound, fmt::format("there is no model {}", id.substr(0, kIdBytesMax)));
  };
  if (!is_id(id)) return missing();
  auto model = Model::open(path_of(id));
  if (!model && model.error().code == Code::kNotFound) return missing();
  if (model && (*model)->info().id != id) {
    return fail(Code::kUnprocessableContent,
                "the model's file is that of another model under its name; add the model again");
  }
  return model;
}

Result<ModelInfo> ModelStore::add(const ModelSource& source) const {
  const auto file = Model::file_of(source);
  if (!file) return fail(file.error());
  const auto id = Model::id_of(*file);
  if (!id) return fail(id.error());
  if (::mkdir(directory_.c_str(), 0700) != 0) {
    if (errno != EEXIST) return unusable(directory_);
  } else {
    // The directory's own name is durable before it is said that something is in it.
    const auto above = Held::hold(std::filesystem::path(directory_).parent_path().string() + "/.");
    if (above && !above->sync()) return unusable(directory_);
  }
  const auto held = Held::hold(directory_);
  if (!held) return fail(held.error());
  const auto name = *id + std::string(kEnd);
  const auto aside = name + std::string(kAside);
  if (::unlinkat(held->number(), aside.c_str(), 0) != 0 && errno != ENOENT) {
    return unusable(directory_);
  }
  if (!write_file(*held, aside, *file) ||
      ::renameat(held->number(), aside.c_str(), held->number(), name.c_str()) != 0 ||
      !held->sync()) {
    auto error = unusable(directory_);
    ::unlinkat(held->number(), aside.c_str(), 0);
    return error;
  }
  // As it is on disk, which is what will be used.
  const auto model = open(*id);
  if (!model) return fail(model.error());
  return (*model)->info();
}

Result<> ModelStore::remove(const std::string& id) const {
  const auto missing =
      fail(Code::kNotFound, fmt::format("there is no model {}", id.substr(0, kIdBytesMax)));
  if (!is_id(id) || !std::filesystem::exists(path_of(id))) return missing;
  const auto held = Held::hold(directory_);
  if (!held) return fail(held.error());
  if (::unlink(path_of(id).c_str()) != 0) {
    if (errno == ENOENT) return missing;
    return unusable(path_of(id));
  }
  if (!held->sync()) return unusable(directory_);
  return {};
}

}  // namespace synap::embedding
