#include "simulation/disk_files.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "base/check.h"

namespace synap::simulation {

void DiskFiles::forget() {
  SYNAP_CHECK(open_.empty(), "what is open does not outlive a loss of power");
}

bool DiskFiles::is_fine(int error) {
  if (error != 0) errno = error;
  return error == 0;
}

int DiskFiles::open_node(NodeRef node) {
  open_[next_] = {std::move(node)};
  return next_++;
}

int DiskFiles::open_root(const std::string& path) {
  auto node = disk_.find(disk_.root(), path);
  if (node == nullptr) {
    if (!is_fine(disk_.make(disk_.root(), path, /*is_directory=*/true, node))) return -1;
  }
  return is_fine(disk_.sync(disk_.root())) ? open_node(std::move(node)) : -1;
}

int DiskFiles::open(int directory, const std::string& name, int flags) {
  if (!is_fine(disk_.look())) return -1;
  const auto parent = node_of(directory);
  auto node = disk_.find(parent, name);
  if (node != nullptr && (flags & O_EXCL) != 0) return is_fine(EEXIST) ? 0 : -1;
  if (node == nullptr && (flags & O_CREAT) == 0) return is_fine(ENOENT) ? 0 : -1;
  if (node == nullptr && !is_fine(disk_.make(parent, name, /*is_directory=*/false, node))) {
    return -1;
  }
  if ((flags & O_DIRECTORY) != 0 && !node->is_directory) return is_fine(ENOTDIR) ? 0 : -1;
  return open_node(std::move(node));
}

bool DiskFiles::make_directory(int directory, const std::string& name) {
  NodeRef made;
  return is_fine(disk_.make(node_of(directory), name, /*is_directory=*/true, made));
}

bool DiskFiles::rename(int from, const std::string& from_name, int to, const std::string& to_name,
                       unsigned flags) {
  return is_fine(disk_.rename(node_of(from), from_name, node_of(to), to_name,
                              (flags & RENAME_NOREPLACE) == 0));
}

bool DiskFiles::unlink(int directory, const std::string& name) {
  return is_fine(disk_.remove(node_of(directory), name));
}

ssize_t DiskFiles::read(int file, char* to, std::size_t count, off_t at) {
  if (!is_fine(disk_.look())) return -1;
  const auto& bytes = node_of(file)->bytes;
  const auto begin = std::min(static_cast<std::size_t>(at), bytes.size());
  const auto got = std::min(count, bytes.size() - begin);
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(begin), got, to);
  return static_cast<ssize_t>(got);
}

ssize_t DiskFiles::write(int file, const char* from, std::size_t count) {
  auto& open = open_.at(file);
  if (count == 0) return 0;
  if (!is_fine(disk_.write(open.node, open.at, {from, count}))) return -1;
  open.at += count;
  return static_cast<ssize_t>(count);
}

bool DiskFiles::sync(int file) {
  return is_fine(disk_.sync(node_of(file)));
}

bool DiskFiles::sync_all(int) {
  return is_fine(disk_.sync_all());
}

bool DiskFiles::look(int file, content::FileInfo& info) {
  const auto node = node_of(file);
  info = {.is_regular = !node->is_directory,
          .size = static_cast<std::int64_t>(node->bytes.size()),
          .modified_at = node->modified_at};
  return is_fine(disk_.look());
}

bool DiskFiles::look(int directory, const std::string& name, content::FileInfo& info) {
  const auto node = disk_.find(node_of(directory), name);
  if (node == nullptr) return is_fine(ENOENT);
  info = {.is_regular = !node->is_directory,
          .size = static_cast<std::int64_t>(node->bytes.size()),
          .modified_at = node->modified_at};
  return is_fine(disk_.look());
}

bool DiskFiles::list(int directory, const std::function<void(const char*, Kind)>& use) {
  if (!is_fine(disk_.look())) return false;
  // A copy: names may be removed meanwhile.
  const auto names = node_of(directory)->names;
  for (const auto& [name, node] : names) {
    if (!name.starts_with('.'))
      use(name.c_str(), node->is_directory ? Kind::kDirectory : Kind::kRegular);
  }
  return true;
}

}  // namespace synap::simulation
