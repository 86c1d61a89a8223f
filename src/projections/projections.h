// Projections: all read models of a pod, kept in step with the log.
//
//   projections.add({.name = "notes", .tables = {...}, .types = {...}, .fold = fold_note});
//   projections.prepare();     // the tables are there, and fit for today's queries
//   projections.start();       // followers follow, rebuilds begin
//
// A projection whose description changed is filled again by itself, beside the old tables, which
// serve until the new ones take their place. Where the old ones cannot serve (another key, a new
// inline projection over a log that has events for it) prepare() fills them before it returns.
// Where the storage fails a rebuild it is tried again, later and later, up to once a minute.
//
// Of many nodes on one database one leads: it follows, and fills tables. The others fold inline
// projections in what they append, and are told by the tables how far the followers are. While
// other nodes are there no second set is made of an inline projection: they would not fold it.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/background.h"
#include "base/executor.h"
#include "base/timer.h"
#include "projections/comparison.h"
#include "projections/second_set.h"

namespace synap::projections {

/// How a projection stands.
struct Status {
  std::string name;
  Projection::Kind kind = Projection::Kind::kInline;
  std::string version;        // of its description
  std::int64_t position = 0;  // the events up to here are folded
  std::int64_t end = 0;       // of the log
  std::string error;          // why a follower was stopped; empty: it was not
  bool is_current = false;    // filled as the description of today says; else being rebuilt
  /// How far a second set of tables is, while it is rebuilt or verified.
  std::optional<std::int64_t> second_position;
  /// When the second set will be as far as the log, at the present pace.
  std::optional<std::int64_t> seconds_left;

  std::int64_t lag() const { return end - position; }
};

/// How far a projection is, as the memory has it: what can be asked for while nothing is read.
struct Progress {
  std::string_view name;  // for as long as the projections
  Projection::Kind kind = Projection::Kind::kInline;
  std::int64_t lag = 0;  // events that a follower has not folded yet
  bool is_stopped = false;
  bool is_rebuilding = false;
};

class Projections {
 public:
  static std::vector<db::Database::Migration> migrations() { return store::migrations(); }

  /// Folds events in the transactions that append them from now on. All must outlive it.
  Projections(db::Database& database, events::EventLog& log, const events::EventTypes& types,
              World& world = real_world());
  /// stop().
  ~Projections();

  /// Before prepare(), until which what it gives may still be changed. CHECKs that the name is new.
  Projection& add(Projection projection);

  /// There are other nodes, and this one does not lead until lead(). Before prepare().
  /// `has_others`: asked on a database's thread whether there are some now. `told` grows when they
  /// have changed something; it must outlive this.
  void share(std::function<bool(db::Tx&)> has_others, Watermark& told) {
    has_others_ = std::move(has_others);
    told_ = &told;
    leads_ = false;
  }
  /// Of one of many nodes, before start(), or when the one that led is gone.
  void lead();
  /// Of the node that leads, in a transaction now and then: that followers have come further by
  /// events that do not concern them, which it knows from memory, is kept for the others.
  void tell_positions(db::Tx& tx);

  /// Makes the tables that are missing. Blocks. Before anything is appended, and before start().
  /// kServiceUnavailable: this node does not lead, and the one that does has to fill them first.
  Result<> prepare();
  void start();
  /// Ends what is under way; what was being rebuilt goes on after the next start.
  void stop();

  /// What was added; any thread after prepare(), for as long as the projections.
  std::vector<const Projection*> described() const;

  Task<Result<std::vector<Status>>> list();
  /// Any thread, after prepare().
  std::vector<Progress> progress() const;
  /// Grows when a follower has folded something or was stopped, and when a rebuild has ended: for
  /// those who wait for what list() and progress() say.
  Watermark& changes() { return changes_; }
  /// Fills a second set of tables and puts it in place of the live one; answers when it has begun.
  /// kNotFound; kConflict: it is being rebuilt or verified already.
  Task<Result<>> rebuild(std::string name);
  /// Compares the live tables with those folded from the log. kNotFound, kConflict.
  Task<Result<Comparison>> verify(std::string name);
  Task<Result<std::string>> digest(std::string name);  // kNotFound

  /// Returns when the follower `name` has folded what `user_id` did before, or can soon not be
  /// expected to: for queries that show counts, so that people see their own completed writes in
  /// them. At most 250 ms. False: it was stopped, or is further behind, or that cannot be told, so
  /// that its rows may be of an earlier time.
  Task<bool> settled(const std::string& name, std::string user_id);
  /// The same for all that anybody did before.
  Task<bool> settled(const std::string& name);

 private:
  using Members = std::vector<std::unique_ptr<Member>>;

  Member* find(const std::string& name);
  Result<Member*> claim(const std::string& name);
  Task<Result<>> make_ready(Member& member, bool& needs_build);
  Task<Result<>> find_ready();
  Task<Result<>> look_at_positions();
  Task<void> follow_positions();
  void begin_to_follow();
  Task<Result<>> may_make_second(std::string name);
  bool is_behind_awaited() const;
  void observe(db::Tx& tx, std::span<const events::EventRef> events);
  void pass_over(db::Tx& tx, Member& member, std::span<const events::EventRef> events);
  Task<Result<>> build(Member& member);
  Follower follower_of(Member& member);
  Task<Result<>> catch_up(Member& member);
  Task<void> forget_error(Member& member);
  Task<void> follow(Member& member);
  Task<void> gather(Member& member, std::int64_t position);
  Task<bool> reached(Member& member, std::int64_t position);
  Task<void> stop_follower(Member& member, Error error);
  Task<void> rebuild_changed();
  Task<void> rebuild_if_changed(Member& member);
  Task<void> run_rebuild(Member& member);
  class Patience;
  Task<void> remove_leftovers();
  void tell_change() { changes_.raise(changes_.value() + 1); }

  const Rooms rooms_;
  std::deque<Projection> added_;  // not prepared yet
  Members members_;
  std::function<bool(db::Tx&)> has_others_;
  Watermark* told_ = nullptr;  // if there are others
  std::atomic<bool> leads_ = true;
  Watermark wanted_;  // by those who wait for a follower of another node
  std::stop_source led_;
  std::atomic<bool> is_started_ = false;
  Watermark changes_;  // raised on the executor
  const std::unique_ptr<Executor> executor_;
  Background background_{*executor_};
};

}  // namespace synap::projections
