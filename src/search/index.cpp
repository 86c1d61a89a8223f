#include "search/index.h"

#include "base/log.h"
#include "search/fts5_check.h"
#include "search/fts5_terms.h"

namespace synap::search {
namespace {

// All lists are looked through when the pod has run for a while, and then so often.
constexpr std::chrono::minutes kFirstCheckAfter(5);
constexpr std::chrono::hours kCheckEvery(24);
// Where somebody has met something strange, at once, but not more often than this.
constexpr std::chrono::minutes kDoubtsEvery(10);
// Of 4 KB each: 2 ms.
constexpr int kPagesAtOnce = 64;

constexpr std::string_view kTables[] = {
    "CREATE TABLE documents(place INTEGER PRIMARY KEY, user INTEGER NOT NULL, "
    "entity BLOB NOT NULL UNIQUE, type TEXT NOT NULL, title TEXT NOT NULL, "
    "title_key TEXT NOT NULL, text TEXT NOT NULL, tags TEXT NOT NULL, others TEXT NOT NULL, "
    "fields TEXT NOT NULL, language INTEGER NOT NULL, updated_at INTEGER NOT NULL) STRICT",
    "CREATE INDEX documents_by_title ON documents(user, title_key, place)",
    "CREATE VIRTUAL TABLE terms USING fts5(title, text, tags, others, keys, content='', "
    "tokenize='given_terms')",
    // Lists of words are merged when there are twice as many of a size as it would do by itself:
    // less is written again and again, and a query looks at some more.
    "INSERT INTO terms(terms, rank) VALUES ('automerge', 8)",
    "CREATE VIRTUAL TABLE vocabulary USING fts5vocab(terms, row)",
    "CREATE TABLE users(number INTEGER PRIMARY KEY, user_id TEXT NOT NULL UNIQUE, "
    "last INTEGER NOT NULL, documents INTEGER NOT NULL, title INTEGER NOT NULL, "
    "text INTEGER NOT NULL, tags INTEGER NOT NULL, others INTEGER NOT NULL) STRICT",
    "CREATE TABLE languages(user INTEGER NOT NULL, language INTEGER NOT NULL, "
    "documents INTEGER NOT NULL, PRIMARY KEY(user, language)) STRICT, WITHOUT ROWID"};

class FileIndexTx final : public IndexTx {
 public:
  FileIndexTx(db::Tx& its, KnownFrequencies& known, TextSizes& sizes, Watermark& doubts)
      : IndexTx(its), terms_(its, known, sizes, doubts) {}
  Terms& terms() override { return terms_; }

 private:
  Fts5Terms terms_;
};

}  // namespace

void Index::write(db::Tx& tx, const std::vector<Change>& changes, TermsWriter& terms) {
  Changes all(tx, analyzer_, terms);
  for (const auto& change : changes) {
    if (!tx.ok()) return;
    all.carry_out(change);
  }
  all.finish();
}

FileIndex::FileIndex(std::unique_ptr<db::Engine> database, World& world)
    : Index(std::move(database), kTables),
      world_(world),
      known_(std::make_unique<KnownFrequencies>()),
      sizes_(std::make_unique<TextSizes>()),
      next_check_(world.now() + kFirstCheckAfter) {}

FileIndex::~FileIndex() = default;

Result<std::unique_ptr<FileIndex>> FileIndex::open_file(const std::string& path, World& world) {
  auto opened = open_database(path, world);
  if (!opened) return fail(opened.error());
  return std::unique_ptr<FileIndex>(new FileIndex(std::move(*opened), world));
}

std::unique_ptr<IndexTx> FileIndex::open(db::Tx& tx) {
  return std::make_unique<FileIndexTx>(tx, *known_, *sizes_, doubts_);
}

Task<Result<>> FileIndex::apply(std::vector<Change> changes, Checkpoint checkpoint) {
  auto written = co_await database().write(db::Lane::kBackground, [&](db::Tx& tx) {
    Fts5Writer terms;
    write(tx, changes, terms);
    save(tx, checkpoint);
  });
  if (!written) co_return fail(written.error());
  kept(checkpoint);
  co_return Result<>{};
}

// Each list has to be looked at by each query: after a hundred thousand texts there were 14, and 3
// when this had been done, with which the slowest queries took 10 % less. Four of a size are
// merged, which each text meets a few times, however many there are.
Task<Result<bool>> FileIndex::settle() {
  static constexpr std::int64_t kPages = 64;
  // FTS5 says so: a merge that has nothing to do changes one row.
  static constexpr std::int64_t kNothing = 1;
  co_return co_await database().write(db::Lane::kBackground, [](db::Tx& tx) {
    const auto changed = [&] {
      auto rows = tx.query("SELECT total_changes()");
      return rows.next() ? rows.integer(0) : 0;
    };
    const auto before = changed();
    tx.run("INSERT INTO terms(terms, rank) VALUES ('merge', $1)", kPages);
    return changed() - before > kNothing;
  });
}

bool FileIndex::is_check_due() const {
  const auto now = world_.now();
  const bool is_doubted = doubts_.value() > doubts_checked_;
  return now >= next_check_ || (is_doubted && now >= next_check_of_doubts_);
}

// Of what needs no look at the lists. Empty: there is none.
std::string FileIndex::damage_in(db::Tx& tx) {
  {
    auto rows =
        tx.query("SELECT (SELECT count(*) FROM documents), (SELECT count(*) FROM terms_docsize)");
    if (rows.next() && rows.integer(0) > rows.integer(1)) return "lengths of texts are missing";
  }
  TableBlocks blocks(tx);
  const auto segments = blocks.has_known_version() ? blocks.segments() : std::nullopt;
  if (!segments || !segments->empty()) return "";
  auto rows = tx.query("SELECT 1 FROM users WHERE title + text + tags + others > 0");
  return rows.next() ? "there are no lists of words" : "";
}

Task<Result<bool>> FileIndex::check() {
  const bool is_begun = check_ != nullptr;
  if (!is_begun) {
    if (!is_check_due()) co_return false;
    check_ = std::make_unique<Fts5Check>();
    doubts_checked_ = doubts_.value();
  }
  std::string damage;
  if (!is_begun) {
    // Among millions it may take longer than a read may: the lists are looked through all the same.
    const auto found = co_await database().read([&](db::Tx& tx) { return damage_in(tx); });
    if (!found && found.error().fault == Fault::kDamaged) co_return fail(found.error());
    if (found) damage = *found;
  }
  Result<Fts5Check::Seen> seen = Fts5Check::Seen::kAll;
  if (damage.empty()) {
    seen = co_await database().read([&](db::Tx& tx) { return check_->step(tx, kPagesAtOnce); });
  }
  if (seen && damage.empty() && *seen == Fts5Check::Seen::kMore) co_return true;
  check_.reset();
  next_check_ = world_.now() + kCheckEvery;
  next_check_of_doubts_ = world_.now() + kDoubtsEvery;
  if (!seen) co_return fail(seen.error());
  if (*seen == Fts5Check::Seen::kStrange) {
    damage = "lists of words are not as they were written";
    if (!writes_known_lists(world_)) {
      write_log_bounded(Same::kLine, LogLevel::kWarn, "search",
                        "This SQLite writes lists of words otherwise than is known here: searches "
                        "take longer");
      co_return false;
    }
  }
  if (damage.empty()) co_return false;
  co_return fail(
      Error{Code::kInternalServerError, "It is damaged: " + damage, nullptr, Fault::kDamaged});
}

}  // namespace synap::search
