// Ingestion: events that apps and other senders post, into the log.
//
// A sender repeats a request that it has no answer to. So an event's id follows from what it says:
// from its own `id` (with its name and its user), or from the seed of the request and the event's
// place in it; one that is in the log already is not appended again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/task.h"
#include "events/types.h"
#include "inngest/asker.h"
#include "workers/engine.h"

namespace synap::inngest {

inline constexpr std::size_t kEventsOfRequestMax = 5'000;

/// Of the header x-inngest-event-id-seed: "<Unix ms>,<base64 of 10 bytes>".
struct EventSeed {
  std::int64_t unix_ms = 0;
  std::string entropy;

  /// Nothing if `text` is none.
  static std::optional<EventSeed> parse(std::string_view text);
  /// Of the event at `index`, from 0, of this user.
  Uuid id_of(std::string_view user_id, std::size_t index) const;
};

/// What became of a request's events.
struct Ingested {
  std::vector<std::string> ids;  // ULIDs of those that are in the log
  std::optional<Error> error;    // of the first that is not; those behind it are not either
};

class Ingestion {
 public:
  /// All must outlive it.
  Ingestion(workers::Engine& engine, const events::EventTypes& types)
      : engine_(engine), types_(types) {}

  /// Those before the first that is wrong are appended.
  Task<Ingested> ingest(Asker asker, std::vector<Json> events, std::optional<EventSeed> seed);

  /// Starts one function of the asker's, by its slug, which is handed `data`. The event's id, a
  /// ULID. kNotFound: there is no such function.
  Task<Result<std::string>> invoke(Asker asker, std::string slug, Json data);

  /// Null: there are no traces.
  Tracer* tracer() const { return engine_.runs.tracer(); }

 private:
  Result<events::NewEvent> make(const Asker& asker, Json event,
                                const std::optional<EventSeed>& seed, std::size_t index) const;
  Task<Result<std::vector<std::string>>> append(std::vector<events::NewEvent> events);

  workers::Engine& engine_;
  const events::EventTypes& types_;
};

}  // namespace synap::inngest
