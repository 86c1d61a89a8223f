// Postings: what FTS5 keeps of a term, read from its own pages: in which rows it is, and at which
// places of these. FTS5 takes 0.45 us for a row of a MATCH, of which next to nothing is spent on
// what is read here: 30 ns a posting, with its relevance.
//
// The format is that of fts5_index.c, with detail=full and without contentless_delete:
//
//   structure  cookie(4) levels segments writes { merged count { id first_page last_page } }
//   leaf       first_row(2) end(2) [rest of positions] [row positions {delta positions}]
//              {term postings} footer
//   term       size bytes, the first of a page; else common size bytes. Each begins with a '0'
//   positions  2 * bytes + is_deletion, bytes: {gap} { 0x01 column {gap} }
//   footer     where each term begins: the first, and by how much each is behind the last
//   index      is_not_root page row { 0x00 | row_delta }: of a list of several pages, which row is
//              the first of each; 0x00: a page without one
//
// Numbers are varints but for the headers of structure and leaf, which are big-endian. A segment is
// a run of leaves; of a row that is in several the newest segment knows.
//
// Nothing here trusts a byte. What is otherwise than this is strange: FTS5 itself is asked then. It
// may be damage, or a newer SQLite may write it; Fts5Check decides (fts5_check.h).
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "db/sqlite/varint.h"

namespace synap::search {

struct Segment {
  std::int64_t id = 0;
  std::int64_t first_page = 0;
  std::int64_t last_page = 0;
};
/// Of the structure record: the oldest first. Nothing: it is of another format.
std::optional<std::vector<Segment>> segments_of(std::string_view structure);

/// So many bytes behind what is looked at may be read at once with it.
inline constexpr std::size_t kFts5Padding = 8;

/// An entry of the dictionary (terms_idx).
struct TermPlace {
  std::string beginning;  // with which the first term of the page begins
  std::int64_t page = 0;
  bool has_index = false;  // the last list of the page
};

/// A page of a segment.
struct Leaf {
  const unsigned char* begin = nullptr;
  const unsigned char* end = nullptr;         // of what is before the footer
  const unsigned char* footer_end = nullptr;  // of all
  std::uint32_t first_row = 0;                // where; 0: none before the first term
  std::uint32_t first_term = 0;               // where; 0: none
};
inline constexpr std::uint32_t kLeafHeader = 4;
/// Of a block without its padding, which it points into. Nothing: it is none.
std::optional<Leaf> leaf_of(std::string_view block);
/// Reads the terms of a page, one by one.
class LeafTerms {
 public:
  explicit LeafTerms(const Leaf& leaf);
  /// False: there is no further one, or is_strange().
  bool next();
  bool is_strange() const { return is_strange_; }
  const std::string& term() const { return term_; }
  /// Of its list.
  const unsigned char* begin() const { return begin_; }
  const unsigned char* end() const { return end_; }
  /// Its list ends in this page.
  bool ends_here() const { return has_next_; }

 private:
  bool be_strange() {
    is_strange_ = true;
    return false;
  }

  const Leaf leaf_;
  const unsigned char* footer_;
  std::uint64_t next_offset_ = 0;
  bool has_next_;
  bool is_first_ = true;
  bool is_strange_ = false;
  std::string term_;
  const unsigned char* begin_ = nullptr;
  const unsigned char* end_ = nullptr;
};

std::int64_t leaf_block_of(std::int64_t segment, std::int64_t page);

/// The blocks of an FTS5 table.
class Fts5Blocks {
 public:
  Fts5Blocks() = default;
  Fts5Blocks(const Fts5Blocks&) = delete;
  Fts5Blocks& operator=(const Fts5Blocks&) = delete;
  virtual ~Fts5Blocks() = default;

  /// Those from `first` on, one number behind the other: as many as there are, `most` at most. Each
  /// with kFts5Padding bytes more.
  virtual std::vector<std::string> read(std::int64_t first, std::int64_t most) = 0;
  /// Where a term is if it is in the segment. Nothing: the dictionary has nothing of this segment,
  /// of which each has an entry at least.
  virtual std::optional<TermPlace> place_of(std::int64_t segment, std::string_view term) = 0;
};

inline constexpr std::size_t kFts5ColumnsMax = 5;
/// Bytes of the positions of a row: more than a text of 1 MiB could have.
inline constexpr std::uint64_t kFts5PositionsMax = 8 << 20;
/// How often a term is in each column.
using ColumnCounts = std::array<std::uint32_t, kFts5ColumnsMax>;

/// The postings of one term in one segment, by row. Bytes and time are bounded by what is read.
class Postings {
 public:
  Postings(Fts5Blocks& blocks, const Segment& segment, std::string_view term);
  Postings(const Postings&) = delete;
  Postings& operator=(const Postings&) = delete;

