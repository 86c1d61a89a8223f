#include "synap/export_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "synap/note_file.h"

namespace synap::cli {
namespace {

// A path is what somebody has said of a file, once.
constexpr std::size_t kDirectoriesMax = 32;

std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const auto part = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), part.size() + 1));
    if (!part.empty()) parts.emplace_back(part);
  }
  return parts;
}

std::string_view without_extension(std::string_view file) {
  for (const std::string_view extension : {".md", ".markdown"}) {
    if (file.size() <= extension.size()) continue;
    const auto end = file.substr(file.size() - extension.size());
    if (std::ranges::equal(end, extension, [](char a, char b) { return (a | 0x20) == (b | 0x20); }))
      return file.substr(0, file.size() - extension.size());
  }
  return file;
}

}  // namespace

void ExportLayout::keep_shared(Directories& shared, const Directories& other) {
  const auto [end, ignored] = std::ranges::mismatch(shared, other);
  shared.erase(end, shared.end());
}

void ExportLayout::add(std::string_view path) {
  auto directories = parts_of(path);
  if (directories.empty()) return;
  directories.pop_back();
  if (!has_any_) shared_ = directories;
  has_any_ = true;
  keep_shared(shared_, directories);
  const auto first = directories.empty() ? std::string() : directories.front();
  const auto [place, is_new] = places_.try_emplace(first);
  if (is_new) place->second.shared = directories;
  keep_shared(place->second.shared, directories);
}

void ExportLayout::settle() {
  std::set<std::string> taken;
  for (auto& [first, place] : places_) {
    if (!shared_.empty()) {
      place.shared = shared_;
    } else if (!place.shared.empty() && places_.size() > 1) {
      place.name = file_name_of(place.shared.back());
      for (int i = 2; !taken.insert(place.name).second; ++i) {
        place.name = fmt::format("{} {}", file_name_of(place.shared.back()), i);
      }
    }
  }
}

std::string ExportLayout::name_of(const Json& note) const {
  const Json* origin = note.find("origin");
  auto parts = parts_of(origin != nullptr ? origin->string_or("path", "") : "");
  if (parts.empty()) return file_name_of(note.string_or("title", ""));
  const auto file = file_name_of(without_extension(parts.back()));
  parts.pop_back();
  std::string name;
  std::size_t begin = 0;
  if (const auto found = places_.find(parts.empty() ? std::string() : parts.front());
      found != places_.end()) {
    if (!found->second.name.empty()) name = found->second.name + "/";
    // A note that was imported from elsewhere since has a path that nobody has counted.
    begin = static_cast<std::size_t>(std::ranges::mismatch(found->second.shared, parts).in2 -
                                     parts.begin());
  }
  const auto end = std::min(parts.size(), begin + kDirectoriesMax);
  for (auto i = begin; i < end; ++i) name += file_name_of(parts[i]) + "/";
  return name + file;
}

}  // namespace synap::cli
