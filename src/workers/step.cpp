#include "workers/step.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "workers/run_store.h"
#include "workers/signal_waits.h"

namespace synap::workers {

Step::Step(RunStore& store, const bus::Job& job, const events::Event& event, StoredResults results,
           std::vector<events::EventRef> events, ServedRun* served)
    : store_(store),
      job_(job),
      event_(event),
      events_(std::move(events)),
      stored_(std::move(results)),
      served_(served),
      next_place_(stored_.next_place) {}

Step::Place Step::enter(std::string_view id) {
  SYNAP_CHECK(!has_finished_, "finish() is the last step of a run");
  Place place{step_hash(id, 0)};
  if (const int use = uses_[place.hash]++; use > 0) place.hash = step_hash(id, use);
  if (const auto memo = stored_.memos.find(place.hash); memo != stored_.memos.end()) {
    place.memo = &memo->second.text;
    return place;
  }
  if (const auto begun = stored_.pending.find(place.hash); begun != stored_.pending.end()) {
    place.pending = &begun->second;
    place.is_to_park = begun->second.due_at > store_.clock().now();
  } else if (next_place_ + static_cast<int>(pending_.size()) >= kStepsMax) {
    exceeded_limit_ = Error{
        Code::kPayloadTooLarge,
        fmt::format("The function run exceeded the step limit of {} steps.", kStepsMax), nullptr};
  }
  place.is_to_park = place.is_to_park || exceeded_limit_.has_value();
  return place;
}

std::int64_t Step::wall_time() const {
  return store_.world().unix_ms();
}

void Step::remember(const StepHash& hash, std::string_view id, OpCode op, std::string memo,
                    std::int64_t began_at) {
  stored_.memo_bytes += static_cast<std::int64_t>(memo.size());
  has_made_progress_ = has_made_progress_ || op != OpCode::kStepFailed;
  unsaved_.push_back(
      {hash, next_place_++, std::string(id), op, std::move(memo), began_at, wall_time()});
}

std::optional<Error> Step::excess_of(std::string_view id, std::size_t memo_bytes) const {
  const auto bytes = static_cast<std::int64_t>(memo_bytes);
  if (bytes > kStepBytesMax) {
    return Error{Code::kPayloadTooLarge,
                 fmt::format("The result of the step \"{}\" has {} bytes; at most {} are kept", id,
                             bytes, kStepBytesMax),
                 nullptr};
  }
  if (stored_.memo_bytes + bytes > kRunBytesMax) {
    return Error{Code::kPayloadTooLarge,
                 fmt::format("With the result of the step \"{}\" the run would keep {} bytes; at "
                             "most {} are kept",
                             id, stored_.memo_bytes + bytes, kRunBytesMax),
                 nullptr};
  }
  return std::nullopt;
}

bool Step::exceeds(std::string_view id, std::size_t memo_bytes) {
  if (auto excess = excess_of(id, memo_bytes)) exceeded_limit_ = std::move(excess);
  return exceeded_limit_.has_value();
}

// While what it needs is out of order, its attempts are not counted: they say nothing about it.
bool Step::parks_on(const Place& place, std::string_view id, const Error& error,
                    std::int64_t began_at) {
  PendingStep pending{.hash = place.hash,
                      .name = std::string(id),
                      .op = OpCode::kStepError,
                      .attempts = place.pending != nullptr ? place.pending->attempts : 0,
                      .error = error_json(error),
                      .began_at = began_at};
  if (is_outage(error)) {
    outage_ = error;
    pending.due_at = 0;
  } else if (served_ != nullptr) {
    if (job_.attempt + 1 >= served_->wish().attempts_max || !error.is_retriable()) return false;
    pending.attempts = job_.attempt + 1;
  } else {
    const auto& retry = job_.function->retry;
    if (pending.attempts >= retry.retries_max || !error.is_retriable()) return false;
    pending.due_at =
        store_.clock().now() + bus::retry_delay_ms(retry, pending.attempts, store_.random());
    ++pending.attempts;
  }
  pending_.push_back(std::move(pending));
  return true;
}

db::Database& Step::database() const {
  return store_.database();
}

void Step::write_results(db::Tx& tx, std::span<const StepResult> results) {
  store_.write_own_results(tx, job_, results, !stored_.pending.empty());
}

// The effect of a commit is in the transaction of its result: whoever cannot store the one must not
// have the other.
void Step::write_own(db::Tx& tx, const StepResult& result) {
  store_.write_result_once(tx, job_, result, !stored_.pending.empty());
}

Result<> Step::prepare_completion() {
  auto end = store_.events().completed(job_, event_, Outcome::done().output());
  if (!end) return synap::fail(end.error());
  end_ = std::make_shared<const EndOfRun>(std::move(*end));
  return {};
}

void Step::write_completion(db::Tx& tx) {
  store_.jobs().finish(tx, job_);
  store_.write_end(tx, job_, *end_, !stored_.pending.empty());
}

void Step::check_claim(db::Tx& tx) {
  store_.jobs().holds(tx, job_);
}

Task<Result<>> Step::save() {
  // Whoever executes a served run keeps what is reported to him.
  if (unsaved_.empty() || served_ != nullptr) co_return Result<>{};
  // A copy, since the closure runs on the database's thread, and a step beside this one goes on.
  const auto results = unsaved_;
  auto saved = co_await database().write(db::Lane::kBackground, [&](db::Tx& tx) {
    if (store_.jobs().holds(tx, job_)) write_results(tx, results);
  });
  if (saved) forget_saved(results);
  co_return saved;
}

void Step::forget_saved(const std::vector<StepResult>& results) {
  std::erase_if(unsaved_, [&](const StepResult& one) {
    return std::ranges::find(results, one.hash, &StepResult::hash) != results.end();
  });
}

Task<Result<>> Step::fail_for_good(const Place& place, std::string_view id, const Error& error,
                                   std::int64_t began_at) {
  const int before = served_ != nullptr         ? job_.attempt
                     : place.pending != nullptr ? place.pending->attempts
                                                : 0;
  exhausted_attempts_ = 1 + before;
  remember(place.hash, id, OpCode::kStepFailed, R"({"error":)" + error_json(error) + "}", began_at);
  co_return co_await save();
}

void Step::note_exhausted(const Place&) {
  exhausted_attempts_ = std::max(exhausted_attempts_, 1);
}

Task<void> Step::sleep(std::string_view id, std::chrono::milliseconds duration) {
  const Place place = enter(id);
  co_await sleep_for(place, id, duration.count());
}

Task<void> Step::sleep_until(std::string_view id, std::int64_t unix_ms) {
  const Place place = enter(id);
  co_await sleep_for(place, id, unix_ms - store_.world().unix_ms());
}

Task<Result<std::optional<Json>>> Step::wait_for_event(std::string_view id, EventWait wait,
                                                       std::chrono::milliseconds timeout) {
  auto found = awaited(co_await memo_of_wait(enter(id),
                                             {.name = std::string(id),
                                              .op = OpCode::kWaitForEvent,
                                              .due_at = due_in(timeout.count()),
                                              .wait_ms = timeout.count(),
                                              .wait = std::move(wait)},
                                             "null"));
  co_return co_await as_event_of_log(std::move(found));
}

Task<Result<std::optional<Json>>> Step::wait_for_signal(std::string_view id, SignalWait wait,
                                                        std::chrono::milliseconds timeout) {
  const auto signal = wait.signal;
  auto found = awaited(co_await memo_of_wait(enter(id),
                                             {.name = std::string(id),
                                              .op = OpCode::kWaitForSignal,
                                              .due_at = due_in(timeout.count()),
                                              .wait_ms = timeout.count(),
                                              .signal = std::move(wait)},
                                             "null"));
  // Whoever executes the run has it in "data", as all results, and may have it under another name.
  if (served_ != nullptr && found && *found && (*found)->is_object()) {
    const Json* inner = (*found)->find("signal") == nullptr ? (*found)->find("data") : nullptr;
    if (inner != nullptr && inner->is_object()) *found = Json(*inner);
    (*found)->set("signal", signal);
  }
  co_return found;
}

// What a step that waits has come to; `over`, when its time is over.
Task<Result<std::string>> Step::memo_of_wait(Place place, PendingStep begun, std::string over) {
  if (place.memo != nullptr) co_return *place.memo;
  if (place.is_to_park) co_await Park{*this};
  if (place.pending == nullptr) {
    begun.hash = place.hash;
    pending_.push_back(std::move(begun));
    co_await Park{*this};
  }
  const UnderWay under_way(*this);
  const int own_place = next_place_++;
  auto memo = co_await store_.end_wait(job_, {place.hash, own_place, std::move(begun.name),
                                              begun.op, std::move(over), place.pending->began_at});
  if (!memo) co_return fail(memo.error());
  stored_.memo_bytes += static_cast<std::int64_t>(memo->size());
  has_made_progress_ = true;
  co_return memo;
}

bool Step::begin_chosen() {
  if (has_chosen_ || served_ == nullptr) return false;
  const auto& wish = served_->wish();
  auto chosen = found_.end();
  if (wish.step) {
    chosen = std::ranges::find(found_, *wish.step, &Found::hash_);
  } else if (!wish.is_planning && found_.size() == 1 && pending_.empty()) {
    chosen = found_.begin();
  }
  if (chosen == found_.end()) return false;
  auto* found = *chosen;
  found_.erase(chosen);
  has_chosen_ = true;
  is_one_chosen_ = true;
  found->waiter_.wake();
  return true;
}

std::vector<PlannedStep> Step::planned() const {
  std::vector<PlannedStep> all;
  for (const auto* found : found_) all.push_back({found->hash_, std::string(found->id_)});
  return all;
}

Task<bool> Step::was_committed(const Place& place, std::string_view id) {
  if (served_ == nullptr) co_return false;
  const UnderWay under_way(*this);
  // Where it cannot be looked up, keep_commit() finds out.
  auto memo = co_await served_->find_commit(place.hash);
  if (!memo || !*memo) co_return false;
  remember(place.hash, id, OpCode::kStepRun, **std::move(memo), wall_time());
  co_return true;
}

Task<Result<std::optional<Json>>> Step::as_event_of_log(Result<std::optional<Json>> awaited) {
  if (served_ == nullptr || !awaited || !*awaited) co_return awaited;
  auto event = co_await served_->awaited_event(**std::move(awaited));
  if (!event) co_return fail(event.error());
  co_return std::optional(std::move(*event));
}

std::string Step::late_memo(std::string_view id) {
  return R"({"error":)" +
         error_json({Code::kTimeout,
                     fmt::format("What the step \"{}\" asked for has not ended in time", id),
                     nullptr}) +
         "}";
}

Result<std::optional<Json>> Step::awaited(const Result<std::string>& memo) {
  if (!memo) return fail(memo.error());
  auto json = parse_json(*memo);
  if (!json) return fail(json.error());
  if (json->is_null()) return std::nullopt;
  if (const Json* error = json->find("error"); error != nullptr && json->find("id") == nullptr) {
    return fail(error_from_json(error->dump()));
  }
  return std::optional(std::move(*json));
}

Task<Result<std::string>> Step::send_event(std::string_view id, std::string_view type, Json data) {
  auto made = store_.events().event_of(job_, event_, type, data.dump());
  if (!made) co_return fail(made.error());
  co_return co_await commit(id, [this, event = std::move(*made)](db::Tx& tx) {
    const auto appended = store_.log().append(tx, {.events = {event}});
    return appended.events.empty() ? std::string() : appended.events.front()->id.to_string();
  });
}

Task<Result<std::string>> Step::send_signal(std::string_view id, std::string_view signal,
                                            Json data) {
  if (signal.empty() || signal.size() > kSignalBytesMax) {
    co_return fail(Code::kBadRequest,
                   fmt::format("The name of a signal has 1 to {} bytes", kSignalBytesMax));
  }
  std::string name(signal);
  auto made = store_.events().signal_of(job_, event_, {name, std::move(data)});
  if (!made) co_return fail(made.error());
  co_return co_await commit(
      id, [this, name = std::move(name), event = std::move(*made)](db::Tx& tx) {
        std::ignore = take_signal_wait(tx, event.draft().user_id, name);
        const auto appended = store_.log().append(tx, {.events = {event}});
        return appended.events.empty() ? std::string() : appended.events.front()->id.to_string();
      });
}

std::int64_t Step::due_in(std::int64_t wait_ms) const {
  const auto now = store_.clock().now();
  return wait_ms > INT64_MAX - now ? INT64_MAX : now + std::max<std::int64_t>(wait_ms, 0);
}

Task<void> Step::sleep_for(Place place, std::string_view id, std::int64_t wait_ms) {
  if (place.memo != nullptr) co_return;
  if (place.pending != nullptr && !place.is_to_park) {
    remember(place.hash, id, OpCode::kSleep, "null", place.pending->began_at);
    co_return;
  }
  if (!place.is_to_park) {
    pending_.push_back({.hash = place.hash,
                        .name = std::string(id),
                        .op = OpCode::kSleep,
                        .due_at = due_in(wait_ms),
                        .wait_ms = wait_ms});
  }
  co_await Park{*this};
}

}  // namespace synap::workers
