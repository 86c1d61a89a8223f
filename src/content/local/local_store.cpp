#include "content/local/local_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <set>

#include "base/crypto.h"
#include "base/thread.h"

namespace synap::content {
namespace {

// Below this many files their own syncs are cheaper than one of the whole filesystem, which must
// also wait for what others have written to it.
constexpr std::size_t kSyncTogetherMin = 4;
constexpr std::size_t kGroupMax = 256;
constexpr std::size_t kOpenDirectoriesMax = 512;

Error error_of(int code, std::string_view what) {
  if (code == ENOSPC || code == EDQUOT) {
    return {Code::kServiceUnavailable, "The disk is full: content cannot be stored", nullptr};
  }
  fmt::print(stderr, "synap: content: {}: {}\n", what, std::strerror(code));
  return {Code::kServiceUnavailable, "Content cannot be reached now", nullptr};
}

Result<> write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = ::write(file, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(error_of(errno, "write"));
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

int open_directory(int parent, const char* name) {
  return ::openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

// The directory, made durable if it was missing.
int make_directory(int parent, const char* name) {
  int directory = open_directory(parent, name);
  if (directory >= 0 || errno != ENOENT) return directory;
  if (::mkdirat(parent, name, 0700) != 0 && errno != EEXIST) return -1;
  if (::fsync(parent) != 0) return -1;
  return open_directory(parent, name);
}

}  // namespace

struct LocalStore::Operation {
  enum class Kind { kPut, kGet, kRemove };
  Kind kind;
  const ContentKey& key;
  std::string bytes;  // to put, or what was got
  std::coroutine_handle<> coroutine;
  Executor* executor = nullptr;
  std::optional<Error> error;
  // While a put is under way:
  std::string aside_name;
  int file = -1;
  int directory = -1;
  bool has_name = false;
};

struct LocalStore::Submit {
  LocalStore& store;
  Operation& operation;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> self) {
    operation.coroutine = self;
    operation.executor = Executor::current();
    SYNAP_CHECK(operation.executor != nullptr);
    store.submit(&operation);
  }
  void await_resume() const noexcept {}
};

Result<std::unique_ptr<LocalStore>> LocalStore::open(const std::string& root) {
  std::unique_ptr<LocalStore> store(new LocalStore);
  if (::mkdir(root.c_str(), 0700) != 0 && errno != EEXIST) {
    return fail(Code::kServiceUnavailable,
                fmt::format("{} cannot be made: {}", root, std::strerror(errno)));
  }
  store->root_ = ::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  store->aside_ = store->root_ < 0 ? -1 : make_directory(store->root_, ".tmp");
  if (store->aside_ < 0) {
    return fail(Code::kServiceUnavailable,
                fmt::format("{} cannot be used: {}", root, std::strerror(errno)));
  }
  // What a crash left half-written was never acknowledged.
  const int to_list = ::dup(store->aside_);
  if (DIR* listing = to_list < 0 ? nullptr : ::fdopendir(to_list); listing != nullptr) {
    while (const dirent* entry = ::readdir(listing)) {
      if (entry->d_name[0] != '.') ::unlinkat(store->aside_, entry->d_name, 0);
    }
    ::closedir(listing);
  }
  auto* self = store.get();
  store->writer_ = std::thread([self] { self->run_writer(); });
  store->reader_ = std::thread([self] { self->run_reader(); });
  return store;
}

LocalStore::~LocalStore() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_writer_.notify_all();
  wake_reader_.notify_all();
  if (writer_.joinable()) writer_.join();
  if (reader_.joinable()) reader_.join();
  for (const auto& [path, directory] : directories_) ::close(directory);
  if (aside_ >= 0) ::close(aside_);
  if (root_ >= 0) ::close(root_);
}

Task<Result<Stored>> LocalStore::put(ContentKey key, std::string bytes) {
  Stored stored{key.path(), static_cast<std::int64_t>(bytes.size()), to_hex(sha256(bytes))};
  Operation operation{.kind = Operation::Kind::kPut, .key = key, .bytes = std::move(bytes)};
  co_await Submit{*this, operation};
  if (operation.error) co_return fail(std::move(*operation.error));
  co_return stored;
}

Task<Result<std::string>> LocalStore::get(ContentKey key) {
  Operation operation{.kind = Operation::Kind::kGet, .key = key};
  co_await Submit{*this, operation};
  if (operation.error) co_return fail(std::move(*operation.error));
  co_return std::move(operation.bytes);
}

Task<Result<>> LocalStore::remove(ContentKey key) {
  Operation operation{.kind = Operation::Kind::kRemove, .key = key};
  co_await Submit{*this, operation};
  if (operation.error) co_return fail(std::move(*operation.error));
  co_return Result<>{};
}

void LocalStore::submit(Operation* operation) {
  const bool is_read = operation->kind == Operation::Kind::kGet;
  {
    std::lock_guard lock(mutex_);
    (is_read ? reads_ : writes_).push_back(operation);
  }
  (is_read ? wake_reader_ : wake_writer_).notify_one();
}

void LocalStore::run_reader() {
  begin_thread("content reader");
  for (;;) {
    Operation* operation = nullptr;
    {
      std::unique_lock lock(mutex_);
      wake_reader_.wait(lock, [this] { return stopping_ || !reads_.empty(); });
      if (reads_.empty()) return;
      operation = reads_.front();
      reads_.pop_front();
    }
    read_file(*operation);
    operation->executor->post(operation->coroutine);
  }
}

void LocalStore::run_writer() {
  begin_thread("content writer", ThreadPriority::kBackground);
  std::vector<Operation*> group;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      wake_writer_.wait(lock, [this] { return stopping_ || !writes_.empty(); });
      if (writes_.empty()) return;
      while (!writes_.empty() && group.size() < kGroupMax) {
        group.push_back(writes_.front());
        writes_.pop_front();
      }
    }
    // A directory of the cache may be one of the group's, so it is emptied between groups only.
    if (directories_.size() > kOpenDirectoriesMax || has_lost_directory_) {
      has_lost_directory_ = false;
      for (const auto& [path, directory] : directories_) ::close(directory);
      directories_.clear();
    }
    put_group(group);
    std::unordered_map<Executor*, std::vector<std::coroutine_handle<>>> done;
    for (auto* operation : group) done[operation->executor].push_back(operation->coroutine);
    group.clear();
    for (auto& [executor, coroutines] : done) executor->post_all(coroutines);
  }
}

