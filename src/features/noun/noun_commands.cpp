// The commands of a noun. Each decides on the thing as it is, and appends what was asked for and
// what came of it in one commit, together with the row; if the thing has changed in between, it
// decides again.
#include <fmt/format.h>

#include <algorithm>

#include "events/trace.h"
#include "features/noun/command_input.h"

namespace synap::features {
namespace {

using api::Session;
using events::EventType;
using rpc::Effects;
using Take = UntypedObjectSchema::Take;

// How often a command is decided anew because the thing changed meanwhile, before the caller is
// told. Each time somebody else has got on, so this ends.
constexpr int kDecideAttemptsMax = 64;

// A change as a caller asks for it.
struct Change {
  std::string action;
  Json asked;  // data of the .requested event
  /// What the thing is to be; nothing: it is to be deleted.
  std::function<Result<std::optional<Json>>(const Json& now)> decide;
};

// One try at a command: the events of it, and what must be true in the transaction.
class Attempt {
 public:
  /// On a thing that is there.
  Attempt(const NounParts& parts, const Session& session, const Uuid& id)
      : parts_(parts), session_(session), id_(id) {}
  /// On a new one.
  Attempt(const NounParts& parts, const Session& session)
      : parts_(parts), session_(session), id_(parts.rooms.types.world().new_id()), is_new_(true) {}

  Result<> add_requested(const std::string& action, Json asked) {
    auto event = parts_.rooms.types.make(EventType<Json>{parts_.type(action, "requested")},
                                         std::move(asked), envelope());
    if (!event) return fail(event.error());
    append_.events.push_back(std::move(*event));
    return {};
  }
  Result<> add_completed(const std::string& action, std::int64_t version, const Json& state) {
    Json data = Json::object({{"entityId", id_.to_string()}, {"version", version}});
    for (const auto& [key, value] : state.as_object()) data.as_object().emplace_back(key, value);
    auto its = envelope();
    its.causation_id = append_.events.front().id();
    its.metadata.clear();  // why it was asked for, the request says
    events::set_trace(its, session_.trace);
    auto event = parts_.rooms.types.make(EventType<Json>{parts_.type(action, "completed")},
                                         std::move(data), std::move(its));
    if (!event) return fail(event.error());
    append_.events.push_back(std::move(*event));
    completed_.version = version;
    return {};
  }
  void set_decide(std::function<void(db::Tx&)> decide) { append_.decide = std::move(decide); }
  void set_relies_on(std::vector<events::Expectation> streams) {
    append_.expectations = std::move(streams);
  }

  Task<Result<Completed>> run(const CommandExtras& extras) {
    completed_.request_id = request_id_.to_string();
    completed_.entity_id = id_.to_string();
    if (!extras.key.empty()) {
      append_.idempotency = {extras.key,
                             sha256(append_.events.front().type() + '\n' + extras.fingerprint),
                             json_text(completed_)};
    }
    auto appended = co_await parts_.rooms.log.append(std::move(append_));
    if (!appended) co_return fail(appended.error());
    if (!appended->is_repeat) co_return completed_;
    auto answer = parse_json(appended->answer);
    if (!answer) co_return fail(answer.error());
    co_return decode<Completed>(std::move(*answer));
  }

 private:
  events::Envelope envelope() const {
    auto envelope = requested_by(session_, request_id_, id_, parts_.options.name);
    envelope.starts_stream = is_new_ && append_.events.empty();
    return envelope;
  }

