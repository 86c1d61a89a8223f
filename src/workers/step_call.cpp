#include "workers/step_call.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "workers/run_store.h"

namespace synap::workers {
namespace {

// Between the parts of a step's name. No id has it, so that one cannot look like a branch's.
constexpr std::string_view kWithin = "\u203a";

constexpr int kTurnsMax = 16;

}  // namespace

StepScope::StepScope(StepScope& outer_scope, std::string_view race_name, std::size_t number)
    : outer(&outer_scope), path(fmt::format("{} {} {} {} ", race_name, kWithin, number, kWithin)) {}

std::string StepScope::name_of(std::string id) const {
  for (auto at = id.find(kWithin); at != std::string::npos; at = id.find(kWithin, at)) {
    id.replace(at, kWithin.size(), ">");
  }
  return path.empty() ? std::move(id) : path + id;
}

StepCall::StepCall(RunStore& store, const bus::Job& job, const events::Event& event,
                   StoredResults results, std::vector<events::EventRef> events, ServedRun* served)
    : store_(store),
      job_(job),
      event_(event),
      events_(std::move(events)),
      stored_(std::move(results)),
      served_(served),
      next_place_(stored_.next_place) {}

StepCall::Place StepCall::enter(StepScope& scope, std::string id) {
  SYNAP_CHECK(!has_finished_, "finish() is the last step of a run");
  Place place{.name = scope.name_of(std::move(id))};
  place.use = scope.uses[place.name]++;
  place.hash = step_hash(place.name, place.use);
  if (const auto memo = stored_.memos.find(place.hash); memo != stored_.memos.end()) {
    place.memo = &memo->second.text;
    return place;
  }
  if (const auto begun = stored_.pending.find(place.hash); begun != stored_.pending.end()) {
    place.pending = &begun->second;
    place.is_to_park = begun->second.due_at > store_.clock().now();
  } else if (!scope.is_given_up() && next_place_ + static_cast<int>(pending_.size()) >= kStepsMax) {
    exceeded_limit_ = Error{
        Code::kPayloadTooLarge,
        fmt::format("The function run exceeded the step limit of {} steps.", kStepsMax), nullptr};
  }
  place.is_to_park = place.is_to_park || exceeded_limit_.has_value() || scope.is_given_up();
  return place;
}

bool StepCall::all_stand() const {
  const auto standing = static_cast<std::size_t>(parked_ + working_) + found_.size();
  return standing + ready_.size() >= static_cast<std::size_t>(count());
}

Task<void> StepCall::turn() {
  if (ready_.empty()) {
    co_await next_turn();
    co_return;
  }
  // A branch of branches takes a turn each time that it divides.
  for (int i = 0; i < kTurnsMax && !all_stand(); ++i) co_await NextTurn{};
  if (ready_.empty()) co_return;
  if (!all_stand() && root_.storing > 0) {
    co_await next_turn();
    co_return;
  }
  const auto rank = (*std::ranges::min_element(ready_, {}, &Ready::rank_))->rank_;
  std::vector<Ready*> going;
  std::ranges::copy_if(ready_, std::back_inserter(going),
                       [&](const Ready* one) { return one->rank_ == rank; });
  std::erase_if(ready_, [&](const Ready* one) { return one->rank_ == rank; });
  for (auto* one : going) one->waiter_.wake();
}

bool StepCall::parks_on_trouble(StepScope& scope, const Error& error) {
  (is_outage(error) ? outage_ : scope.trouble) = error;
  return is_outage(error);
}

std::int64_t StepCall::wall_time() const {
  return store_.world().unix_ms();
}

void StepCall::remember(const Place& place, OpCode op, std::string memo, std::int64_t began_at) {
  stored_.memo_bytes += static_cast<std::int64_t>(memo.size());
  has_made_progress_ = has_made_progress_ || op != OpCode::kStepFailed;
  unsaved_.push_back(
      {place.hash, next_place_++, place.name, op, std::move(memo), began_at, wall_time()});
}

std::optional<Error> StepCall::excess_of(const Place& place, std::size_t memo_bytes) const {
  const auto bytes = static_cast<std::int64_t>(memo_bytes);
  if (bytes > kStepBytesMax) {
    return Error{Code::kPayloadTooLarge,
                 fmt::format("The result of the step \"{}\" has {} bytes; at most {} are kept",
                             place.name, bytes, kStepBytesMax),
                 nullptr};
  }
  if (stored_.memo_bytes + bytes > kRunBytesMax) {
    return Error{Code::kPayloadTooLarge,
                 fmt::format("With the result of the step \"{}\" the run would keep {} bytes; at "
                             "most {} are kept",
                             place.name, stored_.memo_bytes + bytes, kRunBytesMax),
                 nullptr};
  }
  return std::nullopt;
}

bool StepCall::exceeds(const Place& place, std::size_t memo_bytes) {
  if (auto excess = excess_of(place, memo_bytes)) exceeded_limit_ = std::move(excess);
  return exceeded_limit_.has_value();
}

// While what it needs is out of order, its attempts are not counted: they say nothing about it.
bool StepCall::parks_on(const Place& place, const Error& error, std::int64_t began_at) {
  PendingStep pending{.hash = place.hash,
                      .name = place.name,
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

db::Database& StepCall::database() const {
  return store_.database();
}

void StepCall::write_results(db::Tx& tx, std::span<const StepResult> results) {
  store_.write_own_results(tx, job_, results, !stored_.pending.empty());
}

// The effect of a commit is in the transaction of its result: whoever cannot store the one must not
// have the other.
void StepCall::write_own(db::Tx& tx, const StepResult& result) {
  store_.write_result_once(tx, job_, result, !stored_.pending.empty());
}

Result<> StepCall::prepare_completion() {
  auto end = store_.events().completed(job_, event_, Outcome::done().output());
  if (!end) return synap::fail(end.error());
  end_ = std::make_shared<const EndOfRun>(std::move(*end));
  return {};
}

void StepCall::write_completion(db::Tx& tx) {
  store_.jobs().finish(tx, job_);
  store_.write_end(tx, job_, *end_, !stored_.pending.empty());
}

void StepCall::check_claim(db::Tx& tx) {
  store_.jobs().holds(tx, job_);
}

Task<Result<>> StepCall::save(StepScope& scope) {
  // Whoever executes a served run keeps what is reported to him.
  if (served_ != nullptr) co_return Result<>{};
  if (!store_.lease().holds()) {
    if (auto held = co_await store_.lease().hold(); !held) co_return held;
  }
  if (unsaved_.empty()) co_return Result<>{};
  const Storing storing(*this, scope);
  // A copy, since the closure runs on the database's thread, and a step beside this one goes on.
  const auto results = unsaved_;
  auto saved = co_await database().write(db::Lane::kBackground, [&](db::Tx& tx) {
    if (store_.jobs().holds(tx, job_)) write_results(tx, results);
  });
  if (saved) forget_saved(results);
  co_return saved;
}

void StepCall::forget_saved(const std::vector<StepResult>& results) {
  std::erase_if(unsaved_, [&](const StepResult& one) {
    return std::ranges::find(results, one.hash, &StepResult::hash) != results.end();
  });
}

Task<Result<>> StepCall::fail_for_good(StepScope& scope, const Place& place, const Error& error,
                                       std::int64_t began_at) {
  const int before = served_ != nullptr         ? job_.attempt
                     : place.pending != nullptr ? place.pending->attempts
                                                : 0;
  scope.note_exhausted(1 + before);
  remember(place, OpCode::kStepFailed, R"({"error":)" + error_json(error) + "}", began_at);
  co_return co_await save(scope);
}

void StepCall::note_committed(const std::vector<StepResult>& earlier, std::size_t memo_bytes) {
  forget_saved(earlier);
  stored_.memo_bytes += static_cast<std::int64_t>(memo_bytes);
  has_made_progress_ = true;
}

Task<Result<std::string>> StepCall::memo_of_wait(StepScope& scope, Place place, PendingStep begun,
                                                 std::string over) {
  if (place.memo != nullptr) co_return *place.memo;
  if (place.is_to_park) co_await Park(*this);
  if (place.pending == nullptr) {
    begun.hash = place.hash;
    begun.name = place.name;
    pending_.push_back(std::move(begun));
    co_await Park(*this);
  }
  co_await Ready(*this, scope, Rank::kToBeEnded);
  const Storing storing(*this, scope);
  const int own_place = next_place_++;
  auto memo = co_await store_.end_wait(job_, {place.hash, own_place, place.name, begun.op,
                                              std::move(over), place.pending->began_at});
  if (!memo && parks_on_trouble(scope, memo.error())) co_await Park(*this);
  if (!memo) co_return fail(memo.error());
  stored_.memo_bytes += static_cast<std::int64_t>(memo->size());
  has_made_progress_ = true;
  co_return memo;
}

bool StepCall::begin_chosen() {
  if (has_chosen_ || served_ == nullptr) return false;
  const auto& wish = served_->wish();
  auto chosen = found_.end();
  if (wish.step) {
    chosen = std::ranges::find(found_, *wish.step,
                               [](const Found* found) -> auto& { return found->place_.hash; });
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

std::vector<PlannedStep> StepCall::planned() const {
  std::vector<PlannedStep> all;
  for (const auto* found : found_) all.push_back({found->place_.hash, found->place_.name});
  return all;
}

Task<bool> StepCall::was_committed(const Place& place) {
  if (served_ == nullptr) co_return false;
  // Where it cannot be looked up, keep_commit() finds out.
  auto memo = co_await served_->find_commit(place.hash);
  if (!memo || !*memo) co_return false;
  remember(place, OpCode::kStepRun, **std::move(memo), wall_time());
  co_return true;
}

Task<Result<std::optional<Json>>> StepCall::as_event_of_log(Result<std::optional<Json>> awaited) {
  if (served_ == nullptr || !awaited || !*awaited) co_return awaited;
  auto event = co_await served_->awaited_event(**std::move(awaited));
  if (!event) co_return fail(event.error());
  co_return std::optional(std::move(*event));
}

bool StepCall::is_for_step_other_than(const Place& place) const {
  return served_ != nullptr && served_->wish().step && *served_->wish().step != place.hash;
}

std::vector<std::unique_ptr<StepScope>> StepCall::scopes_of_race(StepScope& scope,
                                                                 const Place& race,
                                                                 std::size_t branches) const {
  std::vector<std::unique_ptr<StepScope>> scopes;
  for (std::size_t i = 0; i < branches; ++i) {
    auto& branch = *scopes.emplace_back(std::make_unique<StepScope>(scope, name_of_race(race), i));
    branch.depth = scope.depth + (race.memo != nullptr ? 0 : 1);
  }
  return scopes;
}

Task<void> StepCall::give_up_others(std::span<const std::unique_ptr<StepScope>> branches,
                                    std::size_t first) {
  for (std::size_t i = 0; i < branches.size(); ++i) branches[i]->has_lost = i != first;
  for (;;) {
    const auto busy =
        std::ranges::find_if(branches, [](const auto& branch) { return branch->storing > 0; });
    if (busy == branches.end()) co_return;
    co_await Rest(**busy);
  }
}

Task<Result<>> StepCall::store_winner(StepScope& scope, const Place& race, StepScope& winner,
                                      std::size_t number, std::int64_t began_at) {
  const auto path = name_of_race(race) + ' ' + std::string(kWithin) + ' ';
  const auto is_given_up = [&](const PendingStep& step) { return step.name.starts_with(path); };
  std::erase_if(pending_, is_given_up);
  if (std::ranges::none_of(pending_, [](const PendingStep& step) { return step.due_at == 0; })) {
    outage_.reset();
  }
  scope.note_exhausted(winner.exhausted_attempts);
  remember(race, OpCode::kStepRun, fmt::format(R"({{"data":{}}})", number), began_at);
  for (const auto& [hash, step] : stored_.pending) {
    if (is_given_up(step)) unsaved_.back().given_up.push_back(hash);
  }
  if (unsaved_.back().given_up.empty()) co_return Result<>{};
  co_return co_await save(scope);
}

// The second race of an id has another name than the first.
std::string StepCall::name_of_race(const Place& race) {
  return race.use == 0 ? race.name : fmt::format("{} {}{}", race.name, kWithin, race.use);
}

std::string StepCall::late_memo(std::string_view name) {
  return R"({"error":)" +
         error_json({Code::kTimeout,
                     fmt::format("What the step \"{}\" asked for has not ended in time", name),
                     nullptr}) +
         "}";
}

std::int64_t StepCall::due_in(std::int64_t wait_ms) const {
  const auto now = store_.clock().now();
  return wait_ms > INT64_MAX - now ? INT64_MAX : now + std::max<std::int64_t>(wait_ms, 0);
}

Task<void> StepCall::sleep_for(const StepScope& scope, Place place, std::int64_t wait_ms) {
  if (place.memo != nullptr) co_return;
  if (place.pending != nullptr && !place.is_to_park) {
    co_await Ready(*this, scope, Rank::kTimeIsUp);
    if (scope.is_given_up()) co_await Park(*this);
    remember(place, OpCode::kSleep, "null", place.pending->began_at);
    co_return;
  }
  if (!place.is_to_park) {
    pending_.push_back({.hash = place.hash,
                        .name = place.name,
                        .op = OpCode::kSleep,
                        .due_at = due_in(wait_ms),
                        .wait_ms = wait_ms});
  }
  co_await Park(*this);
}

}  // namespace synap::workers
