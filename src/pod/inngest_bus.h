// InngestBus: the pod as an app of an Inngest server, which is its bus: the relay that hands events
// over, and the endpoint where the server calls the pod's functions.
//
// It is there where the address of a server is set, also while the pod is its own bus: what is
// under way at the server comes to its end there.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "api/front.h"
#include "events/types.h"
#include "inngest/serve/endpoint.h"
#include "inngest/serve/relay.h"
#include "outbound/client.h"
#include "pod/pod.h"
#include "workers/engine.h"

namespace synap::pod {

class InngestBus {
 public:
  /// All must outlive it.
  struct Rooms {
    db::Database& database;
    workers::Engine& engine;
    const events::EventTypes& types;
    World& world;
  };
  /// `port`: the pod's own. When all functions of C++ are added.
  InngestBus(const PodOptions& options, std::uint16_t port, inngest::BusHistory history,
             Rooms rooms);

  void mount(api::Front& front);
  /// Hands events over, until `stop` is asked for.
  Task<void> run(std::stop_token stop) { return relay_.run(std::move(stop)); }
  /// Forgets runs that ended long ago, until `stop` is asked for.
  Task<void> tidy(std::stop_token stop);

  const inngest::Relay& relay() const { return relay_; }
  const inngest::Endpoint& endpoint() const { return *endpoint_; }
  const std::string& url() const { return upstream_.options().url; }
  /// Whether it is the bus now; else what is under way there comes to its end.
  bool is_bus() const { return is_bus_; }

 private:
  const Rooms rooms_;
  const bool is_bus_;
  outbound::Client client_;
  inngest::Upstream upstream_;
  inngest::ServedFunctions functions_;
  inngest::ServedStore store_;
  inngest::Relay relay_;
  std::shared_ptr<inngest::Endpoint> endpoint_;
};

/// What every table of it is made by.
std::vector<db::Database::Migration> inngest_bus_migrations();

/// Before anything is appended: what is from now on belongs to the bus that is set.
struct EnteredBus {
  inngest::BusHistory history;
  /// Events that wait for the Inngest server that was the bus, where there is none any more, which
  /// is told in the log.
  std::int64_t left_behind = 0;
};
Task<Result<EnteredBus>> enter_bus(const PodOptions& options, db::Database& database,
                                   events::EventLog& log, World& world);
/// Where the server finds the pod: as it is set, or as others find it.
std::string serve_url_of(const PodOptions& options, std::uint16_t port);

}  // namespace synap::pod