  const NounParts& parts_;
  const Session& session_;
  Uuid id_;
  bool is_new_ = false;
  Uuid request_id_ = parts_.rooms.types.world().new_id();
  events::Append append_;
  Completed completed_;
};

using Made = NounOptions::Made;

// `before`: null of one that is created.
Task<Result<Made>> made_of(const NounParts& parts, const Session& session, const Json& fields,
                           const Json& before) {
  if (!parts.options.make) co_return Made{fields};
  co_return co_await parts.options.make(session, fields, before);
}

// Whether a command failed because what it was decided by is another now.
Task<bool> is_outdated(const NounParts& parts, const Session& session, const Json& fields,
                       const Json& before, const Made& made, const Result<Completed>& completed) {
  if (completed || completed.error().code != Code::kConflict || made.relies_on.empty()) {
    co_return false;
  }
  const auto now = co_await made_of(parts, session, fields, before);
  co_return !now ||
      !std::ranges::equal(now->relies_on, made.relies_on, [](const auto& one, const auto& other) {
        return one.aggregate_id == other.aggregate_id && one.version == other.version;
      });
}

// `made`: what the thing is to be, or why it cannot be. Then a command can only be the repeat of
// one that could, which the transaction tells.
Task<Result<Completed>> create_once(const NounParts& parts, const Session& session,
                                    const CommandExtras& extras, const Json& input,
                                    const Result<Made>& made) {
  if (!made && extras.key.empty()) co_return fail(made.error());
  Attempt attempt(parts, session);
  auto added = attempt.add_requested("creation", input);
  if (added && made) added = attempt.add_completed("creation", 1, made->fields);
  if (!added) co_return fail(added.error());
  if (made) attempt.set_relies_on(made->relies_on);
  if (!made) {
    attempt.set_decide([&](db::Tx& tx) { tx.abort(made.error()); });
  } else if (!parts.options.references.empty()) {
    attempt.set_decide([&](db::Tx& tx) { check_references(parts, tx, session.user_id(), input); });
  }
  co_return co_await attempt.run(extras);
}

Task<Result<std::string>> create(std::shared_ptr<NounParts> parts, Session session,
                                 CommandExtras extras, Json input) {
  normalize_tags(*parts, input);
  for (int attempt = 1;; ++attempt) {
    const auto made = co_await made_of(*parts, session, input, Json());
    auto completed = co_await create_once(*parts, session, extras, input, made);
    if (completed) co_return json_text(*completed);
    if (attempt < kDecideAttemptsMax && made &&
        co_await is_outdated(*parts, session, input, Json(), *made, completed)) {
      continue;
    }
    co_return fail(completed.error());
  }
}

// The command cannot be carried out as things are now; but it may be the repeat of one that was,
// and then it is answered as the first was.
Task<Result<Completed>> only_as_repeat(const NounParts& parts, const Session& session,
                                       const CommandExtras& extras, const Change& change,
                                       Error refusal) {
  if (extras.key.empty()) co_return fail(std::move(refusal));
  Attempt attempt(parts, session, extras.id);
  if (auto added = attempt.add_requested(change.action, change.asked); !added) {
    co_return fail(added.error());
  }
  attempt.set_decide([&](db::Tx& tx) { tx.abort(refusal); });
  co_return co_await attempt.run(extras);
}

// The fields of `then` that differ from `now`: a reference must be there when it is set, and may be
// left to what is gone since.
Json changed(const Json& now, const Json& then) {
  Json fields = Json::object();
  for (const auto& [name, value] : then.as_object()) {
    const Json* before = now.find(name);
    if (before == nullptr || !(*before == value)) fields.as_object().emplace_back(name, value);
  }
  return fields;
}

// Decides on `thing` and appends; `is_stale` tells that it changed before that was on disk.
Task<Result<Completed>> change_once(const NounParts& parts, const Session& session,
                                    const CommandExtras& extras, const Change& change,
                                    const Thing& thing, bool& is_stale) {
  // A wrong version refuses everything but a repeat, so only the transaction can say.
  const bool is_expected = !extras.expected_version || *extras.expected_version == thing.version;
  auto then = is_expected ? change.decide(thing.state) : std::optional<Json>();
  Made made;
  const auto wanted = then ? *then : std::nullopt;
  if (wanted) {
    auto its = co_await made_of(parts, session, *wanted, thing.state);
    if (its) made = std::move(*its);
    then = its ? Result<std::optional<Json>>(made.fields) : fail(its.error());
  }
  if (!then) co_return co_await only_as_repeat(parts, session, extras, change, then.error());
  Attempt attempt(parts, session, extras.id);
  auto added = attempt.add_requested(change.action, change.asked);
  if (added && is_expected) {
    added = attempt.add_completed(change.action, thing.version + (*then ? 1 : 0),
                                  *then ? **then : Json::object());
  }
  if (!added) co_return fail(added.error());
  attempt.set_relies_on(made.relies_on);
  attempt.set_decide([&](db::Tx& tx) {
    auto rows = tx.query(fmt::format("SELECT version FROM {}_data WHERE id = $1 AND user_id = $2",
                                     parts.options.plural),
                         extras.id, session.user_id());
    if (!rows.next()) return tx.abort(no_such(parts));
    const auto actual = rows.integer(0);
    if (actual != thing.version) is_stale = true;
    if (is_stale || !is_expected) return tx.abort(other_version(actual));
    if (*then) check_references(parts, tx, session.user_id(), changed(thing.state, **then));
  });
  auto completed = co_await attempt.run(extras);
  if (wanted && co_await is_outdated(parts, session, *wanted, thing.state, made, completed)) {
    is_stale = true;
  }
  co_return completed;
}

Task<Result<std::string>> change_thing(const NounParts& parts, const Session& session,
                                       const CommandExtras& extras, const Change& change) {
  Result<Completed> completed = fail(no_such(parts));
  for (int attempt = 0; attempt < kDecideAttemptsMax; ++attempt) {
    auto thing = co_await find_thing(parts, session, extras.id);
    bool is_stale = false;
    if (thing) {
      completed = co_await change_once(parts, session, extras, change, *thing, is_stale);
    } else if (thing.error().code == Code::kNotFound) {
      completed = co_await only_as_repeat(parts, session, extras, change, no_such(parts));
    } else {
      completed = fail(thing.error());
    }
    if (!is_stale) break;
  }
  if (!completed) co_return fail(completed.error());
  co_return json_text(*completed);
}

Task<Result<std::string>> update(std::shared_ptr<NounParts> parts, Session session,
                                 CommandExtras extras, Json input) {
  if (input.as_object().empty()) {
    co_return fail(Code::kBadRequest, "Nothing to change: give at least one field");
  }
  normalize_tags(*parts, input);
  co_return co_await change_thing(
      *parts, session, extras,
      {"update", input, [&](const Json& now) -> Result<std::optional<Json>> {
         Json patch = input;
         for (const auto& name : parts->options.merged) {
           Json* members = patch.find(name);
           const Json* before = now.find(name);
           if (members != nullptr && before != nullptr) *members = patched(*before, *members);
         }
         return patched(now, patch);
       }});
}

Task<Result<std::string>> remove(std::shared_ptr<NounParts> parts, Session session,
                                 CommandExtras extras, Json input) {
  co_return co_await change_thing(
      *parts, session, extras,
      {"deletion", Json::object(),
       [](const Json&) -> Result<std::optional<Json>> { return std::nullopt; }});
}

Task<Result<std::string>> restore(std::shared_ptr<NounParts> parts, Session session,
                                  CommandExtras extras, Json input) {
  const Json wanted = *input.find("version");
  auto past = co_await find_version(*parts, session, extras.id, wanted.as_integer());
  if (!past) {
    auto first = co_await only_as_repeat(*parts, session, extras, {"update", Json::object(), {}},
                                         past.error());
    if (!first) co_return fail(first.error());
    co_return json_text(*first);
  }
  co_return co_await change_thing(
      *parts, session, extras,
      {"update", past->state,
       [&](const Json&) -> Result<std::optional<Json>> { return past->state; }});
}

// At once: nobody else has to do anything.
std::vector<std::string> appended_by(const NounParts& parts, std::string_view action) {
  return {parts.type(action, "requested"), parts.type(action, "completed")};
}

rpc::Meta meta_of(std::string summary, Effects effects) {
  return {.summary = std::move(summary), .effects = effects, .reach = rpc::Reach::kPod};
}

// Of a noun whose updates give members of fields: those of the creation. Others' examples follow
// from their schemas.
std::vector<rpc::Example> update_examples(const NounOptions& options) {
  const auto creation = parse_json(options.example.empty() ? "{}" : options.example);
  Json shown = Json::object({{"id", "01890a5d-ac96-774b-bcce-b302099a8057"}});
  for (const auto& name : options.merged) {
    const Json* value = creation ? creation->find(name) : nullptr;
    if (value != nullptr) shown.set(name, *value);
  }
  if (shown.as_object().size() == 1) return {};
  return {{shown.dump(), ""}};
}

}  // namespace

std::string_view action_of(std::string_view procedure) {
  if (procedure == "create") return "creation";
  return procedure == "delete" ? "deletion" : "update";
}

// What is given replaces what was; null takes away.
Json patched(const Json& now, const Json& patch) {
  Json then = Json::object();
  for (const auto& [key, value] : now.as_object()) {
    if (patch.find(key) == nullptr) then.as_object().emplace_back(key, value);
  }
  for (const auto& [key, value] : patch.as_object()) {
    if (!value.is_null()) then.as_object().emplace_back(key, value);
  }
  return then;
}

void add_noun_commands(const std::shared_ptr<NounParts>& parts) {
  const auto one = parts->one();
  const auto add = [&](const std::string& procedure, rpc::Meta meta, const Schema& input,
                       auto function) {
    meta.appends = appended_by(*parts, action_of(procedure));
    add_command(parts, procedure, std::move(meta), input, schema_of<Completed>(), function);
  };
  auto created = object("Create" + parts->title(""));
  auto meta = meta_of(fmt::format("Make {}.", one), Effects::kAppends);
  if (!parts->options.example.empty()) meta.examples = {{parts->options.example, ""}};
  add("create", std::move(meta), with_key(created.extend(parts->taken)), create);

  auto updated = change_input("Update" + parts->title(""));
  updated.extend(parts->changeable, Take::kPartial);
  auto changing =
      meta_of(fmt::format("Change {}. What is absent stays as it is.", one), Effects::kIdempotent);
  changing.examples = update_examples(parts->options);
  add("update", std::move(changing), with_extras(updated), update);

  auto removed = change_input("Delete" + parts->title(""));
  add("delete", meta_of(fmt::format("Delete {}. Its events are kept.", one), Effects::kDestroys),
      with_extras(removed), remove);

  auto restored = change_input("Restore" + parts->title(""));
  restored.field("version", integer().min(1), "The one to go back to.");
  add("restore",
      meta_of(fmt::format("Make an earlier version of {} the newest one.", one),
              Effects::kIdempotent),
      with_extras(restored), restore);
}

void add_noun_change(const std::shared_ptr<NounParts>& parts, const ChangeOptions& options,
                     const Schema& input, NounCore::Decide decide) {
  add_noun_change_events(*parts, options, input);
  auto asked = change_input(capital(options.procedure) + parts->title(""));
  asked.extend(input);
  auto meta = meta_of(options.summary, options.effects);
  meta.appends = appended_by(*parts, options.action);
  add_command(parts, options.procedure, std::move(meta), with_extras(asked), schema_of<Completed>(),
              [action = options.action, decide = std::move(decide)](
                  std::shared_ptr<NounParts> its, Session session, CommandExtras extras,
                  Json given) -> Task<Result<std::string>> {
                co_return co_await change_thing(
                    *its, session, extras,
                    {action, given, [&](const Json& now) -> Result<std::optional<Json>> {
                       auto then = decide(now, given);
                       if (!then) return fail(then.error());
                       return std::move(*then);
                     }});
              });
}

}  // namespace synap::features
