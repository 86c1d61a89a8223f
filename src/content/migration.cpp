#include "content/migration.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/crypto.h"

namespace synap::content {
namespace {

// Copied at once: each waits for a disk or a server most of the time.
constexpr int kAtOnce = 16;

Task<Result<std::int64_t>> copy_one(ContentStore& from, ContentStore& to, ContentKey key) {
  auto stored = co_await to.put(key, from.read(key, {}));
  if (!stored) co_return fail(stored.error());
  Sha256Hasher hasher;
  auto chunks = to.read(key, {});
  while (auto chunk = co_await chunks.next()) hasher.add(*chunk);
  if (!chunks.end()) co_return fail(chunks.end().error());
  if (to_hex(hasher.finish()) == stored->checksum) co_return stored->size;
  co_return fail(Error{Code::kInternalServerError,
                       fmt::format("{} is not given back as it was put", key.path()), nullptr,
                       Fault::kDamaged});
}

}  // namespace

Task<Result<Migrated>> migrate(ContentStore& from, ContentStore& to, Migrated begin,
                               std::function<Result<>(const Migrated&)> tell) {
  auto done = std::move(begin);
  for (;;) {
    auto page = co_await from.list({.after = done.after, .limit = kAtOnce});
    if (!page) co_return fail(page.error());
    std::vector<Task<Result<std::int64_t>>> copies;
    for (const auto& item : page->items) {
      // A store may show what is no name of content, and did not come from a pod.
      if (auto key = ContentKey::parse(item.path)) {
        copies.push_back(copy_one(from, to, std::move(*key)));
      }
    }
    for (auto& copied : co_await when_all(std::move(copies))) {
      if (!copied) co_return fail(copied.error());
      ++done.count;
      done.bytes += *copied;
    }
    if (!page->items.empty()) done.after = page->items.back().path;
    if (page->next) done.after = *page->next;
    if (auto told = tell(done); !told) co_return fail(told.error());
    if (!page->next) co_return done;
  }
}

}  // namespace synap::content
