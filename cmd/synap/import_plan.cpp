#include "synap/import_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/text.h"
#include "features/notes/notes.h"
#include "synap/note_file.h"

namespace synap::cli {
namespace {

using Action = ImportPlan::Action;

// A note as notes.findOrigins tells of it, by one of its paths.
struct Origin {
  std::string id;
  std::string path;
  std::string checksum;
  std::string present_checksum;
  std::int64_t imported_version = 0;
  std::int64_t version = 0;  // 0: deleted
  bool is_text_missing = false;
  bool is_deleted() const { return version == 0; }
};

std::int64_t integer_of(const Json& object, std::string_view name) {
  const Json* value = object.find(name);
  return value != nullptr && value->is_integer() ? value->as_integer() : 0;
}

Json strings(const std::vector<std::string>& texts) {
  Json array = Json::array();
  for (const auto& text : texts) array.push_back(text);
  return array;
}

Json origin_of(const SourceFile& file) {
  return Json::object({{"path", file.path}, {"checksum", file.checksum}});
}

bool is_there(const std::string& path) {
  std::error_code failed;
  return std::filesystem::exists(std::filesystem::symlink_status(path, failed));
}

class Planner {
 public:
  Planner(PodClient& pod, const PlanOptions& options, NoteClaims& claims)
      : pod_(pod), options_(options), claims_(claims) {}

  /// Asks for all files at once: one request, whatever becomes of them.
  Result<> look_up(const std::vector<SourceFile>& files) {
    Json paths = Json::array();
    Json checksums = Json::array();
    for (const auto& file : files) {
      paths.push_back(file.path);
      checksums.push_back(file.checksum);
    }
    auto answer = pod_.query(
        "notes.findOrigins",
        Json::object({{"paths", std::move(paths)}, {"checksums", std::move(checksums)}}));
    if (!answer) return fail(answer.error());
    const Json* notes = answer->find("notes");
    if (notes == nullptr || !notes->is_array()) return {};
    for (const auto& note : notes->as_array()) {
      origins_.push_back({.id = std::string(note.string_or("id", "")),
                          .path = std::string(note.string_or("path", "")),
                          .checksum = std::string(note.string_or("checksum", "")),
                          .present_checksum = std::string(note.string_or("presentChecksum", "")),
                          .imported_version = integer_of(note, "importedVersion"),
                          .version = integer_of(note, "version"),
                          .is_text_missing = note.find("isTextMissing") != nullptr});
    }
    return {};
  }

  Result<ImportPlan> plan(const SourceFile& file) {
    const auto* known = known_by_path(file);
    // A copy of a file that was exported: it has a note of its own since an earlier import.
    if (known != nullptr && is_unchanged(file, *known)) return of_known(file, *known);
    bool is_copy = false;
    bool is_odd = false;
    if (!file.note.exported_id.empty()) {
      auto plan = of_exported(file, is_odd);
      if (!plan) return fail(plan.error());
      // Only what is the note's file indeed keeps others from being it.
      is_copy = plan->has_value() && !claims_.take(file.note.exported_id, file.path);
      if (*plan && !is_copy) return std::move(**plan);
    }
    if (known != nullptr) return of_known(file, *known);
    if (const auto* moved = moved_to(file)) {
      if (moved->is_deleted()) return of_deleted(file, moved->id);
      if (moved->is_text_missing) return of_known(file, *moved);
      return renamed(file, *moved);
    }
    ImportPlan plan{.input = creation_of(file)};
    if (is_copy) {
      plan.remarks.emplace_back("another file claims to be the same note, so it is one of its own");
    }
    if (is_odd) {
      plan.remarks.push_back(fmt::format(
          "it names version {} of the note {}, which is not here, so it is a note of its own",
          file.note.exported_version, file.note.exported_id));
    }
    return plan;
  }

