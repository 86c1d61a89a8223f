// Renaming, merging and removing a tag of a noun with a text, on all things of a user that have it.
// A run asks for an update of each, some in a commit, as a person would: so versions, search and
// links follow as they do from any update. What is being changed just now is left until that is
// done, and the run ends when nothing has the tag any more.
#include <fmt/format.h>

#include <algorithm>

#include "features/noun/command_input.h"
#include "workers/step.h"

namespace synap::features {
namespace {

using api::Session;
using events::Event;
using events::EventType;
using workers::Outcome;
using workers::Step;

constexpr std::int64_t kThingsACommit = 100;
// A run has a thousand steps at most.
constexpr int kPartsMax = 800;
constexpr int kRoundsMax = 40;
// So often a thing is asked for: where it has the tag again, somebody else has given it.
constexpr int kAskingRoundsMax = 3;
constexpr std::chrono::milliseconds kFirstWait{50};
constexpr std::chrono::milliseconds kLongestWait{30'000};
constexpr std::string_view kEnd = "end";

struct Asked {
  std::string behind;        // the id of the last thing that was looked at, or kEnd
  std::int64_t asked = 0;    // updates
  std::int64_t waiting = 0;  // things that are being changed
};
const ObjectSchema<Asked>& describe(Type<Asked>) {
  static const auto schema = object<Asked>("RetaggingPart")
                                 .field("behind", &Asked::behind)
                                 .field("asked", &Asked::asked)
                                 .field("waiting", &Asked::waiting);
  return schema;
}

// In the place of the one, if the other is not there already.
Json::Array renamed(const Json::Array& tags, const std::string& tag, const std::string& to) {
  Json::Array all;
  for (const auto& one : tags) {
    const Json next = one.as_string() == tag ? Json(to) : one;
    if (next.as_string().empty() || std::ranges::find(all, next) != all.end()) continue;
    all.push_back(next);
  }
  return all;
}

class Retagging final : public workers::EventHandler {
 public:
  explicit Retagging(std::shared_ptr<NounParts> parts)
      : parts_(std::move(parts)), requested_(parts_->type("retagging", "requested")) {}
  std::string_view event_type() const override { return requested_; }

  Task<Outcome> handle(const Event& event, Step& step) override {
    auto data = data_of(event, EventType<Json>{event.type});
    if (!data) co_return Outcome::failed_for_good(data.error());
    // As things have them: earlier versions asked for what somebody wrote.
    const auto tag = tag_form(*parts_, data.value()->string_or("tag", ""));
    const auto to = tag_form(*parts_, data.value()->string_or("to", ""));
    if (tag == to) co_return co_await complete(event, step, tag, {});
    std::int64_t changed = 0;
    std::int64_t left = 0;
    auto wait = kFirstWait;
    int part = 0;
    int asking_rounds = 0;
    for (int round = 1;; ++round) {
      Asked now;
      left = 0;
      const auto changed_before = changed;
      while (now.behind != kEnd) {
        if (++part > kPartsMax) co_return too_many(changed);
        auto asked = co_await step.commit(fmt::format("ask-{}", part), [&](db::Tx& tx) {
          return ask(tx, event, step.run_id(), tag, to, now.behind);
        });
        if (!asked) co_return Outcome::failed(asked.error());
        now = std::move(*asked);
        changed += now.asked;
        left += now.asked + now.waiting;
      }
      asking_rounds += changed > changed_before ? 1 : 0;
      if (left == 0 || round == kRoundsMax || asking_rounds > kAskingRoundsMax) break;
      co_await step.sleep(fmt::format("wait-{}", round), wait);
      wait = std::min(2 * wait, kLongestWait);
    }
    co_return co_await complete(event, step, tag,
                                {.changed = changed, .left = left, .is_renaming = !to.empty()});
  }

 private:
  Outcome too_many(std::int64_t changed) const {
    return Outcome::failed_for_good(
        {Code::kPreconditionFailed,
         fmt::format("{} {} were changed, and more have the tag: ask again for those", changed,
                     parts_->options.plural),
         nullptr});
  }

  Asked ask(db::Tx& tx, const Event& event, const Uuid& run_id, const std::string& tag,
            const std::string& to, const std::string& behind) const {
    struct Found {
      Uuid id;
      std::int64_t pending = 0;
      std::string data;
    };
    std::vector<Found> found;
    const auto& options = parts_->options;
    const auto last = Uuid::parse(behind).value_or(Uuid{});
    {
      auto rows = tx.query(
          fmt::format("SELECT t.entity, n.pending, n.data, n.state FROM {}_data AS t JOIN {}_data "
                      "AS n ON n.id = t.entity WHERE t.user_id = $1 AND t.{} = $2 AND t.entity > "
                      "$3 ORDER BY t.entity LIMIT $4",
                      tags_table(*parts_), options.plural, options.tags->one),
          event.user_id, tag, last, kThingsACommit);
      while (rows.next()) {
        const bool is_live = rows.view(3) == kLive;
        found.push_back(
            {rows.uuid(0).value_or(Uuid{}), is_live ? rows.integer(1) : 1, rows.text(2)});
      }
    }
    Asked asked{.behind = static_cast<std::int64_t>(found.size()) < kThingsACommit
                              ? std::string(kEnd)
                              : found.back().id.to_string()};
    for (const auto& [id, pending, data] : found) {
      const auto state = stored_state(*parts_, data);
      if (pending > 0 || !state) {
        ++asked.waiting;
        continue;
      }
      request_update(tx, event, run_id, id, retagged(tag_sources(*parts_, *state), tag, to));
      if (!tx.ok()) return asked;
      ++asked.asked;
    }
    return asked;
  }

  // What an update is to change. A tag that the text has is renamed there, if it can be.
  Json retagged(const TagSources& sources, const std::string& tag, const std::string& to) const {
    Json change = Json::object();
    auto given = renamed(sources.given, tag, to);
    if (std::ranges::find(sources.of_text, Json(tag)) != sources.of_text.end()) {
      Json present = Json::object({{"tag", tag}});
      if (!to.empty()) present.set("to", to);
      change.set("text", Json::object({{std::string(kPresentText), std::move(present)}}));
    }
    if (given == sources.given) return change;
    const bool is_noun_of_text = parts_->has_text_tags();
    change.set(is_noun_of_text ? std::string(kOwnTags) : parts_->options.tags->field,
               Json(std::move(given)));
    return change;
  }

  // A request of its own, whose text and failure are its own; the correlation is the renaming's.
  void request_update(db::Tx& tx, const Event& event, const Uuid& run_id, const Uuid& id,
                      Json data) const {
    auto envelope = caused_by(event, run_id);
    envelope.aggregate_id = id;
    envelope.aggregate_type = parts_->options.name;
    envelope.request_id = parts_->rooms.types.world().new_id();
    auto update = parts_->rooms.types.make(EventType<Json>{parts_->type("update", "requested")},
                                           std::move(data), std::move(envelope));
    if (!update) return tx.abort(update.error());
    parts_->rooms.log.append(tx, {.events = {*std::move(update)}});
  }

  struct Done {
    std::int64_t changed = 0;
    std::int64_t left = 0;
    bool is_renaming = false;
  };
  Task<Outcome> complete(const Event& event, Step& step, const std::string& tag, Done done) const {
    co_return co_await step.finish("publish-completion", [&, done](db::Tx& tx) {
      Json data = Json::object({{"tag", tag}, {"changed", done.changed}});
      if (done.left > 0) data.set("left", done.left);
      // A name that is wrong: whoever gave it is told of the ones that they may have meant.
      if (done.is_renaming && done.changed == 0 && done.left == 0) {
        if (auto below = tag_below(*parts_, tx, event.user_id, tag)) data.set("below", *below);
      }
      auto completed =
          parts_->rooms.types.make(EventType<Json>{parts_->type("retagging", "completed")},
                                   std::move(data), caused_by(event, step.run_id()));
      if (!completed) return tx.abort(completed.error());
      parts_->rooms.log.append(tx, {.events = {*std::move(completed)}});
    });
  }

  std::shared_ptr<NounParts> parts_;
  std::string requested_;
};

// As tags are written in texts: what stands behind the mark.
std::string without_mark(std::string_view tag) {
  const bool has_mark = tag.size() > 1 && tag.front() == '#';
  return std::string(tag.substr(has_mark ? 1 : 0));
}

// A mark, or spaces, and nothing else.
bool is_no_name(std::string_view tag) {
  return tag.find_first_not_of("# \t\r\n") == tag.npos;
}

// Without the mark, unless things have the tag with it, which somebody gave them so.
Task<Result<>> drop_marks(const NounParts& parts, std::string_view user_id, Json& input) {
  if (const Json* to = input.find("to"); to != nullptr && to->is_string()) {
    input.set("to", without_mark(to->as_string()));
  }
  const auto& tag = input.find("tag")->as_string();
  if (!tag.starts_with('#')) co_return Result<>{};
  auto is_had = co_await parts.rooms.database.read(
      [&](db::Tx& tx) { return has_tag(parts, tx, user_id, tag_form(parts, tag)); });
  if (!is_had) co_return fail(is_had.error());
  if (!*is_had) input.set("tag", without_mark(tag));
  co_return Result<>{};
}

Task<Result<std::string>> request(std::shared_ptr<NounParts> parts, Session session, Json input) {
  auto extras = take_extras(session, input);
  if (!extras) co_return fail(extras.error());
  if (auto done = co_await drop_marks(*parts, session.user_id(), input); !done) {
    co_return fail(done.error());
  }
  for (const auto* name : {"tag", "to"}) {
    const Json* given = input.find(name);
    if (given != nullptr && given->is_string())
      input.set(name, tag_form(*parts, given->as_string()));
  }
  if (const Json* to = input.find("to"); to != nullptr && *to == *input.find("tag")) {
    co_return fail(Code::kBadRequest, "to: it is the same tag");
  }
  if (const Json* to = input.find("to"); to != nullptr && is_no_name(to->as_string())) {
    co_return fail(Code::kBadRequest, "to: it is no name of a tag");
  }
  // Whether anything has the tag is for the run to find: what was accepted a moment ago may get it.
  const auto request_id = parts->rooms.types.world().new_id();
  auto envelope = requested_by(session, request_id, request_id, parts->options.tags->one);
  envelope.starts_stream = true;
  auto event = parts->rooms.types.make(EventType<Json>{parts->type("retagging", "requested")},
                                       std::move(input), std::move(envelope));
  if (!event) co_return fail(event.error());
  auto submitted = co_await submit(parts->rooms, {.event = std::move(*event),
                                                  .idempotency_key = extras->key,
                                                  .fingerprint_of = extras->fingerprint});
  if (!submitted) co_return fail(submitted.error());
  co_return json_text(submitted->accepted);
}

// A proposal may be read days later: what nothing has when it is made is a name that is wrong.
Task<Result<>> check_is_had(std::shared_ptr<NounParts> parts, std::string user_id, Json input) {
  if (auto done = co_await drop_marks(*parts, user_id, input); !done) {
    co_return fail(done.error());
  }
  const auto tag = tag_form(*parts, input.find("tag")->as_string());
  auto is_had = co_await parts->rooms.database.read(
      [&](db::Tx& tx) { return has_tag(*parts, tx, user_id, tag); });
  if (!is_had) co_return fail(is_had.error());
  if (*is_had) co_return Result<>{};
  co_return fail(Code::kNotFound,
                 fmt::format("tag: nothing has the {} {}", parts->options.tags->one, tag));
}

void add_procedure(const std::shared_ptr<NounParts>& parts, const std::string& name, rpc::Meta meta,
                   UntypedObjectSchema input) {
  meta.docs = fmt::format(
      "A run asks for an update of each, so each has a new version. Answered when the command is "
      "on "
      "disk; the completed event says how many were changed, and with left how many were not, "
      "since they were being changed all the time. What is still being made then is not among "
      "them. 0 changed: nothing had it.");
  meta.keeps_idempotency_keys = true;
  meta.may_be_proposed = true;
  meta.check_proposal = [parts](std::string user_id, Json input) {
    return check_is_had(parts, std::move(user_id), std::move(input));
  };
  meta.reach = rpc::Reach::kPod;
  meta.appends = {parts->type("retagging", "requested")};
  meta.errors.push_back({Code::kConflict,
                         "The idempotency key was used for something else, or is another than the "
                         "header's."});
  const auto prefix = parts->options.tags->field;
  api::add_untyped(parts->rooms.procedures, prefix + "." + name, rpc::Kind::kMutation,
                   std::move(meta), with_key(input), schema_of<Accepted>(),
                   [parts](Session session, Json asked) {
                     return request(parts, std::move(session), std::move(asked));
                   });
}

}  // namespace

void add_retagging(const std::shared_ptr<NounParts>& parts) {
  const auto& tags = *parts->options.tags;
  const auto& plural = parts->options.plural;
  auto asked = object(parts->title("RetaggingRequested"));
  asked.field("tag", string()).field("to", optional(string()), "Absent: the tag is taken away.");
  auto done = object(parts->title("RetaggingCompleted"));
  done.field("tag", optional(string()), "Absent in events of earlier versions.")
      .field("changed", integer().min(0), fmt::format("{} that had it.", capital(plural)))
      .field("left", optional(integer().min(1)),
             "Of those, so many have it still: they were being changed all the time.")
      .field("below", optional(string()),
             "Where nothing had a tag that was to be renamed: one below it that is had.");
  const auto add_type = [&](std::string_view suffix, const Schema& data, std::string docs) {
    parts->rooms.types.add(parts->type("retagging", suffix), data, std::move(docs),
                           {.needs_aggregate = true});
  };
  add_type("requested", asked,
           fmt::format("Somebody wants a {} to have another name on all {}.", tags.one, plural));
  add_type("completed", done, fmt::format("A {} was renamed or taken away.", tags.one));

  auto renaming = object("Rename" + capital(tags.one));
  renaming.field("tag", tag_schema(*parts), "Exactly as it is; a # before it is none of it.")
      .field("to", tag_schema(*parts),
             "Where there is one of this name, the two are one then. A # before it is left out.");
  add_procedure(parts, "rename",
                {.summary = fmt::format("Rename a {} on all your {}, or merge it into another one.",
                                        tags.one, plural),
                 .effects = rpc::Effects::kIdempotent,
                 .examples = {{R"({"tag":"hme","to":"home"})", ""}}},
                renaming);
  auto removing = object("Remove" + capital(tags.one));
  removing.field("tag", tag_schema(*parts), "Exactly as it is.");
  add_procedure(parts, "remove",
                {.summary = fmt::format("Take a {} away from all your {}.", tags.one, plural),
                 .effects = rpc::Effects::kDestroys,
                 .examples = {{R"({"tag":"home"})", ""}}},
                removing);
  parts->rooms.workers.add(
      parts->options.tags->field + ".retag", std::make_unique<Retagging>(parts),
      {.fulfills = true,
       .appends = {parts->type("retagging", "completed"), parts->type("update", "requested")}});
}

}  // namespace synap::features
