// Comparison: the live tables of a projection beside a second set that was folded from the log, row
// by row in the order of their keys. It goes range by range, each in a transaction of its own, so
// that nobody waits for it; every range is compared as of one moment, because both sets are folded
// in the same commits while it lasts.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "base/crypto.h"
#include "projections/second_set.h"

namespace synap::projections {

struct Comparison {
  std::int64_t rows = 0;     // of the live tables
  std::string live_digest;   // SHA-256 of all their rows, hexadecimal
  std::string built_digest;  // of those folded from the log
  /// "notes: row id=01ab..: title is "a" and should be "b"": the first that differs; empty: none.
  std::string first_difference;

  bool is_equal() const { return first_difference.empty() && live_digest == built_digest; }
};

/// Compares them; the second set follows the live one (SecondSet::follow_live). On a busy machine
/// it takes longer. kTimeout: the two were not found at one position often enough;
/// kClientClosedRequest: it was stopped.
Task<Result<Comparison>> compare(const Rooms& rooms, Member& member, std::stop_token stop);

/// The digest of the live tables alone, range by range: of one moment only if nobody writes.
/// kClientClosedRequest: it was stopped.
Task<Result<std::string>> digest_of(const Rooms& rooms, const Projection& projection,
                                    std::stop_token stop);

}  // namespace synap::projections
