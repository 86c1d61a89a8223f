#include "features/notes/origins.h"

#include <fmt/format.h>

#include <functional>
#include <map>

#include "features/noun/stored_text.h"
#include "features/procedures.h"

namespace synap::features::notes {
namespace {

using db::ColumnType;
using events::Event;

constexpr std::size_t kAskedMax = 200;  // of each kind
constexpr std::int64_t kFoundMax = 20;  // for each: a file was a new note after each deletion

struct FindOrigins {
  std::vector<std::string> paths;
  std::vector<std::string> checksums;
  std::vector<std::string> ids;

  bool is_of_all() const { return paths.empty() && checksums.empty() && ids.empty(); }
};
const ObjectSchema<FindOrigins>& describe(Type<FindOrigins>) {
  static const auto schema =
      object<FindOrigins>("FindOrigins")
          .field_or("paths", &FindOrigins::paths, array(string()).max(kAskedMax), {})
          .field_or("checksums", &FindOrigins::checksums, array(string()).max(kAskedMax), {})
          .field_or("ids", &FindOrigins::ids, array(string().uuid()).max(kAskedMax), {},
                    "Of notes, which may be deleted.");
  return schema;
}

struct ImportedNote {
  std::string id;
  std::string path;
  std::string checksum;
  std::int64_t imported_version = 0;
  std::optional<std::int64_t> version;
  std::optional<std::string> present_checksum;
  std::optional<bool> is_text_missing;
  StoredText text;  // of the present version; not told
};
const ObjectSchema<ImportedNote>& describe(Type<ImportedNote>) {
  static const auto schema =
      object<ImportedNote>("ImportedNote")
          .field("id", &ImportedNote::id, string().uuid())
          .field("path", &ImportedNote::path, string(), "Of a file that it was imported from.")
          .field("checksum", &ImportedNote::checksum, string(), "Of that file then.")
          .field("importedVersion", &ImportedNote::imported_version, integer(),
                 "The version that came of it.")
          .field("version", &ImportedNote::version, integer(), "Of the note now; absent: deleted.")
          .field("presentChecksum", &ImportedNote::present_checksum, string(),
                 "Of the file that was imported last.")
          .field("isTextMissing", &ImportedNote::is_text_missing, boolean(),
                 "True: the pod has not got the text of the present version any more, or not all "
                 "of it: its file was deleted or cut. Otherwise absent.");
  return schema;
}

struct Origins {
  std::vector<ImportedNote> notes;
};
const ObjectSchema<Origins>& describe(Type<Origins>) {
  static const auto schema = object<Origins>("NoteOrigins")
                                 .field("notes", &Origins::notes, array(schema_of<ImportedNote>()),
                                        "Each with each of its files, the newest note first.");
  return schema;
}

// A row for each note and path, and none of them is another note's: what is folded with the append
// touches rows of its own aggregate only.
projections::Projection origins() {
  return {.name = "note_origins",
          .kind = projections::Projection::Kind::kInline,
          .tables = {{.name = "note_origins",
                      .columns = {{"entity", ColumnType::kBytes},
                                  {"path"},
                                  {"user_id"},
                                  {"checksum"},
                                  {"version", ColumnType::kInteger}},
                      .primary_key = {"entity", "path"},
                      .indexes = {{.columns = {"user_id", "path"}},
                                  {.columns = {"user_id", "checksum"}}}}},
          .types = {"note.creation.completed", "note.update.completed"},
          .fold = [](db::Tx& tx, const Event& event) {
            if (event.is_erased) return;
            auto data = events::data_of(event, events::EventType<Json>{event.type});
            if (!data) return tx.abort(data.error());
            const Json* origin = (*data)->find("origin");
            if (origin == nullptr || !origin->is_object()) return;
            const Json* version = (*data)->find("version");
            tx.run(
                "INSERT INTO note_origins_data(entity, path, user_id, checksum, version) "
                "VALUES ($1, $2, $3, $4, $5) ON CONFLICT(entity, path) DO UPDATE SET "
                "checksum = $4, version = $5",
                event.aggregate_id, origin->string_or("path", ""), event.user_id,
                origin->string_or("checksum", ""),
                version != nullptr && version->is_integer() ? version->as_integer() : 0);
          }};
}

// What the note's row says of its file.
std::optional<std::string> present_checksum(std::string_view data) {
  auto state = parse_json(data);
  const Json* origin = state ? state->find("origin") : nullptr;
  if (origin == nullptr) return std::nullopt;
  return std::string(origin->string_or("checksum", ""));
}

// Those of which `rest` says what they are, and how many.
void find(db::Tx& tx, std::string_view rest, const std::vector<db::Value>& values, Origins& found) {
  const auto sql = fmt::format(
      "SELECT o.entity, o.path, o.checksum, o.version, n.version, n.data, n.file_path, n.file_size "
      "FROM note_origins AS o LEFT JOIN notes AS n ON n.id = o.entity {}",
      rest);
  auto rows = tx.query_with(sql, values);
  while (rows.next()) {
    ImportedNote note{.id = rows.uuid(0).value_or(Uuid{}).to_string(),
                      .path = rows.text(1),
                      .checksum = rows.text(2),
                      .imported_version = rows.integer(3)};
    if (!rows.is_null(4)) {
      note.version = rows.integer(4);
      note.present_checksum = present_checksum(rows.view(5));
      note.text = {rows.text(6), rows.integer(7), ""};
    }
    found.notes.push_back(std::move(note));
  }
}

// By its size: to read it all would cost an import of what is there already as much as one of what
// is new. What was changed in its place `synap doctor --deep` finds.
Task<Result<bool>> is_missing(const Rooms& rooms, StoredText text) {
  auto key = content::ContentKey::parse(text.name);
  if (!key) co_return true;
  auto size = co_await rooms.content.size(*key);
  if (!size && size.error().code != Code::kNotFound) co_return fail(size.error());
  co_return !size || *size != text.size;
}

// A note is found by its path and by its content: it is looked at once.
Task<Result<>> look_for_texts(const Rooms& rooms, Origins& found) {
  std::map<std::string, bool, std::less<>> missing;
  for (auto& note : found.notes) {
    if (!note.version) continue;
    auto known = missing.find(note.id);
    if (known == missing.end()) {
      auto is_gone = co_await is_missing(rooms, note.text);
      if (!is_gone) co_return fail(is_gone.error());
      known = missing.emplace(note.id, *is_gone).first;
    }
    if (known->second) note.is_text_missing = true;
  }
  co_return Result<>{};
}

Task<Result<Origins>> find_origins(const Rooms& rooms, api::Session session, FindOrigins asked) {
  auto origins = co_await rooms.database.read_as(session.user_id(), [&](db::Tx& tx) {
    Origins found;
    const auto find_by = [&](std::string_view column, const db::Value& value) {
      find(tx, fmt::format("WHERE o.{} = $1 ORDER BY o.entity DESC LIMIT $2", column),
           {value, kFoundMax}, found);
    };
    for (const auto& path : asked.paths) find_by("path", std::string_view(path));
    for (const auto& sum : asked.checksums) find_by("checksum", std::string_view(sum));
    for (const auto& id : asked.ids) find_by("entity", Uuid::parse(id).value_or(Uuid{}));
    // By the index of paths, which is each user's own.
    if (asked.is_of_all()) find(tx, "ORDER BY o.path LIMIT 1", {}, found);
    return found;
  });
  if (!origins) co_return fail(origins.error());
  if (auto looked = co_await look_for_texts(rooms, *origins); !looked) {
    co_return fail(looked.error());
  }
  co_return origins;
}

}  // namespace

void add_origins(const Rooms& rooms) {
  rooms.projections.add(origins());
  add_query(rooms, "notes.findOrigins",
            {.summary = "The notes that were imported from files, by path, content or id.",
             .docs = "With nothing asked for: one of them, where there is any.",
             .reach = rpc::Reach::kPod},
            find_origins);
}

}  // namespace synap::features::notes
