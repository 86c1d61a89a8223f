#include "search/fts5_postings.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

namespace synap::search {
namespace {

using db::sqlite::read_varint;

// FTS5 itself allows no more.
constexpr std::uint64_t kSegmentsMax = 2'000;
constexpr std::uint64_t kSegmentIdMax = 65'535;
constexpr std::uint64_t kPageMax = (std::uint64_t{1} << 31) - 1;
// A page of the index of 4 KB is of some thousand pages; more are hundreds of gigabytes.
constexpr std::int64_t kIndexHeightMax = 4;
const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::uint32_t big_endian(const unsigned char* at) {
  return static_cast<std::uint32_t>(at[0]) << 8 | at[1];
}

// The places of a term in a row, one by one, as column and offset.
class Places {
 public:
  static constexpr auto kNone = std::numeric_limits<std::uint64_t>::max();

  explicit Places(std::string_view positions)
      : at_(bytes_of(positions)), end_(at_ + positions.size()) {}
  std::uint64_t place() const { return place_; }
  bool is_strange() const { return is_strange_; }

  void next() {
    if (at_ == end_) {
      place_ = kNone;
      return;
    }
    constexpr std::uint64_t kColumnMark = 1;
    std::uint64_t gap = 0;
    bool is_number = read_varint(at_, end_, gap);
    if (gap == kColumnMark) {
      is_number = read_varint(at_, end_, gap) && gap > column_ && gap < kFts5ColumnsMax;
      column_ = gap;
      offset_ = 0;
      is_number = is_number && read_varint(at_, end_, gap);
    }
    is_strange_ = !is_number || gap < 2 || (offset_ += gap - 2) > UINT32_MAX;
    place_ = is_strange_ ? kNone : column_ << 32 | offset_;
    if (is_strange_) at_ = end_;
  }

