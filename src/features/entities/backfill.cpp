// Lists that a later version of a type declares are filled in by a run: an event for each entity,
// some in a commit, whose fold puts it into the lists. What was changed since is in them already. A
// run that has made as many steps as it may asks for another one, which goes on behind it.
#include <fmt/format.h>

#include "features/command.h"
#include "features/entities/entity_type.h"
#include "workers/step.h"

namespace synap::features::entities {
namespace {

using events::Event;
using workers::Outcome;
using workers::Step;

// In one commit: some 10 ms of the writer.
constexpr std::int64_t kEntitiesACommit = 100;
constexpr std::string_view kEnd = "end";

struct Part {
  std::string behind;  // the last entity that was looked at, or kEnd
};
const ObjectSchema<Part>& describe(Type<Part>) {
  static const auto schema = object<Part>("EntityBackfillPart").field("behind", &Part::behind);
  return schema;
}

class Filling final : public workers::EventHandler {
 public:
  Filling(const Rooms& rooms, int parts_max) : rooms_(rooms), parts_max_(parts_max) {}
  std::string_view event_type() const override { return kBackfillRequested.name; }

  Task<Outcome> handle(const Event& event, Step& step) override {
    auto asked = data_of(event, kBackfillRequested);
    if (!asked) co_return Outcome::failed_for_good(asked.error());
    auto backfill = **asked;
    for (int part = 1; part <= parts_max_; ++part) {
      auto done = co_await step.commit(fmt::format("index-{}", part), [&](db::Tx& tx) {
        return Part{index_some(tx, event, step.run_id(), backfill)};
      });
      if (!done) co_return Outcome::failed(done.error());
      backfill.behind = done->behind;
      if (backfill.behind == kEnd) break;
    }
    co_return co_await step.finish(
        "publish-end", [&](db::Tx& tx) { publish_end(tx, event, step.run_id(), backfill); });
  }

 private:
  struct Found {
    Uuid id;
    bool is_indexed = false;
  };

  // Another version has a run of its own, which leaves nothing to do for this one.
  static bool is_newest(db::Tx& tx, const std::string& user_id, const Backfill& backfill) {
    auto rows = tx.query(
        "SELECT 1 FROM entity_types_data WHERE user_id = $1 AND name = $2 AND version = $3 AND "
        "removed = 0",
        user_id, backfill.name, backfill.version);
    return rows.next();
  }

  // Where to go on.
  std::string index_some(db::Tx& tx, const Event& event, const Uuid& run_id,
                         const Backfill& backfill) const {
    if (!is_newest(tx, event.user_id, backfill)) return std::string(kEnd);
    std::vector<Found> found;
    {
      const auto last = Uuid::parse(backfill.behind.value_or("")).value_or(Uuid{});
      auto rows = tx.query(
          "SELECT id, data ->> 'typeVersion' FROM entities_data WHERE user_id = $1 AND f_type = $2 "
          "AND id > $3 ORDER BY id LIMIT $4",
          event.user_id, backfill.name, last, kEntitiesACommit);
      while (rows.next()) {
        const bool is_indexed = rows.text(1) == std::to_string(backfill.version);
        found.push_back({rows.uuid(0).value_or(Uuid{}), is_indexed});
      }
    }
    for (const auto& [id, is_indexed] : found) {
      if (is_indexed) continue;
      auto envelope = caused_by(event, run_id);
      envelope.aggregate_id = id;
      envelope.aggregate_type = "entity";
      auto indexed = rooms_.types.make(kIndexed, Indexed{backfill.name, backfill.version},
                                       std::move(envelope));
      if (!indexed) {
        tx.abort(indexed.error());
        return {};
      }
      rooms_.log.append(tx, {.events = {*std::move(indexed)}});
      if (!tx.ok()) return {};
    }
    const bool is_end = static_cast<std::int64_t>(found.size()) < kEntitiesACommit;
    return is_end ? std::string(kEnd) : found.back().id.to_string();
  }

  void publish_end(db::Tx& tx, const Event& event, const Uuid& run_id, Backfill backfill) const {
    auto envelope = caused_by(event, run_id);
    const bool is_over = backfill.behind == kEnd;
    if (is_over) {
      backfill.behind.reset();
    } else {
      // A stream of its own, as the first run has.
      envelope.aggregate_id = rooms_.types.world().new_id();
    }
    auto said =
        is_over ? rooms_.types.make(kBackfillCompleted, std::move(backfill), std::move(envelope))
                : rooms_.types.make(kBackfillRequested, std::move(backfill), std::move(envelope));
    if (!said) return tx.abort(said.error());
    rooms_.log.append(tx, {.events = {*std::move(said)}});
  }

  const Rooms& rooms_;
  const int parts_max_;
};

}  // namespace

const ObjectSchema<Backfill>& describe(Type<Backfill>) {
  static const auto schema =
      object<Backfill>("EntityTypeBackfill")
          .field("name", &Backfill::name, string())
          .field("version", &Backfill::version, integer().min(1))
          .field("behind", &Backfill::behind, string().uuid(),
                 "The entity behind which to go on; absent: from the first one on.");
  return schema;
}
const ObjectSchema<Indexed>& describe(Type<Indexed>) {
  static const auto schema = object<Indexed>("EntityIndexed")
                                 .field("type", &Indexed::type, string())
                                 .field("typeVersion", &Indexed::type_version, integer().min(1));
  return schema;
}

void add_backfill(const Rooms& rooms, int parts_max) {
  rooms.types.add(kBackfillRequested,
                  "A type of entities declares other lists than before: they are to be filled in.");
  rooms.types.add(kBackfillCompleted,
                  "All entities are in the lists that this version of their type declares.");
  rooms.types.add(kIndexed, "An entity is in the lists that this version of its type declares.");
  rooms.workers.add(
      "entities.fill", std::make_unique<Filling>(rooms, parts_max),
      {.fulfills = true,
       .appends = {std::string(kBackfillCompleted.name), std::string(kBackfillRequested.name),
                   std::string(kIndexed.name)}});
}

}  // namespace synap::features::entities
