#include "search/index_file.h"

#include "db/sqlite/sqlite_database.h"

namespace synap::search {
namespace {

constexpr std::string_view kState[] = {
    "CREATE TABLE state(one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL, "
    "event BLOB, is_complete INTEGER NOT NULL) STRICT",
    "INSERT INTO state(one, position, is_complete) VALUES (1, 0, 0)"};

}  // namespace

IndexFile::~IndexFile() = default;

Result<std::unique_ptr<db::Engine>> IndexFile::open_database(const std::string& path,
                                                             World& world) {
  auto opened = db::sqlite::SqliteDatabase::open(
      {.path = path,
       .world = world,
       // A look for words that nearly all texts have; what is beyond is ranked within a window.
       .read_time_max = std::chrono::milliseconds(1'000),
       .wal_bytes_max = 64 << 20,
       // It says how far it is, and goes on from there.
       .syncs_commits = false,
       .has_full_text = true,
       .priority = ThreadPriority::kBackground});
  if (!opened) return fail(opened.error());
  return std::unique_ptr<db::Engine>(std::move(*opened));
}

void IndexFile::save(db::Tx& tx, const Checkpoint& checkpoint) {
  tx.run("UPDATE state SET position = $1, event = $2, is_complete = $3", checkpoint.position,
         checkpoint.event, checkpoint.is_complete);
}

Task<Result<>> IndexFile::check_file() {
  auto written = co_await database_->write(db::Lane::kBackground, [](db::Tx&) {});
  if (!written) co_return fail(written.error());
  co_return Result<>{};
}

Task<Result<>> IndexFile::load() {
  auto read = co_await database_->write(db::Lane::kBackground, [this](db::Tx& tx) {
    Checkpoint found;
    {
      auto made = tx.query("SELECT 1 FROM sqlite_master WHERE name = 'state'");
      if (!made.next()) {
        for (const auto statement : tables_) tx.run(statement);
        for (const auto statement : kState) tx.run(statement);
      }
    }
    auto rows = tx.query("SELECT position, event, is_complete FROM state");
    if (!rows.next()) {
      tx.abort({Code::kInternalServerError, "It has no checkpoint", nullptr, Fault::kDamaged});
      return found;
    }
    found.position = rows.integer(0);
    if (!rows.is_null(1)) found.event = rows.uuid(1);
    found.is_complete = rows.integer(2) != 0;
    return found;
  });
  if (!read) co_return fail(read.error());
  checkpoint_ = *read;
  co_return Result<>{};
}

Task<Result<>> IndexFile::forget(std::vector<Uuid> ids, Checkpoint checkpoint) {
  auto written = co_await database_->write(db::Lane::kBackground, [&](db::Tx& tx) {
    for (const auto& id : ids) tx.run("DELETE FROM documents WHERE entity = $1", id);
    save(tx, checkpoint);
  });
  if (!written) co_return fail(written.error());
  checkpoint_ = checkpoint;
  co_return Result<>{};
}

}  // namespace synap::search
