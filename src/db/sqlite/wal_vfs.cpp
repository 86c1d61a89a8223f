#include "db/sqlite/wal_vfs.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <map>
#include <mutex>
#include <new>
#include <optional>
#include <string_view>
#include <vector>

#include "base/check.h"

namespace synap::db::sqlite {
namespace {

constexpr std::string_view kName = "synap-wal";
constexpr std::string_view kLateName = "synap-wal-late";  // whose commits are not synced

// More than this is not kept back: a transaction of many pages goes to the file in such pieces.
constexpr std::size_t kKeptBytesMax = 1 << 20;
// SQLite's layer takes the size of a write for one of at most 128 KiB, and cuts off what is above.
constexpr std::size_t kWriteBytesMax = 64 << 10;

// A copy of the layer below, whose functions it shares but for one: so what these find in it
// (pAppData) is theirs.
struct Layer {
  sqlite3_vfs vfs;  // must be first: SQLite sees only this
  sqlite3_vfs* below;
  std::string name;
  bool syncs_commits;
};

// An open WAL. SQLite gives room for it, followed by room for the file of the layer below.
struct WalFile {
  sqlite3_file base;  // must be first: SQLite sees only this
  std::vector<char> kept;
  sqlite3_int64 kept_at;  // where the first of the kept bytes belongs
  WalSyncs syncs;
  bool syncs_commits = true;
  const char* path = nullptr;  // SQLite's, as long as the file is open; null: it is on no disk
  struct stat opened = {};
  std::optional<struct stat> index;  // the file of shared memory, as it was at the first look

  sqlite3_file* below() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  const sqlite3_io_methods* methods() { return below()->pMethods; }
  sqlite3_int64 kept_end() const { return kept_at + static_cast<sqlite3_int64>(kept.size()); }

