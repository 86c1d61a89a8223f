#include "inngest/apps.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "bus/function_name.h"
#include "inngest/app_event.h"
#include "inngest/app_events.h"
#include "inngest/connect/worker_transport.h"
#include "inngest/endpoints/endpoint_functions.h"
#include "inngest/endpoints/endpoint_transport.h"
#include "inngest/http_transport.h"

namespace synap::inngest {

struct Apps::Row {
  std::string user_id;
  std::string app;
  std::int64_t version = 0;
  std::string url;
  std::string sdk;
  std::string framework;
  std::string app_version;
  std::string functions;  // JSON text
  std::string checksum;
  std::int64_t synced_at = 0;
};

class Apps::Claim {
 public:
  explicit Claim(Apps& apps) : apps_(apps) {}
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;
  ~Claim() { give_back(); }

  // Instead of what it had; kConflict: another app of the user has one of them.
  Result<> take(const Asker& asker, const Registration& registration) {
    give_back();
    const std::lock_guard lock(apps_.mutex_);
    for (const auto& function : registration.functions.as_array()) {
      const std::string slug(function.string_or("id", ""));
      auto id = bus::function_id(slug, asker.user_id);
      const auto there = apps_.rooms_.engine.functions.find(id);
      const auto claimed = apps_.claimed_.find(id);
      const auto& app = there != nullptr                  ? there->app
                        : claimed != apps_.claimed_.end() ? claimed->second
                                                          : registration.app;
      if (app != registration.app) {
        return fail(Code::kConflict,
                    fmt::format("Your app \"{}\" has a function \"{}\" already: an id is of one "
                                "app, and begins with its name",
                                app, slug));
      }
      if (apps_.claimed_.emplace(id, app).second) ids_.push_back(std::move(id));
    }
    return {};
  }

 private:
  void give_back() {
    const std::lock_guard lock(apps_.mutex_);
    for (const auto& id : ids_) apps_.claimed_.erase(id);
    ids_.clear();
  }

