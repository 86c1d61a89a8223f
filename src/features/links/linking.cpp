// Brings relations in step with the links of notes. Each transaction looks at how things are and
// goes a part of the way to how they should be: so runs may come in any order, twice, or beside
// each other.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "events/trace.h"
#include "features/command.h"
#include "features/links/links.h"
#include "workers/step.h"

namespace synap::features::links {
namespace {

using events::Event;
using events::EventType;
using workers::Outcome;
using workers::Step;

// In one commit: some 5 ms of the writer.
constexpr int kChangesACommit = 50;
constexpr std::int64_t kNotesACommit = 50;
constexpr std::string_view kEnd = "end";  // there are no more notes

struct Standing {
  Uuid id;
  std::int64_t version = 0;
  std::string from_id;
  std::string heading;
  std::vector<std::string> others;  // further targets of the text that lead there
  std::vector<std::string> stored;  // those of them that the relation says
  bool is_own = false;              // the worker's: nobody has changed it since
};

using Links = std::map<std::string, std::string>;  // the heading of each target

// The links of one note and their relations, in one transaction.
class Linker {
 public:
  /// Makes at most `changes_left` changes, and counts them down.
  Linker(const Rooms& rooms, db::Tx& tx, const Event& cause, const Uuid& run_id, int& changes_left)
      : rooms_(rooms), tx_(tx), cause_(cause), run_id_(run_id), changes_left_(changes_left) {}

  /// All links of the note; or, with a key, those alone that may mean that name. `renamed`: as
  /// note.links.found says. True: nothing is left to do.
  bool bring_in_step(const Uuid& note, const std::optional<std::string>& key,
                     const Json* renamed = nullptr) {
    note_ = note;
    is_of_key_ = key.has_value();
    const auto links = links_of(note, key);
    read_standing();
    if (!key && !(move_standing(links, renamed) && renew_standing(links) && remove_old(links)))
      return false;
    return make_new(links);
  }

 private:
  Links links_of(const Uuid& note, const std::optional<std::string>& key) {
    Links links;
    auto rows =
        tx_.query("SELECT target, key, heading FROM note_links_data WHERE entity = $1", note);
    while (rows.next()) {
      if (!key || rows.view(1) == *key) links.emplace(rows.text(0), rows.text(2));
    }
    return links;
  }

  void read_standing() {
    const auto to_id = note_.to_string();
    auto rows = tx_.query(
        "SELECT id, version, f_fromId, source, data FROM relations_data WHERE user_id = $1 AND "
        "f_toId = $2 AND f_type = $3 ORDER BY id",
        cause_.user_id, to_id, kRelationType);
    while (rows.next()) {
      const auto data = parse_json(rows.view(4));
      const Json* properties = data ? data->find("properties") : nullptr;
      auto targets = targets_in(properties);
      if (targets.empty()) continue;
      standing_.emplace(targets.front(),
                        Standing{rows.uuid(0).value_or(Uuid{}),
                                 rows.integer(1),
                                 rows.text(2),
                                 std::string(properties->string_or(kHeading, "")),
                                 {targets.begin() + 1, targets.end()},
                                 {targets.begin() + 1, targets.end()},
                                 rows.view(3) == events::source_name(events::Source::kSystem)});
    }
  }

  // A link that says another name of the same note is the same link: so its relation stays when
  // the note's title in it is renamed, also where the note has yet another title by now.
  bool move_standing(const Links& links, const Json* renamed) {
    if (renamed != nullptr && !move_renamed(links, *renamed)) return false;
    std::optional<std::map<std::string, std::string>> new_targets;  // by where they lead
    for (auto at = standing_.begin(); at != standing_.end();) {
      const auto old = at++;
      if (!old->second.is_own || links.contains(old->first)) continue;
      const auto other = std::ranges::find_if(old->second.others,
                                              [&](const auto& one) { return links.contains(one); });
      if (other != old->second.others.end()) {
        if (!may_change()) return false;
        const std::string to = *other;
        old->second.others.erase(other);
        move(old, to, links);
        continue;
      }
      if (!new_targets) new_targets = targets_that_are_new(links);
      const auto target = new_targets->find(old->second.from_id);
      if (target == new_targets->end()) continue;
      if (!may_change()) return false;
      move(old, target->second, links);
      new_targets->erase(target);
    }
    return tx_.ok();
  }

