#include "events/sqlite/read_ahead.h"

#include <algorithm>
#include <cstdlib>

namespace synap::events::sqlite {
namespace {

// All workers ask at once, and between the events of their jobs lie those that jobs have led to.
constexpr std::int64_t kNear = 1'024;

}  // namespace

EventRef ReadAhead::at(std::int64_t position) const {
  std::lock_guard lock(mutex_);
  for (const auto& page : pages_) {
    if (page.empty() || position < page.front()->position) continue;
    if (position <= page.back()->position) {
      return page[static_cast<std::size_t>(position - page.front()->position)];
    }
  }
  return nullptr;
}

int ReadAhead::limit_for(std::int64_t position) {
  std::lock_guard lock(mutex_);
  const bool is_near = std::abs(position - asked_for_) <= kNear && asked_for_ > 0;
  asked_for_ = position;
  return is_near ? kEventsMax : 1;
}

void ReadAhead::put(std::vector<EventRef> events) {
  const auto gap = std::ranges::adjacent_find(events, [](const auto& one, const auto& next) {
    return next->position != one->position + 1;
  });
  if (gap != events.end()) events.erase(gap + 1, events.end());
  if (events.size() < 2) return;
  {
    std::lock_guard lock(mutex_);
    std::swap(pages_[oldest_], events);
    oldest_ = (oldest_ + 1) % pages_.size();
  }
  // The page that gave way ends here, outside of the lock.
}

}  // namespace synap::events::sqlite
