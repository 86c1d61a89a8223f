// What both engines' copies of stored rows share. Private to events.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "events/stored_log.h"

namespace synap::events {

/// A row whose columns are in the order of StoredEvent's members, names as texts.
inline StoredEvent stored_event_of(db::Rows& row) {
  const auto number = [&](int column) {
    return row.is_null(column) ? std::nullopt : std::optional(row.integer(column));
  };
  StoredEvent event;
  event.position = row.integer(0);
  event.type = row.text(1);
  event.data_version = row.integer(2);
  event.user_id = row.text(3);
  event.aggregate = row.optional_text(4);
  event.aggregate_type = row.optional_text(5);
  event.aggregate_version = number(6);
  event.source = row.integer(7);
  event.actor_kind = number(8);
  event.actor = row.optional_text(9);
  event.on_behalf_of = row.optional_text(10);
  event.timestamp = row.integer(11);
  event.id = row.text(12);
  event.correlation = row.optional_text(13);
  event.causation = row.optional_text(14);
  event.request = row.optional_text(15);
  event.content_hash = row.text(16);
  event.link = row.text(17);
  event.salt = row.optional_text(18);
  event.metadata = row.optional_text(19);
  event.data = row.text(20);
  return event;
}

inline std::optional<db::Blob> blob_or_null(const std::optional<std::string>& bytes) {
  return bytes ? std::optional(db::Blob{*bytes}) : std::nullopt;
}

/// As a page of them is cut.
inline constexpr std::size_t kStoredBytesMax = 4 << 20;

}  // namespace synap::events