  /// The pages are otherwise than is known: what was read so far is not all.
  bool is_strange() const { return is_strange_; }
  /// The term is there, and its list has an index.
  bool has_index() const { return has_index_; }
  /// Whether there is a posting; else it is over, or is_strange().
  bool has_one() const { return has_one_; }
  std::int64_t row() const { return row_; }
  /// Of an older segment: it is gone.
  bool is_deletion() const { return is_deletion_; }
  /// With kFts5Padding bytes behind them; until next().
  std::string_view positions() const { return positions_; }

  void next() {
    if (at_ >= end_) return next_page();
    if (is_whole_next_) return enter_rows();
    std::uint64_t gap = 0;
    if (!db::sqlite::read_varint(at_, end_, gap) || gap == 0) return be_strange();
    take_row(static_cast<std::uint64_t>(row_) + gap);
  }
  /// To the first posting of a row that is not before this one.
  void skip_to(std::int64_t row);

 private:
  static constexpr std::size_t kPagesAtOnce = 4;
  /// An entry of an index: the first row of a page.
  struct PageRow {
    std::int64_t page = 0;
    std::int64_t row = 0;
  };

  void begin(std::string_view term, const TermPlace& place);
  bool find(std::string_view term, const TermPlace& place);
  bool is_before_next_page(std::string_view term);
  bool load(std::int64_t page);
  void next_page();
  void take_row(std::uint64_t row) {
    if (row > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      return be_strange();
    }
    const auto next = static_cast<std::int64_t>(row);
    if (has_row_ && next <= row_) return be_strange();
    row_ = next;
    has_row_ = true;
    std::uint64_t size = 0;
    if (!db::sqlite::read_varint(at_, end_, size)) return be_strange();
    is_deletion_ = (size & 1) != 0;
    size >>= 1;
    if (size > static_cast<std::uint64_t>(end_ - at_)) return take_broken_positions(size);
    positions_ = {reinterpret_cast<const char*>(at_), static_cast<std::size_t>(size)};
    at_ += size;
  }
  void take_broken_positions(std::uint64_t size);
  void enter_leaf();
  void enter_rows();
  std::optional<std::int64_t> page_of(std::int64_t row);
  bool descend(std::int64_t row);
  bool read_index(std::int64_t height, std::int64_t page, bool& is_root);
  void be_strange() {
    is_strange_ = true;
    has_one_ = false;
  }
  void end() { has_one_ = false; }

  Fts5Blocks& blocks_;
  const Segment segment_;
  std::vector<std::string> pages_;  // from first_ on
  std::int64_t first_ = 0;
  std::size_t at_once_ = 1;
  std::int64_t page_ = 0;
  Leaf leaf_;
  const unsigned char* at_ = nullptr;
  const unsigned char* end_ = nullptr;  // of the list in this page
  bool ends_here_ = false;              // in this page
  bool has_row_ = false;                // one was read
  bool is_whole_next_ = false;          // the next row is written as it is, and no step

  std::int64_t term_page_ = 0;
  bool has_index_ = false;
  std::vector<PageRow> index_;  // a page of the index
  std::size_t index_at_ = 0;    // the last that was gone to
  bool is_index_last_ = false;  // there is no further page of it

  bool is_strange_ = false;
  bool has_one_ = false;
  std::int64_t row_ = 0;
  bool is_deletion_ = false;
  std::string_view positions_;
  std::string broken_;  // positions of several pages
};

/// Sets how often a term is in each column of a row. False: these are no positions of so many
/// columns.
bool count(std::string_view positions, ColumnCounts& counts);
/// The same of positions with kFts5Padding bytes behind them: most are of one column, and few.
inline bool count_padded(std::string_view positions, ColumnCounts& counts) {
  constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101;
  constexpr std::uint64_t kHighs = kOnes << 7;
  constexpr std::size_t kMark = 2;
  const auto* at = reinterpret_cast<const unsigned char*>(positions.data());
  if (positions.size() <= kMark || at[0] != 1 || at[1] >= kFts5ColumnsMax) {
    return count(positions, counts);
  }
  const auto column = at[1];
  const auto* const end = at + positions.size();
  if (end[-1] >= 0x80) return false;
  std::uint32_t here = 0;
  for (at += kMark; at < end; at += sizeof(std::uint64_t)) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, at, sizeof(eight));
    if (const auto left = static_cast<std::size_t>(end - at); left < sizeof(eight)) {
      const auto behind = ~std::uint64_t{0} << (8 * left);
      // What is behind the end counts for nothing.
      eight |= behind;
    }
    // A byte that is 1, which may be the mark of another column; or one before it that is 0.
    const auto others = eight ^ kOnes;
    if (((others - kOnes) & ~others & kHighs) != 0) return count(positions, counts);
    // Each gap has one byte without its highest bit, the last.
    here += static_cast<std::uint32_t>(std::popcount(~eight & kHighs));
  }
  counts.fill(0);
  counts[column] = here;
  return true;
}
/// Whether these are positions of so many columns, of which each is read.
bool are_positions(std::string_view positions);
/// As count(), of several terms, of which some may be at one place: then it is one.
bool count(const std::vector<std::string_view>& terms, ColumnCounts& counts);

}  // namespace synap::search
