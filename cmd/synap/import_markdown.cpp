#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <span>

#include "synap/commands.h"
#include "synap/importer.h"
#include "synap/output.h"

namespace synap::cli {
namespace {

using Fate = ImportedFile::Fate;

constexpr std::int64_t kNotGiven = -1;

struct ImportCommandOptions {
  ImportOptions import;
  std::string directory;
  bool is_dry_run = false;
  std::int64_t concurrency = 4;
  std::int64_t patience_seconds = kNotGiven;
};

constexpr std::int64_t kConcurrencyMax = 64;

// A line on a terminal that is written again and again; nothing elsewhere.
class ProgressBar {
 public:
  ProgressBar(std::size_t total, bool is_wanted)
      : total_(total), is_shown_(is_wanted && total > 0 && ::isatty(STDERR_FILENO) == 1) {}
  ~ProgressBar() {
    if (is_shown_) print_error_text("\r\x1b[K");
  }
  void show(std::size_t done) {
    if (!is_shown_ || done == shown_) return;
    shown_ = done;
    constexpr std::size_t kWidth = 30;
    const auto filled = kWidth * done / total_;
    print_error_text(
        fmt::format("\r[{:#<{}}{: <{}}] {}/{}", "", filled, "", kWidth - filled, done, total_));
  }

