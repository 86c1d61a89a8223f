// History: what an Inngest server tells of events and runs, and how runs are told to go on or end.
//
//   GET    /v1/events?limit&cursor&name&received_after&received_before      the newest first
//   GET    /v1/events/{id}            GET /v1/events/{id}/runs
//   GET    /v1/runs/{id}/jobs         what it is to go on with, and when
//   GET    /v1/runs/{id}              DELETE /v1/runs/{id}   (as /v0/runs/{id}: cancels it)
//   POST   /v1/signals                {"signal","data"}
//   GET    /v0/runs/{id}/batch        GET /v0/runs/{id}/actions    what was too large for a call
//
// Ids are ULIDs; UUIDs, as the pod writes them, do as well. Everybody sees what is theirs.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/task.h"
#include "events/types.h"
#include "inngest/apps.h"
#include "net/http.h"
#include "workers/engine.h"

namespace synap::inngest {

/// How REST has what it answers: with when it was looked up, which is now.
Json with_metadata(Json data);

class History {
 public:
  /// All must outlive it.
  History(workers::Engine& engine, const events::EventTypes& types)
      : engine_(engine), types_(types) {}

  /// Whether the path is one of those above, and by which methods it is asked for, with a comma
  /// between two; empty: it is none.
  static std::string_view methods_of(std::string_view path);
  /// What an API key must be good for to ask for it.
  static std::string_view scope_of(std::string_view path, std::string_view method);

  /// What is to be answered: JSON, or null for an answer without a body.
  Task<Result<Json>> answer(const net::Request& request, const Asker& asker);

  struct Run {
    Uuid id;
    std::string function;
    std::int64_t event_position = 0;
    std::string status;
    std::int64_t created_at = 0;
    std::optional<std::int64_t> started_at;  // nothing: no call of it has come to something
    std::optional<std::int64_t> ended_at;
    std::string output;  // JSON text, or empty
    std::string error;   // the same
  };
  /// What others who tell of events and runs look up. kNotFound: the asker has none such.
  Task<Result<events::EventRef>> find_event(Uuid id, const Asker& asker);
  Task<Result<Run>> find_run(Uuid id, const Asker& asker);
  /// Those of one event, kRunsMax of them.
  Task<Result<std::vector<Run>>> runs_for(std::int64_t event_position, const Asker& asker);
  /// As an app is shown it, with "internal_id" and "received_at".
  Json shown_event(const events::Event& event) const;

 private:
  Task<Result<Json>> list_events(std::string_view query, const Asker& asker);
  Task<Result<Json>> runs_of_event(Uuid id, const Asker& asker);
  Task<Result<std::vector<Run>>> runs(const Asker& asker, std::optional<Uuid> id,
                                      std::int64_t event_position);
  Task<Result<Json>> shown_run(const Run& run);
  Task<Result<Json>> jobs(Uuid id, const Asker& asker);
  Task<Result<Json>> batch(Uuid id, const Asker& asker);
  Task<Result<Json>> actions(Uuid id, const Asker& asker);
  Task<Result<Json>> send_signal(const net::Request& request, const Asker& asker);

  workers::Engine& engine_;
  const events::EventTypes& types_;
};

}  // namespace synap::inngest
