// Changes: what is written into an index of a document that came, is another now, or is gone.
#pragma once

#include <cstdint>
#include <optional>

#include "analysis/analyzer.h"
#include "db/database.h"
#include "search/index.h"

namespace synap::search {

/// So many bits of a place are the number within a user's.
inline constexpr int kPlaceBits = 36;

/// In one transaction of an index.
class Changes {
 public:
  Changes(db::Tx& tx, analysis::Analyzer& analyzer) : tx_(tx), analyzer_(analyzer) {}
  void carry_out(const Change& change);

 private:
  struct Stored {
    std::int64_t place = 0;
    std::int64_t user = 0;
    Kept kept;
  };
  std::optional<Stored> stored(const Uuid& id);
  void remove(const Stored& stored);
  void insert(const Document& document, const Kept& kept);
  std::int64_t user_of(const std::string& user_id);
  void count(std::int64_t user, const Streams& streams, analysis::Language language, int by);

  db::Tx& tx_;
  analysis::Analyzer& analyzer_;
};

}  // namespace synap::search
