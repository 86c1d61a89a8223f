// TextSizes: how many terms each column of a text has, which a relevance is computed from. FTS5
// keeps them in a table of its own, where a look takes longer than all else that is done with a
// text. No place is ever given to another text, so what is known of one stays true.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "db/database.h"
#include "search/streams.h"

namespace synap::search {

/// Of one index, for all who read it; thread-safe. At most kBytesMax, 8 bytes a text.
class TextSizes {
 public:
  static constexpr std::size_t kBytesMax = 32 << 20;
  static constexpr int kBlockBits = 11;
  static constexpr std::int64_t kBlockTexts = 1 << kBlockBits;
  using Sizes = std::array<int, kColumns>;

  class Block {
   public:
    /// Of the text at this place of the block, which the transaction sees.
    Sizes of(db::Tx& tx, std::int64_t place) const {
      const auto& kept = sizes_[static_cast<std::size_t>(place & (kBlockTexts - 1))];
      if (kept[0] == kUnknown) [[unlikely]] {
        return read(tx, place);
      }
      return {kept[0], kept[1], kept[2], kept[3]};
    }

   private:
    friend class TextSizes;
    // Also of a text of which one is as large, and of one that was gone when this was read: it is
    // asked for each time.
    static constexpr std::uint16_t kUnknown = UINT16_MAX;
    static Sizes read(db::Tx& tx, std::int64_t place);
    void keep(std::int64_t place, const Sizes& sizes);

    std::array<std::array<std::uint16_t, kColumns>, kBlockTexts> sizes_;
    std::int64_t known_to_ = 0;
  };

  /// Of the texts with this number of a block, which is a place without its lowest bits; the
  /// newest place that the transaction sees of this user is `highest`.
  std::shared_ptr<const Block> block(db::Tx& tx, std::int64_t number, std::int64_t highest);

 private:
  std::mutex mutex_;
  std::unordered_map<std::int64_t, std::shared_ptr<const Block>> blocks_;
};

}  // namespace synap::search
