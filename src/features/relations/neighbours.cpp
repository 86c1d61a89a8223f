// relations.neighbours: what a thing is connected with, over one relation or up to three.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "features/noun/all_nouns.h"
#include "features/noun/dates.h"
#include "features/procedures.h"
#include "features/relations/relations.h"

namespace synap::features::relations {
namespace {

using api::Session;

constexpr std::int64_t kDepthMax = 3;
constexpr std::int64_t kThingsMax = 500;
// A thing that thousands are connected with costs no more than this many rows, whatever is asked.
constexpr std::size_t kRelationsMax = 2'000;

struct Wanted {
  std::string id;
  std::int64_t depth = 1;
  std::int64_t limit = 0;
  std::string direction;
  std::vector<std::string> types;
  std::optional<std::string> at;
};
const ObjectSchema<Wanted>& describe(Type<Wanted>) {
  static const auto schema =
      object<Wanted>("NeighboursOf")
          .field("id", &Wanted::id, string().uuid(), "The thing to begin at.")
          .field_or("depth", &Wanted::depth, integer().min(1).max(kDepthMax), 1,
                    "Over how many relations at most.")
          .field_or("limit", &Wanted::limit, integer().min(1).max(kThingsMax), 100,
                    "How many things at most.")
          .field_or("direction", &Wanted::direction, one_of({"both", "out", "in"}), "both",
                    "Along relations that lead from a thing (out), to it (in), or either.")
          .field_or("types", &Wanted::types, array(string().min(1).max(64)).max(50), {},
                    "Of these types only; none: all.")
          .field("at", &Wanted::at, date_schema(),
                 "Only relations that hold at this day or time; absent: whenever they hold.");
  return schema;
}

struct NeighbourThing {
  std::string id;
  std::string noun;
  std::string title;
  std::int64_t depth = 0;
};
const ObjectSchema<NeighbourThing>& describe(Type<NeighbourThing>) {
  static const auto schema =
      object<NeighbourThing>("NeighbourThing")
          .field("id", &NeighbourThing::id, string().uuid())
          .field("noun", &NeighbourThing::noun, string(), "note, task, ...")
          .field("title", &NeighbourThing::title, string(), "\"\" where it has none.")
          .field("depth", &NeighbourThing::depth, integer().min(0),
                 "How many relations away; 0: the thing that was asked about.");
  return schema;
}

struct NeighbourRelation {
  std::string id;
  std::string from_id;
  std::string to_id;
  std::string type;
};
const ObjectSchema<NeighbourRelation>& describe(Type<NeighbourRelation>) {
  static const auto schema = object<NeighbourRelation>("NeighbourRelation")
                                 .field("id", &NeighbourRelation::id, string().uuid())
                                 .field("fromId", &NeighbourRelation::from_id, string().uuid())
                                 .field("toId", &NeighbourRelation::to_id, string().uuid())
                                 .field("type", &NeighbourRelation::type, string());
  return schema;
}

struct Neighbours {
  std::vector<NeighbourThing> things;
  std::vector<NeighbourRelation> relations;
  bool is_cut = false;
};
const ObjectSchema<Neighbours>& describe(Type<Neighbours>) {
  static const auto schema =
      object<Neighbours>("Neighbours")
          .field("things", &Neighbours::things, array(schema_of<NeighbourThing>()),
                 "The nearest first.")
          .field("relations", &Neighbours::relations, array(schema_of<NeighbourRelation>()),
                 "Each between two of the things.")
          .field("isCut", &Neighbours::is_cut, boolean(),
                 "There is more within this depth: more things than the limit, or more than 2,000 "
                 "relations.");
  return schema;
}

// Walks in the order of distance, in one transaction of the user.
class Walk {
 public:
  Walk(db::Tx& tx, const AllNouns& nouns, const Wanted& wanted)
      : tx_(tx), nouns_(nouns), wanted_(wanted) {}

  /// False: there is no such thing.
  bool begin(const Uuid& id) { return add_thing(id, 0); }

  void go() {
    for (std::int64_t depth = 1; depth <= wanted_.depth && !frontier_.empty(); ++depth) {
      const auto from = std::exchange(frontier_, {});
      for (const auto& id : from) {
        if (wanted_.direction != "in") follow(id, "f_fromId", depth);
        if (wanted_.direction != "out") follow(id, "f_toId", depth);
      }
    }
  }