 private:
  // One that is there before one that was deleted.
  const Origin* best(auto fits) const {
    const Origin* found = nullptr;
    for (const auto& origin : origins_) {
      if (!fits(origin)) continue;
      if (!origin.is_deleted()) return &origin;
      if (found == nullptr) found = &origin;
    }
    return found;
  }
  const Origin* known_by_path(const SourceFile& file) const {
    return best([&](const Origin& origin) { return origin.path == file.path; });
  }
  static bool is_unchanged(const SourceFile& file, const Origin& known) {
    return !known.is_deleted() &&
           (known.present_checksum == file.checksum || known.checksum == file.checksum);
  }
  // A file that is still there is another one, with the same content.
  const Origin* moved_to(const SourceFile& file) {
    const auto* found = best([&](const Origin& origin) {
      return origin.path != file.path && origin.checksum == file.checksum &&
             (origin.is_deleted() || origin.present_checksum == file.checksum) &&
             !is_there(origin.path);
    });
    // A file that was exported can be the same note's, which takes nothing from this one.
    return found != nullptr && claims_.take("moved " + found->id, file.path) ? found : nullptr;
  }

  ImportPlan of_deleted(const SourceFile& file, const std::string& id) const {
    if (options_.brings_back) {
      return {.input = creation_of(file), .key_of = fmt::format("again:{}", id)};
    }
    return {.action = Action::kDeleted, .note_id = id};
  }

  Result<ImportPlan> of_known(const SourceFile& file, const Origin& known) {
    if (known.is_deleted()) return of_deleted(file, known.id);
    if (is_unchanged(file, known) && !known.is_text_missing) {
      ImportPlan plan{.action = Action::kNothing, .note_id = known.id};
      return with_missing_tags(std::move(plan));
    }
    auto now = get(known.id, 0);
    if (!now) return fail(now.error());
    // Another import may have done it since it was looked up.
    const bool is_done = is_imported(*now, file);
    if (is_done && has_text(*now)) {
      return ImportPlan{.action = Action::kNothing, .note_id = known.id};
    }
    auto then =
        known.imported_version == known.version ? now : get(known.id, known.imported_version);
    if (!then && then.error().code != Code::kNotFound) return fail(then.error());
    if (!then) then = now;
    if (is_done || is_unchanged(file, known)) return mended(file, *now, *then);
    return changed(file, *now, *then, true);
  }

  // A file that is unchanged stays as it is, whatever the command says of every note.
  Result<ImportPlan> with_missing_tags(ImportPlan plan) {
    if (options_.tags.empty()) return plan;
    auto note = get(plan.note_id, 0);
    if (!note) return fail(note.error());
    const Json* tags = note->find("tags");
    const bool has_all = std::ranges::all_of(options_.tags, [&](const auto& tag) {
      return tags != nullptr && std::ranges::find(tags->as_array(), Json(composed(tag_of(tag)))) !=
                                    tags->as_array().end();
    });
    if (!has_all) {
      plan.remarks.emplace_back("it was imported before with other tags, which it keeps");
    }
    return plan;
  }

  // Nothing: it is not of this pod; or `is_odd`, of a version that is not here: of a pod that was
  // put back from an older copy, or made up.
  Result<std::optional<ImportPlan>> of_exported(const SourceFile& file, bool& is_odd) {
    const auto& id = file.note.exported_id;
    auto now = get(id, 0);
    if (!now && now.error().code != Code::kNotFound) return fail(now.error());
    if (!now) {
      auto deleted = was_deleted(id);
      if (!deleted) return fail(deleted.error());
      return *deleted ? std::optional(of_deleted(file, id)) : std::nullopt;
    }
    const auto version = integer_of(*now, "version");
    auto then = version == file.note.exported_version ? now : get(id, file.note.exported_version);
    if (!then && then.error().code != Code::kNotFound) return fail(then.error());
    const bool is_done = is_imported(*now, file) && has_text(*now);
    is_odd = !then && !is_done && !is_same(file.note, *now);
    if (is_odd) return std::nullopt;
    if (is_done || !then || is_same(file.note, *then)) {
      ImportPlan plan{.action = Action::kNothing, .note_id = id};
      if (!is_done && version != file.note.exported_version) {
        plan.remarks.push_back(fmt::format("the file has version {} of its note, which is at {}",
                                           file.note.exported_version, version));
      }
      return plan;
    }
    return changed(file, *now, *then, false);
  }

  Result<bool> was_deleted(const std::string& id) {
    auto page =
        pod_.query("events.list",
                   Json::object({{"aggregateId", id},
                                 {"types", Json::array().push_back("note.deletion.completed")}}));
    if (!page) return fail(page.error());
    const Json* events = page->find("events");
    return events != nullptr && !events->as_array().empty();
  }

