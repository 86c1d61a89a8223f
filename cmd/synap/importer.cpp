#include "synap/importer.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <thread>

#include "base/clock.h"
#include "base/crypto.h"
#include "synap/markdown_note.h"

namespace synap::cli {
namespace {

using Fate = ImportedFile::Fate;
using std::chrono::milliseconds;

constexpr milliseconds kRetryDelayMin{50};
constexpr milliseconds kRetryDelayMax{2'000};
constexpr milliseconds kPollDelayMin{20};
constexpr milliseconds kPollDelayMax{500};
// Their inputs go into one URL: some 10 KB of the 64 that a head may have. A pod can be set to
// allow fewer in a batch, and then refuses: half as many are tried.
constexpr std::size_t kPollBatch = 50;
constexpr std::string_view kCompleted = "note.creation.completed";
constexpr std::string_view kFailed = "note.creation.failed";

bool concerns_all(const Error& error) {
  return error.code == Code::kUnauthorized || error.code == Code::kForbidden;
}

// Half of it and a random rest, so that several senders do not come back all at once.
milliseconds jittered(milliseconds delay) {
  thread_local std::minstd_rand random(std::random_device{}());
  const auto half = delay.count() / 2;
  return milliseconds(half + static_cast<milliseconds::rep>(random()) % (half + 1));
}

std::string idempotency_key(const std::string& relative_path, std::string_view bytes) {
  return "import:" + to_hex(sha256(relative_path + '\0' + to_hex(sha256(bytes))));
}

Json fate_question(const std::string& request_id) {
  return Json::object(
      {{"correlationId", request_id}, {"types", Json(Json::Array{kCompleted, kFailed})}});
}

}  // namespace

void Importer::went_forward() {
  last_forward_ = Clock::now().time_since_epoch().count();
}

bool Importer::is_out_of_patience() const {
  const Clock::duration last(last_forward_.load());
  return Clock::now().time_since_epoch() - last > options_.patience;
}

// The input of notes.create and the key to send it under; nothing if the file is no note.
std::optional<std::pair<Json, std::string>> Importer::prepare(
    ImportedFile& file, const std::string& relative_path) const {
  const auto bytes = read_file(tree_.root + "/" + relative_path, kFileBytesMax);
  const auto skip = [&](const Error& error) {
    file.fate = Fate::kSkipped;
    file.reason = error.message;
    return std::nullopt;
  };
  if (!bytes) return skip(bytes.error());
  const auto name = std::filesystem::path(file.path).filename().string();
  auto note = read_note(name, *bytes, options_.tags, unix_ms_now());
  if (!note) return skip(note.error());
  file.title = note->title;
  file.remarks = std::move(note->remarks);
  Json input = Json::object({{"content", std::move(note->content)}, {"title", note->title}});
  if (!note->tags.empty()) {
    Json tags = Json::array();
    for (const auto& tag : note->tags) tags.push_back(tag);
    input.set("tags", std::move(tags));
  }
  if (!note->properties.as_object().empty()) input.set("properties", std::move(note->properties));
  if (note->created_at) input.set("createdAt", to_iso8601(*note->created_at));
  if (note->updated_at) input.set("updatedAt", to_iso8601(*note->updated_at));
  return std::pair(std::move(input), idempotency_key(relative_path, *bytes));
}

std::vector<ImportedFile> Importer::rehearse() {
  for (const auto& path : tree_.files) {
    auto& file = files_.emplace_back();
    file.path = displayed(path);
    prepare(file, path);
    on_progress_(files_.size());
  }
  return std::move(files_);
}

Result<std::vector<ImportedFile>> Importer::run() {
  auto pod = PodClient::make(options_.client);
  if (!pod) return fail(pod.error());
  auto end = pod->end_of_log();
  if (!end) return fail(end.error());
  log_end_before_ = *end;
  files_.resize(tree_.files.size());
  for (std::size_t i = 0; i < files_.size(); ++i) files_[i].path = displayed(tree_.files[i]);
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
  for (auto i = next_file_++; pod && i < files_.size(); i = next_file_++) send_file(*pod, i);
  std::lock_guard lock(mutex_);
  --senders_;
  changed_.notify_all();
}

void Importer::send_file(PodClient& pod, std::size_t index) {
  auto& file = files_[index];
  const auto prepared = prepare(file, tree_.files[index]);
  Result<Json> answer;
  if (prepared) answer = send_patiently(pod, prepared->first, prepared->second);
  if (answer) went_forward();

  std::lock_guard lock(mutex_);
  if (prepared && answer) {
    file.note_id = answer->string_or("entityId", "");
    sent_.push_back({index, std::string(answer->string_or("requestId", ""))});
    changed_.notify_all();
    return;
  }
  if (prepared && answer.error().code == Code::kConflict) {
    // The key was used with another title or tags: the same file, told differently.
    file.fate = Fate::kAlreadyThere;
    file.remarks.emplace_back("it was imported before with other tags, which it keeps");
  } else if (prepared && answer.error().code == Code::kPayloadTooLarge) {
    file.fate = Fate::kSkipped;
    file.reason = "too large for this pod: " + answer.error().message;
  } else if (prepared) {
    file.fate = Fate::kFailed;
    file.reason = answer.error().message;
    if (concerns_all(answer.error())) given_up_ = answer.error();
  }
  ++done_;
  changed_.notify_all();
}

// Sends until there is an answer, a refusal, or no patience left.
Result<Json> Importer::send_patiently(PodClient& pod, const Json& input, const std::string& key) {
  for (auto delay = kRetryDelayMin;; delay = std::min(delay * 2, kRetryDelayMax)) {
    {
      std::lock_guard lock(mutex_);
      if (given_up_) return fail(*given_up_);
    }
    auto answer = pod.mutate("notes.create", input, key);
    if (answer || !is_passing(answer.error())) return answer;
    std::unique_lock lock(mutex_);
    if (is_out_of_patience()) given_up_ = answer.error();
    changed_.wait_for(lock, jittered(delay), [&] { return given_up_.has_value(); });
  }
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
  for (std::size_t from = 0; from < open.size(); from += count) {
    const auto to = std::min(open.size(), from + count);
    std::vector<Json> questions;
    for (auto i = from; i < to; ++i) questions.push_back(fate_question(open[i].request_id));
    auto answers = pod.query_batch("events.list", questions);
    if (!answers) return fail(answers.error());
    for (auto i = from; i < to; ++i) {
      const auto& answer = (*answers)[i - from];
      const Json* events = answer ? answer->find("events") : nullptr;
      if (events == nullptr || events->as_array().empty()) {
        still_open.push_back(open[i]);
        continue;
      }
      const auto& last = events->as_array().back();
      const Json* position = last.find("position");
      auto& file = files_[open[i].file];
      if (last.string_or("type", "") == kFailed) {
        const Json* data = last.find("data");
        file.fate = Fate::kFailed;
        file.reason = data == nullptr ? "" : data->string_or("message", "");
      } else if (position != nullptr && position->as_integer() <= log_end_before_) {
        file.fate = Fate::kAlreadyThere;
      } else {
        file.fate = Fate::kImported;
      }
    }
  }
  const auto settled = open.size() - still_open.size();
  open = std::move(still_open);
  std::lock_guard lock(mutex_);
  done_ += settled;
  return settled;
}

}  // namespace synap::cli
