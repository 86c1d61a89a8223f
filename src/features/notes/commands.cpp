#include "features/notes/commands.h"

#include <algorithm>

#include "features/command.h"
#include "features/notes/events.h"
#include "features/notes/note_projection.h"
#include "features/notes/note_text.h"
#include "features/notes/versions.h"
#include "features/procedures.h"

namespace synap::features::notes {
namespace {

using api::Session;
using rpc::Effects;

// Characters, not bytes. The request body's limit is reached first by most texts of this length.
constexpr std::size_t kContentCharactersMax = 5'000'000;
constexpr std::size_t kTitleInputCharactersMax = 500;
constexpr std::size_t kTagCharactersMax = 100;
constexpr std::size_t kTagsMax = 100;
constexpr std::size_t kIdempotencyKeyCharactersMax = 200;

StringSchema content_schema() {
  return string().min(1).max(kContentCharactersMax);
}
StringSchema title_schema() {
  return string().min(1).max(kTitleInputCharactersMax);
}
ArraySchema tags_schema() {
  return array(string().min(1).max(kTagCharactersMax)).max(kTagsMax);
}
StringSchema idempotency_key_schema() {
  return string().min(1).max(kIdempotencyKeyCharactersMax);
}
constexpr auto kIdempotencyDocs =
    "Repeating a command with its key gives the first answer again, and no second note.";

struct CreateNote {
  std::string content;
  std::optional<std::string> title;
  std::optional<std::vector<std::string>> tags;
  std::optional<std::string> idempotency_key;
};
const ObjectSchema<CreateNote>& describe(Type<CreateNote>) {
  static const auto schema =
      object<CreateNote>("CreateNote")
          .field("content", &CreateNote::content, content_schema(), "The text, Markdown.")
          .field("title", &CreateNote::title, title_schema(),
                 "Default: the first line of the text.")
          .field("tags", &CreateNote::tags, tags_schema())
          .field("idempotencyKey", &CreateNote::idempotency_key, idempotency_key_schema(),
                 kIdempotencyDocs);
  return schema;
}

struct UpdateNote {
  std::string id;
  std::optional<std::string> content;
  std::optional<std::string> title;
  std::optional<std::vector<std::string>> tags;
  std::optional<std::int64_t> expected_version;
  std::optional<std::string> idempotency_key;
};
const ObjectSchema<UpdateNote>& describe(Type<UpdateNote>) {
  static const auto schema =
      object<UpdateNote>("UpdateNote")
          .field("id", &UpdateNote::id, string().uuid())
          .field("content", &UpdateNote::content, content_schema(), "Absent: stays as it is.")
          .field("title", &UpdateNote::title, title_schema(), "Absent: stays as it is.")
          .field("tags", &UpdateNote::tags, tags_schema(), "Absent: stay as they are.")
          .field("expectedVersion", &UpdateNote::expected_version, integer().min(1),
                 "Refused with CONFLICT unless the note has this version.")
          .field("idempotencyKey", &UpdateNote::idempotency_key, idempotency_key_schema(),
                 kIdempotencyDocs);
  return schema;
}

struct RestoreNote {
  std::string id;
  std::int64_t version = 0;
  std::optional<std::int64_t> expected_version;
  std::optional<std::string> idempotency_key;
};
const ObjectSchema<RestoreNote>& describe(Type<RestoreNote>) {
  static const auto schema =
      object<RestoreNote>("RestoreNote")
          .field("id", &RestoreNote::id, string().uuid())
          .field("version", &RestoreNote::version, integer().min(1), "The one to go back to.")
          .field("expectedVersion", &RestoreNote::expected_version, integer().min(1),
                 "Refused with CONFLICT unless the note has this version.")
          .field("idempotencyKey", &RestoreNote::idempotency_key, idempotency_key_schema(),
                 kIdempotencyDocs);
  return schema;
}

struct DeleteNote {
  std::string id;
  std::optional<std::int64_t> expected_version;
  std::optional<std::string> idempotency_key;
};
const ObjectSchema<DeleteNote>& describe(Type<DeleteNote>) {
  static const auto schema =
      object<DeleteNote>("DeleteNote")
          .field("id", &DeleteNote::id, string().uuid())
          .field("expectedVersion", &DeleteNote::expected_version, integer().min(1),
                 "Refused with CONFLICT unless the note has this version.")
          .field("idempotencyKey", &DeleteNote::idempotency_key, idempotency_key_schema(),
                 kIdempotencyDocs);
  return schema;
}

void remove_duplicates(std::vector<std::string>& tags) {
  std::vector<std::string> unique;
  for (auto& tag : tags) {
    if (std::find(unique.begin(), unique.end(), tag) == unique.end()) {
      unique.push_back(std::move(tag));
    }
  }
  tags = std::move(unique);
}

// A command in the making: its ids, and the file that was put for it before its event is appended.
struct Draft {
  const Rooms& rooms;
  const Session& session;
  Uuid entity_id;
  Uuid request_id = rooms.types.world().new_id();
  std::optional<content::ContentKey> stored = std::nullopt;
  bool is_new = false;  // the entity's id was made for it
};

// The name under which the text of this request is kept; nobody else ever uses it.
Result<content::ContentKey> text_key(const Draft& draft, bool is_first) {
  const auto note = draft.entity_id.to_string();
  const auto& user = draft.session.user_id();
  if (is_first) return content::ContentKey::make(user, kEntityType, note, kExtension);
  return content::ContentKey::make_version(user, kEntityType, note, draft.request_id.to_string(),
                                           kExtension);
}

// Short text rides in the event, and the worker stores it. Longer text is stored here, once and
// under its final name.
Task<Result<NoteText>> store_text(Draft& draft, bool is_first, std::string content) {
  NoteText text;
  if (content.size() <= kInlineTextBytesMax) {
    text.content = std::move(content);
    co_return text;
  }
  auto key = text_key(draft, is_first);
  if (!key) co_return fail(key.error());
  text.preview = preview_of(content);
  draft.stored = *key;
  auto stored = co_await draft.rooms.content.put(*key, std::move(content));
  if (!stored) co_return fail(stored.error());
  text.file = NoteFile{stored->path, stored->size, stored->checksum};
  co_return text;
}

template <class Data>
Task<Result<Accepted>> request(Draft& draft, const events::EventType<Data>& type, Data data,
                               std::function<void(db::Tx&)> decide, std::string key,
                               std::string fingerprint) {
  Result<Submitted> submitted = fail(Code::kInternalServerError, "");
  auto envelope =
      requested_by(draft.session, draft.request_id, draft.entity_id, std::string(kEntityType));
  envelope.starts_stream = draft.is_new;
  auto event = draft.rooms.types.make(type, std::move(data), std::move(envelope));
  if (event) {
    submitted = co_await submit(draft.rooms, {.event = std::move(*event),
                                              .decide = std::move(decide),
                                              .idempotency_key = std::move(key),
                                              .fingerprint_of = std::move(fingerprint)});
  } else {
    submitted = fail(event.error());
  }
  // Nothing mentions the file of a command that was refused, or of a repeat. If this fails too, the
  // sweep finds it.
  if (draft.stored && (!submitted || submitted->is_repeat)) {
    std::ignore = co_await draft.rooms.content.remove(*draft.stored);
  }
  if (!submitted) co_return fail(submitted.error());
  co_return std::move(submitted->accepted);
}

Task<Result<Accepted>> create(const Rooms& rooms, Session session, CreateNote input) {
  auto key = idempotency_of(session, input.idempotency_key);
  auto fingerprint = key.empty() ? std::string() : json_text(input);
  NoteCreationRequested requested;
  requested.title = input.title ? std::move(*input.title) : title_of(input.content);
  if (input.tags) requested.tags = std::move(*input.tags);
  remove_duplicates(requested.tags);
  Draft draft{rooms, session, rooms.types.world().new_id()};
  draft.is_new = true;
  auto text = co_await store_text(draft, true, std::move(input.content));
  if (!text) co_return fail(text.error());
  requested.text = std::move(*text);
  co_return co_await request(draft, kNoteCreationRequested, std::move(requested), nullptr,
                             std::move(key), std::move(fingerprint));
}

struct Standing {
  std::int64_t version = 0;
  std::int64_t pending = 0;
  std::string state;
};

// How a note stands, or nothing if there is none. It has no row while it is being made and nothing
// else was asked of it: then that request is the newest event of its stream.
std::optional<Standing> standing_of(const Rooms& rooms, db::Tx& tx, const Uuid& id,
                                    const std::string& user) {
  {
    auto rows = tx.query(
        "SELECT version, pending, state FROM notes_data WHERE id = $1 AND user_id = $2", id, user);
    if (rows.next()) return Standing{rows.integer(0), rows.integer(1), rows.text(2)};
  }
  const auto newest = rooms.log.newest(tx, events::Scope::of_user(user), id);
  if (newest == nullptr || newest->type != kNoteCreationRequested.name) return std::nullopt;
  return Standing{0, 0, std::string(kCreating)};
}

// Decides by what was asked for and is not settled yet: so a change can be asked for before the one
// before it is done, and costs the same after 10,000 of them.
std::function<void(db::Tx&)> may_change(const Rooms& rooms, Uuid id, std::string user_id,
                                        std::optional<std::int64_t> expected_version) {
  return [&rooms, id, user = std::move(user_id), expected_version](db::Tx& tx) {
    const auto note = standing_of(rooms, tx, id, user);
    if (!note || note->state == kDeleting) {
      return tx.abort({Code::kNotFound, "There is no such note", nullptr});
    }
    const auto version = std::max<std::int64_t>(note->version, 1) + note->pending;
    if (!expected_version || *expected_version == version) return;
    tx.abort({Code::kConflict, "The note has another version than the expected one",
              std::make_shared<Json>(Json::object({{"actualVersion", version}}))});
  };
}

Task<Result<Accepted>> update(const Rooms& rooms, Session session, UpdateNote input) {
  if (!input.content && !input.title && !input.tags) {
    co_return fail(Code::kBadRequest, "Nothing to change: give content, title or tags");
  }
  auto key = idempotency_of(session, input.idempotency_key);
  auto fingerprint = key.empty() ? std::string() : json_text(input);
  Draft draft{rooms, session, Uuid::parse(input.id).value_or(Uuid{})};
  NoteUpdateRequested requested;
  requested.title = std::move(input.title);
  requested.tags = std::move(input.tags);
  if (requested.tags) remove_duplicates(*requested.tags);
  if (input.content) {
    auto text = co_await store_text(draft, false, std::move(*input.content));
    if (!text) co_return fail(text.error());
    requested.text = std::move(*text);
  }
  co_return co_await request(
      draft, kNoteUpdateRequested, std::move(requested),
      may_change(rooms, draft.entity_id, session.user_id(), input.expected_version), std::move(key),
      std::move(fingerprint));
}

Task<Result<Accepted>> remove(const Rooms& rooms, Session session, DeleteNote input) {
  auto key = idempotency_of(session, input.idempotency_key);
  auto fingerprint = key.empty() ? std::string() : json_text(input);
  Draft draft{rooms, session, Uuid::parse(input.id).value_or(Uuid{})};
  co_return co_await request(
      draft, kNoteDeletionRequested, NoteDeletionRequested{},
      may_change(rooms, draft.entity_id, session.user_id(), input.expected_version), std::move(key),
      std::move(fingerprint));
}

// A version of the past becomes the newest one: its text is in its file already.
Task<Result<Accepted>> restore(const Rooms& rooms, Session session, RestoreNote input) {
  auto key = idempotency_of(session, input.idempotency_key);
  auto fingerprint = key.empty() ? std::string() : json_text(input);
  Draft draft{rooms, session, Uuid::parse(input.id).value_or(Uuid{})};
  auto past = co_await version_of(rooms, session, draft.entity_id, input.version);
  Result<std::string> content = fail(past ? Error{} : past.error());
  if (past) content = co_await content_of(rooms, past->file);
  NoteUpdateRequested requested;
  if (!content) {
    // It may be the repeat of one that was carried out when the version was still there.
    if (key.empty()) co_return fail(content.error());
    auto refuse = [error = content.error()](db::Tx& tx) { tx.abort(error); };
    co_return co_await request(draft, kNoteUpdateRequested, std::move(requested), std::move(refuse),
                               std::move(key), std::move(fingerprint));
  }
  requested.title = std::move(past->title);
  requested.tags = std::move(past->tags);
  requested.text = NoteText{.file = std::move(past->file), .preview = preview_of(*content)};
  co_return co_await request(
      draft, kNoteUpdateRequested, std::move(requested),
      may_change(rooms, draft.entity_id, session.user_id(), input.expected_version), std::move(key),
      std::move(fingerprint));
}

}  // namespace

void add_commands(const Rooms& rooms) {
  const rpc::ErrorMeta no_such{Code::kNotFound, "You have no such note."};
  const rpc::ErrorMeta no_such_version{Code::kNotFound, "You have no such note or version."};
  const rpc::ErrorMeta changed{Code::kConflict, "The note has not the expectedVersion."};
  const rpc::ErrorMeta reused{Code::kConflict, "The idempotency key was used for something else."};
  add_mutation(rooms, "notes.create",
               {.summary = "Make a note.",
                .docs = "Answered when the command is on disk; requests.get and events.watch tell "
                        "when the note is stored.",
                .effects = Effects::kAppends,
                .errors = {reused},
                .examples = {{R"({"content":"# Groceries\n\n- milk","tags":["home"]})", ""}},
                .keeps_idempotency_keys = true},
               create);
  add_mutation(rooms, "notes.update",
               {.summary = "Change a note's text, title or tags.",
                .effects = Effects::kIdempotent,
                .errors = {no_such, changed, reused},
                .keeps_idempotency_keys = true},
               update);
  add_mutation(rooms, "notes.delete",
               {.summary = "Delete a note.",
                .docs = "Its events and its text are kept.",
                .effects = Effects::kDestroys,
                .errors = {no_such, changed, reused},
                .keeps_idempotency_keys = true},
               remove);
  add_mutation(rooms, "notes.restore",
               {.summary = "Make an earlier version the newest one: text, title and tags.",
                .effects = Effects::kIdempotent,
                .errors = {no_such_version, changed, reused},
                .keeps_idempotency_keys = true},
               restore);
}

}  // namespace synap::features::notes