  static Json field(const Json& note, std::string_view name) {
    const Json* value = note.find(name);
    return value != nullptr ? *value : Json();
  }
  static Json time_json(const std::optional<std::int64_t>& time) {
    return time ? Json(to_iso8601(*time)) : Json();
  }
  static bool is_imported(const Json& note, const SourceFile& file) {
    const Json* origin = note.find("origin");
    return origin != nullptr && origin->string_or("checksum", "") == file.checksum;
  }
  static bool is_same(const MarkdownNote& file, const Json& note) {
    return field(note, "title") == Json(file.title) &&
           field(note, "content") == Json(file.content) && own_tags(note) == strings(file.tags) &&
           is_same_value(field(note, "properties"), file.properties) &&
           field(note, "createdAt") == time_json(file.created_at) &&
           field(note, "updatedAt") == time_json(file.updated_at);
  }

  // `then` is what the file said when it and the note were last the same.
  ImportPlan changed(const SourceFile& file, const Json& now, const Json& then,
                     bool is_known) const {
    ImportPlan plan{.action = Action::kUpdate, .note_id = std::string(now.string_or("id", ""))};
    const auto version = integer_of(now, "version");
    plan.input = Json::object({{"id", plan.note_id}, {"expectedVersion", version}});
    const auto updated = time_json(file.note.updated_at);
    // Of a pod that was put back from an older copy and changed since, or somebody has changed it.
    const bool is_other = !is_known && !updated.is_null() && updated != field(then, "updatedAt");
    const auto set = [&](std::string_view name, Json value) {
      const auto present = field(now, name);
      const auto before = field(then, name);
      if (is_same_value(value, present) || is_same_value(value, before)) return;
      plan.input.set(name, std::move(value));
      if (!is_same_value(present, before)) {
        plan.remarks.push_back(fmt::format(
            "its {} had been changed in the pod, too: version {} has that", name, version));
      } else if (is_other) {
        plan.remarks.push_back(
            fmt::format("its {} is of another version {} than the one of the pod, which keeps that",
                        name, file.note.exported_version));
      }
    };
    set("title", file.note.title);
    if (has_text(now)) {
      set("content", file.note.content);
    } else {
      bring_back(file, now, then, plan);
    }
    set("properties", file.note.properties);
    // Of a note whose text has some: those of the file are given, whatever its text says.
    const auto* name = now.find("ownTags") != nullptr ? "ownTags" : "tags";
    set_tags(plan.input, name, file.note.tags, own_tags(now), own_tags(then));
    const auto created = time_json(file.note.created_at);
    if (!created.is_null()) set("createdAt", created);
    // Of a file that was exported and edited the time of the export says nothing any more.
    const bool is_said = is_known ? !updated.is_null() : updated != field(then, "updatedAt");
    constexpr std::size_t kNoChange = 2;
    const bool changes = plan.input.as_object().size() > kNoChange;
    if (!updated.is_null() && is_said) plan.input.set("updatedAt", updated);
    if (!is_known && !changes && !is_said) {
      plan.action = Action::kNothing;
      return plan;
    }
    plan.input.set("origin", origin_of(file));
    plan.key_of = "update";
    return plan;
  }

  static ImportPlan renamed(const SourceFile& file, const Origin& moved) {
    Json input = Json::object({{"id", moved.id}, {"origin", origin_of(file)}});
    // Another path is no change of what the file says, unless the note was changed in the pod
    // since.
    const auto& updated = file.note.updated_at;
    if (updated && moved.version == moved.imported_version) {
      input.set("updatedAt", to_iso8601(*updated));
    }
    return {.action = Action::kRename,
            .note_id = moved.id,
            .input = std::move(input),
            .key_of = fmt::format("rename:{}:{}", moved.id, moved.version),
            .moved_from = moved.path};
  }

  // Of a file that is unchanged, whose note has lost its text.
  static ImportPlan mended(const SourceFile& file, const Json& now, const Json& then) {
    ImportPlan plan{.action = Action::kNothing, .note_id = std::string(now.string_or("id", ""))};
    const auto version = integer_of(now, "version");
    plan.input = Json::object({{"id", plan.note_id}, {"expectedVersion", version}});
    bring_back(file, now, then, plan);
    if (plan.input.find("content") == nullptr) return plan;
    plan.action = Action::kUpdate;
    if (file.note.updated_at) plan.input.set("updatedAt", to_iso8601(*file.note.updated_at));
    plan.input.set("origin", origin_of(file));
    plan.key_of = "mend";
    return plan;
  }

