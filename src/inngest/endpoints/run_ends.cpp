#include "inngest/endpoints/run_ends.h"

#include <fmt/format.h>

namespace synap::inngest {

Result<RunEnds::Place> RunEnds::wait(const Uuid& run_id, const std::string& user_id) {
  const std::lock_guard lock(mutex_);
  auto& run = runs_[run_id];
  if (run == nullptr) run = std::make_shared<Run>();
  auto& of_user = waiting_of_[user_id];
  if (run->waiting >= options_.waiting_of_run_max || of_user >= options_.waiting_of_user_max) {
    const auto most = run->waiting >= options_.waiting_of_run_max ? run->waiting : of_user;
    if (run->waiting == 0) runs_.erase(run_id);
    return fail(Code::kTooManyRequests,
                fmt::format("{} wait for this already, and no more may", most));
  }
  ++run->waiting;
  ++of_user;
  // It leaves when nobody has it any more.
  return Place(&run->ended, [this, kept = run, run_id, user_id](auto*) { leave(run_id, user_id); });
}

void RunEnds::leave(const Uuid& run_id, const std::string& user_id) {
  const std::lock_guard lock(mutex_);
  const auto run = runs_.find(run_id);
  if (--run->second->waiting == 0) runs_.erase(run);
  const auto user = waiting_of_.find(user_id);
  if (--user->second == 0) waiting_of_.erase(user);
}

void RunEnds::note(const Uuid& run_id) {
  std::shared_ptr<Run> run;
  std::int64_t count = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto known = runs_.find(run_id);
    if (known == runs_.end()) return;
    run = known->second;
    count = ++run->count;
  }
  run->ended.raise(count);
}

}  // namespace synap::inngest
