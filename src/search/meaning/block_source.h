// BlockSource: where the vectors of a user are read from into memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/task.h"
#include "search/meaning/user_block.h"

namespace synap::search {

/// A user, as an index has him.
struct BlockOwner {
  std::int64_t number = 0;
  std::int64_t documents = 0;
  std::int64_t passages = 0;
  // Of a source that others write:
  std::string made = {};      // another, where all was made anew
  std::int64_t revision = 0;  // grows with each change of what he has
  // Of his index of neighbours (neighbours.h): up to which revision it is, and whether that was all
  // once.
  std::int64_t listed = 0;
  bool is_listed = false;
};

/// A thing of which what is stored cannot be read.
struct DamagedThing {
  std::int64_t user = 0;
  std::int64_t number = 0;
  Uuid entity;
};

struct BlockPage {
  std::vector<Effect> effects;
  std::int64_t last = 0;  // the page behind it begins there
  bool is_last = false;
  std::vector<DamagedThing> damaged = {};  // they have no passages in `effects`
};

/// So many changes stand in a source that others write: who has seen less reads all again.
inline constexpr std::int64_t kRevisionsKept = 10'000;
/// And so many more than a user has things, while his index of neighbours has not seen them.
inline constexpr std::int64_t kRevisionsUnlisted = 100'000;
// Of a page: some MiB, and some ten milliseconds.
inline constexpr std::int64_t kThingsPerPage = 1'000;
inline constexpr std::int64_t kPassagesPerPage = 8'000;

class BlockSource {
 public:
  BlockSource() = default;
  BlockSource(const BlockSource&) = delete;
  BlockSource& operator=(const BlockSource&) = delete;
  virtual ~BlockSource() = default;

  /// Others write it: whoever has a block looks for what has changed.
  virtual bool is_shared() const = 0;
  /// Nothing: he has nothing in it.
  virtual Task<Result<std::optional<BlockOwner>>> owner(const std::string& user_id) = 0;
  /// What he has behind `after`, by numbers of things; of a shared one by revisions. Of 0: all.
  virtual Task<Result<BlockPage>> page(const BlockOwner& owner, std::int64_t after) = 0;
};

}  // namespace synap::search