  // A file was deleted or damaged in the pod's own directory. The text of the file is written where
  // it is the one that is gone, or a later one: an older one would look like the text of today.
  static void bring_back(const SourceFile& file, const Json& now, const Json& then,
                         ImportPlan& plan) {
    const auto version = integer_of(now, "version");
    const auto own = to_hex(sha256(file.note.content));
    if (own == now.string_or("checksum", "")) {
      plan.input.set("content", file.note.content);
      plan.remarks.push_back(fmt::format(
          "the text of its version {} is gone or damaged: a new version has it again", version));
    } else if (own != then.string_or("checksum", "")) {
      plan.input.set("content", file.note.content);
      plan.remarks.push_back(fmt::format(
          "the text of its version {} is gone or damaged: the new version has the file's",
          version));
    } else {
      plan.remarks.push_back(
          fmt::format("the text of its version {} is gone or damaged, and is another than this "
                      "file's; `synap notes restore {} --version {}` takes the file's",
                      version, plan.note_id, integer_of(then, "version")));
    }
  }

  // Those of the file, and those that were added in the pod since.
  static void set_tags(Json& input, const char* name, const std::vector<std::string>& tags,
                       const Json& now, const Json& then) {
    Json wanted = strings(tags);
    for (const auto& tag : now.as_array()) {
      const auto has = [&](const Json& list) {
        return std::ranges::find(list.as_array(), tag) != list.as_array().end();
      };
      if (!has(then) && !has(wanted) && wanted.as_array().size() < kTagsMax) wanted.push_back(tag);
    }
    if (wanted != now) input.set(name, std::move(wanted));
  }

  static bool has_text(const Json& note) { return note.find("content") != nullptr; }

  // Version 0: the present one. One whose text cannot be read any more is without "content".
  Result<Json> get(const std::string& id, std::int64_t version) {
    Json asked = Json::object({{"id", id}});
    if (version > 0) asked.set("version", version);
    auto note = pod_.query("notes.get", asked);
    if (note || note.error().code != Code::kInternalServerError) return note;
    return get_without_text(id, version, note.error());
  }

  // What is known of it besides its text, or why it cannot be read.
  Result<Json> get_without_text(const std::string& id, std::int64_t version, const Error& why) {
    Json asked = Json::object({{"id", id}, {"limit", 1}});
    if (version > 0) asked.set("before", version + 1);
    auto page = pod_.query("notes.history", asked);
    const Json* versions = page ? page->find("versions") : nullptr;
    if (versions == nullptr || versions->as_array().empty()) return fail(why);
    Json note = versions->as_array().front();
    if (version > 0 && integer_of(note, "version") != version) return fail(why);
    note.set("id", id);
    return note;
  }

  PodClient& pod_;
  const PlanOptions& options_;
  NoteClaims& claims_;
  std::vector<Origin> origins_;
};

}  // namespace

Json creation_of(const SourceFile& file) {
  const auto& note = file.note;
  Json input = Json::object({{"content", note.content}});
  // The title that the pod makes itself is left to it: so it follows the text when that is changed.
  if (features::notes::title_of(note.content) != note.title) input.set("title", note.title);
  if (!note.tags.empty()) input.set("tags", strings(note.tags));
  if (!note.properties.as_object().empty()) input.set("properties", note.properties);
  input.set("origin", origin_of(file));
  if (note.created_at) input.set("createdAt", to_iso8601(*note.created_at));
  if (note.updated_at) input.set("updatedAt", to_iso8601(*note.updated_at));
  return input;
}

Result<std::vector<ImportPlan>> make_plans(PodClient& pod, const std::vector<SourceFile>& files,
                                           const PlanOptions& options, NoteClaims& claims) {
  Planner planner(pod, options, claims);
  if (auto found = planner.look_up(files); !found) return fail(found.error());
  std::vector<ImportPlan> plans;
  for (const auto& file : files) {
    auto plan = planner.plan(file);
    if (!plan) return fail(plan.error());
    plans.push_back(std::move(*plan));
  }
  return plans;
}

}  // namespace synap::cli
