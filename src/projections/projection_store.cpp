#include "projections/projection_store.h"

namespace synap::projections::store {
namespace {

constexpr std::string_view kTables = R"(
CREATE TABLE projections(
  name TEXT PRIMARY KEY,
  version TEXT NOT NULL,
  layout TEXT NOT NULL,
  position INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  error TEXT NOT NULL,
  second_purpose TEXT,
  second_version TEXT,
  second_position INTEGER
) STRICT, WITHOUT ROWID;

-- Tables that nobody reads any more and that are being emptied, piece by piece.
CREATE TABLE projection_leftovers(
  name TEXT PRIMARY KEY,
  key TEXT NOT NULL
) STRICT, WITHOUT ROWID;
)";

constexpr std::string_view kRebuild = "rebuild";
constexpr std::string_view kVerify = "verify";

}  // namespace

std::vector<db::Database::Migration> migrations() {
  return {{"projections.1", kTables}};
}

std::optional<Kept> find(db::Tx& tx, const std::string& name) {
  auto rows = tx.query(
      "SELECT version, layout, position, generation, error, second_purpose, second_version, "
      "second_position FROM projections WHERE name = $1",
      name);
  if (!rows.next()) return std::nullopt;
  Kept kept{name, rows.text(0), rows.text(1), rows.integer(2), rows.integer(3), rows.text(4), {}};
  if (!rows.is_null(5)) {
    kept.second = {rows.view(5) == kRebuild ? Purpose::kRebuild : Purpose::kVerify, rows.text(6),
                   rows.integer(7)};
  }
  return kept;
}

void put(db::Tx& tx, const Kept& kept) {
  std::optional<std::string_view> purpose;
  std::optional<std::string_view> version;
  std::optional<std::int64_t> position;
  if (kept.second) {
    purpose = kept.second->purpose == Purpose::kRebuild ? kRebuild : kVerify;
    version = kept.second->version;
    position = kept.second->position;
  }
  tx.run(
      "INSERT INTO projections(name, version, layout, position, generation, error, "
      "second_purpose, second_version, second_position) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, "
      "$9) ON CONFLICT(name) DO UPDATE SET version = $2, layout = $3, position = $4, "
      "generation = $5, error = $6, second_purpose = $7, second_version = $8, "
      "second_position = $9",
      kept.name, kept.version, kept.layout, kept.position, kept.generation, kept.error, purpose,
      version, position);
}

void set_position(db::Tx& tx, const std::string& name, std::int64_t position) {
  tx.run("UPDATE projections SET position = $2 WHERE name = $1", name, position);
}

void raise_position(db::Tx& tx, const std::string& name, std::int64_t position) {
  tx.run("UPDATE projections SET position = $2 WHERE name = $1 AND position < $2", name, position);
}

void set_second_position(db::Tx& tx, const std::string& name, std::int64_t position) {
  tx.run("UPDATE projections SET second_position = $2 WHERE name = $1", name, position);
}

void set_error(db::Tx& tx, const std::string& name, const std::string& error) {
  tx.run("UPDATE projections SET error = $2 WHERE name = $1", name, error);
}

}  // namespace synap::projections::store
