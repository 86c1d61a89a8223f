// RunSharing: the runs of one pod, done by many nodes. The node that leads decides whose turn it
// is: fairness, lines and limits are in its queue, for all nodes together. Of what the queue hands
// out it does a part, and assigns the rest to the others by their slots. What is assigned stands in
// the rows of the jobs (bus/job_store.h), so nodes need to reach nothing but their database.
//
//   leads     hands out      whose turn it is -> a row of `jobs` names another node
//             looks          a row that is gone has ended there: its place is free
//                            a node that is gone: what it had is found, and ready again
//   follows   takes          what is assigned to it -> its own queue, and on as any job; nothing
//                            where it has been removed
//
// A node is assigned some more than it does at a time, for the time that telling takes. They tell
// each other when they have committed something, and look when they are told. The one that leads
// looks once a second, too, while others have anything: its own commits end some of that, as those
// that cancel runs, and of these nobody tells it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <stop_token>
#include <utility>
#include <vector>

#include "base/task.h"
#include "base/timer.h"
#include "base/world.h"
#include "bus/queue.h"
#include "workers/node_lease.h"
#include "workers/run_store.h"

namespace synap::workers {

/// What a node takes of the work of the one that leads.
struct NodeWork {
  std::int64_t number = 0;
  std::int64_t slots = 0;  // jobs at a time; 0: it takes none
  bool leads = false;
};

class RunSharing {
 public:
  struct Options {
    std::int64_t node = 0;  // this one
    int slots = 0;          // jobs that it does at a time
    /// All that are there; and says how many this one takes at a time from now on.
    std::function<std::vector<NodeWork>(db::Tx&)> nodes;
    std::function<void(db::Tx&, std::int64_t slots)> set_slots;
    /// Grows when another node has changed something, come or gone; must outlive this.
    Watermark& told;
    /// Tells the others. Any thread.
    std::function<void()> tell = [] {};
    NodeLease lease = {};
  };
  /// All must outlive it.
  struct Rooms {
    World& world;
    RunStore& store;
    bus::Queue& queue;
    std::function<void(bus::Job)> begin;  // does a job here that the queue has handed out
    std::function<void()> go_on;          // asks the queue: places are free
  };
  RunSharing(Options options, Rooms rooms)
      : options_(std::move(options)), rooms_(std::move(rooms)) {}

  // Of the node that leads.

  /// Before the queue is asked for anything: this one leads from now on. What others have is taken
  /// for under way.
  Task<Result<>> lead();
  /// Whether another node does this job, which the queue has handed out and is moved from then. Any
  /// thread.
  bool takes(bus::Job& job);
  /// Until `stop` is asked for: what takes() has taken is assigned.
  Task<void> hand_out(std::stop_token stop);
  /// Until then: sees what has become of it.
  Task<void> look_on(std::stop_token stop);

  // Of the others.

  /// Takes what is assigned to this node, until it leads. If `stop` is asked for before, what waits
  /// here is the leading node's again.
  Task<void> follow(std::stop_token stop);
  /// A job that was assigned to this node is over here. Any thread.
  void note_done(const bus::Job& job);
  /// Until `stop` is asked for: tells others of it.
  Task<void> tell_on(std::stop_token stop);

 private:
  using Key = std::pair<Uuid, std::int64_t>;  // run and fence
  static Key key_of(const bus::Job& job) { return {job.run_id, job.fence}; }
  struct Other {
    std::int64_t slots = 0;
    int under_way = 0;  // assigned, or about to be
    std::vector<bus::Job> outgoing;
  };
  struct Away {
    bus::Job job;
    std::int64_t node = 0;
    std::int64_t look = 0;  // that had begun when it was assigned
  };
  struct Seen;
  Task<bool> assign(std::int64_t node, std::vector<bus::Job> jobs, std::stop_token stop);
  Task<Result<>> look();
  Task<Result<>> say_slots(std::int64_t slots);
  void note_nodes(const Seen& seen);
  std::vector<bus::Job> ended(const Seen& seen, std::int64_t look);
  void forget(std::map<Key, Away>::iterator away);
  Task<Result<>> take_given_back();
  Task<Result<>> take();
  Task<void> leave();
  Task<void> give_back(bus::Job job);
  Task<void> wait(std::int64_t seen, std::stop_token stop);
  Task<void> wait_to_take(std::int64_t seen, std::stop_token stop);

  const Options options_;
  const Rooms rooms_;
  std::mutex mutex_;
  bool leads_ = false;
  Watermark led_;  // 1: the same
  std::map<std::int64_t, Other> others_;
  std::map<Key, Away> away_;
  Watermark away_since_;  // grows with each of away_
  std::int64_t assigned_count_ = 0;
  int away_count_ = 0;  // of others_, all together
  double places_ = 0;   // over which the queue is spread
  std::int64_t look_count_ = 0;
  Watermark outgoing_;
  std::int64_t outgoing_count_ = 0;
  // Of one that follows.
  std::set<Key> here_;
  std::int64_t turn_ = 0;
  std::int64_t leader_ = 0;
  bool is_leaving_ = false;
  Watermark done_;
  std::int64_t done_count_ = 0;
};

}  // namespace synap::workers