 private:
  std::size_t total_;
  bool is_shown_;
  std::size_t shown_ = static_cast<std::size_t>(-1);
};

struct Summary {
  std::size_t imported = 0;  // in a dry run: would be
  std::size_t renamed = 0;
  std::size_t already_there = 0;
  std::vector<Skipped> changed;
  std::vector<Skipped> deleted;
  std::vector<Skipped> skipped;
  std::vector<Skipped> failed;
  std::vector<Skipped> remarks;
};

Summary summary_of(const MarkdownTree& tree, const std::vector<ImportedFile>& files) {
  Summary summary;
  summary.skipped = tree.skipped;
  for (const auto& file : files) {
    switch (file.fate) {
      case Fate::kWaiting:
      case Fate::kImported:
        ++summary.imported;
        break;
      case Fate::kChanged:
        summary.changed.push_back({file.path, ""});
        break;
      case Fate::kRenamed:
        ++summary.renamed;
        break;
      case Fate::kAlreadyThere:
        ++summary.already_there;
        break;
      case Fate::kDeleted:
        summary.deleted.push_back({file.path, file.reason});
        break;
      case Fate::kSkipped:
        summary.skipped.push_back({file.path, file.reason, file.is_lost});
        break;
      case Fate::kFailed:
        summary.failed.push_back({file.path, file.reason});
        break;
    }
    for (const auto& remark : file.remarks) summary.remarks.push_back({file.path, remark});
  }
  std::ranges::sort(summary.skipped, {}, &Skipped::path);
  return summary;
}

std::string_view name_of(Fate fate) {
  switch (fate) {
    case Fate::kChanged:
      return "changed";
    case Fate::kRenamed:
      return "renamed";
    case Fate::kAlreadyThere:
      return "alreadyThere";
    default:
      return "imported";
  }
}

Json json_of(const std::vector<Skipped>& list) {
  Json array = Json::array();
  for (const auto& [path, reason, is_lost] : list) {
    array.push_back(Json::object({{"path", path}, {"reason", reason}}));
  }
  return array;
}

void print_report_json(const ImportCommandOptions& options, const MarkdownTree& tree,
                       const std::vector<ImportedFile>& files, const Summary& summary) {
  Json notes = Json::array();
  for (const auto& file : files) {
    if (file.fate == Fate::kSkipped || file.fate == Fate::kFailed || file.fate == Fate::kDeleted) {
      continue;
    }
    Json note =
        Json::object({{"path", file.path}, {"title", file.title}, {"fate", name_of(file.fate)}});
    if (!file.note_id.empty()) note.set("id", file.note_id);
    notes.push_back(std::move(note));
  }
  print_json(Json::object({{"directory", displayed(tree.root)},
                           {"dryRun", options.is_dry_run},
                           {"failed", json_of(summary.failed)},
                           {"imported", std::uint64_t{summary.imported}},
                           {"changed", std::uint64_t{summary.changed.size()}},
                           {"renamed", std::uint64_t{summary.renamed}},
                           {"alreadyThere", std::uint64_t{summary.already_there}},
                           {"deleted", json_of(summary.deleted)},
                           {"skipped", json_of(summary.skipped)},
                           {"remarks", json_of(summary.remarks)},
                           {"otherFiles", std::uint64_t{tree.others}},
                           {"notes", std::move(notes)}}));
}

void print_list(std::string_view name, const std::vector<Skipped>& list) {
  std::vector<std::string> lines;
  for (const auto& [path, reason, is_lost] : list) {
    lines.push_back(path + (reason.empty() ? "" : ": ") + reason);
  }
  print_folded(name, lines);
}

void print_summary(const ImportCommandOptions& options, const MarkdownTree& tree,
                   const Summary& summary) {
  // What is no note and was none to be missed, and what is missed.
  std::vector<Skipped> skipped;
  std::vector<Skipped> left_out;
  for (const auto& each : summary.skipped) (each.is_lost ? left_out : skipped).push_back(each);
  print_list("changed", summary.changed);
  print_list("remarks", summary.remarks);
  print_list("skipped", skipped);
  print_list("deleted", summary.deleted);
  print_list("left out", left_out);
  print_list("failed", summary.failed);
  // What people look for first is at the end, where a terminal stops.
  const auto number = [](std::string_view name, std::size_t count) {
    print_line(fmt::format("{:<14} {}", name, count));
  };
  if (!options.is_dry_run) number("failed", summary.failed.size());
  if (!left_out.empty()) number("left out", left_out.size());
  number(options.is_dry_run ? "to import" : "imported", summary.imported);
  if (!summary.changed.empty()) number("changed", summary.changed.size());
  if (summary.renamed > 0) number("renamed", summary.renamed);
  number("already there", summary.already_there);
  if (!summary.deleted.empty()) number("deleted", summary.deleted.size());
  if (!skipped.empty()) number("skipped", skipped.size());
  if (!summary.remarks.empty()) number("remarks", summary.remarks.size());
  if (tree.others > 0) number("not Markdown", tree.others);
}

int import_markdown(ImportCommandOptions& options) {
  const bool is_json = options.import.client.is_json;
  if (options.concurrency < 1 || options.concurrency > kConcurrencyMax) {
    return report_usage(fmt::format("--concurrency must be from 1 to {}", kConcurrencyMax),
                        is_json);
  }
  options.import.concurrency = static_cast<int>(options.concurrency);
  if (options.patience_seconds != kNotGiven) {
    if (options.patience_seconds < 0) return report_usage("--patience must be 0 or more", is_json);
    options.import.patience = std::chrono::seconds(options.patience_seconds);
    options.import.waits_for_begin = true;
  }
  if (std::ranges::any_of(options.import.tags,
                          [](const auto& tag) { return tag_of(tag).empty(); })) {
    return report_usage("--tag must be a name", is_json);
  }
  auto tree = find_markdown(options.directory);
  if (!tree) return report(tree.error(), is_json);
  Result<std::vector<ImportedFile>> files;
  std::string unasked;
  {
    ProgressBar bar(tree->files.size(), !is_json);
    Importer importer(options.import, *tree, [&](std::size_t done) { bar.show(done); });
    files = options.is_dry_run ? importer.rehearse(unasked) : importer.run();
  }
  if (!files) return report(files.error(), is_json);
  if (!unasked.empty()) tell("what is there already is not known: " + unasked);
  const auto summary = summary_of(*tree, *files);
  if (is_json) {
    print_report_json(options, *tree, *files, summary);
  } else {
    print_summary(options, *tree, summary);
  }
  const auto lost = std::ranges::count_if(summary.skipped, &Skipped::is_lost);
  if (lost > 0) {
    tell(fmt::format("{} left out: too large, no UTF-8, or cannot be read; the report says why",
                     lost));
  }
  if (!summary.failed.empty()) {
    tell(fmt::format("{} of {} files failed; the same command again tries those only",
                     summary.failed.size(), files->size()));
  }
  return summary.failed.empty() && lost == 0 ? kExitOk : kExitFailure;
}

}  // namespace

Command import_markdown_command() {
  auto options = std::make_shared<ImportCommandOptions>();
  Command command{
      .words = "import markdown",
      .docs =
          "Make a note of every .md and .markdown file below a directory, with all the properties "
          "of its front matter, and say what became of each. May be repeated: a file that is "
          "unchanged does nothing, one that has changed becomes a new version of its note, one "
          "that was renamed is known by its content, and one whose note was deleted is told. "
          "Symbolic links and hidden directories are skipped.",
      .example = "synap import markdown ~/notes --tag imported --dry-run",
      .options = {{"DIR", "The directory.", &options->directory, "", true},
                  {"--dry-run",
                   "Only say what would be done; where no pod answers, as for an empty one.",
                   &options->is_dry_run},
                  {"--again", "Make new notes of files whose notes were deleted.",
                   &options->import.brings_back},
                  {"--concurrency",
                   "Requests on their way at once, of up to 32 notes each. Default: 4",
                   &options->concurrency},
                  {"--tag", "For every note; may be given several times.", &options->import.tags},
                  {"--patience",
                   "Seconds to wait for a pod that is away, at the begin too if this is given. "
                   "Default: 60",
                   &options->patience_seconds}},
      .run = [options] { return import_markdown(*options); },
      .outlives_readers = true};
  for (auto& option : client_options(options->import.client)) command.options.push_back(option);
  return command;
}

}  // namespace synap::cli
