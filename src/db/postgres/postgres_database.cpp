#include "db/postgres/postgres_database.h"

#include <fmt/format.h>

#include <map>

#include "base/log.h"
#include "db/closure.h"
#include "db/postgres/connection.h"
#include "db/postgres/dialect.h"
#include "db/postgres/extensions.h"
#include "db/postgres/refusal.h"
#include "db/postgres/rights.h"

namespace synap::db::postgres {
namespace {

// As the embedded engine has it.
constexpr std::size_t kGroupBytesMax = 8 << 20;
// What else waits is the next group's: others may wait for what this one has locked.
constexpr std::chrono::milliseconds kGroupTimeMax(250);

// Two nodes may start at once. The number is Synap's: "synap" in ASCII.
constexpr std::string_view kLock = "SELECT pg_advisory_xact_lock(495521554800)";

// Whoever is to be alone holds it as long as he can write.
constexpr std::int64_t kAloneLock = 495521554801;

// What whoever reads locks, and whoever changes names of tables (Connection).
constexpr std::string_view kReading = R"(
DO $$ BEGIN IF to_regclass('reading') IS NULL THEN
  CREATE VIEW reading AS SELECT 1 AS one;
END IF; END $$)";

constexpr std::string_view kTakenAway =
    "Another pod has had the database since this one lost it: start this one again";

// Who is alone and how often he has committed, in one row.
constexpr std::string_view kSoleWriter = R"(
CREATE TABLE IF NOT EXISTS sole_writer(
  id BIGINT PRIMARY KEY CHECK (id = 1), term BIGINT NOT NULL, commits BIGINT NOT NULL))";
constexpr std::string_view kBeginTerm =
    "INSERT INTO sole_writer VALUES (1, 1, 0) "
    "ON CONFLICT (id) DO UPDATE SET term = sole_writer.term + 1, commits = 0 RETURNING term";

constexpr std::string_view kEndNodes = R"(
DO $$ BEGIN IF to_regclass('pod_nodes') IS NOT NULL THEN DELETE FROM pod_nodes; END IF; END $$)";

// A custom setting that was set for one transaction is empty after it, not absent.
constexpr std::string_view kFunction = R"(
CREATE OR REPLACE FUNCTION current_user_id() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT nullif(current_setting('synap.user_id', true), '') $$)";

// A member of JSON that is kept as text, as the embedded engine has it. PostgreSQL's texts have no
// NUL: where the JSON has one it is U+FFFD in what is given. From 17 on JSON is a word of SQL's
// own, and a parameter keeps its name for as long as the function is there.
constexpr std::string_view kMember = R"(
CREATE OR REPLACE FUNCTION json_member("json" text, name text) RETURNS text
  LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$ BEGIN
    RETURN $1::json ->> $2;
  EXCEPTION WHEN untranslatable_character THEN
    RETURN regexp_replace($1, '(?<!\\)((\\\\)*)\\u0000', '\1\\ufffd', 'g')::json ->> $2;
  END $$;
DO $$ BEGIN
  CREATE OPERATOR ->> (LEFTARG = text, RIGHTARG = text, FUNCTION = json_member);
EXCEPTION WHEN duplicate_function THEN NULL; END $$)";

Error cannot_be_reached() {
  return {Code::kServiceUnavailable, "The database cannot be reached now", nullptr, Fault::kGone};
}

