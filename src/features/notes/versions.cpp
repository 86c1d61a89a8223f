#include "features/notes/versions.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "base/log.h"
#include "features/procedures.h"

namespace synap::features::notes {
namespace {

using api::Session;

struct GetHistory {
  std::string id;
  std::int64_t limit = 50;
  std::optional<std::int64_t> before;
};
const ObjectSchema<GetHistory>& describe(Type<GetHistory>) {
  static const auto schema =
      object<GetHistory>("GetHistory")
          .field("id", &GetHistory::id, string().uuid())
          .field_or("limit", &GetHistory::limit, integer().min(1).max(200), 50)
          .field("before", &GetHistory::before, integer().min(1),
                 "Only versions before this one: the nextBefore of the page before.");
  return schema;
}

struct HistoryEntry {
  std::int64_t version = 0;
  std::string at;
  std::string source;
  std::string title;
  std::vector<std::string> tags;
  std::string file_path;
  std::int64_t file_size = 0;
  std::string checksum;
  std::optional<std::string> request_id;
};
const ObjectSchema<HistoryEntry>& describe(Type<HistoryEntry>) {
  static const auto schema =
      object<HistoryEntry>("NoteVersion")
          .field("version", &HistoryEntry::version, integer().min(1))
          .field("at", &HistoryEntry::at, string().datetime(), "When it was asked for.")
          .field("source", &HistoryEntry::source, string(), "Of the change: api, agent, sync, ...")
          .field("title", &HistoryEntry::title)
          .field("tags", &HistoryEntry::tags)
          .field("filePath", &HistoryEntry::file_path, string(), "Where its text is.")
          .field("fileSize", &HistoryEntry::file_size, integer(), "Bytes.")
          .field("checksum", &HistoryEntry::checksum, string(), "SHA-256 of the text, hexadecimal.")
          .field("requestId", &HistoryEntry::request_id, string().uuid(), "The command behind it.");
  return schema;
}

struct History {
  std::vector<HistoryEntry> versions;
  std::optional<std::int64_t> next_before;
};
const ObjectSchema<History>& describe(Type<History>) {
  static const auto schema =
      object<History>("NoteHistory")
          .field("versions", &History::versions, array(schema_of<HistoryEntry>()),
                 "The newest first.")
          .field("nextBefore", &History::next_before, integer(), "Absent on the last page.");
  return schema;
}

// The present version is the note's row, those of the past have rows of their own.
#define SYNAP_VERSION_COLUMNS(time) \
  "version, title, tags, file_path, file_size, checksum, " time ", source, request_id"
constexpr std::string_view kVersions =
    "SELECT " SYNAP_VERSION_COLUMNS("updated_at") " FROM notes WHERE id = $1 AND version <= $2 "
    "UNION ALL SELECT " SYNAP_VERSION_COLUMNS("changed_at") " FROM note_versions "
    "WHERE note = $1 AND version <= $2 ORDER BY version DESC LIMIT $3";

NoteVersion read_version(db::Rows& row) {
  NoteVersion version;
  version.version = row.integer(0);
  version.title = row.text(1);
  if (auto tags = parse_json(row.view(2))) {
    for (const auto& tag : tags->as_array()) version.tags.push_back(tag.as_string());
  }
  version.file = {row.text(3), row.integer(4), row.text(5)};
  version.changed_at = row.integer(6);
  version.source = row.text(7);
  version.request_id = row.uuid(8);
  return version;
}

Task<Result<std::vector<NoteVersion>>> versions_up_to(const Rooms& rooms, const Session& session,
                                                      Uuid note, std::int64_t last,
                                                      std::int64_t limit) {
  co_return co_await rooms.database.read_as(session.user_id(), [&](db::Tx& tx) {
    std::vector<NoteVersion> versions;
    auto rows = tx.query(kVersions, note, last, limit);
    while (rows.next()) versions.push_back(read_version(rows));
    return versions;
  });
}

HistoryEntry entry_of(NoteVersion version) {
  HistoryEntry entry{
      version.version,          to_iso8601(version.changed_at),   std::move(version.source),
      std::move(version.title), std::move(version.tags),          std::move(version.file.name),
      version.file.size,        std::move(version.file.checksum), std::nullopt};
  if (version.request_id) entry.request_id = version.request_id->to_string();
  return entry;
}

Task<Result<History>> history(const Rooms& rooms, Session session, GetHistory input) {
  const auto id = Uuid::parse(input.id).value_or(Uuid{});
  const auto last = input.before ? *input.before - 1 : INT64_MAX;
  auto versions = co_await versions_up_to(rooms, session, id, last, input.limit + 1);
  if (!versions) co_return fail(versions.error());
  if (versions->empty() && !input.before) {
    co_return fail(Code::kNotFound, "There is no such note");
  }
  History history;
  for (auto& version : *versions) {
    if (static_cast<std::int64_t>(history.versions.size()) == input.limit) {
      history.next_before = history.versions.back().version;
      break;
    }
    history.versions.push_back(entry_of(std::move(version)));
  }
  co_return history;
}

}  // namespace

Task<Result<NoteVersion>> version_of(const Rooms& rooms, const Session& session, Uuid note,
                                     std::int64_t version) {
  auto found = co_await versions_up_to(rooms, session, note, version, 1);
  if (!found) co_return fail(found.error());
  if (found->empty() || found->front().version != version) {
    co_return fail(Code::kNotFound, "There is no such version of a note of yours");
  }
  co_return std::move(found->front());
}

Task<Result<std::string>> content_of(const Rooms& rooms, NoteFile file) {
  auto key = content::ContentKey::parse(file.name);
  if (!key) co_return fail(Code::kInternalServerError, "The name of this note's file is damaged");
  auto content = co_await rooms.content.get(*key);
  if (!content && content.error().code != Code::kNotFound) co_return fail(content.error());
  if (content && to_hex(sha256(*content)) == file.checksum) co_return std::move(*content);
  const std::string_view what = content ? "damaged: it is not what was stored" : "missing";
  write_log_bounded(Same::kMessage, LogLevel::kError, "features", "content {name} is {what}",
                    {{"name", file.name}, {"what", what}});
  co_return fail(Code::kInternalServerError,
                 fmt::format("The stored text of this version is {}; the other versions of the "
                             "note are kept in files of their own (notes.history)",
                             what));
}

void add_history(const Rooms& rooms) {
  add_query(rooms, "notes.history",
            {.summary = "The versions of a note, the newest first.",
             .errors = {{Code::kNotFound, "You have no such note."}}},
            history);
}

}  // namespace synap::features::notes
