// Values of a thread that no checkpoint has any more.
#include <fmt/format.h>

#include <set>

#include "features/checkpoints/thread_store.h"

namespace synap::features::checkpoints {
namespace {

constexpr int kRowsMax = 500;  // that a read looks at before others have their turn
constexpr std::size_t kSliceMax = 200;
constexpr int kRoundsMax = 5;

using Version = std::pair<std::string, std::string>;  // a channel's

// By which it is seen whether anybody has changed the thread.
struct Mark {
  std::int64_t updated_at = 0;
  std::int64_t bytes = 0;
};

class Sweep {
 public:
  Sweep(db::Database& database, Uuid thread, std::string ns)
      : database_(database), thread_(thread), ns_(std::move(ns)) {}

  Task<Result<>> run() {
    for (int round = 0; round < kRoundsMax; ++round) {
      auto is_there = co_await database_.read([&](db::Tx& tx) { return look(tx); });
      if (!is_there) co_return fail(is_there.error());
      if (!*is_there) break;
      if (auto read = co_await find_used(); !read) co_return read;
      if (auto read = co_await find_unused(); !read) co_return read;
      auto is_done = co_await remove();
      if (!is_done) co_return fail(is_done.error());
      if (*is_done) break;
    }
    co_return Result<>{};
  }

 private:
  bool look(db::Tx& tx) {
    auto rows = tx.query("SELECT updated_at, bytes FROM graph_threads_data WHERE id = $1", thread_);
    if (!rows.next()) return false;
    mark_ = {rows.integer(0), rows.integer(1)};
    return true;
  }

  Task<Result<>> find_used() {
    used_.clear();
    std::string last;
    for (int shown = kRowsMax; shown == kRowsMax;) {
      shown = 0;
      auto read = co_await database_.read([&](db::Tx& tx) {
        auto rows = tx.query(
            "SELECT id, versions FROM checkpoints_data WHERE thread = $1 AND ns = $2 AND id > $3 "
            "ORDER BY id LIMIT $4",
            thread_, ns_, last, kRowsMax);
        for (; rows.next(); ++shown) {
          last = rows.text(0);
          for (auto& version : versions_of(rows.view(1))) used_.insert(version);
        }
      });
      if (!read) co_return read;
    }
    co_return Result<>{};
  }

  Task<Result<>> find_unused() {
    unused_.clear();
    Version last;
    for (int shown = kRowsMax; shown == kRowsMax;) {
      shown = 0;
      auto read = co_await database_.read([&](db::Tx& tx) {
        auto rows = tx.query(
            "SELECT channel, version FROM checkpoint_values_data WHERE thread = $1 AND ns = $2 AND "
            "(channel, version) > ($3, $4) ORDER BY channel, version LIMIT $5",
            thread_, ns_, last.first, last.second, kRowsMax);
        for (; rows.next(); ++shown) {
          last = {rows.text(0), rows.text(1)};
          if (!used_.contains(last)) unused_.push_back(last);
        }
      });
      if (!read) co_return read;
    }
    co_return Result<>{};
  }

  // False: the thread is another since it was looked at.
  Task<Result<bool>> remove() {
    for (std::size_t next = 0; next < unused_.size(); next += kSliceMax) {
      auto removed = co_await database_.write(db::Lane::kBackground,
                                              [&](db::Tx& tx) { return remove_slice(tx, next); });
      if (!removed || !*removed) co_return removed;
    }
    co_return true;
  }

  bool remove_slice(db::Tx& tx, std::size_t next) {
    {
      auto rows = tx.query(
          "SELECT 1 FROM graph_threads_data WHERE id = $1 AND updated_at = $2 AND bytes = $3",
          thread_, mark_.updated_at, mark_.bytes);
      if (!rows.next()) return false;
    }
    std::int64_t bytes = 0;
    const auto sql = fmt::format(
        "DELETE FROM checkpoint_values_data WHERE thread = $1 AND ns = $2 AND channel = $3 AND "
        "version = $4 RETURNING {}",
        kBytes);
    for (auto i = next; i < std::min(next + kSliceMax, unused_.size()); ++i) {
      bytes += sum_of(tx.query(sql, thread_, ns_, unused_[i].first, unused_[i].second));
    }
    tx.run("UPDATE graph_threads_data SET bytes = bytes - $2 WHERE id = $1", thread_, bytes);
    mark_.bytes -= bytes;
    return true;
  }

  db::Database& database_;
  const Uuid thread_;
  const std::string ns_;
  Mark mark_;
  std::set<Version> used_;
  std::vector<Version> unused_;
};

}  // namespace

Task<Result<>> remove_unused_values(db::Database& database, Uuid thread, std::string ns) {
  co_return co_await Sweep(database, thread, std::move(ns)).run();
}

}  // namespace synap::features::checkpoints