// Whether a pod can be in this database, as this user: what an operator has to mend is said so.
void check_place(Tx& tx) {
  auto rows = tx.query(R"(
SELECT current_setting('server_encoding'),
  coalesce(has_schema_privilege(here, 'CREATE') AND (
    has_schema_privilege(here, 'CREATE WITH GRANT OPTION')
    OR has_schema_privilege('public', here, 'CREATE')), false),
  (SELECT count(*) FROM pg_roles WHERE pg_has_role(session_user, oid, 'MEMBER') AND rolname IN (
    current_database() || '_pod', current_database() || '_tenant',
    current_database() || '_views')),
  (SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = session_user),
  (SELECT rolinherit OR rolsuper FROM pg_roles WHERE rolname = session_user)
FROM (SELECT current_schema() AS here) AS place)");
  if (!rows.next()) return;
  const auto refuse = [&](std::string sentence) {
    tx.abort({Code::kPreconditionFailed, std::move(sentence), nullptr});
  };
  constexpr int kRolesThereAre = 3;
  if (const auto encoding = rows.text(0); encoding != "UTF8") {
    refuse(
        fmt::format("The database's encoding is {}, which has not all characters: the pod needs "
                    "one of UTF8 (createdb --encoding UTF8 --template template0)",
                    encoding));
  } else if (rows.integer(1) == 0) {
    refuse(
        "The role of the database's URL may make no tables in it, or let no other role: it must "
        "be the database's owner");
  } else if (rows.integer(4) == 0) {
    refuse(
        "The role of the database's URL must have the rights of its roles without asking for them: "
        "ALTER ROLE it INHERIT");
  } else if (rows.integer(2) < kRolesThereAre && rows.integer(3) == 0) {
    refuse(
        "The role of the database's URL may not make the roles by which the pod writes and users "
        "read: it needs CREATEROLE at this start, or to be a member of <database>_pod, "
        "<database>_tenant and <database>_views");
  }
}

// What passes is waited for by some; what somebody has to change first is not.
Error with_reason(Error error, const std::string& url, const std::string& why) {
  constexpr std::chrono::seconds kTime{5};
  if (why.empty()) return error;
  if (is_refused_for_good(url, kTime)) {
    return {Code::kPreconditionFailed,
            fmt::format("The database does not let the pod in ({}): change the setting `database`, "
                        "or the server",
                        why),
            nullptr};
  }
  error.message += ": " + why;
  return error;
}

std::string said(const Database::Migration& migration) {
  return in_postgres(migration.on_postgres.empty() ? migration.sql : migration.on_postgres);
}

// The statements that give all views of the migrations the columns that their tables have by now:
// later migrations may have added some.
std::string views_again(Tx& tx, const std::vector<Database::Migration>& migrations) {
  std::map<std::string, std::string> views;
  for (const auto& migration : migrations) {
    for (auto& view : views_in(said(migration))) views[view.name] = std::move(view.sql);
  }
  std::string all;
  for (const auto& [name, sql] : views) {
    auto there = tx.query(
        "SELECT 1 FROM pg_views WHERE schemaname = current_schema() AND "
        "viewname = lower($1)",
        name);
    if (!there.next()) continue;
    constexpr std::string_view kCreate = "CREATE";
    all += "CREATE OR REPLACE" + sql.substr(kCreate.size()) + ";\n";
  }
  return all;
}

}  // namespace

PostgresDatabase::PostgresDatabase(const PostgresOptions& options)
    : world_(options.world),
      is_pooled_(options.is_pooled),
      reach_of_writer_(options.world),
      reach_of_readers_(options.world),
      writes_(options.world, options.waiting_max),
      migrator_(options.world) {}

