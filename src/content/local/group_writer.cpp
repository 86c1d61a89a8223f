#include "content/local/group_writer.h"

#include <fcntl.h>

#include <cerrno>
#include <cstdio>
#include <set>

namespace synap::content {
namespace {

// Below this many files their own syncs are cheaper than one of the whole filesystem, which must
// also wait for what others have written to it.
constexpr std::size_t kSyncTogetherMin = 4;
constexpr std::size_t kOpenDirectoriesMax = 512;

std::string directory_path(const ContentKey& key) {
  return key.user_id() + "/" + key.entity_type();
}

}  // namespace

// A new name may be given before the bytes are on disk: until this put has answered nobody knows
// it, and one sync serves both. A name that is in use keeps its old bytes until the new ones are
// safe. One file after the other, not all aside and then all renamed: the kernel looks through the
// whole directory of files aside for each of them, so it is kept short.
void GroupWriter::write(const WorkGroup& group) {
  if (directories_.size() > kOpenDirectoriesMax) directories_.clear();
  Writes writes;
  Writes replacing;
  for (const auto& work : group) {
    auto& write = static_cast<Write&>(*work);
    writes.push_back(&write);
    if (write.kind == Write::Kind::kRemove) {
      remove(write);
    } else {
      put(write, replacing);
    }
  }
  if (!replacing.empty()) {
    replacing.size() >= kSyncTogetherMin ? sync_all(writes) : sync_each(replacing);
    for (auto* write : replacing) {
      if (!write->error) take_name(*write, true);
    }
  }
  if (writes.size() >= kSyncTogetherMin) {
    sync_all(writes);
  } else {
    sync_each(writes);
    sync_directories(writes);
  }
  for (auto* write : writes) {
    if (write->error && write->has_name && !write->has_replaced) take_back(*write);
    write->file.reset();
    write->same = {};
    write->directory.reset();
  }
}

void GroupWriter::put(Write& write, Writes& replacing) {
  write.directory = directory_of(write.key);
  if (!*write.directory) {
    write.error = error_of(errno, "open the directory of", write.key.path());
    return;
  }
  if (write.kind == Write::Kind::kPut && !write_aside(write)) return;
  if (write.file->failed_syncs() != aside_.failed_syncs()) {
    write.error = error_of(EIO, "sync", write.key.path());
    return;
  }
  if (take_name(write, false) || write.error) return;
  if (is_there_already(write)) {
    write.file.reset();
  } else {
    replacing.push_back(&write);
  }
}

bool GroupWriter::write_aside(Write& write) {
  auto created = aside_.create(write.key);
  if (!created) {
    write.error = created.error();
    return false;
  }
  write.file = std::move(*created);
  if (auto written = write_all(write.file->file(), write.bytes, write.key); !written) {
    write.error = written.error();
    return false;
  }
  return true;
}

// After a sync that failed nobody knows what is on disk: pages that were not written count as
// clean, and the next sync says nothing of them. So a file that is there proves nothing any more.
// What was streamed is durable by now and takes the place of what is there, whatever that is.
bool GroupWriter::is_there_already(Write& write) {
  if (write.kind != Write::Kind::kPut || aside_.failed_syncs() > 0) return false;
  auto& files = root_.files();
  Descriptor file(files, files.open(write.directory->number(), write.key.file_name(),
                                    O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  if (!file || !holds(file, write.bytes)) return false;
  write.same = std::move(file);
  return true;
}

// False without an error: the name is in use.
bool GroupWriter::take_name(Write& write, bool may_replace) {
  const auto& name = write.key.file_name();
  const unsigned flags = may_replace ? 0 : RENAME_NOREPLACE;
  write.has_name = write.file->take_name(*write.directory, name, flags);
  if (!write.has_name && errno == ENOENT) {
    // Somebody has deleted the directory, which is still open here.
    directories_.erase(directory_path(write.key));
    write.directory = directory_of(write.key);
    write.has_name = *write.directory && write.file->take_name(*write.directory, name, flags);
  }
  // EINVAL: this filesystem cannot rename without replacing; then every put replaces.
  if (!write.has_name && (may_replace || (errno != EEXIST && errno != EINVAL))) {
    write.error = error_of(errno, "give a name to", write.key.path());
  }
  write.has_replaced = write.has_name && may_replace;
  return write.has_name;
}

// Its put answers with an error, and trying again must not find what may never reach the disk. One
// that has replaced another stays: its bytes were safe before it took the name, and what it has
// replaced may have been answered for.
void GroupWriter::take_back(Write& write) {
  root_.files().unlink(write.directory->number(), write.key.file_name());
}

// The directory by its path, not the open one that the puts use: somebody may have moved that
// away. None of it is made.
void GroupWriter::remove(Write& write) {
  const auto user = open_directory(root_, write.key.user_id());
  write.directory = std::make_shared<const Descriptor>(
      user ? open_directory(user, write.key.entity_type()) : Descriptor());
  if (*write.directory) {
    const auto& name = write.key.file_name();
    if (root_.files().unlink(write.directory->number(), name)) return;
  }
  if (errno != ENOENT) write.error = error_of(errno, "remove", write.key.path());
}

// The bytes and the names of all `writes` onto the disk; also of those that are written and not yet
// asked for: what failed once is not told again.
void GroupWriter::sync_all(const Writes& writes) {
  if (root_.files().sync_all(root_.number())) return;
  aside_.add_failed_sync();
  const auto error = error_of(errno, "sync", "the filesystem of the content");
  for (auto* write : writes) {
    if (!write->error) write->error = error;
  }
}

// Only the bytes.
void GroupWriter::sync_each(const Writes& writes) {
  for (auto* write : writes) {
    if (write->error) continue;
    const auto* file = write->same ? &write->same : write->file ? &write->file->file() : nullptr;
    if (file == nullptr || root_.files().sync(file->number())) continue;
    aside_.add_failed_sync();
    write->error = error_of(errno, "sync", write->key.path());
  }
}

void GroupWriter::sync_directories(const Writes& writes) {
  std::set<int> synced;
  for (auto* write : writes) {
    if (write->error || !*write->directory) continue;
    if (!synced.insert(write->directory->number()).second) continue;
    if (root_.files().sync(write->directory->number())) continue;
    aside_.add_failed_sync();
    const auto error = error_of(errno, "sync the directory of", write->key.path());
    for (auto* other : writes) {
      if (other->directory == write->directory && !other->error) other->error = error;
    }
  }
}

std::shared_ptr<const Descriptor> GroupWriter::directory_of(const ContentKey& key) {
  auto path = directory_path(key);
  if (const auto known = directories_.find(path); known != directories_.end()) {
    // What was moved away or replaced meanwhile is found by nobody.
    if (root_.files().is_at(known->second->number(), root_.number(), path)) return known->second;
    directories_.erase(known);
  }
  const auto user = make_directory(root_, key.user_id());
  auto directory = std::make_shared<const Descriptor>(user ? make_directory(user, key.entity_type())
                                                           : Descriptor());
  if (*directory) directories_.emplace(std::move(path), directory);
  return directory;
}

}  // namespace synap::content
