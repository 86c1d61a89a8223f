// synap export: every note as a Markdown file.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <span>

#include "base/crypto.h"
#include "synap/commands.h"
#include "synap/export_directory.h"
#include "synap/export_layout.h"
#include "synap/note_file.h"
#include "synap/output.h"
#include "synap/pod_client.h"

namespace synap::cli {
namespace {

// Notes that are asked for at once: their texts are all in memory.
constexpr std::size_t kNotesAtOnce = 32;
constexpr std::int64_t kBytesAtOnce = 4 * 1024 * 1024;

struct ExportOptions {
  ClientOptions client;
  std::string directory;
};

struct Left {
  std::string path;
  std::string reason;
};

class Exporter {
 public:
  /// `path`: of the directory, without links.
  Exporter(PodClient& pod, ExportDirectory& directory, std::string path)
      : pod_(pod),
        directory_(directory),
        path_(std::move(path)),
        has_exports_(!directory.names().empty()) {}

  std::size_t written = 0;
  std::size_t unchanged = 0;
  std::vector<Left> left;    // files that stay as they are, whose notes are other
  std::vector<Left> failed;  // notes without a file

  // Errors are those of the pod. All are listed twice: where one of them lies depends on all.
  Result<> run() {
    // None of them is given to another note, whichever comes first.
    for (const auto& name : directory_.names()) std::ignore = names_.take(name);
    auto done = for_each_page([this](std::span<const Json> listed) { return lay_out(listed); });
    layout_.settle();
    if (!done) return done;
    return for_each_page([this](std::span<const Json> listed) { return export_listed(listed); });
  }

 private:
  Result<> for_each_page(auto deal_with) {
    Json asked = Json::object({{"limit", 100}, {"sort", "createdAt"}});
    for (;;) {
      auto page = pod_.query("notes.list", asked);
      if (!page) return fail(page.error());
      const Json* notes = page->find("notes");
      if (notes == nullptr || !notes->is_array()) return {};
      if (Result<> done = deal_with(notes->as_array()); !done) return done;
      const Json* next = page->find("nextCursor");
      if (next == nullptr) return {};
      asked.set("cursor", *next);
    }
  }

  Result<> lay_out(std::span<const Json> listed) {
    if (listed.empty()) return {};
    Json ids = Json::array();
    for (const auto& note : listed) ids.push_back(note.string_or("id", ""));
    auto found = pod_.query("notes.findOrigins", Json::object({{"ids", std::move(ids)}}));
    if (!found) return fail(found.error());
    const Json* origins = found->find("notes");
    if (origins == nullptr || !origins->is_array()) return {};
    // A note may have been imported from several files; where it came from last is what it tells.
    std::map<std::string_view, const Json*> newest;
    for (const auto& origin : origins->as_array()) {
      auto& kept = newest[origin.string_or("id", "")];
      if (kept == nullptr || version_of(*kept) < version_of(origin)) kept = &origin;
    }
    for (const auto& [id, origin] : newest) layout_.add(origin->string_or("path", ""));
    return {};
  }

  static std::int64_t version_of(const Json& origin) {
    const Json* version = origin.find("importedVersion");
    return version != nullptr && version->is_integer() ? version->as_integer() : 0;
  }

  Result<> export_listed(std::span<const Json> listed) {
    while (!listed.empty()) {
      std::size_t count = 0;
      std::int64_t bytes = 0;
      while (count < std::min(listed.size(), at_once_) && (count == 0 || bytes < kBytesAtOnce)) {
        const Json* size = listed[count++].find("fileSize");
        if (size != nullptr && size->is_integer()) bytes += size->as_integer();
      }
      std::vector<Json> questions;
      for (const auto& note : listed.first(count)) {
        questions.push_back(Json::object({{"id", note.string_or("id", "")}}));
      }
      auto answers = pod_.query_batch("notes.get", questions);
      if (!answers && answers.error().code == Code::kBadRequest && at_once_ > 1) {
        at_once_ /= 2;  // a pod can be set to allow fewer in a batch
        continue;
      }
      if (!answers) return fail(answers.error());
      for (std::size_t i = 0; i < count; ++i) {
        if ((*answers)[i]) {
          export_note(*(*answers)[i]);
        } else if ((*answers)[i].error().code != Code::kNotFound) {  // deleted since it was listed
          fail_note(listed[i], (*answers)[i].error().message);
        }
      }
      listed = listed.subspan(count);
    }
    return {};
  }

