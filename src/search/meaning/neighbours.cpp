#include "search/meaning/neighbours.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <charconv>

#include "base/crypto.h"

namespace synap::search {
namespace {

// What an HNSW of pgvector takes.
constexpr std::size_t kVectorMax = 2'000;
constexpr std::size_t kHalfMax = 4'000;
// So many are looked at before it is given up to find more that pass a filter.
constexpr std::int64_t kScannedMax = 20'000;
// Candidates that are kept while it is gone through: the more, the surer is what is found.
constexpr std::int64_t kEffort = 400;
// Passages that a background is taken from, at most.
constexpr std::int64_t kSample = 4'000;

// Parts of the table $1; and whether what finds the nearest is there, which the vectors are, too,
// then.
constexpr std::string_view kParts =
    "pg_inherits JOIN pg_class AS part ON part.oid = inhrelid WHERE inhparent = to_regclass($1)";
constexpr std::string_view kIsNearest =
    "EXISTS (SELECT 1 FROM pg_index JOIN pg_class AS nearest ON nearest.oid = indexrelid "
    "JOIN pg_am ON pg_am.oid = nearest.relam "
    "WHERE indrelid = part.oid AND amname = 'hnsw' AND indisvalid)";

// As pgvector reads it.
std::string text_of(std::span<const float> vector) {
  std::string text = "[";
  char digits[32];
  for (const float value : vector) {
    if (text.size() > 1) text += ',';
    const auto end = std::to_chars(std::begin(digits), std::end(digits), value).ptr;
    text.append(digits, end);
  }
  return text + "]";
}

// How often a coin that is tossed for each passage shows heads before it shows tails.
int level_of(std::int64_t id) {
  auto hash = static_cast<std::uint64_t>(id);
  hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9ULL;  // SplitMix64
  hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EBULL;
  return std::countr_zero((hash ^ (hash >> 31)) | (std::uint64_t{1} << 62));
}

template <class Ids>
std::string listed(const Ids& ids) {
  std::string all;
  for (const Uuid& id : ids) {
    if (!all.empty()) all += ' ';
    const auto raw = id.raw();
    all += to_hex(reinterpret_cast<const std::uint8_t*>(raw.data()), raw.size());
  }
  return all;
}

}  // namespace

std::optional<VectorTypes> vector_types_in(db::Tx& tx) {
  auto rows = tx.query(
      "SELECT quote_ident(space.nspname), extversion FROM pg_extension "
      "JOIN pg_namespace AS space ON space.oid = extnamespace "
      "WHERE extname = 'vector' AND has_schema_privilege(space.oid, 'USAGE')");
  if (!rows.next()) return std::nullopt;
  VectorTypes types{.schema = rows.text(0), .version = rows.text(1)};
  int major = 0;
  int minor = 0;
  const auto* const end = types.version.data() + types.version.size();
  const auto dot = std::from_chars(types.version.data(), end, major).ptr;
  if (dot != end) std::from_chars(dot + 1, end, minor);
  types.has_iterative_scans = major > 0 || minor >= 8;
  return types;
}

std::string Neighbours::why_not(const std::optional<VectorTypes>& types) const {
  if (!types) return "the database has no pgvector";
  if (!types->has_iterative_scans) {
    return fmt::format("the database has pgvector {}, and 0.8 is needed", types->version);
  }
  if (dimension_ > kHalfMax) {
    return fmt::format("pgvector has no index of more than {} dimensions", kHalfMax);
  }
  return "";
}

std::string Neighbours::type(const VectorTypes& types) const {
  return fmt::format("{}.{}({})", types.schema, dimension_ > kVectorMax ? "halfvec" : "vector",
                     dimension_);
}

std::string Neighbours::distance(const VectorTypes& types) const {
  return fmt::format("(vector OPERATOR({}.<=>) CAST($1::text AS {}))", types.schema, type(types));
}

std::string Neighbours::part_of(std::int64_t user) const {
  return fmt::format("neighbours_{}_{}", name_, user);
}

Neighbours::State Neighbours::state(db::Tx& tx) const {
  const auto whole = "neighbours_" + name_;
  auto rows = tx.query(
      "SELECT to_regclass($1) IS NOT NULL, (SELECT count(*) FROM pg_attribute "
      "WHERE attrelid = to_regclass($1) AND NOT attisdropped AND attname IN "
      "('user', 'entity', 'id', 'updated_at', 'level', 'vector'))",
      whole);
  if (!rows.next() || rows.integer(0) == 0) return State::kNone;
  return rows.integer(1) == 6 ? State::kWhole : State::kBroken;
}

bool Neighbours::has_part(db::Tx& tx, std::int64_t user) const {
  const auto whole = "neighbours_" + name_;
  const auto part = part_of(user);
  auto rows =
      tx.query(fmt::format("SELECT {} FROM {} AND part.oid = to_regclass($2)", kIsNearest, kParts),
               whole, part);
  return rows.next() && rows.integer(0) != 0;
}

std::map<std::int64_t, bool> Neighbours::parts(db::Tx& tx) const {
  std::map<std::int64_t, bool> all;
  const auto whole = "neighbours_" + name_;
  const auto beginning = whole + "_";
  auto rows = tx.query(fmt::format("SELECT part.relname, {} FROM {}", kIsNearest, kParts), whole);
  while (rows.next()) {
    const auto part = rows.text(0);
    if (!part.starts_with(beginning)) continue;
    std::int64_t user = 0;
    const auto* const end = part.data() + part.size();
    if (std::from_chars(part.data() + beginning.size(), end, user).ptr != end) continue;
    all.emplace(user, rows.integer(1) != 0);
  }
  return all;
}

void Neighbours::make(db::Tx& tx, const VectorTypes& types, std::int64_t user) const {
  tx.run(
      fmt::format("CREATE TABLE IF NOT EXISTS neighbours_{}(\"user\" INTEGER NOT NULL, "
                  "entity BLOB NOT NULL, id INTEGER NOT NULL, updated_at INTEGER NOT NULL, "
                  "level INTEGER NOT NULL, vector {} NOT NULL) PARTITION BY LIST (\"user\")",
                  name_, type(types)));
  const auto part = part_of(user);
  remove(tx, user);
  tx.run(fmt::format("CREATE TABLE {} PARTITION OF neighbours_{} FOR VALUES IN ({})", part, name_,
                     user));
  tx.run(fmt::format("CREATE INDEX {0}_by_entity ON {0}(entity)", part));
  tx.run(fmt::format("CREATE INDEX {0}_by_level ON {0}(level)", part));
}

// In memory that it is given, or it is made row by row as if it were filled so. A graph takes some
// hundred bytes a row, beside the vector.
void Neighbours::finish(db::Tx& tx, const VectorTypes& types, std::int64_t user,
                        std::int64_t passages, bool is_alone) const {
  constexpr std::int64_t kGraphBytes = 1'200;
  constexpr std::int64_t kMiB = 1 << 20;
  constexpr std::int64_t kMostMiB = 2'000;
  const auto value = dimension_ > kVectorMax ? 2 : sizeof(float);
  const auto bytes = passages * (kGraphBytes + static_cast<std::int64_t>(value * dimension_));
  tx.run(fmt::format("SET LOCAL maintenance_work_mem = '{}MB'",
                     std::clamp<std::int64_t>(bytes * 5 / 4 / kMiB, 64, kMostMiB)));
  if (is_alone) tx.run("SET LOCAL max_parallel_maintenance_workers = 0");
  tx.run(
      fmt::format("CREATE INDEX IF NOT EXISTS {0}_nearest ON {0} "
                  "USING hnsw (vector {1}.{2}_cosine_ops)",
                  part_of(user), types.schema, dimension_ > kVectorMax ? "halfvec" : "vector"));
}

void Neighbours::remove(db::Tx& tx, std::int64_t user) const {
  tx.run(fmt::format("DROP TABLE IF EXISTS {}", part_of(user)));
}

void Neighbours::remove(db::Tx& tx) const {
  tx.run(fmt::format("DROP TABLE IF EXISTS neighbours_{}", name_));
}

void Neighbours::carry_out(db::Tx& tx, const VectorTypes& types, std::int64_t user,
                           const std::vector<Effect>& effects) const {
  std::vector<Uuid> things;
  std::vector<Some> all;
  for (const auto& effect : effects) {
    things.push_back(effect.entity);
    if (effect.now) all.push_back({*effect.now, effect.now->number << kPassageBits});
  }
  const auto gone = listed(things);
  tx.run(fmt::format("DELETE FROM neighbours_{} WHERE \"user\" = $1 AND entity IN "
                     "(SELECT decode(one, 'hex') FROM unnest(string_to_array($2, ' ')) AS one)",
                     name_),
         user, gone);
  add(tx, types, user, all);
}

// A statement for all of them: one for each waited for the server as often.
void Neighbours::add(db::Tx& tx, const VectorTypes& types, std::int64_t user,
                     const std::vector<Some>& all) const {
  std::string entities;
  std::string ids;
  std::string times;
  std::string levels;
  std::string vectors;
  for (const auto& some : all) {
    const auto entity = listed(std::span(&some.of.entity, 1));
    auto id = some.first;
    for (const auto& vector : some.of.passages) {
      const std::string_view between = ids.empty() ? "" : " ";
      entities.append(between).append(entity);
      fmt::format_to(std::back_inserter(ids), "{}{}", between, id);
      fmt::format_to(std::back_inserter(times), "{}{}", between, some.of.updated_at);
      fmt::format_to(std::back_inserter(levels), "{}{}", between, level_of(id));
      vectors.append(between).append(text_of(vector));
      ++id;
    }
  }
  if (ids.empty()) return;
  tx.run(fmt::format(
             "INSERT INTO neighbours_{}(\"user\", entity, id, updated_at, level, vector) "
             "SELECT $1, decode(one.entity, 'hex'), CAST(one.id AS bigint), "
             "CAST(one.updated_at AS bigint), CAST(one.level AS bigint), CAST(one.vector AS {}) "
             "FROM unnest(string_to_array($2::text, ' '), string_to_array($3::text, ' '), "
             "string_to_array($4::text, ' '), string_to_array($5::text, ' '), "
             "string_to_array($6::text, ' ')) AS one(entity, id, updated_at, level, vector)",
             name_, type(types)),
         user, entities, ids, times, levels, vectors);
}

std::int64_t Neighbours::at_once() const {
  constexpr std::int64_t kBytes = 2 << 20;
  constexpr std::int64_t kDigits = 11;  // of a value
  return std::max<std::int64_t>(kBytes / (kDigits * static_cast<std::int64_t>(dimension_)), 20);
}

std::int64_t Neighbours::to_go_on_at(db::Tx& tx, std::int64_t user, const Vectors& thing) const {
  const auto first = thing.number << kPassageBits;
  tx.run(fmt::format("DELETE FROM neighbours_{} WHERE \"user\" = $1 AND entity = $2 "
                     "AND (id < $3 OR id >= $4 OR updated_at <> $5)",
                     name_),
         user, thing.entity, first, first + kPassagesMax, thing.updated_at);
  auto rows = tx.query(fmt::format("SELECT coalesce(max(id) + 1, $3) FROM neighbours_{} "
                                   "WHERE \"user\" = $1 AND entity = $2",
                                   name_),
                       user, thing.entity, first);
  return rows.next() ? rows.integer(0) : first;
}

std::string Neighbours::statement(const VectorTypes& types, std::string_view condition,
                                  std::string_view order) const {
  const auto by = distance(types);
  return fmt::format(
      "SELECT entity, id, 1 - {} FROM neighbours_{} WHERE \"user\" = $2 {} ORDER BY {}{} LIMIT $3",
      by, name_, condition, by, order);
}

std::vector<Near> Neighbours::nearest(db::Tx& tx, const VectorTypes& types, const BlockOwner& owner,
                                      const Asked& asked) const {
  tx.run(fmt::format("SET LOCAL hnsw.ef_search = {}", kEffort));
  tx.run("SET LOCAL hnsw.iterative_scan = strict_order");
  tx.run(fmt::format("SET LOCAL hnsw.max_scan_tuples = {}", kScannedMax));
  constexpr std::string_view kListed =
      "(SELECT decode(one, 'hex') FROM unnest(string_to_array({}, ' ')) AS one)";
  const auto query = text_of(asked.query);
  std::string condition = "AND updated_at >= $4 AND updated_at < $5";
  std::vector<db::Value> values = {query, owner.number, asked.count, asked.from, asked.to};
  std::string only;
  std::string never;
  const auto add = [&](std::string_view word, std::string& list, const auto& ids) {
    list = listed(ids);
    values.emplace_back(list);
    condition += fmt::format(" AND entity {} ", word) +
                 fmt::format(fmt::runtime(kListed), fmt::format("${}", values.size()));
  };
  if (asked.only != nullptr) add("IN", only, *asked.only);
  if (asked.never != nullptr && !asked.never->empty()) add("NOT IN", never, *asked.never);
  // Those that are listed need not be near: each of them is compared, by no index of neighbours.
  const auto sql = statement(types, condition, asked.only != nullptr ? " + 0" : "");
  std::vector<Near> found;
  auto rows = tx.query_with(sql, values);
  while (rows.next()) {
    found.push_back(
        {rows.uuid(0).value_or(Uuid{}), rows.integer(1), static_cast<float>(rows.real(2))});
  }
  return found;
}

std::vector<Near> Neighbours::nearness(db::Tx& tx, const VectorTypes& types,
                                       const BlockOwner& owner, std::span<const float> query,
                                       const std::vector<Uuid>& things) const {
  const auto given = text_of(query);
  const auto list = listed(things);
  const auto sql = fmt::format(
      "SELECT DISTINCT ON (entity) entity, id, 1 - {0} FROM neighbours_{1} WHERE \"user\" = $2 "
      "AND entity IN (SELECT decode(one, 'hex') FROM unnest(string_to_array($3, ' ')) AS one) "
      "ORDER BY entity, {0}",
      distance(types), name_);
  std::vector<Near> found;
  auto rows = tx.query(sql, given, owner.number, list);
  while (rows.next()) {
    found.push_back(
        {rows.uuid(0).value_or(Uuid{}), rows.integer(1), static_cast<float>(rows.real(2))});
  }
  return found;
}

vectors::Background Neighbours::background(db::Tx& tx, const VectorTypes& types,
                                           const BlockOwner& owner,
                                           std::span<const float> query) const {
  const auto given = text_of(query);
  // Half of them for each level.
  const auto level = std::bit_width(static_cast<std::uint64_t>(owner.passages / kSample));
  const auto sql = fmt::format(
      "SELECT avg(cosine), coalesce(stddev_pop(cosine), 0) FROM (SELECT 1 - {} AS cosine "
      "FROM neighbours_{} WHERE \"user\" = $2 AND level >= $3) AS sample",
      distance(types), name_);
  auto rows = tx.query(sql, given, owner.number, static_cast<std::int64_t>(level));
  if (!rows.next() || rows.is_null(0)) return {};
  return {static_cast<std::size_t>(owner.passages), rows.real(0), rows.real(1)};
}

}  // namespace synap::search
