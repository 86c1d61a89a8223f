// AppsHost: the pod as a server for apps of Inngest's SDKs: the client that calls them, what they
// have registered, the routes that they use, and a port of their own.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "api/front.h"
#include "api/keys.h"
#include "base/executor.h"
#include "events/types.h"
#include "inngest/server.h"
#include "inngest/syncer.h"
#include "net/server.h"
#include "pod/data_directory.h"
#include "pod/pod.h"
#include "telemetry/span_exporter.h"
#include "workers/engine.h"

namespace synap::pod {

class AppsHost {
 public:
  /// All must outlive it.
  struct Rooms {
    const DataDirectory& directory;
    db::Database& database;
    workers::Engine& engine;
    const events::EventTypes& types;
    api::Keys& keys;
    telemetry::SpanExporter* exporter;  // null: there is no collector
    std::function<bool()> leads;        // calls of apps are made here
    bool is_one_of_many = false;
  };
  /// Calls of apps at a time; they wait for apps, and cost a socket each.
  static int calls_max(const PodOptions& options) { return options.worker_concurrency * 3 / 2; }
  /// Takes the ports, if some are asked for, and reads the secret of signing keys, or makes it.
  static Result<std::unique_ptr<AppsHost>> open(const PodOptions& options, Rooms rooms);
  ~AppsHost();

  /// Puts the functions of all apps on the bus. Before the workers start.
  Result<> load();
  void mount(api::Front& front);
  /// Serves on the port of its own, if there is one; the other options are the main port's.
  Result<> serve(net::ServerOptions options);
  /// Asks apps to register, until `stop` is asked for.
  Task<void> run(std::stop_token stop) { return syncer_->run(std::move(stop)); }
  /// Cancels what is to be cancelled, until `stop` is asked for.
  Task<void> run_cancellations(std::stop_token stop) {
    return cancellations_->run(std::move(stop));
  }
  /// Another node may have been asked for some.
  void hear_cancellations() { cancellations_->look_again(); }
  /// Another node may have made a user.
  void hear_user(const events::Event& event) { access_->hear(event); }
  void stop(std::chrono::milliseconds grace);

  std::optional<std::uint16_t> port() const;
  inngest::Apps& apps() { return *apps_; }
  inngest::Syncer& syncer() { return *syncer_; }

 private:
  AppsHost(const PodOptions& options, Rooms rooms);
  inngest::ServerOptions server_options() const;
  Result<> take_connect_port();
  void open_endpoints(const std::string& secret);
  inngest::Server::Parts parts() const {
    return {*access_,  *apps_,        *ingestion_, *history_,  *cancellations_,
            *graphql_, *checkpoints_, *connect_,   *realtime_, *endpoint_server_};
  }

  const PodOptions& options_;
  const Rooms rooms_;
  std::unique_ptr<outbound::Client> client_;
  std::unique_ptr<outbound::Client> gateway_;
  std::unique_ptr<inngest::Checkpoints> checkpoints_;
  std::unique_ptr<inngest::Router> router_;
  std::unique_ptr<inngest::Apps> apps_;
  std::unique_ptr<inngest::Access> access_;
  std::unique_ptr<inngest::Ingestion> ingestion_;
  std::unique_ptr<inngest::History> history_;
  std::unique_ptr<inngest::Cancellations> cancellations_;
  std::unique_ptr<inngest::Graphql> graphql_;
  std::unique_ptr<inngest::ConnectServer> connect_;
  std::unique_ptr<inngest::Broadcaster> broadcaster_;
  std::unique_ptr<inngest::RealtimeServer> realtime_;
  inngest::RunEnds run_ends_;
  std::unique_ptr<inngest::RunOutputs> outputs_;
  std::unique_ptr<inngest::EndpointRuns> endpoint_runs_;
  std::unique_ptr<inngest::EndpointServer> endpoint_server_;
  std::unique_ptr<inngest::Syncer> syncer_;
  std::shared_ptr<net::BoundAddress> address_;
  std::shared_ptr<net::BoundAddress> connect_address_;
  std::unique_ptr<inngest::Server> own_server_;
  std::unique_ptr<net::HttpServer> listener_;
  std::unique_ptr<net::HttpServer> connect_listener_;
};

}  // namespace synap::pod
