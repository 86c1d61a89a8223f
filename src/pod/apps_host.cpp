#include "pod/apps_host.h"
#include "pod/egress.h"

#include <algorithm>
#include <fstream>

#include "base/crypto.h"
#include "base/log.h"
#include "pod/pod_identity.h"

namespace synap::pod {
namespace {

constexpr std::size_t kSecretBytes = 32;
// An app that never answers leaves places for the others.
constexpr std::size_t kCallsOfOriginMax = 192;
constexpr std::size_t kCallsWaitingMax = 100'000;
// Requests that are made for apps have places of their own: no server that apps ask may hold up
// calls of apps.
constexpr std::size_t kGatewayMax = 128;
constexpr std::size_t kGatewayOfOriginMax = 32;
constexpr std::size_t kGatewayWaitingMax = 10'000;

Result<std::string> secret_of(const DataDirectory& directory) {
  const auto path = directory.signing_secret();
  auto secret = DataDirectory::first_line(path);
  if (secret.size() >= kSecretBytes) return secret;
  std::array<std::uint8_t, kSecretBytes> bytes{};
  random_bytes(bytes.data(), bytes.size());
  secret = to_hex(bytes);
  if (auto written = directory.write_secret(path, secret + "\n"); !written) {
    return fail(written.error());
  }
  return secret;
}

Result<outbound::Policy> policy_of(const PodOptions& options) {
  if (!options.inngest.is_dev) return egress_policy(options, {});
  return egress_policy(options, {"127.0.0.0/8", "::1"});
}

}  // namespace

AppsHost::AppsHost(const PodOptions& options, Rooms rooms) : options_(options), rooms_(rooms) {}

AppsHost::~AppsHost() = default;

Result<std::unique_ptr<AppsHost>> AppsHost::open(const PodOptions& options, Rooms rooms) {
  std::unique_ptr<AppsHost> host(new AppsHost(options, rooms));
  if (options.inngest.port) {
    auto taken = net::BoundAddress::bind(options.host, *options.inngest.port);
    if (!taken) return fail(taken.error());
    host->address_ = std::move(*taken);
  }
  if (auto taken = host->take_connect_port(); !taken) return fail(taken.error());
  auto secret = secret_of(rooms.directory);
  if (secret && !options.database.empty()) {
    secret = sync_wait(rooms.engine.pool->executor(),
                       shared_secret(rooms.database, std::move(*secret),
                                     rooms.is_one_of_many ? Sharing::kMany : Sharing::kOne));
  }
  if (!secret) return fail(secret.error());
  auto policy = policy_of(options);
  if (!policy) return fail(policy.error());
  // It is asked anew then (inngest/transport.h).
  const auto refuse = [&lease = rooms.engine.runs.lease()] {
    return refusal_without(lease, Code::kClientClosedRequest);
  };
  host->client_ = std::make_unique<outbound::Client>(
      *policy, outbound::ClientOptions{
                   .budget = {.transfers_max = static_cast<std::size_t>(calls_max(options)),
                              .transfers_of_origin_max = kCallsOfOriginMax,
                              .waiting_max = kCallsWaitingMax},
                   .refuse_to_send = refuse});
  host->gateway_ = std::make_unique<outbound::Client>(
      *std::move(policy),
      outbound::ClientOptions{.budget = {.transfers_max = kGatewayMax,
                                         .transfers_of_origin_max = kGatewayOfOriginMax,
                                         .waiting_max = kGatewayWaitingMax},
                              .refuse_to_send = refuse});
  host->checkpoints_ = std::make_unique<inngest::Checkpoints>(rooms.engine.runs);
  host->broadcaster_ = std::make_unique<inngest::Broadcaster>(
      inngest::BroadcasterOptions{.world = rooms.engine.runs.world()});
  host->realtime_ = std::make_unique<inngest::RealtimeServer>(inngest::ListeningTokens(*secret),
                                                              *host->broadcaster_, rooms.keys);
  host->router_ =
      std::make_unique<inngest::Router>(inngest::RouterOptions{.world = rooms.engine.runs.world()});
  host->apps_ = std::make_unique<inngest::Apps>(
      inngest::AppsOptions{.secret = *secret, .retry_interval = options.inngest.retry_interval},
      inngest::Apps::Rooms{rooms.database, rooms.engine, rooms.types, *host->client_,
                           *host->gateway_, *host->checkpoints_, *host->router_});
  host->access_ = std::make_unique<inngest::Access>(
      inngest::AccessOptions{.is_dev = options.inngest.is_dev, .public_url = options.public_url},
      rooms.keys, *host->apps_);
  host->access_->observe(rooms.engine.log);
  host->ingestion_ = std::make_unique<inngest::Ingestion>(rooms.engine, rooms.types);
  host->history_ = std::make_unique<inngest::History>(rooms.engine, rooms.types);
  host->cancellations_ =
      std::make_unique<inngest::Cancellations>(rooms.engine, rooms.engine.runs.world());
  host->graphql_ = std::make_unique<inngest::Graphql>(rooms.engine, *host->history_);
  host->connect_ = std::make_unique<inngest::ConnectServer>(
      inngest::ConnectOptions{.public_url = options.public_url},
      inngest::ConnectServer::Rooms{*host->apps_, *host->router_, rooms.keys});
  host->open_endpoints(*secret);
  host->syncer_ = std::make_unique<inngest::Syncer>(
      inngest::SyncerOptions{.urls = options.inngest.apps, .is_dev = options.inngest.is_dev},
      *host->client_, *host->apps_, rooms.keys);
  return host;
}

void AppsHost::open_endpoints(const std::string& secret) {
  auto& engine = rooms_.engine;
  engine.runs.on_end([this](db::Tx& tx, const bus::Job& job, const workers::EndOfRun& end) {
    inngest::EndpointRuns::forget(tx, job);
    auto last = inngest::RunOutputs::last_event(end);
    tx.on_commit([this, user_id = job.user_id, id = job.run_id, last = std::move(last)] {
      run_ends_.note(id);
      if (!last.empty()) realtime_->say_to_run(user_id, id, last);
    });
  });
  outputs_ =
      std::make_unique<inngest::RunOutputs>(inngest::RunOutputsOptions{}, engine.runs, run_ends_);
  endpoint_runs_ = std::make_unique<inngest::EndpointRuns>(
      inngest::EndpointRunsOptions{}, inngest::EndpointRuns::Rooms{engine, rooms_.types, *apps_});
  endpoint_server_ = std::make_unique<inngest::EndpointServer>(
      inngest::OutputTokens(secret),
      inngest::EndpointServer::Rooms{*endpoint_runs_, *outputs_, *realtime_, engine.runs.world()});
}

// Who did not ask for it can do without: the other ports have the gateway, too.
Result<> AppsHost::take_connect_port() {
  constexpr std::uint16_t kUsualPort = 8288;
  constexpr std::uint16_t kUsualConnectPort = 8289;
  const auto& asked = options_.inngest.connect_port;
  if (!asked && options_.inngest.port != kUsualPort) return {};
  auto taken = net::BoundAddress::bind(options_.host, asked.value_or(kUsualConnectPort));
  if (taken) {
    connect_address_ = std::move(*taken);
  } else if (asked) {
    return fail(taken.error());
  } else {
    write_log(LogLevel::kWarn, "inngest", "port {port} is not there for workers that connect",
              {{"port", std::to_string(kUsualConnectPort)}});
  }
  return {};
}

Result<> AppsHost::load() {
  auto known = sync_wait(rooms_.engine.pool->executor(), access_->load());
  if (!known) return known;
  return sync_wait(rooms_.engine.pool->executor(), apps_->load());
}

inngest::ServerOptions AppsHost::server_options() const {
  inngest::ServerOptions made{.version = SYNAP_VERSION,
                              .is_bus_elsewhere = options_.inngest_bus.is_on,
                              .makes_calls = rooms_.leads};
  if (rooms_.exporter != nullptr) {
    made.pass_on_spans = [exporter = rooms_.exporter](std::string user_id, std::string body,
                                                      std::string content_type) {
      return exporter->pass_on(std::move(user_id), std::move(body), std::move(content_type));
    };
  }
  return made;
}

void AppsHost::mount(api::Front& front) {
  const auto server = std::make_shared<inngest::Server>(server_options(), parts());
  for (const auto& prefix : inngest::Server::prefixes()) {
    front.mount(
        {.prefix = prefix,
         .handler = server,
         .cors_headers = "content-type, x-inngest-env, x-inngest-event-id-seed, traceparent",
         .has_own_cors = prefix == inngest::Server::kEventsPrefix});
  }
}

Result<> AppsHost::serve(net::ServerOptions options) {
  if (address_ == nullptr && connect_address_ == nullptr) return {};
  auto own = server_options();
  own.names = net::HostNames{.listening = options_.host, .public_url = options_.public_url};
  own_server_ = std::make_unique<inngest::Server>(std::move(own), parts());
  for (auto [address, listener] :
       {std::pair(&address_, &listener_), std::pair(&connect_address_, &connect_listener_)}) {
    if (*address == nullptr) continue;
    options.port = (*address)->port();
    options.address = std::move(*address);
    *listener = std::make_unique<net::HttpServer>(options, *own_server_);
    if (auto started = (*listener)->start(); !started) return started;
  }
  return {};
}

void AppsHost::stop(std::chrono::milliseconds grace) {
  for (auto* listener : {&listener_, &connect_listener_}) {
    if (*listener != nullptr) (*listener)->stop(grace);
  }
}

std::optional<std::uint16_t> AppsHost::port() const {
  if (listener_ == nullptr) return std::nullopt;
  return listener_->port();
}

}  // namespace synap::pod
