// EventSearch: the events that people ask for: the newest, those since a time, those of types that
// are given with wildcards.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "synap/pod_client.h"

namespace synap::cli {

struct EventSearch {
  Json filter = Json::object();  // of events.list: types, aggregateId, correlationId, from
  std::int64_t after = 0;        // only events behind this position
  std::int64_t limit = 100;
};
struct FoundEvents {
  std::vector<Json> events;  // the oldest first
  std::int64_t from = 0;     // newest_events: everything from here on has been looked at
  std::int64_t to = 0;       // everything up to here has been looked at
  bool has_more = false;     // there may be older ones (newest_events), or newer (events_after)
};

/// The newest events. Where few fit the filter it stops after some hundred pages: then `from` is
/// where it stopped.
Result<FoundEvents> newest_events(PodClient& pod, const EventSearch& search);
/// The oldest events behind `search.after`.
Result<FoundEvents> events_after(PodClient& pod, const EventSearch& search);

/// The position behind which events of this time or later begin.
Result<std::int64_t> position_at(PodClient& pod, const std::string& iso8601);

/// The types that are meant: "note.*" is all that begin so. What nobody knows is kept, and told on
/// stderr, with what may have been meant. kBadRequest: more types than the pod takes.
Result<std::vector<std::string>> event_types(PodClient& pod,
                                             const std::vector<std::string>& patterns);
/// True if the text fits a pattern in which * stands for anything.
bool fits(std::string_view text, std::string_view pattern);

}  // namespace synap::cli