Result<std::unique_ptr<PostgresDatabase>> PostgresDatabase::open(PostgresOptions options) {
  std::unique_ptr<PostgresDatabase> database(new PostgresDatabase(options));
  auto& writer = *(database->writer_ = std::make_unique<Connection>(ConnectionOptions{
                       .url = options.url,
                       .world = options.world,
                       .statement_time_max = options.statement_time_max,
                       .idle_time_max = options.idle_time_max,
                       .reach = &database->reach_of_writer_,
                       .own_lock = (options.is_alone || options.node) && !options.is_pooled
                                       ? std::optional(kAloneLock)
                                       : std::nullopt,
                       .shares_lock = options.node.has_value(),
                       .is_pods = true,
                       .is_pooled = options.is_pooled,
                       .is_told_by_maker = true}));
  if (auto error = writer.connect()) {
    return fail(with_reason(std::move(*error), options.url, writer.why_not_connected()));
  }
  writer.begin_closure();
  writer.begin();
  writer.be_owner();
  writer.run(kLock);
  check_place(writer);
  if (options.check_first && writer.ok()) options.check_first(writer);
  for (const auto sql : {kReading, kExtensions, kFunction, kMember, kRoles}) {
    if (!writer.ok()) break;
    if (auto done = writer.execute(std::string(sql)); !done) writer.abort(done.error());
  }
  if (options.is_alone || options.node) database->begin_term(options.node.has_value());
  if (options.node && writer.ok()) database->join_nodes(*options.node);
  if (writer.ok()) writer.run(kRightsOfAll);
  if (auto error = writer.commit()) {
    writer.roll_back();
    return fail(*error);
  }
  writer.begin_closure();
  if (!options.is_pooled) {
    if (auto done = writer.execute(std::string(kBePod)); !done) return fail(done.error());
  }
  std::vector<std::unique_ptr<Reader>> readers;
  for (int i = 0; i < options.readers; ++i) {
    readers.push_back(
        std::make_unique<Connection>(ConnectionOptions{.url = options.url,
                                                       .world = options.world,
                                                       .reach = &database->reach_of_readers_,
                                                       .is_pods = true,
                                                       .is_pooled = options.is_pooled}));
    // Now, rather than when others have taken all that the server gives. If not: when it reads.
    std::ignore = static_cast<Connection&>(*readers.back()).connect();
  }
  database->readers_.start(std::move(readers), {.world = options.world,
                                                .time_max = options.read_time_max,
                                                .waiting_max = options.waiting_max});
  database->writer_thread_ =
      options.world.start_thread("db writer", ThreadPriority::kNormal,
                                 [self = database.get()] { return self->turn_of_writer(); });
  return database;
}

void PostgresDatabase::close() {
  reach_of_writer_.end();
  reach_of_readers_.end();
  writes_.close();
  readers_.close();
  writer_thread_.reset();
  leave_nodes();
}

PostgresDatabase::~PostgresDatabase() {
  close();
  flush_log();
}

Result<> PostgresDatabase::run_migrations(const std::vector<Migration>& migrations,
                                          const std::vector<Retired>& retired) {
  const auto executor = world_.make_executor("migrate");
  auto run = [&]() -> Task<Result<>> {
    co_return co_await write([&](Tx& tx) {
      writer_->take_all_the_time();
      writer_->be_owner();
      tx.run(kLock);
      tx.run(
          "CREATE TABLE IF NOT EXISTS migrations("
          "name TEXT PRIMARY KEY, applied_at BIGINT NOT NULL)");
      bool has_changed = false;
      const auto execute = [this, &has_changed](const Migration& one) {
        has_changed = true;
        return writer_->execute(said(one));
      };
      migrator_.run(tx, migrations, retired, execute);
      // Other nodes may read the views, which would wait for each other.
      if (!tx.ok() || !has_changed) return;
      for (const auto& sql : {views_again(tx, migrations), kRightsOfAll}) {
        if (auto done = writer_->execute(sql); !done) return tx.abort(done.error());
      }
    });
  };
  return sync_wait(*executor, run());
}

Statistics PostgresDatabase::statistics() const {
  return {.commits = commits_.value(),
          .closures = closures_.load(std::memory_order_relaxed),
          .commit_time = std::chrono::nanoseconds(commit_ns_.load(std::memory_order_relaxed)),
          .waiting_writes = writes_.waiting(),
          .waiting_reads = readers_.waiting(),
          .round_trips = round_trips_.load(std::memory_order_relaxed)};
}

void PostgresDatabase::note_others() {
  writer_->note_others();
}

bool PostgresDatabase::is_writer(const Tx& tx) const {
  return &tx == writer_.get();
}

