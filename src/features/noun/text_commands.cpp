// The commands of a noun with a text. Each decides, appends one `.requested` event and answers
// "pending"; the handlers do the rest.
#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/crypto.h"
#include "events/reason.h"
#include "events/trace.h"
#include "features/noun/command_input.h"

namespace synap::features {
namespace {

using api::Session;
using events::EventType;
using rpc::Effects;
using Take = UntypedObjectSchema::Take;

// A command in the making: its ids, and the file that was put for it before its event is appended.
struct Draft {
  Draft(const NounParts& the_parts, const Session& the_session, const CommandExtras& the_extras)
      : parts(the_parts), session(the_session), extras(the_extras), entity_id(the_extras.id) {}

  const NounParts& parts;
  const Session& session;
  const CommandExtras& extras;
  Uuid entity_id;
  Uuid request_id = parts.rooms.types.world().new_id();
  std::optional<content::ContentKey> stored;
  bool is_new = false;       // the entity is
  bool is_new_here = false;  // and its id was made for it, so nobody else can have it
};

// The text of a command, as its event has it: a short one rides in the event, and the worker stores
// it; a longer one is stored here, once and under its final name.
Task<Result<Json>> place_text(Draft& draft, std::string text) {
  if (text.size() <= kInlineTextBytesMax) {
    Json inline_text = Json::object();
    inline_text.as_object().emplace_back("content", std::move(text));
    co_return inline_text;
  }
  const auto& options = draft.parts.options;
  auto key = text_key(draft.session.user_id(), options.name, draft.entity_id,
                      draft.is_new ? std::nullopt : std::optional(draft.request_id),
                      options.text->extension);
  if (!key) co_return fail(key.error());
  auto preview = preview_of(text);
  draft.stored = *key;
  auto stored = co_await put_text(draft.parts.rooms.content, *key, std::move(text));
  if (!stored) co_return fail(stored.error());
  co_return Json::object({{"file", file_json(*stored)}, {"preview", std::move(preview)}});
}

using DecideInTx = std::function<void(db::Tx&)>;

Task<Result<std::string>> request(Draft& draft, std::string_view action, Json data,
                                  DecideInTx decide) {
  const auto& parts = draft.parts;
  Result<Submitted> submitted = fail(Code::kInternalServerError, "");
  auto envelope =
      requested_by(draft.session, draft.request_id, draft.entity_id, parts.options.name);
  envelope.starts_stream = draft.is_new_here;
  if (!draft.extras.batch.empty()) {
    envelope.metadata = Json::object({{std::string(kBatch), draft.extras.batch}}).dump();
    events::set_reason(envelope, draft.session.reason);
    events::set_trace(envelope, draft.session.trace);
  }
  auto event = parts.rooms.types.make(EventType<Json>{parts.type(action, "requested")},
                                      std::move(data), std::move(envelope));
  if (event) {
    submitted = co_await submit(parts.rooms, {.event = std::move(*event),
                                              .decide = std::move(decide),
                                              .idempotency_key = draft.extras.key,
                                              .fingerprint_of = draft.extras.fingerprint});
  } else {
    submitted = fail(event.error());
  }
  // Nothing mentions the file of a command that was refused, or of a repeat. If this fails too, the
  // sweep finds it.
  if (draft.stored && (!submitted || submitted->is_repeat)) {
    std::ignore = co_await parts.rooms.content.remove(*draft.stored);
  }
  if (!submitted) co_return fail(submitted.error());
  co_return json_text(submitted->accepted);
}

// The fields of a new thing in their order: those that were given, those that follow from the text,
// and those that have a default.
Json with_derived(const NounParts& parts, Json given, std::string_view text) {
  Json fields = Json::object();
  fields.as_object().reserve(parts.fields.node().fields.size());
  Json named = Json::array();
  for (const auto& field : parts.fields.node().fields) {
    const auto& derived = parts.options.text->derived;
    const auto& large = parts.options.large;
    const auto rule = std::ranges::find(derived, field.name, &TextOptions::Derived::field);
    if (Json* value = given.find(field.name)) {
      fields.as_object().emplace_back(field.name, std::move(*value));
      if (rule != derived.end()) named.push_back(field.name);
    } else if (rule != derived.end()) {
      fields.as_object().emplace_back(field.name, rule->from(text));
    } else if (field.presence == SchemaField::Presence::kDefaulted &&
               std::ranges::find(large, field.name) == large.end()) {
      fields.as_object().emplace_back(field.name, field.default_value);
    }
  }
  if (!named.as_array().empty()) fields.set(kGiven, std::move(named));
  for (const auto name : {kCreatedAt, kUpdatedAt}) {
    if (const Json* at = given.find(name)) fields.set(name, *at);
  }
  return fields;
}

// Times of elsewhere may lie in the past. A day's grace is for clocks and zones that differ.
Result<> check_times(const NounParts& parts, const Json& input) {
  constexpr std::int64_t kDayMs = 24 * 60 * 60 * 1000;
  const auto latest = parts.rooms.types.world().unix_ms() + kDayMs;
  std::optional<std::int64_t> created;
  for (const auto name : {kCreatedAt, kUpdatedAt}) {
    const auto at = parse_iso8601(input.string_or(name, ""));
    if (!at) continue;
    if (*at > latest) return fail(Code::kBadRequest, fmt::format("{}: it is yet to come", name));
    if (created && *at < *created) {
      return fail(Code::kBadRequest, fmt::format("{}: it is before {}", name, kCreatedAt));
    }
    if (name == kCreatedAt) created = at;
  }
  return {};
}

// An id begins with the time at which the thing was made, and lists that are in the order of
// creation go by it: so one that was made elsewhere, earlier, has its place among them. Of one time
// the order is that in which they came; before 1970, where ids have no time, it is that of their
// times.
Uuid id_of_new(const NounParts& parts, const Json& input) {
  auto& world = parts.rooms.types.world();
  auto id = world.new_id();
  const auto said = parse_iso8601(input.string_or(kCreatedAt, input.string_or(kUpdatedAt, "")));
  if (!said) return id;
  constexpr std::int64_t kEarliestMs = std::int64_t{1} << 46;  // before 1970: two thousand years
  constexpr std::uint64_t kPlaces = std::uint64_t{1} << 41;    // of milliseconds: until 2039
  const auto now = world.unix_ms();
  const auto since = *said >= 0 ? now : (std::max(*said, -kEarliestMs) + kEarliestMs) >> 6;
  const auto place = static_cast<std::uint64_t>(since) % kPlaces;
  id = Uuid::derived(std::clamp<std::int64_t>(*said, 0, now), id.raw());
  // Version and variant stay; 33 bits of the hash are left to tell apart what came in one
  // millisecond.
  id.bytes[6] = static_cast<std::uint8_t>(0x70 | place >> 37);
  id.bytes[7] = static_cast<std::uint8_t>(place >> 29);
  id.bytes[8] = static_cast<std::uint8_t>(0x80 | (place >> 23 & 0x3f));
  id.bytes[9] = static_cast<std::uint8_t>(place >> 15);
  id.bytes[10] = static_cast<std::uint8_t>(place >> 7);
  id.bytes[11] = static_cast<std::uint8_t>((place & 0x7f) << 1 | (id.bytes[11] & 1));
  return id;
}

Json event_data(std::optional<Json> text, Json fields) {
  Json data = Json::object();
  data.as_object().reserve(fields.as_object().size() + 1);
  if (text) data.as_object().emplace_back("text", std::move(*text));
  for (auto& member : fields.as_object()) data.as_object().push_back(std::move(member));
  return data;
}

// What a new thing is made of: its text, and the file in which that is already, of an upload.
struct Made {
  std::string text;
  std::optional<StoredText> file = std::nullopt;
  Uuid id = {};  // of the upload, and of the thing then
};

Task<Result<std::string>> create_of(std::shared_ptr<NounParts> parts, Session session,
                                    CommandExtras extras, Json input, Made made) {
  Draft draft(*parts, session, extras);
  if (auto checked = check_times(*parts, input); !checked) co_return fail(checked.error());
  const bool is_uploaded = made.file.has_value();
  draft.entity_id = is_uploaded ? made.id : id_of_new(*parts, input);
  draft.is_new = true;
  draft.is_new_here = !is_uploaded;
  auto fields = with_derived(*parts, std::move(input), made.text);
  normalize_tags(*parts, fields);
  DecideInTx decide;
  if (is_uploaded || !parts->options.references.empty()) {
    decide = [&, is_uploaded](db::Tx& tx) {
      const auto tenancy = events::Tenancy::of_user(session.user_id());
      if (is_uploaded && parts->rooms.log.newest(tx, tenancy, draft.entity_id) != nullptr) {
        return tx.abort({Code::kConflict,
                         fmt::format("A {} was made of this upload already", parts->options.name),
                         nullptr});
      }
      check_references(*parts, tx, session.user_id(), fields);
    };
  }
  Result<Json> text = Json();
  if (is_uploaded) {
    text = Json::object({{"file", file_json(*made.file)}, {"preview", preview_of(made.text)}});
  } else {
    text = co_await place_text(draft, std::move(made.text));
  }
  if (!text) co_return fail(text.error());
  auto data = decide ? event_data(std::move(*text), fields)
                     : event_data(std::move(*text), std::move(fields));
  co_return co_await request(draft, "creation", std::move(data), std::move(decide));
}

Task<Result<std::string>> create(std::shared_ptr<NounParts> parts, Session session,
                                 CommandExtras extras, Json input) {
  Json content = take(input, "content");
  co_return co_await create_of(std::move(parts), std::move(session), std::move(extras),
                               std::move(input), {std::move(content.as_string())});
}

// What the first command with this idempotency key was answered; nothing: this is the first. An
// upload ends, and an answer that was given does not: so the bucket is not asked before.
Task<Result<std::optional<std::string>>> first_answer(const NounParts& parts,
                                                      const Session& session,
                                                      const CommandExtras& extras, Json input) {
  if (extras.key.empty()) co_return std::nullopt;
  const auto id = parts.rooms.types.world().new_id();
  auto fields = with_derived(parts, std::move(input), "");
  normalize_tags(parts, fields);
  auto event =
      parts.rooms.types.make(EventType<Json>{parts.type("creation", "requested")},
                             event_data(Json::object({{"content", ""}}), std::move(fields)),
                             requested_by(session, id, id, parts.options.name));
  if (!event) co_return fail(event.error());
  bool is_first = false;
  auto submitted = co_await submit(
      parts.rooms, {.event = *std::move(event),
                    .decide =
                        [&is_first](db::Tx& tx) {
                          is_first = true;
                          tx.abort({Code::kPreconditionFailed, "Only the key is looked at"});
                        },
                    .idempotency_key = extras.key,
                    .fingerprint_of = extras.fingerprint});
  if (is_first) co_return std::nullopt;
  if (!submitted) co_return fail(submitted.error());
  co_return json_text(submitted->accepted);
}

Task<Result<std::string>> create_uploaded(std::shared_ptr<NounParts> parts, Session session,
                                          CommandExtras extras, Json input) {
  const Json upload = take(input, "upload");
  auto first = co_await first_answer(*parts, session, extras, input);
  if (!first) co_return fail(first.error());
  if (*first) co_return std::move(**first);
  const auto id = Uuid::parse(upload.string_or("id", "")).value_or(Uuid{});
  auto found = co_await uploaded_text(*parts, session.user_id(), id, upload);
  if (!found) co_return fail(found.error());
  co_return co_await create_of(
      std::move(parts), std::move(session), std::move(extras), std::move(input),
      {.text = std::move(found->text), .file = std::move(found->file), .id = id});
}

// Takes the fields out of a change that are null and would follow from the text: their names.
Json take_following(const NounParts& parts, Json& input) {
  Json names = Json::array();
  for (const auto& [name, from] : parts.options.text->derived) {
    const Json* value = input.find(name);
    if (value == nullptr || !value->is_null()) continue;
    std::ignore = take(input, name);
    names.push_back(name);
  }
  return names;
}

struct Standing {
  std::int64_t version = 0;
  std::int64_t pending = 0;
  std::string state;
};

// How a thing stands, or nothing if there is none. It has no row while it is being made and nothing
// else was asked of it: then that request is the newest event of its stream.
std::optional<Standing> standing_of(const NounParts& parts, db::Tx& tx, const Uuid& id,
                                    const std::string& user) {
  {
    auto rows = tx.query(
        fmt::format("SELECT version, pending, state FROM {}_data WHERE id = $1 AND user_id = $2",
                    parts.options.plural),
        id, user);
    if (rows.next()) return Standing{rows.integer(0), rows.integer(1), rows.text(2)};
  }
  const auto newest = parts.rooms.log.newest(tx, events::Tenancy::of_user(user), id);
  if (newest == nullptr || newest->type != parts.type("creation", "requested")) {
    return std::nullopt;
  }
  return Standing{0, 0, std::string(kCreating)};
}

// Decides by what was asked for and is not settled yet: so a change can be asked for before the one
// before it is done, and costs the same after 10,000 of them.
DecideInTx may_change(const Draft& draft, const Json& fields) {
  return [&draft, &fields](db::Tx& tx) {
    const auto& parts = draft.parts;
    const auto& user = draft.session.user_id();
    const auto thing = standing_of(parts, tx, draft.entity_id, user);
    if (!thing || thing->state == kDeleting) return tx.abort(no_such(parts));
    const auto version = std::max<std::int64_t>(thing->version, 1) + thing->pending;
    const auto& expected = draft.extras.expected_version;
    if (expected && *expected != version) return tx.abort(other_version(version));
    check_references(parts, tx, user, fields);
  };
}

Task<Result<std::string>> update(std::shared_ptr<NounParts> parts, Session session,
                                 CommandExtras extras, Json input) {
  if (input.as_object().empty()) {
    co_return fail(Code::kBadRequest, "Nothing to change: give content or at least one field");
  }
  if (auto checked = check_times(*parts, input); !checked) co_return fail(checked.error());
  normalize_tags(*parts, input);
  auto following = take_following(*parts, input);
  Draft draft(*parts, session, extras);
  std::optional<Json> text;
  Json content = take(input, "content");
  if (content.is_string()) {
    auto placed = co_await place_text(draft, std::move(content.as_string()));
    if (!placed) co_return fail(placed.error());
    text = std::move(*placed);
  }
  auto data = event_data(std::move(text), input);
  if (!following.as_array().empty()) data.set(kFollowing, std::move(following));
  co_return co_await request(draft, "update", std::move(data), may_change(draft, input));
}

Task<Result<std::string>> remove(std::shared_ptr<NounParts> parts, Session session,
                                 CommandExtras extras, Json input) {
  Draft draft(*parts, session, extras);
  co_return co_await request(draft, "deletion", Json::object(), may_change(draft, input));
}

// A version of the past becomes the newest one: its text is in its file already.
Task<Result<std::string>> restore(std::shared_ptr<NounParts> parts, Session session,
                                  CommandExtras extras, Json input) {
  const Json wanted = *input.find("version");
  Draft draft(*parts, session, extras);
  auto past = co_await find_version(*parts, session, extras.id, wanted.as_integer());
  Result<std::string> text = fail(past ? Error{} : past.error());
  if (past) text = co_await text_in(parts->rooms, past->file);
  if (!text) {
    // It may be the repeat of one that was carried out when the version was still there.
    if (extras.key.empty()) co_return fail(text.error());
    co_return co_await request(draft, "update", Json::object(),
                               [error = text.error()](db::Tx& tx) { tx.abort(error); });
  }
  auto placed = Json::object({{"file", file_json(past->file)}, {"preview", preview_of(*text)}});
  // What it did not have then is taken away.
  for (const auto& field : parts->fields.node().fields) {
    if (past->state.find(field.name) == nullptr) past->state.set(field.name, nullptr);
  }
  // Those that its text had are in its text.
  if (parts->has_text_tags()) {
    auto given = past->text_tags.is_array()
                     ? given_tags_of(*parts, *past)
                     : past->state.find(parts->options.tags->field)->as_array();
    std::ignore = take(past->state, parts->options.tags->field);
    past->state.set(kOwnTags, Json(std::move(given)));
  }
  for (const auto& name : parts->options.unrestored) std::ignore = take(past->state, name);
  if (parts->has_derived()) past->state.set(kGiven, std::move(past->given));
  auto data = event_data(std::move(placed), past->state);
  co_return co_await request(draft, "update", std::move(data), may_change(draft, past->state));
}

StringSchema content_schema() {
  return string().min(1).max(kTextCharactersMax);
}

void add_import_words(const NounParts& parts, UntypedObjectSchema& input) {
  if (!parts.takes_imports()) return;
  constexpr std::size_t kBatchCharactersMax = 100;
  input.field(std::string(kCreatedAt), optional(string().datetime()), kCreatedAtDocs)
      .field(std::string(kUpdatedAt), optional(string().datetime()), kUpdatedAtDocs)
      .field(std::string(kBatch), optional(string().min(1).max(kBatchCharactersMax)),
             "The import that it is a part of: kept in the metadata of its events. A repeat of an "
             "idempotency key may have another.");
}

bool is_derived(const NounParts& parts, const std::string& field) {
  return std::ranges::any_of(parts.options.text->derived,
                             [&](const auto& derived) { return derived.field == field; });
}

// Of a change: what is absent stays as it is, and null is "none", or "from the text".
void add_changed_fields(const NounParts& parts, UntypedObjectSchema& input) {
  auto all = object("Changed");
  all.extend(parts.fields, Take::kPartial);
  const Schema partial(all);
  for (const auto& field : partial.node().fields) {
    const Schema schema(field.schema);
    if (is_derived(parts, field.name)) {
      input.field(field.name, optional(nullable(schema)), "null: it follows from the text again.");
    } else {
      input.field(field.name, optional(schema), field.docs);
    }
    if (parts.has_text_tags() && field.name == parts.options.tags->field) {
      input.field(
          std::string(kOwnTags), optional(schema),
          "The tags that are given, whatever the text has: instead of the tags, for those who "
          "know which are whose.");
    }
  }
}

// `text` is the member that has the text.
UntypedObjectSchema create_input(const NounParts& parts, std::string name, const char* member,
                                 const Schema& text, std::string docs) {
  auto input = object(std::move(name));
  input.field(member, text, std::move(docs));
  for (const auto& field : parts.fields.node().fields) {
    const Schema schema(field.schema);
    const bool is_required =
        field.presence == SchemaField::Presence::kRequired && !is_derived(parts, field.name);
    input.field(field.name, is_required ? schema : optional(schema), field.docs);
  }
  add_import_words(parts, input);
  return with_key(input);
}

}  // namespace

void add_text_commands(const std::shared_ptr<NounParts>& parts) {
  const auto& name = parts->options.name;
  const auto add = [&](const std::string& procedure, rpc::Meta meta, const Schema& input,
                       auto function) {
    meta.appends = {parts->type(action_of(procedure), "requested")};
    meta.reach = rpc::Reach::kPod;
    add_command(parts, procedure, std::move(meta), input, schema_of<Accepted>(), function);
  };
  rpc::Meta creation{
      .summary = fmt::format("Make a {}.", name),
      .docs = fmt::format("Answered when the command is on disk; requests.get and events.watch "
                          "tell when the {} is stored.",
                          name),
      .effects = Effects::kAppends};
  if (!parts->options.example.empty()) creation.examples = {{parts->options.example, ""}};
  add("create", creation,
      create_input(*parts, "Create" + parts->title(""), "content", content_schema(),
                   parts->options.text->docs),
      create);

  creation.summary = fmt::format("Make a {} of a text that was uploaded.", name);
  creation.docs = fmt::format(
      "The text is in the bucket: {}.upload has told where to put it. Its size and checksum are "
      "looked at before anything is made of it.",
      parts->options.plural);
  creation.examples = {{fmt::format(R"({{"upload":{{"id":"01980000-0000-7000-8000-000000000000",)"
                                    R"("size":11,"checksum":"{}"}}}})",
                                    to_hex(sha256("# Groceries"))),
                        ""}};
  creation.appends = {parts->type(action_of("create"), "requested")};
  add_command(parts, "createUploaded", std::move(creation),
              create_input(*parts, "Create" + parts->title("Uploaded"), "upload", upload_schema(),
                           "What was uploaded."),
              // Who may only propose can upload nothing, and an upload ends before most decisions.
              schema_of<Accepted>(), create_uploaded, Proposable::kNo);
  add_text_urls(parts);

  auto updated = change_input("Update" + parts->title(""));
  updated.field("content", optional(content_schema()), "Absent: stays as it is.");
  add_changed_fields(*parts, updated);
  add_import_words(*parts, updated);
  add("update",
      {.summary = fmt::format("Change a {}. What is absent stays as it is.", name),
       .effects = Effects::kIdempotent},
      with_extras(updated), update);

  auto removed = change_input("Delete" + parts->title(""));
  add("delete",
      {.summary = fmt::format("Delete a {}.", name),
       .docs = "Its events and its text are kept.",
       .effects = Effects::kDestroys},
      with_extras(removed), remove);

  auto restored = change_input("Restore" + parts->title(""));
  restored.field("version", integer().min(1), "The one to go back to.");
  add("restore",
      {.summary =
           fmt::format("Make an earlier version of a {} the newest one, text included.", name),
       .effects = Effects::kIdempotent},
      with_extras(restored), restore);
}

}  // namespace synap::features
