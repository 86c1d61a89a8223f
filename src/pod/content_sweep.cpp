#include "pod/content_sweep.h"

#include <algorithm>
#include <iterator>

#include "base/log.h"

namespace synap::pod {
namespace {

// A directory is read anew for each page, so large pages are cheap and many are not; the log is
// asked for fewer at a time, some 10 us each, so that no read lasts.
constexpr int kNamesAPage = content::kListedMax;
constexpr std::size_t kNamesARead = 1'000;
constexpr std::size_t kFoundMax = 10'000;
// A start has better things to do first; between pages the disk is left to others.
constexpr std::chrono::minutes kAfterStart(1);
constexpr std::chrono::seconds kBetweenPages(5);
constexpr std::chrono::minutes kBetweenRemovals(10);
constexpr std::chrono::hours kBetweenRounds(24);

bool is_mentioned(events::EventLog& log, db::Tx& tx, const content::ContentKey& key) {
  const auto entity = Uuid::parse(key.entity_id());
  // Not a name that a pod makes: nobody can say whose it is, so it stays.
  if (!entity) return true;
  events::Filter filter{.limit = 1};
  if (const auto request = key.request_id()) {
    // Looking through the events of its thing would cost what was ever done to it.
    filter.request_id = Uuid::parse(*request);
    if (!filter.request_id) return true;
  } else {
    filter.aggregate_id = entity;
  }
  return !log.read(tx, filter).events.empty();
}

}  // namespace

Task<Result<std::vector<content::ContentKey>>> ContentSweep::unmentioned(
    std::vector<content::ContentKey> keys) {
  std::vector<content::ContentKey> without;
  for (std::size_t begin = 0; begin < keys.size(); begin += kNamesARead) {
    const auto end = std::min(begin + kNamesARead, keys.size());
    auto read = co_await database_.read([&](db::Tx& tx) {
      std::vector<content::ContentKey> found;
      for (std::size_t i = begin; i < end && tx.ok(); ++i) {
        if (!is_mentioned(log_, tx, keys[i])) found.push_back(keys[i]);
      }
      return found;
    });
    if (!read) co_return fail(read.error());
    std::move(read->begin(), read->end(), std::back_inserter(without));
  }
  co_return without;
}

Task<Result<bool>> ContentSweep::look(SteadyClock::time_point now) {
  auto page = co_await content_.list({.after = after_, .limit = kNamesAPage});
  if (!page) co_return fail(page.error());
  std::vector<content::ContentKey> keys;
  for (const auto& item : page->items) {
    if (auto key = content::ContentKey::parse(item.path)) keys.push_back(*std::move(key));
  }
  // A page that cannot be judged now is come back to in the next round; those behind it are not
  // kept waiting.
  after_ = page->next.value_or("");
  auto without = co_await unmentioned(std::move(keys));
  if (!without) {
    write_log(LogLevel::kError, "pod", "content cannot be looked through: {error}",
              {{"error", without.error().message}});
    co_return !page->next;
  }
  for (const auto& key : *without) {
    if (found_.size() < kFoundMax) found_.try_emplace(key.path(), now);
  }
  co_return !page->next;
}

Task<Result<int>> ContentSweep::remove(SteadyClock::time_point now) {
  std::vector<content::ContentKey> due;
  for (const auto& [path, since] : found_) {
    if (now - since >= kUnmentionedFor) due.push_back(*content::ContentKey::parse(path));
  }
  auto without = co_await unmentioned(due);
  if (!without) co_return fail(without.error());
  for (const auto& key : *without) {
    if (auto removed = co_await content_.remove(key); !removed) co_return fail(removed.error());
  }
  for (const auto& key : due) found_.erase(key.path());
  co_return static_cast<int>(without->size());
}

Task<void> ContentSweep::round(std::stop_token stop) {
  for (bool is_over = false; !is_over && !stop.stop_requested();) {
    auto looked = co_await look(world_.now());
    is_over = !looked || *looked;
    if (!looked) {
      write_log(LogLevel::kError, "pod", "content cannot be looked through: {error}",
                {{"error", looked.error().message}});
    }
    co_await world_.sleep_for(kBetweenPages, stop);
  }
}

Task<void> ContentSweep::run(std::stop_token stop) {
  co_await world_.sleep_for(kAfterStart, stop);
  while (!stop.stop_requested()) {
    co_await round(stop);
    const auto next = world_.now() + kBetweenRounds;
    while (!stop.stop_requested() && world_.now() < next) {
      co_await world_.sleep_for(kBetweenRemovals, stop);
      auto removed = co_await remove(world_.now());
      if (!removed) {
        write_log(LogLevel::kError, "pod",
                  "content that no event mentions cannot be removed: {error}",
                  {{"error", removed.error().message}});
      } else if (*removed > 0) {
        write_log(LogLevel::kInfo, "pod",
                  "{count} pieces of content that no event mentions were removed",
                  {{"count", static_cast<std::int64_t>(*removed)}});
      }
    }
  }
}

}  // namespace synap::pod
