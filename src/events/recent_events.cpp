#include "events/recent_events.h"

#include <algorithm>

#include "base/check.h"
#include "events/span.h"

namespace synap::events {
namespace {

constexpr std::size_t kCountMax = 16'384;
constexpr std::size_t kBytesMax = 4 << 20;

// More than these are not searched for one aggregate or correlation: the index is faster, and the
// writer, who adds events, is not kept waiting.
constexpr std::size_t kNarrowScanMax = 256;

// An event is its data, as much again once they are decoded or shown, and the rest of it.
std::size_t bytes_of(const Event& event) {
  return sizeof(Event) + 2 * (event.data.size() + event.metadata.size()) + event.user_id.size();
}

}  // namespace

bool is_full(const Page& page, std::size_t bytes, const Filter& filter) {
  return page.events.size() == static_cast<std::size_t>(filter.limit) || bytes >= kPageBytesMax;
}

void RecentEvents::add(const std::vector<EventRef>& events) {
  std::lock_guard lock(mutex_);
  add_locked(events);
}

void RecentEvents::add_or_restart(const std::vector<EventRef>& events) {
  std::lock_guard lock(mutex_);
  if (!events_.empty() && events_.back()->position + 1 != events.front()->position) {
    events_.clear();
    bytes_ = 0;
  }
  add_locked(events);
}

std::int64_t RecentEvents::last() const {
  std::lock_guard lock(mutex_);
  return events_.empty() ? 0 : events_.back()->position;
}

void RecentEvents::add_locked(const std::vector<EventRef>& events) {
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
  if (events_.empty()) return std::nullopt;
  return filter.order == Order::kOldestFirst ? read_up(tenancy, filter)
                                             : read_down(tenancy, filter);
}

std::optional<Page> RecentEvents::read_up(const Tenancy& tenancy, const Filter& filter) const {
  const auto first = events_.front()->position;
  if (filter.after + 1 < first) return std::nullopt;
  const auto skip = static_cast<std::size_t>(filter.after + 1 - first);
  const auto stop = std::min(
      events_.size(), static_cast<std::size_t>(std::max<std::int64_t>(filter.before - first, 0)));
  if (is_led_by_index(filter) && stop > skip + kNarrowScanMax) return std::nullopt;
  Page page;
  std::size_t bytes = 0;
  page.next_after = filter.after;
  page.is_at_end = true;
  for (auto i = skip; i < stop; ++i) {
    const auto& event = events_[i];
    page.next_after = event->position;
    if (!tenancy.sees(*event) || !matches(*event, filter)) continue;
    page.events.push_back(event);
    bytes += event->data.size();
    if (is_full(page, bytes, filter)) {
      page.is_at_end = i + 1 == stop;
      break;
    }
  }
  return page;
}

// The page if memory fills it, or holds all there is; otherwise the table begins from the end, too.
std::optional<Page> RecentEvents::read_down(const Tenancy& tenancy, const Filter& filter) const {
  const auto first = events_.front()->position;
  const auto floor = filter.after + 1;
  const auto last = std::min(events_.back()->position, filter.before - 1);
  if (is_led_by_index(filter) && last >= first + static_cast<std::int64_t>(kNarrowScanMax))
    return std::nullopt;
  Page page;
  std::size_t bytes = 0;
  page.next_after = std::max(filter.after, last);
  page.next_before = floor;
  page.is_at_end = true;
  for (auto position = last; position >= std::max(first, floor); --position) {
    const auto& event = events_[static_cast<std::size_t>(position - first)];
    if (!tenancy.sees(*event) || !matches(*event, filter)) continue;
    page.events.push_back(event);
    bytes += event->data.size();
    if (!is_full(page, bytes, filter)) continue;
    page.next_before = position;
    page.is_at_end = position == floor;
    return page;
  }
  if (floor < first) return std::nullopt;
  return page;
}

}  // namespace synap::events
