#include "search/index.h"

#include <fmt/format.h>

#include "db/sqlite/sqlite_database.h"
#include "search/changes.h"

namespace synap::search {
namespace {

constexpr std::string_view kTables[] = {
    "CREATE TABLE documents(place INTEGER PRIMARY KEY, user INTEGER NOT NULL, "
    "entity BLOB NOT NULL UNIQUE, type TEXT NOT NULL, title TEXT NOT NULL, "
    "title_key TEXT NOT NULL, text TEXT NOT NULL, tags TEXT NOT NULL, others TEXT NOT NULL, "
    "fields TEXT NOT NULL, language INTEGER NOT NULL, updated_at INTEGER NOT NULL) STRICT",
    "CREATE INDEX documents_by_title ON documents(user, title_key, place)",
    "CREATE VIRTUAL TABLE terms USING fts5(title, text, tags, others, keys, content='', "
    "tokenize='given_terms')",
    "CREATE VIRTUAL TABLE vocabulary USING fts5vocab(terms, row)",
    "CREATE TABLE users(number INTEGER PRIMARY KEY, user_id TEXT NOT NULL UNIQUE, "
    "last INTEGER NOT NULL, documents INTEGER NOT NULL, title INTEGER NOT NULL, "
    "text INTEGER NOT NULL, tags INTEGER NOT NULL, others INTEGER NOT NULL) STRICT",
    "CREATE TABLE languages(user INTEGER NOT NULL, language INTEGER NOT NULL, "
    "documents INTEGER NOT NULL, PRIMARY KEY(user, language)) STRICT, WITHOUT ROWID",
    "CREATE TABLE state(one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL, "
    "event BLOB, is_complete INTEGER NOT NULL) STRICT",
    "INSERT INTO state(one, position, is_complete) VALUES (1, 0, 0)"};

void save(db::Tx& tx, const Checkpoint& checkpoint) {
  tx.run("UPDATE state SET position = $1, event = $2, is_complete = $3", checkpoint.position,
         checkpoint.event, checkpoint.is_complete);
}

}  // namespace

Index::~Index() = default;

Result<std::unique_ptr<Index>> Index::open(const std::string& path, World& world) {
  auto opened = db::sqlite::SqliteDatabase::open(
      {.path = path,
       .world = world,
       // A look for words that nearly all texts have; what is beyond is ranked within a window.
       .read_time_max = std::chrono::milliseconds(1'000),
       .wal_bytes_max = 64 << 20,
       .has_full_text = true,
       .priority = ThreadPriority::kBackground});
  if (!opened) return fail(opened.error());
  return std::unique_ptr<Index>(new Index(std::move(*opened)));
}

Task<Result<>> Index::load() {
  auto read = co_await database_->write(db::Lane::kBackground, [](db::Tx& tx) {
    Checkpoint found;
    {
      auto made = tx.query("SELECT 1 FROM sqlite_master WHERE name = 'state'");
      if (!made.next()) {
        for (const auto statement : kTables) tx.run(statement);
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

Task<Result<>> Index::apply(std::vector<Change> changes, Checkpoint checkpoint) {
  auto written = co_await database_->write(db::Lane::kBackground, [&](db::Tx& tx) {
    Changes all(tx, analyzer_);
    for (const auto& change : changes) {
      if (!tx.ok()) return;
      all.carry_out(change);
    }
    save(tx, checkpoint);
  });
  if (!written) co_return fail(written.error());
  checkpoint_ = checkpoint;
  co_return Result<>{};
}

Task<Result<>> Index::forget(std::vector<Uuid> ids, Checkpoint checkpoint) {
  auto written = co_await database_->write(db::Lane::kBackground, [&](db::Tx& tx) {
    for (const auto& id : ids) tx.run("DELETE FROM documents WHERE entity = $1", id);
    save(tx, checkpoint);
  });
  if (!written) co_return fail(written.error());
  checkpoint_ = checkpoint;
  co_return Result<>{};
}

}  // namespace synap::search
