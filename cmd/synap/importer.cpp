#include "synap/importer.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <thread>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/uuid.h"
#include "synap/file.h"
#include "synap/markdown_note.h"
#include "synap/output.h"

namespace synap::cli {
namespace {

using Action = ImportPlan::Action;
using Fate = ImportedFile::Fate;
using std::chrono::milliseconds;

constexpr milliseconds kRetryDelayMin{50};
constexpr milliseconds kRetryDelayMax{2'000};
// Commands in one request. With one each, and a question for the end of each, a note cost the pod
// 455 us of processor and this program 318; with 32, and ends read from the log, 252 and 87
// (bench/README.md).
constexpr std::size_t kCommandsAtOnce = 32;
// Of texts in a request with several: a tenth of what a pod takes as it comes.
constexpr std::size_t kRequestBytes = 1024 * 1024;
// Files that the pod is asked about at once: their paths and checksums go into one URL, too. Of
// large ones fewer, since they are all in memory.
constexpr std::size_t kFilesAtOnce = 32;
constexpr std::size_t kPathBytesAtOnce = 12 * 1024;
constexpr std::size_t kBytesAtOnce = 4 * 1024 * 1024;
// How often a plan is made anew because the note changed meanwhile.
constexpr int kPlansMax = 5;

// Half of it and a random rest, so that several senders do not come back all at once.
milliseconds jittered(milliseconds delay) {
  thread_local std::minstd_rand random(std::random_device{}());
  const auto half = delay.count() / 2;
  return milliseconds(half + static_cast<milliseconds::rep>(random()) % (half + 1));
}

// An older pod has no such procedure: then nothing is begun.
Result<> ask_origins(PodClient& pod) {
  const auto none = Json::object({{"paths", Json::array()}, {"checksums", Json::array()}});
  const auto answer = pod.query("notes.findOrigins", none);
  if (!answer && answer.error().code == Code::kNotFound) return fail(answer.error());
  return {};
}

std::string idempotency_key(const ImportPlan& plan, int attempt) {
  return "import:" +
         to_hex(sha256(fmt::format("{}\n{}\n{}", plan.key_of, attempt, plan.input.dump())));
}

// As the pod knows the file. Names that are no UTF-8 are told apart by a hash of their bytes.
std::string known_path(const std::string& path) {
  if (is_valid_utf8(path)) return path;
  constexpr std::size_t kMarkSize = 16;
  return displayed(path) + "#" + to_hex(sha256(path)).substr(0, kMarkSize);
}

Fate fate_of(Action action) {
  switch (action) {
    case Action::kCreate:
      return Fate::kImported;
    case Action::kUpdate:
      return Fate::kChanged;
    case Action::kRename:
      return Fate::kRenamed;
    case Action::kNothing:
      return Fate::kAlreadyThere;
    case Action::kDeleted:
      return Fate::kDeleted;
  }
  return Fate::kFailed;
}

std::string_view procedure_of(Action action) {
  return action == Action::kCreate ? "notes.create" : "notes.update";
}

// Of a thousand files nobody accepts each: after the first of them no more are sent.
Error proposed_error() {
  return {Code::kForbidden,
          "This key may only propose, and the scope notes:write is needed. What was sent became "
          "proposals, which `synap proposals list` shows",
          nullptr};
}

constexpr std::string_view kDeletedReason = "its note was deleted; --again makes a new one";

}  // namespace

bool concerns_all(const Error& error) {
  return error.code == Code::kUnauthorized || error.code == Code::kForbidden;
}

Importer::Importer(ImportOptions options, const MarkdownTree& tree,
                   std::function<void(std::size_t)> on_progress)
    : options_(std::move(options)),
      tree_(tree),
      on_progress_(std::move(on_progress)),
      batch_("import:" + Uuid::v7().to_string()),
      commands_max_(kCommandsAtOnce) {
  files_.resize(tree_.files.size());
  for (std::size_t i = 0; i < files_.size(); ++i) files_[i].path = displayed(tree_.files[i]);
}

void Importer::went_forward() {
  last_forward_ = Clock::now().time_since_epoch().count();
}

bool Importer::is_out_of_patience() const {
  const Clock::duration last(last_forward_.load());
  return Clock::now().time_since_epoch() - last > options_.patience;
}

// Nothing if it is no note, or cannot be read: then its fate is decided.
std::optional<SourceFile> Importer::read(std::size_t index) {
  auto& file = files_[index];
  const auto path = tree_.root + "/" + tree_.files[index];
  // It was a regular file when it was found; a link or pipe in its place is not followed or waited
  // for.
  const auto bytes = read_file(path, {.bytes_max = kFileBytesMax, .follows_links = false});
  const auto name = std::filesystem::path(file.path).filename().string();
  auto note = bytes ? read_note(name, *bytes, options_.tags, unix_ms_now())
                    : Result<MarkdownNote>(fail(Code::kForbidden, bytes.error().message));
  if (!note) {
    file.is_lost = note.error().code != Code::kNotFound;
    end_with(index, Fate::kSkipped, note.error().message);
    return std::nullopt;
  }
  file.title = note->title;
  file.remarks = note->remarks;
  return SourceFile{index, known_path(path), to_hex(sha256(*bytes)), std::move(*note)};
}

// The next files of the tree that nobody has read yet; none: there are no more.
std::vector<SourceFile> Importer::read_some() {
  std::vector<SourceFile> some;
  std::size_t bytes = 0;
  std::size_t path_bytes = 0;
  while (some.size() < kFilesAtOnce && bytes < kBytesAtOnce && path_bytes < kPathBytesAtOnce) {
    const auto index = next_file_++;
    if (index >= files_.size()) break;
    if (auto file = read(index)) {
      bytes += file->note.content.size();
      path_bytes += file->path.size();
      some.push_back(std::move(*file));
    }
  }
  return some;
}

Result<std::vector<ImportedFile>> Importer::rehearse(std::string& unasked) {
  auto pod = PodClient::make(options_.client);
  if (!pod) return fail(pod.error());
  const PlanOptions options{options_.brings_back, options_.tags};
  wait_for_earlier(*pod);
  for (auto some = read_some(); !some.empty(); some = read_some()) {
    std::vector<ImportPlan> plans(some.size());
    if (unasked.empty()) {
      auto made = make_plans(*pod, some, options, claims_);
      if (made) {
        plans = std::move(*made);
      } else if (is_unreachable(made.error())) {
        unasked = made.error().message;
      } else {
        return fail(made.error());
      }
    }
    for (std::size_t i = 0; i < some.size(); ++i) {
      files_[some[i].index].fate = take_plan(some[i], plans[i]);
    }
    on_progress_(std::min(next_file_.load(), files_.size()));
  }
  return std::move(files_);
}

Result<std::vector<ImportedFile>> Importer::run() {
  auto pod = PodClient::make(options_.client);
  if (!pod) return fail(pod.error());
  went_forward();
  auto end =
      options_.waits_for_begin ? patiently([&] { return pod->end_of_log(); }) : pod->end_of_log();
  if (!end) return fail(end.error());
  if (auto asked = ask_origins(*pod); !asked) return fail(asked.error());
  wait_for_earlier(*pod);
  log_end_before_ = *end;
  log_seen_ = *end;
  went_forward();

  std::vector<std::jthread> senders;
  senders_ = std::min(static_cast<std::size_t>(options_.concurrency), files_.size());
  for (std::size_t i = senders_; i > 0; --i) senders.emplace_back([this] { send_files(); });
  auto settled = settle_all();
  if (!settled) {
    std::lock_guard lock(mutex_);
    if (!given_up_) given_up_ = settled.error();
    changed_.notify_all();
  }
  senders.clear();  // joins
  if (!settled) return fail(settled.error());
  return std::move(files_);
}

void Importer::send_files() {
  auto pod = PodClient::make(options_.client);
  for (bool is_more = pod.has_value(); is_more;) {
    const auto some = read_some();
    send(*pod, some, 0);
    is_more = next_file_ < files_.size();
  }
  std::lock_guard lock(mutex_);
  --senders_;
  changed_.notify_all();
}

void Importer::end_with(std::size_t index, Fate fate, std::string reason) {
  std::lock_guard lock(mutex_);
  files_[index].fate = fate;
  files_[index].reason = std::move(reason);
  ++done_;
  changed_.notify_all();
}

// Calls until there is an answer, a refusal, or no patience left.
template <class Call>
auto Importer::patiently(Call call) -> decltype(call()) {
  for (auto delay = kRetryDelayMin;; delay = std::min(delay * 2, kRetryDelayMax)) {
    {
      std::lock_guard lock(mutex_);
      if (given_up_) return fail(*given_up_);
    }
    auto answer = call();
    if (answer) went_forward();
    if (answer || !is_passing(answer.error())) return answer;
    std::unique_lock lock(mutex_);
    // Not of the first: a pod that was busy for a moment is no news.
    if (delay > kRetryDelayMin && told_ != answer.error().message) {
      told_ = answer.error().message;
      tell(fmt::format("{}; trying again for up to {} s", told_,
                       std::chrono::ceil<std::chrono::seconds>(options_.patience).count()));
    }
    if (is_out_of_patience()) given_up_ = answer.error();
    changed_.wait_for(lock, jittered(delay), [&] { return given_up_.has_value(); });
  }
}

void Importer::send(PodClient& pod, const std::vector<SourceFile>& files, int attempt) {
  if (files.empty()) return;
  const PlanOptions options{options_.brings_back, options_.tags};
  auto plans = patiently([&] { return make_plans(pod, files, options, claims_); });
  if (!plans && concerns_all(plans.error())) {
    std::lock_guard lock(mutex_);
    given_up_ = plans.error();
  }
  std::vector<Command> commands;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto index = files[i].index;
    if (!plans) {
      end_with(index, Fate::kFailed, plans.error().message);
      continue;
    }
    const auto fate = take_plan(files[i], (*plans)[i]);
    if (fate == Fate::kAlreadyThere || fate == Fate::kDeleted) {
      end_with(index, fate, files_[index].reason);
    } else {
      commands.push_back({&files[i], std::move((*plans)[i]), attempt});
    }
  }
  send_commands(pod, commands);
}

// What the report says of the file by its plan, before or instead of doing it. A plan may be made
// again: then the last one counts. The fate once it is done.
Fate Importer::take_plan(const SourceFile& file, const ImportPlan& plan) {
  auto& imported = files_[file.index];
  imported.note_id = plan.note_id;
  imported.remarks = file.note.remarks;
  std::ranges::copy(plan.remarks, std::back_inserter(imported.remarks));
  if (!plan.moved_from.empty()) imported.remarks.push_back("it was " + plan.moved_from);
  const auto fate = fate_of(plan.action);
  if (fate == Fate::kDeleted) imported.reason = kDeletedReason;
  return fate;
}

Json Importer::input_of(const Command& command) const {
  Json input = command.plan.input;
  input.set("batch", batch_);
  return input;
}

// The first of them that go into one request.
std::span<const Importer::Command> Importer::next_request(std::span<const Command> commands) const {
  std::size_t count = 0;
  std::size_t bytes = 0;
  const auto most = std::min(commands.size(), commands_max_.load());
  for (; count < most; ++count) {
    bytes += commands[count].file->note.content.size();
    if (bytes > kRequestBytes) break;
  }
  return commands.first(std::max<std::size_t>(count, 1));
}

void Importer::send_commands(PodClient& pod, std::span<const Command> commands) {
  while (!commands.empty()) {
    const auto some = next_request(commands);
    if (some.size() == 1) {
      send_command(pod, some.front());
    } else if (!send_together(pod, some)) {
      commands_max_ = some.size() / 2;
      continue;
    }
    commands = commands.subspan(some.size());
  }
}

// False: the pod is set to take less at once, and did nothing. Each command has its own key, so to
// send one again is no harm.
bool Importer::send_together(PodClient& pod, std::span<const Command> commands) {
  auto answers = patiently([&] {
    std::vector<PodClient::Mutation> mutations;
    for (const auto& command : commands) {
      auto input = input_of(command);
      input.set("idempotencyKey", idempotency_key(command.plan, command.attempt));
      mutations.push_back({procedure_of(command.plan.action), std::move(input)});
    }
    return pod.mutate_batch(std::move(mutations));
  });
  if (!answers && (answers.error().code == Code::kBadRequest ||
                   answers.error().code == Code::kPayloadTooLarge)) {
    return false;
  }
  for (std::size_t i = 0; i < commands.size(); ++i) {
    if (answers && !(*answers)[i] && is_passing((*answers)[i].error())) {
      send_command(pod, commands[i]);  // again, with patience
    } else {
      take_answer(pod, commands[i], answers ? (*answers)[i] : fail(answers.error()));
    }
  }
  return true;
}

void Importer::send_command(PodClient& pod, const Command& command) {
  const auto key = idempotency_key(command.plan, command.attempt);
  const auto input = input_of(command);
  take_answer(pod, command,
              patiently([&] { return pod.mutate(procedure_of(command.plan.action), input, key); }));
}

void Importer::take_answer(PodClient& pod, const Command& command, const Result<Json>& answer) {
  const auto& [file, plan, attempt] = command;
  if (answer && answer->string_or("status", "") == "proposed") {
    return take_answer(pod, command, fail(proposed_error()));
  }
  if (answer) {
    std::lock_guard lock(mutex_);
    files_[file->index].note_id = answer->string_or("entityId", "");
    sent_.push_back({file->index, std::string(answer->string_or("requestId", "")),
                     fate_of(plan.action), attempt});
    changed_.notify_all();
    return;
  }
  const auto& error = answer.error();
  // The note was changed or deleted since it was looked up: its plan is made anew.
  const bool is_outdated = error.code == Code::kConflict || error.code == Code::kNotFound;
  if (is_outdated && attempt % kPlansMax != kPlansMax - 1) return send(pod, {*file}, attempt + 1);
  if (error.code == Code::kPayloadTooLarge) {
    files_[file->index].is_lost = true;
    return end_with(file->index, Fate::kSkipped, "too large for this pod: " + error.message);
  }
  if (concerns_all(error)) {
    std::lock_guard lock(mutex_);
    given_up_ = error;
  }
  end_with(file->index, Fate::kFailed, error.message);
}

}  // namespace synap::cli
