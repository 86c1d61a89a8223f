// SynapEvent v1: an immutable fact or intent, the only way in which anything in a pod changes.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "base/uuid.h"

namespace synap::events {

enum class Source : std::uint8_t {
  kApi,
  kAgent,
  kAutomation,
  kSync,
  kMigration,
  kSystem,
  kIntelligence,
};
std::string_view source_name(Source source);  // "api"
std::optional<Source> source_by_name(std::string_view name);

/// Where an event belongs and where it comes from: all of it but its type and data.
struct Envelope {
  std::string user_id;  // 1..128 characters
  Source source = Source::kApi;
  std::optional<Uuid> id;            // default: a new one
  std::optional<Uuid> aggregate_id;  // the thing it is about; absent for events outside streams
  std::string aggregate_type;        // "note"; empty if there is no aggregate
  std::optional<std::int64_t> timestamp;  // Unix ms; default: now
  std::optional<Uuid> correlation_id;     // shared by all that follows from one cause
  std::optional<Uuid> causation_id;       // the event that led to this one
  std::optional<Uuid> request_id;         // the command that led to this one
  std::string metadata;                   // JSON text of an object, or empty
};

/// An event that is recorded in the log. Immutable; shared by all who read it.
struct Event {
  Uuid id;
  std::string type;
  std::string user_id;
  Source source = Source::kApi;
  std::optional<Uuid> aggregate_id;
  std::string aggregate_type;
  std::int64_t aggregate_version = 0;  // place in the stream, from 1; 0 without aggregate
  std::int64_t position = 0;           // place in the log, from 1
  std::int64_t timestamp = 0;          // Unix ms
  std::optional<Uuid> correlation_id;
  std::optional<Uuid> causation_id;
  std::optional<Uuid> request_id;
  std::string data;      // JSON text of an object
  std::string metadata;  // JSON text of an object, or empty

  /// The event as JSON: SynapEvent v1 with position and aggregateVersion. Made once, kept.
  const std::string& json() const;

 private:
  mutable std::once_flag json_once_;
  mutable std::string json_;
};
using EventRef = std::shared_ptr<const Event>;

/// An event whose type is registered and whose data fit the type's schema, not recorded yet. Made
/// by EventTypes::make only, so that nothing else can be appended.
class NewEvent {
 public:
  const Uuid& id() const { return *envelope_.id; }
  const std::string& type() const { return type_; }
  const Envelope& envelope() const { return envelope_; }
  const std::string& data() const { return data_; }
  /// True if the id was chosen by the caller, so that this may be a repeat.
  bool has_given_id() const { return has_given_id_; }

 private:
  friend class EventTypes;
  NewEvent(std::string type, std::string data, Envelope envelope, bool has_given_id)
      : type_(std::move(type)),
        data_(std::move(data)),
        envelope_(std::move(envelope)),
        has_given_id_(has_given_id) {}
  std::string type_;
  std::string data_;
  Envelope envelope_;
  bool has_given_id_;
};

}  // namespace synap::events
