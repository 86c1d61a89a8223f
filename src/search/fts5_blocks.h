// TableBlocks: the blocks of the table `terms` as a transaction sees them (fts5_postings.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "db/database.h"
#include "search/fts5_postings.h"

namespace synap::search {

class TableBlocks final : public Fts5Blocks {
 public:
  explicit TableBlocks(db::Tx& tx) : tx_(tx) {}

  /// False: the table says itself that it is of another format.
  bool has_known_version();
  /// Nothing: the record is missing, or otherwise than is known.
  std::optional<std::vector<Segment>> segments();
  std::vector<std::string> read(std::int64_t first, std::int64_t most) override;
  std::optional<TermPlace> place_of(std::int64_t segment, std::string_view term) override;

 private:
  db::Tx& tx_;
};

}  // namespace synap::search
