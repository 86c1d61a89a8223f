#include "search/index_place.h"

#include <fmt/format.h>

#include <filesystem>

namespace synap::search {

std::string DirectoryPlace::path_of(const std::string& name) const {
  return fmt::format("{}/{}", options_.directory, name);
}

std::string DirectoryPlace::name_of(std::string_view version) const {
  return fmt::format("{}{}.db", options_.prefix, version);
}

bool DirectoryPlace::is_readable(const std::string& name) const {
  return name.starts_with(options_.prefix);
}

Task<Result<>> DirectoryPlace::prepare() {
  std::error_code failed;
  std::filesystem::create_directories(options_.directory, failed);
  std::filesystem::permissions(options_.directory, std::filesystem::perms::owner_all, failed);
  co_return Result<>{};
}

Task<Result<std::vector<std::string>>> DirectoryPlace::names() {
  std::vector<std::string> names;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(options_.directory, failed)) {
    auto name = entry.path().filename().string();
    if (name.starts_with(options_.family) && name.ends_with(".db")) {
      names.push_back(std::move(name));
    }
  }
  co_return names;
}

Result<std::unique_ptr<IndexFile>> DirectoryPlace::open(const std::string& name) {
  return options_.open(path_of(name));
}

// With those files that SQLite has beside it.
Task<Result<>> DirectoryPlace::remove(std::string name) {
  std::error_code failed;
  for (const auto* behind : {"-shm", "-wal", ""}) {
    std::filesystem::remove(path_of(name) + behind, failed);
  }
  co_return Result<>{};
}

Task<Result<std::optional<Checkpoint>>> DirectoryPlace::checkpoint_of(std::string) {
  co_return std::nullopt;
}

}  // namespace synap::search
