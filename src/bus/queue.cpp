#include "bus/queue.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"

namespace synap::bus {

int Queue::waiting_of_locked(const std::string& user_id) const {
  const auto found = users_.find(user_id);
  return found != users_.end() ? found->second.waiting : 0;
}

int Queue::room_locked(const std::string& user_id) const {
  const int own = waiting_of_locked(user_id);
  const int kept = limits_.waiting_kept - own;
  const int shared = std::min(limits_.waiting_of_user - own, limits_.waiting - waiting_);
  return std::max({kept, shared, 0});
}

int Queue::room(const std::string& user_id) const {
  std::lock_guard lock(mutex_);
  if (!unclaimed_.empty() && unclaimed_.contains(user_id)) return 0;
  return room_locked(user_id);
}

int Queue::room_to_claim(const std::string& user_id) const {
  std::lock_guard lock(mutex_);
  return room_locked(user_id);
}

void Queue::push(Job job) {
  std::lock_guard lock(mutex_);
  push_locked(std::move(job));
  changed_locked();
}

void Queue::push(std::vector<Job> jobs) {
  std::lock_guard lock(mutex_);
  for (auto& job : jobs) push_locked(std::move(job));
  changed_locked();
}

Queue::OfUser& Queue::user_of(OfFunction& function, const Job& job) {
  function.is_shared = job.function->is_shared;
  auto& user = function.users[job.user_id];
  if (user.user == nullptr) {
    user.function = &function;
    user.user = &users_[job.user_id];
    user.share = job.function->user_id ? &user.user->apps : &user.user->own;
    ++user.user->functions;
  }
  return user;
}

void Queue::push_locked(Job job) {
  auto& function = functions_[job.function->id];
  auto& user = user_of(function, job);
  ++user.user->waiting;
  ++waiting_;
  ++function.waiting;
  auto& lane = lane_of(function, user, job);
  lane.push(std::move(job));
  see_to(lane);
}

namespace {

// What one limit of a job counts by: jobs with the same id count together.
std::string limit_id(const Job& job, std::size_t index) {
  const auto& limit = job.function->flow.concurrency[index];
  const auto scope = limit.scope == Concurrency::Scope::kFunction
                         ? fmt::format("{}\n{}", job.function->id, index)
                         : std::string();
  const auto key = index < job.limit_keys.size() ? job.limit_keys[index] : std::string();
  return fmt::format("{}\n{}\n{}", job.user_id, scope, key);
}

std::string lane_id(const Job& job) {
  std::string id;
  for (std::size_t i = 0; i < job.function->flow.concurrency.size(); ++i) {
    id += limit_id(job, i);
    id.push_back('\0');
  }
  return id;
}

}  // namespace

Queue::Lane& Queue::lane_of(OfFunction& function, OfUser& user, const Job& job) {
  auto& lane = user.lanes[lane_id(job)];
  const auto& concurrency = job.function->flow.concurrency;
  if (lane.user == nullptr) {
    lane.function = &function;
    lane.user = &user;
    for (std::size_t i = 0; i < concurrency.size(); ++i) {
      auto& limit = counted_[limit_id(job, i)];
      ++limit.lanes;
      lane.limits.push_back(&limit);
    }
  }
  // What the function says now holds for those that wait, too.
  for (std::size_t i = 0; i < lane.limits.size(); ++i) lane.limits[i]->most = concurrency[i].limit;
  return lane;
}

bool Queue::may_go(const OfFunction& function) const {
  if (function.paused_until) return !function.is_probed && function.running == 0;
  return function.running < running_max(function);
}

void Queue::Lane::push(Job job) {
  if (!job.function->flow.priority) return jobs.push_back(std::move(job));
  const auto rank = job.rank;
  ranked.emplace(rank, std::move(job));
}

// Both have jobs only while a function is given priorities, or loses them.
Job Queue::Lane::pop() {
  if (ranked.empty() || (!jobs.empty() && jobs.front().rank <= ranked.begin()->first)) {
    Job job = std::move(jobs.front());
    jobs.pop_front();
    return job;
  }
  return std::move(ranked.extract(ranked.begin()).mapped());
}

Queue::Limit* Queue::reached(const Lane& lane) {
  for (auto* limit : lane.limits) {
    if (limit->running >= limit->most) return limit;
  }
  return nullptr;
}

// A lane is in the ring of its user exactly while it has a job, and no limit of it was seen to be
// reached since it was put there; a user is in the ring of a function, and a function in the ring,
// while a lane of theirs is and they may have more under way. All are put in at the end, and next()
// takes from the front.
void Queue::see_to(Lane& lane) {
  if (lane.is_in_ring || lane.is_blocked || lane.is_empty()) return;
  if (auto* limit = reached(lane)) {
    lane.is_blocked = true;
    limit->blocked.push_back(&lane);
    return;
  }
  lane.is_in_ring = true;
  lane.user->ring.push_back(&lane);
  see_to(*lane.function, *lane.user);
}

void Queue::see_to(OfFunction& function, OfUser& user) {
  if (!user.is_in_ring && !user.is_blocked && !user.ring.empty() &&
      user.running < running_of_user_max(function)) {
    if (has_place(*user.share)) {
      user.is_in_ring = true;
      function.ring.push_back(&user);
    } else {
      block(user);
    }
  }
  see_to(function);
}

void Queue::see_to(OfFunction& function) {
  if (function.is_in_ring || function.ring.empty() || !may_go(function)) return;
  function.is_in_ring = true;
  ring_.push_back(&function);
}

// One place of a limit is free: the lanes that wait for it go back to their turns until one of them
// can take it. A lane whose function is paused cannot, and must not keep it from others.
void Queue::let_go(Limit& limit) {
  while (!limit.blocked.empty() && limit.running < limit.most) {
    auto& lane = *limit.blocked.front();
    limit.blocked.pop_front();
    lane.is_blocked = false;
    see_to(lane);
    if (lane.is_in_ring && may_go(*lane.function)) return;
  }
}

// As many as are free: who has little always finds a place, and nobody has to be known in advance.
bool Queue::has_place(const Share& share) const {
  int free = running_max_ - running_;
  if (share.is_of_apps) free = std::min(free, running_of_apps_max_ - running_of_apps_);
  return share.running < free;
}

void Queue::block(OfUser& user) {
  auto& share = *user.share;
  user.is_blocked = true;
  if (share.blocked.empty()) {
    (share.is_of_apps ? blocked_of_apps_ : blocked_).emplace(share.running, &share);
  }
  share.blocked.push_back(&user);
}

void Queue::count_running(Share& share, int change) {
  auto& shares = share.is_of_apps ? blocked_of_apps_ : blocked_;
  const bool is_blocked = shares.erase({share.running, &share}) > 0;
  share.running += change;
  running_ += change;
  if (share.is_of_apps) running_of_apps_ += change;
  if (is_blocked) shares.emplace(share.running, &share);
}

// The smallest share is the one that finds a place first. One of its users of a function goes back
// to its turns; when that has been taken, the next one does.
void Queue::let_go_blocked(Blocked& shares) {
  while (!shares.empty() && has_place(*shares.begin()->second)) {
    auto& share = *shares.begin()->second;
    auto& user = *share.blocked.front();
    share.blocked.pop_front();
    if (share.blocked.empty()) shares.erase(shares.begin());
    user.is_blocked = false;
    see_to(*user.function, user);
    if (user.is_in_ring && may_go(*user.function)) return;
  }
}

void Queue::let_go_blocked() {
  let_go_blocked(blocked_);
  let_go_blocked(blocked_of_apps_);
}

// Users come and go; only who has something to do here is remembered.
void Queue::forget_if_idle(OfFunction& function, const std::string& user_id) {
  const auto found = function.users.find(user_id);
  if (!found->second.lanes.empty() || found->second.running > 0) return;
  if (--found->second.user->functions == 0) users_.erase(user_id);
  function.users.erase(found);
}

// Functions do, too, with the apps that they are of. One that is paused is paused without jobs.
void Queue::forget_if_idle(OfFunctions::iterator function) {
  if (function->second.users.empty() && !function->second.paused_until) functions_.erase(function);
}

void Queue::forget_if_empty(const Job& job, OfUser& user) {
  const auto found = user.lanes.find(lane_id(job));
  if (found == user.lanes.end() || !found->second.is_empty()) return;
  for (auto* limit : found->second.limits) --limit->lanes;
  user.lanes.erase(found);
}

void Queue::forget_if_unused(const std::string& id) {
  const auto found = counted_.find(id);
  if (found->second.lanes == 0 && found->second.running == 0) counted_.erase(found);
}

std::optional<Job> Queue::next() {
  std::lock_guard lock(mutex_);
  while (!ring_.empty() && running_ < running_max_) {
    auto& function = *ring_.front();
    ring_.pop_front();
    function.is_in_ring = false;
    auto& user = *function.ring.front();
    function.ring.pop_front();
    user.is_in_ring = false;
    if (!has_place(*user.share)) {
      block(user);
      see_to(function);
      continue;
    }
    auto& lane = *user.ring.front();
    user.ring.pop_front();
    lane.is_in_ring = false;
    if (reached(lane) == nullptr) return taken_from(function, user, lane);
    // Another lane took the last place meanwhile.
    see_to(lane);
    see_to(function, user);
  }
  return std::nullopt;
}

Job Queue::taken_from(OfFunction& function, OfUser& user, Lane& lane) {
  Job job = lane.pop();
  for (auto* limit : lane.limits) ++limit->running;
  ++user.running;
  ++function.running;
  count_running(*user.share, +1);
  --waiting_;
  --function.waiting;
  --user.user->waiting;
  if (function.paused_until) function.is_probed = true;
  see_to(lane);
  forget_if_empty(job, user);
  see_to(function, user);
  let_go_blocked();
  // Its own room has grown, or, once, that of everybody.
  if (!unclaimed_.empty() &&
      (waiting_ == limits_.waiting / 2 ||
       (unclaimed_.contains(job.user_id) && wants_claim_locked(job.user_id)))) {
    wished_locked();
  }
  return job;
}

void Queue::take_up(const Job& job) {
  std::lock_guard lock(mutex_);
  auto& function = functions_[job.function->id];
  auto& user = user_of(function, job);
  for (auto* limit : lane_of(function, user, job).limits) ++limit->running;
  ++user.running;
  ++function.running;
  count_running(*user.share, +1);
  forget_if_empty(job, user);
}

void Queue::spread_over(double times) {
  const auto all = [times](int most) { return static_cast<int>(most * times); };
  std::lock_guard lock(mutex_);
  running_max_ = all(limits_.running);
  running_of_apps_max_ = all(limits_.running_of_apps);
  running_of_shared_max_ = all(limits_.running_of_function);
  for (auto& [id, function] : functions_) {
    for (auto& [user_id, user] : function.users) see_to(function, user);
  }
  let_go_blocked();
  changed_locked();
}

void Queue::release(const Job& job) {
  std::lock_guard lock(mutex_);
  const auto found = functions_.find(job.function->id);
  SYNAP_CHECK(found != functions_.end(), "only a job that was taken is released");
  auto& function = found->second;
  const auto user = function.users.find(job.user_id);
  SYNAP_CHECK(user != function.users.end() && user->second.running > 0,
              "only a job that was taken is released");
  --user->second.running;
  --function.running;
  count_running(*user->second.share, -1);
  for (std::size_t i = 0; i < job.function->flow.concurrency.size(); ++i) {
    const auto id = limit_id(job, i);
    auto& limit = counted_.at(id);
    --limit.running;
    let_go(limit);
    forget_if_unused(id);
  }
  see_to(function, user->second);
  let_go_blocked();
  forget_if_idle(function, job.user_id);
  forget_if_idle(found);
}

void Queue::pause(std::string_view function_id, SteadyClock::time_point until) {
  std::lock_guard lock(mutex_);
  auto& function = functions_[std::string(function_id)];
  // Those who were under way when the first of them paused it say nothing new.
  if (!function.paused_until || *function.paused_until < until) function.paused_until = until;
  function.is_probed = true;
  wished_locked();
  if (!function.is_in_ring) return;
  std::erase(ring_, &function);
  function.is_in_ring = false;
}

void Queue::resume(std::string_view function_id) {
  std::lock_guard lock(mutex_);
  const auto found = functions_.find(std::string(function_id));
  if (found == functions_.end() || !found->second.paused_until) return;
  found->second.paused_until.reset();
  found->second.is_probed = false;
  see_to(found->second);
  forget_if_idle(found);
  changed_locked();
}

void Queue::probe(std::string_view function_id) {
  std::lock_guard lock(mutex_);
  const auto found = functions_.find(std::string(function_id));
  if (found == functions_.end() || !found->second.paused_until) return;
  found->second.is_probed = false;
  see_to(found->second);
  changed_locked();
}

void Queue::end_pauses(SteadyClock::time_point now) {
  std::lock_guard lock(mutex_);
  for (auto& [id, function] : functions_) {
    if (!function.paused_until || *function.paused_until > now) continue;
    function.is_probed = false;
    see_to(function);
  }
  changed_locked();
}

std::optional<SteadyClock::time_point> Queue::next_end_of_pause() const {
  std::lock_guard lock(mutex_);
  std::optional<SteadyClock::time_point> first;
  for (const auto& [id, function] : functions_) {
    if (!function.paused_until || !function.is_probed || function.running > 0) continue;
    first = std::min(first.value_or(*function.paused_until), *function.paused_until);
  }
  return first;
}

void Queue::note_unclaimed(std::string_view user_id) {
  std::lock_guard lock(mutex_);
  unclaimed_.emplace(user_id);
  wished_locked();
}

void Queue::note_all_claimed(std::string_view user_id) {
  std::lock_guard lock(mutex_);
  unclaimed_.erase(std::string(user_id));
}

// A user's jobs are claimed many at a time: when half of the room that he may have is free.
bool Queue::wants_claim_locked(const std::string& user_id) const {
  const int own = waiting_of_locked(user_id);
  const bool has_shared_room =
      own <= limits_.waiting_of_user / 2 && waiting_ <= limits_.waiting / 2;
  return has_shared_room || own <= limits_.waiting_kept / 2;
}

bool Queue::wants_claim() const {
  std::lock_guard lock(mutex_);
  return std::ranges::any_of(unclaimed_,
                             [this](const auto& user_id) { return wants_claim_locked(user_id); });
}

std::vector<std::string> Queue::wanting_claim(std::size_t most) const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> users;
  for (const auto& user_id : unclaimed_) {
    if (users.size() == most) break;
    if (wants_claim_locked(user_id)) users.push_back(user_id);
  }
  return users;
}

