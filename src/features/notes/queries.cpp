#include "features/notes/queries.h"

#include "base/clock.h"
#include "features/notes/note_projection.h"
#include "features/notes/note_text.h"
#include "features/notes/versions.h"
#include "features/procedures.h"

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
          .field("filePath", &Note::file_path, string(), "Where its text is.")
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
          .field("nextCursor", &NoteList::next_cursor, string().uuid(), "Absent on the last page.");
  return schema;
}

struct GetNote {
  std::string id;
  std::optional<std::int64_t> version;
};
const ObjectSchema<GetNote>& describe(Type<GetNote>) {
  static const auto schema = object<GetNote>("GetNote")
                                 .field("id", &GetNote::id, string().uuid())
                                 .field("version", &GetNote::version, integer().min(1),
                                        "As it was in this version. Absent: as it is.");
  return schema;
}

struct TagCount {
  std::string tag;
  std::int64_t count = 0;
};
const ObjectSchema<TagCount>& describe(Type<TagCount>) {
  static const auto schema =
      object<TagCount>("TagCount")
          .field("tag", &TagCount::tag)
          .field("count", &TagCount::count, integer(), "Notes that have it.");
  return schema;
}

struct ListTags {
  std::int64_t limit = 1'000;
  std::optional<std::string> cursor;
};
const ObjectSchema<ListTags>& describe(Type<ListTags>) {
  static const auto schema =
      object<ListTags>("ListTags")
          .field_or("limit", &ListTags::limit, integer().min(1).max(1'000), 1'000)
          .field("cursor", &ListTags::cursor, string().nullish(),
                 "The nextCursor of the page before.");
  return schema;
}

struct TagList {
  std::vector<TagCount> tags;
  std::optional<std::string> next_cursor;
};
const ObjectSchema<TagList>& describe(Type<TagList>) {
  static const auto schema =
      object<TagList>("TagList")
          .field("tags", &TagList::tags, array(schema_of<TagCount>()),
                 "In the order of their names.")
          .field("nextCursor", &TagList::next_cursor, string(), "Absent on the last page.");
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
          .field("filePath", of_note(&Note::file_path), string(), "Where its text is.")
          .field("fileSize", of_note(&Note::file_size), integer(), "Bytes.")
          .field("checksum", of_note(&Note::checksum), string(),
                 "SHA-256 of the text, hexadecimal.")
          .field("version", of_note(&Note::version), integer(),
                 "1 when created, +1 with each update.")
          .field("content", &FullNote::content, string(), "The text, Markdown.");
  return schema;
}

#define SYNAP_NOTE_COLUMNS                                                                   \
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

// Kept by a follower, not counted here.
std::int64_t total_of(db::Tx& tx, const std::optional<std::string>& tag) {
  auto rows = tag ? tx.query("SELECT count FROM tag_counts WHERE tag = $1", *tag)
                  : tx.query("SELECT count FROM note_totals");
  return rows.next() ? rows.integer(0) : 0;
}

Task<Result<NoteList>> list(const Rooms& rooms, Session session, ListNotes input) {
  // Ids begin with the time: their order is the order of creation.
  Uuid before;
  before.bytes.fill(0xff);
  if (input.cursor) before = Uuid::parse(*input.cursor).value_or(before);
  co_await rooms.projections.settled(kTagsProjection, session.user_id());
  co_return co_await rooms.database.read_as(session.user_id(), [&](db::Tx& tx) {
    NoteList page;
    const auto limit = input.limit + 1;  // one more tells whether there is a next page
    auto rows = input.tag ? tx.query("SELECT " SYNAP_NOTE_COLUMNS
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
    page.total = total_of(tx, input.tag);
    return page;
  });
}

Task<Result<FullNote>> row_of(const Rooms& rooms, const Session& session, Uuid id) {
  auto found = co_await rooms.database.read_as(session.user_id(), [&](db::Tx& tx) {
    std::optional<FullNote> note;
    auto rows = tx.query("SELECT " SYNAP_NOTE_COLUMNS " FROM notes WHERE id = $1", id);
    if (rows.next()) read_note(rows, note.emplace());
    return note;
  });
  if (!found) co_return fail(found.error());
  if (!*found) co_return fail(Code::kNotFound, "There is no such note");
  co_return std::move(**found);
}

Task<Result<FullNote>> get(const Rooms& rooms, Session session, GetNote input) {
  const auto id = Uuid::parse(input.id).value_or(Uuid{});
  auto note = co_await row_of(rooms, session, id);
  if (!note) co_return note;
  if (input.version && *input.version != note->version) {
    auto past = co_await version_of(rooms, session, id, *input.version);
    if (!past) co_return fail(past.error());
    note->title = std::move(past->title);
    note->tags = std::move(past->tags);
    note->updated_at = to_iso8601(past->changed_at);
    note->file_path = std::move(past->file.name);
    note->file_size = past->file.size;
    note->checksum = std::move(past->file.checksum);
    note->version = past->version;
  }
  // A file belongs to one version and never changes, so it fits the row whenever it is read.
  auto content = co_await content_of(rooms, {note->file_path, note->file_size, note->checksum});
  if (!content) co_return fail(content.error());
  note->content = std::move(*content);
  if (input.version) note->preview = preview_of(note->content);
  co_return note;
}

Task<Result<TagList>> list_tags(const Rooms& rooms, Session session, ListTags input) {
  co_await rooms.projections.settled(kTagsProjection, session.user_id());
  co_return co_await rooms.database.read_as(session.user_id(), [&](db::Tx& tx) {
    TagList page;
    const auto after = input.cursor.value_or("");
    auto rows = tx.query("SELECT tag, count FROM tag_counts WHERE tag > $1 ORDER BY tag LIMIT $2",
                         after, input.limit + 1);
    while (rows.next()) {
      if (static_cast<std::int64_t>(page.tags.size()) == input.limit) {
        page.next_cursor = page.tags.back().tag;
        break;
      }
      page.tags.push_back({rows.text(0), rows.integer(1)});
    }
    return page;
  });
}

}  // namespace

void add_queries(const Rooms& rooms) {
  const rpc::ErrorMeta no_such{Code::kNotFound,
                               "You have no such note, or it has no such version."};
  add_query(rooms, "notes.list", {.summary = "Notes, the newest first, page by page."}, list);
  add_query(rooms, "notes.get", {.summary = "One note with its text.", .errors = {no_such}}, get);
  add_query(
      rooms, "notes.getById",
      {.summary = "The same as notes.get.", .errors = {no_such}, .deprecated = "Call notes.get."},
      get);
  add_query(rooms, "tags.list", {.summary = "The tags of your notes, with how many have each."},
            list_tags);
}

}  // namespace synap::features::notes
