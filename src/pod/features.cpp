#include "pod/features.h"
#include "pod/engine_move.h"

#include "api/keys.h"
#include "bus/dispatcher.h"
#include "events/postgres/postgres_event_log.h"
#include "events/sqlite/sqlite_event_log.h"
#include "features/access/access.h"
#include "features/agents/running.h"
#include "features/capture/capture.h"
#include "features/catalogue/catalogue.h"
#include "features/chat/chat.h"
#include "features/checkpoints/checkpoints.h"
#include "features/digest/digest.h"
#include "features/enrich/enrich.h"
#include "features/entities/entities.h"
#include "features/event_types/event_types.h"
#include "features/events/events.h"
#include "features/functions/functions.h"
#include "features/language_models/language_models.h"
#include "features/markdown/markdown.h"
#include "features/notes/notes.h"
#include "features/proposals/proposals.h"
#include "features/relations/relations.h"
#include "features/requests/requests.h"
#include "features/runs/runs.h"
#include "features/searching/searching.h"
#include "features/store/store.h"
#include "features/upkeep/upkeep.h"
#include "features/why/why.h"
#include "inngest/app_events.h"
#include "inngest/cancellations.h"
#include "inngest/endpoints/endpoint_runs.h"
#include "models/account.h"
#include "pod/content_place.h"
#include "pod/inngest_bus.h"
#include "pod/pod_identity.h"
#include "pod/readiness.h"
#include "workers/engine.h"

// The nouns: each is a file with a function add() in the namespace of this name, and a line here,
// in the order of their names.
#define SYNAP_NOUNS(NOUN) \
  NOUN(projects)          \
  NOUN(tasks)

#define DECLARE(noun)               \
  namespace synap::features::noun { \
  void add(const Rooms& rooms);     \
  }
SYNAP_NOUNS(DECLARE)
#undef DECLARE

namespace synap::pod {

std::vector<db::Database::Migration> migrations_behind_log() {
  std::vector<db::Database::Migration> all;
  for (const auto& list :
       {projections::Projections::migrations(), workers::Engine::migrations(),
        Readiness::migrations(), content_place_migrations(), pod_identity_migrations(),
        engine_move_migrations(), api::Keys::migrations(), inngest::Cancellations::migrations(),
        inngest::EndpointRuns::migrations(), inngest_bus_migrations(),
        models::Account::migrations(), features::checkpoints::migrations()}) {
    all.insert(all.end(), list.begin(), list.end());
  }
  return all;
}

std::vector<std::string_view> migration_names(const std::string& database) {
  std::vector<std::string_view> names;
  const auto of_log = database.empty() ? events::sqlite::SqliteEventLog::migrations()
                                       : events::postgres::PostgresEventLog::migrations();
  for (const auto& one : of_log) names.push_back(one.name);
  for (const auto& one : migrations_behind_log()) names.push_back(one.name);
  return names;
}

std::vector<db::Database::Retired> retired_migrations() {
  constexpr std::string_view kFirst =
      "Synap 0.1.0, which this version cannot read; that has no export, but prints each note by "
      "`synap call notes.get`";
  std::vector<db::Database::Retired> retired;
  for (const auto name : {"events.1", "bus.1", "workers.1", "api.1", "notes.1"}) {
    retired.push_back({name, kFirst});
  }
  return retired;
}

void add_features(const features::Rooms& rooms) {
  api::Keys::add_event_types(rooms.types);
  rooms.projections.add(api::Keys::projection());
  features::access::add(rooms);
  features::notes::add(rooms);
#define ADD(noun) features::noun::add(rooms);
  SYNAP_NOUNS(ADD)
#undef ADD
  features::entities::add(rooms);
  features::relations::add(rooms);
  features::proposals::add(rooms);
  features::requests::add(rooms);
  features::event_views::add(rooms);
  features::why::add(rooms);
  features::markdown_views::add(rooms);
  features::event_types::add(rooms);
  features::catalogue::add(rooms);
  features::checkpoints::add(rooms);
  features::functions::add(rooms);
  features::language_models::add(rooms);
  features::runs::add(rooms);
  features::searching::add(rooms);
  features::store::add(rooms);
  features::upkeep::add(rooms);
  features::agent_runs::add(rooms);
  features::capture::add(rooms);
  features::chat::add(rooms);
  features::enrich::add(rooms);
  features::digest::add(rooms);
  features::agent_runs::finish(rooms);
  inngest::add_app_event_types(rooms.types);
  rooms.types.add(inngest::kHttpRequest,
                  "An app answers a request with an endpoint that has steps.");
  rooms.projections.add(inngest::app_projection());
}

}  // namespace synap::pod