  /// What is kept is dropped even if it cannot be written. A sync or a write that fails makes
  /// SQLite roll its whole transaction back, whose pages they were.
  int flush() {
    int code = SQLITE_OK;
    for (std::size_t done = 0; code == SQLITE_OK && done < kept.size(); done += kWriteBytesMax) {
      const auto size = std::min(kept.size() - done, kWriteBytesMax);
      code = methods()->xWrite(below(), kept.data() + done, static_cast<int>(size),
                               kept_at + static_cast<sqlite3_int64>(done));
    }
    kept.clear();
    return code;
  }
};
static_assert(sizeof(WalFile) % 8 == 0, "SQLite aligns a file to 8 bytes");

WalFile& wal(sqlite3_file* file) {
  return *reinterpret_cast<WalFile*>(file);
}

int close(sqlite3_file* file) {
  auto& self = wal(file);
  const int flushed = self.flush();
  const int closed = self.methods()->xClose(self.below());
  self.~WalFile();
  return flushed != SQLITE_OK ? flushed : closed;
}

int read(sqlite3_file* file, void* to, int count, sqlite3_int64 at) {
  auto& self = wal(file);
  if (at < self.kept_end() && at + count > self.kept_at) {
    // For a full disk that it meets while it reads, SQLite may undo one statement and go on with a
    // transaction that has lost pages; for this error it does not.
    if (self.flush() != SQLITE_OK) return SQLITE_IOERR_WRITE;
  }
  return self.methods()->xRead(self.below(), to, count, at);
}

int write(sqlite3_file* file, const void* from, int count, sqlite3_int64 at) {
  auto& self = wal(file);
  const auto* bytes = static_cast<const char*>(from);
  const auto size = static_cast<std::size_t>(count);
  if (!self.kept.empty() && at >= self.kept_at && at + count <= self.kept_end()) {
    std::copy_n(bytes, size, self.kept.begin() + (at - self.kept_at));
    return SQLITE_OK;
  }
  if (at != self.kept_end() || self.kept.size() + size > kKeptBytesMax) {
    if (const int code = self.flush(); code != SQLITE_OK) return code;
  }
  if (self.kept.empty()) self.kept_at = at;
  try {
    self.kept.insert(self.kept.end(), bytes, bytes + size);
  } catch (const std::bad_alloc&) {
    return SQLITE_IOERR_NOMEM;
  }
  return SQLITE_OK;
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
  auto& self = wal(file);
  if (const int code = self.flush(); code != SQLITE_OK) return code;
  return self.methods()->xTruncate(self.below(), size);
}

int sync(sqlite3_file* file, int flags) {
  auto& self = wal(file);
  if (const int code = self.flush(); code != SQLITE_OK) return code;
  // What asks for more than a commit is about to write elsewhere what stands here (connection.cpp).
  if (!self.syncs_commits && (flags & 0x0F) == SQLITE_SYNC_NORMAL) return SQLITE_OK;
  const auto begin = std::chrono::steady_clock::now();
  const int code = self.methods()->xSync(self.below(), flags);
  self.syncs.time += std::chrono::steady_clock::now() - begin;
  ++self.syncs.count;
  return code;
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  auto& self = wal(file);
  const int code = self.methods()->xFileSize(self.below(), size);
  if (!self.kept.empty()) *size = std::max(*size, self.kept_end());
  return code;
}

int lock(sqlite3_file* file, int level) {
  return wal(file).methods()->xLock(wal(file).below(), level);
}
int unlock(sqlite3_file* file, int level) {
  return wal(file).methods()->xUnlock(wal(file).below(), level);
}
int is_reserved(sqlite3_file* file, int* out) {
  return wal(file).methods()->xCheckReservedLock(wal(file).below(), out);
}
int control(sqlite3_file* file, int op, void* argument) {
  return wal(file).methods()->xFileControl(wal(file).below(), op, argument);
}
int sector_size(sqlite3_file* file) {
  return wal(file).methods()->xSectorSize(wal(file).below());
}
int characteristics(sqlite3_file* file) {
  return wal(file).methods()->xDeviceCharacteristics(wal(file).below());
}

// Version 1: a WAL is neither mapped into memory nor has it shared memory of its own.
constexpr sqlite3_io_methods kMethods = {
    1,       close,       read,    write,       truncate,        sync,    file_size, lock,
    unlock,  is_reserved, control, sector_size, characteristics, nullptr, nullptr,   nullptr,
    nullptr, nullptr,     nullptr};

int open(sqlite3_vfs* layer, const char* path, sqlite3_file* file, int flags, int* flags_out) {
  const auto& [vfs, below, name, syncs_commits] = *reinterpret_cast<Layer*>(layer);
  if ((flags & SQLITE_OPEN_WAL) == 0) return below->xOpen(below, path, file, flags, flags_out);
  auto* self = new (file) WalFile{};
  self->syncs_commits = syncs_commits;
  std::memset(self->below(), 0, static_cast<std::size_t>(below->szOsFile));
  const int code = below->xOpen(below, path, self->below(), flags, flags_out);
  if (code == SQLITE_OK) {
    self->base.pMethods = &kMethods;
    if (::stat(path, &self->opened) == 0) self->path = path;
  } else {
    // Without methods SQLite does not close it.
    self->~WalFile();
    file->pMethods = nullptr;
  }
  return code;
}

}  // namespace

const char* wal_vfs(const std::string& below, bool syncs_commits) {
  static std::mutex mutex;
  static std::map<std::string, Layer> layers;  // never removed: SQLite keeps their addresses
  std::lock_guard lock(mutex);
  auto key = std::string(syncs_commits ? kName : kLateName);
  if (!below.empty()) key += ":" + below;
  const auto [known, is_new] = layers.try_emplace(key);
  auto& [vfs, under, name, is_synced] = known->second;
  if (is_new) {
    is_synced = syncs_commits;
    under = sqlite3_vfs_find(below.empty() ? nullptr : below.c_str());
    SYNAP_CHECK(under != nullptr, below);
    name = key;
    vfs = *under;
    vfs.szOsFile += static_cast<int>(sizeof(WalFile));
    vfs.zName = name.c_str();
    vfs.pNext = nullptr;
    vfs.xOpen = open;
    SYNAP_CHECK(sqlite3_vfs_register(&vfs, /*makeDflt=*/0) == SQLITE_OK, name);
  }
  return name.c_str();
}

namespace {

// Before its first transaction a connection has no WAL, and this is null.
sqlite3_file* wal_of(sqlite3* connection) {
  sqlite3_file* file = nullptr;
  sqlite3_file_control(connection, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);
  return file != nullptr && file->pMethods == &kMethods ? file : nullptr;
}

bool is_same(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// "x-wal" is indexed by "x-shm".
std::string index_path(std::string_view wal_path) {
  wal_path.remove_suffix(std::string_view("wal").size());
  return std::string(wal_path) + "shm";
}

// https://www.sqlite.org/walformat.html, 1.2 and 2.1.
constexpr int kWalHeadBytes = 32;
constexpr int kFrameHeadBytes = 24;
constexpr std::size_t kSaltInWalHead = 16;
constexpr int kIndexPageBytes = 32 * 1024;

struct WalIndex {
  std::uint32_t frames = 0;
  sqlite3_int64 page_bytes = 0;
  std::array<char, 8> salt{};
};

// What the first page of the index says, in the byte order of the machine. The thread that writes
// changes it, and who checkpoints; none while nobody writes or moves pages but that thread.
std::optional<WalIndex> index_of(sqlite3* connection) {
  constexpr std::size_t kPageSizeAt = 14;
  constexpr std::size_t kFramesAt = 16;
  constexpr std::size_t kSaltAt = 32;
  constexpr std::size_t kHeadBytes = 48;
  sqlite3_file* database = nullptr;
  sqlite3_file_control(connection, "main", SQLITE_FCNTL_FILE_POINTER, &database);
  if (database == nullptr || database->pMethods == nullptr) return std::nullopt;
  if (database->pMethods->iVersion < 2 || database->pMethods->xShmMap == nullptr) {
    return std::nullopt;
  }
  void volatile* page = nullptr;
  if (database->pMethods->xShmMap(database, 0, kIndexPageBytes, 0, &page) != SQLITE_OK ||
      page == nullptr) {
    return std::nullopt;
  }
  std::array<char, kHeadBytes> head{};
  const auto* bytes = static_cast<const char volatile*>(page);
  std::copy_n(bytes, kHeadBytes, head.begin());
  WalIndex index;
  std::uint16_t page_size = 0;
  std::memcpy(&page_size, head.data() + kPageSizeAt, sizeof page_size);
  std::memcpy(&index.frames, head.data() + kFramesAt, sizeof index.frames);
  std::copy_n(head.begin() + kSaltAt, index.salt.size(), index.salt.begin());
  index.page_bytes = page_size == 1 ? 65536 : page_size;
  return index;
}

}  // namespace

int write_wal_again(sqlite3* connection) {
  sqlite3_file* file = wal_of(connection);
  if (file == nullptr) return SQLITE_OK;
  sqlite3_int64 size = 0;
  int code = file_size(file, &size);
  std::vector<char> piece(kWriteBytesMax);
  for (sqlite3_int64 at = 0; code == SQLITE_OK && at < size;) {
    const auto count = static_cast<int>(std::min<sqlite3_int64>(size - at, kWriteBytesMax));
    code = read(file, piece.data(), count, at);
    if (code == SQLITE_OK) code = write(file, piece.data(), count, at);
    at += count;
  }
  return code == SQLITE_OK ? sync(file, SQLITE_SYNC_FULL) : code;
}

std::int64_t lengthen_wal(sqlite3* connection, std::int64_t bytes, int& failed) {
  failed = SQLITE_OK;
  sqlite3_file* file = wal_of(connection);
  if (file == nullptr || !wal(file).syncs_commits) return 0;
  auto& self = wal(file);
  sqlite3_int64 size = 0;
  failed = self.methods()->xFileSize(self.below(), &size);
  // An empty one begins with its head, which is SQLite's to write.
  if (failed != SQLITE_OK || size < kWalHeadBytes) return 0;
  const std::vector<char> zeros(kWriteBytesMax);
  const auto end = size + bytes;
  while (failed == SQLITE_OK && size < end) {
    const auto count = std::min<sqlite3_int64>(end - size, kWriteBytesMax);
    failed = self.methods()->xWrite(self.below(), zeros.data(), static_cast<int>(count), size);
    if (failed == SQLITE_OK) size += count;
  }
  if (failed == SQLITE_OK) failed = self.methods()->xSync(self.below(), SQLITE_SYNC_NORMAL);
  return size;
}

bool is_wal_in_place(sqlite3* connection) {
  sqlite3_file* file = wal_of(connection);
  if (file == nullptr || wal(file).path == nullptr) return true;
  auto& self = wal(file);
  struct stat named{};
  if (::stat(self.path, &named) != 0 || !is_same(named, self.opened)) return false;
  const auto index = index_path(self.path);
  if (::stat(index.c_str(), &named) != 0) return false;
  if (!self.index) self.index = named;
  return is_same(named, *self.index);
}

bool is_wal_whole(sqlite3* connection) {
  sqlite3_file* file = wal_of(connection);
  const auto index = file != nullptr ? index_of(connection) : std::nullopt;
  if (!index || index->frames == 0) return true;
  auto& self = wal(file);
  sqlite3_int64 size = 0;
  if (self.methods()->xFileSize(self.below(), &size) != SQLITE_OK) return true;
  if (size < kWalHeadBytes + sqlite3_int64{index->frames} * (kFrameHeadBytes + index->page_bytes)) {
    return false;
  }
  std::array<char, kWalHeadBytes> head{};
  if (self.methods()->xRead(self.below(), head.data(), kWalHeadBytes, 0) != SQLITE_OK) return true;
  return std::equal(index->salt.begin(), index->salt.end(), head.begin() + kSaltInWalHead);
}

WalSyncs wal_syncs(sqlite3* connection) {
  sqlite3_file* file = wal_of(connection);
  return file == nullptr ? WalSyncs{} : wal(file).syncs;
}

}  // namespace synap::db::sqlite
