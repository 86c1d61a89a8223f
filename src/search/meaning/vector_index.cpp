#include "search/meaning/vector_index.h"

#include <fmt/format.h>

#include <algorithm>

#include "embedding/answerer.h"
#include "vectors/quantise.h"

namespace synap::search {
namespace {

// So many texts are embedded between two commits: half a second, which is all that a crash repeats.
constexpr std::size_t kSlice = 16;

constexpr std::string_view kTables[] = {
    "CREATE TABLE documents(number INTEGER PRIMARY KEY AUTOINCREMENT, user INTEGER NOT NULL, "
    "entity BLOB NOT NULL UNIQUE, updated_at INTEGER NOT NULL, passages INTEGER NOT NULL) STRICT",
    "CREATE INDEX documents_by_user ON documents(user, number)",
    "CREATE TABLE passages(id INTEGER PRIMARY KEY, user INTEGER NOT NULL, part INTEGER NOT NULL, "
    "begin_at INTEGER NOT NULL, end_at INTEGER NOT NULL, hash BLOB NOT NULL, "
    "vector BLOB NOT NULL) STRICT",
    "CREATE INDEX passages_by_hash ON passages(user, hash)",
    "CREATE TABLE made(hash BLOB PRIMARY KEY, vector BLOB NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE users(number INTEGER PRIMARY KEY, user_id TEXT NOT NULL UNIQUE, "
    "documents INTEGER NOT NULL, passages INTEGER NOT NULL) STRICT",
    "CREATE TABLE about(one INTEGER PRIMARY KEY CHECK (one = 1), model TEXT NOT NULL, "
    "dimension INTEGER NOT NULL, mean REAL NOT NULL, deviation REAL NOT NULL, "
    "kinds TEXT NOT NULL) STRICT"};

// Beside those above: an index of before has none.
constexpr std::string_view kMakeAnswered =
    "CREATE TABLE IF NOT EXISTS answered(one INTEGER PRIMARY KEY CHECK (one = 1), "
    "name TEXT NOT NULL)";

std::string answered_in(db::Tx& tx) {
  auto rows = tx.query("SELECT name FROM answered");
  return rows.next() ? rows.text(0) : "";
}

void insert_answered(db::Tx& tx, const std::string& name) {
  tx.run("INSERT INTO answered(one, name) VALUES (1, $1) ON CONFLICT (one) DO NOTHING", name);
}

std::unexpected<Error> damaged(std::string what) {
  return fail(Error{Code::kInternalServerError, std::move(what), nullptr, Fault::kDamaged});
}

}  // namespace

std::optional<VectorIndex::About> VectorIndex::about_in(db::Tx& tx) {
  auto rows = tx.query("SELECT model, dimension, mean, deviation, kinds FROM about");
  if (!rows.next()) return std::nullopt;
  return About{rows.text(0), rows.integer(1), {rows.real(2), rows.real(3)}, rows.text(4)};
}

Task<Result<>> VectorIndex::load() {
  if (auto loaded = co_await load_tables(); !loaded) co_return loaded;
  co_return co_await describe();
}

Task<Result<>> VectorIndex::load_to_read() {
  const auto about = co_await read([](db::Tx& tx) { return about_in(tx); });
  if (!about) co_return fail(about.error());
  if (!*about) co_return fail(Code::kServiceUnavailable, "it is being made");
  be(**about);
  co_return Result<>{};
}

void VectorIndex::make_answered(db::Tx& tx) {
  tx.run(kMakeAnswered);
}

std::string VectorIndex::answered_by() const {
  std::lock_guard lock(mutex_);
  return answered_by_;
}

void VectorIndex::set_answered_by(std::string name) {
  std::lock_guard lock(mutex_);
  answered_by_ = std::move(name);
}

Task<Result<std::string>> VectorIndex::read_answered_by() {
  if (auto known = answered_by(); !known.empty()) co_return known;
  auto found = co_await read(
      [this](db::Tx& tx) { return has_answered(tx) ? answered_in(tx) : std::string(); });
  if (found && !found->empty()) set_answered_by(*found);
  co_return found;
}

// Before the first vector that it has made.
Task<Result<>> VectorIndex::keep_answered_by(const std::string& name) {
  if (name.empty() || name == answered_by()) co_return Result<>{};
  std::string first;
  auto written = co_await write_background([&](db::Tx& tx) {
    keep_checkpoint(tx, checkpoint());
    insert_answered(tx, name);
    first = answered_in(tx);
  });
  if (!written) co_return fail(written.error());
  set_answered_by(first);
  if (auto other = embedding::other_answerer(model_, first, name))
    co_return fail(std::move(*other));
  co_return Result<>{};
}

void VectorIndex::be(const About& about) {
  model_ = about.model;
  dimension_ = static_cast<std::size_t>(about.dimension);
  unrelated_ = about.unrelated;
  blocks_ = std::make_unique<Blocks>(dimension_, options_.blocks_bytes_max);
  described();
}

// Which model it is of. A new one is described first.
Task<Result<>> VectorIndex::describe() {
  const auto& embedder = options_.embedder;
  auto about = co_await read([](db::Tx& tx) { return about_in(tx); });
  if (!about) co_return fail(about.error());
  if (!*about && embedder == nullptr) co_return damaged("It has no model");
  if (*about) {
    const auto answered = co_await read_answered_by();
    if (!answered) co_return fail(answered.error());
  }
  if (!*about) {
    const auto introduction = co_await introduction_of(*embedder);
    if (!introduction) co_return fail(introduction.error());
    const auto& unrelated = introduction->unrelated;
    *about = About{embedder->model(), static_cast<std::int64_t>(embedder->dimension()), unrelated,
                   options_.kinds};
    auto written = co_await write_background([&](db::Tx& tx) {
      keep_checkpoint(tx, checkpoint());
      tx.run(
          "INSERT INTO about(one, model, dimension, mean, deviation, kinds) "
          "VALUES (1, $1, $2, $3, $4, $5)",
          (*about)->model, (*about)->dimension, unrelated.mean, unrelated.deviation,
          options_.kinds);
      if (!introduction->answered_by.empty()) insert_answered(tx, introduction->answered_by);
    });
    if (!written) co_return fail(written.error());
    set_answered_by(introduction->answered_by);
  } else if (embedder != nullptr && (*about)->kinds != options_.kinds) {
    // Vectors of texts that are the same stay: so that is soon done.
    const Checkpoint beginning{.is_complete = checkpoint().is_complete};
    auto written = co_await write_background([&](db::Tx& tx) {
      keep_checkpoint(tx, beginning);
      tx.run("UPDATE about SET kinds = $1", options_.kinds);
    });
    if (!written) co_return fail(written.error());
    kept(beginning);
  }
  if (embedder != nullptr &&
      ((*about)->model != embedder->model() ||
       (*about)->dimension != static_cast<std::int64_t>(embedder->dimension()))) {
    co_return damaged("It is of another model than its name says");
  }
  be(**about);
  co_return Result<>{};
}

Task<Result<>> VectorIndex::apply(std::vector<Change> changes, Checkpoint to) {
  std::vector<Made> all;
  std::size_t embedded = 0;
  for (auto& change : changes) {
    auto made = co_await made_of(std::move(change), embedded);
    if (!made) co_return fail(made.error());
    all.push_back(std::move(*made));
    if (embedded < kSlice) continue;
    auto written = co_await write(std::exchange(all, {}), checkpoint());
    if (!written) co_return written;
    embedded = 0;
  }
  co_return co_await write(std::move(all), to);
}

Task<Result<VectorIndex::Made>> VectorIndex::made_of(Change change, std::size_t& embedded) {
  Made made{.change = std::move(change), .pieces = {}, .vectors = {}};
  if (!made.change.document) co_return made;
  made.pieces = pieces_of(*made.change.document, *options_.embedder);
  if (made.pieces.size() > kPassagesMax) made.pieces.resize(kPassagesMax);
  // Each is a question of its own, and a read has its time, whatever the way to a server takes.
  constexpr std::size_t kAskedAtOnce = 100;
  for (std::span<const Piece> left(made.pieces); !left.empty();) {
    const auto some = left.first(std::min(left.size(), kAskedAtOnce));
    left = left.subspan(some.size());
    auto known = co_await read(
        [&](db::Tx& tx) { return known_vectors(tx, made.change.document->user_id, some); });
    if (!known) co_return fail(known.error());
    std::ranges::move(*known, std::back_inserter(made.vectors));
  }
  for (auto& vector : made.vectors) {
    if (!vectors::unpack_direction(vector, dimension_)) vector.clear();
  }
  const auto count = co_await embed_missing(made);
  if (!count) co_return fail(count.error());
  embedded += *count;
  // Its words are in the pieces, and of no further use.
  made.change.document->text.clear();
  made.change.document->others.clear();
  co_return made;
}

Task<Result<std::size_t>> VectorIndex::embed_missing(Made& made) {
  std::vector<std::size_t> missing;
  for (std::size_t i = 0; i < made.pieces.size(); ++i) {
    if (made.vectors[i].empty()) missing.push_back(i);
  }
  std::vector<std::size_t> slice;
  for (const auto i : missing) {
    // One by one: whoever asks to stop waits for a text, and not for a slice of them.
    if (options_.stop.stop_requested()) {
      co_return fail(Code::kClientClosedRequest, "It was asked to stop");
    }
    // Whose index it is, all others' is, too: what stops for one stops for all.
    embedding::Ask ask{
        .texts = {},
        .answered_by = answered_by(),
        .payer = {.user_id = made.change.document->user_id, .is_only_counted = true}};
    ask.texts.push_back(made.pieces[i].text);
    const auto embedded = co_await embed_checked(*options_.embedder, std::move(ask));
    if (!embedded) co_return fail(embedded.error());
    if (auto kept = co_await keep_answered_by(embedded->answered_by); !kept) {
      co_return fail(kept.error());
    }
    made.vectors[i] = vectors::pack(embedded->vectors.front());
    if (options_.embedded != nullptr) options_.embedded->add(1);
    slice.push_back(i);
    if (slice.size() < kSlice || i == missing.back()) continue;
    if (auto written = co_await write_aside(made, std::exchange(slice, {})); !written) {
      co_return fail(written.error());
    }
  }
  co_return missing.size();
}

// What was made of a long text must not be made again if the process dies before its end.
Task<Result<>> VectorIndex::write_aside(const Made& made, std::vector<std::size_t> numbers) {
  auto written = co_await write_background([&](db::Tx& tx) {
    keep_checkpoint(tx, checkpoint());
    for (const auto i : numbers) keep_aside(tx, made.pieces[i].hash, made.vectors[i]);
  });
  if (!written) co_return fail(written.error());
  co_return Result<>{};
}

Task<Result<>> VectorIndex::write(std::vector<Made> all, Checkpoint to) {
  auto effects = co_await write_background([&](db::Tx& tx) {
    std::map<std::string, std::vector<Effect>> effects;
    keep_checkpoint(tx, to);
    const auto changes = this->changes(tx);
    for (const auto& made : all) {
      if (!tx.ok()) break;
      auto [user_id, effect] = changes->carry_out(made.change, made.pieces, made.vectors);
      if (!user_id.empty()) effects[user_id].push_back(std::move(effect));
    }
    return effects;
  });
  if (!effects) co_return fail(effects.error());
  kept(to);
  if (!is_shared()) tell(*effects, all);
  co_return Result<>{};
}

void VectorIndex::tell(const std::map<std::string, std::vector<Effect>>& effects,
                       const std::vector<Made>& all) {
  for (const auto& [user_id, some] : effects) {
    auto whole = some;
    for (auto& effect : whole) {
      if (!effect.now) continue;
      const auto made = std::ranges::find(
          all, effect.entity, [](const Made& one) -> const Uuid& { return one.change.id; });
      for (const auto& packed : made->vectors) {
        effect.now->passages.push_back(vectors::unpack(packed, dimension_).value());
      }
    }
    blocks_->apply(user_id, whole);
  }
}

Task<Result<>> VectorIndex::forget(std::vector<Uuid> ids, Checkpoint to) {
  std::vector<Made> all;
  for (const auto& id : ids) all.push_back({.change = {id, std::nullopt}});
  co_return co_await write(std::move(all), to);
}

Task<Result<std::optional<BlockOwner>>> VectorIndex::owner(const std::string& user_id) {
  return read([this, &user_id](db::Tx& tx) { return owner_in(tx, user_id); });
}

Task<Result<BlockPage>> VectorIndex::page(const BlockOwner& owner, std::int64_t after) {
  auto found =
      co_await read([this, &owner, after](db::Tx& tx) { return page_in(tx, owner, after); });
  if (found && !found->damaged.empty()) co_await tell_damaged(found->damaged);
  co_return found;
}

FileVectorIndex::FileVectorIndex(std::unique_ptr<db::Engine> database, Options options)
    : VectorIndex(std::move(database), kTables, std::move(options)) {}

Result<std::unique_ptr<FileVectorIndex>> FileVectorIndex::open_file(const std::string& path,
                                                                    World& world, Options options) {
  auto opened = open_database(path, world);
  if (!opened) return fail(opened.error());
  return std::unique_ptr<FileVectorIndex>(
      new FileVectorIndex(std::move(*opened), std::move(options)));
}

Task<Result<>> FileVectorIndex::load_tables() {
  if (auto loaded = co_await IndexFile::load(); !loaded) co_return loaded;
  auto made = co_await write_background([](db::Tx& tx) { make_answered(tx); });
  if (!made) co_return fail(made.error());
  co_return Result<>{};
}

std::optional<BlockOwner> FileVectorIndex::owner_in(db::Tx& tx, const std::string& user_id) const {
  auto rows = tx.query("SELECT number, documents, passages FROM users WHERE user_id = $1", user_id);
  if (!rows.next()) return std::nullopt;
  return BlockOwner{
      .number = rows.integer(0), .documents = rows.integer(1), .passages = rows.integer(2)};
}

// Whole things.
BlockPage FileVectorIndex::page_in(db::Tx& tx, const BlockOwner& owner, std::int64_t after) const {
  BlockPage page{.effects = {}, .last = after};
  std::int64_t passages = 0;
  std::int64_t count = 0;
  auto rows = tx.query(
      "SELECT number, entity, updated_at FROM documents WHERE user = $1 AND number > $2 "
      "ORDER BY number LIMIT $3",
      owner.number, after, kThingsPerPage);
  while (passages < kPassagesPerPage && rows.next()) {
    Vectors thing{rows.uuid(1).value_or(Uuid{}), rows.integer(0), rows.integer(2), {}};
    auto vectors = tx.query("SELECT vector FROM passages WHERE id >= $1 AND id < $2 ORDER BY id",
                            thing.number << kPassageBits, (thing.number + 1) << kPassageBits);
    while (vectors.next()) {
      auto vector = vectors::unpack(vectors.view(0), dimension());
      if (!vector) {
        tx.abort({Code::kInternalServerError, "A vector is none", nullptr, Fault::kDamaged});
        return page;
      }
      thing.passages.push_back(std::move(*vector));
      ++passages;
    }
    page.last = thing.number;
    ++count;
    page.effects.push_back({.entity = thing.entity, .now = std::move(thing)});
  }
  page.is_last = count < kThingsPerPage && passages < kPassagesPerPage;
  return page;
}

std::vector<std::optional<PassagePlace>> places_of(db::Tx& tx,
                                                   const std::vector<std::int64_t>& passages) {
  std::vector<std::optional<PassagePlace>> places;
  for (const auto id : passages) {
    auto rows = tx.query(
        "SELECT part, begin_at, end_at, updated_at FROM passages JOIN documents "
        "ON documents.number = passages.id >> 16 WHERE id = $1",
        id);
    places.emplace_back();
    if (!rows.next()) continue;
    places.back() = PassagePlace{static_cast<PartOfDocument>(rows.integer(0)),
                                 static_cast<std::size_t>(rows.integer(1)),
                                 static_cast<std::size_t>(rows.integer(2)), rows.integer(3)};
  }
  return places;
}

}  // namespace synap::search