  Apps& apps_;
  std::vector<std::string> ids_;
};

namespace {

constexpr std::string_view kColumns =
    "user_id, app, version, url, sdk, framework, app_version, functions, checksum, synced_at";
// How often a registration is made anew because another one of the same app came before it.
constexpr int kAttemptsMax = 16;

std::vector<AppFunction> functions_of(std::string_view text, const std::string& app) {
  std::vector<AppFunction> functions;
  auto list = parse_json(text);
  if (!list || !list->is_array()) return functions;
  for (const auto& json : list->as_array()) {
    auto function = AppFunction::read(json);
    if (function) {
      functions.push_back(std::move(*function));
      continue;
    }
    // It could be used when it was registered, by another version of the pod.
    write_log(LogLevel::kWarn, "inngest", "a function of the app {app} cannot be used: {error}",
              {{"app", app}, {"error", function.error().message}});
  }
  return functions;
}

void refuse_too_many(db::Tx& tx, const std::string& user_id) {
  auto rows = tx.query("SELECT count(*) FROM worker_apps_data WHERE user_id = $1", user_id);
  if (rows.next() && rows.integer(0) >= static_cast<std::int64_t>(kAppsOfUserMax)) {
    tx.abort({Code::kPreconditionFailed,
              fmt::format("You have {} apps, and may have no more", kAppsOfUserMax)});
  }
}

}  // namespace

events::Envelope Apps::envelope_of(const Asker& asker, std::string_view app) const {
  events::Envelope envelope;
  envelope.user_id = asker.user_id;
  envelope.actor = asker.actor;
  envelope.source = asker.actor ? events::Source::kApi : events::Source::kAutomation;
  envelope.aggregate_id = app_stream(asker.user_id, app);
  envelope.aggregate_type = kAppNoun;
  return envelope;
}

Task<Result<>> Apps::load() {
  auto rows = co_await rooms_.database.read([](db::Tx& tx) {
    std::vector<Row> all;
    auto found = tx.query(fmt::format("SELECT {} FROM worker_apps_data", kColumns));
    while (found.next()) {
      all.push_back({found.text(0), found.text(1), found.integer(2), found.text(3), found.text(4),
                     found.text(5), found.text(6), found.text(7), found.text(8), found.integer(9)});
    }
    return all;
  });
  if (!rows) co_return fail(rows.error());
  for (const auto& row : *rows) put(row);
  co_return Result<>{};
}

Task<Result<std::optional<Apps::Row>>> Apps::find(std::string user_id, std::string app) {
  co_return co_await rooms_.database.read([&](db::Tx& tx) {
    std::optional<Row> row;
    auto found = tx.query(
        fmt::format("SELECT {} FROM worker_apps_data WHERE user_id = $1 AND app = $2", kColumns),
        user_id, app);
    if (found.next()) {
      row = Row{found.text(0), found.text(1), found.integer(2), found.text(3), found.text(4),
                found.text(5), found.text(6), found.text(7),    found.text(8), found.integer(9)};
    }
    return row;
  });
}

Task<Result<Apps::Synced>> Apps::sync(Asker asker, Registration registration) {
  auto app = registration.app;
  co_return co_await sync(std::move(asker), std::move(app),
                          [&](const Row*) { return registration; });
}

Task<Result<Apps::Synced>> Apps::sync(Asker asker, std::string app, Made make) {
  const Synced same{false, app_stream(asker.user_id, app)};
  Claim claim(*this);  // until the bus has them
  for (int attempt = 1;; ++attempt) {
    auto row = co_await find(asker.user_id, app);
    if (!row) co_return fail(row.error());
    const auto registration = make(*row ? &**row : nullptr);
    if (*row && (*row)->checksum == registration.checksum) co_return same;
    if (auto claimed = claim.take(asker, registration); !claimed) co_return fail(claimed.error());
    AppSynced data{registration.app,       registration.url,     registration.sdk,
                   registration.framework, registration.version, registration.functions.as_array(),
                   registration.checksum};
    auto event =
        rooms_.types.make(kAppSynced, std::move(data), envelope_of(asker, registration.app));
    if (!event) co_return fail(event.error());
    events::Append append;
    append.events.push_back(std::move(*event));
    if (*row) {
      append.expectations.push_back({same.app_id, (*row)->version});
    } else {
      append.decide = [user_id = asker.user_id](db::Tx& tx) { refuse_too_many(tx, user_id); };
    }
    auto appended = co_await rooms_.engine.log.append(std::move(append));
    if (appended) break;
    if (appended.error().code != Code::kConflict || attempt == kAttemptsMax) {
      co_return fail(appended.error());
    }
  }
  if (auto applied = co_await apply(asker.user_id, app); !applied) {
    co_return fail(applied.error());
  }
  if (auto row = co_await find(asker.user_id, app); row && *row) tell_of_triggers(**row);
  co_return Synced{true, same.app_id};
}

// A letter too few in a name, and the function is registered and never called.
void Apps::tell_of_triggers(const Row& row) const {
  constexpr int kToldMax = 10;
  int told = 0;
  for (const auto& function : functions_of(row.functions, row.app)) {
    for (const auto& trigger : function.triggers) {
      const auto why = rooms_.types.why_never(bus_name(trigger.event), told < kToldMax);
      if (why.empty() || ++told > kToldMax) continue;
      write_log_bounded(
          Same::kMessage, LogLevel::kWarn, "inngest",
          "a trigger of the function {function} of the app {app} begins no run: {why}",
          {{"function", function.slug}, {"app", row.app}, {"why", why}});
    }
  }
  if (told <= kToldMax) return;
  write_log_bounded(Same::kMessage, LogLevel::kWarn, "inngest",
                    "the app {app} has {count} such triggers; functions.list tells them",
                    {{"app", row.app}, {"count", static_cast<std::int64_t>(told)}});
}

Task<Result<bus::FunctionPtr>> Apps::endpoint(Asker asker, Endpoint asked) {
  const auto& functions = rooms_.engine.functions;
  const auto slug = endpoint_slug(asked.origin, asked.name);
  auto there = functions.find(bus::function_id(slug, asker.user_id));
  if (there != nullptr && there->retry.retries_max >= asked.retries_max) co_return there;
  // Others may come to be there at the same time.
  EndpointFunctions made;
  auto synced = co_await sync(asker, asked.origin, [&](const Row* present) {
    auto list = present != nullptr ? parse_json(present->functions) : Result<Json>(Json::array());
    made = with_endpoint(list && list->is_array() ? std::move(*list) : Json::array(), asked.origin,
                         slug, asked.retries_max);
    return Registration::of_endpoints(asked.origin, present != nullptr ? present->sdk : asked.sdk,
                                      made.all);
  });
  if (!synced) co_return fail(synced.error());
  auto function = functions.find(bus::function_id(made.slug, asker.user_id));
  if (function == nullptr) co_return fail(Code::kServiceUnavailable, "The app is being removed");
  co_return function;
}

Task<Result<int>> Apps::remove(Asker asker, std::string url) {
  auto apps = co_await list(asker.user_id);
  if (!apps) co_return fail(apps.error());
  int removed = 0;
  for (const auto& app : *apps) {
    if (app.url != url) continue;
    auto event = rooms_.types.make(kAppRemoved, AppRemoved{app.app}, envelope_of(asker, app.app));
    if (!event) co_return fail(event.error());
    events::Append append;
    append.events.push_back(std::move(*event));
    auto appended = co_await rooms_.engine.log.append(std::move(append));
    if (!appended) co_return fail(appended.error());
    if (auto done = co_await apply(asker.user_id, app.app); !done) co_return fail(done.error());
    ++removed;
  }
  co_return removed;
}

std::vector<std::string> Apps::hears() {
  return {std::string(kAppSynced.name), std::string(kAppRemoved.name)};
}

Task<Result<>> Apps::hear(const events::Event& event) {
  std::string app;
  if (event.type == kAppSynced.name) {
    auto synced = events::data_of(event, kAppSynced);
    if (!synced) co_return fail(synced.error());
    app = (*synced)->app;
  } else {
    auto removed = events::data_of(event, kAppRemoved);
    if (!removed) co_return fail(removed.error());
    app = (*removed)->app;
  }
  co_return co_await apply(event.user_id, std::move(app));
}

// What is on the bus follows from the row. Whoever read a row that has changed by the time it is
// put looks again: so whoever is last puts what is last, also if an app goes meanwhile.
Task<Result<>> Apps::apply(std::string user_id, std::string app) {
  for (std::optional<std::int64_t> put_version;;) {
    auto row = co_await find(user_id, app);
    if (!row) co_return fail(row.error());
    const auto version = *row ? (*row)->version : 0;
    if (put_version == version) co_return Result<>{};
    if (*row) {
      put(**row);
    } else {
      const std::lock_guard lock(mutex_);
      rooms_.engine.pool->put_all({}, gone(user_id, app, {}));
      on_bus_.erase({user_id, app});
    }
    put_version = version;
  }
}

void Apps::put(const Row& row) {
  const std::lock_guard lock(mutex_);
  auto& on_bus = on_bus_[{row.user_id, row.app}];
  if (on_bus.version > row.version) return;
  std::set<std::string> slugs;
  std::vector<workers::WorkerPool::Put> functions;
  for (const auto& function : functions_of(row.functions, row.app)) {
    functions.push_back(as_put(row, function));
    slugs.insert(function.slug);
  }
  rooms_.engine.pool->put_all(std::move(functions), gone(row.user_id, row.app, slugs));
  on_bus = {row.version, std::move(slugs)};
}

// What is on the bus of an app, and not in `but`.
std::vector<std::string> Apps::gone(const std::string& user_id, const std::string& app,
                                    const std::set<std::string>& but) const {
  std::vector<std::string> ids;
  const auto known = on_bus_.find({user_id, app});
  if (known == on_bus_.end()) return ids;
  for (const auto& slug : known->second.functions) {
    if (!but.contains(slug)) ids.push_back(bus::function_id(slug, user_id));
  }
  return ids;
}

workers::WorkerPool::Put Apps::as_put(const Row& row, const AppFunction& function) {
  bus::Function on_bus{.id = bus::function_id(function.slug, row.user_id),
                       .retry = {.retries_max = function.retries_max},
                       .user_id = row.user_id,
                       .is_remote = true,
                       .app = row.app,
                       .is_shared = !function.is_connected && !function.is_endpoint,
                       .schedules = function.schedules,
                       .flow = function.flow,
                       .view = [&types = rooms_.types](const events::Event& event) -> Result<Json> {
                         return app_view(event, types);
                       }};
  for (const auto& trigger : function.triggers) {
    on_bus.triggers.push_back({bus_name(trigger.event), trigger.condition});
  }
  AppDriverOptions options{.id = on_bus.id,
                           .retries_max = function.retries_max,
                           .retry_interval = options_.retry_interval};
  return {std::move(on_bus),
          std::make_shared<AppDriver>(std::move(options), transport_of(row, function), calls())};
}

std::shared_ptr<AppDriver> Apps::endpoint_driver(const bus::Function& function) {
  const auto user_id = function.user_id.value_or("");
  AppDriverOptions options{.id = function.id,
                           .retries_max = function.retry.retries_max,
                           .retry_interval = options_.retry_interval};
  return std::make_shared<AppDriver>(
      std::move(options),
      std::make_shared<EndpointTransport>(function.app, key_of(user_id), rooms_.client,
                                          rooms_.engine.runs.world()),
      calls());
}

std::shared_ptr<Transport> Apps::transport_of(const Row& row, const AppFunction& function) {
  if (function.is_connected) {
    return std::make_shared<WorkerTransport>(
        WorkerTransport::Function{row.user_id, row.app, function.slug,
                                  app_function_id(bus::function_id(function.slug, row.user_id))},
        rooms_.router);
  }
  if (function.is_endpoint) {
    return std::make_shared<EndpointTransport>(row.app, key_of(row.user_id), rooms_.client,
                                               rooms_.engine.runs.world());
  }
  return std::make_shared<HttpTransport>(function.url, key_of(row.user_id), rooms_.client,
                                         rooms_.engine.runs.world());
}

Task<Result<Json>> Apps::functions(std::string user_id, std::string app) {
  auto row = co_await find(std::move(user_id), std::move(app));
  if (!row) co_return fail(row.error());
  if (!*row) co_return fail(Code::kNotFound, "You have no app of this name");
  auto list = parse_json((*row)->functions);
  Json all = Json::array();
  if (list && list->is_array()) {
    for (auto& function : list->as_array()) {
      const std::string slug(function.string_or("id", ""));
      Json shown = Json::object({{"id", app_function_id(bus::function_id(slug, (*row)->user_id))},
                                 {"slug", slug},
                                 {"name", std::string(function.string_or("name", slug))},
                                 {"app_id", (*row)->app},
                                 {"url", (*row)->url}});
      const Json* triggers = function.find("triggers");
      shown.set("triggers", triggers != nullptr ? *triggers : Json::array());
      shown.set("config", std::move(function));
      all.push_back(std::move(shown));
    }
  }
  co_return all;
}

Task<Result<std::vector<AppInfo>>> Apps::list(std::optional<std::string> user_id) {
  const auto whose = user_id.value_or("");
  co_return co_await rooms_.database.read([&](db::Tx& tx) {
    std::vector<AppInfo> apps;
    auto rows = tx.query(
        "SELECT user_id, app, url, sdk, framework, app_version, functions, synced_at FROM "
        "worker_apps_data WHERE $1 = '' OR user_id = $1 ORDER BY user_id, app",
        whose);
    while (rows.next()) {
      AppInfo info{rows.text(0), rows.text(1), rows.text(2), rows.text(3),
                   rows.text(4), rows.text(5), {},           rows.integer(7)};
      const auto functions = parse_json(rows.text(6));
      if (functions && functions->is_array()) {
        for (const auto& function : functions->as_array()) {
          info.functions.emplace_back(function.string_or("id", ""));
        }
      }
      apps.push_back(std::move(info));
    }
    return apps;
  });
}

}  // namespace synap::inngest