  Neighbours found() {
    std::erase_if(found_.relations, [&](const NeighbourRelation& relation) {
      return !known_.contains(relation.from_id) || !known_.contains(relation.to_id);
    });
    return std::move(found_);
  }

 private:
  struct Row {
    std::string id;
    std::string from_id;
    std::string to_id;
    std::string type;
  };

  void follow(const std::string& id, std::string_view column, std::int64_t depth) {
    for (auto& row : rows_at(id, column)) {
      const auto& other = row.from_id == id ? row.to_id : row.from_id;
      const auto other_id = Uuid::parse(other).value_or(Uuid{});
      if (!known_.contains(other) && !add_thing(other_id, depth)) continue;
      if (relations_.insert(row.id).second) {
        found_.relations.push_back({row.id, row.from_id, row.to_id, row.type});
      }
    }
  }

  std::vector<Row> rows_at(const std::string& id, std::string_view column) {
    std::vector<Row> rows;
    auto read = tx_.query(fmt::format("SELECT id, f_fromId, f_toId, f_type, data FROM relations "
                                      "WHERE {} = $1 ORDER BY id",
                                      column),
                          id);
    while (read.next()) {
      if (looked_at_++ == kRelationsMax || tx_.is_out_of_time()) {
        found_.is_cut = true;
        break;
      }
      Row row{read.uuid(0).value_or(Uuid{}).to_string(), read.text(1), read.text(2), read.text(3)};
      if (!is_wanted(row.type, read.view(4))) continue;
      rows.push_back(std::move(row));
    }
    return rows;
  }

  bool is_wanted(const std::string& type, std::string_view data) const {
    if (!wanted_.types.empty() && std::ranges::find(wanted_.types, type) == wanted_.types.end()) {
      return false;
    }
    if (!wanted_.at) return true;
    const auto since = text_in(data, "validFrom");
    const auto until = text_in(data, "validTo");
    return (since.empty() || !is_before(*wanted_.at, since)) &&
           (until.empty() || !is_before(until, *wanted_.at));
  }

  bool add_thing(const Uuid& id, std::int64_t depth) {
    if (depth > 0 && static_cast<std::int64_t>(found_.things.size()) > wanted_.limit) {
      found_.is_cut = true;
      return false;
    }
    for (const auto& noun : nouns_.entries()) {
      auto rows = tx_.query(fmt::format("SELECT data FROM {} WHERE id = $1", noun.plural), id);
      if (!rows.next()) continue;
      const auto text = id.to_string();
      found_.things.push_back({text, noun.name, text_in(rows.view(0), "title"), depth});
      known_.insert(text);
      frontier_.push_back(text);
      return true;
    }
    return false;
  }

  db::Tx& tx_;
  const AllNouns& nouns_;
  const Wanted& wanted_;
  Neighbours found_;
  std::set<std::string> known_;
  std::set<std::string> relations_;
  std::vector<std::string> frontier_;
  std::size_t looked_at_ = 0;
};

Task<Result<Neighbours>> neighbours(const Rooms& rooms, Session session, Wanted wanted) {
  auto found = co_await rooms.database.read_as(
      session.user_id(), [&](db::Tx& tx) -> std::optional<Neighbours> {
        Walk walk(tx, *rooms.nouns, wanted);
        if (!walk.begin(Uuid::parse(wanted.id).value_or(Uuid{}))) return std::nullopt;
        walk.go();
        return walk.found();
      });
  if (!found) co_return fail(found.error());
  if (!*found) co_return fail(Code::kNotFound, "There is no such thing of yours");
  co_return *std::move(*found);
}

}  // namespace

void add_neighbours(const Rooms& rooms) {
  add_query(
      rooms, "relations.neighbours",
      {.summary = "What a thing is connected with, and by what.",
       .docs = "A walk along relations in the order of distance, up to three away. It looks at "
               "2,000 relations at most.",
       .errors = {{Code::kNotFound, "You have no such thing."}},
       .reach = rpc::Reach::kPod},
      neighbours);
}

}  // namespace synap::features::relations