void PostgresDatabase::submit(Operation* operation) {
  const auto is_read = operation->queue == Queue::kRead;
  auto& reach = is_read ? reach_of_readers_ : reach_of_writer_;
  auto refusal = !reach.is_open() ? std::optional(cannot_be_reached())
                 : is_read        ? readers_.submit(operation)
                                  : writes_.submit(operation);
  if (!refusal) return;  // it may be answered and gone already
  operation->error = std::move(refusal);
  operation->waiter.wake();
}

void PostgresDatabase::withdraw(Operation* operation) {
  if (operation->queue == Queue::kRead) return readers_.withdraw(operation);
  writes_.withdraw(operation);
}

// One group. False: there will be none any more.
bool PostgresDatabase::turn_of_writer() {
  WriteQueue::Group group;
  const auto next = writes_.take(group, [] { return std::nullopt; });
  if (next == WriteQueue::Next::kEnd) return false;
  if (next == WriteQueue::Next::kGroup) commit_group(group);
  return true;
}

void PostgresDatabase::commit_group(WriteQueue::Group& group) {
  Actions done;
  auto ran = run_and_commit(group, done);
  // Whatever it was: alone each closure has its own error, or none. Not where nobody knows whether
  // they have been stored.
  bool has_committed = ran.is_committed;
  if (!ran.is_committed && group.size() > 1 && !ran.is_in_doubt) {
    has_committed = run_apart(group, done);
  } else {
    for (auto* operation : group) operation->error = ran.error;
  }
  round_trips_.store(writer_->round_trips(), std::memory_order_relaxed);
  const auto has_actions = !done.empty();  // of one that was in doubt, it may be
  run_actions(done);
  if (has_committed || has_actions) commits_.raise(commits_.value() + 1);
  writes_.answer(group);
}

// True: one of them at least has committed.
bool PostgresDatabase::run_apart(const WriteQueue::Group& group, Actions& done) {
  bool has_committed = false;
  for (auto* operation : group) {
    WriteQueue::Group alone = {operation};
    auto ran = run_and_commit(alone, done, /*is_apart=*/true);
    operation->error = std::move(ran.error);
    has_committed = has_committed || ran.is_committed;
  }
  return has_committed;
}

// A pod that is not behind the pooler holds the lock for as long as it can write.
bool PostgresDatabase::holds_no_other_lock() {
  auto rows = writer_->query("SELECT pg_try_advisory_xact_lock($1)", kAloneLock);
  const bool is_free = rows.next() && rows.integer(0) != 0;
  if (!is_free && writer_->ok()) {
    writer_->abort({Code::kServiceUnavailable,
                    "A pod has the database that is not behind the pooler: stop it first", nullptr,
                    Fault::kBusy});
  }
  return is_free;
}

// Within the first transaction. What is wrong is that one's error. Of a node, too: one that was
// alone before it, and comes back, finds that it is not any more.
void PostgresDatabase::begin_term(bool is_node) {
  if (is_pooled_ && !holds_no_other_lock()) return;
  if (auto done = writer_->execute(std::string(kSoleWriter)); !done) writer_->abort(done.error());
  // Who is alone ends the nodes that are there: behind a pooler no lock keeps them apart.
  if (!is_node) {
    if (auto done = writer_->execute(std::string(kEndNodes)); !done) writer_->abort(done.error());
  }
  auto rows = writer_->query(kBeginTerm);
  if (!rows.next()) return;
  term_ = rows.integer(0);
  looked_at_ = writer_->connections();
}

// Behind begin_term().
void PostgresDatabase::join_nodes(const NodeName& who) {
  if (auto done = writer_->execute(std::string(kNodeTable)); !done) writer_->abort(done.error());
  const auto number = add_node(*writer_, who, is_pooled_);
  if (!writer_->ok()) return;
  writer_->hold_node(number);
  node_ = number;
  term_.reset();
}

// When nothing is written any more. Where that fails the others find that it is gone.
void PostgresDatabase::leave_nodes() {
  const auto number = std::exchange(node_, std::nullopt);
  if (!number || is_lost_ || !writer_->is_connected()) return;
  writer_->begin_closure();
  std::ignore = writer_->execute(fmt::format("DELETE FROM pod_nodes WHERE number = {}", *number));
}

