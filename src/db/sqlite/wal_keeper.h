// WalKeeper: keeps SQLite's log of changes (WAL) small.
//
// Every commit is appended to the WAL; a checkpoint moves its pages into the file. Once all pages
// are moved and nobody reads from the WAL, the next commit begins again at its front. That is what
// bounds it, so the keeper sees to it that such a moment comes:
//
//   at 1/2 of the bound   a checkpoint beside the readers; mostly the WAL then begins again
//   at 3/4                readers overlapped: new reads are held, the rest is moved, it begins
//                         again
//   at the bound          that did not work (another process reads): writes wait for it, and are
//                         then refused until it does
//   when nobody writes    what is left is moved, and later the file cut down; and the file is made
//                         longer than the WAL, since a commit waits longer for the sync of a file
//                         that grows
//
// The bound is looked at before each transaction. One transaction is bounded by the bytes of a
// group (sqlite_database.cpp); a single closure that writes more than a quarter of the bound can
// pass it by as much.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

#include "base/status.h"
#include "db/readers.h"

namespace synap::db::sqlite {

class Connection;

/// All of it is the writer's thread's, but for wal_bytes(), bytes_max() and checkpoints().
class WalKeeper {
 public:
  struct Options {
    std::int64_t bytes_max;
    /// So long after the last write the file is cut down.
    std::chrono::milliseconds idle_before_truncate;
    /// So long writes wait at the bound before they are refused.
    std::chrono::milliseconds patience;
  };

  /// `writer` is the one connection that commits. Empties what a crash has left in the WAL, or,
  /// where that cannot be, makes sure that it is on disk.
  WalKeeper(Connection& writer, Readers& readers, Options options);
  WalKeeper(const WalKeeper&) = delete;
  WalKeeper& operator=(const WalKeeper&) = delete;

  /// Before a transaction: makes room for it. kServiceUnavailable: there is none.
  std::optional<Error> make_room();
  /// After a transaction.
  void checkpoint_if_large();
  /// When there is something to do if nobody writes until then; and what that is.
  std::optional<std::chrono::milliseconds> idle_work_due() const;
  void do_idle_work();
  /// At the end, when nobody reads any more.
  void close();

  /// True once a sync failed within a checkpoint, or damage was found: nobody knows what is on
  /// disk.
  bool has_disk_failed() const { return has_disk_failed_; }
  const std::optional<Error>& last_error() const { return last_error_; }

  std::int64_t wal_bytes() const;
  std::int64_t bytes_max() const { return options_.bytes_max; }
  std::int64_t checkpoints() const { return checkpoints_.load(std::memory_order_relaxed); }

 private:
  int checkpoint(int mode);
  bool restart(std::chrono::milliseconds patience, int mode);
  void secure_wal();
  void set_pages(int pages);
  bool wants_room_ahead() const;
  void make_room_ahead();
  int unmoved_pages() const { return pages_ - moved_pages_; }

  Connection& writer_;
  Readers& readers_;
  const Options options_;
  const int pages_max_;
  int pages_ = 0;        // in the WAL
  int moved_pages_ = 0;  // of these, so many are in the file already, or could not be moved
  int restart_at_ = 0;   // from so many pages on, readers are held
  std::optional<Error> last_error_;  // of the last checkpoint, if it is not that others read
  bool has_disk_failed_ = false;
  std::atomic<std::int64_t> file_bytes_{0};  // of the file: the most since it was cut
  std::int64_t ahead_refused_at_ = 0;        // how long the file was when there was no more room
  std::atomic<std::int64_t> checkpoints_{0};
};

}  // namespace synap::db::sqlite
