#include "search/fts5_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "db/sqlite/connection.h"
#include "db/sqlite/full_text.h"

namespace synap::search {
namespace {

using db::sqlite::read_varint;

constexpr std::int64_t kPagesRead = 16;

// Whether the dictionary has entries of segments alone that there are.
bool has_dictionary_of(db::Tx& tx, const std::vector<Segment>& segments) {
  auto rows = tx.query("SELECT DISTINCT segid FROM terms_idx");
  while (rows.next()) {
    if (std::ranges::find(segments, rows.integer(0), &Segment::id) == segments.end()) return false;
  }
  return true;
}

}  // namespace

Fts5Check::Seen Fts5Check::step(db::Tx& tx, int pages) {
  TableBlocks blocks(tx);
  if (!blocks.has_known_version()) return Seen::kAll;
  const auto segments = blocks.segments();
  if (!segments) return Seen::kStrange;
  // Segments that are being merged have given all, and their entries go with them.
  if (!walk_ && done_.empty() && !has_dictionary_of(tx, *segments)) return Seen::kStrange;
  for (std::int64_t left = pages; left > 0;) {
    if (!choose(*segments)) return Seen::kAll;
    const bool is_known = take_pages(blocks, left);
    index_.reset();
    if (!tx.ok()) return Seen::kMore;
    if (!is_known) return Seen::kStrange;
  }
  return Seen::kMore;
}

// False: all are done.
bool Fts5Check::choose(const std::vector<Segment>& segments) {
  if (walk_) {
    const auto& its = walk_->segment;
    const auto same = std::ranges::find_if(segments, [&](const Segment& segment) {
      return segment.id == its.id && segment.last_page == its.last_page &&
             segment.first_page == its.first_page;
    });
    if (same != segments.end()) return true;
    walk_.reset();
  }
  for (const auto& segment : segments) {
    if (done_.contains({segment.id, segment.last_page})) continue;
    walk_ = Walk{.segment = segment, .page = segment.first_page};
    return true;
  }
  return false;
}

bool Fts5Check::take_pages(TableBlocks& blocks, std::int64_t& pages) {
  auto& walk = *walk_;
  const auto most = std::min({pages, kPagesRead, walk.segment.last_page - walk.page + 1});
  const auto all = blocks.read(leaf_block_of(walk.segment.id, walk.page), most);
  if (static_cast<std::int64_t>(all.size()) != most) return false;
  for (const auto& block : all) {
    const auto leaf = leaf_of(std::string_view(block).substr(0, block.size() - kFts5Padding));
    if (!leaf || !take_page(blocks, *leaf)) return false;
    ++walk.page;
  }
  pages -= most;
  if (walk.page <= walk.segment.last_page) return true;
  if (!walk.has_row || walk.rest > 0) return false;
  done_.emplace(walk.segment.id, walk.segment.last_page);
  walk_.reset();
  return true;
}

bool Fts5Check::take_page(TableBlocks& blocks, const Leaf& leaf) {
  auto& walk = *walk_;
  const auto* at = leaf.begin + kLeafHeader;
  const auto* const terms = leaf.first_term != 0 ? leaf.begin + leaf.first_term : leaf.end;
  if (!take_rest(leaf, at)) return false;
  if (walk.rest > 0) return true;
  if (at != (leaf.first_row != 0 ? leaf.begin + leaf.first_row : terms)) return false;
  if (leaf.first_row != 0) {
    if (walk.term.empty() || !take_rows(at, terms, leaf.first_term != 0)) return false;
    if (walk.has_index && !leads_to_row(blocks)) return false;
  }
  return take_terms(blocks, leaf);
}

// What positions of the page before are on this one.
bool Fts5Check::take_rest(const Leaf& leaf, const unsigned char*& at) {
  auto& walk = *walk_;
  if (walk.rest == 0) return true;
  const auto* end = leaf.first_term != 0 ? leaf.begin + leaf.first_term : leaf.end;
  if (leaf.first_row != 0) end = leaf.begin + leaf.first_row;
  const auto here = std::min(walk.rest, static_cast<std::uint64_t>(end - at));
  walk.positions.append(reinterpret_cast<const char*>(at), here);
  at += here;
  walk.rest -= here;
  if (walk.rest > 0) return here > 0 && end == leaf.end;
  return are_positions(walk.positions);
}

// The first is written as it is.
bool Fts5Check::take_rows(const unsigned char* at, const unsigned char* end, bool ends_here) {
  auto& walk = *walk_;
  for (bool is_whole = true; at < end; is_whole = false) {
    std::uint64_t row = 0;
    std::uint64_t size = 0;
    if (!read_varint(at, end, row)) return false;
    if (!is_whole) row += static_cast<std::uint64_t>(walk.row);
    if (row > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return false;
    const auto next = static_cast<std::int64_t>(row);
    if ((walk.has_row && next <= walk.row) || !read_varint(at, end, size)) return false;
    walk.row = next;
    walk.has_row = true;
    size >>= 1;
    const auto here = std::min(size, static_cast<std::uint64_t>(end - at));
    const std::string_view positions(reinterpret_cast<const char*>(at), here);
    at += here;
    if (here == size) {
      if (!are_positions(positions)) return false;
      continue;
    }
    if (ends_here || size > kFts5PositionsMax) return false;
    walk.positions = positions;
    walk.rest = size - here;
  }
  return true;
}

bool Fts5Check::take_terms(TableBlocks& blocks, const Leaf& leaf) {
  auto& walk = *walk_;
  LeafTerms terms(leaf);
  bool is_first = true;
  for (; terms.next(); is_first = false) {
    const bool is_next = walk.term.empty() || (walk.has_row && walk.term < terms.term());
    if (!is_next || terms.term().empty()) return false;
    walk.term = terms.term();
    walk.has_row = false;
    walk.has_index = false;
    if (is_first && !is_in_dictionary(blocks, true)) return false;
    if (!take_rows(terms.begin(), terms.end(), terms.ends_here())) return false;
  }
  if (terms.is_strange()) return false;
  return is_first || is_in_dictionary(blocks, false);
}

// The first term of a page, or the last, which says more than those between.
bool Fts5Check::is_in_dictionary(TableBlocks& blocks, bool is_first) {
  auto& walk = *walk_;
  const auto place = blocks.place_of(walk.segment.id, walk.term);
  if (!place) return false;
  if (walk.page == walk.segment.first_page) return place->page <= walk.page;
  if (is_first) return place->page == walk.page && walk.term.starts_with(place->beginning);
  walk.has_index = place->has_index;
  return place->page == walk.page;
}

// Whether its index leads to the row at which the page begins.
bool Fts5Check::leads_to_row(TableBlocks& blocks) {
  auto& walk = *walk_;
  if (!index_) index_.emplace(blocks, walk.segment, walk.term);
  index_->skip_to(walk.row);
  return index_->has_one() && index_->row() == walk.row;
}

namespace {

// Lists of each kind on as few pages as it takes: short ones, long ones with an index, positions
// of several pages, rows that were taken out, and segments that were merged.
bool writes_known(World& world) {
  auto opened =
      db::sqlite::Connection::open(":memory:", db::sqlite::Connection::Mode::kLateWriter, world);
  if (!opened || !db::sqlite::add_full_text((*opened)->handle())) return false;
  auto& tx = **opened;
  const bool is_made = tx.execute(
                           "CREATE VIRTUAL TABLE terms USING fts5(title, text, tags, others, keys, "
                           "content='', tokenize='given_terms')") &&
                       tx.execute("INSERT INTO terms(terms, rank) VALUES ('pgsz', 64)") &&
                       tx.execute("INSERT INTO terms(terms, rank) VALUES ('automerge', 8)");
  if (!is_made) return false;
  tx.begin_closure();
  std::string many;
  for (int i = 0; i < 200; ++i) many += "common other ";
  for (int round = 0; round < 4; ++round) {
    std::ignore = tx.execute("BEGIN");
    for (int i = 0; i < 200; ++i) {
      const auto row = 1'000 * i + round;
      tx.run("INSERT INTO terms(rowid, title, text) VALUES ($1, $2, $3)", row,
             fmt::format("word{} common", row % 50), i % 50 == 0 ? many : "common");
    }
    std::ignore = tx.execute("COMMIT");
  }
  tx.run("INSERT INTO terms(terms, rowid, title, text) VALUES ('delete', 1000, $1, 'common')",
         "word0 common");
  tx.run("INSERT INTO terms(terms, rank) VALUES ('merge', -100)");
  Fts5Check check;
  auto seen = Fts5Check::Seen::kMore;
  while (tx.ok() && seen == Fts5Check::Seen::kMore) seen = check.step(tx, 1'000);
  return tx.ok() && seen == Fts5Check::Seen::kAll;
}

}  // namespace

bool writes_known_lists(World& world) {
  static const bool writes = writes_known(world);
  return writes;
}

}  // namespace synap::search
