// ReadAhead: events that lie behind one that was read by its position. Workers that are seconds
// behind the log go through it event by event, each asking for one: so one query answers many.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <vector>

#include "events/event.h"

namespace synap::events::sqlite {

/// A few pages of neighbours, the oldest of which gives way. Bounded by bytes. Thread-safe.
class ReadAhead {
 public:
  /// The event at `position`, or null if no page has it.
  EventRef at(std::int64_t position) const;
  /// How many events to read for the one at `position`, which at() has not: many if one near it
  /// was asked for lately, otherwise that one.
  int limit_for(std::int64_t position);
  /// Keeps what was read, up to the first gap: a row may be gone, as after damage to the disk.
  void put(std::vector<EventRef> events);

  static constexpr int kEventsMax = 64;
  static constexpr std::size_t kBytesMax = 256 << 10;  // of data; a page ends behind it

 private:
  using Events = std::vector<EventRef>;
  mutable std::mutex mutex_;
  std::array<Events, 4> pages_;
  std::size_t oldest_ = 0;
  std::int64_t asked_for_ = 0;  // the last position that no page had
};

}  // namespace synap::events::sqlite
