#include "vectors/block.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <numeric>

#include "vectors/quantise.h"

namespace synap::vectors {
namespace {

// Rows of a segment: so many that a scan of one is long, so few that growing copies little of what
// is there. The last one has room for some rows, and then for twice as many: most users have few.
constexpr std::size_t kSegmentRows = 1024;
constexpr std::size_t kFirstRows = 16;
// How many of the scan's best are compared again: with 40, of 100,000 real vectors none of the ten
// nearest was missed.
constexpr std::size_t kComparedMin = 40;
constexpr std::size_t kComparedTimes = 4;

}  // namespace

struct Block::Segment {
  // So that there is room for so many rows.
  void grow(std::size_t count, std::size_t stride) {
    if (count <= ids.size()) return;
    const auto room = std::min(std::max(2 * ids.size(), kFirstRows), kSegmentRows);
    const auto enlarge = [room](auto& all, std::size_t each) {
      all.reserve(room * each);
      all.resize(room * each);
    };
    enlarge(rows, stride);
    enlarge(rests, stride);
    enlarge(scales, 1);
    enlarge(ids, 1);
  }
  std::size_t bytes() const {
    return rows.size() + rests.size() + ids.size() * (sizeof(float) + sizeof(Id));
  }
  std::vector<std::int8_t> rows;
  std::vector<std::int8_t> rests;
  std::vector<float> scales;
  std::vector<Id> ids;
};

// The best of a scan: a heap whose first is the worst of them.
struct Block::Candidates {
  struct Place {
    float score;
    std::size_t place;
    bool operator<(const Place& other) const { return score > other.score; }
  };
  std::size_t count_max;
  std::vector<Place> best{};

