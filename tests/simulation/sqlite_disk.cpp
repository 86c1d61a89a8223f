#include "simulation/sqlite_disk.h"

#include <sqlite3.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include "base/check.h"

namespace synap::simulation {

/// What all connections to one file share.
struct SharedFile {
  int readers = 0;  // connections with a shared lock
  const void* reserved = nullptr;
  const void* pending = nullptr;  // waits to be alone, or is
  std::vector<std::unique_ptr<char[]>> index;
  struct IndexLock {
    int shared = 0;
    const void* exclusive = nullptr;
  };
  std::array<IndexLock, SQLITE_SHM_NLOCK> index_locks;
};

struct SqliteDiskParts {
  SimulatedWorld& world;
  Disk& disk;
  std::map<std::string, SharedFile> shared{};
  int open_files = 0;
  std::int64_t failed_syncs = 0;

  int sync(const NodeRef& node) {
    const int error = disk.sync(node);
    if (error != 0) ++failed_syncs;
    return error;
  }
};

namespace {

constexpr int kSectorBytes = 4096;  // as SQLite's layer for Unix says

int code_of(int error, int otherwise) {
  if (error == 0) return SQLITE_OK;
  return error == ENOSPC ? SQLITE_FULL : otherwise;
}

// Of the one SqliteDisk that lives. The layer above (db/sqlite/wal_vfs.h) is made once and is a
// copy of the one that is registered here, so neither can say which disk it is of.
SqliteDiskParts* current = nullptr;

SqliteDiskParts& parts_of(sqlite3_vfs*) {
  SYNAP_CHECK(current != nullptr, "there is no disk");
  return *current;
}

// An open file, in the room that SQLite gives for it.
struct File {
  sqlite3_file base;  // must be first: SQLite sees only this
  SqliteDiskParts* parts;
  NodeRef node;
  SharedFile* shared;  // of the database; the WAL has no locks of its own
  int level;
  bool syncs_directory;  // with its first sync, made or not, as SQLite's own layer does
  unsigned index_shared;
  unsigned index_exclusive;

