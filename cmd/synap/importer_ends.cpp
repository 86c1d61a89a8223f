// How an import learns what became of its commands.
#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "base/json.h"
#include "synap/importer.h"
#include "synap/output.h"

namespace synap::cli {
namespace {

using Fate = ImportedFile::Fate;
using std::chrono::milliseconds;

constexpr milliseconds kPollDelayMin{50};
constexpr milliseconds kPollDelayMax{500};
// A command that has not ended by then is asked about: one that was sent before this import, or by
// another, does not end in the part of the log that is read.
constexpr milliseconds kAskDelayMin{250};
constexpr milliseconds kAskDelayMax{5'000};
constexpr std::int64_t kEventsAtOnce = 1'000;
// A command of before this run that was given up is tried again as a new one; so many in all.
constexpr int kAttemptsMax = 100;
// Of what was handed over before this import, so many are looked at, and waited for so long while
// none of them ends.
constexpr std::int64_t kEarlierMax = 32;
constexpr std::chrono::seconds kEarlierPatience{10};
constexpr std::string_view kFailedSuffix = ".failed";

Json types_of_ends() {
  return Json(Json::Array{"note.creation.completed", "note.creation.failed",
                          "note.update.completed", "note.update.failed"});
}

Json fate_question(const std::string& request_id) {
  return Json::object({{"correlationId", request_id}, {"types", types_of_ends()}});
}

// By which import a command was sent.
std::string_view batch_of(const Json& event) {
  const Json* metadata = event.find("metadata");
  return metadata == nullptr ? "" : metadata->string_or("batch", "");
}

}  // namespace

// What an import that was broken off has handed over is known by path and content only once the pod
// has stored it: a file that was moved meanwhile would be a second note. Commands of one user are
// carried out about in their order, so the newest tell of all.
void Importer::wait_for_earlier(PodClient& pod) {
  const auto page = pod.query(
      "events.list",
      Json::object({{"types", Json::Array{"note.creation.requested", "note.update.requested"}},
                    {"order", "desc"},
                    {"limit", kEarlierMax}}));
  const Json* events = page ? page->find("events") : nullptr;
  if (events == nullptr || !events->is_array()) return;  // what is wrong shows by what follows
  std::vector<Json> questions;
  for (const auto& event : events->as_array()) {
    if (batch_of(event).empty()) continue;  // of no import
    questions.push_back(fate_question(std::string(event.string_or("requestId", ""))));
  }
  auto delay = kPollDelayMin;
  auto last_end = Clock::now();
  while (!questions.empty()) {
    std::vector<Json> open;
    for (std::size_t from = 0; from < questions.size();) {
      const auto to = std::min(questions.size(), from + questions_max_);
      const std::vector<Json> some(questions.begin() + static_cast<std::ptrdiff_t>(from),
                                   questions.begin() + static_cast<std::ptrdiff_t>(to));
      const auto answers = pod.query_batch("events.list", some);
      if (!answers && answers.error().code == Code::kBadRequest && questions_max_ > 1) {
        questions_max_ /= 2;
        continue;
      }
      if (!answers) return;
      for (std::size_t i = 0; i < some.size(); ++i) {
        const Json* ends = (*answers)[i] ? (*answers)[i]->find("events") : nullptr;
        if (ends == nullptr || ends->as_array().empty()) open.push_back(some[i]);
      }
      from = to;
    }
    if (open.size() < questions.size()) last_end = Clock::now();
    questions = std::move(open);
    if (questions.empty()) return;
    if (Clock::now() - last_end > kEarlierPatience) {
      return tell(
          "the pod has not stored all that was handed over before: what was moved or changed since "
          "becomes notes of its own");
    }
    std::this_thread::sleep_for(delay);
    delay = std::min(delay * 2, kPollDelayMax);
  }
}

// Follows what was sent until it is done, beside the threads that send.
Result<> Importer::settle_all() {
  auto pod = PodClient::make(options_.client);
  if (!pod) return fail(pod.error());
  OpenRequests open;
  auto delay = kPollDelayMin;
  for (;;) {
    bool is_sending = true;
    {
      std::unique_lock lock(mutex_);
      if (open.empty()) {
        changed_.wait_for(lock, kPollDelayMax, [&] { return !sent_.empty() || senders_ == 0; });
      } else {
        // What is sent meanwhile does not end sooner, so nobody is waited for but the time.
        changed_.wait_for(lock, delay, [] { return false; });
      }
      is_sending = senders_ > 0;
      if (given_up_ && concerns_all(*given_up_)) return fail(*given_up_);
      on_progress_(done_);
    }
    take_sent(open);
    if (open.empty() && !is_sending) return {};
    const auto before = open.size();
    for (auto settle : {&Importer::settle_by_log, &Importer::settle_by_request}) {
      auto settled = (this->*settle)(*pod, open);
      if (!settled && !is_passing(settled.error())) return fail(settled.error());
    }
    for (const auto& sent : std::exchange(to_retry_, {})) {
      if (auto file = read(sent.file)) send(*pod, {std::move(*file)}, sent.attempt + 1);
    }
    if (open.size() < before) {
      went_forward();
      delay = kPollDelayMin;
      continue;
    }
    delay = std::min(delay * 2, kPollDelayMax);
    if (is_sending || !is_out_of_patience()) continue;
    for (const auto& [request_id, one] : open) {
      files_[one.sent.file].fate = Fate::kFailed;
      files_[one.sent.file].reason =
          fmt::format("accepted as request {}, but not done after {} s of waiting", request_id,
                      options_.patience.count());
    }
    return {};
  }
}

void Importer::take_sent(OpenRequests& open) {
  std::deque<Sent> sent;
  {
    std::lock_guard lock(mutex_);
    sent.swap(sent_);
  }
  for (auto& one : sent) {
    const auto early = ended_early_.find(one.request_id);
    if (early != ended_early_.end()) {
      settle_one(one, early->second);
      ended_early_.erase(early);
      continue;
    }
    auto id = one.request_id;
    open.emplace(std::move(id), Open{std::move(one), Clock::now() + kAskDelayMin, kAskDelayMin});
  }
}

// Reads what the log has since the last time: of all commands at once.
Result<> Importer::settle_by_log(PodClient& pod, OpenRequests& open) {
  for (bool is_more = true; is_more;) {
    auto page = pod.query(
        "events.list",
        Json::object({{"after", log_seen_}, {"types", types_of_ends()}, {"limit", kEventsAtOnce}}));
    if (!page) return fail(page.error());
    const Json* events = page->find("events");
    if (events == nullptr || !events->is_array()) return {};
    for (const auto& event : events->as_array()) {
      const std::string id(event.string_or("requestId", ""));
      const auto [first, last] = open.equal_range(id);
      if (first == last && batch_of(event) == batch_) ended_early_.emplace(id, event);
      for (auto one = first; one != last; ++one) settle_one(one->second.sent, event);
      open.erase(first, last);
    }
    const Json* next = page->find("nextAfter");
    if (next != nullptr && next->is_integer()) log_seen_ = next->as_integer();
    const Json* at_end = page->find("atEnd");
    is_more = at_end != nullptr && at_end->is_bool() && !at_end->as_bool();
  }
  return {};
}

// Asks for the fate of those that are open for long, each by itself.
Result<> Importer::settle_by_request(PodClient& pod, OpenRequests& open) {
  const auto now = Clock::now();
  std::vector<OpenRequests::iterator> due;
  for (auto one = open.begin(); one != open.end(); ++one) {
    if (one->second.ask_at <= now) due.push_back(one);
  }
  for (std::size_t from = 0; from < due.size();) {
    const auto to = std::min(due.size(), from + questions_max_);
    std::vector<Json> questions;
    for (auto i = from; i < to; ++i) questions.push_back(fate_question(due[i]->first));
    auto answers = pod.query_batch("events.list", questions);
    if (!answers && answers.error().code == Code::kBadRequest && questions_max_ > 1) {
      questions_max_ /= 2;
      continue;
    }
    if (!answers) return fail(answers.error());
    for (auto i = from; i < to; ++i) {
      auto& [sent, ask_at, ask_delay] = due[i]->second;
      const auto& answer = (*answers)[i - from];
      const Json* events = answer ? answer->find("events") : nullptr;
      if (events != nullptr && !events->as_array().empty()) {
        settle_one(sent, events->as_array().back());
        open.erase(due[i]);
        continue;
      }
      ask_delay = std::min(ask_delay * 2, kAskDelayMax);
      ask_at = now + ask_delay;
    }
    from = to;
  }
  return {};
}

// `last` is the event that ended what was sent.
void Importer::settle_one(const Sent& sent, const Json& last) {
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
    return;
  }
  // Another import may have sent the same command first.
  const auto batch = batch_of(last);
  const bool is_of_another = !batch.empty() && batch != batch_;
  end_with(sent.file, is_of_before || is_of_another ? Fate::kAlreadyThere : sent.fate, "");
}

}  // namespace synap::cli
