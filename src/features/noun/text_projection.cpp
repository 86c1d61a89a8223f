// The fold of a noun with a text. What was asked for and is not settled yet is in the row, too, so
// that the next change can be decided on.
#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "features/noun/noun_parts.h"

namespace synap::features {
namespace {

using events::Event;

// The statements of one noun's fold, made once.
class TextFold {
 public:
  explicit TextFold(std::shared_ptr<NounParts> parts) : parts_(std::move(parts)) {
    const auto things = parts_->options.plural + "_data";
    const auto& name = parts_->options.name;
    constexpr int kFixedMarks = 12;
    std::string columns;
    std::string marks;
    std::string changes;
    int mark = kFixedMarks;
    for (const auto& field : parts_->indexed) {
      ++mark;
      columns += fmt::format(", {}", field.column);
      marks += fmt::format(", ${}", mark);
      changes += fmt::format(", {} = ${}", field.column, mark);
    }
    create_ = fmt::format(
        "INSERT INTO {0}(id, user_id, state, version, created_at, updated_at, source, request_id, "
        "data, preview, file_path, file_size, checksum{1}) VALUES ($1, $2, '{4}', $3, $12, $4, $5, "
        "$6, $7, $8, $9, $10, $11{2}) ON CONFLICT(id) DO UPDATE SET state = CASE WHEN {0}.state = "
        "'{5}' THEN {0}.state ELSE '{4}' END, version = $3, created_at = $12, updated_at = $4, "
        "source = $5, request_id = $6, data = $7, preview = $8, file_path = $9, file_size = $10, "
        "checksum = $11{3}",
        things, columns, marks, changes, kLive, kDeleting);
    update_ = fmt::format(
        "UPDATE {} SET version = $3, created_at = coalesce($12, created_at), "
        "updated_at = $4, source = $5, request_id = $6, data = $7, "
        "preview = coalesce($8, preview), file_path = coalesce($9, file_path), "
        "file_size = coalesce($10, file_size), checksum = coalesce($11, checksum){} "
        "WHERE id = $1 AND user_id = $2",
        things, changes);
    select_ = fmt::format("SELECT data, version FROM {} WHERE id = $1", things);
    uncreate_ = fmt::format("DELETE FROM {} WHERE id = $1 AND version = 0", things);
    await_update_ = fmt::format(
        "INSERT INTO {0}(id, user_id, state, pending) VALUES ($1, $2, '{1}', 1) "
        "ON CONFLICT(id) DO UPDATE SET pending = {0}.pending + 1",
        things, kCreating);
    settle_update_ =
        fmt::format("UPDATE {} SET pending = pending - 1 WHERE id = $1 AND pending > 0", things);
    give_up_ = fmt::format(
        "INSERT INTO {}_given_up_data(entity, request, user_id) SELECT id, $2, user_id FROM {} "
        "WHERE id = $1 ON CONFLICT DO NOTHING",
        name, things);
    take_up_ = fmt::format("DELETE FROM {}_given_up_data WHERE entity = $1 AND request = $2", name);
    keep_ = fmt::format(
        "INSERT INTO {}_versions_data(entity, version, user_id, created_at, updated_at, source, "
        "request_id, data, file_path, file_size, checksum) SELECT id, version, user_id, "
        "created_at, updated_at, source, request_id, data, file_path, file_size, checksum FROM {} "
        "WHERE id = $1",
        name, things);
    await_deletion_ = fmt::format(
        "INSERT INTO {}(id, user_id, state) VALUES ($1, $2, '{}') "
        "ON CONFLICT(id) DO UPDATE SET state = '{}'",
        things, kDeleting, kDeleting);
    undelete_ = fmt::format(
        "UPDATE {} SET state = CASE WHEN version = 0 THEN '{}' ELSE '{}' END WHERE id = $1", things,
        kCreating, kLive);
    remove_ = fmt::format("DELETE FROM {} WHERE id = $1", things);
    remove_versions_ = fmt::format("DELETE FROM {}_versions_data WHERE entity = $1", name);
    remove_given_up_ = fmt::format("DELETE FROM {}_given_up_data WHERE entity = $1", name);
    for (const auto& [action, suffix, fold] :
         {Case{"creation", "completed", &TextFold::created},
          Case{"creation", "failed", &TextFold::creation_failed},
          Case{"update", "requested", &TextFold::update_requested},
          Case{"update", "completed", &TextFold::updated},
          Case{"update", "failed", &TextFold::update_failed},
          Case{"deletion", "requested", &TextFold::deletion_requested},
          Case{"deletion", "completed", &TextFold::deleted},
          Case{"deletion", "failed", &TextFold::deletion_failed}}) {
      folds_.emplace_back(parts_->type(action, suffix), fold);
    }
  }

