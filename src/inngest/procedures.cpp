#include "inngest/procedures.h"

#include <memory>

#include "api/procedures.h"
#include "base/clock.h"
#include "inngest/app_events.h"

namespace synap::inngest {
namespace {

using api::Session;

struct ShownApp {
  std::string app;
  std::string url;
  std::string sdk;
  std::string framework;
  std::string version;
  std::vector<std::string> functions;
  std::string synced_at;
  std::optional<std::string> asked_at;
  std::optional<std::string> problem;
  std::optional<std::int64_t> workers;
};
const ObjectSchema<ShownApp>& describe(Type<ShownApp>) {
  static const auto schema =
      object<ShownApp>("WorkerApp")
          .field("app", &ShownApp::app, string(), "The id that its author gave it.")
          .field("url", &ShownApp::url, string(), "Where it is served.")
          .field("sdk", &ShownApp::sdk, string(), "js:v4.24.0")
          .field("framework", &ShownApp::framework, string())
          .field("version", &ShownApp::version, string(), "Its own; empty: it has said none.")
          .field("functions", &ShownApp::functions, array(string()), "Their ids.")
          .field("syncedAt", &ShownApp::synced_at, string().datetime(),
                 "When it last registered something new.")
          .field("askedAt", &ShownApp::asked_at, string().datetime(),
                 "When the pod last asked it to register; absent: not since its start.")
          .field("problem", &ShownApp::problem, string(), "Why it did not register then.")
          .field("workers", &ShownApp::workers, integer().min(0),
                 "Of an app whose workers connect: how many are, and take calls. Absent: it is "
                 "served at its address.");
  return schema;
}

struct AppList {
  std::vector<ShownApp> apps;
};
const ObjectSchema<AppList>& describe(Type<AppList>) {
  static const auto schema = object<AppList>("WorkerAppList")
                                 .field("apps", &AppList::apps, array(schema_of<ShownApp>()),
                                        "By their ids; at most 100.");
  return schema;
}

struct AppKeys {
  std::string signing_key;
};
const ObjectSchema<AppKeys>& describe(Type<AppKeys>) {
  static const auto schema =
      object<AppKeys>("WorkerAppKeys")
          .field("signingKey", &AppKeys::signing_key, string(),
                 "INNGEST_SIGNING_KEY: what calls are signed with. A secret.");
  return schema;
}

struct AppAddress {
  std::string url;
};
const ObjectSchema<AppAddress>& describe(Type<AppAddress>) {
  static const auto schema =
      object<AppAddress>("WorkerAppAddress")
          .field("url", &AppAddress::url, string().min(1).max(2000),
                 "Where the app is served: http://127.0.0.1:3000/api/inngest");
  return schema;
}

struct AppSync {
  bool is_registered = true;
  std::optional<std::string> problem;
};
const ObjectSchema<AppSync>& describe(Type<AppSync>) {
  static const auto schema =
      object<AppSync>("WorkerAppSync")
          .field("isRegistered", &AppSync::is_registered, boolean())
          .field("problem", &AppSync::problem, string(), "Why not: what it answered, or nobody.");
  return schema;
}

struct AppRemoval {
  std::int64_t removed = 0;
};
const ObjectSchema<AppRemoval>& describe(Type<AppRemoval>) {
  static const auto schema =
      object<AppRemoval>("WorkerAppRemoval")
          .field("removed", &AppRemoval::removed, integer().min(0), "How many apps were there.");
  return schema;
}

Asker asker_of(const Session& session) {
  return {session.user_id(), session.actor->recorded};
}

Task<Result<AppList>> list(const AppsOfPod& pod, Session session) {
  auto apps = co_await pod.apps().list(session.user_id());
  if (!apps) co_return fail(apps.error());
  AppList list;
  for (auto& app : *apps) {
    ShownApp shown{.app = app.app,
                   .url = app.url,
                   .sdk = app.sdk,
                   .framework = app.framework,
                   .version = app.version,
                   .functions = std::move(app.functions),
                   .synced_at = to_iso8601(app.synced_at)};
    if (const auto state = pod.syncer().state(app.url, session.user_id())) {
      shown.asked_at = to_iso8601(state->at);
      if (!state->is_good) shown.problem = state->message;
    }
    if (is_connect_url(app.url)) {
      shown.workers = static_cast<std::int64_t>(pod.apps().workers(session.user_id(), shown.app));
    }
    list.apps.push_back(std::move(shown));
  }
  co_return list;
}

Task<Result<AppKeys>> keys(const AppsOfPod& pod, Session session) {
  // The signing key is good for all that apps may do.
  if (!session.actor->scopes.is_everything()) {
    co_return fail(Code::kForbidden, "Only a key without limits of scope is told the signing key");
  }
  co_return AppKeys{pod.apps().key_of(session.user_id()).text()};
}

Task<Result<AppSync>> sync(const AppsOfPod& pod, Session session, AppAddress input) {
  auto synced = co_await pod.syncer().sync(input.url, session.user_id(), session.stop);
  if (synced) co_return AppSync{};
  // Also that the address is none: it is the app's owner who must mend it.
  co_return AppSync{false, synced.error().message};
}

Task<Result<AppRemoval>> remove(const AppsOfPod& pod, Session session, AppAddress input) {
  auto removed = co_await pod.apps().remove(asker_of(session), input.url);
  if (!removed) co_return fail(removed.error());
  co_return AppRemoval{*removed};
}

}  // namespace

void add_procedures(rpc::ProcedureTable& procedures, AppsOfPod pod) {
  const auto kept = std::make_shared<const AppsOfPod>(std::move(pod));
  api::add_query<void, AppList>(
      procedures, "apps.list",
      {.summary = "Your apps of Inngest's SDKs, and whether they register."},
      [kept](Session session) { return list(*kept, std::move(session)); });
  api::add_mutation<void, AppKeys>(
      procedures, "apps.keys",
      {.summary = "The signing key of your apps.",
       .docs =
           "An app is given it as INNGEST_SIGNING_KEY. It is a secret, so a key that is limited "
           "to some scopes is not told it.",
       .effects = rpc::Effects::kIdempotent},
      [kept](Session session) { return keys(*kept, std::move(session)); });
  api::add_mutation<AppAddress, AppSync>(
      procedures, "apps.sync",
      {.summary = "Ask an app to register its functions.",
       .docs =
           "The app answers by posting to the pod what functions it has, with your signing key.",
       .effects = rpc::Effects::kIdempotent,
       .examples = {{.input = R"({"url":"http://127.0.0.1:3000/api/inngest"})"}},
       .appends = {std::string(kAppSynced.name)}},
      [kept](Session session, AppAddress input) {
        return sync(*kept, std::move(session), std::move(input));
      });
  api::add_mutation<AppAddress, AppRemoval>(procedures, "apps.remove",
                                            {.summary = "Call an app no more.",
                                             .docs = "Its runs wait for its return.",
                                             .effects = rpc::Effects::kDestroys,
                                             .appends = {std::string(kAppRemoved.name)}},
                                            [kept](Session session, AppAddress input) {
                                              return remove(*kept, std::move(session),
                                                            std::move(input));
                                            });
}

}  // namespace synap::inngest
