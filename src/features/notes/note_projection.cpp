#include "features/notes/note_projection.h"

#include <span>

#include "base/clock.h"
#include "features/notes/events.h"

namespace synap::features::notes {
namespace {

using db::ColumnType;
using events::Event;

std::string json_of(const std::vector<std::string>& tags) {
  std::string text;
  encode(text, tags);
  return text;
}

std::vector<std::string> tags_of(std::string_view json) {
  std::vector<std::string> tags;
  const auto list = parse_json(json);
  if (!list) return tags;
  for (const auto& tag : list->as_array()) tags.push_back(tag.as_string());
  return tags;
}

std::int64_t ms_of(const std::string& at, const Event& event) {
  return parse_iso8601(at).value_or(event.timestamp);
}

// The event's data as its type has them, or the Tx is aborted.
template <class Data>
const Data* read(db::Tx& tx, const Event& event, const events::EventType<Data>& type) {
  auto data = data_of(event, type);
  if (data) return *data;
  tx.abort(data.error());
  return nullptr;
}

void insert_tags(db::Tx& tx, const Event& event, const std::vector<std::string>& tags) {
  for (const auto& tag : tags) {
    tx.run(
        "INSERT INTO note_tags_data(user_id, tag, note) VALUES ($1, $2, $3) "
        "ON CONFLICT DO NOTHING",
        event.user_id, tag, event.aggregate_id);
  }
}

void delete_tags(db::Tx& tx, const Event& event) {
  std::vector<std::string> tags;
  {
    auto rows = tx.query("SELECT tags FROM notes_data WHERE id = $1", event.aggregate_id);
    if (rows.next()) tags = tags_of(rows.view(0));
  }
  for (const auto& tag : tags) {
    tx.run("DELETE FROM note_tags_data WHERE user_id = $1 AND tag = $2 AND note = $3",
           event.user_id, tag, event.aggregate_id);
  }
}

// Before a change: the row as it is becomes a version of the past. The present one is the row
// itself, so a note that never changes costs one row.
void keep_version(db::Tx& tx, const Event& event) {
  tx.run(
      "INSERT INTO note_versions_data(note, version, user_id, title, tags, file_path, file_size, "
      "checksum, changed_at, source, request_id) SELECT id, version, user_id, title, tags, "
      "file_path, file_size, checksum, updated_at, source, request_id FROM notes_data "
      "WHERE id = $1",
      event.aggregate_id);
}

// A creation that was given up may be tried again, and a note may be changed before it is there: so
// its row may be there or not.
void fold_creation_completed(db::Tx& tx, const Event& event) {
  const auto* note = read(tx, event, kNoteCreationCompleted);
  if (note == nullptr) return;
  tx.run(
      "INSERT INTO notes_data(id, user_id, state, title, preview, tags, file_path, file_size, "
      "checksum, version, created_at, updated_at, source, request_id) VALUES ($1, $2, $3, $4, "
      "$5, $6, $7, $8, $9, $10, $11, $11, $13, $14) ON CONFLICT(id) DO UPDATE SET "
      "state = CASE WHEN state = $12 THEN state ELSE $3 END, title = $4, preview = $5, tags = $6, "
      "file_path = $7, file_size = $8, checksum = $9, version = $10, created_at = $11, "
      "updated_at = $11, source = $13, request_id = $14",
      event.aggregate_id, event.user_id, kLive, note->title, note->preview, json_of(note->tags),
      note->file.name, note->file.size, note->file.checksum, note->version, ms_of(note->at, event),
      kDeleting, note->source, event.request_id);
  insert_tags(tx, event, note->tags);
}

void fold_creation_failed(db::Tx& tx, const Event& event) {
  tx.run("DELETE FROM notes_data WHERE id = $1 AND version = 0", event.aggregate_id);
}

// A note that is being made has no row until something else is asked of it.
void fold_update_requested(db::Tx& tx, const Event& event) {
  tx.run(
      "INSERT INTO notes_data(id, user_id, state, pending) VALUES ($1, $2, $3, 1) "
      "ON CONFLICT(id) DO UPDATE SET pending = pending + 1",
      event.aggregate_id, event.user_id, kCreating);
}

// Updates that were given up do not count as pending any more; one of them may be tried again and
// come about after all, so they are remembered.
void settle_update(db::Tx& tx, const Event& event) {
  const auto known = tx.run("DELETE FROM note_given_up_data WHERE note = $1 AND request = $2",
                            event.aggregate_id, event.request_id);
  if (known > 0) return;
  tx.run("UPDATE notes_data SET pending = pending - 1 WHERE id = $1 AND pending > 0",
         event.aggregate_id);
}

void fold_update_completed(db::Tx& tx, const Event& event) {
  const auto* change = read(tx, event, kNoteUpdateCompleted);
  if (change == nullptr) return;
  settle_update(tx, event);
  keep_version(tx, event);
  if (change->tags) {
    delete_tags(tx, event);
    insert_tags(tx, event, *change->tags);
  }
  std::optional<std::string> tags;
  std::optional<std::string_view> path;
  std::optional<std::int64_t> size;
  std::optional<std::string_view> checksum;
  if (change->tags) tags = json_of(*change->tags);
  if (change->file) {
    path = change->file->name;
    size = change->file->size;
    checksum = change->file->checksum;
  }
  tx.run(
      "UPDATE notes_data SET title = coalesce($2, title), preview = coalesce($3, preview), "
      "tags = coalesce($4, tags), file_path = coalesce($5, file_path), "
      "file_size = coalesce($6, file_size), checksum = coalesce($7, checksum), version = $8, "
      "updated_at = $9, source = $10, request_id = $11 WHERE id = $1",
      event.aggregate_id, change->title, change->preview, tags, path, size, checksum,
      change->version, ms_of(change->at, event), change->source, event.request_id);
}

void fold_update_failed(db::Tx& tx, const Event& event) {
  const auto is_new = tx.run(
      "INSERT INTO note_given_up_data(note, request, user_id) SELECT id, $2, user_id "
      "FROM notes_data WHERE id = $1 ON CONFLICT DO NOTHING",
      event.aggregate_id, event.request_id);
  if (is_new == 0) return;
  tx.run("UPDATE notes_data SET pending = pending - 1 WHERE id = $1 AND pending > 0",
         event.aggregate_id);
}

void fold_deletion_requested(db::Tx& tx, const Event& event) {
  tx.run(
      "INSERT INTO notes_data(id, user_id, state) VALUES ($1, $2, $3) "
      "ON CONFLICT(id) DO UPDATE SET state = $3",
      event.aggregate_id, event.user_id, kDeleting);
}

void fold_deletion_failed(db::Tx& tx, const Event& event) {
  tx.run("UPDATE notes_data SET state = CASE WHEN version = 0 THEN $2 ELSE $3 END WHERE id = $1",
         event.aggregate_id, kCreating, kLive);
}

// Nothing of it stays here: what was, the log tells.
void fold_deletion_completed(db::Tx& tx, const Event& event) {
  delete_tags(tx, event);
  tx.run("DELETE FROM note_versions_data WHERE note = $1", event.aggregate_id);
  tx.run("DELETE FROM note_given_up_data WHERE note = $1", event.aggregate_id);
  tx.run("DELETE FROM notes_data WHERE id = $1", event.aggregate_id);
}

struct Case {
  std::string_view type;
  void (*fold)(db::Tx&, const Event&);
};

void fold_by(std::span<const Case> cases, db::Tx& tx, const Event& event) {
  for (const auto& each : cases) {
    if (each.type == event.type) return each.fold(tx, event);
  }
}

std::vector<std::string> types_of(std::span<const Case> cases) {
  std::vector<std::string> types;
  for (const auto& each : cases) types.emplace_back(each.type);
  return types;
}

constexpr Case kNoteCases[] = {
    {kNoteCreationCompleted.name, fold_creation_completed},
    {kNoteCreationFailed.name, fold_creation_failed},
    {kNoteUpdateRequested.name, fold_update_requested},
    {kNoteUpdateCompleted.name, fold_update_completed},
    {kNoteUpdateFailed.name, fold_update_failed},
    {kNoteDeletionRequested.name, fold_deletion_requested},
    {kNoteDeletionCompleted.name, fold_deletion_completed},
    {kNoteDeletionFailed.name, fold_deletion_failed},
};

// The follower counts by what it knows of each note itself: it is behind the inline rows.

void add_to_count(db::Tx& tx, const Event& event, const std::string& tag, std::int64_t change) {
  tx.run(
      "INSERT INTO tag_counts_data(user_id, tag, count) VALUES ($1, $2, $3) "
      "ON CONFLICT(user_id, tag) DO UPDATE SET count = count + $3",
      event.user_id, tag, change);
  if (change < 0) {
    tx.run("DELETE FROM tag_counts_data WHERE user_id = $1 AND tag = $2 AND count <= 0",
           event.user_id, tag);
  }
}

void add_to_total(db::Tx& tx, const Event& event, std::int64_t change) {
  tx.run(
      "INSERT INTO note_totals_data(user_id, count) VALUES ($1, $2) "
      "ON CONFLICT(user_id) DO UPDATE SET count = count + $2",
      event.user_id, change);
}

std::optional<std::vector<std::string>> counted_tags(db::Tx& tx, const Event& event) {
  auto rows = tx.query("SELECT tags FROM counted_notes_data WHERE note = $1", event.aggregate_id);
  if (!rows.next()) return std::nullopt;
  return tags_of(rows.view(0));
}

void count_created(db::Tx& tx, const Event& event) {
  const auto* note = read(tx, event, kNoteCreationCompleted);
  if (note == nullptr) return;
  tx.run("INSERT INTO counted_notes_data(note, user_id, tags) VALUES ($1, $2, $3)",
         event.aggregate_id, event.user_id, json_of(note->tags));
  add_to_total(tx, event, 1);
  for (const auto& tag : note->tags) add_to_count(tx, event, tag, 1);
}

void count_updated(db::Tx& tx, const Event& event) {
  const auto* change = read(tx, event, kNoteUpdateCompleted);
  if (change == nullptr || !change->tags) return;
  const auto before = counted_tags(tx, event);
  if (!before) return;
  for (const auto& tag : *before) add_to_count(tx, event, tag, -1);
  for (const auto& tag : *change->tags) add_to_count(tx, event, tag, 1);
  tx.run("UPDATE counted_notes_data SET tags = $2 WHERE note = $1", event.aggregate_id,
         json_of(*change->tags));
}

void count_deleted(db::Tx& tx, const Event& event) {
  const auto before = counted_tags(tx, event);
  if (!before) return;
  for (const auto& tag : *before) add_to_count(tx, event, tag, -1);
  add_to_total(tx, event, -1);
  tx.run("DELETE FROM counted_notes_data WHERE note = $1", event.aggregate_id);
}

constexpr Case kTagCases[] = {
    {kNoteCreationCompleted.name, count_created},
    {kNoteUpdateCompleted.name, count_updated},
    {kNoteDeletionCompleted.name, count_deleted},
};

db::Table notes_table() {
  return {.name = "notes",
          .columns = {{"id", ColumnType::kBytes},
                      {"user_id"},
                      {"state"},
                      {"version", ColumnType::kInteger},  // 0: not completed yet
                      {"pending", ColumnType::kInteger},  // updates asked for and not settled
                      {"title"},
                      {"preview"},
                      {"tags"},
                      {"file_path"},
                      {"file_size", ColumnType::kInteger},
                      {"checksum"},
                      {"created_at", ColumnType::kInteger},
                      {"updated_at", ColumnType::kInteger},
                      {"source"},
                      {"request_id", ColumnType::kBytes, true}},
          .primary_key = {"id"},
          .indexes = {{.columns = {"user_id", "id"}, .where = "version > 0"}},
          .shown_where = "version > 0"};
}

db::Table versions_table() {
  return {.name = "note_versions",
          .columns = {{"note", ColumnType::kBytes},
                      {"version", ColumnType::kInteger},
                      {"user_id"},
                      {"title"},
                      {"tags"},
                      {"file_path"},
                      {"file_size", ColumnType::kInteger},
                      {"checksum"},
                      {"changed_at", ColumnType::kInteger},
                      {"source"},
                      {"request_id", ColumnType::kBytes, true}},
          .primary_key = {"note", "version"}};
}

}  // namespace

projections::Projection notes_projection() {
  return {.name = "notes",
          .kind = projections::Projection::Kind::kInline,
          .tables = {notes_table(),
                     {.name = "note_tags",
                      .columns = {{"user_id"}, {"tag"}, {"note", ColumnType::kBytes}},
                      .primary_key = {"user_id", "tag", "note"}},
                     versions_table(),
                     {.name = "note_given_up",
                      .columns = {{"note", ColumnType::kBytes},
                                  {"request", ColumnType::kBytes},
                                  {"user_id"}},
                      .primary_key = {"note", "request"}}},
          .types = types_of(kNoteCases),
          .fold = [](db::Tx& tx, const Event& event) { fold_by(kNoteCases, tx, event); }};
}

projections::Projection tags_projection() {
  return {.name = kTagsProjection,
          .kind = projections::Projection::Kind::kFollower,
          .tables = {{.name = "tag_counts",
                      .columns = {{"user_id"}, {"tag"}, {"count", ColumnType::kInteger}},
                      .primary_key = {"user_id", "tag"}},
                     {.name = "note_totals",
                      .columns = {{"user_id"}, {"count", ColumnType::kInteger}},
                      .primary_key = {"user_id"}},
                     {.name = "counted_notes",
                      .columns = {{"note", ColumnType::kBytes}, {"user_id"}, {"tags"}},
                      .primary_key = {"note"}}},
          .types = types_of(kTagCases),
          .fold = [](db::Tx& tx, const Event& event) { fold_by(kTagCases, tx, event); }};
}

}  // namespace synap::features::notes
