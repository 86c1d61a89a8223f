#include "pod/pod.h"

#include <fmt/format.h>

#include <limits.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <filesystem>

#include "agent_protocol/store_api.h"
#include "agent_protocol/threads_api.h"
#include "agents/agent_events.h"
#include "api/front.h"
#include "api/keys.h"
#include "api/metrics_page.h"
#include "api/session_page.h"
#include "base/background.h"
#include "base/first_of.h"
#include "base/log.h"
#include "content/local/local_store.h"
#include "content/s3/s3_store.h"
#include "features/agents/running.h"
#include "features/checkpoints/checkpoints.h"
#include "inngest/procedures.h"
#include "models/models.h"
#include "net/server.h"
#include "page/page.h"
#include "pod/apps_host.h"
#include "pod/client_package.h"
#include "pod/config.h"
#include "pod/content_place.h"
#include "pod/content_sweep.h"
#include "pod/data_directory.h"
#include "pod/doctor.h"
#include "pod/egress.h"
#include "pod/embedders.h"
#include "pod/engine_move.h"
#include "pod/features.h"
#include "pod/inngest_bus.h"
#include "pod/log_procedures.h"
#include "pod/measures.h"
#include "pod/node_feeds.h"
#include "pod/node_procedures.h"
#include "pod/nodes.h"
#include "pod/others_events.h"
#include "pod/pod_identity.h"
#include "pod/readiness.h"
#include "pod/samples.h"
#include "pod/self_procedures.h"
#include "pod/shared_texts.h"
#include "pod/store.h"
#include "pod/tracing.h"
#include "search/search.h"
#include "workers/engine.h"

namespace synap::pod {
namespace {

// Of this pod and of no other: its first event's id.
std::string cookie_name_of(const events::Event& first) {
  const auto raw = first.id.raw();
  return to_hex(reinterpret_cast<const std::uint8_t*>(raw.data()), raw.size());
}

// What a stop waits for a collector at most.
constexpr std::chrono::milliseconds kSpansGrace(2'000);

net::ServerOptions server_options_of(const PodOptions& options) {
  return {.host = options.host,
          .port = options.port,
          .threads = options.http_threads,
          .header_bytes_max = options.header_bytes_max,
          .body_bytes_max = options.body_bytes_max,
          .websocket_message_bytes_max = options.body_bytes_max,
          .connections_max = options.connections_max,
          .connections_kept = options.connections_kept,
          .bytes = {.all = options.bytes_in_flight_max,
                    .account = options.bytes_in_flight_key_max,
                    .strangers = options.bytes_in_flight_strangers_max},
          .head_timeout = options.head_timeout,
          .body_timeout = options.body_timeout,
          .idle_timeout = options.idle_timeout,
          .stranger_timeout = options.stranger_timeout,
          .write_timeout = options.write_timeout};
}

std::string node_name(const PodOptions& options, const net::BoundAddress* address) {
  if (!options.node.name.empty()) return options.node.name;
  std::array<char, HOST_NAME_MAX + 1> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host = {"node"};
  return fmt::format("{}:{}", host.data(), address != nullptr ? address->port() : options.port);
}

// What a start writes even where nothing has changed: the index of the database's log is made anew,
// and fails as a file that cannot be had where there is no room for it.
constexpr std::uintmax_t kStartBytes = 4 << 20;

Error needing_room(Error error, const std::string& data) {
  std::error_code none;
  const auto space = std::filesystem::space(data, none);
  const bool has_no_room = !none && space.available < kStartBytes;
  if (error.fault == Fault::kFull || (error.fault == Fault::kGone && has_no_room)) {
    error.message =
        "The disk is full. A start needs some room, too: make a few MiB of it, then start again";
  }
  return error;
}

}  // namespace

// Members are made from the top and destroyed from the bottom: each uses those above it only.
struct Pod::Parts {
  PodOptions options;
  World& world = real_world();
  std::unique_ptr<telemetry::SpanExporter> exporter;  // if there is a collector
  Watermark others_changed;  // of nodes: grows when they tell of something, or are seen to have
  std::atomic<std::int64_t> others_changes = 0;
  std::unique_ptr<DataDirectory> directory;
  std::unique_ptr<db::Engine> database;
  std::unique_ptr<events::EventLog> log;
  std::unique_ptr<content::ContentStore> content;
  events::EventTypes types{world};
  rpc::ProcedureTable procedures;
  std::unique_ptr<projections::Projections> projections;
  std::optional<workers::Engine> engine;
  std::unique_ptr<SharedTexts> shared_texts;  // if this is one of many, with files
  std::unique_ptr<Nodes> nodes;               // if this is one of many
  std::unique_ptr<OthersEvents> hearing;
  std::unique_ptr<api::Keys> keys;
  std::unique_ptr<models::Models> models;
  std::unique_ptr<search::Search> search;
  std::unique_ptr<features::Rooms> rooms;
  std::unique_ptr<NodeFeeds> feeds;  // if others can be told of them
  std::unique_ptr<AppsHost> apps;
  inngest::BusHistory bus_history;
  std::unique_ptr<InngestBus> inngest_bus;  // if there is an Inngest server
  std::int64_t left_to_inngest = 0;         // events, if there is none any more
  std::unique_ptr<Readiness> readiness;
  std::unique_ptr<Doctor> doctor;
  std::unique_ptr<ContentSweep> sweep;
  std::unique_ptr<workers::RunPruner> pruner;
  std::unique_ptr<features::checkpoints::ThreadPruner> thread_pruner;
  std::unique_ptr<Background> upkeep;
  std::shared_ptr<net::BoundAddress> address;
  std::unique_ptr<api::Front> front;
  std::unique_ptr<net::HttpServer> server;
  std::unique_ptr<Sampler> sampler;
  Metrics metrics;
  std::string new_owner_key;
  std::string new_owner_link;
  bool is_stopped = false;
  std::int64_t commits_seen = -1;  // when it was looked last whether it is lost