  bool takes(float score) const { return best.size() < count_max || score > best.front().score; }
  void add(float score, std::size_t place) {
    if (best.size() == count_max) {
      std::pop_heap(best.begin(), best.end());
      best.pop_back();
    }
    best.push_back({score, place});
    std::push_heap(best.begin(), best.end());
  }
};

Result<std::unique_ptr<Block>> Block::make(std::size_t dimension, const Dots& dots) {
  if (dimension == 0 || dimension > kDimensionMax) {
    return fail(Code::kBadRequest,
                fmt::format("vectors have 1 to {} values, not {}", kDimensionMax, dimension));
  }
  return std::unique_ptr<Block>(new Block(dimension, dots));
}

Block::Block(std::size_t dimension, const Dots& dots)
    : dimension_(dimension), stride_(row_bytes(dimension)), dots_(dots) {}
Block::~Block() = default;

Result<> Block::check(std::span<const float> vector) const {
  if (vector.size() != dimension_) {
    return fail(Code::kBadRequest, fmt::format("the vector has {} values, where {} are meant",
                                               vector.size(), dimension_));
  }
  const float square = std::inner_product(vector.begin(), vector.end(), vector.begin(), 0.F);
  if (!std::isfinite(square)) {
    return fail(Code::kBadRequest, "a value of the vector is no number");
  }
  if (std::fabs(square - 1) > kLengthError) {
    return fail(Code::kBadRequest,
                fmt::format("the vector's length is {:.4f}, where 1 is meant", std::sqrt(square)));
  }
  return {};
}

void Block::write(std::size_t place, Id id, std::span<const float> vector) {
  Segment& segment = *segments_[place / kSegmentRows];
  const std::size_t row = place % kSegmentRows;
  std::int8_t* values = segment.rows.data() + row * stride_;
  segment.scales[row] = quantise(vector, values);
  quantise_rest(vector, segment.scales[row], values, segment.rests.data() + row * stride_);
  segment.ids[row] = id;
}

Result<> Block::put(Id id, std::span<const float> vector) {
  if (auto good = check(vector); !good) return good;
  std::unique_lock lock(mutex_);
  const auto [at, is_new] = places_.try_emplace(id, places_.size());
  if (is_new && at->second / kSegmentRows == segments_.size()) {
    segments_.push_back(std::make_unique<Segment>());
  }
  segments_[at->second / kSegmentRows]->grow(at->second % kSegmentRows + 1, stride_);
  write(at->second, id, vector);
  return {};
}

bool Block::remove(Id id) {
  std::unique_lock lock(mutex_);
  const auto at = places_.find(id);
  if (at == places_.end()) return false;
  // The last takes its place, so that there are no holes to be scanned.
  const std::size_t place = at->second;
  const std::size_t last = places_.size() - 1;
  const Segment& from = *segments_[last / kSegmentRows];
  const std::size_t from_row = last % kSegmentRows;
  if (place != last) {
    Segment& to = *segments_[place / kSegmentRows];
    const std::size_t to_row = place % kSegmentRows;
    std::copy_n(from.rows.data() + from_row * stride_, stride_, to.rows.data() + to_row * stride_);
    std::copy_n(from.rests.data() + from_row * stride_, stride_,
                to.rests.data() + to_row * stride_);
    to.scales[to_row] = from.scales[from_row];
    to.ids[to_row] = from.ids[from_row];
    places_[to.ids[to_row]] = place;
  }
  places_.erase(at);
  if (from_row == 0) segments_.pop_back();
  return true;
}

float Block::score_at(std::size_t place, std::span<const float> query) const {
  const Segment& segment = *segments_[place / kSegmentRows];
  const std::size_t row = place % kSegmentRows;
  const std::int8_t* values = segment.rows.data() + row * stride_;
  const std::int8_t* rests = segment.rests.data() + row * stride_;
  float sum = 0;
  float rest = 0;
  for (std::size_t i = 0; i < dimension_; ++i) {
    sum += query[i] * static_cast<float>(values[i]);
    rest += query[i] * static_cast<float>(rests[i]);
  }
  return segment.scales[row] * (sum + rest / kFiner);
}

Result<std::vector<Hit>> Block::search(std::span<const float> query,
                                       const SearchOptions& options) const {
  if (auto good = check(query); !good) return fail(good.error());
  if (options.count > kCountMax) {
    return fail(Code::kBadRequest, fmt::format("at most {} hits can be asked for", kCountMax));
  }
  std::vector<std::int8_t> bytes(stride_);
  const float query_scale = quantise(query, bytes.data());
  double sum = 0;
  double squares = 0;
  Candidates candidates{std::max(options.count * kComparedTimes, kComparedMin)};
  std::vector<std::int32_t> products(kSegmentRows);

  std::shared_lock lock(mutex_);
  const std::size_t size = places_.size();
  for (std::size_t begin = 0; begin < size; begin += kSegmentRows) {
    const Segment& segment = *segments_[begin / kSegmentRows];
    const std::size_t count = std::min(kSegmentRows, size - begin);
    dots_.of_int8({bytes.data(), 1, segment.rows.data(), count, stride_, products.data()});
    for (std::size_t row = 0; row < count; ++row) {
      // Without the query's own scale, which is the same for all.
      const float score = static_cast<float>(products[row]) * segment.scales[row];
      sum += score;
      squares += static_cast<double>(score) * score;
      if (!candidates.takes(score)) continue;
      if (options.takes && !options.takes(segment.ids[row])) continue;
      candidates.add(score, begin + row);
    }
  }
  if (options.background != nullptr && size > 0) {
    const auto count = static_cast<double>(size);
    const double mean = sum / count;
    const double variance = std::max(squares / count - mean * mean, 0.0);
    *options.background = {size, mean * query_scale, std::sqrt(variance) * query_scale};
  }
  std::vector<Hit> hits;
  for (const auto& [rough, place] : candidates.best) {
    hits.push_back(
        {segments_[place / kSegmentRows]->ids[place % kSegmentRows], score_at(place, query)});
  }
  std::ranges::sort(hits, [](const Hit& a, const Hit& b) {
    return a.score != b.score ? a.score > b.score : a.id < b.id;
  });
  if (hits.size() > options.count) hits.resize(options.count);
  return hits;
}

std::optional<float> Block::score(Id id, std::span<const float> query) const {
  if (!check(query)) return std::nullopt;
  std::shared_lock lock(mutex_);
  const auto at = places_.find(id);
  if (at == places_.end()) return std::nullopt;
  return score_at(at->second, query);
}

std::size_t Block::size() const {
  std::shared_lock lock(mutex_);
  return places_.size();
}

std::size_t Block::bytes() const {
  std::shared_lock lock(mutex_);
  // An entry of the map is a node of its own: the pair, a link and what the allocator adds.
  constexpr std::size_t kNode = sizeof(std::pair<Id, std::size_t>) + 2 * sizeof(void*);
  std::size_t rows = 0;
  for (const auto& segment : segments_) rows += sizeof(Segment) + segment->bytes();
  return sizeof(Block) + rows + places_.size() * kNode + places_.bucket_count() * sizeof(void*);
}

}  // namespace synap::vectors
