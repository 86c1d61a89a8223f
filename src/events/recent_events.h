// RecentEvents: the newest events of the log in memory. What followers ask for is nearly always
// among them, and so is what workers do, unless they are seconds behind.
#pragma once

#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "events/log.h"

namespace synap::events {

/// Without gaps, ending at the end of the log. Bounded by count and by bytes. Thread-safe.
class RecentEvents {
 public:
  /// Appends events that have just been committed.
  void add(const std::vector<EventRef>& events);
  /// The same, of a log that others append to as well: if some of theirs are missing between these
  /// and what is here, only these are kept.
  void add_or_restart(const std::vector<EventRef>& events);
  /// The last position; 0 if there are none.
  std::int64_t last() const;
  /// The event at `position`, or null if it is not among them.
  EventRef at(std::int64_t position) const;
  /// The page, or nothing if the table must be asked: events behind `filter.after` have gone from
  /// here already, or an index finds them sooner than a walk does.
  std::optional<Page> read(const Tenancy& tenancy, const Filter& filter) const;

 private:
  void add_locked(const std::vector<EventRef>& events);
  std::optional<Page> read_up(const Tenancy& tenancy, const Filter& filter) const;
  std::optional<Page> read_down(const Tenancy& tenancy, const Filter& filter) const;

  mutable std::mutex mutex_;
  std::deque<EventRef> events_;
  std::size_t bytes_ = 0;
};

/// A page of large events ends before its limit: what is behind is on the next one.
inline constexpr std::size_t kPageBytesMax = 2 << 20;  // of data

/// True once `page` has what one page may have.
bool is_full(const Page& page, std::size_t bytes, const Filter& filter);

}  // namespace synap::events
