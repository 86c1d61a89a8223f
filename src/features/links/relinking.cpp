// Links whose note has another title now: where a link of another note leads to the note by its
// relation, and no longer by what it says, the text is changed to say the title. A run asks for an
// update of each note with such links, some in a commit, as a person would. What is wrong is seen
// by how things are and not by the event: so runs may come twice or beside each other, and a note
// that is renamed again meanwhile ends with its last title.
//
// No end to it is impossible: only what stands in [[ ]] is changed, and a title that follows from
// a text with [[ is none that a link could say.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>

#include "features/command.h"
#include "features/links/links.h"
#include "markdown/wiki_links.h"
#include "workers/step.h"

namespace synap::features::links {
namespace {

using events::Event;
using events::EventType;
using workers::Outcome;
using workers::Step;

// In one commit: some 20 ms of the writer. Of those that are read most say the title already, when
// a run looks again.
constexpr std::int64_t kRelationsACommit = 500;
constexpr int kLookedAtACommit = 200;
constexpr std::int64_t kAskedACommit = 50;
// A run has a thousand steps at most.
constexpr int kPartsMax = 800;
constexpr int kRoundsMax = 40;
// So often a note is asked for: where it has the link again, somebody else has written it.
constexpr int kAskingRoundsMax = 3;
constexpr std::chrono::milliseconds kFirstWait{50};
constexpr std::chrono::milliseconds kWaitForEach{2};  // that is open: so rounds are few
constexpr std::chrono::milliseconds kLongestWait{30'000};
constexpr std::string_view kEnd = "end";

struct Asked {
  std::string behind;        // the last relation that was looked at, or kEnd
  std::int64_t asked = 0;    // updates
  std::int64_t waiting = 0;  // notes that are being changed
  std::int64_t left = 0;     // notes whose links cannot say the title
  std::string title;         // that those were asked to say
};
const ObjectSchema<Asked>& describe(Type<Asked>) {
  static const auto schema = object<Asked>("RelinkingPart")
                                 .field("behind", &Asked::behind)
                                 .field("asked", &Asked::asked)
                                 .field("waiting", &Asked::waiting)
                                 .field("left", &Asked::left)
                                 .field("title", &Asked::title);
  return schema;
}

struct Done {
  std::int64_t changed = 0;
  std::int64_t left = 0;
};

/// Looks at relations of one note, in one transaction, and asks for updates.
class Relinker {
 public:
  Relinker(const Rooms& rooms, db::Tx& tx, const Event& cause, const Uuid& run_id)
      : rooms_(rooms), tx_(tx), cause_(cause), run_id_(run_id), note_(*cause.aggregate_id) {}

  /// `former`: titles that the note had.
  Asked ask(const std::string& behind, const std::set<std::string>& former) {
    Asked asked{.behind = std::string(kEnd)};
    auto rows =
        tx_.query("SELECT name FROM note_names_data WHERE entity = $1 AND kind = 'title'", note_);
    if (!rows.next()) return asked;  // deleted
    title_ = rows.text(0);
    asked.title = title_;
    can_be_said_ = markdown::is_wiki_target(title_) && leads_here(title_);
    if (behind.empty()) look_at(asked, note_, own_targets(former));
    const auto relations = some_behind(behind);
    int looked_at = 0;
    for (const auto& [id, from, links] : relations) {
      if (!tx_.ok()) return asked;
      if (std::ranges::all_of(links, [&](const auto& link) { return leads_here(link); })) {
        asked.behind = id.to_string();
        continue;
      }
      if (++looked_at > kLookedAtACommit || asked.asked >= kAskedACommit) return asked;
      asked.behind = id.to_string();
      std::vector<std::string> targets;
      bool is_out_of_step = false;
      for (const auto& link : links) {
        if (leads_here(link)) continue;
        const auto said = targets_of(from, link);
        is_out_of_step |= said.empty();
        for (const auto& one : said) {
          if (std::ranges::find(targets, one) == targets.end()) targets.push_back(one);
        }
      }
      // Its text says something else: the run that brings the relation in step is on its way.
      if (is_out_of_step && targets.empty()) ++asked.waiting;
      look_at(asked, from, targets);
    }
    if (static_cast<std::int64_t>(relations.size()) < kRelationsACommit) asked.behind = kEnd;
    return asked;
  }

 private:
  struct Relation {
    Uuid id;
    Uuid note;                         // that has the links
    std::vector<std::string> targets;  // none: of a person, not of a link
  };
  std::vector<Relation> some_behind(const std::string& behind) {
    std::vector<Relation> found;
    const auto from_id = note_.to_string();
    const auto last = Uuid::parse(behind).value_or(Uuid{});
    auto rows = tx_.query(
        "SELECT id, f_toId, source, data FROM relations_data WHERE user_id = $1 AND f_fromId = $2 "
        "AND f_type = $3 AND id > $4 ORDER BY id LIMIT $5",
        cause_.user_id, from_id, kRelationType, last, kRelationsACommit);
    while (rows.next()) {
      Relation one{rows.uuid(0).value_or(Uuid{}), Uuid::parse(rows.text(1)).value_or(Uuid{}), {}};
      const auto data = parse_json(rows.view(3));
      const Json* properties = data ? data->find("properties") : nullptr;
      if (properties != nullptr && rows.view(2) == events::source_name(events::Source::kSystem)) {
        one.targets = targets_in(properties);
      }
      found.push_back(std::move(one));
    }
    return found;
  }

  // Most relations of a note say the same.
  bool leads_here(const std::string& target) {
    const auto [known, is_new] = known_.try_emplace(target, false);
    if (is_new) known->second = resolve(tx_, cause_.user_id, target) == note_;
    return known->second;
  }

  // What its text says of this note: the relation's target, and what differs from that in capitals
  // and has no relation of its own.
  std::vector<std::string> targets_of(const Uuid& note, const std::string& target) {
    std::vector<std::string> targets;
    for (auto& one : named_alike(note, target)) {
      if (one == target || !leads_anywhere(tx_, cause_.user_id, note, one)) {
        targets.push_back(std::move(one));
      }
    }
    const bool is_there = std::ranges::find(targets, target) != targets.end();
    return is_there ? targets : std::vector<std::string>();
  }

  // A note has no relation to itself.
  std::vector<std::string> own_targets(const std::set<std::string>& former) {
    std::vector<std::string> targets;
    for (const auto& title : former) {
      for (auto& one : named_alike(note_, title)) {
        if (!resolve(tx_, cause_.user_id, one)) targets.push_back(std::move(one));
      }
    }
    return targets;
  }

  std::vector<std::string> named_alike(const Uuid& note, std::string_view name) {
    std::vector<std::string> targets;
    const auto key = key_of(name);
    auto rows = tx_.query(
        "SELECT target FROM note_links_data WHERE entity = $1 AND key = $2 ORDER BY place", note,
        key);
    while (rows.next()) {
      if (is_same_name(rows.view(0), name)) targets.push_back(rows.text(0));
    }
    return targets;
  }

  void look_at(Asked& asked, const Uuid& note, const std::vector<std::string>& targets) {
    if (targets.empty()) return;
    if (!can_be_said_) {
      ++asked.left;
      return;
    }
    auto rows = tx_.query("SELECT state, pending FROM notes_data WHERE id = $1 AND user_id = $2",
                          note, cause_.user_id);
    if (!rows.next() || rows.view(0) == "deleting") return;
    if (rows.integer(1) > 0) {
      ++asked.waiting;
      return;
    }
    request_update(note, targets);
    ++asked.asked;
  }

  // A request of its own, whose text and failure are its own; the correlation is the renaming's.
  void request_update(const Uuid& note, const std::vector<std::string>& targets) {
    Json links = Json::array();
    for (const auto& target : targets) links.push_back(target);
    const Json data = Json::object(
        {{"text",
          Json::object({{"present", Json::object({{"links", links}, {"newTarget", title_}})}})}});
    auto envelope = caused_by(cause_, run_id_);
    envelope.aggregate_id = note;
    envelope.aggregate_type = "note";
    envelope.request_id = rooms_.types.world().new_id();
    auto update = rooms_.types.make("note.update.requested", data.dump(), std::move(envelope));
    if (!update) return tx_.abort(update.error());
    rooms_.log.append(tx_, {.events = {*std::move(update)}});
  }

  const Rooms& rooms_;
  db::Tx& tx_;
  const Event& cause_;
  const Uuid& run_id_;
  const Uuid note_;
  std::map<std::string, bool> known_;  // whether a target leads here
  std::string title_;
  bool can_be_said_ = false;
};

class Relinking final : public workers::EventHandler {
 public:
  explicit Relinking(const Rooms& rooms) : rooms_(rooms) {}
  std::string_view event_type() const override { return kLinksOutdated; }

  Task<Outcome> handle(const Event& event, Step& step) override {
    auto data = data_of(event, EventType<Json>{event.type});
    if (!data) co_return Outcome::failed_for_good(data.error());
    std::set<std::string> former = {std::string((*data)->string_or("title", ""))};
    Done done;
    std::chrono::milliseconds wait{0};
    int part = 0;
    int asking_rounds = 0;
    for (int round = 1;; ++round) {
      Asked now;
      done.left = 0;
      std::int64_t open = 0;
      const auto changed_before = done.changed;
      while (now.behind != kEnd) {
        if (++part > kPartsMax) co_return too_many(done.changed);
        auto asked = co_await step.commit(fmt::format("ask-{}", part), [&](db::Tx& tx) {
          return Relinker(rooms_, tx, event, step.run_id()).ask(now.behind, former);
        });
        if (!asked) co_return Outcome::failed(asked.error());
        now = *std::move(asked);
        done.changed += now.asked;
        open += now.asked + now.waiting;
        done.left += now.left;
        if (!now.title.empty()) former.insert(now.title);
      }
      asking_rounds += done.changed > changed_before ? 1 : 0;
      if (open == 0) break;
      if (round == kRoundsMax || asking_rounds > kAskingRoundsMax) {
        done.left += open;
        break;
      }
      wait = std::clamp(std::max(2 * wait, open * kWaitForEach), kFirstWait, kLongestWait);
      co_await step.sleep(fmt::format("wait-{}", round), wait);
    }
    co_return co_await complete(event, step, done);
  }

 private:
  static Outcome too_many(std::int64_t changed) {
    return Outcome::failed_for_good(
        {Code::kPreconditionFailed,
         fmt::format("The links of {} notes were changed, and there are more", changed), nullptr});
  }

  Task<Outcome> complete(const Event& event, Step& step, const Done& done) const {
    Json data = Json::object({{"changed", done.changed}});
    if (done.left > 0) data.set("left", done.left);
    auto renewed = rooms_.types.make(kLinksRenewed, data.dump(), caused_by(event, step.run_id()));
    if (!renewed) co_return Outcome::failed_for_good(renewed.error());
    co_return co_await step.finish(
        "publish-completion", [&](db::Tx& tx) { rooms_.log.append(tx, {.events = {*renewed}}); });
  }

  const Rooms& rooms_;
};

}  // namespace

void add_relinking(const Rooms& rooms) {
  rooms.workers.add("notes.relink", std::make_unique<Relinking>(rooms),
                    {.appends = {std::string(kLinksRenewed), "note.update.requested"}});
}

}  // namespace synap::features::links