std::optional<Error> PostgresDatabase::lose_for_good() {
  is_lost_ = true;
  writer_->leave();
  return Error{Code::kServiceUnavailable, std::string(node_ ? kRemovedNode : kTakenAway), nullptr,
               Fault::kGone};
}

// Connected, and nothing is in doubt. Adds to `done` what is to be done because of what was.
std::optional<Error> PostgresDatabase::reach_writer(Actions& done) {
  if ((node_ || is_pooled_) && is_lost_) return lose_for_good();
  if (auto error = writer_->connect()) {
    if (counts_commits() && error->fault == Fault::kBusy) is_lost_ = true;
    return error;
  }
  if (!counts_commits() || looked_at_ == writer_->connections()) return std::nullopt;
  auto error = look_at_term(done);
  if (!error) looked_at_ = writer_->connections();
  return error;
}

// Nothing: another has the database, or this node was removed; or the statement has failed. Behind
// a pooler the commit that is in doubt may still be on its way: where it has not been, its place is
// taken, and so it never will be (count_commit).
std::optional<std::int64_t> PostgresDatabase::committed_so_far() {
  const auto row = node_ ? "pod_nodes WHERE number" : "sole_writer WHERE term";
  const auto key = node_ ? *node_ : *term_;
  if (!is_pooled_ || !doubt_) {
    auto rows = writer_->query(fmt::format("SELECT commits FROM {} = $1", row), key);
    return rows.next() ? std::optional(rows.integer(0)) : std::nullopt;
  }
  auto rows = writer_->query(
      fmt::format("UPDATE {} SET commits = CASE commits WHEN $2 THEN commits ELSE $2 + 1 END "
                  "WHERE {} = $1 RETURNING commits",
                  node_ ? "pod_nodes" : "sole_writer", node_ ? "number" : "term"),
      key, doubt_->commit);
  return rows.next() ? std::optional(rows.integer(0)) : std::nullopt;
}

// Over a new connection, which has the lock: what was sent over the one before it has been carried
// out, or never will be.
std::optional<Error> PostgresDatabase::look_at_term(Actions& done) {
  was_committed_ = false;
  writer_->begin_closure();
  writer_->begin();
  const auto commits = committed_so_far();
  if (writer_->ok() && commits && doubt_ && *commits == doubt_->commit) {
    end_doubt(done);
    if (writer_->ok()) doubt_.reset();
  }
  if (auto error = writer_->commit()) {
    writer_->roll_back();
    return error;
  }
  if (!commits) return lose_for_good();
  doubt_.reset();
  commits_of_term_ = *commits;
  return std::nullopt;
}

// It is committed.
void PostgresDatabase::end_doubt(Actions& done) {
  if (doubt_->last) {
    auto rows = writer_->query(doubt_->last->asked_later);
    if (!writer_->ok()) return;
    doubt_->last->answer(rows);
  }
  std::ranges::move(doubt_->actions, std::back_inserter(done));
  was_committed_ = true;
}

// In the row that says who has the database. Where no lock says so it has to be as it was left. A
// transaction has a number once it has changed something, which it is asked for before this does.
void PostgresDatabase::count_commit(bool has_appended) {
  const auto lost = [](std::string_view why) {
    return Error{Code::kServiceUnavailable, std::string(why), nullptr, Fault::kGone};
  };
  const auto next = commits_of_term_ + 1;
  const std::string_view as_left = is_pooled_ ? " AND commits = $1 - 1" : "";
  if (node_) {
    const std::string_view change =
        has_appended ? "1" : "CASE WHEN pg_current_xact_id_if_assigned() IS NULL THEN 0 ELSE 1 END";
    writer_->run_one(lost(kRemovedNode),
                     fmt::format("UPDATE pod_nodes SET commits = $1, seen_at = clock_timestamp(), "
                                 "changes = changes + {} WHERE number = $2{}",
                                 change, as_left),
                     next, *node_);
  } else if (term_) {
    writer_->run_one(lost(kTakenAway),
                     fmt::format("UPDATE sole_writer SET commits = $1 WHERE term = $2{}", as_left),
                     next, *term_);
  }
}

