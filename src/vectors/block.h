// Block: the vectors of one user by one model, in memory, and the search among them: exact, over
// all of them, which for up to some hundred thousand is faster than an index of neighbours is at
// the same recall, needs no building, and takes any filter.
//
// A vector is kept as two bytes a value. The first is the value to 1/127 of the vector's largest,
// and all that is scanned; the second is the rest, to 1/254 of that, with which the best of the
// scan are compared again in floats. So the order is that of the vectors themselves, but for
// differences of 1e-5, with half of the memory that floats would add.
//
// Vectors are of length 1, so that their product is the cosine of the angle between them. Any
// thread; searches go on beside one another, a change waits for those under way.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "vectors/dots.h"

namespace synap::vectors {

/// The name of a vector: a number that whoever keeps the block gives.
using Id = std::uint64_t;

struct Hit {
  Id id;
  float score;  // the cosine, -1 to 1
  friend bool operator==(const Hit&, const Hit&) = default;
};

/// How near the vectors of a block are to a query, all of them: what it means that one is nearer.
struct Background {
  std::size_t count = 0;
  double mean = 0;       // of their cosines, to 1/127 of a value
  double deviation = 0;  // the standard deviation
};

struct SearchOptions {
  std::size_t count = 10;
  /// True for what may be found; empty: all. Asked for those only that are near enough, more or
  /// less, and under the block's lock: it must not call the block.
  std::function<bool(Id)> takes = {};
  /// Written, if it is somebody's: of all, whatever may be found.
  Background* background = nullptr;
};

class Block {
 public:
  /// At most this many values a vector.
  static constexpr std::size_t kDimensionMax = 8192;
  static constexpr std::size_t kCountMax = 10'000;  // of hits of a search

  /// kBadRequest: no dimension of 1 to kDimensionMax. `dots` is a variant of this machine.
  static Result<std::unique_ptr<Block>> make(std::size_t dimension,
                                             const Dots& dots = Dots::best());
  ~Block();
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  /// Adds a vector, in the place of that which has the id, if one has. kBadRequest: it has another
  /// dimension, a value that is no number, or not the length 1; nothing was changed.
  Result<> put(Id id, std::span<const float> vector);
  /// False: there was none.
  bool remove(Id id);

  /// The nearest, the nearest first; of equal ones the one with the lower id. kBadRequest as for
  /// put(), or more than kCountMax.
  Result<std::vector<Hit>> search(std::span<const float> query, const SearchOptions& options) const;

  /// The cosine with that of the id. Nothing: there is none, or the query is not as for search().
  std::optional<float> score(Id id, std::span<const float> query) const;

  std::size_t dimension() const { return dimension_; }
  std::size_t size() const;
  /// What it takes of memory, about.
  std::size_t bytes() const;

 private:
  struct Segment;
  struct Candidates;
  Block(std::size_t dimension, const Dots& dots);
  Result<> check(std::span<const float> vector) const;
  void write(std::size_t place, Id id, std::span<const float> vector);
  float score_at(std::size_t place, std::span<const float> query) const;

  const std::size_t dimension_;
  const std::size_t stride_;  // bytes of a row
  const Dots& dots_;
  mutable std::shared_mutex mutex_;
  std::vector<std::unique_ptr<Segment>> segments_;  // all full but the last
  std::unordered_map<Id, std::size_t> places_;
};

}  // namespace synap::vectors
