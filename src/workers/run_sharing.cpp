#include "workers/run_sharing.h"

#include <algorithm>
#include <optional>

#include "base/first_of.h"
#include "base/log.h"

namespace synap::workers {
namespace {

using std::chrono::milliseconds;

// What a node is assigned beyond its slots begins there while the leading node hears of what has
// ended, which takes some 10 ms; a call takes 50 or more, mostly.
constexpr double kAhead = 1.5;
// Whoever was told looks, and then no sooner than after so long.
constexpr milliseconds kPause(5);
constexpr milliseconds kRetry(500);
// While others have jobs: that one was cancelled or timed out here nobody tells this node.
constexpr milliseconds kLookAgain(1'000);
// How late a pause of a function, or of a user's, ends at a node that follows.
constexpr milliseconds kEndPauses(1'000);

// A run that waits for an event is answered by the node that leads, which alone follows the log
// for those who wait (event_waits.h): the end of such a wait is looked at there.
constexpr std::string_view kKeepWhatWaits =
    "UPDATE jobs SET node = NULL, turn = NULL WHERE node = $1 AND turn = $2 AND EXISTS (SELECT 1 "
    "FROM pending_steps_data WHERE run = jobs.run AND op IN ('WaitForEvent', 'WaitForSignal'))";

// Places of runs and their deadlines are counted where one transaction follows another. A job that
// may have ended a process is done by one that watches for that.
bool may_go_away(const bus::Job& job) {
  const auto& function = *job.function;
  return function.is_shared && !job.stays && !job.is_away && !function.flow.has_run_limits() &&
         (function.is_remote || !job.is_found);
}

bool is_there(const std::vector<NodeWork>& nodes, std::int64_t number) {
  return std::ranges::find(nodes, number, &NodeWork::number) != nodes.end();
}

}  // namespace

struct RunSharing::Seen {
  std::vector<NodeWork> nodes;
  std::vector<bus::JobStore::Held> held;
};

Task<Result<>> RunSharing::lead() {
  {
    const std::lock_guard lock(mutex_);
    leads_ = true;
  }
  led_.raise(1);
  auto& store = rooms_.store;
  Seen seen;
  std::vector<std::pair<std::int64_t, bus::Job>> of_others;
  auto read = co_await store.database().read([&](db::Tx& tx) {
    of_others.clear();
    seen.nodes = options_.nodes(tx);
    for (const auto& node : seen.nodes) {
      if (node.number == options_.node) continue;
      std::int64_t turn = 0;
      for (auto& job : store.jobs().assigned_to(tx, node.number, turn)) {
        of_others.emplace_back(node.number, std::move(job));
      }
    }
  });
  if (!read) co_return read;
  note_nodes(seen);
  for (auto& [node, job] : of_others) {
    {
      const std::lock_guard lock(mutex_);
      // Where beginning to lead has failed before they are known.
      if (!away_.emplace(key_of(job), Away{job, node, look_count_}).second) continue;
      ++others_[node].under_way;
      ++away_count_;
    }
    rooms_.queue.take_up(job);
  }
  co_return co_await say_slots(options_.slots);
}

// Also as the last of a pool that goes while its database does not: the closure has all it needs.
Task<Result<>> RunSharing::say_slots(std::int64_t slots) {
  co_return co_await rooms_.store.database().write(
      db::Lane::kBackground,
      [set_slots = options_.set_slots, slots](db::Tx& tx) { set_slots(tx, slots); });
}

// The one that has the least to do for what it can do.
bool RunSharing::takes(bus::Job& job) {
  if (!may_go_away(job)) return false;
  const auto running = static_cast<int>(rooms_.queue.running_count());
  const std::lock_guard lock(mutex_);
  if (!leads_) return false;
  auto least = static_cast<double>(running - 1 - away_count_) / options_.slots;
  Other* chosen = nullptr;
  for (auto& [number, other] : others_) {
    if (other.slots == 0) continue;
    const auto load = other.under_way / (static_cast<double>(other.slots) * kAhead);
    if (load >= least) continue;
    least = load;
    chosen = &other;
  }
  if (chosen == nullptr) return false;
  ++chosen->under_way;
  ++away_count_;
  chosen->outgoing.push_back(std::move(job));
  outgoing_.raise(++outgoing_count_);
  return true;
}

Task<void> RunSharing::hand_out(std::stop_token stop) {
  while (!stop.stop_requested()) {
    const auto seen = outgoing_.value();
    std::vector<std::pair<std::int64_t, std::vector<bus::Job>>> groups;
    {
      const std::lock_guard lock(mutex_);
      for (auto& [number, other] : others_) {
        if (!other.outgoing.empty()) groups.emplace_back(number, std::exchange(other.outgoing, {}));
      }
    }
    for (auto& [number, jobs] : groups) {
      if (!co_await assign(number, std::move(jobs), stop)) co_return;
    }
    if (groups.empty()) co_await outgoing_.wait_past(seen, stop);
  }
}

// Of a commit whose answer was lost nobody knows whether it took place, so it is tried until it has
// an answer: nobody does these jobs meanwhile. False: `stop` was asked for.
Task<bool> RunSharing::assign(std::int64_t node, std::vector<bus::Job> jobs, std::stop_token stop) {
  auto& store = rooms_.store;
  const bool may_wait = std::ranges::any_of(jobs, &bus::Job::may_have_results);
  std::set<Key> assigned;
  std::set<Key> here;
  for (;;) {
    auto done = co_await store.database().write(db::Lane::kBackground, [&](db::Tx& tx) {
      assigned.clear();
      here.clear();
      auto turn = store.jobs().assign(tx, jobs, node);
      if (may_wait) tx.run(kKeepWhatWaits, node, turn);
      --turn;
      for (const auto& job : store.jobs().assigned_to(tx, node, turn)) {
        assigned.insert(key_of(job));
      }
      for (const auto& job : jobs) {
        if (!assigned.contains(key_of(job)) && store.jobs().is_here(tx, job)) {
          here.insert(key_of(job));
        }
      }
    });
    if (done) break;
    if (!co_await rooms_.world.sleep_for(kRetry, stop)) co_return false;
  }
  std::vector<bus::Job> own;
  {
    const std::lock_guard lock(mutex_);
    for (auto& job : jobs) {
      if (assigned.contains(key_of(job))) {
        const auto key = key_of(job);
        away_.emplace(key, Away{std::move(job), node, look_count_});
        away_since_.raise(++assigned_count_);
      } else {
        if (const auto at = others_.find(node); at != others_.end()) --at->second.under_way;
        --away_count_;
        own.push_back(std::move(job));
      }
    }
  }
  options_.tell();
  for (auto& job : own) {
    // It was cancelled; or the first answer was lost, and it has been done by now.
    if (!here.contains(key_of(job))) {
      std::ignore = store.take_cancelled(job.run_id);
      rooms_.queue.release(job);
      continue;
    }
    job.stays = true;  // it waits
    job.may_have_results = true;
    rooms_.begin(std::move(job));
  }
  if (own.size() > here.size()) rooms_.go_on();
  co_return true;
}

// Until it is told. What others have can end without that: by a commit of this node, or before
// assign() has noted that they have it, where the look that was told of the end knew of nothing.
Task<void> RunSharing::wait(std::int64_t seen, std::stop_token stop) {
  co_await rooms_.world.sleep_for(kPause, stop);
  std::int64_t assigned = 0;
  bool is_any_away = false;
  {
    const std::lock_guard lock(mutex_);
    assigned = away_since_.value();
    is_any_away = !away_.empty();
  }
  const auto is_told = [&](std::stop_token over) { return options_.told.wait_past(seen, over); };
  if (!is_any_away) {
    co_await first_of(stop, is_told,
                      [&](std::stop_token over) { return away_since_.wait_past(assigned, over); });
  }
  co_await first_of(stop, is_told,
                    [&](std::stop_token over) { return rooms_.world.sleep_for(kLookAgain, over); });
}

Task<void> RunSharing::look_on(std::stop_token stop) {
  while (!stop.stop_requested()) {
    const auto seen = options_.told.value();
    // What is wrong the database has told of.
    if (auto looked = co_await look()) {
      co_await wait(seen, stop);
    } else {
      co_await rooms_.world.sleep_for(kRetry, stop);
    }
  }
}

Task<Result<>> RunSharing::look() {
  auto& store = rooms_.store;
  std::int64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    number = ++look_count_;
  }
  auto seen = co_await store.database().read(
      [this](db::Tx& tx) { return Seen{options_.nodes(tx), bus::JobStore::held_by_nodes(tx)}; });
  if (!seen) co_return fail(seen.error());
  note_nodes(*seen);
  const auto over = ended(*seen, number);
  for (const auto& job : over) {
    std::ignore = store.take_cancelled(job.run_id);
    rooms_.queue.release(job);
  }
  std::set<std::int64_t> gone;
  bool is_given_back = false;
  for (const auto& one : seen->held) {
    is_given_back = is_given_back || one.node == 0;
    if (one.node != 0 && !is_there(seen->nodes, one.node)) gone.insert(one.node);
  }
  if (is_given_back) {
    if (auto taken = co_await take_given_back(); !taken) co_return taken;
  }
  for (const auto node : gone) {
    auto taken = co_await store.database().write(
        db::Lane::kBackground, [&](db::Tx& tx) { store.jobs().take_back(tx, node); });
    if (!taken) co_return taken;
    write_log(LogLevel::kWarn, "workers", "what the node {node} was doing is done by others",
              {{"node", node}});
  }
  if (!over.empty()) rooms_.go_on();
  if (gone.empty()) co_return Result<>{};
  co_return co_await look();  // their places are free
}

// What a node that stops, or is gone, has under way keeps no place from others.
void RunSharing::note_nodes(const Seen& seen) {
  auto places = static_cast<double>(options_.slots);
  const std::lock_guard lock(mutex_);
  for (const auto& node : seen.nodes) {
    if (node.number != options_.node) others_[node.number].slots = node.slots;
  }
  for (auto at = others_.begin(); at != others_.end();) {
    auto& [number, other] = *at;
    if (!is_there(seen.nodes, number)) other.slots = 0;
    if (!is_there(seen.nodes, number) && other.under_way == 0) {
      at = others_.erase(at);
      continue;
    }
    places += kAhead * static_cast<double>(other.slots > 0 ? other.slots : other.under_way);
    ++at;
  }
  if (std::exchange(places_, places) != places) {
    rooms_.queue.spread_over(places / options_.slots);
  }
}

// Of those that were assigned before the look began.
std::vector<bus::Job> RunSharing::ended(const Seen& seen, std::int64_t look) {
  std::set<Key> held;
  for (const auto& one : seen.held) held.emplace(one.run_id, one.fence);
  std::vector<bus::Job> over;
  const std::lock_guard lock(mutex_);
  for (auto at = away_.begin(); at != away_.end();) {
    const auto away = at++;
    if (away->second.look >= look || held.contains(away->first)) continue;
    over.push_back(away->second.job);
    forget(away);
  }
  return over;
}

void RunSharing::forget(std::map<Key, Away>::iterator away) {
  if (const auto at = others_.find(away->second.node); at != others_.end()) {
    --at->second.under_way;
  }
  --away_count_;
  away_.erase(away);
}

// They come to their turns here, and keep no place meanwhile.
Task<Result<>> RunSharing::take_given_back() {
  auto& store = rooms_.store;
  auto taken = co_await store.database().write(
      db::Lane::kBackground, [&](db::Tx& tx) { return store.jobs().take_given_back(tx); });
  if (!taken) co_return fail(taken.error());
  for (auto& job : *taken) {
    std::optional<bus::Job> away;
    {
      const std::lock_guard lock(mutex_);
      if (const auto at = away_.find(key_of(job)); at != away_.end()) {
        away = at->second.job;
        forget(at);
      }
    }
    if (away) rooms_.queue.release(*away);
    job.stays = true;
    rooms_.queue.push(std::move(job));
  }
  rooms_.go_on();
  co_return Result<>{};
}

Task<void> RunSharing::follow(std::stop_token stop) {
  while (!stop.stop_requested()) {
    const auto seen = options_.told.value();
    bool is_last = false;
    {
      const std::lock_guard lock(mutex_);
      is_last = leads_;  // before it looks: nobody else assigns any more
    }
    auto taken = co_await take();
    if (taken && is_last) co_return;
    if (taken) {
      co_await wait_to_take(seen, stop);
    } else {
      co_await rooms_.world.sleep_for(kRetry, stop);
    }
  }
  co_await leave();
}

// Until it is told, or leads. Pauses of the queue end by the clock, and cost nobody a look.
Task<void> RunSharing::wait_to_take(std::int64_t seen, std::stop_token stop) {
  co_await rooms_.world.sleep_for(kPause, stop);
  for (;;) {
    rooms_.queue.end_pauses(rooms_.world.now());
    if (stop.stop_requested() || options_.told.value() > seen || led_.value() > 0) co_return;
    co_await first_of(
        stop, [&](std::stop_token over) { return options_.told.wait_past(seen, over); },
        [&](std::stop_token over) { return led_.wait_past(0, over); },
        [&](std::stop_token over) { return rooms_.world.sleep_for(kEndPauses, over); });
  }
}

Task<Result<>> RunSharing::take() {
  auto& store = rooms_.store;
  std::int64_t leader = 0;
  std::int64_t slots = 0;
  auto turn = turn_;
  bool is_removed = false;
  auto assigned = co_await store.database().read([&](db::Tx& tx) {
    const auto nodes = options_.nodes(tx);
    is_removed = !is_there(nodes, options_.node);
    // What it was assigned is about to be done by others, who may not have taken it back yet.
    if (is_removed) return std::vector<bus::Job>{};
    for (const auto& node : nodes) {
      if (node.leads) leader = node.number;
      if (node.number == options_.node) slots = node.slots;
    }
    // Another one counts from where its clock is.
    turn = leader == leader_ ? turn_ : 0;
    return store.jobs().assigned_to(tx, options_.node, turn);
  });
  if (!assigned) co_return fail(assigned.error());
  if (is_removed) co_return Result<>{};
  turn_ = turn;
  leader_ = leader;
  for (auto& job : *assigned) {
    {
      const std::lock_guard lock(mutex_);
      if (!here_.insert(key_of(job)).second) continue;
    }
    job.is_away = true;
    rooms_.queue.push(std::move(job));
  }
  if (slots == options_.slots || is_leaving_) co_return Result<>{};
  co_return co_await say_slots(options_.slots);
}

// What is under way here is ended here; what waits, or is assigned before the leading node hears of
// it, is done by others. If this fails they find it when this node is gone.
Task<void> RunSharing::leave() {
  constexpr double kAll = 1'000;  // the queue hands out whatever waits
  is_leaving_ = true;
  rooms_.queue.spread_over(kAll);
  if (auto said = co_await say_slots(0); !said) co_return;
  for (;;) {
    const auto seen = options_.told.value();
    const auto done = done_.value();
    const auto taken = co_await take();
    while (auto job = rooms_.queue.next()) co_await give_back(*std::move(job));
    options_.tell();
    {
      const std::lock_guard lock(mutex_);
      if (here_.empty()) co_return;
    }
    co_await rooms_.world.sleep_for(taken ? kPause : kRetry);
    if (!taken) continue;
    co_await first_of(
        {}, [&](std::stop_token over) { return options_.told.wait_past(seen, over); },
        [&](std::stop_token over) { return done_.wait_past(done, over); });
  }
}

Task<void> RunSharing::give_back(bus::Job job) {
  auto& store = rooms_.store;
  std::ignore = co_await store.database().write(
      db::Lane::kBackground, [&](db::Tx& tx) { store.jobs().give_back(tx, job); });
  rooms_.queue.release(job);
  note_done(job);
}

void RunSharing::note_done(const bus::Job& job) {
  const std::lock_guard lock(mutex_);
  here_.erase(key_of(job));
  done_.raise(++done_count_);
}

// Once for many, with a pause: each time costs a commit.
Task<void> RunSharing::tell_on(std::stop_token stop) {
  for (std::int64_t told = 0; !stop.stop_requested();) {
    if (!co_await done_.wait_past(told, stop)) co_return;
    told = done_.value();
    options_.tell();
    co_await rooms_.world.sleep_for(kPause, stop);
  }
}

}  // namespace synap::workers