  bool move_renamed(const Links& links, const Json& renamed) {
    const auto& to = renamed.find("to")->as_string();
    if (!links.contains(to) || standing_.contains(to)) return true;
    for (const auto& from : renamed.find("from")->as_array()) {
      for (auto& [target, relation] : standing_) {
        std::ranges::replace(relation.others, from.as_string(), to);  // stored by keep_others()
      }
      const auto old = standing_.find(from.as_string());
      if (old == standing_.end() || !old->second.is_own || links.contains(old->first)) continue;
      if (!may_change()) return false;
      move(old, to, links);
      break;
    }
    return tx_.ok();
  }

  void move(std::multimap<std::string, Standing>::iterator old, const std::string& to,
            const Links& links) {
    auto relation = std::move(old->second);
    standing_.erase(old);
    relation.heading = links.at(to);
    std::erase_if(relation.others, [&](const auto& one) { return !links.contains(one); });
    renew(relation, to);
    standing_.emplace(to, std::move(relation));
  }

  std::map<std::string, std::string> targets_that_are_new(const Links& links) {
    std::map<std::string, std::string> targets;
    for (const auto& [target, heading] : links) {
      if (standing_.contains(target)) continue;
      const auto other = resolve(tx_, cause_.user_id, target);
      if (other) targets.emplace(other->to_string(), target);
    }
    return targets;
  }

  bool renew_standing(const Links& links) {
    for (auto& [target, relation] : standing_) {
      const auto link = links.find(target);
      if (!relation.is_own || link == links.end() || link->second == relation.heading) continue;
      if (!may_change()) return false;
      relation.heading = link->second;
      renew(relation, target);
    }
    return tx_.ok();
  }

  bool remove_old(const Links& links) {
    for (auto at = standing_.begin(); at != standing_.end();) {
      const auto& [target, relation] = *at;
      if (!relation.is_own || links.contains(target)) {
        ++at;
        continue;
      }
      if (!may_change()) return false;
      remove(relation);
      at = standing_.erase(at);
    }
    return tx_.ok();
  }

  bool make_new(const Links& links) {
    using Targets = std::vector<std::string>;
    std::map<std::string, Targets> found;  // by the note that they lead to
    std::set<std::string> linked;
    for (const auto& [target, relation] : standing_) {
      if (is_there(relation.from_id)) linked.insert(relation.from_id);
    }
    for (const auto& [target, heading] : links) {
      if (stands(target, linked)) continue;
      const auto other = resolve(tx_, cause_.user_id, target);
      if (other && *other != note_) found[other->to_string()].push_back(target);
    }
    for (const auto& [from_id, targets] : found) {
      if (linked.contains(from_id)) continue;
      if (!may_change()) return false;
      make(from_id, targets.front(), links.at(targets.front()), further(targets));
      if (!tx_.ok()) return false;
    }
    return keep_others(links, found);
  }

  // As the target of a relation, or a further one.
  bool stands(const std::string& target, const std::set<std::string>& linked) const {
    return std::ranges::any_of(standing_, [&](const auto& one) {
      const auto& [its, relation] = one;
      const bool is_of_it =
          its == target || std::ranges::find(relation.others, target) != relation.others.end();
      return is_of_it && linked.contains(relation.from_id);
    });
  }

