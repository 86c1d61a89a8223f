#include "inngest/app_events.h"

#include <fmt/format.h>

namespace synap::inngest {
namespace {

void fold_sync(db::Tx& tx, const events::Event& event) {
  auto data = data_of(event, kAppSynced);
  if (!data) return tx.abort(data.error());
  const auto& app = **data;
  const auto functions = Json(Json::Array(app.functions)).dump();
  tx.run(
      "INSERT INTO worker_apps_data(user_id, app, version, url, sdk, framework, app_version, "
      "functions, checksum, synced_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) "
      "ON CONFLICT(user_id, app) DO UPDATE SET version = $3, url = $4, sdk = $5, framework = $6, "
      "app_version = $7, functions = $8, checksum = $9, synced_at = $10",
      event.user_id, app.app, event.aggregate_version, app.url, app.sdk, app.framework, app.version,
      functions, app.checksum, event.timestamp);
}

void fold(db::Tx& tx, const events::Event& event) {
  if (event.type == kAppSynced.name) return fold_sync(tx, event);
  auto data = data_of(event, kAppRemoved);
  if (!data) return tx.abort(data.error());
  tx.run("DELETE FROM worker_apps_data WHERE user_id = $1 AND app = $2", event.user_id,
         (*data)->app);
}

}  // namespace

const ObjectSchema<AppSynced>& describe(Type<AppSynced>) {
  static const auto schema =
      object<AppSynced>("WorkerAppSynced")
          .field("app", &AppSynced::app, string(), "The id that its author gave it.")
          .field("url", &AppSynced::url, string(), "Where it is served.")
          .field("sdk", &AppSynced::sdk, string(), "js:v4.24.0")
          .field("framework", &AppSynced::framework, string())
          .field("version", &AppSynced::version, string(), "Its own; empty: it has said none.")
          .field("functions", &AppSynced::functions, array(record(any())), "As the SDK sent them.")
          .field("checksum", &AppSynced::checksum, string(), "SHA-256 of all of this.");
  return schema;
}

const ObjectSchema<AppRemoved>& describe(Type<AppRemoved>) {
  static const auto schema =
      object<AppRemoved>("WorkerAppRemoved").field("app", &AppRemoved::app, string());
  return schema;
}

Uuid app_stream(std::string_view user_id, std::string_view app) {
  return Uuid::derived(0, fmt::format("{}\n{}\n{}", kAppNoun, user_id, app));
}

void add_app_event_types(events::EventTypes& types) {
  types.add(kAppSynced, "An app of a user has said where it is and which functions it has.");
  types.add(kAppRemoved, "An app of a user is called no more.");
}

projections::Projection app_projection() {
  using db::ColumnType;
  return {.name = "worker_apps",
          .kind = projections::Projection::Kind::kInline,
          .tables = {{.name = "worker_apps",
                      .columns = {{"user_id"},
                                  {"app"},
                                  {"version", ColumnType::kInteger},
                                  {"url"},
                                  {"sdk"},
                                  {"framework"},
                                  {"app_version"},
                                  {"functions"},
                                  {"checksum"},
                                  {"synced_at", ColumnType::kInteger}},
                      .primary_key = {"user_id", "app"}}},
          .types = {std::string(kAppSynced.name), std::string(kAppRemoved.name)},
          .fold = fold};
}

}  // namespace synap::inngest
