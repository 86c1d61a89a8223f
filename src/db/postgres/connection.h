// Connection: one connection to a PostgreSQL server, as a Tx. Belongs to one thread.
//
// Statements are pipelined: one whose rows nobody looks at (Tx::run) is sent and not waited for.
// The first that is asked for its rows, or for how many rows it changed, waits for those before it.
// So what is wrong with a statement may be seen late, but always before its transaction commits;
// what comes behind it does nothing.
//
// Any text can be stored, one with a NUL, too (any_text.h).
#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/world.h"
#include "db/database.h"
#include "db/postgres/last_statement.h"
#include "db/postgres/reach.h"
#include "db/readers.h"
#include "db/write_queue.h"

namespace synap::db::postgres {

/// What an SQLSTATE (five characters; empty: the connection is gone) means to a caller. Also leaves
/// a line for the operator (base/log.h): `what` says where, in the server's own words. Not for what
/// is run again (class 40).
Error error_of(std::string_view sqlstate, std::string_view what);

struct ConnectionOptions {
  std::string url;  // as libpq takes it; never logged, since it may have a password
  World& world = real_world();
  std::chrono::milliseconds statement_time_max{8'000};
  /// How much longer than a statement may take its answer is waited for. A server that stands still
  /// ends no statement, and a network may swallow what it says.
  std::chrono::milliseconds silence_max{2'000};
  std::chrono::milliseconds lock_time_max{5'000};
  /// Between two statements of a transaction. Less than others wait for a lock: what a node holds
  /// that was stopped or cut off is given back before they give up.
  std::chrono::milliseconds idle_time_max{4'000};
  /// For a connection to be made; and, over TCP, for what was sent to be taken.
  std::chrono::milliseconds connect_time_max{5'000};
  /// What is found out about the server is told there; null: to nobody.
  Reach* reach = nullptr;
  /// An advisory lock that the connection takes when it is made and holds as long as it lives.
  /// While another has it there is no connection: kServiceUnavailable, after lock_time_max.
  std::optional<std::int64_t> own_lock = {};
  /// Others may have it as well, if they share it, too.
  bool shares_lock = false;
  /// What is done over it is done as the pod, and on behalf of a user as the tenant (rights.h).
  /// Otherwise all of it is done as the role of the URL.
  bool is_pods = false;
  /// What is between here and the server lends one of its connections for a transaction
  /// (PgBouncer's pool_mode = transaction): the server keeps nothing from one to the next, neither
  /// settings nor prepared statements nor locks. What a session is to be is said at the begin of
  /// each transaction; and there is no `own_lock`, and no lock of a node.
  bool is_pooled = false;
  /// Until it has connected once whoever makes it tells why it does not (why_not_connected()).
  bool is_told_by_maker = false;
};

class Connection final : public Tx, public Reader {
 public:
  explicit Connection(ConnectionOptions options);
  ~Connection() override;

  /// Connects, if it is not connected (any more). The error leaves it as it was.
  std::optional<Error> connect();
  bool is_connected() const { return handle_ != nullptr; }
  /// In the words of the server or of libpq, in one line and without a password: why the last
  /// connect() has found nobody, or was not let in. Empty: it was let in.
  const std::string& why_not_connected() const { return why_not_connected_; }
  /// How often it has connected.
  std::int64_t connections() const { return connections_; }
  /// Gives the connection back.
  void leave() {
    if (handle_ != nullptr) lose();
  }

  /// Takes the lock of the node of this number, now and with each connection that is made again: so
  /// what was sent over the one before has been carried out by then, or never will be. Not behind a
  /// pooler.
  void hold_node(std::int64_t number);

  /// Another node has been at the rows: what rooms remember of them holds no more (Tx::undone).
  void note_others() { ++undone_; }

  /// Runs statements that have neither parameters nor rows, several with `;` between them.
  Result<> execute(const std::string& sql);

  /// The statements of this transaction take the time they take.
  void take_all_the_time();

  /// The statements of this transaction are the owner's.
  void be_owner();

  /// Begins a closure's work: no error yet, nothing to do on commit, all the time it wants.
  void begin_closure();
  bool is_out_of_time() const override;
  std::int64_t undone() const override { return undone_; }
  std::optional<Error> take_error() { return std::exchange(error_, std::nullopt); }
  void move_on_commit_to(Actions& all);

  /// Sent with what comes next.
  void begin();
  /// Waits, once for all that is still on its way, `last` (if there is one) and the COMMIT. The
  /// error is the first of whatever went wrong in the transaction, which is undone then.
  std::optional<Error> commit(const LastStatement* last = nullptr);
  void roll_back();
  /// Waits for all that was sent; what was wrong with it is the closure's error.
  void settle();
  /// The connection was lost while the last commit was under way: whether it is one nobody knows.
  bool is_in_doubt() const { return is_in_doubt_; }
  /// Another's transaction was in the way of the last one (a class 40 SQLSTATE): run again, it
  /// finds what that one has done.
  bool was_outrun() const { return was_outrun_; }

  void read(database_detail::Operation& operation, std::chrono::milliseconds most) override;
  void rest() override {}
  bool is_rested() const override { return true; }

  /// The bytes of all parameters since this was asked last.
  std::size_t take_bound_bytes() { return std::exchange(bound_bytes_, 0); }
  /// Whether tables or views were made by statements since this was asked last.
  bool take_has_made() { return std::exchange(has_made_, false); }
  /// How often this connection has waited for the server.
  std::int64_t round_trips() const { return round_trips_; }

 protected:
  Cursor* start(std::string_view sql, const Value* values, std::size_t count) override;
  void run_only(std::string_view sql, const Value* values, std::size_t count) override;
  std::int64_t changes() override;
  void run_or_fail(std::string_view sql, const Value* values, std::size_t count,
                   const Error& otherwise) override;

 private:
  class Statement;
  struct Gone {
    void operator()(PGresult* result) const { PQclear(result); }
  };
  using ResultPtr = std::unique_ptr<PGresult, Gone>;

  bool send(std::string_view sql, const Value* values, std::size_t count);
  void begin_as(std::string_view how, std::string_view lock);
  const std::string* prepare(std::string_view sql, std::size_t count);
  Error not_connected(std::string why);
  Result<> begin_session();
  Result<> take_own_lock();
  Result<> take_node_lock();
  ResultPtr receive();
  bool is_still_there();
  bool await_result();
  ResultPtr next_result();
  bool has_stood_still() const;
  void note(const PGresult& result, int index);
  void lose();
  void forget_prepared();
  std::optional<Error> run_now(std::string_view sql);

  const ConnectionOptions options_;
  const std::string session_;  // of each transaction behind a pooler
  PGconn* handle_ = nullptr;
  int sent_ = 0;  // statements whose results are still to come, those that prepare others included
  // SQL -> its name at the server; behind a pooler, itself as PostgreSQL has it.
  std::unordered_map<std::string, std::string> prepared_;
  std::vector<std::string> unproven_;  // SQL that was prepared since something was waited for
  std::int64_t prepared_count_ = 0;
  std::optional<std::int64_t> node_;
  bool is_stale_ = false;                          // the prepared statements are to be forgotten
  std::list<std::unique_ptr<Cursor>> statements_;  // those whose rows somebody still looks at
  std::size_t bound_bytes_ = 0;
  std::int64_t changes_ = 0;
  std::int64_t undone_ = 0;
  std::int64_t round_trips_ = 0;
  std::int64_t connections_ = 0;
  std::string why_not_connected_;
  std::chrono::milliseconds patience_{};  // with an answer of the server
  bool is_silent_ = false;                // it was at an end
  bool has_made_ = false;
  bool is_owner_ = false;  // in this transaction
  bool is_in_doubt_ = false;
  bool was_refused_ = false;  // the server has said no since begin()
  bool was_outrun_ = false;
  // Of those that are sent, which must change something, and what it means if they do not.
  std::vector<std::pair<int, Error>> expected_;
  int kept_at_ = -1;  // the result that receive() keeps, counted among those that are sent
  ResultPtr kept_;
  bool has_time_limit_ = false;
  SteadyClock::time_point page_until_{};
  SteadyClock::time_point stop_at_{};
  std::chrono::milliseconds time_max_{};   // of a read that has a limit
  SteadyClock::time_point waits_since_{};  // for the server, by the machine's clock
  SteadyClock::duration longest_wait_{};   // of this read
  SteadyClock::time_point connect_at_{};   // not before
  std::chrono::milliseconds connect_delay_{};
};

}  // namespace synap::db::postgres