void LocalStore::put_group(std::vector<Operation*>& group) {
  const bool together = group.size() >= kSyncTogetherMin;
  // A new name may be given before the bytes are on disk: until this put has answered nobody
  // knows it. Then one sync serves both. A name that is in use keeps its old bytes until the new
  // ones are safe. One file after the other, not all aside and then all renamed: the kernel looks
  // through the whole directory of files aside for each of them, so it is kept short.
  std::vector<Operation*> replacing;
  for (auto* operation : group) {
    if (operation->kind == Operation::Kind::kRemove) {
      remove_file(*operation);
      continue;
    }
    write_aside(*operation);
    if (!operation->error) take_name(*operation, false);
    if (!operation->error && !operation->has_name) replacing.push_back(operation);
  }
  if (!replacing.empty()) {
    sync_data(replacing, replacing.size() >= kSyncTogetherMin);
    for (auto* operation : replacing) {
      if (!operation->error) take_name(*operation, true);
    }
  }
  sync_data(group, together);
  if (!together) sync_directories(group);
  for (auto* operation : group) {
    if (operation->file >= 0) ::close(operation->file);
    if (operation->error && !operation->has_name && !operation->aside_name.empty()) {
      ::unlinkat(aside_, operation->aside_name.c_str(), 0);
    }
  }
}

