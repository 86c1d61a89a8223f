#include "simulation/pod.h"

#include "features/notes/notes.h"
#include "models/models.h"
#include "pod/features.h"
#include "search/search.h"
#include "workers/engine.h"

// A noun has no header: its add() is declared where it is registered.
namespace synap::features {
namespace projects {
void add(const Rooms& rooms);
}
namespace tasks {
void add(const Rooms& rooms);
}
}  // namespace synap::features

namespace synap::simulation {
namespace {

using db::ColumnType;
using projections::Projection;

// The smallest bound there is, so that the log of changes is always near it.
constexpr std::int64_t kWalBytesMax = 300'000;

class EverybodyMay final : public api::Authority {
 public:
  Result<> check(const api::Actor&) const override { return {}; }
  Result<> admit(const api::Actor&) const override { return {}; }
};
const EverybodyMay kEverybodyMay;

// How often something has happened to each thing, so that an event that was folded twice or not at
// all is seen in the row.
Projection things_projection() {
  return {.name = "things",
          .tables = {{.name = "things",
                      .columns = {{"id", ColumnType::kBytes},
                                  {"user_id"},
                                  {"happenings", ColumnType::kInteger},
                                  {"text"}},
                      .primary_key = {"id"}}},
          .types = {std::string(kThing.name)},
          .fold = [](db::Tx& tx, const events::Event& event) {
            auto thing = data_of(event, kThing);
            if (!thing) return tx.abort(thing.error());
            if ((*thing)->number < 0) {
              return tx.abort({Code::kBadRequest, "refused by the fold", nullptr});
            }
            tx.run(
                "INSERT INTO things_data(id, user_id, happenings, text) VALUES ($1, $2, 1, $3) "
                "ON CONFLICT(id) DO UPDATE SET happenings = happenings + 1, text = $3",
                event.aggregate_id, event.user_id, (*thing)->text);
          }};
}

Projection sums_projection() {
  return {.name = "sums",
          .kind = Projection::Kind::kFollower,
          .tables = {{.name = "sums",
                      .columns = {{"user_id"}, {"happenings", ColumnType::kInteger}},
                      .primary_key = {"user_id"}}},
          .types = {std::string(kThing.name)},
          .fold = [](db::Tx& tx, const events::Event& event) {
            tx.run(
                "INSERT INTO sums_data(user_id, happenings) VALUES ($1, 1) "
                "ON CONFLICT(user_id) DO UPDATE SET happenings = happenings + 1",
                event.user_id);
          }};
}

}  // namespace

const ObjectSchema<Thing>& describe(Type<Thing>) {
  static const auto schema =
      object<Thing>("Thing").field("number", &Thing::number).field("text", &Thing::text);
  return schema;
}

// What features are registered with. The workers are never started: commands that complete at once
// need none. Nor is search, whose index is on no disk of the simulation; and nobody asks a model.
struct Pod::Features {
  explicit Features(Pod& pod)
      : engine(*pod.database, *pod.log, pod.types, {.world = pod.world}),
        keys(*pod.database, *pod.log, pod.types),
        search({*pod.database, *pod.log, *pod.content, pod.world}, "search"),
        models({}, outbound::Policy::anywhere(), {*pod.database, *pod.log, pod.types, pod.world}),
        rooms{*pod.database, *pod.log,     pod.types,      *pod.projections,
              *pod.content,  *engine.pool, engine.control, engine.replays,
              procedures,    keys,         search,         models} {}

  workers::Engine engine;
  api::Keys keys;
  search::Search search;
  models::Models models;
  rpc::ProcedureTable procedures;
  features::Rooms rooms;
};

Pod::Pod(Machine& machine)
    : world(machine.world), executor(machine.world.make_executor("callers")), types(world) {}

Result<std::unique_ptr<Pod>> Pod::start(Machine& machine) {
  std::unique_ptr<Pod> pod(new Pod(machine));
  if (auto opened = pod->open(machine); !opened) return fail(opened.error());
  return pod;
}

Result<> Pod::open(Machine& machine) {
  auto opened = db::sqlite::SqliteDatabase::open({.path = "synap.db",
                                                  .vfs = SqliteDisk::name(),
                                                  .world = world,
                                                  .wal_bytes_max = kWalBytesMax});
  if (!opened) return fail(opened.error());
  database = std::move(*opened);
  auto migrations = events::sqlite::SqliteEventLog::migrations();
  const auto behind_log = pod::migrations_behind_log();
  migrations.insert(migrations.end(), behind_log.begin(), behind_log.end());
  if (auto done = database->migrate(migrations); !done) return done;
  auto the_log = events::sqlite::SqliteEventLog::open(*database, world);
  if (!the_log) return fail(the_log.error());
  log = std::move(*the_log);
  auto store = content::LocalStore::open("content", {.world = world, .files = machine.files});
  if (!store) return fail(store.error());
  content = std::move(*store);
  projections = std::make_unique<projections::Projections>(*database, *log, types, world);
  features_ = std::make_unique<Features>(*this);
  add_features();
  if (auto prepared = projections->prepare(); !prepared) return prepared;
  projections->start();
  return {};
}

void Pod::add_features() {
  types.add(kThing, "Something has happened to a thing.");
  for (auto& projection : {things_projection(), sums_projection()}) projections->add(projection);
  features::notes::add(features_->rooms);
  features::projects::add(features_->rooms);
  features::tasks::add(features_->rooms);
  projection_names_ = {"things",   "sums",           "notes", "tags",
                       "projects", "project_totals", "tasks", "task_totals"};
}

Pod::~Pod() {
  if (projections != nullptr) projections->stop();
  if (database != nullptr) database->close();
  features_.reset();
  projections.reset();
  content.reset();
  log.reset();
  database.reset();
}

Task<Result<Json>> Pod::call(std::string path, std::string user, Json input) {
  const auto* procedure = features_->procedures.find(path);
  SYNAP_CHECK(procedure != nullptr, path);
  auto context = std::make_shared<api::CallContext>(kEverybodyMay);
  context->actor = api::Actor::of_key(std::move(user), api::Role::kMember, "key");
  auto reply =
      co_await procedure->handler({.context = context, .input = {.json = std::move(input)}});
  if (!reply) co_return fail(reply.error());
  co_return parse_json(std::get<rpc::Text>(*reply).value_or("null"));
}

}  // namespace synap::simulation
