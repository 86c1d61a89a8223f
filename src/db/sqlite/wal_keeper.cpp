#include "db/sqlite/wal_keeper.h"

#include <sqlite3.h>

#include <algorithm>

#include "db/sqlite/connection.h"
#include "db/sqlite/wal_vfs.h"

namespace synap::db::sqlite {
namespace {

// A page with its head, and the head of the file.
constexpr std::int64_t kFrameBytes = 4096 + 24;
constexpr std::int64_t kHeadBytes = 32;

// Nobody waits: a good moment to move pages, unless somebody comes in the next moment. Fewer than
// these are not worth two syncs.
constexpr int kIdleCheckpointPages = 500;
constexpr std::chrono::milliseconds kIdleBeforeCheckpoint{200};
// A file below this part of the bound is left as it is: one that exists is written faster.
constexpr int kKeptPart = 32;
// What is written while nobody waits, so that commits find a file that is long enough: so much at a
// time, for whoever comes in that moment waits for it (2 ms here, where 4 MiB take 14), when less
// than the other is left. A note takes some 80 KiB.
constexpr std::int64_t kAheadBytes = 512 << 10;
constexpr std::int64_t kAheadBytesMin = 256 << 10;
constexpr std::chrono::milliseconds kIdleBeforeAhead{5};
// While there is still room, readers are not held again before so much more was written.
constexpr int kRestartStepPart = 32;

}  // namespace

WalKeeper::WalKeeper(Connection& writer, Readers& readers, Options options)
    : writer_(writer),
      readers_(readers),
      options_(options),
      pages_max_(static_cast<int>(std::max<std::int64_t>(options.bytes_max / kFrameBytes, 64))),
      restart_at_(pages_max_ / 4 * 3) {
  // Whoever reads now is another process, which may read for long: then the WAL stays for now.
  sqlite3_busy_timeout(writer_.handle(), 0);
  int pages = 0;
  const int code = sqlite3_wal_checkpoint_v2(writer_.handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE,
                                             &pages, nullptr);
  sqlite3_busy_timeout(writer_.handle(), Connection::kBusyTimeoutMs);
  if (code != SQLITE_OK) secure_wal();
  if (code != SQLITE_OK && pages > 0) set_pages(pages);
  sqlite3_wal_hook(
      writer_.handle(),
      [](void* self, sqlite3*, const char*, int now) {
        static_cast<WalKeeper*>(self)->set_pages(now);
        return SQLITE_OK;
      },
      this);
}

// What the WAL has from before stays for now, and commits will stand behind it. An earlier process
// may have failed to sync it and been killed before the power went: then it is there to be read and
// not on disk, and what stands behind it would be lost with it.
void WalKeeper::secure_wal() {
  int code = sqlite3_exec(writer_.handle(), "BEGIN IMMEDIATE", nullptr, nullptr, nullptr);
  if (code == SQLITE_OK) {
    code = write_wal_again(writer_.handle());
    sqlite3_exec(writer_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
  if (code == SQLITE_OK) return;
  last_error_ = error_of(code, "securing the log of changes at the start");
  has_disk_failed_ = true;
}

void WalKeeper::set_pages(int pages) {
  if (pages < pages_) {
    // It has begun again from its front.
    moved_pages_ = 0;
    restart_at_ = pages_max_ / 4 * 3;
  }
  pages_ = pages;
  const auto bytes = pages == 0 ? 0 : kHeadBytes + pages * kFrameBytes;
  if (bytes > wal_bytes()) file_bytes_ = bytes;
}

std::int64_t WalKeeper::wal_bytes() const {
  return file_bytes_.load(std::memory_order_relaxed);
}

bool WalKeeper::wants_room_ahead() const {
  const auto bytes = wal_bytes();
  const auto used = kHeadBytes + pages_ * kFrameBytes;
  return bytes > ahead_refused_at_ && bytes - used < kAheadBytesMin &&
         bytes + kAheadBytes <= options_.bytes_max;
}

void WalKeeper::make_room_ahead() {
  // Not again before the file is longer: commits do without, and say themselves what is wrong.
  ahead_refused_at_ = wal_bytes();
  // Nobody is waited for who writes from another process.
  sqlite3_busy_timeout(writer_.handle(), 0);
  int code = sqlite3_exec(writer_.handle(), "BEGIN IMMEDIATE", nullptr, nullptr, nullptr);
  sqlite3_busy_timeout(writer_.handle(), Connection::kBusyTimeoutMs);
  if (code != SQLITE_OK) return;
  std::int64_t bytes = 0;
  // One that was cut off would be long enough again, for whoever looks at it next.
  if (is_wal_in_place(writer_.handle()) && is_wal_whole(writer_.handle())) {
    bytes = lengthen_wal(writer_.handle(), kAheadBytes, code);
  }
  sqlite3_exec(writer_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
  if (bytes > wal_bytes()) file_bytes_ = bytes;
  if (code == SQLITE_OK && bytes > 0) ahead_refused_at_ = 0;
}

std::optional<Error> WalKeeper::make_room() {
  if (has_disk_failed_) return last_error_;
  if (pages_ < restart_at_) return std::nullopt;
  // Most of it first, while everybody may read; then what is left takes a few milliseconds.
  if (unmoved_pages() >= kIdleCheckpointPages) checkpoint(SQLITE_CHECKPOINT_PASSIVE);
  const bool is_full = pages_ >= pages_max_;
  if (restart(is_full ? options_.patience : std::chrono::milliseconds(0),
              SQLITE_CHECKPOINT_RESTART)) {
    return std::nullopt;
  }
  if (is_full) {
    if (last_error_) return last_error_;
    return Error{Code::kServiceUnavailable,
                 "The database is busy: what was written cannot be moved while others read it",
                 nullptr, Fault::kBusy};
  }
  restart_at_ = std::min(pages_ + pages_max_ / kRestartStepPart, pages_max_);
  return std::nullopt;
}

// True if the WAL begins again from its front.
bool WalKeeper::restart(std::chrono::milliseconds patience, int mode) {
  // A read of this process ends soon (SqliteOptions::read_time_max); only whoever blocks in a
  // closure does not.
  constexpr std::chrono::milliseconds kReadersPatience{500};
  last_error_.reset();
  Readers::Hold hold(readers_);
  if (!hold.begin(mode == SQLITE_CHECKPOINT_TRUNCATE ? patience
                                                     : std::max(patience, kReadersPatience))) {
    return false;
  }
  sqlite3_busy_timeout(writer_.handle(), static_cast<int>(patience.count()));
  const int code = checkpoint(mode);
  sqlite3_busy_timeout(writer_.handle(), Connection::kBusyTimeoutMs);
  if (code != SQLITE_OK) return false;
  set_pages(0);
  if (mode == SQLITE_CHECKPOINT_TRUNCATE) {
    file_bytes_ = 0;
    ahead_refused_at_ = 0;
  }
  return true;
}

void WalKeeper::checkpoint_if_large() {
  if (unmoved_pages() >= pages_max_ / 2) checkpoint(SQLITE_CHECKPOINT_PASSIVE);
}

int WalKeeper::checkpoint(int mode) {
  if (!is_wal_whole(writer_.handle())) {
    // Pages of nothing would be moved into the database. The commits say why they are refused.
    moved_pages_ = pages_;
    return SQLITE_BUSY;
  }
  const int code = sqlite3_wal_checkpoint_v2(writer_.handle(), nullptr, mode, nullptr, nullptr);
  checkpoints_.fetch_add(1, std::memory_order_relaxed);
  // A reader can keep pages from being moved: counted as moved all the same, so that this is not
  // tried again with every commit.
  moved_pages_ = pages_;
  last_error_.reset();
  if (code != SQLITE_OK && code != SQLITE_BUSY) {
    const int extended = sqlite3_extended_errcode(writer_.handle());
    last_error_ = error_of(extended, "a checkpoint");
    has_disk_failed_ = has_disk_failed_ || leaves_disk_unknown(extended);
  }
  return code;
}

std::optional<std::chrono::milliseconds> WalKeeper::idle_work_due() const {
  if (has_disk_failed_) return std::nullopt;
  if (wants_room_ahead()) return kIdleBeforeAhead;
  if (unmoved_pages() >= kIdleCheckpointPages) return kIdleBeforeCheckpoint;
  if (wal_bytes() > std::max<std::int64_t>(options_.bytes_max / kKeptPart, kFrameBytes)) {
    return options_.idle_before_truncate;
  }
  return std::nullopt;
}

void WalKeeper::do_idle_work() {
  if (wants_room_ahead()) {
    make_room_ahead();
  } else if (unmoved_pages() >= kIdleCheckpointPages) {
    checkpoint(SQLITE_CHECKPOINT_PASSIVE);
  } else {
    // If somebody reads just now, then another time.
    restart(std::chrono::milliseconds(0), SQLITE_CHECKPOINT_TRUNCATE);
  }
}

void WalKeeper::close() {
  if (has_disk_failed_ || !is_wal_whole(writer_.handle())) return;
  sqlite3_wal_checkpoint_v2(writer_.handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr,
                            nullptr);
}

}  // namespace synap::db::sqlite
