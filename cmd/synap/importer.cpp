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
#include "synap/markdown_note.h"

namespace synap::cli {
namespace {

using Action = ImportPlan::Action;
using Fate = ImportedFile::Fate;
using std::chrono::milliseconds;

constexpr milliseconds kRetryDelayMin{50};
constexpr milliseconds kRetryDelayMax{2'000};
constexpr milliseconds kPollDelayMin{20};
constexpr milliseconds kPollDelayMax{500};
// Their inputs go into one URL: some 10 KB of the 64 that a head may have. A pod can be set to
// allow fewer in a batch, and then refuses: half as many are tried.
constexpr std::size_t kPollBatch = 50;
// Files that the pod is asked about at once: their paths and checksums go into one URL, too. Of
// large ones fewer, since they are all in memory.
constexpr std::size_t kFilesAtOnce = 32;
constexpr std::size_t kPathBytesAtOnce = 12 * 1024;
constexpr std::size_t kBytesAtOnce = 4 * 1024 * 1024;
// A command of before this run that was given up is tried again as a new one; so many in all.
constexpr int kAttemptsMax = 100;
// How often a plan is made anew because the note changed meanwhile.
constexpr int kPlansMax = 5;
constexpr std::string_view kFailedSuffix = ".failed";

bool concerns_all(const Error& error) {
  return error.code == Code::kUnauthorized || error.code == Code::kForbidden;
}

// Half of it and a random rest, so that several senders do not come back all at once.
milliseconds jittered(milliseconds delay) {
  thread_local std::minstd_rand random(std::random_device{}());
  const auto half = delay.count() / 2;
  return milliseconds(half + static_cast<milliseconds::rep>(random()) % (half + 1));
}

std::string idempotency_key(const ImportPlan& plan, int attempt) {
  return "import:" +
         to_hex(sha256(fmt::format("{}\n{}\n{}", plan.key_of, attempt, plan.input.dump())));
}

Json fate_question(const std::string& request_id) {
  return Json::object(
      {{"correlationId", request_id},
       {"types", Json(Json::Array{"note.creation.completed", "note.creation.failed",
                                  "note.update.completed", "note.update.failed"})}});
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

constexpr std::string_view kDeletedReason = "its note was deleted; --again makes a new one";

}  // namespace

Importer::Importer(ImportOptions options, const MarkdownTree& tree,
                   std::function<void(std::size_t)> on_progress)
    : options_(std::move(options)),
      tree_(tree),
      on_progress_(std::move(on_progress)),
      batch_("import:" + Uuid::v7().to_string()) {
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
  const auto bytes = read_file(path, kFileBytesMax);
  const auto name = std::filesystem::path(file.path).filename().string();
  auto note = bytes ? read_note(name, *bytes, options_.tags, unix_ms_now())
                    : Result<MarkdownNote>(fail(bytes.error()));
  if (!note) {
    end_with(index, Fate::kSkipped, note.error().message);
    return std::nullopt;
  }
  file.title = note->title;
  file.remarks = std::move(note->remarks);
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

std::vector<ImportedFile> Importer::rehearse(std::string& unasked) {
  auto pod = PodClient::make(options_.client);
  if (!pod) unasked = pod.error().message;
  const PlanOptions options{options_.brings_back, options_.tags};
  for (auto some = read_some(); !some.empty(); some = read_some()) {
    std::vector<ImportPlan> plans(some.size());
    if (unasked.empty()) {
      auto made = make_plans(*pod, some, options, claims_);
      if (made) {
        plans = std::move(*made);
      } else {
        unasked = made.error().message;
      }
    }
    for (std::size_t i = 0; i < some.size(); ++i) {
      auto& file = files_[some[i].index];
      file.fate = fate_of(plans[i].action);
      file.note_id = plans[i].note_id;
      if (file.fate == Fate::kDeleted) file.reason = kDeletedReason;
      std::ranges::move(plans[i].remarks, std::back_inserter(file.remarks));
    }
    on_progress_(std::min(next_file_.load(), files_.size()));
  }
  return std::move(files_);
}

Result<std::vector<ImportedFile>> Importer::run() {
  auto pod = PodClient::make(options_.client);
  if (!pod) return fail(pod.error());
  auto end = pod->end_of_log();
  if (!end) return fail(end.error());
  log_end_before_ = *end;
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
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (plans) {
      carry_out(pod, files[i], std::move((*plans)[i]), attempt);
    } else {
      end_with(files[i].index, Fate::kFailed, plans.error().message);
    }
  }
}

void Importer::carry_out(PodClient& pod, const SourceFile& file, ImportPlan plan, int attempt) {
  auto& imported = files_[file.index];
  imported.note_id = plan.note_id;
  std::ranges::move(plan.remarks, std::back_inserter(imported.remarks));
  if (!plan.moved_from.empty()) imported.remarks.push_back("it was " + plan.moved_from);
  const auto fate = fate_of(plan.action);
  if (fate == Fate::kAlreadyThere) return end_with(file.index, fate, "");
  if (fate == Fate::kDeleted) return end_with(file.index, fate, std::string(kDeletedReason));
  send_command(pod, file, plan, attempt);
}

void Importer::send_command(PodClient& pod, const SourceFile& file, const ImportPlan& plan,
                            int attempt) {
  const auto* procedure = plan.action == Action::kCreate ? "notes.create" : "notes.update";
  const auto key = idempotency_key(plan, attempt);
  Json input = plan.input;
  input.set("batch", batch_);
  auto answer = patiently([&] { return pod.mutate(procedure, input, key); });
  if (answer) {
    std::lock_guard lock(mutex_);
    files_[file.index].note_id = answer->string_or("entityId", "");
    sent_.push_back({file.index, std::string(answer->string_or("requestId", "")),
                     fate_of(plan.action), attempt});
    changed_.notify_all();
    return;
  }
  const auto& error = answer.error();
  // The note was changed or deleted since it was looked up: its plan is made anew.
  const bool is_outdated = error.code == Code::kConflict || error.code == Code::kNotFound;
  if (is_outdated && attempt % kPlansMax != kPlansMax - 1) return send(pod, {file}, attempt + 1);
  if (error.code == Code::kPayloadTooLarge) {
    return end_with(file.index, Fate::kSkipped, "too large for this pod: " + error.message);
  }
  if (concerns_all(error)) {
    std::lock_guard lock(mutex_);
    given_up_ = error;
  }
  end_with(file.index, Fate::kFailed, error.message);
}

// Follows what was sent until it is done, beside the threads that send.
Result<> Importer::settle_all() {
  auto pod = PodClient::make(options_.client);
  if (!pod) return fail(pod.error());
  std::vector<Sent> open;
  std::size_t batch = kPollBatch;
  auto delay = kPollDelayMin;
  for (;;) {
    bool is_sending = true;
    {
      std::unique_lock lock(mutex_);
      const bool has_new = changed_.wait_for(lock, open.empty() ? kPollDelayMax : delay,
                                             [&] { return !sent_.empty() || senders_ == 0; });
      if (has_new) delay = kPollDelayMin;
      open.insert(open.end(), sent_.begin(), sent_.end());
      sent_.clear();
      is_sending = senders_ > 0;
      if (given_up_ && concerns_all(*given_up_)) return fail(*given_up_);
      on_progress_(done_);
    }
    if (open.empty() && !is_sending) return {};
    const auto before = open.size();
    auto settled = settle(*pod, open, batch);
    if (!settled && settled.error().code == Code::kBadRequest && batch > 1) {
      batch /= 2;
      continue;
    }
    if (!settled && !is_passing(settled.error())) return fail(settled.error());
    for (const auto& sent : std::exchange(to_retry_, {})) {
      if (auto file = read(sent.file)) send(*pod, {std::move(*file)}, sent.attempt + 1);
    }
    if (open.size() < before) {
      went_forward();
      delay = kPollDelayMin;
      continue;
    }
    delay = std::min(delay * 2, kPollDelayMax);
    if (is_sending || !is_out_of_patience()) {
      if (!is_sending) std::this_thread::sleep_for(delay);
      continue;
    }
    for (const auto& sent : open) {
      files_[sent.file].fate = Fate::kFailed;
      files_[sent.file].reason =
          fmt::format("accepted as request {}, but not done after {} s of waiting", sent.request_id,
                      options_.patience.count());
    }
    return {};
  }
}

// Asks for the fate of all that is open, `count` at a time, and takes off what is done.
Result<std::size_t> Importer::settle(PodClient& pod, std::vector<Sent>& open, std::size_t count) {
  std::vector<Sent> still_open;
  std::size_t settled = 0;
  for (std::size_t from = 0; from < open.size(); from += count) {
    const auto to = std::min(open.size(), from + count);
    std::vector<Json> questions;
    for (auto i = from; i < to; ++i) questions.push_back(fate_question(open[i].request_id));
    auto answers = pod.query_batch("events.list", questions);
    if (!answers) return fail(answers.error());
    for (auto i = from; i < to; ++i) {
      const auto& answer = (*answers)[i - from];
      if (!answer || !settle_one(open[i], *answer)) {
        still_open.push_back(open[i]);
      } else {
        ++settled;
      }
    }
  }
  open = std::move(still_open);
  return settled;
}

// True: what was sent has come to an end.
bool Importer::settle_one(const Sent& sent, const Json& answer) {
  const Json* events = answer.find("events");
  if (events == nullptr || events->as_array().empty()) return false;
  const auto& last = events->as_array().back();
  const Json* position = last.find("position");
  const bool is_of_before = position != nullptr && position->as_integer() <= log_end_before_;
  if (last.string_or("type", "").ends_with(kFailedSuffix)) {
    if (is_of_before && sent.attempt < kAttemptsMax) {
      to_retry_.push_back(sent);
    } else {
      const Json* data = last.find("data");
      end_with(sent.file, Fate::kFailed,
               std::string(data == nullptr ? "" : data->string_or("message", "")));
    }
    return true;
  }
  // Another import may have sent the same command first.
  const Json* metadata = last.find("metadata");
  const bool is_of_another = metadata != nullptr && metadata->string_or("batch", batch_) != batch_;
  end_with(sent.file, is_of_before || is_of_another ? Fate::kAlreadyThere : sent.fate, "");
  return true;
}

}  // namespace synap::cli
