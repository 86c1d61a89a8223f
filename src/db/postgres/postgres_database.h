// PostgresDatabase: a database of a PostgreSQL server (15 or later), one connection that writes, a
// few that read.
//
// The writer takes every closure that waits and runs them in one transaction, whose statements are
// pipelined: a group whose closures ask for nothing takes one round trip, its COMMIT included.
// There are no savepoints: if something fails, the transaction is undone and each closure is run
// again in one of its own. Where it was another node's transaction that was in the way, the whole
// group is run again at once, and finds what that one has done.
//
// A connection that is lost is made again, and what it had not committed is run again. It is lost,
// too, when the server has not answered for 10 s.
//
// Where it is lost between COMMIT being sent and its answer, the group is in doubt. Who is alone,
// or a node (nodes.h), counts his commits in a row of the database, and asks for it over the next
// connection: what is
// committed is answered so, and the rest is run again. Where there is none to be had, the group's
// closures are answered kServiceUnavailable, and may have taken effect; their actions are carried
// out when that is known. Of whoever else writes they never are, and nothing is asked.
//
// While the server is away every read and write is answered kServiceUnavailable, at once, but for
// one in a while that tries to reach it (5 s at most).
//
// On behalf of a user no table of the pod's can be read, and by no view another user's row
// (rights.h); PostgreSQL's own catalog, which has names of tables and no rows of theirs, can.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/timer.h"
#include "base/world.h"
#include "db/engine.h"
#include "db/migrator.h"
#include "db/postgres/last_statement.h"
#include "db/postgres/nodes.h"
#include "db/postgres/reach.h"
#include "db/readers.h"
#include "db/write_queue.h"

namespace synap::db::postgres {

struct PostgresOptions {
  std::string url;  // "postgres://user@host/database", or as libpq takes it otherwise
  World& world = real_world();
  int readers = 4;
  /// Nobody else opens the database so, and writes to it, as long as this one can write. If another
  /// has had it meanwhile this one never can again: what it remembers would be of before.
  bool is_alone = false;
  /// Others write to it as nodes, too, and nobody who is not one. If they remove this one from
  /// among them it can write no more.
  std::optional<NodeName> node = {};
  /// Asked first of all, when nothing is made in the database yet: whoever is not to have it aborts
  /// the Tx, and leaves it as it was. May find no table of a pod's. Null: whoever opens it may.
  std::function<void(Tx&)> check_first = nullptr;
  /// Behind a pooler of transactions (ConnectionOptions::is_pooled). Who is alone takes the
  /// database from whoever had it, since nobody can hold a lock.
  bool is_pooled = false;
  std::chrono::milliseconds read_time_max{250};
  /// ConnectionOptions::statement_time_max of the writer.
  std::chrono::milliseconds statement_time_max{8'000};
  /// ConnectionOptions::idle_time_max of the writer: how long a closure may compute.
  std::chrono::milliseconds idle_time_max{4'000};
  /// More reads, writes of people or writes of workers than this do not wait: the next is refused.
  std::size_t waiting_max = 100'000;
};

class Connection;

class PostgresDatabase final : public Engine {
 public:
  /// Connects, and makes what every database of a pod has: the function current_user_id(), the
  /// roles of rights.h, and the extensions of extensions.h. The user needs CREATEROLE for that,
  /// once. kServiceUnavailable: it cannot be reached, or somebody else has it, which may pass;
  /// kPreconditionFailed: it is no place for this pod, or lets it not in. With sentences.
  static Result<std::unique_ptr<PostgresDatabase>> open(PostgresOptions options);
  ~PostgresDatabase() override;

  void close() override;
  Statistics statistics() const override;
  const Spread& spread() const override { return spread_; }
  Watermark& commits() override { return commits_; }  // a group in parts counts once

  /// Asked on the writer's thread when the closures of a group have run, with their Tx, what the
  /// transaction is to do last. Once, before anything is written that it is to know of.
  using GroupEnd = std::function<std::optional<LastStatement>(Tx&)>;
  void at_group_end(GroupEnd end) { group_end_ = std::move(end); }
  /// Called there before the first of a group's closures runs, in its transaction; with whether
  /// the group is run again since another node was first.
  using GroupBegin = std::function<void(Tx&, bool was_outrun)>;
  void at_group_begin(GroupBegin begin) { group_begin_ = std::move(begin); }
  /// There: others have written, so what rooms remember of rows holds no more (Tx::undone).
  void note_others();

  /// Of who is alone: another has it, or has had it meanwhile. Of a node: it was removed, or one
  /// that is no node has it. Any thread.
  bool is_lost() const { return is_lost_; }
  /// Of a node.
  std::optional<std::int64_t> node() const { return node_; }
  /// When it sent the last of its commits that was answered, by World::since_boot(): until then it
  /// had not been removed. 0: none was. Any thread.
  std::chrono::nanoseconds shown_at() const { return shown_at_; }

  /// Whether this is the Tx of writes.
  bool is_writer(const Tx& tx) const;

 protected:
  void submit(Operation* operation) override;
  void withdraw(Operation* operation) override;
  Result<> run_migrations(const std::vector<Migration>& migrations,
                          const std::vector<Retired>& retired) override;

 private:
  explicit PostgresDatabase(const PostgresOptions& options);
  bool turn_of_writer();
  void commit_group(WriteQueue::Group& group);
  bool run_apart(const WriteQueue::Group& group, Actions& done);
  struct Ran {
    bool is_committed = false;
    std::optional<Error> error;
    bool is_in_doubt = false;
  };
  Ran run_and_commit(WriteQueue::Group& group, Actions& done, bool is_apart = false);
  std::optional<Error> commit(Actions actions, Actions& done);
  /// A commit of which nobody knows whether it took place.
  struct Doubt {
    std::int64_t commit;
    std::optional<LastStatement> last;
    Actions actions;
  };
  void begin_term(bool is_node);
  bool holds_no_other_lock();
  void join_nodes(const NodeName& who);
  void leave_nodes();
  bool counts_commits() const { return term_ || node_; }
  std::optional<std::int64_t> committed_so_far();
  void count_commit(bool has_appended);
  std::optional<Error> lose_for_good();
  std::optional<Error> reach_writer(Actions& done);
  std::optional<Error> look_at_term(Actions& done);
  void end_doubt(Actions& done);

  World& world_;
  const bool is_pooled_;
  Reach reach_of_writer_;
  Reach reach_of_readers_;
  std::unique_ptr<Connection> writer_;
  Readers readers_;
  WriteQueue writes_;
  Migrator migrator_;   // writer thread only
  GroupEnd group_end_;  // the same, once it is set
  GroupBegin group_begin_;
  // The same, of who is alone: how often the database was opened so until now, how often it has
  // committed since, and over which connection that was looked at.
  std::optional<std::int64_t> term_;
  std::optional<std::int64_t> node_;  // its number instead, of a node
  std::int64_t commits_of_term_ = 0;
  std::int64_t looked_at_ = 0;
  std::optional<Doubt> doubt_;
  std::atomic<bool> is_lost_ = false;
  std::atomic<std::chrono::nanoseconds> shown_at_{};
  bool was_committed_ = false;  // what was in doubt last
  Watermark commits_;           // raised by the writer thread
  std::atomic<std::int64_t> closures_{0};
  std::atomic<std::int64_t> commit_ns_{0};
  std::atomic<std::int64_t> round_trips_{0};
  Spread spread_;
  std::unique_ptr<WorldThread> writer_thread_;
};

}  // namespace synap::db::postgres
