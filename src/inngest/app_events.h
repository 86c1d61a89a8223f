// What the log says of apps, and the rows that follow: an app is what its last registration says,
// until it is removed.
//
//   worker_app.sync.completed       app, url, sdk, framework, version, functions, checksum
//   worker_app.removal.completed    app
//
// An app is the pair of its user and its name: two users may give one name to different apps. It is
// called "worker_app" in the log, so that apps may name their own events "app.…".
#pragma once

#include <string>

#include "base/json.h"
#include "base/uuid.h"
#include "events/types.h"
#include "projections/projection.h"

namespace synap::inngest {

inline constexpr std::string_view kAppNoun = "worker_app";

struct AppSynced {
  std::string app;
  std::string url;
  std::string sdk;
  std::string framework;
  std::string version;
  std::vector<Json> functions;
  std::string checksum;
};
const ObjectSchema<AppSynced>& describe(Type<AppSynced>);

struct AppRemoved {
  std::string app;
};
const ObjectSchema<AppRemoved>& describe(Type<AppRemoved>);

inline constexpr events::EventType<AppSynced> kAppSynced{"worker_app.sync.completed"};
inline constexpr events::EventType<AppRemoved> kAppRemoved{"worker_app.removal.completed"};

/// The stream of an app.
Uuid app_stream(std::string_view user_id, std::string_view app);

void add_app_event_types(events::EventTypes& types);
projections::Projection app_projection();

}  // namespace synap::inngest
