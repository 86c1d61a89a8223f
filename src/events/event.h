// SynapEvent v1: an immutable fact or intent, the only way in which anything in a pod changes.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/crypto.h"
#include "base/once.h"
#include "base/status.h"
#include "base/uuid.h"

namespace synap::events {

/// The way by which an event came into the pod.
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

/// Who acted: the API key that called, the run that did the work, or the agent that decided.
struct Actor {
  enum class Kind : std::uint8_t { kKey, kRun, kAgent };
  Kind kind = Kind::kKey;
  std::string id;                           // 1..128 characters
  std::optional<std::string> on_behalf_of;  // the id of the user whom the actor stands for

  static Actor key(std::string id) { return {Kind::kKey, std::move(id), std::nullopt}; }
  static Actor run(const Uuid& id) { return {Kind::kRun, id.to_string(), std::nullopt}; }

  friend bool operator==(const Actor&, const Actor&) = default;
};
std::string_view actor_kind_name(Actor::Kind kind);  // "key"

/// Where an event belongs and where it comes from: all of it but its type and data.
struct Envelope {
  std::string user_id;  // 1..128 characters
  Source source = Source::kApi;
  std::optional<Actor> actor;        // nobody: the pod itself, as when it makes its first owner
  std::optional<Uuid> id;            // default: a new one
  std::optional<Uuid> aggregate_id;  // the thing it is about; absent for events outside streams
  std::string aggregate_type;        // "note"; empty if there is no aggregate
  /// The aggregate's id was made for this event, so nobody need look whether it has others. If it
  /// has after all, the append is refused.
  bool starts_stream = false;
  std::optional<std::int64_t> timestamp;  // Unix ms; default: now
  std::int64_t ahead_ms = 0;              // its runs begin so much later than it is made
  std::optional<Uuid> correlation_id;     // shared by all that follows from one cause
  std::optional<Uuid> causation_id;       // the event that led to this one
  std::optional<Uuid> request_id;         // the command that led to this one
  std::string metadata;                   // JSON text of an object, or empty
};

struct Event;
/// The event follows from `cause`: it stands below it, and shares its correlation (or begins it).
/// Not if it is another user's, who is told nothing of what others do.
void set_cause(Envelope& envelope, const Event& cause);

/// The data of an event as the C++ struct of its type, shared by all who work with them at the same
/// time; see data_of() in types.h. The event itself does not keep them: they are many small pieces
/// of memory, which are best given back soon, on the thread that made them.
class DecodedData {
 public:
  DecodedData() = default;
  DecodedData(const DecodedData&) = delete;
  DecodedData& operator=(const DecodedData&) = delete;

  /// What somebody has already, or else what `decode()` gives, a callable () ->
  /// Result<std::shared_ptr<const void>>. Thread-safe.
  template <class Decode>
  Result<std::shared_ptr<const void>> get(Decode decode) const {
    {
      std::lock_guard lock(mutex_);
      if (auto data = data_.lock()) return data;
    }
    auto made = decode();
    if (!made) return made;
    std::lock_guard lock(mutex_);
    data_ = *made;
    return made;
  }

  /// Lets others share `data` for as long as somebody keeps them.
  void share(const std::shared_ptr<const void>& data) const {
    std::lock_guard lock(mutex_);
    data_ = data;
  }

 private:
  mutable std::mutex mutex_;
  mutable std::weak_ptr<const void> data_;
};

/// What an event says: docs/formats.md describes each field.
struct EventFields {
  Uuid id;
  std::string type;
  std::int64_t data_version = 1;  // of the shape of `data`, as its type counts them
  std::string user_id;
  Source source = Source::kApi;
  std::optional<Actor> actor;
  std::optional<Uuid> aggregate_id;
  std::string aggregate_type;
  std::int64_t aggregate_version = 0;  // place in the stream, from 1; 0 without aggregate
  std::int64_t position = 0;           // place in the log, from 1
  std::int64_t timestamp = 0;          // Unix ms
  /// How far ahead of the clock whoever made it has dated it, or its runs; known where it is
  /// appended, and not kept: a clock that is set back dates nothing ahead.
  std::int64_t ahead_ms = 0;
  std::optional<Uuid> correlation_id;
  std::optional<Uuid> causation_id;
  std::optional<Uuid> request_id;
  std::string data;      // JSON text of an object, in the version it was written
  std::string metadata;  // JSON text of an object, or empty
  /// Data and metadata were erased, lawfully and for ever; all else is as it was.
  bool is_erased = false;
  /// Why what is stored is not what was recorded, one sentence; empty where it is. Data and
  /// metadata are then "{}" and empty, so that nobody hands on what cannot be read, and of the
  /// header is there what could be read. damage.h says which damage a read finds.
  std::string_view damage;
  bool is_damaged() const { return !damage.empty(); }
};

/// An event of the log. Immutable once recorded; shared by all who read it. What an observer is
/// handed within the appending transaction is an event only when that has committed.
struct Event : EventFields {
  Event() = default;
  explicit Event(EventFields fields) : EventFields(std::move(fields)) {}

  DecodedData decoded;

  /// The event as JSON: SynapEvent v1 with position and aggregateVersion; of a damaged one with
  /// "damaged":true. Made once, kept; only of recorded events.
  const std::string& json() const;

 private:
  mutable Once json_once_;
  mutable std::string json_;
};
using EventRef = std::shared_ptr<const Event>;

/// Random bytes that are hashed with an event's data, so that whoever knows the hash of erased data
/// cannot find out by trying what they were.
using Salt = std::array<std::uint8_t, 16>;

/// An event whose type is registered and whose data fit the type's schema, not recorded yet. Made
/// by EventTypes::make only, so that nothing else can be appended. Cheap to copy; copies are the
/// same event, so one of them is appended once.
class NewEvent {
 public:
  const Event& draft() const { return *draft_; }
  const Uuid& id() const { return draft_->id; }
  const std::string& type() const { return draft_->type; }
  /// True if the id was chosen by the caller, so that this may be a repeat.
  bool has_given_id() const { return has_given_id_; }
  /// Envelope::starts_stream.
  bool starts_stream() const { return starts_stream_; }

  // What the log commits to (chain.h), made where the event is made and not on the writer's thread.
  const Salt& salt() const { return salt_; }
  const Sha256& header_hash() const { return header_hash_; }
  const Sha256& content_hash() const { return content_hash_; }

  /// For the log alone, when the row has been inserted: the event as recorded. A copy: it stays in
  /// memory long after the draft, and is given back by the writer's thread, which makes it here.
  EventRef recorded(std::int64_t position, std::int64_t aggregate_version) const;
  /// The same where the position is known only with the commit: it is 0 until the log sets it.
  std::shared_ptr<Event> unplaced(std::int64_t aggregate_version) const;

 private:
  friend class EventTypes;
  NewEvent(std::shared_ptr<Event> draft, std::shared_ptr<const void> decoded, const Salt& salt,
           bool has_given_id, bool starts_stream);

  std::shared_ptr<const Event> draft_;
  // Kept until it is appended, so that whoever observes the append parses no JSON.
  std::shared_ptr<const void> decoded_;
  Salt salt_{};
  Sha256 header_hash_{};
  Sha256 content_hash_{};
  bool has_given_id_;
  bool starts_stream_;
};

}  // namespace synap::events
