// PostingRanking: which texts match a query, and how relevant they are, from the lists of its words
// (fts5_postings.h), for queries whose items are words each; phrases are FTS5's.
//
// Texts are looked at by the thousand, in the order of their places: what leads to them first,
// then, where some of those may be among the best, what else of the query they have. A text whose
// words together cannot make it as relevant as those that are known is counted, and no more.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/timer.h"
#include "db/database.h"
#include "db/sqlite/bm25f.h"
#include "search/fts5_blocks.h"
#include "search/fts5_postings.h"
#include "search/terms.h"
#include "search/text_sizes.h"

namespace synap::search {

/// The lists of one index as a transaction sees it, of which it keeps what it has found.
class PostingLists {
 public:
  /// `doubts` grows whenever something is strange.
  PostingLists(db::Tx& tx, TextSizes& sizes, Watermark& doubts);
  ~PostingLists();

  /// False: they are of a format that is not known here.
  bool are_known();
  /// Whose lists can be read at once for one query.
  static bool takes(const std::vector<Wanted>& wanted);

  /// How many texts have one of these terms: where they are more than `most`, so many of the newest
  /// and one more, and the last of these. Nothing: it cannot be said.
  std::optional<Frequency> frequency_of(const Library& library, const Forms& forms,
                                        Item::Scope scope, std::int64_t most);

  struct Ranked {
    std::int64_t matches = 0;  // that were looked at
    std::int64_t next = 0;     // the place of the first that was not
    bool is_whole = false;     // all were
  };
  /// Of a query that it takes: those from `lowest` on, the oldest first.
  Ranked rank(const Reading& reading, std::int64_t lowest, const Terms::Take& take);

 private:
  class Word;
  class Ranking;

  void doubt();
  std::optional<std::vector<std::int64_t>> counts_of(const Library& library, const Forms& forms,
                                                     Item::Scope scope, std::int64_t begin,
                                                     std::int64_t end);

  db::Tx& tx_;
  TextSizes& sizes_;
  Watermark& doubts_;
  const std::unique_ptr<TableBlocks> blocks_;
  std::optional<std::vector<Segment>> segments_;
  bool is_read_ = false;
};

}  // namespace synap::search
