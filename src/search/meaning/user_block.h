// UserBlock: what is in memory of one user's things, by one model: the vectors of their passages,
// and of which thing each is.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/uuid.h"
#include "vectors/block.h"

namespace synap::search {

/// So many bits of the id of a passage are its number within its thing: what is above is the number
/// of the thing, which is another one after each change of its passages.
inline constexpr int kPassageBits = 16;
inline constexpr std::int64_t kPassagesMax = std::int64_t{1} << kPassageBits;

/// A thing and its passages, as they are written.
struct Vectors {
  Uuid entity;
  std::int64_t number = 0;
  std::int64_t updated_at = 0;  // Unix ms
  std::vector<std::vector<float>> passages;
};

/// What a change made of a thing.
struct Effect {
  Uuid entity;
  std::optional<Vectors> now;                   // its passages are others
  std::optional<std::int64_t> updated_at = {};  // they are the same; neither: it is gone
};

/// A thing that is near, and its nearest passage.
struct Near {
  Uuid entity;
  std::int64_t passage = 0;  // its id
  float cosine = 0;
};

/// Any thread.
class UserBlock {
 public:
  explicit UserBlock(std::unique_ptr<vectors::Block> block) : block_(std::move(block)) {}

  /// False: a vector is none, as in a file that is damaged.
  bool put(const Vectors& vectors);
  bool apply(const Effect& effect);

  struct Options {
    std::size_t count = 10;  // things
    /// May be asked of any; must not call the block.
    std::function<bool(const Uuid& entity, std::int64_t updated_at)> takes = {};
    vectors::Background* background = nullptr;
  };
  /// The nearest things, the nearest first.
  Result<std::vector<Near>> nearest(std::span<const float> query, const Options& options) const;
  /// How near one is. Nothing: it is not here.
  std::optional<Near> nearness(const Uuid& entity, std::span<const float> query) const;

  std::size_t size() const { return block_->size(); }
  std::size_t bytes() const;
  /// About so many, of so many things and passages.
  static std::size_t bytes_of(std::int64_t things, std::int64_t passages, std::size_t dimension);

 private:
  struct Thing {
    std::int64_t number = 0;
    std::int64_t passages = 0;
    std::int64_t updated_at = 0;
  };
  struct Name {
    Uuid entity;
    std::int64_t updated_at = 0;
  };
  void remove(const Uuid& entity);

  mutable std::shared_mutex mutex_;  // before that of the block
  std::unique_ptr<vectors::Block> block_;
  std::unordered_map<Uuid, Thing> things_;
  std::unordered_map<std::int64_t, Name> names_;  // by number
};

}  // namespace synap::search
