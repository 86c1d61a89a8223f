#include "pod/nodes.h"

#include <algorithm>
#include <thread>

#include "base/log.h"
#include "bus/job_store.h"

namespace synap::pod {
namespace {

using db::postgres::Node;
using db::postgres::NodesNow;

constexpr std::chrono::milliseconds kLookEvery(1'000);
// Who has looked no sooner than this after his last look has seen nobody's silence.
constexpr std::chrono::milliseconds kGapMax(3'000);
// A node whose session is gone connects again within 2 s, if it lives.
constexpr std::chrono::milliseconds kGoneMax(4'000);

void log_removed(const Node& node) {
  write_log(LogLevel::kWarn, "pod",
            "the node {node} ({name}) has shown nothing for its lease: the others go on without it",
            {{"node", node.number}, {"name", node.who.name}});
}

}  // namespace

std::vector<workers::NodeWork> node_work(db::Tx& tx) {
  std::vector<workers::NodeWork> all;
  for (const auto& node : db::postgres::read_node_slots(tx)) {
    all.push_back({node.number, node.slots, node.leads});
  }
  return all;
}

Nodes::Nodes(Options options, Rooms rooms)
    : options_(options), rooms_(rooms), executor_(rooms.world.make_executor("nodes")) {}

Result<> Nodes::look_first() {
  return sync_wait(*executor_, look(May::kLead));
}

void Nodes::lead_when_free(std::function<Result<>()> begin) {
  const std::lock_guard lock(mutex_);
  begin_ = std::move(begin);
}

void Nodes::lead_no_more() {
  {
    const std::lock_guard lock(mutex_);
    begin_ = nullptr;
  }
  is_over_ = true;
  leading_.reset();
}

void Nodes::stop() {
  looks_.stop();
  lead_no_more();
}

bool Nodes::is_dead(const Node& node, SteadyClock::time_point now) const {
  if (node.number == options_.number) return false;
  // Who has just come has seen nobody's silence. The database has, of one that is not connected.
  if (is_first_) return !node.is_connected && node.silent_for >= options_.lease.count();
  const auto found = known_.find(node.number);
  if (found == known_.end() || found->second.commits != node.commits) return false;
  const auto& known = found->second;
  const bool is_gone =
      !node.is_connected && known.gone_since && now - *known.gone_since >= kGoneMax;
  return now - known.since >= options_.lease || is_gone;
}

void Nodes::note(const NodesNow& seen, SteadyClock::time_point now) {
  auto before = std::exchange(known_, {});
  if (now - looked_at_ > kGapMax) before.clear();
  for (const auto& node : seen.all) {
    auto& known = known_[node.number];
    known = {node.commits, now, std::nullopt};
    const auto found = before.find(node.number);
    if (found != before.end() && found->second.commits == node.commits) known = found->second;
    if (node.is_connected) known.gone_since.reset();
    if (!node.is_connected && !known.gone_since) known.gone_since = now;
  }
  looked_at_ = now;
  is_first_ = false;
}

bool Nodes::have_others_changed(const std::vector<Node>& nodes) {
  std::map<std::int64_t, std::int64_t> now;
  for (const auto& node : nodes) {
    if (node.number != options_.number) now.emplace(node.number, node.changes);
  }
  return std::exchange(others_changes_, now) != now;
}

// That this one is there its commit shows.
Task<Result<>> Nodes::look(May may) {
  NodesNow seen;
  std::vector<Node> living;
  std::vector<Node> removed;
  bool has_begun = false;
  auto* const counted = counted_.load();
  const auto count = counted != nullptr ? counted->value() : 0;
  const auto now = rooms_.world.now();
  const bool has_seen = now - looked_at_ <= kGapMax;
  auto looked = co_await rooms_.database.write([&](db::Tx& tx) {
    living.clear();
    removed.clear();
    has_begun = false;
    seen = db::postgres::read_nodes(tx);
    bool is_led = false;
    for (const auto& node : seen.all) {
      if ((has_seen || is_first_) && is_dead(node, now) && db::postgres::remove_node(tx, node)) {
        removed.push_back(node);
      } else {
        is_led = is_led || node.leads;
        living.push_back(node);
      }
    }
    if (!is_led && may == May::kLead) has_begun = db::postgres::lead_nodes(tx, options_.number);
    if (count != has_counted_) db::postgres::note_change(tx, options_.number);
    rooms_.also_look(tx);
  });
  if (!looked) co_return looked;
  has_counted_ = count;
  if (seen.unix_ms > 0) rooms_.clock.set_by(seen.unix_ms);
  note(seen, now);
  for (const auto& node : removed) log_removed(node);
  if (have_others_changed(living)) rooms_.others_have_changed();
  rooms_.have_looked(living);
  if (has_begun) {
    write_log(LogLevel::kInfo, "pod", "this node leads: it hands out jobs, and runs followers");
    leads_ = true;
    const std::lock_guard lock(mutex_);
    if (begin_) {
      leading_ = rooms_.world.start_thread("lead", ThreadPriority::kNormal, [this, begin = begin_] {
        return turn_of_leading(begin);
      });
    }
  }
  co_return Result<>{};
}

Nodes::May Nodes::may_lead() {
  const std::lock_guard lock(mutex_);
  return begin_ != nullptr ? May::kLead : May::kNotLead;
}

Task<void> Nodes::look_on() {
  const auto stop = looks_.token();
  while (co_await rooms_.world.sleep_for(kLookEvery, stop)) {
    // What is wrong the database has told of; the next look is soon.
    std::ignore = co_await look(may_lead());
  }
}

// No coroutine: whoever begins waits for what runs on other executors. True: once more.
bool Nodes::turn_of_leading(const std::function<Result<>()>& begin) {
  auto begun = begin();
  if (begun || is_over_) return false;
  write_log(LogLevel::kError, "pod", "this node leads, and cannot begin: {error}",
            {{"error", begun.error().message}});
  std::this_thread::sleep_for(kLookEvery);
  return !is_over_;
}

Task<Result<Nodes::List>> Nodes::list() {
  co_return co_await rooms_.database.read([](db::Tx& tx) {
    List list{db::postgres::read_nodes(tx).all, bus::JobStore::claims_by_node(tx)};
    const auto leader = std::ranges::find(list.all, true, &Node::leads);
    if (leader != list.all.end()) list.jobs[leader->number] += list.jobs[0];
    return list;
  });
}

// A quarter is for what begins behind the question.
bool Nodes::holds_lease() const {
  return rooms_.world.since_boot() - rooms_.shown_at() < std::min(options_.lease, kGoneMax) * 3 / 4;
}

Task<Result<>> Nodes::hold_lease() {
  if (holds_lease()) co_return Result<>{};
  co_return co_await rooms_.database.write(db::Lane::kBackground, [](db::Tx&) {});
}

bool Nodes::has_others(db::Tx& tx) const {
  auto rows = tx.query("SELECT 1 FROM pod_nodes WHERE number <> $1 LIMIT 1", options_.number);
  return rows.next();
}

}  // namespace synap::pod
