#include "features/notes/note_table.h"

#include "base/json.h"

namespace synap::features::notes {
namespace {

std::string json_of(const std::vector<std::string>& tags) {
  std::string text;
  encode(text, tags);
  return text;
}

void insert_tags(db::Tx& tx, const events::Event& requested, const std::vector<std::string>& tags) {
  for (const auto& tag : tags) {
    tx.run(
        "INSERT INTO note_tags_data(user_id, tag, note) VALUES ($1, $2, $3) "
        "ON CONFLICT DO NOTHING",
        requested.user_id, tag, requested.aggregate_id);
  }
}

void delete_tags(db::Tx& tx, const events::Event& requested) {
  auto rows = tx.query("SELECT tags FROM notes_data WHERE id = $1", requested.aggregate_id);
  if (!rows.next()) return;
  const auto tags = parse_json(rows.view(0));
  if (!tags) return;
  for (const auto& tag : tags->as_array()) {
    tx.run("DELETE FROM note_tags_data WHERE user_id = $1 AND tag = $2 AND note = $3",
           requested.user_id, tag.as_string(), requested.aggregate_id);
  }
}

// The longest prefix of at most `most` characters (code points).
std::string_view first_characters(std::string_view text, std::size_t most) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool begins_character = (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80;
    if (begins_character && count++ == most) return text.substr(0, i);
  }
  return text;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

}  // namespace

const std::string_view kNoteTables = R"(
CREATE TABLE notes_data(
  id BLOB PRIMARY KEY,
  user_id TEXT NOT NULL,
  title TEXT NOT NULL,
  preview TEXT NOT NULL,
  tags TEXT NOT NULL,
  file_path TEXT NOT NULL,
  file_size INTEGER NOT NULL,
  checksum TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  deleted_at INTEGER
) STRICT, WITHOUT ROWID;
-- deleted_at too, although it is always null: without it SQLite looks at each row to count them.
CREATE INDEX notes_by_user ON notes_data(user_id, id, deleted_at) WHERE deleted_at IS NULL;
CREATE VIEW notes AS
  SELECT * FROM notes_data WHERE user_id = current_user_id() AND deleted_at IS NULL;

CREATE TABLE note_tags_data(
  user_id TEXT NOT NULL,
  tag TEXT NOT NULL,
  note BLOB NOT NULL,
  PRIMARY KEY(user_id, tag, note)
) STRICT, WITHOUT ROWID;
CREATE VIEW note_tags AS SELECT * FROM note_tags_data WHERE user_id = current_user_id();
)";

std::string title_of(std::string_view content) {
  while (!content.empty()) {
    const auto end = content.find('\n');
    auto line = trimmed(content.substr(0, end));
    while (line.starts_with('#')) line.remove_prefix(1);
    line = trimmed(line);
    if (!line.empty()) return std::string(trimmed(first_characters(line, kTitleCharactersMax)));
    if (end == content.npos) break;
    content.remove_prefix(end + 1);
  }
  return "Untitled";
}

std::string preview_of(std::string_view content) {
  return std::string(first_characters(content, kPreviewCharactersMax));
}

void fold_created(db::Tx& tx, const events::Event& requested, const NoteCreationRequested& data,
                  const std::string& preview, const content::Stored& file) {
  tx.run(
      "INSERT INTO notes_data(id, user_id, title, preview, tags, file_path, file_size, checksum, "
      "version, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $9)",
      requested.aggregate_id, requested.user_id, data.title, preview, json_of(data.tags), file.path,
      file.size, file.checksum, requested.timestamp);
  insert_tags(tx, requested, data.tags);
}

std::optional<std::int64_t> fold_updated(db::Tx& tx, const events::Event& requested,
                                         const NoteUpdateRequested& data,
                                         const std::optional<std::string>& preview,
                                         const std::optional<content::Stored>& file) {
  if (data.tags) {
    delete_tags(tx, requested);
    insert_tags(tx, requested, *data.tags);
  }
  std::optional<std::string> tags;
  std::optional<std::int64_t> size;
  std::optional<std::string> checksum;
  if (data.tags) tags = json_of(*data.tags);
  if (file) size = file->size;
  if (file) checksum = file->checksum;
  auto rows = tx.query(
      "UPDATE notes_data SET title = coalesce($3, title), preview = coalesce($4, preview), "
      "tags = coalesce($5, tags), file_size = coalesce($6, file_size), "
      "checksum = coalesce($7, checksum), version = version + 1, updated_at = $8 "
      "WHERE id = $1 AND user_id = $2 AND deleted_at IS NULL RETURNING version",
      requested.aggregate_id, requested.user_id, data.title, preview, tags, size, checksum,
      requested.timestamp);
  if (!rows.next()) return std::nullopt;
  const auto version = rows.integer(0);
  rows.next();
  return version;
}

void fold_deleted(db::Tx& tx, const events::Event& requested) {
  delete_tags(tx, requested);
  tx.run("UPDATE notes_data SET deleted_at = $3 WHERE id = $1 AND user_id = $2",
         requested.aggregate_id, requested.user_id, requested.timestamp);
}

}  // namespace synap::features::notes