  Result<> take_address();
  Result<> open();
  StoreOptions store_options();
  Texts texts() const;
  Result<> open_database();
  Result<> open_content();
  Result<> open_models();
  Result<> enter_place_of_texts();
  Result<> enter_bus();
  Result<> load_keys();
  Result<> make_owner();
  Error with_key_file(Error error) const;
  Result<> join_nodes();
  Result<> begin_work();
  void begin_upkeep();
  Task<void> hear_others(std::stop_token stop);
  void note_others() { others_changed.raise(++others_changes); }
  bool leads() const { return nodes == nullptr || nodes->leads(); }
  Result<> serve();
  void tell_address(std::uint16_t port) const;
  Result<OwnerReset> reset_owner(const OwnerResetOptions& asked);
  Task<Result<>> until_folded(std::string_view projection);
};

Task<Result<>> Pod::Parts::until_folded(std::string_view projection) {
  for (;;) {
    const auto seen = projections->changes().value();
    for (const auto& one : projections->progress()) {
      if (one.name != projection) continue;
      if (one.is_stopped) {
        co_return fail(
            Code::kPreconditionFailed,
            fmt::format("The read model {} is stopped; `synap projections list` says why",
                        projection));
      }
      if (one.lag == 0 && !one.is_rebuilding) co_return Result<>{};
    }
    co_await projections->changes().wait_past(seen);
  }
}

// Before there is anything else: a start that cannot serve leaves no directory, and no key that
// nobody was told of.
Result<> Pod::Parts::take_address() {
  auto taken = net::BoundAddress::bind(options.host, options.port);
  if (!taken) return fail(taken.error());
  address = std::move(*taken);
  return {};
}

Result<> Pod::Parts::open() {
  if (auto opened_database = open_database(); !opened_database) return opened_database;
  if (auto opened_content = open_content(); !opened_content) return opened_content;

  exporter = exporter_of(options.traces, world);
  if (exporter != nullptr) trace_events(*log, *exporter);
  projections = std::make_unique<projections::Projections>(*database, *log, types, world);
  engine.emplace(
      *database, *log, types,
      workers::EngineOptions{.queue = {.running = 4 * options.worker_concurrency,
                                       .running_of_apps = AppsHost::calls_max(options),
                                       .running_of_function = options.worker_concurrency},
                             .takes_events = !options.inngest_bus.is_on,
                             .tracer = exporter.get()});
  if (auto here = sync_wait(engine->pool->executor(), check_not_moved(*database)); !here) {
    return here;
  }
  if (auto joined = join_nodes(); !joined) return joined;
  if (auto entered = enter_bus(); !entered) return entered;
  keys = std::make_unique<api::Keys>(*database, *log, types,
                                     api::RateLimit(options.calls_per_second_max));
  if (nodes != nullptr) keys->share();
  if (auto opened_models = open_models(); !opened_models) return opened_models;
  auto shared = open_beside(store_options());
  if (!shared) return fail(shared.error());
  if (nodes != nullptr) nodes->also_count((*shared)->commits());
  search = std::make_unique<search::Search>(
      search::Rooms{*database, *log, *content, world, &others_changed}, directory->search(),
      meaning_options(options, *models), std::move(*shared),
      [store = store_options()] { return open_for_long(store); });
  rooms = std::make_unique<features::Rooms>(
      features::Rooms{*database, *log, types, *projections, *content, *engine->pool,
                      engine->control, engine->replays, procedures, *keys, *search, *models});
  rooms->guards_agents = options.guards_agents;
  rooms->has_own_bus = !options.inngest_bus.is_on;
  rooms->agents->chain_limits = options.agent_chains;
  add_features(*rooms);
  add_self_procedures(
      procedures,
      {.settings = [this]() -> const std::vector<SettingInForce>& { return options.settings; },
       .examine = [this](std::string user_id) { return doctor->examine(std::move(user_id)); },
       .samples = [this](std::size_t count) { return sampler->newest(count); },
       .unix_ms = [this] { return world.unix_ms(); }});
  inngest::add_procedures(procedures,
                          {.apps = [this]() -> inngest::Apps& { return apps->apps(); },
                           .syncer = [this]() -> inngest::Syncer& { return apps->syncer(); }});
  add_node_procedures(procedures, [this] { return nodes.get(); }, *projections);
  add_log_procedures(procedures, recent_lines(), std::to_string(world.unix_ms()));
  if (auto prepared = projections->prepare(); !prepared) return prepared;
  if (options.database.empty()) return {};
  auto& executor = engine->pool->executor();
  auto entered = sync_wait(executor, enter_data_directory(*database, *directory, texts()));
  if (!entered || shared_texts == nullptr) return entered;
  return sync_wait(executor, shared_texts->be_seen());
}

Texts Pod::Parts::texts() const {
  if (options.content.is_in_s3) return Texts::kElsewhere;
  return options.node.is_one_of_many ? Texts::kHereForAll : Texts::kHere;
}

Result<> Pod::Parts::enter_place_of_texts() {
  return sync_wait(engine->pool->executor(),
                   enter_content_place(*database, *content, place_of_texts(options.content)));
}

Result<> Pod::Parts::open_models() {
  auto policy = egress_policy_of_models(options);
  if (!policy) return fail(policy.error());
  auto of_models = options.models;
  const auto& chains = options.agent_chains;
  if (chains.tokens_max > 0) of_models.of_chain.tokens = chains.tokens_max;
  if (chains.cost_max > 0) of_models.of_chain.cost = chains.cost_max;
  models = std::make_unique<models::Models>(
      std::move(of_models), std::move(*policy),
      models::Account::Rooms{*database, *log, types, world},
      [this] { return refusal_without(engine->runs.lease(), Code::kServiceUnavailable); });
  return {};
}

StoreOptions Pod::Parts::store_options() {
  return {.url = options.database,
          .file = directory->database(),
          .is_pooled = options.is_database_pooled,
          .log_part_events = options.log_part_events,
          .check_first = [this](db::Tx& tx) { check_data_directory(tx, *directory, texts()); },
          .world = world,
          .is_in_place = [this] { return directory->is_held(); }};
}

Result<> Pod::Parts::open_database() {
  auto opened = DataDirectory::open(options.data, place_of(options.database));
  if (!opened) return fail(opened.error());
  directory = std::move(*opened);
  auto place = store_options();
  if (options.node.is_one_of_many) {
    place.node = db::postgres::NodeName{node_name(options, address.get()), SYNAP_VERSION};
    place.others_have_appended = [this] { note_others(); };
  }
  auto store = open_store(place, migrations_behind_log(), retired_migrations());
  if (!store) return fail(store.error());
  database = std::move(store->database);
  log = std::move(store->log);
  return {};
}

Result<> Pod::Parts::open_content() {
  const auto take = [this](auto store) -> Result<> {
    if (!store) return fail(store.error());
    content = std::move(*store);
    return {};
  };
  if (options.content.is_in_s3) return take(content::S3Store::open(options.content.s3, world));
  return take(content::LocalStore::open(
      directory->content(), {.world = world, .is_shared = options.node.is_one_of_many}));
}

Result<> Pod::Parts::enter_bus() {
  auto entered =
      sync_wait(engine->pool->executor(), pod::enter_bus(options, *database, *log, world));
  if (!entered) return fail(entered.error());
  bus_history = std::move(entered->history);
  left_to_inngest = entered->left_behind;
  return {};
}

Result<> Pod::Parts::load_keys() {
  return sync_wait(engine->pool->executor(), keys->load());
}

Result<> Pod::Parts::make_owner() {
  if (keys->has_users()) return {};
  if (!leads()) {
    return fail(Code::kServiceUnavailable, "The node that leads has to make the pod's owner first");
  }
  // The key is kept before its owner is made: a crash in between makes another owner, not a pod
  // that nobody can enter.
  auto owner =
      sync_wait(engine->pool->executor(),
                keys->create_user("owner", api::Role::kOwner, {}, [this](const api::NewKey& made) {
                  return directory->write_secret(directory->owner_key(), made.key + "\n");
                }));
  if (!owner) return fail(owner.error());
  new_owner_key = owner->key;
  // Whoever starts a pod for the first time can look at it at once.
  auto whose = keys->find(owner->key);
  if (!whose) return fail(whose.error());
  auto link = sync_wait(engine->pool->executor(), keys->create_link(*whose));
  if (!link) return fail(link.error());
  new_owner_link = api::path_of_link(link->token);
  return {};
}

// The next start finds an owner and says nothing of the key: so this one must, though it fails. Not
// the key itself, since an error is kept in logs.
Error Pod::Parts::with_key_file(Error error) const {
  if (new_owner_key.empty()) return error;
  std::error_code failed;
  const auto absolute = std::filesystem::absolute(directory->owner_key(), failed);
  const auto file = failed ? directory->owner_key() : absolute.lexically_normal().string();
  error.message += fmt::format(
      "; the owner's key is made, and is in {}, which only you can read: the next start has it",
      file);
  Json details = error.details != nullptr ? *error.details : Json::object();
  details.set("ownerKeyFile", file);
  error.details = std::make_shared<Json>(std::move(details));
  return error;
}

Result<> Pod::Parts::serve() {
  auto host = AppsHost::open(options, {.directory = *directory,
                                       .database = *database,
                                       .engine = *engine,
                                       .types = types,
                                       .keys = *keys,
                                       .exporter = exporter.get(),
                                       .leads = [this] { return leads(); },
                                       .is_one_of_many = nodes != nullptr});
  if (!host) return fail(host.error());
  apps = std::move(*host);
  if (auto loaded = apps->load(); !loaded) return loaded;
  models->account().start(nodes == nullptr ? models::Account::Left::kByEarlier
                                           : models::Account::Left::kByOthers);
  if (auto loaded = features::agent_runs::load_beginnings(*rooms); !loaded) return loaded;
  if (auto observing = engine->observe(); !observing) return observing;
  if (leads()) {
    if (auto working = begin_work(); !working) return working;
  } else {
    engine->help();
  }
  projections->start();
  search->start();
  sweep = std::make_unique<ContentSweep>(*database, *log, *content, world);
  upkeep = std::make_unique<Background>(engine->pool->executor());
  pruner = std::make_unique<workers::RunPruner>(options.runs, *database, world);
  thread_pruner = std::make_unique<features::checkpoints::ThreadPruner>(options.threads_age,
                                                                        *database, *log, types);
  upkeep->begin(keys->uses().run(upkeep->token()));
  upkeep->begin(keys->forget_links(upkeep->token()));
  if (hearing != nullptr) upkeep->begin(hearing->run(upkeep->token()));
  if (nodes != nullptr && !options.is_database_pooled) {
    feeds = std::make_unique<NodeFeeds>(nodes->number(), options.database, rooms->agents->feeds(),
                                        world);
    upkeep->begin(feeds->run(upkeep->token()));
  }
  // A look at a directory costs nothing, one at a bucket money.
  const std::chrono::milliseconds content_believed_for{options.content.is_in_s3 ? 30'000 : 1'000};
  readiness =
      std::make_unique<Readiness>(ReadinessOptions{.free_bytes_min = options.disk_free_bytes_min,
                                                   .content = content.get(),
                                                   .is_node = nodes != nullptr,
                                                   .content_fresh_for = content_believed_for},
                                  *database, *directory, world);
  doctor =
      std::make_unique<Doctor>(Doctor::Patient{.readiness = *readiness,
                                               .database = *database,
                                               .log = *log,
                                               .projections = *projections,
                                               .search = *search,
                                               .directory = *directory,
                                               .keys = *keys,
                                               .disk_free_bytes_min = options.disk_free_bytes_min,
                                               .is_dev = options.inngest.is_dev,
                                               .guards_agents = options.guards_agents,
                                               .world = world,
                                               .content = content.get(),
                                               .content_place = content_place(options.content),
                                               .inngest_bus = &inngest_bus,
                                               .left_to_inngest = left_to_inngest});
  auto first = sync_wait(engine->pool->executor(), log->at(1));
  if (!first) return fail(first.error());
  const api::SessionCookie cookie(cookie_name_of(**first), options.public_url);
  front = std::make_unique<api::Front>(
      api::FrontOptions{.origins = {options.allowed_origins},
                        .names = {.listening = options.host,
                                  .public_url = options.public_url,
                                  .other_urls = {options.inngest_bus.serve_url}},
                        .cookie = cookie,
                        .batch_max = options.batch_max,
                        .tracer = exporter.get(),
                        .leads = [this] { return leads(); }},
      procedures, *keys, [this] { return readiness->check(); });
  front->mount(
      {.prefix = "/metrics",
       .handler = std::make_shared<api::MetricsPage>(metrics, *keys, options.metrics_key, cookie),
       .has_any_name = true});
  front->mount({.prefix = "/session",
                .handler = std::make_shared<api::SessionPage>(*keys, cookie, options.public_url,
                                                              SYNAP_VERSION)});
  front->mount({.prefix = "/store",
                .handler = std::make_shared<agent_protocol::StoreApi>(front->rest()),
                .cors_headers = "content-type, authorization, x-api-key",
                .cors_methods = "GET, POST, PUT, DELETE"});
  front->mount({.prefix = "/threads",
                .handler = std::make_shared<agent_protocol::ThreadsApi>(front->rest(), world),
                .cors_headers = "content-type, authorization, x-api-key, prefer",
                .cors_methods = "GET, POST, PATCH, DELETE"});
  // /runs and /agents themselves are the page's.
  for (const char* prefix :
       {"/assistants", "/runs/stream", "/runs/wait", "/runs/batch", "/runs/crons"}) {
    front->mount({.prefix = prefix,
                  .handler = std::make_shared<agent_protocol::NotServed>(),
                  .authentication = api::Authentication::kByPath,
                  .gives_way = true});
  }
  std::vector<page::File> files(page::files().begin(), page::files().end());
  const bool has_page = !files.empty();
  files.push_back(client_package());
  front->mount(
      {.prefix = "",
       .handler = std::make_shared<page::Page>(
           std::move(files), [](const Error& error) { return trpc::Server::error_response(error); },
           [&front = *front] { return front.nothing_here(); }),
       .authentication = api::Authentication::kByPath,
       .listed_as = has_page ? "/ (a page, for people), /synap-client.tgz" : "/synap-client.tgz"});
  apps->mount(*front);
  auto listening = server_options_of(options);
  if (auto served = apps->serve(listening); !served) return served;
  const auto port = address->port();
  listening.address = std::move(address);
  server = std::make_unique<net::HttpServer>(std::move(listening), *front);
  if (!options.inngest_bus.url.empty()) {
    inngest_bus = std::make_unique<InngestBus>(options, port, bus_history,
                                               InngestBus::Rooms{*database, *engine, types, world});
    inngest_bus->mount(*front);
  }
  const Measured measured{.procedures = procedures,
                          .keys = *keys,
                          .front = *front,
                          .server = *server,
                          .database = *database,
                          .jobs = engine->jobs,
                          .queue = engine->queue,
                          .functions = engine->functions,
                          .admission = engine->admission,
                          .pruner = *pruner,
                          .projections = *projections,
                          .search = *search,
                          .log = *log,
                          .directory = *directory,
                          .inngest_bus = inngest_bus.get()};
  add_measures(metrics, measured);
  if (exporter != nullptr) add_trace_measures(metrics, *exporter);
  sampler = std::make_unique<Sampler>([measured] { return reading_of(measured); }, world);
  if (auto started = server->start(); !started) return started;
  tell_address(port);
  upkeep->begin(sampler->run(upkeep->token()));
  if (leads()) begin_upkeep();
  if (nodes != nullptr) {
    nodes->lead_when_free([this]() -> Result<> {
      // The last that was switched before the other went may not have been heard of yet.
      if (auto loaded = features::agent_runs::load_beginnings(*rooms); !loaded) return loaded;
      if (auto working = begin_work(); !working) return working;
      begin_upkeep();
      return {};
    });
  }
  if (inngest_bus == nullptr) return {};
  upkeep->begin(inngest_bus->run(upkeep->token()));
  upkeep->begin(inngest_bus->tidy(upkeep->token()));
  return {};
}

// What is done once for all nodes: at the start of a pod that is alone, and of a node when it
// leads.
Result<> Pod::Parts::begin_work() {
  if (auto working = engine->work(); !working) return working;
  projections->lead();
  search->lead();
  return {};
}

void Pod::Parts::begin_upkeep() {
  upkeep->begin(sweep->run(upkeep->token()));
  upkeep->begin(pruner->run(upkeep->token()));
  upkeep->begin(thread_pruner->run(upkeep->token()));
  upkeep->begin(engine->replays.follow(upkeep->token()));
  upkeep->begin(apps->run_cancellations(upkeep->token()));
  if (!options.inngest_bus.is_on) upkeep->begin(apps->run(upkeep->token()));
  if (nodes != nullptr) upkeep->begin(hear_others(upkeep->token()));
}

// Of the node that leads: the work that others have added, when they have changed something, but
// not more often than so. What is rare costs more looks: it is heard after some seconds.
Task<void> Pod::Parts::hear_others(std::stop_token stop) {
  constexpr std::chrono::milliseconds kPause(40);
  constexpr std::chrono::milliseconds kRetry(1'000);
  constexpr std::chrono::milliseconds kThoroughEvery(5'000);
  auto thorough_at = world.now();
  std::int64_t thorough = -1;  // what they have told of by the last look for what is rare
  while (!stop.stop_requested()) {
    const auto seen = others_changed.value();
    const bool is_thorough = seen > thorough && world.now() >= thorough_at;
    // One that fails is told of by the database, and comes again.
    if (!co_await engine->hear_others(is_thorough)) {
      co_await world.sleep_for(kRetry, stop);
      continue;
    }
    if (is_thorough) {
      apps->hear_cancellations();
      thorough = seen;
      thorough_at = world.now() + kThoroughEvery;
    }
    co_await world.sleep_for(kPause, stop);
    const auto more = [&](std::stop_token over) { return others_changed.wait_past(seen, over); };
    if (thorough == seen) {
      co_await more(stop);
    } else {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(thorough_at - world.now());
      co_await first_of(stop, more,
                        [&](std::stop_token over) { return world.sleep_for(left, over); });
    }
  }
}

// Before rooms read what they keep in memory: what others append from here on is heard.
Result<> Pod::Parts::join_nodes() {
  const auto number = node_of(*database);
  if (!number) return {};
  if (texts() == Texts::kHereForAll) {
    shared_texts = std::make_unique<SharedTexts>(
        SharedTexts::Options{*number, options.node.lease, directory->content()},
        SharedTexts::Rooms{*database, *content, engine->pool->executor(), world});
  }
  nodes = std::make_unique<Nodes>(
      Nodes::Options{.number = *number, .lease = options.node.lease},
      Nodes::Rooms{*database, engine->jobs.clock(), world, [this] { return shown_at(*database); },
                   [this](db::Tx& tx) {
                     look_at_log(*log, tx);
                     projections->tell_positions(tx);
                   },
                   [this] { note_others(); },
                   [this](const auto& all) {
                     if (shared_texts != nullptr) shared_texts->answer(all);
                   }});
  if (auto looked = nodes->look_first(); !looked) return looked;
  nodes->start();
  engine->share({.node = *number,
                 .slots = options.worker_concurrency,
                 .nodes = node_work,
                 .set_slots =
                     [number = *number](db::Tx& tx, std::int64_t slots) {
                       db::postgres::set_node_slots(tx, number, slots);
                     },
                 .told = others_changed,
                 .tell = [this] { tell_others(*log); },
                 .lease = {.holds = [this] { return nodes->holds_lease(); },
                           .hold = [this] { return nodes->hold_lease(); }}},
                node_name(options, address.get()));
  projections->share([this](db::Tx& tx) { return nodes->has_others(tx); }, others_changed);
  if (nodes->leads()) projections->lead();
  hearing = std::make_unique<OthersEvents>(*log, world);
  hearing->add(api::Keys::hears(), [this](const events::Event& event) -> Task<Result<>> {
    apps->hear_user(event);
    co_return co_await keys->hear(event);
  });
  hearing->add({std::string(bus::kFunctionPaused.name), std::string(bus::kFunctionResumed.name)},
               [this](const events::Event&) { return engine->control.load(); });
  hearing->add(inngest::Apps::hears(),
               [this](const events::Event& event) { return apps->apps().hear(event); });
  hearing->add({std::string(agents::kSwitched.name)}, [this](const events::Event& event) {
    return features::agent_runs::hear_beginning(*rooms, event);
  });
  return {};
}

// For commands on this machine, which would otherwise have to be told of another port than the
// usual one. They do without.
void Pod::Parts::tell_address(std::uint16_t port) const {
  const auto url = "http://" + address_text(own_address(options.host), port);
  if (auto told = directory->write_secret(directory->url(), url + "\n"); !told) {
    write_log(LogLevel::kWarn, "pod", "commands are not told where the pod is: {error}",
              {{"error", told.error().message}});
  }
}

// The order survives a crash at any line: owner.key holds the old key until the new one is good,
// and no other is revoked before owner.key holds the new one. What a crash leaves is a key that
// nobody was told of, beside whatever worked before; its file is removed by whoever has the data
// directory next, and the next reset goes the whole way.
Result<OwnerReset> Pod::Parts::reset_owner(const OwnerResetOptions& asked) {
  auto& executor = engine->pool->executor();
  const auto path = directory->owner_key();
  const auto keep = [&](const api::NewKey& made) {
    return directory->stage_secret(path, made.key + "\n");
  };
  auto owner = sync_wait(executor, keys->find_owner());
  if (!owner) return fail(owner.error());
  const auto made =
      *owner ? sync_wait(executor, keys->create_key(**owner, {.name = "reset"}, {}, keep))
             : sync_wait(executor, keys->create_user("owner", api::Role::kOwner, {}, keep));
  if (!made) return fail(made.error());
  if (auto placed = directory->place_secret(path); !placed) return fail(placed.error());
  OwnerReset reset{.user_id = made->user_id,
                   .key_id = made->key_id,
                   .path = path,
                   .is_new_user = !owner->has_value()};
  if (!asked.revokes_others) return reset;
  auto others = sync_wait(executor, keys->owner_keys_but(made->key_id));
  if (!others) return fail(others.error());
  for (const auto& [user_id, key_id] : *others) {
    if (auto done = sync_wait(executor, keys->revoke(user_id, key_id)); !done) {
      return fail(done.error());
    }
    ++reset.revoked;
  }
  return reset;
}

Result<OwnerReset> Pod::reset_owner(const OwnerResetOptions& asked) {
  if (auto there = DataDirectory::check_holds_pod(asked.data, place_of(asked.database)); !there) {
    return fail(there.error());
  }
  Pod pod;
  pod.parts_->options.data = asked.data;
  pod.parts_->options.database = asked.database;
  for (auto step : {&Parts::open, &Parts::load_keys}) {
    if (auto done = (pod.parts_.get()->*step)(); !done) return fail(done.error());
  }
  return pod.parts_->reset_owner(asked);
}

Result<std::map<std::string, std::string>> Pod::read_models(const PodOptions& options) {
  Pod pod;
  auto& parts = *pod.parts_;
  parts.options = options;
  if (auto opened = parts.open(); !opened) return fail(opened.error());
  parts.projections->start();
  auto& executor = parts.engine->pool->executor();
  std::map<std::string, std::string> digests;
  for (const auto* one : parts.projections->described()) {
    if (auto done = sync_wait(executor, parts.until_folded(one->name)); !done) {
      return fail(done.error());
    }
    auto digest = sync_wait(executor, parts.projections->digest(one->name));
    if (!digest) return fail(digest.error());
    digests.emplace(one->name, std::move(*digest));
  }
  return digests;
}

Pod::Pod() : parts_(std::make_unique<Parts>()) {}

Result<std::unique_ptr<Pod>> Pod::start(PodOptions options) {
  std::unique_ptr<Pod> pod(new Pod);
  pod->parts_->options = std::move(options);
  for (auto step : {&Parts::take_address, &Parts::open, &Parts::enter_place_of_texts,
                    &Parts::load_keys, &Parts::make_owner, &Parts::serve}) {
    if (auto done = (pod->parts_.get()->*step)(); !done) {
      auto error = needing_room(done.error(), pod->parts_->options.data);
      return fail(pod->parts_->with_key_file(std::move(error)));
    }
  }
  return pod;
}

Pod::~Pod() {
  stop();
  // Whoever still runs procedures or handlers uses the rooms, which are made of all the others.
  parts_->server.reset();
  parts_->upkeep.reset();
  if (parts_->engine) parts_->engine->pool.reset();
  parts_->apps.reset();  // behind the pool, whose functions it calls
  parts_->front.reset();
  parts_->inngest_bus.reset();
}

void Pod::drain() {
  parts_->readiness->end();
}

std::uint16_t Pod::port() const {
  return parts_->server->port();
}

std::optional<std::uint16_t> Pod::inngest_port() const {
  return parts_->apps->port();
}

const std::string& Pod::new_owner_key() const {
  return parts_->new_owner_key;
}

const std::string& Pod::new_owner_link() const {
  return parts_->new_owner_link;
}

// Callers first, so that nothing new comes in; then the workers, which finish what is under way;
// then the database, which finishes what is queued while those whose closures it runs are there.
// The spans of all that are sent last.
bool Pod::stop() {
  if (std::exchange(parts_->is_stopped, true)) return true;
  // Who stops does not begin to lead.
  if (parts_->nodes != nullptr) parts_->nodes->lead_no_more();
  const auto half = parts_->options.stop_grace / 2;
  if (parts_->apps != nullptr) parts_->apps->stop(half);
  if (parts_->server != nullptr) parts_->server->stop(half);
  const bool is_finished = !parts_->engine || parts_->engine->pool->stop(half);
  if (parts_->upkeep != nullptr) parts_->upkeep->stop();
  if (parts_->projections != nullptr) parts_->projections->stop();
  if (parts_->search != nullptr) parts_->search->stop();
  if (parts_->models != nullptr) parts_->models->account().stop();
  if (parts_->nodes != nullptr) parts_->nodes->stop();
  parts_->shared_texts.reset();  // which the nodes' looks have used
  if (parts_->database != nullptr) parts_->database->close();
  if (parts_->exporter != nullptr) parts_->exporter->stop(kSpansGrace);
  flush_log();
  return is_finished;
}

// A node shows that it is there by itself. Who is alone finds out by a commit of any kind.
bool Pod::is_lost() {
  auto& parts = *parts_;
  const auto commits = parts.database->commits().value();
  if (parts.nodes == nullptr && std::exchange(parts.commits_seen, commits) == commits) {
    const auto commit = [](db::Engine& database) -> Task<Result<>> {
      co_return co_await database.write(db::Lane::kBackground, [](db::Tx&) {});
    };
    std::ignore = sync_wait(parts.engine->pool->executor(), commit(*parts.database));
    parts.commits_seen = parts.database->commits().value();
  }
  return pod::is_lost(*parts.database);
}

}  // namespace synap::pod
