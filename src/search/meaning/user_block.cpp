#include "search/meaning/user_block.h"

#include <algorithm>
#include <mutex>
#include <unordered_set>

namespace synap::search {
namespace {

// A node of an unordered_map: what is in it, a link and what the allocator adds; and its bucket.
constexpr std::size_t kNodeBytes = 3 * sizeof(void*);
constexpr std::size_t kThingBytes = 120;  // of both maps, nodes included

vectors::Id id_of(std::int64_t number, std::int64_t passage) {
  return static_cast<vectors::Id>(number << kPassageBits | passage);
}

std::int64_t number_of(vectors::Id id) {
  return static_cast<std::int64_t>(id) >> kPassageBits;
}

}  // namespace

void UserBlock::remove(const Uuid& entity) {
  const auto at = things_.find(entity);
  if (at == things_.end()) return;
  for (std::int64_t i = 0; i < at->second.passages; ++i) {
    block_->remove(id_of(at->second.number, i));
  }
  names_.erase(at->second.number);
  things_.erase(at);
}

bool UserBlock::put(const Vectors& vectors) {
  std::unique_lock lock(mutex_);
  // What is read while it is written may come twice, and the older then last.
  const auto at = things_.find(vectors.entity);
  if (at != things_.end() && at->second.number > vectors.number) return true;
  if (at != things_.end() && at->second.number == vectors.number) {
    at->second.updated_at = vectors.updated_at;
    names_[vectors.number].updated_at = vectors.updated_at;
    return true;
  }
  remove(vectors.entity);
  std::int64_t passage = 0;
  for (const auto& vector : vectors.passages) {
    if (!block_->put(id_of(vectors.number, passage++), vector)) return false;
  }
  things_[vectors.entity] = {vectors.number, passage, vectors.updated_at};
  names_[vectors.number] = {vectors.entity, vectors.updated_at};
  return true;
}

bool UserBlock::apply(const Effect& effect) {
  if (effect.now) return put(*effect.now);
  std::unique_lock lock(mutex_);
  if (!effect.updated_at) {
    remove(effect.entity);
    return true;
  }
  const auto at = things_.find(effect.entity);
  if (at == things_.end()) return true;
  at->second.updated_at = *effect.updated_at;
  names_[at->second.number].updated_at = *effect.updated_at;
  return true;
}

Result<std::vector<Near>> UserBlock::nearest(std::span<const float> query,
                                             const Options& options) const {
  std::shared_lock lock(mutex_);
  vectors::SearchOptions search{.background = options.background};
  if (options.takes) {
    search.takes = [&](vectors::Id id) {
      const auto at = names_.find(number_of(id));
      return at != names_.end() && options.takes(at->second.entity, at->second.updated_at);
    };
  }
  // A thing of many passages may have all of those that are near: then more are asked for.
  search.count = std::min(2 * options.count, vectors::Block::kCountMax);
  while (true) {
    const auto hits = block_->search(query, search);
    if (!hits) return fail(hits.error());
    std::vector<Near> near;
    std::unordered_set<std::int64_t> seen;
    for (const auto& hit : *hits) {
      const auto number = number_of(hit.id);
      if (near.size() == options.count || !seen.insert(number).second) continue;
      const auto at = names_.find(number);
      if (at == names_.end()) continue;
      near.push_back({at->second.entity, static_cast<std::int64_t>(hit.id), hit.score});
    }
    const bool is_all = hits->size() < search.count;
    if (near.size() == options.count || is_all || search.count == vectors::Block::kCountMax) {
      return near;
    }
    search.count = std::min(search.count * 8, vectors::Block::kCountMax);
  }
}

std::optional<Near> UserBlock::nearness(const Uuid& entity, std::span<const float> query) const {
  std::shared_lock lock(mutex_);
  const auto at = things_.find(entity);
  if (at == things_.end()) return std::nullopt;
  std::optional<Near> nearest;
  for (std::int64_t i = 0; i < at->second.passages; ++i) {
    const auto id = id_of(at->second.number, i);
    const auto score = block_->score(id, query);
    if (!score || (nearest && nearest->cosine >= *score)) continue;
    nearest = {entity, static_cast<std::int64_t>(id), *score};
  }
  return nearest;
}

std::size_t UserBlock::bytes() const {
  std::shared_lock lock(mutex_);
  return block_->bytes() + things_.size() * (sizeof(Uuid) + sizeof(Thing) + kNodeBytes) +
         names_.size() * (sizeof(std::int64_t) + sizeof(Name) + kNodeBytes);
}

std::size_t UserBlock::bytes_of(std::int64_t things, std::int64_t passages, std::size_t dimension) {
  constexpr std::size_t kRowBytes = 64;  // of the block: ids, scales, its map
  return static_cast<std::size_t>(things) * kThingBytes +
         static_cast<std::size_t>(passages) * (2 * vectors::row_bytes(dimension) + kRowBytes);
}

}  // namespace synap::search
