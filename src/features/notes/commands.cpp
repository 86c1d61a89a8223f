#include "features/notes/commands.h"

#include <set>

#include "api/procedures.h"
#include "features/command.h"
#include "features/notes/events.h"
#include "features/notes/note_table.h"

namespace synap::features::notes {
namespace {

using api::Session;

// Characters, not bytes. The request body's limit is reached first by most texts of this length.
constexpr std::size_t kContentCharactersMax = 5'000'000;
constexpr std::size_t kTitleInputCharactersMax = 500;
constexpr std::size_t kTagCharactersMax = 100;
constexpr std::size_t kTagsMax = 100;
constexpr std::size_t kIdempotencyKeyCharactersMax = 200;

// How often a command is decided anew because the note changed meanwhile, before the caller is
// told. Each time somebody else has got on, so this ends; but a change has two events, its request
// and its completion, and each of them can come in between: five were too few for four callers.
constexpr int kDecideAttemptsMax = 64;

StringSchema content_schema() { return string().min(1).max(kContentCharactersMax); }
StringSchema title_schema() { return string().min(1).max(kTitleInputCharactersMax); }
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

// Content-addressed, so that a repeat stores nothing new and no event's text is ever replaced.
Task<Result<Text>> store_text(const Rooms& rooms, const Session& session, std::string content) {
  Text text;
  text.checksum = to_hex(sha256(content));
  if (content.size() <= kInlineTextBytesMax) {
    text.content = std::move(content);
    co_return text;
  }
  auto key = content::ContentKey::make(session.user_id(), "texts", text.checksum, "md");
  if (!key) co_return fail(key.error());
  auto stored = co_await rooms.content.put(*key, std::move(content));
  if (!stored) co_return fail(stored.error());
  text.content_path = stored->path;
  co_return text;
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

template <class T>
std::string text_of(const T& value) {
  std::string text;
  encode(text, value);
  return text;
}

Task<Result<Accepted>> create(const Rooms& rooms, Session session, CreateNote input) {
  const auto fingerprint = text_of(input);
  NoteCreationRequested requested;
  requested.title = input.title ? std::move(*input.title) : title_of(input.content);
  if (input.tags) requested.tags = std::move(*input.tags);
  remove_duplicates(requested.tags);
  auto text = co_await store_text(rooms, session, std::move(input.content));
  if (!text) co_return fail(text.error());
  requested.text = std::move(*text);
  co_return co_await submit(rooms, session,
                            {.type = kNoteCreationRequested.name,
                             .data = text_of(requested),
                             .entity_id = Uuid::v7(),
                             .entity_type = "note",
                             .expected_version = {},
                             .idempotency_key = input.idempotency_key.value_or(""),
                             .fingerprint_of = fingerprint});
}

// A note as its stream tells it: so a change can be asked for before the one before it is done.
struct NoteState {
  bool exists = false;
  std::int64_t version = 0;         // of the note, as far as it was asked for
  std::int64_t stream_version = 0;  // of its stream
};

Task<Result<NoteState>> state_of(const Rooms& rooms, const Session& session, Uuid id) {
  auto stream = co_await rooms.log.read_stream(session.scope(), id);
  if (!stream) co_return fail(stream.error());
  NoteState state;
  // Updates that were given up do not count, unless they are tried again and come about after all.
  std::set<Uuid> given_up;
  for (const auto& event : *stream) {
    const auto request = event->request_id.value_or(event->id);
    state.stream_version = event->aggregate_version;
    if (event->type == kNoteCreationRequested.name) state = {true, 1, event->aggregate_version};
    if (event->type == kNoteUpdateRequested.name) ++state.version;
    if (event->type == kNoteDeletionRequested.name) state.exists = false;
    if (event->type == "note.update.failed" && given_up.insert(request).second) --state.version;
    if (event->type == kNoteUpdateCompleted.name && given_up.erase(request) > 0) ++state.version;
    if (event->type == "note.creation.failed") state.exists = false;
    if (event->type == "note.creation.completed") state.exists = true;
    if (event->type == "note.deletion.failed") state.exists = true;
  }
  co_return state;
}

// Decides on the note as it is and appends; decides again if it has changed in between.
Task<Result<Accepted>> change(const Rooms& rooms, Session session, std::string_view id_text,
                              std::optional<std::int64_t> expected_version, Command command) {
  const auto id = Uuid::parse(id_text);
  if (!id) co_return fail(Code::kNotFound, "There is no such note");
  Result<Accepted> accepted = fail(Code::kConflict, "");
  for (int attempt = 0; attempt < kDecideAttemptsMax; ++attempt) {
    auto state = co_await state_of(rooms, session, *id);
    if (!state) co_return fail(state.error());
    if (!state->exists) {
      // A repeat of a command that has been carried out must still be answered as the first.
      const bool may_be_repeat =
          !command.idempotency_key.empty() || !session.idempotency_key.empty();
      if (!may_be_repeat || state->version == 0) {
        co_return fail(Code::kNotFound, "There is no such note");
      }
    }
    Command now = command;
    now.entity_id = *id;
    now.entity_type = "note";
    // A note that is gone has no version that could be expected: only a repeat gets through.
    now.expected_version = state->exists ? state->stream_version : -1;
    if (state->exists && expected_version && *expected_version != state->version) {
      now.expected_version = -1;
    }
    accepted = co_await submit(rooms, session, std::move(now));
    if (accepted || accepted.error().code != Code::kConflict) co_return accepted;
    if (!state->exists) co_return fail(Code::kNotFound, "There is no such note");
    if (expected_version && *expected_version != state->version) {
      co_return fail(Error{
          Code::kConflict, "The note has another version than the expected one",
          std::make_shared<Json>(Json::object({{"actualVersion", state->version}}))});
    }
    // Without a version to compare, the conflict is one of an idempotency key.
    const bool is_stale =
        accepted.error().details != nullptr && accepted.error().details->find("actualVersion");
    if (!is_stale) co_return accepted;
  }
  co_return accepted;
}

Task<Result<Accepted>> update(const Rooms& rooms, Session session, UpdateNote input) {
  if (!input.content && !input.title && !input.tags) {
    co_return fail(Code::kBadRequest, "Nothing to change: give content, title or tags");
  }
  const auto fingerprint = text_of(input);
  NoteUpdateRequested requested;
  requested.title = std::move(input.title);
  requested.tags = std::move(input.tags);
  if (requested.tags) remove_duplicates(*requested.tags);
  if (input.content) {
    auto text = co_await store_text(rooms, session, std::move(*input.content));
    if (!text) co_return fail(text.error());
    requested.text = std::move(*text);
  }
  co_return co_await change(rooms, std::move(session), input.id, input.expected_version,
                            {.type = kNoteUpdateRequested.name,
                             .data = text_of(requested),
                             .entity_id = {},
                             .entity_type = {},
                             .expected_version = {},
                             .idempotency_key = input.idempotency_key.value_or(""),
                             .fingerprint_of = fingerprint});
}

Task<Result<Accepted>> remove(const Rooms& rooms, Session session, DeleteNote input) {
  const auto fingerprint = text_of(input);
  co_return co_await change(rooms, std::move(session), input.id, input.expected_version,
                            {.type = kNoteDeletionRequested.name,
                             .data = "{}",
                             .entity_id = {},
                             .entity_type = {},
                             .expected_version = {},
                             .idempotency_key = input.idempotency_key.value_or(""),
                             .fingerprint_of = fingerprint});
}

}  // namespace

void add_commands(const Rooms& rooms) {
  api::add_mutation<CreateNote, Accepted>(
      rooms.procedures, "notes.create", "Make a note.",
      [&rooms](Session session, CreateNote input) {
        return create(rooms, std::move(session), std::move(input));
      });
  api::add_mutation<UpdateNote, Accepted>(
      rooms.procedures, "notes.update", "Change a note's text, title or tags.",
      [&rooms](Session session, UpdateNote input) {
        return update(rooms, std::move(session), std::move(input));
      });
  api::add_mutation<DeleteNote, Accepted>(
      rooms.procedures, "notes.delete", "Delete a note. Its text and history are kept.",
      [&rooms](Session session, DeleteNote input) {
        return remove(rooms, std::move(session), std::move(input));
      });
}

}  // namespace synap::features::notes
