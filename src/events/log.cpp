#include "events/log.h"

#include <algorithm>

namespace synap::events {

bool is_of_type(std::string_view type, std::string_view pattern) {
  if (!pattern.ends_with('*')) return type == pattern;
  return type.starts_with(pattern.substr(0, pattern.size() - 1));
}

bool matches(const Event& event, const Filter& filter) {
  if (filter.aggregate_id && event.aggregate_id != filter.aggregate_id) return false;
  if (filter.correlation_id && event.correlation_id != filter.correlation_id) return false;
  if (filter.request_id && event.request_id != filter.request_id) return false;
  if (filter.source && event.source != *filter.source) return false;
  if (filter.actor && (!event.actor || event.actor->id != *filter.actor)) return false;
  if (filter.from && event.timestamp < *filter.from) return false;
  if (filter.to && event.timestamp >= *filter.to) return false;
  return filter.types.empty() || std::ranges::any_of(filter.types, [&](const auto& pattern) {
           return is_of_type(event.type, pattern);
         });
}

}  // namespace synap::events