  // `found`: by note, targets that no relation has. With a key, further ones that are not of it
  // stay.
  bool keep_others(const Links& links,
                   const std::map<std::string, std::vector<std::string>>& found) {
    for (auto& [target, relation] : standing_) {
      if (!relation.is_own) continue;
      std::vector<std::string> others;
      for (const auto& one : relation.others) {
        const bool is_there = is_of_key_ || links.contains(one);
        if (is_there && std::ranges::find(others, one) == others.end()) others.push_back(one);
      }
      if (const auto more = found.find(relation.from_id); more != found.end()) {
        others.insert(others.end(), more->second.begin(), more->second.end());
      }
      if (others.size() > kOtherLinksMax) others.resize(kOtherLinksMax);
      if (others == relation.stored) continue;
      if (!may_change()) return false;
      relation.others = std::move(others);
      renew(relation, target);
    }
    return tx_.ok();
  }

  static std::vector<std::string> further(const std::vector<std::string>& targets) {
    return {targets.begin() + 1, targets.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                       targets.size(), kOtherLinksMax + 1))};
  }

  bool is_there(const std::string& id) {
    return AllNouns::has(tx_, "notes", cause_.user_id, Uuid::parse(id).value_or(Uuid{}));
  }

  bool may_change() { return tx_.ok() && changes_left_-- > 0; }

  static Json properties_of(const std::string& target, const std::string& heading,
                            const std::vector<std::string>& others) {
    Json properties = Json::object({{std::string(kWikiLink), target}});
    if (!heading.empty()) properties.set(kHeading, heading);
    if (others.empty()) return properties;
    Json all = Json::array();
    for (const auto& other : others) all.push_back(other);
    properties.set(kOtherLinks, std::move(all));
    return properties;
  }
  Json relation_of(const std::string& from_id, const Json& properties) const {
    return Json::object({{"fromId", from_id},
                         {"toId", note_.to_string()},
                         {"type", std::string(kRelationType)},
                         {"properties", properties}});
  }

  void make(const std::string& from_id, const std::string& target, const std::string& heading,
            const std::vector<std::string>& others) {
    Json asked = relation_of(from_id, properties_of(target, heading, others));
    const auto id = rooms_.types.world().new_id();
    Json made = Json::object({{"entityId", id.to_string()}, {"version", 1}});
    for (const auto& [name, value] : asked.as_object()) made.set(name, value);
    append("creation", id, std::move(asked), std::move(made), true);
  }

  // It is the worker's, so it has nothing besides.
  void renew(Standing& relation, const std::string& target) {
    relation.stored = relation.others;
    auto properties = properties_of(target, relation.heading, relation.others);
    Json done =
        Json::object({{"entityId", relation.id.to_string()}, {"version", ++relation.version}});
    for (const auto& [name, value] : relation_of(relation.from_id, properties).as_object()) {
      done.set(name, value);
    }
    append("update", relation.id, Json::object({{"properties", std::move(properties)}}),
           std::move(done), false);
  }

  void remove(const Standing& relation) {
    append("deletion", relation.id, Json::object(),
           Json::object({{"entityId", relation.id.to_string()}, {"version", relation.version}}),
           false);
  }

  void append(std::string_view action, const Uuid& id, Json asked, Json done, bool is_new) {
    auto envelope = caused_by(cause_, run_id_);
    envelope.aggregate_id = id;
    envelope.aggregate_type = "relation";
    envelope.starts_stream = is_new;
    const auto requested_type = fmt::format("relation.{}.requested", action);
    auto requested = rooms_.types.make(EventType<Json>{requested_type}, std::move(asked), envelope);
    if (!requested) return tx_.abort(requested.error());
    envelope.starts_stream = false;
    envelope.causation_id = requested->id();
    const auto completed_type = fmt::format("relation.{}.completed", action);
    auto completed = rooms_.types.make(EventType<Json>{completed_type}, std::move(done), envelope);
    if (!completed) return tx_.abort(completed.error());
    rooms_.log.append(tx_, {.events = {*std::move(requested), *std::move(completed)}});
  }