  void unlock_index(unsigned slots) {
    for (unsigned slot = 0; slot < SQLITE_SHM_NLOCK; ++slot) {
      if ((slots >> slot & 1U) == 0) continue;
      auto& lock = shared->index_locks[slot];
      if (index_shared >> slot & 1U) --lock.shared;
      if (lock.exclusive == this) lock.exclusive = nullptr;
    }
    index_shared &= ~slots;
    index_exclusive &= ~slots;
  }
};

File& file_of(sqlite3_file* file) {
  return *reinterpret_cast<File*>(file);
}

int unlock(sqlite3_file* file, int level) {
  auto& self = file_of(file);
  if (level >= self.level) return SQLITE_OK;
  if (self.shared->pending == &self) self.shared->pending = nullptr;
  if (self.shared->reserved == &self) self.shared->reserved = nullptr;
  if (level == SQLITE_LOCK_NONE) --self.shared->readers;
  self.level = level;
  return SQLITE_OK;
}

int lock(sqlite3_file* file, int level) {
  auto& self = file_of(file);
  auto& shared = *self.shared;
  const auto is_others = [&](const void* owner) { return owner != nullptr && owner != &self; };
  if (level <= self.level) return SQLITE_OK;
  if (self.level == SQLITE_LOCK_NONE) {
    if (is_others(shared.pending)) return SQLITE_BUSY;
    ++shared.readers;
    self.level = SQLITE_LOCK_SHARED;
  }
  if (level >= SQLITE_LOCK_RESERVED) {
    if (is_others(shared.reserved)) return SQLITE_BUSY;
    shared.reserved = &self;
    self.level = SQLITE_LOCK_RESERVED;
  }
  if (level >= SQLITE_LOCK_EXCLUSIVE) {
    if (is_others(shared.pending)) return SQLITE_BUSY;
    shared.pending = &self;
    self.level = SQLITE_LOCK_PENDING;
    if (shared.readers > 1) return SQLITE_BUSY;
    self.level = SQLITE_LOCK_EXCLUSIVE;
  }
  return SQLITE_OK;
}

int is_reserved(sqlite3_file* file, int* out) {
  *out = file_of(file).shared->reserved != nullptr;
  return SQLITE_OK;
}

int close(sqlite3_file* file) {
  auto& self = file_of(file);
  if (self.shared != nullptr) {
    unlock(file, SQLITE_LOCK_NONE);
    self.unlock_index(~0U);
  }
  --self.parts->open_files;
  self.~File();
  return SQLITE_OK;
}

int read(sqlite3_file* file, void* to, int count, sqlite3_int64 at) {
  auto& self = file_of(file);
  if (self.parts->disk.look() != 0) return SQLITE_IOERR_READ;
  const auto& bytes = self.node->bytes;
  const auto begin = std::min(static_cast<std::size_t>(at), bytes.size());
  const auto got = std::min(static_cast<std::size_t>(count), bytes.size() - begin);
  std::memcpy(to, bytes.data() + begin, got);
  if (got == static_cast<std::size_t>(count)) return SQLITE_OK;
  std::memset(static_cast<char*>(to) + got, 0, static_cast<std::size_t>(count) - got);
  return SQLITE_IOERR_SHORT_READ;
}

int write(sqlite3_file* file, const void* from, int count, sqlite3_int64 at) {
  auto& self = file_of(file);
  const std::string_view bytes(static_cast<const char*>(from), static_cast<std::size_t>(count));
  return code_of(self.parts->disk.write(self.node, static_cast<std::size_t>(at), bytes),
                 SQLITE_IOERR_WRITE);
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
  auto& self = file_of(file);
  return code_of(self.parts->disk.truncate(self.node, static_cast<std::size_t>(size)),
                 SQLITE_IOERR_TRUNCATE);
}

int sync(sqlite3_file* file, int) {
  auto& self = file_of(file);
  if (self.parts->sync(self.node) != 0) return SQLITE_IOERR_FSYNC;
  if (!std::exchange(self.syncs_directory, false)) return SQLITE_OK;
  return code_of(self.parts->sync(self.parts->disk.root()), SQLITE_IOERR_DIR_FSYNC);
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  auto& self = file_of(file);
  *size = static_cast<sqlite3_int64>(self.node->bytes.size());
  return code_of(self.parts->disk.look(), SQLITE_IOERR_FSTAT);
}

int control(sqlite3_file*, int op, void*) {
  return op == SQLITE_FCNTL_POWERSAFE_OVERWRITE ? SQLITE_OK : SQLITE_NOTFOUND;
}

int sector_size(sqlite3_file*) {
  return kSectorBytes;
}

int characteristics(sqlite3_file*) {
  return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

int map_index(sqlite3_file* file, int region, int bytes, int may_extend, void volatile** out) {
  auto& index = file_of(file).shared->index;
  *out = nullptr;
  while (may_extend != 0 && index.size() <= static_cast<std::size_t>(region)) {
    index.push_back(std::make_unique<char[]>(static_cast<std::size_t>(bytes)));
  }
  if (static_cast<std::size_t>(region) < index.size()) {
    *out = index[static_cast<std::size_t>(region)].get();
  }
  return SQLITE_OK;
}

int lock_index(sqlite3_file* file, int first, int count, int flags) {
  auto& self = file_of(file);
  const unsigned slots = ((1U << count) - 1U) << first;
  if (flags & SQLITE_SHM_UNLOCK) {
    self.unlock_index(slots);
    return SQLITE_OK;
  }
  const bool is_exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
  for (int slot = first; slot < first + count; ++slot) {
    const auto& lock = self.shared->index_locks[static_cast<std::size_t>(slot)];
    const int own = self.index_shared >> slot & 1U ? 1 : 0;
    if (lock.exclusive != nullptr && lock.exclusive != &self) return SQLITE_BUSY;
    if (is_exclusive && lock.shared > own) return SQLITE_BUSY;
  }
  for (int slot = first; slot < first + count; ++slot) {
    auto& lock = self.shared->index_locks[static_cast<std::size_t>(slot)];
    if (is_exclusive) {
      lock.exclusive = &self;
      self.index_exclusive |= 1U << slot;
    } else if ((self.index_shared >> slot & 1U) == 0) {
      ++lock.shared;
      self.index_shared |= 1U << slot;
    }
  }
  return SQLITE_OK;
}

void order_index(sqlite3_file*) {}

int unmap_index(sqlite3_file* file, int is_deleted) {
  auto& self = file_of(file);
  self.unlock_index(~0U);
  if (is_deleted != 0) self.shared->index.clear();
  return SQLITE_OK;
}

constexpr sqlite3_io_methods kMethods = {2,
                                         close,
                                         read,
                                         write,
                                         truncate,
                                         sync,
                                         file_size,
                                         lock,
                                         unlock,
                                         is_reserved,
                                         control,
                                         sector_size,
                                         characteristics,
                                         map_index,
                                         lock_index,
                                         order_index,
                                         unmap_index,
                                         nullptr,
                                         nullptr};

int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* flags_out) {
  auto& parts = parts_of(vfs);
  file->pMethods = nullptr;
  if (path == nullptr || parts.disk.look() != 0) return SQLITE_CANTOPEN;
  auto node = parts.disk.find(parts.disk.root(), path);
  if (node == nullptr) {
    if ((flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
    const int error = parts.disk.make(parts.disk.root(), path, /*is_directory=*/false, node);
    if (error != 0) return code_of(error, SQLITE_CANTOPEN);
  }
  const bool is_database = (flags & SQLITE_OPEN_MAIN_DB) != 0;
  new (file) File{.base = {&kMethods},
                  .parts = &parts,
                  .node = std::move(node),
                  .shared = is_database ? &parts.shared[path] : nullptr,
                  .level = SQLITE_LOCK_NONE,
                  .syncs_directory = !is_database && (flags & SQLITE_OPEN_CREATE) != 0,
                  .index_shared = 0,
                  .index_exclusive = 0};
  ++parts.open_files;
  if (flags_out != nullptr) *flags_out = flags;
  return SQLITE_OK;
}

int remove(sqlite3_vfs* vfs, const char* path, int syncs_directory) {
  auto& disk = parts_of(vfs).disk;
  const int error = disk.remove(disk.root(), path);
  if (error == ENOENT) return SQLITE_IOERR_DELETE_NOENT;
  if (error != 0) return SQLITE_IOERR_DELETE;
  if (syncs_directory == 0) return SQLITE_OK;
  return code_of(disk.sync(disk.root()), SQLITE_IOERR_DIR_FSYNC);
}

int access(sqlite3_vfs* vfs, const char* path, int flags, int* out) {
  auto& disk = parts_of(vfs).disk;
  const auto node = disk.find(disk.root(), path);
  // An empty journal is none.
  *out = node != nullptr && (flags != SQLITE_ACCESS_EXISTS || !node->bytes.empty());
  return code_of(disk.look(), SQLITE_IOERR_ACCESS);
}

int full_path(sqlite3_vfs*, const char* path, int room, char* out) {
  sqlite3_snprintf(room, out, "%s", path);
  return SQLITE_OK;
}

int randomness(sqlite3_vfs* vfs, int count, char* out) {
  parts_of(vfs).world.random(reinterpret_cast<std::uint8_t*>(out), static_cast<std::size_t>(count));
  return count;
}

int sleep(sqlite3_vfs* vfs, int microseconds) {
  parts_of(vfs).world.pass(std::chrono::microseconds(microseconds));
  return microseconds;
}

// Milliseconds of Julian days.
int current_time_ms(sqlite3_vfs* vfs, sqlite3_int64* out) {
  *out = parts_of(vfs).world.unix_ms() + 210'866'760'000'000;
  return SQLITE_OK;
}

int current_time(sqlite3_vfs* vfs, double* out) {
  sqlite3_int64 ms = 0;
  current_time_ms(vfs, &ms);
  *out = static_cast<double>(ms) / 86'400'000.0;
  return SQLITE_OK;
}

int last_error(sqlite3_vfs*, int, char*) {
  return 0;
}

constexpr const char* kName = "simulated-disk";

}  // namespace

SqliteDisk::SqliteDisk(SimulatedWorld& world, Disk& disk)
    : parts_(std::make_unique<SqliteDiskParts>(SqliteDiskParts{.world = world, .disk = disk})) {
  static sqlite3_vfs vfs{.iVersion = 2,
                         .szOsFile = sizeof(File),
                         .mxPathname = 200,
                         .zName = kName,
                         .xOpen = open,
                         .xDelete = remove,
                         .xAccess = access,
                         .xFullPathname = full_path,
                         .xRandomness = randomness,
                         .xSleep = sleep,
                         .xCurrentTime = current_time,
                         .xGetLastError = last_error,
                         .xCurrentTimeInt64 = current_time_ms};
  static const int registered = sqlite3_vfs_register(&vfs, /*makeDflt=*/0);
  SYNAP_CHECK(registered == SQLITE_OK && current == nullptr);
  current = parts_.get();
}

SqliteDisk::~SqliteDisk() {
  SYNAP_CHECK(parts_->open_files == 0, "a connection outlives its disk");
  current = nullptr;
}

const std::string& SqliteDisk::name() {
  static const std::string name(kName);
  return name;
}

std::int64_t SqliteDisk::failed_syncs() const {
  return parts_->failed_syncs;
}

void SqliteDisk::forget() {
  SYNAP_CHECK(parts_->open_files == 0, "what is open does not outlive a loss of power");
  parts_->shared.clear();
}

}  // namespace synap::simulation
