// Fts5Check: whether the lists of words are whole. Reads each page of each segment once, some at a
// time, and what leads to it: a page that is missing, empty, of another place or of another time
// is found, also where each for itself can be read. FTS5's own integrity-check would hold whoever
// writes as long as it takes, and believes a dictionary that is empty.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/world.h"
#include "db/database.h"
#include "search/fts5_blocks.h"

namespace synap::search {

class Fts5Check {
 public:
  enum class Seen {
    kMore,     // there are pages that were not looked at
    kAll,      // they are as they should be, or of a format that is not known
    kStrange,  // they are not
  };
  /// Looks at `pages` more of what the transaction sees. What was merged since the last step is
  /// looked at where it is now.
  Seen step(db::Tx& tx, int pages);

 private:
  // Through a segment, from term to term.
  struct Walk {
    Segment segment;
    std::int64_t page = 0;  // the next one
    std::string term = {};  // whose list it is in; empty: none yet
    bool has_index = false;
    bool has_row = false;
    std::int64_t row = 0;
    std::string positions = {};  // of a row that goes on in the next page
    std::uint64_t rest = 0;      // so many bytes of them are to come
  };
  bool choose(const std::vector<Segment>& segments);
  bool take_pages(TableBlocks& blocks, std::int64_t& pages);
  bool take_page(TableBlocks& blocks, const Leaf& leaf);
  bool take_rest(const Leaf& leaf, const unsigned char*& at);
  bool take_rows(const unsigned char* at, const unsigned char* end, bool ends_here);
  bool take_terms(TableBlocks& blocks, const Leaf& leaf);
  bool is_in_dictionary(TableBlocks& blocks, bool is_first);
  bool leads_to_row(TableBlocks& blocks);

  std::optional<Walk> walk_;
  std::set<std::pair<std::int64_t, std::int64_t>> done_;  // segments, with their last pages
  std::optional<Postings> index_;                         // of the list of walk_, within a step
};

/// Whether the SQLite that runs writes lists as they are known here, all kinds of which it is made
/// to write for it. Where it does not, what is strange is no damage.
bool writes_known_lists(World& world);

}  // namespace synap::search
