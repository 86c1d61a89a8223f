// Server: the routes by which SDKs and tools talk to an Inngest server, as this pod answers them.
//
//   POST   /e/{key}                    events (ingestion.h)
//   POST   /fn/register, PUT           an app says which functions it has
//   DELETE /fn/remove?url=             an app is called no more
//   POST   /invoke/{slug}              starts one function, which is handed {"data"}
//   GET    /dev                        in development: which functions there are
//   GET    /health
//   POST   /v1/checkpoint/{run}/async  what an app has done while its call is open (checkpoints.h)
//   /v1/checkpoint, and below it      what endpoints/endpoint_server.h says
//   GET    /v1/apps/{app}/functions    as they were registered
//   POST   /v0/gql                     what graphql.h says
//   /v0/connect, below it              what connect/connect_server.h says
//   /v1/realtime/…                     what realtime/realtime_server.h says
//   /v1/cancellations                  what cancellations.h says
//   /v0/runs/…, /v1/events/…, /v1/runs/…, /v1/signals     what history.h says
//
// Every other path of Inngest's is answered 501, with a sentence.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "inngest/access.h"
#include "inngest/apps.h"
#include "inngest/cancellations.h"
#include "inngest/checkpoints.h"
#include "inngest/connect/connect_server.h"
#include "inngest/endpoints/endpoint_server.h"
#include "inngest/graphql.h"
#include "inngest/history.h"
#include "inngest/ingestion.h"
#include "inngest/realtime/realtime_server.h"
#include "net/http.h"
#include "net/origins.h"

namespace synap::inngest {

struct ServerOptions {
  /// What it answers to on a port of its own; nothing: whoever mounts it has looked at the Host.
  std::optional<net::HostNames> names = std::nullopt;
  std::string version = {};  // of the program
  /// Functions have their runs elsewhere: none is registered or started here.
  bool is_bus_elsewhere = false;
  /// Whether calls of apps are made by this process: what belongs to a call, or to who is
  /// connected, is in its memory. Empty: they are.
  std::function<bool()> makes_calls = {};
  /// Hands an app's own spans, as OTLP with this Content-Type, to the pod's collector; empty: there
  /// is none.
  std::function<Task<Result<>>(std::string user_id, std::string body, std::string content_type)>
      pass_on_spans = {};
};

class Server final : public net::Handler {
 public:
  /// All must outlive it.
  struct Parts {
    Access& access;
    Apps& apps;
    Ingestion& ingestion;
    History& history;
    Cancellations& cancellations;
    Graphql& graphql;
    Checkpoints& checkpoints;
    ConnectServer& connect;
    RealtimeServer& realtime;
    EndpointServer& endpoints;
  };
  Server(ServerOptions options, Parts parts)
      : options_(std::move(options)),
        access_(parts.access),
        apps_(parts.apps),
        ingestion_(parts.ingestion),
        history_(parts.history),
        cancellations_(parts.cancellations),
        graphql_(parts.graphql),
        checkpoints_(parts.checkpoints),
        connect_(parts.connect),
        realtime_(parts.realtime),
        endpoints_(parts.endpoints) {}

  /// The paths to mount it at, beside /health.
  static const std::vector<std::string>& prefixes();
  /// Where it says by itself which pages may call it: who has an event key may send from any, since
  /// the key is in the path, and nothing that a browser adds by itself.
  static constexpr std::string_view kEventsPrefix = "/e";

  Task<net::Admission> admit(const net::Request& head) override;
  Task<net::Response> serve(const net::Request& request) override;
  std::optional<net::Response> refuse_upgrade(const net::Request& request) override;
  std::string websocket_protocol(const net::Request& request) override;
  Task<void> serve_websocket(const net::Request& request, net::WebSocket& socket) override;
  net::Response refusal(const Error& error) override;
  net::Response refusal_to(const net::Request& head, const Error& error) override;

 private:
  bool makes_calls() const { return !options_.makes_calls || options_.makes_calls(); }
  struct Route;
  Task<net::Admission> admit_anyone(const net::Request& head);
  // Whose request it is, and of one that streams where to.
  struct Admitted {
    Asker asker;
    std::shared_ptr<RealtimeServer::Stream> stream = nullptr;
  };
  Task<Result<Asker>> asker_of(const Route& route, const net::Request& head);
  std::optional<Error> objection_to(const Route* route, const net::Request& head) const;
  Task<net::Response> take_events(const net::Request& request, const Asker& asker);
  Task<net::Response> register_app(const net::Request& request, const Asker& asker);
  Task<net::Response> invoke(const net::Request& request, const Asker& asker);
  Task<net::Response> take_checkpoint(const net::Request& request, const Asker& asker);
  Task<net::Response> remove_app(const net::Request& request, const Asker& asker);
  Task<net::Response> tell_functions(const net::Request& request, const Asker& asker);
  Task<net::Response> query(const net::Request& request, const Asker& asker);
  Task<net::Response> cancel_many(const net::Request& request, const Asker& asker);
  Task<net::Response> tell_dev(const net::Request& request, const Asker& asker);
  Task<net::Response> tell_health(const net::Request& request, const Asker& asker);
  Task<net::Response> tell_history(const net::Request& request, const Asker& asker);
  Task<net::Response> make_run(const net::Request& request, const Asker& asker);
  Task<net::Response> take_steps(const net::Request& request, const Asker& asker);
  Task<net::Response> tell_output(const net::Request& request, const Asker& asker);
  Task<net::Response> take_spans(const net::Request& request, const Asker& asker);
  Task<net::Response> publish(const net::Request& request, const Asker& asker);
  Task<net::Response> end_stream(const net::Request& request, const Asker& asker);
  Task<net::Response> tell_token(const net::Request& request, const Asker& asker);
  Task<net::Response> listen(const net::Request& request, const Asker& asker);
  Task<net::Response> start_connecting(const net::Request& request, const Asker& asker);
  Task<net::Response> flush(const net::Request& request, const Asker& asker);
  static net::Response json_response(int status, const Json& body);
  net::Response with_kind(net::Response response) const;
  net::Response protobuf(Result<std::string> body) const;
  net::Response refused(const Error& error) const;

  const ServerOptions options_;
  Access& access_;
  Apps& apps_;
  Ingestion& ingestion_;
  History& history_;
  Cancellations& cancellations_;
  Graphql& graphql_;
  Checkpoints& checkpoints_;
  ConnectServer& connect_;
  RealtimeServer& realtime_;
  EndpointServer& endpoints_;
};

}  // namespace synap::inngest