  const Rooms& rooms_;
  db::Tx& tx_;
  const Event& cause_;
  const Uuid& run_id_;
  int& changes_left_;
  Uuid note_;
  bool is_of_key_ = false;
  std::multimap<std::string, Standing> standing_;  // by the link's target
};

class Linking final : public workers::EventHandler {
 public:
  explicit Linking(const Rooms& rooms) : rooms_(rooms) {}
  std::string_view event_type() const override { return "note.links.found"; }

  Task<Outcome> handle(const Event& event, Step& step) override {
    auto data = data_of(event, EventType<Json>{event.type});
    if (!data) co_return Outcome::failed_for_good(data.error());
    for (int part = 1;; ++part) {
      auto is_done = co_await step.commit(fmt::format("link-{}", part), [&](db::Tx& tx) {
        int changes_left = kChangesACommit;
        Linker linker(rooms_, tx, event, step.run_id(), changes_left);
        return linker.bring_in_step(*event.aggregate_id, std::nullopt, (*data)->find("renamed"));
      });
      if (!is_done) co_return Outcome::failed(is_done.error());
      if (*is_done) co_return Outcome::done();
    }
  }

 private:
  const Rooms& rooms_;
};

class AwaitedLinking final : public workers::EventHandler {
 public:
  explicit AwaitedLinking(const Rooms& rooms) : rooms_(rooms) {}
  std::string_view event_type() const override { return "note.name.awaited"; }

  Task<Outcome> handle(const Event& event, Step& step) override {
    auto data = data_of(event, EventType<Json>{event.type});
    if (!data) co_return Outcome::failed_for_good(data.error());
    int part = 0;
    for (const auto& name : (*data)->find("names")->as_array()) {
      const auto key = key_of(name.as_string());
      std::string behind;
      for (;;) {
        // The last note that is in step, by whose id the next part begins, or kEnd.
        auto last = co_await step.commit(fmt::format("link-{}", ++part), [&](db::Tx& tx) {
          return link_some(tx, event, step.run_id(), key, behind);
        });
        if (!last) co_return Outcome::failed(last.error());
        if (*last == kEnd) break;
        behind = *std::move(last);
      }
    }
    co_return Outcome::done();
  }

 private:
  std::string link_some(db::Tx& tx, const Event& event, const Uuid& run_id, const std::string& key,
                        const std::string& behind) const {
    const auto last_done = Uuid::parse(behind).value_or(Uuid{});
    std::vector<Uuid> notes;
    {
      auto rows = tx.query(
          "SELECT DISTINCT entity FROM note_links_data WHERE user_id = $1 AND key = $2 AND "
          "entity > $3 ORDER BY entity LIMIT $4",
          event.user_id, key, last_done, kNotesACommit);
      while (rows.next()) notes.push_back(rows.uuid(0).value_or(Uuid{}));
    }
    int changes_left = kChangesACommit;
    std::string last = behind;
    for (const auto& note : notes) {
      Linker linker(rooms_, tx, event, run_id, changes_left);
      if (!linker.bring_in_step(note, key)) return last;
      last = note.to_string();
    }
    return static_cast<std::int64_t>(notes.size()) < kNotesACommit ? std::string(kEnd) : last;
  }

  const Rooms& rooms_;
};

}  // namespace

void add_linking(const Rooms& rooms) {
  const std::vector<std::string> made = {"relation.creation.requested",
                                         "relation.creation.completed"};
  auto changed = made;
  changed.insert(changed.end(), {"relation.update.requested", "relation.update.completed",
                                 "relation.deletion.requested", "relation.deletion.completed"});
  rooms.workers.add("relations.link", std::make_unique<Linking>(rooms), {.appends = changed});
  rooms.workers.add("relations.link-awaited", std::make_unique<AwaitedLinking>(rooms),
                    {.appends = made});
}

}  // namespace synap::features::links
