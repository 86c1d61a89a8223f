#include "workers/step.h"

#include <algorithm>

#include "base/check.h"
#include "workers/run_store.h"

namespace synap::workers {

Step::Step(RunStore& store, const bus::Job& job, StoredResults results)
    : store_(store),
      run_id_(job.run_id),
      memos_(std::move(results.memos)),
      attempts_left_(job.function->retry.retries_max - job.attempt),
      next_place_(results.next_place) {}

Step::Place Step::enter(std::string_view id) {
  SYNAP_CHECK(!has_finished_, "finish() is the last step of a run");
  Place place{step_hash(id, 0), nullptr};
  if (const int use = uses_[place.hash]++; use > 0) place.hash = step_hash(id, use);
  if (const auto memo = memos_.find(place.hash); memo != memos_.end()) place.memo = &memo->second;
  return place;
}

void Step::remember(const StepHash& hash, std::string_view id, OpCode op, std::string memo) {
  unsaved_.push_back({hash, next_place_++, std::string(id), op, std::move(memo)});
}

bool Step::parks_on(const Error& error) {
  if (attempts_left_ <= 0 || !error.is_retriable()) return false;
  parked_ = Parked{OpCode::kStepError, error, 0};
  return true;
}

db::Database& Step::database() const {
  return store_.database();
}

void Step::write_results(db::Tx& tx, std::span<const StepResult> results) {
  store_.write_results(tx, run_id_, results);
}

void Step::write_completion(db::Tx& tx) {
  store_.write_completion(tx, run_id_, Outcome::done().output());
}

Task<Result<>> Step::save() {
  if (unsaved_.empty()) co_return Result<>{};
  // A copy, since the closure runs on the database's thread, and a step beside this one goes on.
  const auto results = unsaved_;
  auto saved = co_await database().write(db::Lane::kBackground,
                                         [&](db::Tx& tx) { write_results(tx, results); });
  if (saved) forget_saved(results);
  co_return saved;
}

void Step::forget_saved(const std::vector<StepResult>& results) {
  std::erase_if(unsaved_, [&](const StepResult& one) {
    return std::ranges::find(results, one.hash, &StepResult::hash) != results.end();
  });
}

Task<Result<>> Step::fail_for_good(const StepHash& hash, std::string_view id, const Error& error) {
  has_exhausted_step_ = true;
  remember(hash, id, OpCode::kStepFailed, R"({"error":)" + error_json(error) + "}");
  co_return co_await save();
}

Task<void> Step::sleep(std::string_view id, std::chrono::milliseconds duration) {
  co_await sleep_until(id, store_.world().unix_ms() + duration.count());
}

Task<void> Step::sleep_until(std::string_view id, std::int64_t unix_ms) {
  const Place place = enter(id);
  if (place.memo != nullptr) co_return;
  // The memo is stored with the sleep itself: when the handler is called again, the time has come.
  remember(place.hash, id, OpCode::kSleep, "null");
  parked_ = Parked{OpCode::kSleep, {}, unix_ms};
  co_await Park{*this};
}

}  // namespace synap::workers
