// PostgresEventLog: the log as tables of a PostgreSQL database. Any number of nodes append to it.
//
// What a transaction's closures append is kept until they have all run, and then appended by one
// statement that is sent with the COMMIT (group.h): it gives the positions, under a lock on the end
// of the log that is held for no longer than the commit takes. So positions are dense, whoever sees
// position n sees everything before it, and until the commit nobody knows a position.
//
// A stream's version is not locked when it is read. If another node has appended to the stream by
// the time of the commit, the group is run again and finds that.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "db/postgres/postgres_database.h"
#include "db/postgres/watched_number.h"
#include "events/log.h"
#include "events/postgres/group.h"
#include "events/postgres/rows.h"
#include "events/recent_events.h"

namespace synap::events::postgres {

class PostgresEventLog final : public EventLog {
 public:
  static std::vector<db::Database::Migration> migrations();
  /// Of how many positions a part of the log is that is still to be made; until this is said
  /// 1,000,000. Blocks; before the log is opened.
  static Result<> keep_in_parts(db::Database& database, std::int64_t positions,
                                World& world = real_world());
  struct Options {
    World& world = real_world();
    std::string url;  // of the database: what tells of other nodes' appends has a connection
    /// How late an append of another node is seen at worst, where nothing told of it.
    /// Nothing: whoever has the log calls look() so often; behind a pooler nothing else is done.
    std::optional<std::chrono::milliseconds> look_every{1'000};
    Positions positions = Positions::kWithTheCommit;
    /// On a thread of its own: others have appended.
    std::function<void()> others_have_appended = {};
    /// Behind a pooler of transactions (db::postgres::ConnectionOptions).
    bool is_pooled = false;
    /// Nobody else appends to the log: nothing is looked for, and `url` is not needed.
    bool is_alone = false;
  };
  /// Finds the end of the log, whose tables are there. `database` must outlive the log, and nothing
  /// may be written to it before or after the log's life.
  static Result<std::unique_ptr<PostgresEventLog>> open(db::postgres::PostgresDatabase& database,
                                                        Options options);
  /// Closes the database: what is queued there is finished by groups that end with this log.
  ~PostgresEventLog() override { database_.close(); }

  Appended append(db::Tx& tx, const Append& append) override;
  Task<Result<Appended>> append(Append append) override;
  Task<Result<Page>> read(Tenancy tenancy, Filter filter) override;
  Page read(db::Tx& tx, const Filter& filter) override;
  EventRef newest(db::Tx& tx, const Tenancy& tenancy, const Uuid& aggregate_id) override;
  Head head(db::Tx& tx) override;
  Task<Result<std::vector<EventRef>>> read_stream(Tenancy tenancy, Uuid aggregate_id,
                                                  std::int64_t from_version, int limit) override;
  Task<Result<EventRef>> find(Tenancy tenancy, Uuid id) override;
  Task<Result<EventRef>> at(std::int64_t position) override;
  void observe(Observer observer) override { observers_.push_back(std::move(observer)); }
  Task<Result<Head>> head() override;
  Task<Result<Verification>> verify(std::int64_t after, int limit) override;
  Watermark& end() override { return end_; }
  /// In a transaction of the log's database: finds what others have appended, where nothing told of
  /// it.
  void look(db::Tx& tx);
  /// Other nodes are told as if this one had appended. Any thread.
  void tell_others() {
    if (watch_ != nullptr) watch_->tell();
  }

 private:
  PostgresEventLog(db::postgres::PostgresDatabase& database, Positions positions)
      : database_(database), group_(positions) {}

  std::optional<Appended> repeat_of_key(db::Tx& tx, const Append& append);
  EventRef repeat_of_id(db::Tx& tx, const NewEvent& event);
  std::optional<Appended> repeat_of_batch(db::Tx& tx, const Append& append);
  bool meets(db::Tx& tx, const Expectation& expectation, const std::string& user_id);
  bool may_append(db::Tx& tx, const Append& append);
  Stream* stream_of(db::Tx& tx, const NewEvent& event, std::span<const EventRef> before);
  bool add_all(db::Tx& tx, const Append& append, Appended& appended);
  Page read_from_table(db::Tx& tx, const Tenancy& tenancy, const Filter& filter);
  Head stored_head(db::Tx& tx);
  Verification verify(db::Tx& tx, std::int64_t after, int limit);

  db::postgres::PostgresDatabase& database_;
  Group group_;  // writer thread only
  RowReader reader_;
  RecentEvents recent_;
  std::vector<Observer> observers_;  // not changed once anything is appended
  Watermark end_;
  bool has_others_ = false;                             // that append
  std::unique_ptr<db::postgres::WatchedNumber> watch_;  // of the end, where they can tell
};

}  // namespace synap::events::postgres