void LocalStore::write_aside(Operation& operation) {
  operation.directory = directory_of(operation.key);
  if (operation.directory < 0) {
    operation.error = error_of(errno, "directory");
    return;
  }
  operation.aside_name = fmt::format("{}", next_aside_++);
  operation.file =
      ::openat(aside_, operation.aside_name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (operation.file < 0) {
    operation.error = error_of(errno, "open");
    operation.aside_name.clear();
    return;
  }
  if (auto written = write_all(operation.file, operation.bytes); !written) {
    operation.error = written.error();
  }
}

// Everything of the group onto the disk: bytes, and with `together` names too.
void LocalStore::sync_data(const std::vector<Operation*>& group, bool together) {
  if (together) {
    if (::syncfs(root_) == 0) return;
    const auto error = error_of(errno, "syncfs");
    for (auto* operation : group) operation->error = error;
    return;
  }
  for (auto* operation : group) {
    if (operation->error || operation->file < 0) continue;
    if (::fsync(operation->file) != 0) operation->error = error_of(errno, "fsync");
  }
}

void LocalStore::sync_directories(const std::vector<Operation*>& group) {
  std::set<int> directories;
  for (const auto* operation : group) {
    if (!operation->error && operation->directory >= 0) directories.insert(operation->directory);
  }
  for (const int directory : directories) {
    if (::fsync(directory) == 0) continue;
    const auto error = error_of(errno, "fsync of a directory");
    for (auto* operation : group) {
      if (operation->directory == directory) operation->error = error;
    }
  }
}

void LocalStore::take_name(Operation& operation, bool may_replace) {
  const auto& name = operation.key.file_name();
  const int code = ::renameat2(aside_, operation.aside_name.c_str(), operation.directory,
                               name.c_str(), may_replace ? 0 : RENAME_NOREPLACE);
  if (code == 0) {
    operation.has_name = true;
  } else if (may_replace || (errno != EEXIST && errno != EINVAL)) {
    // Somebody has deleted the directory: the next try makes it again.
    has_lost_directory_ = has_lost_directory_ || errno == ENOENT;
    operation.error = error_of(errno, "rename");
  }
  // EINVAL: this filesystem cannot rename without replacing; then every put replaces.
}

void LocalStore::remove_file(Operation& operation) {
  operation.directory = directory_of(operation.key);
  if (operation.directory < 0 ||
      (::unlinkat(operation.directory, operation.key.file_name().c_str(), 0) != 0 &&
       errno != ENOENT)) {
    operation.error = error_of(errno, "unlink");
  }
}

// Part by part: O_NOFOLLOW is about the last one only.
int LocalStore::open_file(const ContentKey& key) {
  const int user = open_directory(root_, key.user_id().c_str());
  if (user < 0) return -1;
  const int directory = open_directory(user, key.entity_type().c_str());
  const int directory_error = errno;
  ::close(user);
  errno = directory_error;
  if (directory < 0) return -1;
  const int file = ::openat(directory, key.file_name().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  const int file_error = errno;
  ::close(directory);
  errno = file_error;
  return file;
}

void LocalStore::read_file(Operation& operation) {
  const int file = open_file(operation.key);
  if (file < 0) {
    operation.error = errno == ENOENT ? Error{Code::kNotFound, "There is no such content", nullptr}
                                      : error_of(errno, "open");
    return;
  }
  struct stat info{};
  if (::fstat(file, &info) == 0) operation.bytes.reserve(static_cast<std::size_t>(info.st_size));
  char buffer[64 * 1024];
  for (;;) {
    const auto count = ::read(file, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) operation.error = error_of(errno, "read");
    if (count <= 0) break;
    operation.bytes.append(buffer, static_cast<std::size_t>(count));
  }
  ::close(file);
}

int LocalStore::directory_of(const ContentKey& key) {
  auto path = key.user_id() + "/" + key.entity_type();
  if (const auto known = directories_.find(path); known != directories_.end()) {
    return known->second;
  }
  const int user = make_directory(root_, key.user_id().c_str());
  if (user < 0) return -1;
  const int directory = make_directory(user, key.entity_type().c_str());
  ::close(user);
  if (directory >= 0) directories_.emplace(std::move(path), directory);
  return directory;
}

}  // namespace synap::content
