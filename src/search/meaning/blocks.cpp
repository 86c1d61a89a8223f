#include "search/meaning/blocks.h"

#include <fmt/format.h>

#include <algorithm>

namespace synap::search {
namespace {

Error damaged() {
  return {Code::kInternalServerError, "A vector is none", nullptr, Fault::kDamaged};
}

Error too_large(std::size_t bytes, std::size_t most) {
  constexpr std::size_t kMiB = 1 << 20;
  return {Code::kPayloadTooLarge,
          fmt::format("your vectors take {} MiB of memory, and search_memory_mib is {}",
                      bytes / kMiB + 1, most / kMiB),
          nullptr};
}

}  // namespace

Task<Result<>> Blocks::read_pages(BlockSource& source, Held& held, const BlockOwner& owner) const {
  std::int64_t last = source.is_shared() ? held.owner.revision : 0;
  bool is_last = source.is_shared() && last == owner.revision;
  while (!is_last) {
    const auto page = co_await source.page(owner, last);
    if (!page) co_return fail(page.error());
    for (const auto& effect : page->effects) {
      if (!held.block->apply(effect)) co_return fail(damaged());
    }
    last = page->last;
    is_last = page->is_last;
    // What was read need not be read again where the next page cannot be.
    if (source.is_shared()) held.owner.revision = last;
  }
  held.owner.revision = std::max(held.owner.revision, owner.revision);
  co_return Result<>{};
}

// What has changed since it was read last, which is all at first.
Task<Result<>> Blocks::read(BlockSource& source, const std::string& user_id, Held& held) const {
  const auto found = co_await source.owner(user_id);
  if (!found) co_return fail(found.error());
  const auto owner = found->value_or(BlockOwner{});
  const auto bytes = UserBlock::bytes_of(owner.documents, owner.passages, dimension_);
  if (bytes > bytes_max_) co_return fail(too_large(bytes, bytes_max_));
  const auto& had = held.owner;
  const bool goes_on = held.block != nullptr && had.made == owner.made &&
                       had.number == owner.number && had.revision <= owner.revision &&
                       owner.revision - had.revision <= kRevisionsKept;
  if (!goes_on) {
    auto block = vectors::Block::make(dimension_);
    if (!block) co_return fail(block.error());
    held.block = std::make_shared<UserBlock>(std::move(*block));
    held.owner = owner;
    held.owner.revision = 0;
  }
  if (!*found) co_return Result<>{};
  co_return co_await read_pages(source, held, owner);
}

Task<Result<std::shared_ptr<const UserBlock>>> Blocks::get(BlockSource& source,
                                                           std::string user_id) {
  std::shared_ptr<Entry> entry;
  std::int64_t wanted = 1;
  {
    std::lock_guard lock(mutex_);
    auto& known = entries_[user_id];
    if (known == nullptr) known = std::make_shared<Entry>();
    known->used = ++uses_;
    entry = known;
    if (source.is_shared()) wanted = entry->begun + 1;
  }
  while (true) {
    std::int64_t done = 0;
    Held held;
    {
      std::lock_guard lock(mutex_);
      if (entry->error) co_return fail(*entry->error);
      done = entry->done.value();
      if (done >= wanted) co_return std::shared_ptr<const UserBlock>(entry->held.block);
      if (!std::exchange(entry->is_reading, true)) {
        ++entry->begun;
        held = entry->held;
        done = -1;
      }
    }
    if (done >= 0) {
      co_await entry->done.wait_past(done);
      continue;
    }
    const auto result = co_await read(source, user_id, held);
    finish(user_id, entry, std::move(held), result);
  }
}

void Blocks::finish(const std::string& user_id, const std::shared_ptr<Entry>& entry, Held held,
                    const Result<>& result) {
  std::lock_guard lock(mutex_);
  const bool had_one = entry->held.block != nullptr;
  const auto at = entries_.find(user_id);
  const bool is_here = at != entries_.end() && at->second == entry;
  if (result) {
    entry->held = std::move(held);
    for (const auto& effect : entry->pending) entry->held.block->apply(effect);
    entry->pending.clear();
  } else {
    entry->error = result.error();
    if (is_here) entries_.erase(at);
    // A server that was away for a moment is no reason to read everything again.
    if (is_here && had_one && result.error().code == Code::kServiceUnavailable) {
      auto next = std::make_shared<Entry>();
      next->held = std::move(held);
      next->used = entry->used;
      entries_[user_id] = std::move(next);
    }
  }
  entry->is_reading = false;
  entry->done.raise(entry->begun);
  if (result) evict(entry.get());
}

void Blocks::apply(const std::string& user_id, const std::vector<Effect>& effects) {
  std::lock_guard lock(mutex_);
  const auto at = entries_.find(user_id);
  if (at == entries_.end()) return;
  auto& entry = *at->second;
  if (!entry.is_loaded()) {
    entry.pending.insert(entry.pending.end(), effects.begin(), effects.end());
    return;
  }
  for (const auto& effect : effects) entry.held.block->apply(effect);
  // One that has outgrown the limit alone goes, too: the next search says so.
  evict(nullptr);
}

// Whoever searches in one has it until he is done.
void Blocks::evict(const Entry* kept) {
  while (bytes_locked() > bytes_max_) {
    auto oldest = entries_.end();
    for (auto at = entries_.begin(); at != entries_.end(); ++at) {
      if (at->second->is_reading || at->second.get() == kept) continue;
      if (oldest == entries_.end() || at->second->used < oldest->second->used) oldest = at;
    }
    if (oldest == entries_.end()) return;
    entries_.erase(oldest);
  }
}

std::size_t Blocks::bytes_locked() const {
  std::size_t bytes = 0;
  for (const auto& [user_id, entry] : entries_) {
    if (entry->held.block != nullptr) bytes += entry->held.block->bytes();
  }
  return bytes;
}

std::size_t Blocks::bytes() const {
  std::lock_guard lock(mutex_);
  return bytes_locked();
}

std::size_t Blocks::count() const {
  std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace synap::search
