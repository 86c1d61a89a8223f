// Apps: the apps that users have registered, and their functions on the bus.
//
// What is registered is an event; its row follows from it, and the functions on the bus from the
// row. A function of an app is "<slug>@<user>" on the bus, and hears the events of that user only.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/task.h"
#include "db/database.h"
#include "events/log.h"
#include "events/types.h"
#include "inngest/app_driver.h"
#include "inngest/asker.h"
#include "inngest/connect/router.h"
#include "inngest/registration.h"
#include "inngest/signature.h"
#include "workers/engine.h"

namespace synap::inngest {

inline constexpr std::size_t kAppsOfUserMax = 100;
struct AppInfo {
  std::string user_id;
  std::string app;
  std::string url;
  std::string sdk;
  std::string framework;
  std::string version;
  std::vector<std::string> functions;  // their slugs
  std::int64_t synced_at = 0;          // Unix ms
};

struct AppsOptions {
  /// What signing keys are derived from.
  std::string secret;
  std::optional<std::chrono::milliseconds> retry_interval;
};

class Apps {
 public:
  /// All must outlive it.
  struct Rooms {
    db::Database& database;
    workers::Engine& engine;
    const events::EventTypes& types;
    outbound::Client& client;
    outbound::Client& gateway;  // of what is asked for apps
    Checkpoints& checkpoints;
    Router& router;  // of workers that connect
  };
  Apps(AppsOptions options, Rooms rooms) : options_(std::move(options)), rooms_(rooms) {}

  /// kForbidden: the pod sends nothing to this address, so no app can register with it.
  Result<> may_call(std::string_view url) const { return rooms_.client.may_reach(url); }

  /// Puts the functions of all apps on the bus, as the rows have them.
  Task<Result<>> load();

  /// What another node has appended about apps (events of hears()): puts what is in the row.
  static std::vector<std::string> hears();
  Task<Result<>> hear(const events::Event& event);

  struct Synced {
    bool is_modified = false;
    Uuid app_id;
  };
  /// kPreconditionFailed: the user has kAppsOfUserMax; kConflict: another app of the user has one
  /// of the functions; kPayloadTooLarge.
  Task<Result<Synced>> sync(Asker asker, Registration registration);
  /// The function on the bus of an endpoint, which is put there if it is not.
  struct Endpoint {
    std::string origin;   // where it answers: "https://shop.example"
    std::string name;     // what it is there: "GET /buy"
    int retries_max = 0;  // or more: endpoint_functions.h
    std::string sdk = {};
  };
  /// kPreconditionFailed as sync().
  Task<Result<bus::FunctionPtr>> endpoint(Asker asker, Endpoint asked);
  /// How a function that is one is called.
  std::shared_ptr<AppDriver> endpoint_driver(const bus::Function& function);

  /// Those of the user at this address; how many there were.
  Task<Result<int>> remove(Asker asker, std::string url);
  /// Of a user; nothing: of all.
  Task<Result<std::vector<AppInfo>>> list(std::optional<std::string> user_id);

  /// Those of one app of the user's, as it has registered them: id, slug, name, triggers and config
  /// of each. kNotFound.
  Task<Result<Json>> functions(std::string user_id, std::string app);

  /// How many workers of the app are connected and take calls.
  std::size_t workers(const std::string& user_id, const std::string& app) const {
    return rooms_.router.count(user_id, app);
  }

  SigningKey key_of(std::string_view user_id) const {
    return SigningKey::derived(options_.secret, user_id);
  }

 private:
  struct Row;
  Task<Result<std::optional<Row>>> find(std::string user_id, std::string app);
  using Made = std::function<Registration(const Row* present)>;
  Task<Result<Synced>> sync(Asker asker, std::string app, Made make);
  AppCalls calls() const {
    return {rooms_.gateway, rooms_.engine.runs, rooms_.types, rooms_.checkpoints};
  }
  Task<Result<>> apply(std::string user_id, std::string app);
  class Claim;  // functions that an app is about to have, for as long as it lives
  void put(const Row& row);
  void tell_of_triggers(const Row& row) const;
  std::vector<std::string> gone(const std::string& user_id, const std::string& app,
                                const std::set<std::string>& but) const;
  std::shared_ptr<Transport> transport_of(const Row& row, const AppFunction& function);
  workers::WorkerPool::Put as_put(const Row& row, const AppFunction& function);
  events::Envelope envelope_of(const Asker& asker, std::string_view app) const;

  const AppsOptions options_;
  const Rooms rooms_;

  // Which version of an app is on the bus, with which functions.
  struct OnBus {
    std::int64_t version = 0;
    std::set<std::string> functions;
  };
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, OnBus> on_bus_;
  // By the ids on the bus: apps that are being registered and may not be there yet.
  std::map<std::string, std::string> claimed_;
};

}  // namespace synap::inngest