  void operator()(db::Tx& tx, const Event& event) const {
    for (const auto& [type, fold] : folds_) {
      if (type == event.type) return (this->*fold)(tx, event);
    }
  }

 private:
  using Fold = void (TextFold::*)(db::Tx&, const Event&) const;
  struct Case {
    std::string_view action;
    std::string_view suffix;
    Fold fold;
  };

  std::shared_ptr<const Json> data_of(db::Tx& tx, const Event& event) const {
    auto data = events::data_of(event, events::EventType<Json>{event.type});
    if (data) return *data;
    tx.abort(data.error());
    return nullptr;
  }

  Json state_of(db::Tx& tx, const Event& event) const {
    auto rows = tx.query(select_, event.aggregate_id);
    if (!rows.next()) return Json::object();
    if (rows.integer(1) == 0) return Json::object();  // not made yet
    auto state = stored_state(*parts_, rows.view(0));
    if (!state) tx.abort(damaged_row(*parts_, event.aggregate_id.value_or(Uuid{})));
    return std::move(state).value_or(Json::object());
  }

  // When the event says that the thing was made and changed; absent: as it was.
  struct Times {
    std::optional<std::int64_t> created;
    std::int64_t updated = 0;
  };
  static Times times_of(const Json& said, const Event& event, bool is_new) {
    const auto at = parse_iso8601(said.string_or("at", "")).value_or(event.timestamp);
    Times times{parse_iso8601(said.string_or(kCreatedAt, "")),
                parse_iso8601(said.string_or(kUpdatedAt, "")).value_or(at)};
    // Nothing is changed before it is made, also where one of the two is said alone.
    if (is_new && !times.created) times.created = std::min(at, times.updated);
    if (times.created) times.updated = std::max(times.updated, *times.created);
    return times;
  }

  // create_ and update_ have the same values; those of a file are absent where it is as it was.
  void write(db::Tx& tx, const std::string& sql, const Event& event, const Json& said,
             const Json& state) const {
    const Json* version = said.find("version");
    if (version == nullptr || !version->is_integer()) {
      return tx.abort({Code::kInternalServerError, "It has no version", nullptr});
    }
    const auto times = times_of(said, event, &sql == &create_);
    const auto text = state.dump();
    const Json* preview = said.find("preview");
    const Json* file = said.find("file");
    const auto of_file = [&](const char* name) -> db::Value {
      return file != nullptr ? db::Value(file->string_or(name, "")) : db::Value(nullptr);
    };
    const Json* size = file != nullptr ? file->find("size") : nullptr;
    std::vector<db::Value> values = {
        event.aggregate_id,
        event.user_id,
        version->as_integer(),
        times.updated,
        said.string_or("source", ""),
        event.request_id,
        text,
        preview != nullptr ? db::Value(std::string_view(preview->as_string())) : db::Value(nullptr),
        of_file("name"),
        size != nullptr ? db::Value(size->as_integer()) : db::Value(nullptr),
        of_file("checksum"),
        times.created ? db::Value(*times.created) : db::Value(nullptr)};
    for (const auto& field : parts_->indexed) {
      values.push_back(column_value(field, state.find(field.name)));
    }
    tx.run_with(sql, values);
  }