  void fail_note(const Json& note, std::string_view why) {
    failed.push_back({fmt::format("{} ({})", note.string_or("title", ""), note.string_or("id", "")),
                      std::string(why)});
  }

  void export_note(const Json& note) {
    if (note.find("properties") == nullptr) {
      return fail_note(note, "the pod is older than this program: export with its own");
    }
    auto bytes = note_file(note);
    if (!bytes) return fail_note(note, bytes.error().message);
    const std::string id(note.string_or("id", ""));
    // The end of an id is random, its beginning the time.
    constexpr std::size_t kIdCharacters = 8;
    const auto end = " " + id.substr(id.size() - kIdCharacters);
    const auto name = layout_.name_of(note);
    if (const auto before = directory_.of_note(id, places_of(name, end))) {
      return renew(note, *before, *bytes);
    }
    if (const auto own = imported_from_here(note)) return renew(note, {*own, 0}, *bytes);
    // At the top where a file of somebody's has the name of its directory.
    const auto top = name.substr(name.rfind('/') + 1) + end;
    for (const auto& candidate : {name, name + end, top}) {
      const auto file = candidate + ".md";
      if (!names_.take(file)) continue;
      const auto added = directory_.add(file, *bytes);
      if (added) return ++written, void();
      if (added.error().code != Code::kConflict) return fail_note(note, added.error().message);
    }
    fail_note(note, "other files have its names: " + name + ".md, " + name + end + ".md");
  }

  // Somebody has written it into the export, and it was imported from there. (A name that is none
  // of an export's leads out of the directory, and is left alone.)
  std::optional<std::string> imported_from_here(const Json& note) const {
    const Json* origin = note.find("origin");
    auto path = std::string(origin != nullptr ? origin->string_or("path", "") : "");
    // Where nothing was exported before, these are files that were imported, and stay as they are.
    if (!path.starts_with(path_ + "/") || !has_exports_) return std::nullopt;
    path.erase(0, path_.size() + 1);
    const auto is_hidden = [](std::string_view name) { return name.empty() || name[0] == '.'; };
    for (std::string_view rest = path; !rest.empty();) {
      const auto part = rest.substr(0, rest.find('/'));
      if (is_hidden(part)) return std::nullopt;
      rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    }
    const auto bytes = directory_.read(path);
    if (!bytes || to_hex(sha256(*bytes)) != origin->string_or("checksum", "")) return std::nullopt;
    return path;
  }

  // Where an earlier export has put it: there were fewer places then that all notes came from, so
  // it may have taken more off.
  static std::vector<std::string> places_of(std::string_view name, std::string_view end) {
    std::vector<std::string> places;
    for (std::size_t at = 0; at != std::string_view::npos;) {
      const auto place = std::string(name.substr(at));
      places.push_back(place + ".md");
      places.push_back(fmt::format("{}{}.md", place, end));
      at = name.find('/', at);
      if (at != std::string_view::npos) ++at;
    }
    return places;
  }

