#include "features/notes/queries.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "api/procedures.h"
#include "base/clock.h"
#include "features/notes/events.h"

namespace synap::features::notes {
namespace {

using api::Session;

struct ListNotes {
  std::int64_t limit = 20;
  std::optional<std::string> cursor;
  std::optional<std::string> tag;
};
const ObjectSchema<ListNotes>& describe(Type<ListNotes>) {
  static const auto schema =
      object<ListNotes>("ListNotes")
          .field_or("limit", &ListNotes::limit, integer().min(1).max(100), 20)
          .field("cursor", &ListNotes::cursor, string().uuid().nullish(),
                 "The nextCursor of the page before.")
          .field("tag", &ListNotes::tag, string().min(1), "Only notes with this tag.");
  return schema;
}

struct Note {
  std::string id;
  std::string title;
  std::string preview;
  std::vector<std::string> tags;
  std::string created_at;
  std::string updated_at;
  std::string file_path;
  std::int64_t file_size = 0;
  std::string checksum;
  std::int64_t version = 0;
};
const ObjectSchema<Note>& describe(Type<Note>) {
  static const auto schema =
      object<Note>("Note")
          .field("id", &Note::id, string().uuid())
          .field("title", &Note::title)
          .field("preview", &Note::preview, string(), "The text's first 500 characters.")
          .field("tags", &Note::tags)
          .field("createdAt", &Note::created_at, string().datetime())
          .field("updatedAt", &Note::updated_at, string().datetime())
          .field("filePath", &Note::file_path, string(), "{userId}/note/{id}.md")
          .field("fileSize", &Note::file_size, integer(), "Bytes.")
          .field("checksum", &Note::checksum, string(), "SHA-256 of the text, hexadecimal.")
          .field("version", &Note::version, integer(), "1 when created, +1 with each update.");
  return schema;
}

struct NoteList {
  std::vector<Note> notes;
  std::int64_t total = 0;
  std::optional<std::string> next_cursor;
};
const ObjectSchema<NoteList>& describe(Type<NoteList>) {
  static const auto schema =
      object<NoteList>("NoteList")
          .field("notes", &NoteList::notes, array(schema_of<Note>()), "The newest first.")
          .field("total", &NoteList::total, integer(), "All that match, on every page.")
          .field("nextCursor", &NoteList::next_cursor, string().uuid(),
                 "Absent on the last page.");
  return schema;
}

struct GetNote {
  std::string id;
};
const ObjectSchema<GetNote>& describe(Type<GetNote>) {
  static const auto schema =
      object<GetNote>("GetNote").field("id", &GetNote::id, string().uuid());
  return schema;
}

// A Note and its content side by side: one object on the wire.
struct FullNote : Note {
  std::string content;
};
const ObjectSchema<FullNote>& describe(Type<FullNote>) {
  // A pointer to a member of Note, as one to the same member of the FullNote around it.
  const auto of_note = []<class M>(M Note::* member) -> M FullNote::* { return member; };
  static const auto schema =
      object<FullNote>("FullNote")
          .field("id", of_note(&Note::id), string().uuid())
          .field("title", of_note(&Note::title), string())
          .field("preview", of_note(&Note::preview), string(), "The text's first 500 characters.")
          .field("tags", of_note(&Note::tags), array(string()))
          .field("createdAt", of_note(&Note::created_at), string().datetime())
          .field("updatedAt", of_note(&Note::updated_at), string().datetime())
          .field("filePath", of_note(&Note::file_path), string(), "{userId}/note/{id}.md")
          .field("fileSize", of_note(&Note::file_size), integer(), "Bytes.")
          .field("checksum", of_note(&Note::checksum), string(),
                 "SHA-256 of the text, hexadecimal.")
          .field("version", of_note(&Note::version), integer(),
                 "1 when created, +1 with each update.")
          .field("content", &FullNote::content, string(), "The text, Markdown.");
  return schema;
}

#define SYNAP_NOTE_COLUMNS                                                                     \
  "notes.id, title, preview, tags, created_at, updated_at, file_path, file_size, checksum, " \
  "version"

void read_note(db::Rows& row, Note& note) {
  note.id = row.uuid(0).value_or(Uuid{}).to_string();
  note.title = row.text(1);
  note.preview = row.text(2);
  if (auto tags = parse_json(row.view(3))) {
    for (const auto& tag : tags->as_array()) note.tags.push_back(tag.as_string());
  }
  note.created_at = to_iso8601(row.integer(4));
  note.updated_at = to_iso8601(row.integer(5));
  note.file_path = row.text(6);
  note.file_size = row.integer(7);
  note.checksum = row.text(8);
  note.version = row.integer(9);
}

std::int64_t count(db::Rows rows) { return rows.next() ? rows.integer(0) : 0; }

Task<Result<NoteList>> list(const Rooms& rooms, Session session, ListNotes input) {
  // Ids begin with the time: their order is the order of creation.
  Uuid before;
  before.bytes.fill(0xff);
  if (input.cursor) before = Uuid::parse(*input.cursor).value_or(before);
  co_return co_await rooms.database.read_as(session.user_id(), [&](db::Tx& tx) {
    NoteList page;
    const auto limit = input.limit + 1;  // one more tells whether there is a next page
    auto rows =
        input.tag ? tx.query("SELECT " SYNAP_NOTE_COLUMNS
                             " FROM note_tags JOIN notes ON notes.id = note_tags.note "
                             "WHERE tag = $1 AND note < $2 ORDER BY note DESC LIMIT $3",
                             *input.tag, before, limit)
                  : tx.query("SELECT " SYNAP_NOTE_COLUMNS
                             " FROM notes WHERE id < $1 ORDER BY id DESC LIMIT $2",
                             before, limit);
    while (rows.next()) {
      if (static_cast<std::int64_t>(page.notes.size()) == input.limit) {
        page.next_cursor = page.notes.back().id;
        break;
      }
      read_note(rows, page.notes.emplace_back());
    }
    page.total = input.tag ? count(tx.query("SELECT count(*) FROM note_tags WHERE tag = $1",
                                            *input.tag))
                           : count(tx.query("SELECT count(*) FROM notes"));
    return page;
  });
}

// True if an update that has not come about asks for the text with this checksum: the file is written
// before the row, so it can be newer while the update is under way, or after it was given up.
Task<Result<bool>> is_asked_for(const Rooms& rooms, const Session& session, const Uuid& id,
                                const std::string& checksum) {
  auto stream = co_await rooms.log.read_stream(session.scope(), id);
  if (!stream) co_return fail(stream.error());
  std::map<Uuid, std::string> open;  // checksums by request
  for (const auto& event : *stream) {
    const auto request = event->request_id.value_or(event->id);
    if (event->type == kNoteUpdateCompleted.name) open.erase(request);
    if (event->type != kNoteUpdateRequested.name) continue;
    auto json = parse_json(event->data);
    if (!json) co_return fail(json.error());
    auto update = decode<NoteUpdateRequested>(std::move(*json));
    if (update && update->text) open[request] = update->text->checksum;
  }
  co_return std::any_of(open.begin(), open.end(),
                        [&](const auto& entry) { return entry.second == checksum; });
}

Task<Result<FullNote>> get(const Rooms& rooms, Session session, GetNote input) {
  const auto id = Uuid::parse(input.id).value_or(Uuid{});
  // Row and file are read one after the other, and an update may come in between: a second look
  // then finds both of it.
  for (int attempt = 0;; ++attempt) {
    auto found = co_await rooms.database.read_as(session.user_id(), [&](db::Tx& tx) {
      std::optional<FullNote> note;
      auto rows = tx.query("SELECT " SYNAP_NOTE_COLUMNS " FROM notes WHERE id = $1", id);
      if (rows.next()) read_note(rows, note.emplace());
      return note;
    });
    if (!found) co_return fail(found.error());
    if (!*found) co_return fail(Code::kNotFound, "There is no such note");
    FullNote note = std::move(**found);
    auto key = content::ContentKey::parse(note.file_path);
    if (!key) co_return fail(Code::kInternalServerError, "An internal error was logged");
    auto content = co_await rooms.content.get(*key);
    if (!content && content.error().code != Code::kNotFound) co_return fail(content.error());
    const auto checksum = content ? to_hex(sha256(*content)) : std::string();
    if (content && checksum == note.checksum) {
      note.content = std::move(*content);
      co_return note;
    }
    if (attempt == 0) continue;
    auto is_newer = co_await is_asked_for(rooms, session, id, checksum);
    if (content && is_newer && *is_newer) {
      note.checksum = checksum;
      note.file_size = static_cast<std::int64_t>(content->size());
      note.content = std::move(*content);
      co_return note;
    }
    fmt::print(stderr, "synap: the content of {} is {}\n", note.file_path,
               content ? "not what was stored" : "missing");
    co_return fail(Code::kInternalServerError,
                   "The stored text of this note is damaged: it does not match its checksum");
  }
}

}  // namespace

void add_queries(const Rooms& rooms) {
  api::add_query<ListNotes, NoteList>(
      rooms.procedures, "notes.list", "Notes, the newest first, page by page.",
      [&rooms](Session session, ListNotes input) {
        return list(rooms, std::move(session), std::move(input));
      });
  const auto get_note = [&rooms](Session session, GetNote input) {
    return get(rooms, std::move(session), std::move(input));
  };
  api::add_query<GetNote, FullNote>(rooms.procedures, "notes.get", "One note with its text.",
                                    get_note);
  api::add_query<GetNote, FullNote>(rooms.procedures, "notes.getById", "The same as notes.get.",
                                    get_note);
}

}  // namespace synap::features::notes
