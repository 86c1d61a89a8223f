#include "search/meaning/blocks.h"

#include <fmt/format.h>

#include <algorithm>

#include "vectors/quantise.h"

namespace synap::search {
namespace {

// Of a read: some MiB, and some ten milliseconds.
constexpr std::int64_t kThingsMax = 1'000;
constexpr std::size_t kPassagesPerRead = 8'000;

struct Page {
  std::vector<Vectors> things;
  std::int64_t last = 0;
  bool is_last = false;
};

// Whole things behind one of them.
Page read_page(db::Tx& tx, std::int64_t user, std::int64_t after, std::size_t dimension) {
  Page page{.last = after};
  std::size_t passages = 0;
  std::int64_t count = 0;
  auto rows = tx.query(
      "SELECT number, entity, updated_at FROM documents WHERE user = $1 AND number > $2 "
      "ORDER BY number LIMIT $3",
      user, after, kThingsMax);
  while (passages < kPassagesPerRead && rows.next()) {
    Vectors thing{rows.uuid(1).value_or(Uuid{}), rows.integer(0), rows.integer(2), {}};
    auto vectors = tx.query("SELECT vector FROM passages WHERE id >= $1 AND id < $2 ORDER BY id",
                            thing.number << kPassageBits, (thing.number + 1) << kPassageBits);
    while (vectors.next()) {
      auto vector = vectors::unpack(vectors.view(0), dimension);
      if (!vector) {
        tx.abort({Code::kInternalServerError, "A vector is none", nullptr, Fault::kDamaged});
        return page;
      }
      thing.passages.push_back(std::move(*vector));
    }
    passages += thing.passages.size();
    page.last = thing.number;
    ++count;
    page.things.push_back(std::move(thing));
  }
  page.is_last = count < kThingsMax && passages < kPassagesPerRead;
  return page;
}

struct User {
  std::int64_t number = 0;
  std::int64_t documents = 0;
  std::int64_t passages = 0;
};

std::optional<User> user_of(db::Tx& tx, const std::string& user_id) {
  auto rows = tx.query("SELECT number, documents, passages FROM users WHERE user_id = $1", user_id);
  if (!rows.next()) return std::nullopt;
  return User{rows.integer(0), rows.integer(1), rows.integer(2)};
}

}  // namespace

Task<Result<>> Blocks::load(db::Database& index, const std::string& user_id,
                            UserBlock& block) const {
  const auto user = co_await index.read([&](db::Tx& tx) { return user_of(tx, user_id); });
  if (!user) co_return fail(user.error());
  if (!*user) co_return Result<>{};
  const auto bytes = UserBlock::bytes_of((*user)->documents, (*user)->passages, dimension_);
  if (bytes > bytes_max_) {
    constexpr std::size_t kMiB = 1 << 20;
    co_return fail(Code::kPayloadTooLarge,
                   fmt::format("your vectors take {} MiB of memory, and search_memory_mib is {}",
                               bytes / kMiB + 1, bytes_max_ / kMiB));
  }
  Page page;
  while (!page.is_last) {
    auto read = co_await index.read([&, after = page.last](db::Tx& tx) {
      return read_page(tx, (*user)->number, after, dimension_);
    });
    if (!read) co_return fail(read.error());
    page = std::move(*read);
    for (const auto& thing : page.things) {
      if (!block.put(thing)) {
        co_return fail(
            Error{Code::kInternalServerError, "A vector is none", nullptr, Fault::kDamaged});
      }
    }
  }
  co_return Result<>{};
}

Task<Result<std::shared_ptr<const UserBlock>>> Blocks::get(db::Database& index,
                                                           std::string user_id) {
  std::shared_ptr<Entry> entry;
  bool is_first = false;
  {
    std::lock_guard lock(mutex_);
    auto& known = entries_[user_id];
    is_first = known == nullptr;
    if (is_first) {
      auto block = vectors::Block::make(dimension_);
      if (!block) co_return fail(block.error());
      known = std::make_shared<Entry>();
      known->block = std::make_shared<UserBlock>(std::move(*block));
    }
    known->used = ++uses_;
    entry = known;
  }
  if (is_first) {
    const auto loaded = co_await load(index, user_id, *entry->block);
    finish(user_id, entry, loaded);
  } else {
    co_await entry->is_ready.wait_past(0);
  }
  std::lock_guard lock(mutex_);
  if (entry->error) co_return fail(*entry->error);
  co_return std::shared_ptr<const UserBlock>(entry->block);
}

void Blocks::finish(const std::string& user_id, const std::shared_ptr<Entry>& entry,
                    const Result<>& loaded) {
  std::lock_guard lock(mutex_);
  entry->is_loading = false;
  if (loaded) {
    for (const auto& effect : entry->pending) entry->block->apply(effect);
    entry->pending.clear();
    evict(entry.get());
  } else {
    entry->error = loaded.error();
    entries_.erase(user_id);
  }
  entry->is_ready.raise(1);
}

void Blocks::apply(const std::string& user_id, const std::vector<Effect>& effects) {
  std::lock_guard lock(mutex_);
  const auto at = entries_.find(user_id);
  if (at == entries_.end()) return;
  auto& entry = *at->second;
  if (entry.is_loading) {
    entry.pending.insert(entry.pending.end(), effects.begin(), effects.end());
    return;
  }
  for (const auto& effect : effects) entry.block->apply(effect);
  // One that has outgrown the limit alone goes, too: the next search says so.
  evict(nullptr);
}

// Whoever searches in one has it until he is done.
void Blocks::evict(const Entry* kept) {
  while (bytes_locked() > bytes_max_) {
    auto oldest = entries_.end();
    for (auto at = entries_.begin(); at != entries_.end(); ++at) {
      if (at->second->is_loading || at->second.get() == kept) continue;
      if (oldest == entries_.end() || at->second->used < oldest->second->used) oldest = at;
    }
    if (oldest == entries_.end()) return;
    entries_.erase(oldest);
  }
}

std::size_t Blocks::bytes_locked() const {
  std::size_t bytes = 0;
  for (const auto& [user_id, entry] : entries_) bytes += entry->block->bytes();
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
