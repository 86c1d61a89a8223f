// Damage: what is stored of an event is not what was recorded. Found where stored bytes become an
// event, so that no reader meets it unawares: whoever shows events shows a damaged one as that and
// goes on behind it, whoever needs its data is told by damaged(). Looked at are data and metadata,
// by the hash that was recorded with them (chain.h), and the header as far as it cannot be read at
// all. A header that reads well and is another is found by EventLog::verify alone, which has the
// link before.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <string_view>

#include "base/status.h"
#include "events/event.h"

namespace synap::events {

/// What an event's row says of the event besides its fields.
struct StoredProof {
  bool has_id = true;                    // the id is one
  std::optional<std::string_view> salt;  // nothing: it was erased
  std::string_view content_hash;
};

/// The type of an event whose own cannot be read; nothing that is recorded is called so by the pod.
inline constexpr std::string_view kUnreadableType = "unreadable";

/// As what is shown in place of an event whose row is gone; its id is then all zeros.
inline constexpr std::string_view kMissingType = "missing";

/// Sets `event.damage`, if there is any, and what follows from it for the other fields.
void find_damage(EventFields& event, const StoredProof& proof);

/// Whether data and metadata are those that were recorded.
bool has_content(const EventFields& event, const StoredProof& proof);

/// What whoever needs the data of a damaged event is told: kInternalServerError, which names the
/// event, with {"reason":"EVENT_DAMAGED","position":n,"id":"..."}.
Error damaged(const EventFields& event);

/// Tells the operator of damaged events as they are read: each has one line in the log, up to a
/// bound. Thread-safe.
class DamageReport {
 public:
  void tell(const EventFields& damaged);

 private:
  std::mutex mutex_;
  std::set<std::int64_t> told_;  // their positions
};

}  // namespace synap::events
