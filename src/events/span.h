// Span: which positions one read of the log's table looks at, whatever the engine. A read that may
// match little is bounded; who asks goes on behind it.
#pragma once

#include <cstdint>

#include "db/database.h"
#include "events/log.h"

namespace synap::events {

/// The positions that one read looks at, and what is left when it has.
struct Span {
  std::int64_t first = 1;
  std::int64_t last = 0;  // less than first: there is nothing to look at
  /// Where the direction of the filter ends: its last position upwards, its first downwards.
  std::int64_t end = 0;
  bool is_cut = false;  // a bounded walk ends before that

  static Span of(db::Tx& tx, const Filter& filter, std::int64_t head);
};

/// Whether an index leads to the few rows that a filter means.
bool is_led_by_index(const Filter& filter);

}  // namespace synap::events