// What a group's closures have done. What is to be done then is in `doubt_` where the answer is
// lost, and in `done` otherwise.
std::optional<Error> PostgresDatabase::commit(Actions actions, Actions& done) {
  if (writer_->take_has_made()) writer_->run(kRightsOfChanged);
  std::optional<LastStatement> last;
  if (group_end_) last = group_end_(*writer_);
  count_commit(last.has_value());
  const auto begin = world_.now();
  const auto sent_at = world_.since_boot();
  auto error = writer_->commit(last ? &*last : nullptr);
  const std::chrono::nanoseconds took = world_.now() - begin;
  commit_ns_.fetch_add(took.count(), std::memory_order_relaxed);
  spread_.commit_time.observe(took);
  if (error && (error->message == kRemovedNode || error->message == kTakenAway)) is_lost_ = true;
  if (error && !writer_->is_in_doubt()) return error;
  ++commits_of_term_;
  if (!error) {
    shown_at_ = sent_at;
    std::ranges::move(actions, std::back_inserter(done));
  } else if (counts_commits()) {
    doubt_ = {commits_of_term_, std::move(last), std::move(actions)};
  }
  return error;
}

// Adds to `done` what is to be done now that they are committed.
PostgresDatabase::Ran PostgresDatabase::run_and_commit(WriteQueue::Group& group, Actions& done,
                                                       bool is_apart) {
  // A connection may have been lost while nobody used it, and then nothing has been sent by it.
  constexpr int kTries = 2;
  // Whoever is in the way has committed, so of many nodes that want the same one gets on each time.
  constexpr int kOutrunMax = 50;
  int outrun = 0;
  for (int i = 1;; ++i) {
    if (auto error = reach_writer(done)) return {false, std::move(error)};
    std::ignore = writer_->take_bound_bytes();
    writer_->begin_closure();
    writer_->begin();
    if (group_begin_) group_begin_(*writer_, outrun > 0);
    const auto begun_at = world_.now();
    Actions actions;
    std::optional<Error> error;
    std::size_t bytes = 0;
    for (std::size_t k = 0; k < group.size() && !error; ++k) {
      carry_out(*group[k], *writer_);
      error = writer_->take_error();
      writer_->move_on_commit_to(actions);
      bytes += writer_->take_bound_bytes();
      const bool is_full = bytes >= kGroupBytesMax || world_.now() - begun_at >= kGroupTimeMax;
      if (is_full) {
        writes_.give_back(group, k + 1);
      } else if (k + 1 == group.size() && !is_apart && !error) {
        // What came meanwhile goes with it: those who were answered just now come again, and a
        // commit takes as long for all of them as for some.
        writes_.take_more(group);
      }
      if (!error && k + 1 < group.size()) writer_->begin_closure();
    }
    if (!error) error = commit(std::move(actions), done);
    if (!error) {
      closures_.fetch_add(static_cast<std::int64_t>(group.size()), std::memory_order_relaxed);
      spread_.group_closures.observe(static_cast<std::int64_t>(group.size()));
      return {true, std::nullopt};
    }
    const auto was_lost = !writer_->is_connected();
    const auto was_outrun = writer_->was_outrun();
    const auto was_in_doubt = writer_->is_in_doubt();
    writer_->roll_back();
    if (was_in_doubt) {
      if (!counts_commits() || reach_writer(done)) return {false, std::move(error), true};
      if (was_committed_) return {true, std::nullopt};
    }
    if (was_lost && i < kTries) continue;
    if (was_outrun && ++outrun < kOutrunMax) {
      --i;
      continue;
    }
    return {false, std::move(error)};
  }
}

}  // namespace synap::db::postgres