  // The file that an earlier export made keeps its name. One that was edited since stays as it is.
  void renew(const Json& note, const ExportDirectory::Exported& before, const std::string& bytes) {
    std::ignore = names_.take(before.name);
    const auto present = directory_.read(before.name);
    if (!present) return fail_note(note, present.error().message);
    if (*present == bytes) return ++unchanged, void();
    if (!is_unedited(*present, note, before.version)) {
      left.push_back({before.name, "it was edited since it was exported; import it first"});
      return;
    }
    const auto replaced = directory_.replace(before.name, *present, bytes);
    if (!replaced && replaced.error().code == Code::kConflict) {
      left.push_back({before.name, "it was edited while it was exported; import it first"});
      return;
    }
    if (!replaced) return fail_note(note, replaced.error().message);
    ++written;
  }

  bool is_unedited(std::string_view bytes, const Json& note, std::int64_t version) {
    if (is_export_of(bytes, note)) return true;
    const Json* origin = note.find("origin");  // it was edited, and has been imported
    if (origin != nullptr && origin->string_or("checksum", "") == to_hex(sha256(bytes)))
      return true;
    auto then = pod_.query("notes.get",
                           Json::object({{"id", note.string_or("id", "")}, {"version", version}}));
    return then && is_export_of(bytes, *then);
  }

  PodClient& pod_;
  ExportDirectory& directory_;
  const std::string path_;
  const bool has_exports_;  // from before, at its top
  ExportLayout layout_;
  FileNames names_;
  std::size_t at_once_ = kNotesAtOnce;
};

Json json_of(const std::vector<Left>& list) {
  Json array = Json::array();
  for (const auto& [path, reason] : list) {
    array.push_back(Json::object({{"path", path}, {"reason", reason}}));
  }
  return array;
}

void print_list(std::string_view name, const std::vector<Left>& list) {
  std::vector<std::string> lines;
  for (const auto& [path, reason] : list) lines.push_back(fmt::format("{}: {}", path, reason));
  print_folded(name, lines);
}

void print_summary(const Exporter& done) {
  print_list("left as they are", done.left);
  print_list("failed", done.failed);
  print_line(fmt::format("{:<14} {}", "failed", done.failed.size()));
  print_line(fmt::format("{:<14} {}", "exported", done.written));
  print_line(fmt::format("{:<14} {}", "unchanged", done.unchanged));
  if (!done.left.empty()) print_line(fmt::format("{:<14} {}", "left", done.left.size()));
}

int export_notes(const ExportOptions& options) {
  const bool is_json = options.client.is_json;
  auto pod = PodClient::make(options.client);
  if (!pod) return report(pod.error(), is_json);
  // Before the directory is made: nothing is left behind where no pod answers.
  if (auto end = pod->end_of_log(); !end) return report(end.error(), is_json);
  auto directory = ExportDirectory::open(options.directory);
  if (!directory) return report(directory.error(), is_json);
  std::error_code unknown;
  Exporter exporter(*pod, *directory,
                    std::filesystem::canonical(options.directory, unknown).string());
  if (auto done = exporter.run(); !done) return report(done.error(), is_json);
  if (is_json) {
    print_json(Json::object({{"failed", json_of(exporter.failed)},
                             {"exported", std::uint64_t{exporter.written}},
                             {"unchanged", std::uint64_t{exporter.unchanged}},
                             {"left", json_of(exporter.left)}}));
  } else {
    print_summary(exporter);
  }
  return exporter.failed.empty() ? kExitOk : kExitFailure;
}

}  // namespace

Command export_command() {
  auto options = std::make_shared<ExportOptions>();
  Command command{
      .words = "export",
      .docs =
          "Write every note as a Markdown file with its title, tags, properties and times in "
          "front matter, those that were imported in the directories that their files were in; "
          "`synap import markdown` makes the same notes of them. May be repeated: "
          "files of notes that have changed are renewed. Other files, and those that were "
          "edited since, stay as they are.",
      .example = "synap export ~/notes-of-today",
      .options = {{"DIR", "The directory; it is made if it is not there.", &options->directory, "",
                   true}},
      .run = [options] { return export_notes(*options); },
      .outlives_readers = true};
  for (auto& option : client_options(options->client)) command.options.push_back(option);
  return command;
}

}  // namespace synap::cli
