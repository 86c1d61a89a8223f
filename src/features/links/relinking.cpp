// Links whose note has another title now: where a link of another note leads to the note by its
// relation, and no longer by what it says, the text is changed to say the title. A run asks for an
// update of each note with such links, some in a commit, as a person would. What is wrong is seen
// by how things are and not by the event: so runs may come twice or beside each other, and a note
// that is renamed again meanwhile ends with its last title. A run asks for so many, and appends the
// event again for another one, which goes on behind them.
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
constexpr std::size_t kAskedACommit = 50;
constexpr int kRoundsMax = 40;
// So often a note is asked for: where it has the link again, somebody else has written it.
constexpr int kAskingRoundsMax = 3;
constexpr std::chrono::milliseconds kFirstWait{50};
constexpr std::chrono::milliseconds kWaitForEach{2};  // that is open: so rounds are few
constexpr std::chrono::milliseconds kLongestWait{30'000};
constexpr std::string_view kEnd = "end";

// A note that was asked for an update.
struct AskedNote {
  std::string id;
  std::string relation;      // for whose links; the note itself, for those to itself
  std::int64_t version = 0;  // that it had
};
const ObjectSchema<AskedNote>& describe(Type<AskedNote>) {
  static const auto schema = object<AskedNote>("RelinkedNote")
                                 .field("id", &AskedNote::id)
                                 .field("relation", &AskedNote::relation)
                                 .field("version", &AskedNote::version);
  return schema;
}

struct Asked {
  std::string behind;                // the last relation that was looked at, or kEnd
  std::vector<AskedNote> asked;      // now
  std::vector<std::string> in_vain;  // notes that were asked before, and say the same
  std::int64_t waiting = 0;          // notes that are being changed
  std::int64_t left = 0;             // notes whose links cannot say the title
  std::string title;                 // that those were asked to say
};
const ObjectSchema<Asked>& describe(Type<Asked>) {
  static const auto schema = object<Asked>("RelinkingPart")
                                 .field("behind", &Asked::behind)
                                 .field("asked", &Asked::asked, array(schema_of<AskedNote>()))
                                 .field("inVain", &Asked::in_vain, array(string()))
                                 .field("waiting", &Asked::waiting)
                                 .field("left", &Asked::left)
                                 .field("title", &Asked::title);
  return schema;
}

// The relations that a run looks at: those behind the one, up to the other.
struct Range {
  std::string behind;
  std::string until;  // empty: to the last
};

// By relation: the version that a note had when it was asked to say the title that there is now.
using Versions = std::map<std::string, std::int64_t>;

/// Looks at relations of one note, in one transaction, and asks for updates.
class Relinker {
 public:
  Relinker(const Rooms& rooms, db::Tx& tx, const Event& cause, const Uuid& run_id)
      : rooms_(rooms), tx_(tx), cause_(cause), run_id_(run_id), note_(*cause.aggregate_id) {}

  /// `former`: titles that the note had; none: its links to itself are not looked at. `before`:
  /// who was asked already to say the title `title`.
  Asked ask(const Range& range, const std::set<std::string>& former, const std::string& title,
            const Versions& before) {
    Asked asked{.behind = std::string(kEnd)};
    auto rows =
        tx_.query("SELECT name FROM note_names_data WHERE entity = $1 AND kind = 'title'", note_);
    if (!rows.next()) return asked;  // deleted
    title_ = rows.text(0);
    asked.title = title_;
    can_be_said_ = markdown::is_wiki_target(title_) && leads_here(title_);
    if (title_ == title) before_ = &before;
    look_at(asked, note_, note_.to_string(), own_targets(former));
    const auto relations = some_of(range);
    int looked_at = 0;
    for (const auto& [id, from, links] : relations) {
      if (!tx_.ok()) return asked;
      if (std::ranges::all_of(links, [&](const auto& link) { return leads_here(link); })) {
        asked.behind = id.to_string();
        continue;
      }
      if (++looked_at > kLookedAtACommit || asked.asked.size() >= kAskedACommit) return asked;
      asked.behind = id.to_string();
      std::vector<std::string> targets;
      std::optional<LinkRelations> of_note;  // looked up once, where it is asked for
      bool is_out_of_step = false;
      for (const auto& link : links) {
        if (leads_here(link)) continue;
        const auto said = targets_of(from, link, of_note);
        is_out_of_step |= said.empty();
        for (const auto& one : said) {
          if (std::ranges::find(targets, one) == targets.end()) targets.push_back(one);
        }
      }
      // Its text says something else: the run that brings the relation in step is on its way.
      if (is_out_of_step && targets.empty()) ++asked.waiting;
      look_at(asked, from, asked.behind, targets);
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
  std::vector<Relation> some_of(const Range& range) {
    std::vector<Relation> found;
    const auto from_id = note_.to_string();
    const auto last = Uuid::parse(range.behind).value_or(Uuid{});
    const auto until = Uuid::parse(range.until);
    auto rows = tx_.query(
        "SELECT id, f_toId, source, data FROM relations_data WHERE user_id = $1 AND f_fromId = $2 "
        "AND f_type = $3 AND id > $4 ORDER BY id LIMIT $5",
        cause_.user_id, from_id, kRelationType, last, kRelationsACommit);
    while (rows.next() && !(until && rows.uuid(0) > until)) {
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
  std::vector<std::string> targets_of(const Uuid& note, const std::string& target,
                                      std::optional<LinkRelations>& of_note) {
    std::vector<std::string> targets;
    for (auto& one : named_alike(note, target)) {
      if (one != target) {
        if (!of_note) of_note = relations_of_links(tx_, cause_.user_id, note);
        if (of_note->has(one)) continue;
      }
      targets.push_back(std::move(one));
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

  // Its text says the title already, and means another note, as by an alias: two links would be
  // one then, and this note's would be gone.
  bool is_another_there(const Uuid& note) {
    const auto alike = named_alike(note, title_);
    return std::ranges::find(alike, title_) != alike.end() &&
           relations_of_links(tx_, cause_.user_id, note).lead_elsewhere(title_, note_);
  }

  void look_at(Asked& asked, const Uuid& note, const std::string& relation,
               const std::vector<std::string>& targets) {
    if (targets.empty()) return;
    if (!can_be_said_ || is_another_there(note)) {
      ++asked.left;
      return;
    }
    std::int64_t version = 0;
    {
      auto rows =
          tx_.query("SELECT state, pending, version FROM notes_data WHERE id = $1 AND user_id = $2",
                    note, cause_.user_id);
      if (!rows.next() || rows.view(0) == "deleting") return;
      if (rows.integer(1) > 0) {
        ++asked.waiting;
        return;
      }
      version = rows.integer(2);
    }
    if (was_in_vain(relation, version)) {
      asked.in_vain.push_back(note.to_string());
      return;
    }
    request_update(note, targets);
    asked.asked.push_back({note.to_string(), relation, version});
  }

  // No version but that of the update has come since: so its text cannot say the title, as where a
  // mark of Markdown in it means something beside what else is there.
  bool was_in_vain(const std::string& relation, std::int64_t version) const {
    if (before_ == nullptr) return false;
    const auto one = before_->find(relation);
    return one != before_->end() && version <= one->second + 1;
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
  const Versions* before_ = nullptr;
};

// What a run has done so far.
class Tally {
 public:
  void begin_round() {
    open = 0;
    left_ = 0;
    in_vain_.clear();
  }
  void add(const Asked& now) {
    if (now.title != title_) asked_before.clear();
    title_ = now.title;
    for (const auto& one : now.asked) {
      asked_.insert(one.id);
      asked_before[one.relation] = one.version;
    }
    in_vain_.insert(now.in_vain.begin(), now.in_vain.end());
    left_ += now.left;
    open += static_cast<std::int64_t>(now.asked.size()) + now.waiting;
  }
  const std::string& title() const { return title_; }
  std::int64_t changed() const {
    return static_cast<std::int64_t>(asked_.size() - in_vain_.size());
  }
  std::int64_t left() const { return left_ + static_cast<std::int64_t>(in_vain_.size()); }

  Versions asked_before;
  std::int64_t open = 0;  // notes of this round that are being changed

 private:
  std::string title_;
  std::set<std::string> asked_;
  std::set<std::string> in_vain_;  // of this round, as the next
  std::int64_t left_ = 0;
};

class Relinking final : public workers::EventHandler {
 public:
  Relinking(const Rooms& rooms, int parts_max) : rooms_(rooms), parts_max_(parts_max) {}
  std::string_view event_type() const override { return kLinksOutdated; }

  Task<Outcome> handle(const Event& event, Step& step) override {
    auto data = data_of(event, EventType<Json>{event.type});
    if (!data) co_return Outcome::failed_for_good(data.error());
    const std::string title((*data)->string_or("title", ""));
    const std::string begin((*data)->string_or("behind", ""));
    std::set<std::string> former = {title};
    Range range;
    Tally tally;
    std::chrono::milliseconds wait{0};
    int part = 0;
    int asking_rounds = 0;
    for (int round = 1;; ++round) {
      tally.begin_round();
      range.behind = begin;
      bool has_asked = false;
      for (int of_round = 1; range.behind != kEnd && of_round <= parts_max_; ++of_round) {
        // Those of before have looked at its links to itself.
        const bool is_first = of_round == 1 && begin.empty();
        auto asked = co_await step.commit(fmt::format("ask-{}", ++part), [&](db::Tx& tx) {
          return Relinker(rooms_, tx, event, step.run_id())
              .ask(range, is_first ? former : std::set<std::string>(), tally.title(),
                   tally.asked_before);
        });
        if (!asked) co_return Outcome::failed(asked.error());
        range.behind = asked->behind;
        has_asked = has_asked || !asked->asked.empty();
        if (!asked->title.empty()) former.insert(asked->title);
        tally.add(*asked);
      }
      // The further rounds are of the same notes.
      if (round == 1 && range.behind != kEnd) range.until = range.behind;
      asking_rounds += has_asked ? 1 : 0;
      const bool is_given_up = round == kRoundsMax || asking_rounds > kAskingRoundsMax;
      if (tally.open == 0 || is_given_up) break;
      wait = std::clamp(std::max(2 * wait, tally.open * kWaitForEach), kFirstWait, kLongestWait);
      co_await step.sleep(fmt::format("wait-{}", round), wait);
    }
    const auto before = [&](const char* name) {
      const Json* count = (*data)->find(name);
      return count != nullptr ? count->as_integer() : 0;
    };
    const auto changed = before("changed") + tally.changed();
    const auto left = before("left") + tally.left() + tally.open;
    co_return range.until.empty() ? co_await complete(event, step, changed, left)
                                  : co_await go_on(event, step, title, range.until, changed, left);
  }

 private:
  Task<Outcome> complete(const Event& event, Step& step, std::int64_t changed,
                         std::int64_t left) const {
    Json data = Json::object({{"changed", changed}});
    if (left > 0) data.set("left", left);
    co_return co_await publish(event, step, kLinksRenewed, data);
  }

  Task<Outcome> go_on(const Event& event, Step& step, const std::string& title,
                      const std::string& behind, std::int64_t changed, std::int64_t left) const {
    co_return co_await publish(
        event, step, kLinksOutdated,
        Json::object({{"title", title}, {"behind", behind}, {"changed", changed}, {"left", left}}));
  }

  Task<Outcome> publish(const Event& event, Step& step, std::string_view type,
                        const Json& data) const {
    auto said = rooms_.types.make(type, data.dump(), caused_by(event, step.run_id()));
    if (!said) co_return Outcome::failed_for_good(said.error());
    co_return co_await step.finish("publish-completion",
                                   [&](db::Tx& tx) { rooms_.log.append(tx, {.events = {*said}}); });
  }

  const Rooms& rooms_;
  const int parts_max_;
};

}  // namespace

void add_relinking(const Rooms& rooms, int parts_max) {
  rooms.workers.add("notes.relink", std::make_unique<Relinking>(rooms, parts_max),
                    {.appends = {std::string(kLinksRenewed), std::string(kLinksOutdated),
                                 "note.update.requested"}});
}

}  // namespace synap::features::links
