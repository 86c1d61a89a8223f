#include "projections/follower.h"

#include <fmt/format.h>

namespace synap::projections {
namespace {

// How long a slice may keep the writer, and so everybody who writes: with the commit it is 5 ms.
constexpr std::chrono::microseconds kSliceMax(3'500);
constexpr int kPageMax = 2'000;

// A position is kept when something was folded. Where nothing matched for so long, it is kept too,
// so that the next start does not look through all of it again.
constexpr std::int64_t kUnsavedMax = 20'000;

}  // namespace

void fold_one(db::Tx& tx, const events::EventTypes& types, const Follower::Fold& fold,
              const events::Event& event) {
  const auto* info = types.find(event.type);
  if (event.is_erased && info != nullptr && info->options.on_erased == events::OnErased::kSkip) {
    return;
  }
  try {
    fold(tx, event);
  } catch (const std::exception& exception) {
    tx.abort({Code::kInternalServerError, exception.what(), nullptr});
  }
}

// A part of a page in one transaction. Run again from its beginning if the database says so.
struct Follower::Slice {
  const events::Page& page;
  const std::size_t begin;
  std::size_t end = 0;  // behind the last event that was folded
  std::int64_t position = 0;
  std::int64_t failed_at = 0;

  void run(db::Tx& tx, const Follower& follower) {
    const auto started = follower.rooms_.world.now();
    failed_at = 0;
    position = page.next_after;
    for (end = begin; end < page.events.size(); ++end) {
      const auto& event = *page.events[end];
      if (end > begin && follower.rooms_.world.now() - started > kSliceMax) {
        position = page.events[end - 1]->position;
        break;
      }
      fold_one(tx, follower.rooms_.types, follower.fold_, event);
      if (!tx.ok()) {
        failed_at = event.position;
        return;
      }
    }
    follower.save_(tx, position);
  }
};

Task<Result<events::Page>> Follower::next_page(std::int64_t from, std::int64_t until) {
  auto page = co_await rooms_.log.read(events::Tenancy::whole_pod(),
                                       {.after = from, .limit = kPageMax, .types = event_types_});
  if (!page) co_return fail(page.error());
  while (!page->events.empty() && page->events.back()->position > until) page->events.pop_back();
  if (page->next_after >= until) {
    page->next_after = until;
    page->is_at_end = true;
  }
  // Here and not in the transaction: the writer parses no JSON.
  decoded_.clear();
  for (const auto& event : page->events) {
    const auto* info = rooms_.types.find(event->type);
    if (info != nullptr && info->options.decode != nullptr && !event->is_erased) {
      decoded_.push_back(info->options.decode(*event, info->options));
    }
  }
  co_return page;
}

Task<Result<Advance>> Follower::advance(std::int64_t from, std::int64_t until) {
  if (page_goes_on_at_ != from) {
    page_goes_on_at_ = -1;
    auto page = co_await next_page(from, until);
    if (!page) co_return fail(page.error());
    page_ = std::move(*page);
    next_ = 0;
    if (page_.events.empty() && page_.next_after - from < kUnsavedMax) {
      co_return Advance{page_.next_after, page_.is_at_end};
    }
  }
  Slice slice{page_, next_};
  auto written = co_await rooms_.database.write(db::Lane::kBackground,
                                                [&](db::Tx& tx) { slice.run(tx, *this); });
  if (!written) {
    page_goes_on_at_ = -1;
    auto error = written.error();
    if (slice.failed_at > 0) {
      error.message = fmt::format("The event at position {} cannot be folded: {}", slice.failed_at,
                                  error.message);
    }
    co_return fail(std::move(error));
  }
  next_ = slice.end;
  const bool is_through = slice.position == page_.next_after;
  page_goes_on_at_ = is_through ? -1 : slice.position;
  if (is_through) decoded_.clear();
  co_return Advance{slice.position, is_through && page_.is_at_end};
}

}  // namespace synap::projections
