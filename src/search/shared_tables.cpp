#include "search/shared_tables.h"

#include <fmt/format.h>

#include <algorithm>

namespace synap::search {
namespace {

// Whoever answers from an index that was replaced knows that by then, and has read what he reads.
constexpr std::chrono::milliseconds kRetiredFor(5'000);

constexpr std::string_view kState[] = {
    "CREATE TABLE state(one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL, "
    "event BLOB, is_complete INTEGER NOT NULL, writer INTEGER NOT NULL)",
    "INSERT INTO state(one, position, is_complete, writer) VALUES (1, 0, 0, 0)"};

std::vector<std::string> tables_of(const SharedFamily& family) {
  std::vector<std::string> tables(family.tables.begin(), family.tables.end());
  tables.emplace_back("state");
  return tables;
}

Error damaged(std::string_view what) {
  return {Code::kInternalServerError, std::string(what), nullptr, Fault::kDamaged};
}

std::optional<Checkpoint> checkpoint_in(db::Tx& tx) {
  auto rows = tx.query("SELECT position, event, is_complete FROM state");
  if (!rows.next()) return std::nullopt;
  Checkpoint found{.position = rows.integer(0), .is_complete = rows.integer(2) != 0};
  if (!rows.is_null(1)) found.event = rows.uuid(1);
  return found;
}

}  // namespace

db::TableNames SharedTables::names() const {
  auto names = tables_of(family_);
  names.insert(names.end(), family_.indexes.begin(), family_.indexes.end());
  names.insert(names.end(), family_.beside.begin(), family_.beside.end());
  return {std::move(names), "_" + name_};
}

std::unique_ptr<SharedTables::InTx> SharedTables::to_read_in(db::Tx& tx) const {
  tx.run("SET LOCAL enable_seqscan = off");
  return std::make_unique<InTx>(tx, names());
}

// How many of its tables are there.
std::size_t SharedTables::count(db::Tx& tx) const {
  std::string all;
  for (const auto& table : tables_of(family_)) {
    all += fmt::format("{}{}_{}", all.empty() ? "" : " ", table, name_);
  }
  auto rows = tx.query(
      "SELECT count(*) FROM sqlite_master WHERE name = ANY(string_to_array($1, ' '))", all);
  return rows.next() ? static_cast<std::size_t>(rows.integer(0)) : 0;
}

Task<Result<Checkpoint>> SharedTables::load(db::Database& database) {
  struct Loaded {
    Checkpoint checkpoint;
    std::int64_t writer = 0;
  };
  auto loaded = co_await database.write(db::Lane::kBackground, [&](db::Tx& tx) {
    Loaded found;
    const auto there = count(tx);
    const auto with = in(tx);
    if (there == 0) {
      remove(tx);
      for (const auto statement : family_.statements) tx.run(statement);
      for (const auto statement : kState) tx.run(statement);
    } else if (there <= family_.tables.size()) {
      tx.abort(damaged("Some of its tables are missing"));
      return found;
    }
    auto written = tx.query("UPDATE state SET writer = writer + 1 RETURNING writer");
    if (written.next()) found.writer = written.integer(0);
    const auto checkpoint = checkpoint_in(tx);
    if (!checkpoint && tx.ok()) tx.abort(damaged("It has no checkpoint"));
    found.checkpoint = checkpoint.value_or(Checkpoint{});
    return found;
  });
  if (!loaded) co_return fail(loaded.error());
  writer_ = loaded->writer;
  co_return loaded->checkpoint;
}

void SharedTables::keep(db::Tx& tx, const Checkpoint& checkpoint) const {
  tx.run_one({Code::kServiceUnavailable, "Another node writes it now", nullptr, Fault::kBusy},
             "UPDATE state SET position = $1, event = $2, is_complete = $3 WHERE writer = $4",
             checkpoint.position, checkpoint.event, checkpoint.is_complete, writer_);
}

void SharedTables::stay(db::Tx& tx) const {
  tx.run_one({Code::kServiceUnavailable, "Another node writes it now", nullptr, Fault::kBusy},
             "UPDATE state SET writer = writer WHERE writer = $1", writer_);
}

// A statement about a table that is not there is a mistake as any other, as far as the database
// knows.
Task<Error> SharedTables::read_failed(db::Database& database, Error error) const {
  if (error.code != Code::kInternalServerError || error.fault == Fault::kDamaged) co_return error;
  const auto whole = co_await database.read([&](db::Tx& tx) { return are_whole(tx); });
  co_return whole && !*whole ? damaged("Some of its tables are missing") : error;
}

std::optional<Checkpoint> SharedTables::checkpoint(db::Tx& tx) const {
  if (!are_whole(tx)) return std::nullopt;
  const auto with = in(tx);
  return checkpoint_in(tx);
}

void SharedTables::retire(db::Tx& tx) const {
  if (are_whole(tx)) tx.run(fmt::format("DELETE FROM state_{}", name_));
}

void SharedTables::remove(db::Tx& tx) const {
  for (const auto& table : tables_of(family_)) {
    tx.run(fmt::format("DROP TABLE IF EXISTS {}_{}", table, name_));
  }
  for (const auto table : family_.beside) {
    tx.run(fmt::format("DROP TABLE IF EXISTS {}_{}", table, name_));
  }
}

std::string SharedPlace::name_of(std::string_view version) const {
  return fmt::format("{}{}", options_.family.prefix, version);
}

bool SharedPlace::is_readable(const std::string& name) const {
  return name.starts_with(options_.family.prefix);
}

Task<Result<>> SharedPlace::prepare() {
  co_return Result<>{};
}

Task<Result<std::vector<std::string>>> SharedPlace::names() {
  co_return co_await options_.engine->read([this](db::Tx& tx) {
    // By any of its tables: what is left of one is removed like a whole one.
    std::vector<std::string> all;
    const auto tables = tables_of(options_.family);
    auto rows =
        tx.query("SELECT name FROM sqlite_master WHERE strpos(name, $1) > 0", options_.family.name);
    while (rows.next()) {
      const auto table = rows.text(0);
      for (const auto& known : tables) {
        const auto beginning = fmt::format("{}_{}", known, options_.family.name);
        if (table.starts_with(beginning)) all.push_back(table.substr(known.size() + 1));
      }
    }
    std::ranges::sort(all);
    all.erase(std::ranges::unique(all).begin(), all.end());
    return all;
  });
}

Result<std::unique_ptr<IndexFile>> SharedPlace::open(const std::string& name) {
  return options_.open(name);
}

Task<Result<>> SharedPlace::remove(std::string name) {
  std::erase_if(retired_, [&](const Retired& one) { return one.name == name; });
  co_return co_await options_.engine->write(
      db::Lane::kBackground, [&](db::Tx& tx) { SharedTables(options_.family, name).remove(tx); });
}

Task<Result<>> SharedPlace::retire(std::string name) {
  if (std::ranges::find(retired_, name, &Retired::name) != retired_.end()) co_return Result<>{};
  auto done = co_await options_.engine->write(
      db::Lane::kBackground, [&](db::Tx& tx) { SharedTables(options_.family, name).retire(tx); });
  retired_.push_back({std::move(name), options_.world.now()});
  co_return done;
}

Task<Result<>> SharedPlace::tidy() {
  while (!retired_.empty() && retired_.front().at + kRetiredFor <= options_.world.now()) {
    if (auto done = co_await remove(std::string(retired_.front().name)); !done) co_return done;
  }
  co_return Result<>{};
}

Task<Result<std::optional<Checkpoint>>> SharedPlace::checkpoint_of(std::string name) {
  co_return co_await options_.engine->read(
      [&](db::Tx& tx) { return SharedTables(options_.family, name).checkpoint(tx); });
}

}  // namespace synap::search
