// Any bytes as pages of FTS5's: lists of words are read or found strange, within the bytes, in time
// that is bounded by these, and their rows ascend.
//
// The first byte: what the dictionary says of the term, and how far is skipped. Then pages, each
// behind its size, of which those of the index are the last.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/check.h"
#include "search/fts5_postings.h"

namespace {

using namespace synap;

constexpr std::string_view kTerm = "0a";

class Pages final : public search::Fts5Blocks {
 public:
  Pages(std::string_view bytes, search::TermPlace place) : place_(std::move(place)) {
    while (!bytes.empty()) {
      const auto size = static_cast<unsigned char>(bytes.front());
      pages_.emplace_back(bytes.substr(1, size));
      // What is behind a page has no meaning.
      pages_.back().append(search::kFts5Padding, '\x01');
      bytes = bytes.substr(std::min<std::size_t>(bytes.size(), 1 + size));
    }
  }

  std::vector<std::string> read(std::int64_t first, std::int64_t most) override {
    ++reads;
    std::vector<std::string> blocks;
    const bool is_index = (first >> 36 & 1) != 0;
    const auto height = first >> 31 & 31;
    auto page = first & 0x7fff'ffff;
    if (is_index) page = count() - height - (page - 1);
    for (; most > 0 && page >= 1 && page <= count(); ++page, --most) {
      blocks.push_back(pages_[static_cast<std::size_t>(page - 1)]);
    }
    return blocks;
  }
  std::optional<search::TermPlace> place_of(std::int64_t, std::string_view) override {
    return place_;
  }
  std::int64_t count() const { return static_cast<std::int64_t>(pages_.size()); }

  std::size_t reads = 0;

 private:
  std::vector<std::string> pages_;
  const search::TermPlace place_;
};

void read_list(std::string_view bytes, const search::TermPlace& place, std::int64_t step) {
  Pages blocks(bytes, place);
  search::Postings postings(blocks, {.id = 1, .first_page = 1, .last_page = blocks.count()}, kTerm);
  std::int64_t before = -1;
  std::size_t count = 0;
  search::ColumnCounts counts;
  search::ColumnCounts padded;
  while (postings.has_one()) {
    SYNAP_CHECK(!postings.is_strange() && postings.row() > before);
    before = postings.row();
    const auto positions = postings.positions();
    SYNAP_CHECK(positions.size() <= bytes.size());
    const bool is_known = search::count(positions, counts);
    SYNAP_CHECK(search::count_padded(positions, padded) == is_known);
    SYNAP_CHECK(!is_known || counts == padded);
    search::ColumnCounts united;
    std::ignore = search::count({positions, positions.substr(0, positions.size() / 2)}, united);
    SYNAP_CHECK(++count <= bytes.size());
    if (step == 0 || before > INT64_MAX - step) {
      postings.next();
    } else {
      postings.skip_to(before + step);
      SYNAP_CHECK(!postings.has_one() || postings.row() >= before + step);
    }
  }
  // A page of the index is read once for each page of the list at most, from its root on.
  SYNAP_CHECK(blocks.reads <= 8 * (bytes.size() + 8));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto segments = search::segments_of(bytes)) {
    SYNAP_CHECK(segments->size() <= size);
    for (const auto& segment : *segments) {
      SYNAP_CHECK(segment.first_page > 0 && segment.first_page <= segment.last_page);
    }
  }
  if (size == 0) return 0;
  const search::TermPlace place{.beginning = std::string(kTerm.substr(0, data[0] >> 2 & 2)),
                                .page = data[0] >> 1 & 1,
                                .has_index = (data[0] & 1) != 0};
  read_list(bytes.substr(1), place, 0);
  read_list(bytes.substr(1), place, 1 + (data[0] >> 2));
  return 0;
}
