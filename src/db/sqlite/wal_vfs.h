// WalVfs: SQLite's own file system layer, with the log of changes (WAL) written in few pieces,
// mostly one a commit.
//
// SQLite writes each page of a commit to the WAL with two calls, a head of 24 bytes and the page,
// and syncs at the end: some 30 calls for the commit of one command, thousands for a large group.
// Nobody reads what was written before the sync (readers learn of a commit's pages from the shared
// index, which SQLite fills after it), so all of it can be kept in memory until then. This layer
// does that for files of the WAL, and passes everything else on to SQLite's layer for Unix.
//
// It is right only where every commit syncs the WAL, and nothing is written behind that sync: with
// `synchronous=FULL`, and a disk that is taken to leave the bytes beside those of a torn write
// alone (SQLITE_FCNTL_POWERSAFE_OVERWRITE; otherwise SQLite fills the last sector after the sync).
// A database that can be made again (SqliteOptions::syncs_commits) does all of that but the sync
// itself, and syncs the WAL before its pages are moved: after a power cut it is whole, and what was
// committed last may be missing.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

struct sqlite3;

namespace synap::db::sqlite {

/// Registers the layer above that of the name `below` ("": SQLite's own for Unix), once, and gives
/// its name for sqlite3_open_v2(). Any thread. Only for the connection that writes, with
/// `checkpoint_fullfsync=ON` where commits are not synced.
const char* wal_vfs(const std::string& below = {}, bool syncs_commits = true);

/// Writes all that is in the WAL once more, as it is, and syncs it. After a sync that failed the
/// system takes what it could not write for written, also for the next process, whose syncs then
/// pass it over. SQLite's code. Of a connection that was opened with wal_vfs(), on its thread,
/// within a transaction that may write.
int write_wal_again(sqlite3* connection);

/// Makes the file of the WAL longer by so many bytes, which are on disk when it returns: a commit
/// that is written over them need not wait for the file's size and blocks to be kept, too. What
/// stands there is no frame, so nobody reads on behind the last one. 0 where the connection has no
/// WAL yet, or one whose commits are not synced; otherwise how long the file is now. SQLite's code
/// in `failed`. Of a connection that was opened with wal_vfs(), on its thread, within a transaction
/// that may write, before its first write.
std::int64_t lengthen_wal(sqlite3* connection, std::int64_t bytes, int& failed);

/// How often the WAL was synced since it was opened, and how long that took.
struct WalSyncs {
  std::int64_t count = 0;
  std::chrono::nanoseconds time{};
};
/// Of a connection that was opened with wal_vfs(), on its thread.
WalSyncs wal_syncs(sqlite3* connection);

/// Whether the paths of the WAL and of its index still name the files that were opened: what is
/// written to others is read again by nobody, and without the same index other processes take no
/// care of this one. Of a connection that was opened with wal_vfs(), on its thread.
bool is_wal_in_place(sqlite3* connection);

/// Whether the WAL holds what its index says: somebody may have cut it off or written over it. If
/// not, the frames that are to be moved into the database are not there. Of a connection that was
/// opened with wal_vfs(), on its thread, outside a transaction.
bool is_wal_whole(sqlite3* connection);

}  // namespace synap::db::sqlite
