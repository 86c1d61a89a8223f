// When a thing is deleted, so are its relations: for each of them the events that relations.delete
// appends, caused by the deletion. Afterwards nothing can be related to it any more, as a creation
// looks whether both things are there.
#include <fmt/format.h>

#include "events/trace.h"
#include "features/command.h"
#include "features/relations/relations.h"
#include "workers/step.h"

namespace synap::features::relations {
namespace {

using events::Event;
using events::EventType;
using workers::Outcome;
using workers::Step;

// In one commit: some 5 ms of the writer.
constexpr std::size_t kRelationsACommit = 50;

class Forgetting final : public workers::EventHandler {
 public:
  Forgetting(const Rooms& rooms, std::string type) : rooms_(rooms), type_(std::move(type)) {}
  std::string_view event_type() const override { return type_; }

  Task<Outcome> handle(const Event& event, Step& step) override {
    for (int part = 1;; ++part) {
      const auto left =
          co_await rooms_.database.read([&](db::Tx& tx) { return some_of(tx, event).size(); });
      if (!left) co_return Outcome::failed(left.error());
      if (*left <= kRelationsACommit) break;
      auto gone = co_await step.commit(fmt::format("delete-relations-{}", part),
                                       [&](db::Tx& tx) { delete_some(tx, event, step.run_id()); });
      if (!gone) co_return Outcome::failed(gone.error());
    }
    co_return co_await step.finish("delete-relations",
                                   [&](db::Tx& tx) { delete_some(tx, event, step.run_id()); });
  }

 private:
  struct Row {
    Uuid id;
    std::int64_t version;
  };

  // Those that the next commit deletes, and one more if there is one.
  static std::vector<Row> some_of(db::Tx& tx, const Event& event) {
    std::vector<Row> found;
    const auto id = event.aggregate_id->to_string();
    auto rows = tx.query(
        "SELECT id, version FROM relations_data WHERE user_id = $1 AND f_fromId = $2 UNION "
        "SELECT id, version FROM relations_data WHERE user_id = $1 AND f_toId = $2 LIMIT $3",
        event.user_id, id, static_cast<std::int64_t>(kRelationsACommit + 1));
    while (rows.next()) found.push_back({rows.uuid(0).value_or(Uuid{}), rows.integer(1)});
    return found;
  }

  void delete_some(db::Tx& tx, const Event& event, const Uuid& run_id) const {
    auto found = some_of(tx, event);
    if (found.size() > kRelationsACommit) found.pop_back();
    for (const auto& row : found) {
      auto envelope = caused_by(event, run_id);
      envelope.aggregate_id = row.id;
      envelope.aggregate_type = "relation";
      auto requested = rooms_.types.make(EventType<Json>{"relation.deletion.requested"},
                                         Json::object(), envelope);
      if (!requested) return tx.abort(requested.error());
      envelope.causation_id = requested->id();
      auto completed = rooms_.types.make(
          EventType<Json>{"relation.deletion.completed"},
          Json::object({{"entityId", row.id.to_string()}, {"version", row.version}}), envelope);
      if (!completed) return tx.abort(completed.error());
      rooms_.log.append(tx, {.events = {*std::move(requested), *std::move(completed)}});
      if (!tx.ok()) return;
    }
  }

  const Rooms& rooms_;
  std::string type_;
};

}  // namespace

void add_forgetting(const Rooms& rooms) {
  for (const auto& noun : rooms.nouns->entries()) {
    if (noun.plural == "relations") continue;
    rooms.workers.add("relations.forget-" + noun.plural,
                      std::make_unique<Forgetting>(rooms, noun.name + ".deletion.completed"),
                      {.appends = {"relation.deletion.requested", "relation.deletion.completed"}});
  }
}

}  // namespace synap::features::relations