void Queue::note_wish() {
  std::lock_guard lock(mutex_);
  wished_locked();
}

Queue::Load Queue::load_of(const std::string& function_id, const std::string& user_id) const {
  std::lock_guard lock(mutex_);
  Load load;
  const auto function = functions_.find(function_id);
  if (function == functions_.end()) return load;
  const auto user = function->second.users.find(user_id);
  if (user == function->second.users.end()) return load;
  load.running = user->second.running;
  for (const auto& [id, lane] : user->second.lanes) {
    load.waiting += static_cast<std::int64_t>(lane.jobs.size() + lane.ranked.size());
  }
  return load;
}

std::vector<std::pair<std::string, Queue::Load>> Queue::loads() const {
  std::lock_guard lock(mutex_);
  std::vector<std::pair<std::string, Load>> loads;
  for (const auto& [id, function] : functions_) {
    if (function.waiting == 0 && function.running == 0) continue;
    loads.push_back({id, {function.waiting, function.running}});
  }
  return loads;
}

std::size_t Queue::function_count() const {
  std::lock_guard lock(mutex_);
  return functions_.size();
}

std::size_t Queue::waiting_count() const {
  std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(waiting_);
}

std::size_t Queue::running_count() const {
  std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(running_);
}

}  // namespace synap::bus
