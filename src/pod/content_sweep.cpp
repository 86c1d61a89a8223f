#include "pod/content_sweep.h"

#include <fmt/format.h>

namespace synap::pod {
namespace {

// A page costs the log as many look-ups, some 10 us each, in one read.
constexpr int kNamesAStep = 500;
constexpr std::chrono::milliseconds kBetweenSteps(1'000);
constexpr std::chrono::milliseconds kBetweenRounds(30 * 60 * 1'000);
constexpr std::size_t kFoundMax = 10'000;

bool is_mentioned(events::EventLog& log, db::Tx& tx, const content::ContentKey& key) {
  const auto entity = Uuid::parse(key.entity_id());
  // Not a name that a pod makes: nobody can say whose it is, so it stays.
  if (!entity) return true;
  events::Filter filter{.limit = 1, .aggregate_id = entity};
  if (const auto request = key.request_id()) {
    filter.request_id = Uuid::parse(*request);
    if (!filter.request_id) return true;
  }
  return !log.read(tx, filter).events.empty();
}

}  // namespace

Task<Result<std::vector<content::ContentKey>>> ContentSweep::unmentioned(
    const content::Page& page) {
  co_return co_await database_.read([&](db::Tx& tx) {
    std::vector<content::ContentKey> keys;
    for (const auto& item : page.items) {
      auto key = content::ContentKey::parse(item.path);
      if (key && tx.ok() && !is_mentioned(log_, tx, *key)) keys.push_back(*std::move(key));
    }
    return keys;
  });
}

Task<Result<ContentSweep::Step>> ContentSweep::step(SteadyClock::time_point now) {
  auto page = co_await content_.list({.after = after_, .limit = kNamesAStep});
  if (!page) co_return fail(page.error());
  auto without_event = co_await unmentioned(*page);
  if (!without_event) co_return fail(without_event.error());

  // What got its event, or is gone, is no longer waited for.
  std::map<std::string, SteadyClock::time_point> still;
  Step step{.looked_at = static_cast<int>(page->items.size())};
  for (const auto& key : *without_event) {
    const auto known = found_.find(key.path());
    const auto since = known == found_.end() ? now : known->second;
    if (now - since < kUnmentionedFor) {
      still.emplace(key.path(), since);
      continue;
    }
    if (auto removed = co_await content_.remove(key); !removed) co_return fail(removed.error());
    ++step.removed;
  }
  const auto begin = found_.upper_bound(after_);
  const auto end = page->next ? found_.upper_bound(*page->next) : found_.end();
  found_.erase(begin, end);
  for (auto& [path, since] : still) {
    if (found_.size() < kFoundMax) found_.emplace(path, since);
  }
  after_ = page->next.value_or("");
  step.is_round_over = !page->next;
  co_return step;
}

Task<void> ContentSweep::run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    auto done = co_await step(SteadyClock::now());
    if (!done) {
      fmt::print(stderr, "synap: content that no event mentions cannot be swept: {}\n",
                 done.error().message);
    } else if (done->removed > 0) {
      fmt::print(stderr, "synap: {} pieces of content that no event mentions were removed\n",
                 done->removed);
    }
    const bool is_pause = !done || done->is_round_over;
    co_await sleep_for(is_pause ? kBetweenRounds : kBetweenSteps, stop);
  }
}

}  // namespace synap::pod
