#include "events/sqlite/recent_events.h"

#include <algorithm>

#include "base/check.h"

namespace synap::events::sqlite {
namespace {

constexpr std::size_t kCountMax = 16'384;
constexpr std::size_t kBytesMax = 4 << 20;

// More than these are not searched for one aggregate or correlation: the index is faster, and the
// writer, who adds events, is not kept waiting.
constexpr std::size_t kNarrowScanMax = 256;

// A page of large events ends before its limit: what is behind is on the next one.
constexpr std::size_t kPageBytesMax = 2 << 20;

// An event is its data, as much again once they are decoded or shown, and the rest of it.
std::size_t bytes_of(const Event& event) {
  return sizeof(Event) + 2 * (event.data.size() + event.metadata.size()) + event.user_id.size();
}

bool matches(const Event& event, const Filter& filter) {
  if (filter.aggregate_id && event.aggregate_id != filter.aggregate_id) return false;
  if (filter.correlation_id && event.correlation_id != filter.correlation_id) return false;
  if (filter.request_id && event.request_id != filter.request_id) return false;
  return filter.types.empty() ||
         std::find(filter.types.begin(), filter.types.end(), event.type) != filter.types.end();
}

}  // namespace

bool is_full(const Page& page, std::size_t bytes, const Filter& filter) {
  return page.events.size() == static_cast<std::size_t>(filter.limit) || bytes >= kPageBytesMax;
}

void RecentEvents::add(const std::vector<EventRef>& events) {
  std::lock_guard lock(mutex_);
  for (const auto& event : events) {
    SYNAP_CHECK(events_.empty() || events_.back()->position + 1 == event->position);
    events_.push_back(event);
    bytes_ += bytes_of(*event);
  }
  while (events_.size() > kCountMax || bytes_ > kBytesMax) {
    bytes_ -= bytes_of(*events_.front());
    events_.pop_front();
  }
}

EventRef RecentEvents::at(std::int64_t position) const {
  std::lock_guard lock(mutex_);
  if (events_.empty() || position < events_.front()->position ||
      position > events_.back()->position) {
    return nullptr;
  }
  return events_[static_cast<std::size_t>(position - events_.front()->position)];
}

std::optional<Page> RecentEvents::read(const Tenancy& tenancy, const Filter& filter) const {
  std::lock_guard lock(mutex_);
  if (events_.empty() || filter.after + 1 < events_.front()->position) return std::nullopt;
  const auto skip = static_cast<std::size_t>(filter.after + 1 - events_.front()->position);
  const bool is_narrow = filter.aggregate_id || filter.correlation_id;
  if (is_narrow && events_.size() > skip + kNarrowScanMax) return std::nullopt;
  Page page;
  std::size_t bytes = 0;
  page.next_after = filter.after;
  page.is_at_end = true;
  for (auto i = skip; i < events_.size(); ++i) {
    const auto& event = events_[i];
    page.next_after = event->position;
    if (!tenancy.sees(*event) || !matches(*event, filter)) continue;
    page.events.push_back(event);
    bytes += event->data.size();
    if (is_full(page, bytes, filter)) {
      page.is_at_end = i + 1 == events_.size();
      break;
    }
  }
  return page;
}

}  // namespace synap::events::sqlite
