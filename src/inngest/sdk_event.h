// Events as SDKs see them, and how they stand in the log.
//
//   SDK        SynapEvent
//   name       type, the same text
//   data       data
//   id         metadata.sdk.id, if the sender gave one; else the event's id, as a ULID
//   ts         metadata.sdk.ts, if the sender gave one; else timestamp
//   v, user    metadata.sdk.v, metadata.sdk.user
//   meta       metadata.sdk.meta
//   synap      {id}: the event's id as the pod writes it, if the sender gave one of its own
//
// An event of the pod's own is shown with its id as the pod writes it (a UUID), its dataVersion as
// `v`, and what its header says besides under `synap`: position, aggregateId, aggregateType,
// aggregateVersion, correlationId, source.
#pragma once

#include <optional>
#include <string>

#include "base/json.h"
#include "base/status.h"
#include "events/event.h"

namespace synap::inngest {

/// What a sender may say of one event.
inline constexpr std::size_t kMetaBytesMax = 32 * 1024;

struct SdkEvent {
  std::string name;
  Json data = Json::object();
  std::optional<std::string> id;   // the sender's own, by which repeats are told
  std::optional<std::int64_t> ts;  // Unix ms
  std::optional<std::string> v;
  Json user;  // null: not said
  Json meta;  // null: not said

  /// Of one object of a request. kBadRequest says which member is wrong. What only the server may
  /// say (`data._inngest`) is taken away.
  static Result<SdkEvent> read(Json event);
  /// What it says beside name and data.
  Json said() const;
  /// The same as what is kept beside type and data: JSON text of an object.
  std::string metadata() const;
};

/// `event`, whose data are of the present version, as an app is shown it.
Json sdk_event(const events::Event& event);
/// The same of a SynapEvent as JSON (Event::json).
Json sdk_event_of_json(const Json& event);

}  // namespace synap::inngest
