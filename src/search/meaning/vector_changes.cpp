#include "search/meaning/vector_changes.h"

#include "vectors/quantise.h"

namespace synap::search {
namespace {

std::string_view bytes_of(const PieceHash& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

}  // namespace

std::vector<std::string> known_vectors(db::Tx& tx, const std::string& user_id,
                                       std::span<const Piece> pieces) {
  std::vector<std::string> vectors;
  std::int64_t user = 0;
  {
    auto rows = tx.query("SELECT number FROM users WHERE user_id = $1", user_id);
    if (rows.next()) user = rows.integer(0);
  }
  for (const auto& piece : pieces) {
    const db::Blob hash{bytes_of(piece.hash)};
    auto rows = tx.query(
        "SELECT vector FROM passages WHERE \"user\" = $1 AND hash = $2 UNION ALL "
        "SELECT vector FROM made WHERE hash = $2 LIMIT 1",
        user, hash);
    vectors.push_back(rows.next() ? rows.text(0) : std::string());
  }
  return vectors;
}

void keep_aside(db::Tx& tx, const PieceHash& hash, const std::string& vector) {
  tx.run("INSERT INTO made(hash, vector) VALUES ($1, $2) ON CONFLICT DO NOTHING",
         db::Blob{bytes_of(hash)}, db::Blob{vector});
}

std::pair<std::string, Effect> VectorChanges::carry_out(const Change& change,
                                                        const std::vector<Piece>& pieces,
                                                        const std::vector<std::string>& vectors) {
  const auto before = stored(change.id);
  Effect effect{.entity = change.id, .now = {}};
  if (!change.document) {
    if (!before) return {};
    auto user_id = id_of(before->user);
    remove(*before);
    note(before->user, change.id, std::nullopt);
    return {std::move(user_id), std::move(effect)};
  }
  const auto& document = *change.document;
  const auto user = user_of(document.user_id);
  if (before && before->user == user && is_same(*before, pieces, vectors)) {
    if (before->updated_at == document.updated_at) return {};
    tx_.run("UPDATE documents SET updated_at = $2 WHERE number = $1", before->number,
            document.updated_at);
    note(user, change.id, before->number);
    effect.updated_at = document.updated_at;
    return {document.user_id, std::move(effect)};
  }
  if (before) remove(*before);
  if (before && before->user != user) note(before->user, change.id, std::nullopt);
  const auto number = insert(user, document, pieces, vectors);
  note(user, change.id, number);
  effect.now = Vectors{change.id, number, document.updated_at, {}};
  return {document.user_id, std::move(effect)};
}

void VectorChanges::remove_nameless(std::int64_t number, const Uuid& entity) {
  std::optional<Stored> stored;
  {
    auto rows = tx_.query(
        "SELECT number, \"user\", updated_at, \"passages\" FROM documents "
        "WHERE number = $1 AND length(entity) <> 16",
        number);
    if (!rows.next()) return;
    stored = {rows.integer(0), rows.integer(1), rows.integer(2), rows.integer(3)};
  }
  remove(*stored);
  note(stored->user, entity, std::nullopt);
}

std::optional<VectorChanges::Stored> VectorChanges::stored(const Uuid& id) {
  auto rows = tx_.query(
      "SELECT number, \"user\", updated_at, \"passages\" FROM documents WHERE entity = $1", id);
  if (!rows.next()) return std::nullopt;
  return Stored{rows.integer(0), rows.integer(1), rows.integer(2), rows.integer(3)};
}

// And as it should be: one that is damaged is another than what is made of the same text.
bool VectorChanges::is_same(const Stored& stored, const std::vector<Piece>& pieces,
                            const std::vector<std::string>& vectors) {
  if (stored.passages != static_cast<std::int64_t>(pieces.size())) return false;
  auto rows = tx_.query(
      "SELECT part, begin_at, end_at, hash, vector FROM passages WHERE id >= $1 AND id < $2 ORDER "
      "BY id",
      stored.number << kPassageBits, (stored.number + 1) << kPassageBits);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const auto& piece = pieces[i];
    if (!rows.next()) return false;
    const auto dimension = (vectors[i].size() - sizeof(float)) / 2;
    if (rows.integer(0) != static_cast<std::int64_t>(piece.part) ||
        rows.integer(1) != static_cast<std::int64_t>(piece.begin) ||
        rows.integer(2) != static_cast<std::int64_t>(piece.end) ||
        rows.view(3) != bytes_of(piece.hash) ||
        !vectors::unpack_direction(rows.view(4), dimension)) {
      return false;
    }
  }
  return !rows.next();
}

void VectorChanges::remove(const Stored& stored) {
  tx_.run("DELETE FROM passages WHERE id >= $1 AND id < $2", stored.number << kPassageBits,
          (stored.number + 1) << kPassageBits);
  tx_.run("DELETE FROM documents WHERE number = $1", stored.number);
  count(stored.user, -1, -stored.passages);
}

std::int64_t VectorChanges::insert(std::int64_t user, const Document& document,
                                   const std::vector<Piece>& pieces,
                                   const std::vector<std::string>& vectors) {
  const auto passages = static_cast<std::int64_t>(pieces.size());
  std::int64_t number = 0;
  {
    auto rows = tx_.query(
        "INSERT INTO documents(\"user\", entity, updated_at, \"passages\") "
        "VALUES ($1, $2, $3, $4) RETURNING number",
        user, document.id, document.updated_at, passages);
    if (!rows.next()) return 0;
    number = rows.integer(0);
  }
  for (std::int64_t i = 0; i < passages; ++i) {
    const auto& piece = pieces[static_cast<std::size_t>(i)];
    const auto& vector = vectors[static_cast<std::size_t>(i)];
    tx_.run(
        "INSERT INTO passages(id, \"user\", part, begin_at, end_at, hash, vector) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7)",
        number << kPassageBits | i, user, static_cast<int>(piece.part),
        static_cast<std::int64_t>(piece.begin), static_cast<std::int64_t>(piece.end),
        db::Blob{bytes_of(piece.hash)}, db::Blob{vector});
    tx_.run("DELETE FROM made WHERE hash = $1", db::Blob{bytes_of(piece.hash)});
  }
  count(user, 1, passages);
  return number;
}

std::int64_t VectorChanges::user_of(const std::string& user_id) {
  tx_.run(
      "INSERT INTO users(user_id, \"documents\", \"passages\") VALUES ($1, 0, 0) "
      "ON CONFLICT DO NOTHING",
      user_id);
  auto rows = tx_.query("SELECT number FROM users WHERE user_id = $1", user_id);
  return rows.next() ? rows.integer(0) : 0;
}

std::string VectorChanges::id_of(std::int64_t user) {
  auto rows = tx_.query("SELECT user_id FROM users WHERE number = $1", user);
  return rows.next() ? rows.text(0) : std::string();
}

void VectorChanges::count(std::int64_t user, std::int64_t documents, std::int64_t passages) {
  tx_.run(
      "UPDATE users SET \"documents\" = \"documents\" + $2, \"passages\" = \"passages\" + $3 "
      "WHERE number = $1",
      user, documents, passages);
}

}  // namespace synap::search
