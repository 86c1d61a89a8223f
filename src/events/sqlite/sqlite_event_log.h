// SqliteEventLog: the log as one table of a SQLite database, with the newest events in memory too.
#pragma once

#include <memory>
#include <vector>

#include "base/world.h"
#include "events/log.h"
#include "events/sqlite/event_table.h"
#include "events/sqlite/names.h"
#include "events/sqlite/read_ahead.h"
#include "events/recent_events.h"

namespace synap::events::sqlite {

class SqliteEventLog final : public EventLog {
 public:
  static std::vector<db::Database::Migration> migrations();
  /// Finds the end of the log, whose tables are there. `database` must outlive the log.
  static Result<std::unique_ptr<SqliteEventLog>> open(db::Database& database,
                                                      World& world = real_world());

  Appended append(db::Tx& tx, const Append& append) override;
  Task<Result<Appended>> append(Append append) override;
  Task<Result<Page>> read(Tenancy tenancy, Filter filter) override;
  Page read(db::Tx& tx, const Filter& filter) override;
  EventRef newest(db::Tx& tx, const Tenancy& tenancy, const Uuid& aggregate_id) override;
  Head head(db::Tx& tx) override { return EventTable::head(tx); }
  Task<Result<std::vector<EventRef>>> read_stream(Tenancy tenancy, Uuid aggregate_id,
                                                  std::int64_t from_version, int limit) override;
  Task<Result<EventRef>> find(Tenancy tenancy, Uuid id) override;
  Task<Result<EventRef>> at(std::int64_t position) override;
  void observe(Observer observer) override { observers_.push_back(std::move(observer)); }
  Task<Result<Head>> head() override;
  Task<Result<Verification>> verify(std::int64_t after, int limit) override;
  Watermark& end() override { return end_; }

 private:
  explicit SqliteEventLog(db::Database& database) : database_(database) {}

  bool meets(db::Tx& tx, const Expectation& expectation, std::string_view user_id);
  std::optional<Appended> repeat_of_key(db::Tx& tx, const Append& append);
  std::optional<EventRef> repeat_of_id(db::Tx& tx, const NewEvent& event);
  std::optional<Appended> repeat_of_batch(db::Tx& tx, const Append& append);
  bool may_append(db::Tx& tx, const Append& append);
  std::int64_t version_of(db::Tx& tx, const NewEvent& event, std::span<const EventRef> before);
  bool insert_all(db::Tx& tx, const Append& append, Appended& appended);
  void keep_answer(db::Tx& tx, const Append& append, Appended& appended);
  EventRef read_with_neighbours(db::Tx& tx, std::int64_t position);
  Page read_from_table(db::Tx& tx, const Tenancy& tenancy, const Filter& filter);

  db::Database& database_;
  Names names_;
  EventTable table_{names_};
  RecentEvents recent_;
  ReadAhead ahead_;
  std::vector<Observer> observers_;  // not changed once anything is appended
  Watermark end_;
};

}  // namespace synap::events::sqlite