 private:
  const unsigned char* at_;
  const unsigned char* const end_;
  std::uint64_t column_ = 0;
  std::uint64_t offset_ = 0;
  std::uint64_t place_ = 0;
  bool is_strange_ = false;
};

std::int64_t index_block_of(std::int64_t segment, std::int64_t height, std::int64_t page) {
  return segment << 37 | std::int64_t{1} << 36 | height << 31 | page;
}

}  // namespace

std::optional<std::vector<Segment>> segments_of(std::string_view structure) {
  // What has records of deletions (contentless_delete) says so where others have a number of
  // levels, which is never so large.
  const auto* at = bytes_of(structure) + 4;
  const auto* const end = bytes_of(structure) + structure.size();
  std::uint64_t levels = 0;
  std::uint64_t total = 0;
  std::uint64_t writes = 0;
  if (structure.size() < 4 || !read_varint(at, end, levels) || !read_varint(at, end, total) ||
      !read_varint(at, end, writes) || levels > kSegmentsMax || total > kSegmentsMax) {
    return std::nullopt;
  }
  std::vector<std::vector<Segment>> all;
  for (std::uint64_t level = 0; level < levels; ++level) {
    std::uint64_t merged = 0;
    std::uint64_t count = 0;
    if (!read_varint(at, end, merged) || !read_varint(at, end, count) || count > total) {
      return std::nullopt;
    }
    total -= count;
    all.emplace_back();
    for (; count > 0; --count) {
      std::uint64_t id = 0;
      std::uint64_t first = 0;
      std::uint64_t last = 0;
      if (!read_varint(at, end, id) || !read_varint(at, end, first) ||
          !read_varint(at, end, last) || id == 0 || id > kSegmentIdMax || last > kPageMax ||
          first > last) {
        return std::nullopt;
      }
      // One that is being merged has given all that it had.
      if (first == 0) continue;
      all.back().push_back({static_cast<std::int64_t>(id), static_cast<std::int64_t>(first),
                            static_cast<std::int64_t>(last)});
    }
  }
  if (total != 0 || at != end) return std::nullopt;
  std::vector<Segment> segments;
  for (std::size_t level = all.size(); level-- > 0;) {
    segments.insert(segments.end(), all[level].begin(), all[level].end());
  }
  return segments;
}

std::int64_t leaf_block_of(std::int64_t segment, std::int64_t page) {
  return segment << 37 | page;
}

std::optional<Leaf> leaf_of(std::string_view block) {
  if (block.size() < kLeafHeader) return std::nullopt;
  Leaf leaf;
  leaf.begin = bytes_of(block);
  leaf.footer_end = leaf.begin + block.size();
  leaf.first_row = big_endian(leaf.begin);
  const auto end = big_endian(leaf.begin + 2);
  if (end < kLeafHeader || end > block.size()) return std::nullopt;
  leaf.end = leaf.begin + end;
  if (leaf.first_row != 0 && (leaf.first_row < kLeafHeader || leaf.first_row >= end)) {
    return std::nullopt;
  }
  if (leaf.end != leaf.footer_end) {
    const auto* footer = leaf.end;
    std::uint64_t first = 0;
    if (!read_varint(footer, leaf.footer_end, first)) return std::nullopt;
    if (first < kLeafHeader || first >= end || (leaf.first_row != 0 && leaf.first_row >= first)) {
      return std::nullopt;
    }
    leaf.first_term = static_cast<std::uint32_t>(first);
  }
  return leaf;
}

LeafTerms::LeafTerms(const Leaf& leaf)
    : leaf_(leaf), footer_(leaf.end), has_next_(leaf.first_term != 0) {
  if (has_next_) read_varint(footer_, leaf_.footer_end, next_offset_);
}

bool LeafTerms::next() {
  if (is_strange_ || !has_next_) return false;
  const auto all = static_cast<std::uint64_t>(leaf_.end - leaf_.begin);
  const auto offset = next_offset_;
  const auto* at = leaf_.begin + offset;
  std::uint64_t common = 0;
  std::uint64_t size = 0;
  if ((!is_first_ && !read_varint(at, leaf_.end, common)) || !read_varint(at, leaf_.end, size) ||
      common > term_.size() || size > static_cast<std::uint64_t>(leaf_.end - at)) {
    return be_strange();
  }
  is_first_ = false;
  term_.resize(common);
  term_.append(reinterpret_cast<const char*>(at), size);
  begin_ = at + size;
  end_ = leaf_.end;
  has_next_ = footer_ != leaf_.footer_end;
  if (!has_next_) return true;
  std::uint64_t step = 0;
  if (!read_varint(footer_, leaf_.footer_end, step) || step == 0 || step >= all - offset ||
      leaf_.begin + offset + step < begin_) {
    return be_strange();
  }
  next_offset_ = offset + step;
  end_ = leaf_.begin + next_offset_;
  return true;
}

Postings::Postings(Fts5Blocks& blocks, const Segment& segment, std::string_view term)
    : blocks_(blocks), segment_(segment) {
  const auto place = blocks_.place_of(segment.id, term);
  if (!place) {
    be_strange();
    return;
  }
  begin(term, *place);
}

void Postings::begin(std::string_view term, const TermPlace& place) {
  has_index_ = place.has_index;
  page_ = place.page;
  // What is before was merged into another one.
  if (page_ < segment_.first_page) {
    page_ = segment_.first_page;
    has_index_ = false;
  }
  if (!load(page_)) return be_strange();
  if (leaf_.first_term == 0) return be_strange();
  term_page_ = page_;
  if (!find(term, place)) {
    has_index_ = false;
    return;
  }
  has_index_ = has_index_ && !ends_here_;
  has_one_ = true;
  enter_rows();
}

// Along the terms of the page. Sets where its list begins and ends.
bool Postings::find(std::string_view term, const TermPlace& place) {
  LeafTerms terms(leaf_);
  for (bool is_first = true; terms.next(); is_first = false) {
    // Of the first page the dictionary may say what was before it.
    if (is_first && page_ != segment_.first_page && !terms.term().starts_with(place.beginning)) {
      be_strange();
      return false;
    }
    if (terms.term() < term) continue;
    if (terms.term() != term) return false;
    at_ = terms.begin();
    end_ = terms.end();
    ends_here_ = terms.ends_here();
    return true;
  }
  if (terms.is_strange() || !is_before_next_page(term)) be_strange();
  return false;
}

// Whether a term that is behind all of this page is in none of the next one: else the dictionary
// has no entry for that page, or another page stands here.
bool Postings::is_before_next_page(std::string_view term) {
  if (page_ == segment_.last_page) return true;
  if (!load(page_ + 1)) return false;
  if (leaf_.first_term == 0) return true;
  LeafTerms terms(leaf_);
  return terms.next() && term < terms.term();
}

bool Postings::load(std::int64_t page) {
  if (page > segment_.last_page) return false;
  const bool is_read = page >= first_ && page < first_ + static_cast<std::int64_t>(pages_.size());
  if (!is_read) {
    // One that goes on is a long list.
    const auto most = std::min(static_cast<std::int64_t>(at_once_), segment_.last_page - page + 1);
    pages_ = blocks_.read(leaf_block_of(segment_.id, page), most);
    first_ = page;
    at_once_ = std::min(2 * at_once_, kPagesAtOnce);
    if (pages_.empty()) return false;
  }
  page_ = page;
  const auto& block = pages_[static_cast<std::size_t>(page - first_)];
  const auto leaf = leaf_of(std::string_view(block).substr(0, block.size() - kFts5Padding));
  if (leaf) leaf_ = *leaf;
  return leaf.has_value();
}

// The first row of a page, or of the list, is written as it is.
void Postings::enter_rows() {
  is_whole_next_ = false;
  if (at_ >= end_) return next_page();
  std::uint64_t row = 0;
  if (!read_varint(at_, end_, row)) return be_strange();
  take_row(row);
}

void Postings::next_page() {
  if (ends_here_ || page_ == segment_.last_page) {
    // A list has a row at least.
    return has_row_ ? end() : be_strange();
  }
  if (!load(page_ + 1)) return be_strange();
  if (leaf_.first_row == 0) {
    if (leaf_.first_term != kLeafHeader || !has_row_) return be_strange();
    return end();
  }
  if (leaf_.first_row != kLeafHeader) return be_strange();
  enter_leaf();
}

void Postings::enter_leaf() {
  at_ = leaf_.begin + leaf_.first_row;
  ends_here_ = leaf_.first_term != 0;
  end_ = ends_here_ ? leaf_.begin + leaf_.first_term : leaf_.end;
  enter_rows();
}

// They go on behind the header of the next page, as far as its first row or term.
void Postings::take_broken_positions(std::uint64_t size) {
  if (ends_here_ || size > kFts5PositionsMax) return be_strange();
  broken_.assign(reinterpret_cast<const char*>(at_), static_cast<std::size_t>(end_ - at_));
  for (;;) {
    if (!load(page_ + 1)) return be_strange();
    const auto* begin = leaf_.begin + kLeafHeader;
    const auto* end = leaf_.end;
    if (leaf_.first_term != 0) end = leaf_.begin + leaf_.first_term;
    if (leaf_.first_row != 0) end = leaf_.begin + leaf_.first_row;
    const auto here = std::min(static_cast<std::size_t>(size) - broken_.size(),
                               static_cast<std::size_t>(end - begin));
    broken_.append(reinterpret_cast<const char*>(begin), here);
    at_ = begin + here;
    if (broken_.size() == size) {
      if (at_ != end) return be_strange();
      break;
    }
    // More is to come, so nothing else may be on this page.
    if (end != leaf_.end || begin == end) return be_strange();
  }
  broken_.append(kFts5Padding, '\0');
  positions_ = std::string_view(broken_).substr(0, size);
  ends_here_ = leaf_.first_term != 0;
  end_ = ends_here_ ? leaf_.begin + leaf_.first_term : leaf_.end;
  is_whole_next_ = leaf_.first_row != 0;
}

void Postings::skip_to(std::int64_t row) {
  if (has_one_ && row_ < row && has_index_) {
    const auto page = page_of(row);
    if (page && *page > page_) {
      if (!load(*page) || leaf_.first_row == 0) return be_strange();
      enter_leaf();
    }
  }
  while (has_one_ && row_ < row) next();
}

// The last page whose first row is not behind this one; nothing: it is before that.
std::optional<std::int64_t> Postings::page_of(std::int64_t row) {
  const bool is_behind = index_.empty() || (!is_index_last_ && index_.back().row < row);
  if (is_behind && !descend(row)) {
    be_strange();
    return std::nullopt;
  }
  while (index_at_ + 1 < index_.size() && index_[index_at_ + 1].row <= row) ++index_at_;
  if (index_[index_at_].row > row) return std::nullopt;
  return index_[index_at_].page;
}

// From the root of the index, which is the first of its pages that says so, to the page of the row.
bool Postings::descend(std::int64_t row) {
  std::int64_t height = 0;
  bool is_root = false;
  for (; !is_root; ++height) {
    if (height == kIndexHeightMax || !read_index(height, term_page_, is_root)) return false;
  }
  is_index_last_ = true;
  for (--height; height > 0; --height) {
    const auto behind = std::ranges::upper_bound(index_, row, {}, &PageRow::row);
    const auto child = behind == index_.begin() ? behind : std::prev(behind);
    is_index_last_ = is_index_last_ && std::next(child) == index_.end();
    if (!read_index(height - 1, child->page, is_root)) return false;
  }
  return true;
}

bool Postings::read_index(std::int64_t height, std::int64_t page, bool& is_root) {
  const auto blocks = blocks_.read(index_block_of(segment_.id, height, page), 1);
  index_.clear();
  index_at_ = 0;
  if (blocks.empty() || blocks.front().size() == kFts5Padding) return false;
  const auto* at = bytes_of(blocks.front());
  const auto* const end = at + blocks.front().size() - kFts5Padding;
  is_root = (*at++ & 1) == 0;
  std::uint64_t number = 0;
  std::uint64_t first = 0;
  if (!read_varint(at, end, number) || !read_varint(at, end, first)) return false;
  for (;;) {
    if (number > kPageMax || first > std::numeric_limits<std::int64_t>::max()) return false;
    index_.push_back({static_cast<std::int64_t>(number), static_cast<std::int64_t>(first)});
    for (++number; at < end && *at == 0; ++at) ++number;
    std::uint64_t step = 0;
    if (at == end) return true;
    if (!read_varint(at, end, step) || step > std::numeric_limits<std::int64_t>::max())
      return false;
    first += step;
  }
}

bool count(std::string_view positions, ColumnCounts& counts) {
  constexpr unsigned char kColumnMark = 1;
  const auto* at = bytes_of(positions);
  const auto* const end = at + positions.size();
  counts.fill(0);
  std::size_t column = 0;
  while (at < end) {
    if (*at == kColumnMark) {
      if (++at == end || *at >= kFts5ColumnsMax) return false;
      column = *at++;
    }
    // Of a gap only its end matters.
    for (; at < end && *at != kColumnMark; ++at) {
      while (*at >= 0x80 && at + 1 < end) ++at;
      ++counts[column];
    }
  }
  return positions.empty() || end[-1] < 0x80;
}

bool are_positions(std::string_view positions) {
  Places places(positions);
  do {
    places.next();
  } while (places.place() != Places::kNone);
  return !places.is_strange();
}

bool count(const std::vector<std::string_view>& terms, ColumnCounts& counts) {
  const bool are_one = std::ranges::all_of(
      terms, [&](std::string_view positions) { return positions == terms.front(); });
  if (are_one) return count(terms.front(), counts);
  std::vector<Places> all(terms.begin(), terms.end());
  counts.fill(0);
  for (auto& places : all) places.next();
  for (;;) {
    auto first = Places::kNone;
    for (const auto& places : all) first = std::min(first, places.place());
    if (first == Places::kNone) break;
    ++counts[first >> 32];
    for (auto& places : all) {
      if (places.place() == first) places.next();
    }
  }
  return std::ranges::none_of(all, &Places::is_strange);
}

}  // namespace synap::search
