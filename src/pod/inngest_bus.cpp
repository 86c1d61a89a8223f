#include "pod/inngest_bus.h"

#include <fmt/format.h>

#include "base/log.h"
#include "pod/config.h"

namespace synap::pod {
namespace {

constexpr std::string_view kPath = "/api/inngest";
constexpr std::chrono::hours kTidyPause(1);
constexpr std::chrono::minutes kRegistrationPause(10);  // of a server that keeps what it is told

inngest::UpstreamOptions upstream_options(const PodOptions& options, World& world) {
  const auto& bus = options.inngest_bus;
  inngest::UpstreamOptions made{.url = bus.url,
                                .event_url = bus.event_url.empty() ? bus.url : bus.event_url,
                                .event_key = bus.event_key,
                                .version = SYNAP_VERSION,
                                .world = world};
  if (!bus.signing_key.empty()) made.signing_key.emplace(bus.signing_key);
  if (!bus.signing_key_fallback.empty()) made.fallback_key.emplace(bus.signing_key_fallback);
  return made;
}

// Those that are called here; what apps have registered with this pod is theirs.
std::vector<bus::FunctionPtr> own_functions(const workers::Engine& engine) {
  std::vector<bus::FunctionPtr> own;
  for (const auto& function : engine.functions.now()->all()) {
    if (engine.pool->local_driver(function->id) != nullptr) own.push_back(function);
  }
  return own;
}

inngest::RelayOptions relay_options(const PodOptions& options) {
  inngest::RelayOptions made;
  if (!options.inngest.is_dev) made.registration_interval = kRegistrationPause;
  return made;
}

}  // namespace

std::vector<db::Database::Migration> inngest_bus_migrations() {
  std::vector<db::Database::Migration> all;
  for (const auto& list : {inngest::BusHistory::migrations(), inngest::ServedStore::migrations(),
                           inngest::Relay::migrations()}) {
    all.insert(all.end(), list.begin(), list.end());
  }
  return all;
}

Task<Result<EnteredBus>> enter_bus(const PodOptions& options, db::Database& database,
                                   events::EventLog& log, World& world) {
  const auto bus = options.inngest_bus.is_on ? inngest::Bus::kInngest : inngest::Bus::kLocal;
  auto history = co_await inngest::BusHistory::enter(database, log, bus, world.unix_ms());
  if (!history) co_return fail(history.error());
  EnteredBus entered{.history = std::move(*history)};
  if (!options.inngest_bus.url.empty()) co_return entered;
  auto left = co_await inngest::Relay::left_behind(database, log, entered.history);
  if (!left) co_return fail(left.error());
  entered.left_behind = *left;
  if (*left > 0) {
    write_log(LogLevel::kWarn, "pod",
              "up to {events} events wait for the Inngest server that was the bus, and nothing is "
              "done for them; set inngest_url and its keys until it has them",
              {{"events", *left}});
  }
  co_return entered;
}

std::string serve_url_of(const PodOptions& options, std::uint16_t port) {
  if (!options.inngest_bus.serve_url.empty()) return options.inngest_bus.serve_url;
  auto base = options.public_url;
  if (base.empty()) base = fmt::format("http://{}", address_text(options.host, port));
  while (base.ends_with('/')) base.pop_back();
  return base + std::string(kPath);
}

InngestBus::InngestBus(const PodOptions& options, std::uint16_t port, inngest::BusHistory history,
                       Rooms rooms)
    : rooms_(rooms),
      is_bus_(options.inngest_bus.is_on),
      // Where it is, the pod's owner has said.
      client_(outbound::Policy::anywhere()),
      upstream_(upstream_options(options, rooms.world), client_),
      functions_({.app = options.inngest_bus.app,
                  .url = serve_url_of(options, port),
                  .event_prefix = options.inngest_bus.event_prefix,
                  .events = options.inngest_bus.events},
                 own_functions(rooms.engine)),
      store_(rooms.engine.runs),
      relay_(relay_options(options), std::move(history),
             {rooms.database, rooms.engine.log, rooms.types, store_, upstream_, functions_,
              rooms.world}),
      endpoint_(std::make_shared<inngest::Endpoint>(
          inngest::EndpointOptions{.is_dev = options.inngest.is_dev,
                                   .public_url = options.public_url},
          inngest::Endpoint::Rooms{rooms.engine, rooms.types, functions_, store_, upstream_,
                                   relay_})) {}

void InngestBus::mount(api::Front& front) {
  front.mount({.prefix = std::string(kPath), .handler = endpoint_});
}

Task<void> InngestBus::tidy(std::stop_token stop) {
  do {
    for (;;) {
      auto pruned = co_await store_.prune();
      if (!pruned || *pruned == 0 || stop.stop_requested()) break;
    }
  } while (co_await rooms_.world.sleep_for(kTidyPause, stop));
}

}  // namespace synap::pod