  // Which fields were given that would follow from the text is kept beside them, for updates.
  static void keep_given(Json& state, const Json* said) {
    if (said != nullptr && !said->as_array().empty()) state.set(kGiven, *said);
  }

  // A creation that was given up may be tried again, and a thing may be changed before it is there:
  // so its row may be there or not.
  void created(db::Tx& tx, const Event& event) const {
    const auto said = data_of(tx, event);
    if (said == nullptr) return;
    auto state = parts_->filled(*said);
    keep_given(state, said->find(kGiven));
    keep_tag_sources(state, *said, nullptr);
    compose_tags(*parts_, state);
    write(tx, create_, event, *said, state);
    if (parts_->options.tags) index_tags(*parts_, tx, event, nullptr, &state);
  }

  void creation_failed(db::Tx& tx, const Event& event) const {
    tx.run(uncreate_, event.aggregate_id);
  }

  // A thing that is being made has no row until something else is asked of it.
  void update_requested(db::Tx& tx, const Event& event) const {
    tx.run(await_update_, event.aggregate_id, event.user_id);
  }

  void updated(db::Tx& tx, const Event& event) const {
    // One that was given up before does not count as pending any more.
    if (tx.run(take_up_, event.aggregate_id, event.request_id) == 0) {
      tx.run(settle_update_, event.aggregate_id);
    }
    if (event.is_erased) return;  // what it changed is gone; that it is settled is not
    const auto said = data_of(tx, event);
    if (said == nullptr) return;
    tx.run(keep_, event.aggregate_id);
    const auto before = state_of(tx, event);
    auto after = parts_->filled(patched(before, of_fields(*said)));
    const Json* given = said->find(kGiven);
    keep_given(after, given != nullptr ? given : before.find(kGiven));
    keep_tag_sources(after, *said, &before);
    compose_tags(*parts_, after);
    if (parts_->options.tags && said->find(parts_->options.tags->field) != nullptr) {
      index_tags(*parts_, tx, event, &before, &after);
    }
    write(tx, update_, event, *said, after);
  }

  void update_failed(db::Tx& tx, const Event& event) const {
    if (tx.run(give_up_, event.aggregate_id, event.request_id) == 0) return;
    tx.run(settle_update_, event.aggregate_id);
  }

  void deletion_requested(db::Tx& tx, const Event& event) const {
    tx.run(await_deletion_, event.aggregate_id, event.user_id);
  }

  void deletion_failed(db::Tx& tx, const Event& event) const {
    tx.run(undelete_, event.aggregate_id);
  }

  // Nothing of it stays here: what was, the log tells.
  void deleted(db::Tx& tx, const Event& event) const {
    if (parts_->options.tags) {
      const auto before = state_of(tx, event);
      index_tags(*parts_, tx, event, &before, nullptr);
    }
    tx.run(remove_versions_, event.aggregate_id);
    tx.run(remove_given_up_, event.aggregate_id);
    tx.run(remove_, event.aggregate_id);
  }

  // The members of a completed event that are the thing's fields, null where one was taken away.
  Json of_fields(const Json& said) const {
    Json fields = Json::object();
    for (const auto& field : parts_->fields.node().fields) {
      if (const Json* value = said.find(field.name)) {
        fields.as_object().emplace_back(field.name, *value);
      }
    }
    return fields;
  }

  std::shared_ptr<NounParts> parts_;
  std::vector<std::pair<std::string, Fold>> folds_;
  std::string select_;
  std::string create_;
  std::string uncreate_;
  std::string update_;
  std::string await_update_;
  std::string settle_update_;
  std::string give_up_;
  std::string take_up_;
  std::string keep_;
  std::string await_deletion_;
  std::string undelete_;
  std::string remove_;
  std::string remove_versions_;
  std::string remove_given_up_;
};

}  // namespace

std::function<void(db::Tx&, const Event&)> text_fold(std::shared_ptr<NounParts> parts) {
  return TextFold(std::move(parts));
}

}  // namespace synap::features
