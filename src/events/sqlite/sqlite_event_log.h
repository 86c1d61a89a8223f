// SqliteEventLog: the log as one table of a SQLite database, with the newest events in memory too.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "events/log.h"

namespace synap::events::sqlite {

/// Types, users and the like are stored as small numbers: a table of names and its two maps.
class Names {
 public:
  /// Reads all names. Before anything else.
  void load(db::Tx& tx);
  /// Within a write: the number of `name`, given now if it has none.
  std::int64_t number(db::Tx& tx, std::string_view name);
  /// The number if `name` has one.
  std::optional<std::int64_t> find(db::Tx& tx, std::string_view name);
  /// The name of a number. Valid as long as this.
  std::string_view name(db::Tx& tx, std::int64_t number);

 private:
  void remember(std::int64_t number, std::string_view name);

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  std::shared_mutex mutex_;
  std::unordered_map<std::string, std::int64_t, Hash, std::equal_to<>> numbers_;
  std::unordered_map<std::int64_t, std::string> names_;
  std::int64_t next_number_ = 1;  // writer thread only
};

class SqliteEventLog final : public EventLog {
 public:
  /// Makes its tables and finds its end. `database` must outlive the log.
  static Result<std::unique_ptr<SqliteEventLog>> open(db::Database& database);

  Appended append(db::Tx& tx, const Append& append) override;
  Task<Result<Appended>> append(Append append) override;
  Task<Result<Page>> read(Scope scope, Filter filter) override;
  Task<Result<std::vector<EventRef>>> read_stream(Scope scope, Uuid aggregate_id,
                                                  std::int64_t from_version) override;
  Task<Result<EventRef>> find(Scope scope, Uuid id) override;
  Task<Result<EventRef>> at(std::int64_t position) override;
  std::vector<EventHead> heads(db::Tx& tx, std::int64_t after, int limit) override;
  std::optional<Uuid> aggregate_of(db::Tx& tx, std::int64_t position) override;
  Watermark& end() override { return end_; }

 private:
  explicit SqliteEventLog(db::Database& database) : database_(database) {}

  bool meets(db::Tx& tx, const Expectation& expectation, std::string_view user_id);
  std::optional<Appended> repeat_of_key(db::Tx& tx, const Append& append);
  std::optional<EventRef> repeat_of_id(db::Tx& tx, const NewEvent& event);
  std::optional<Appended> repeat_of_batch(db::Tx& tx, const Append& append);
  EventRef insert(db::Tx& tx, const NewEvent& event);
  std::optional<EventRef> one(db::Tx& tx, std::string_view where, const db::Value& value);
  EventRef event_of(db::Tx& tx, db::Rows& row);
  Page read_from_table(db::Tx& tx, const Scope& scope, const Filter& filter);
  std::optional<Page> read_from_memory(const Scope& scope, const Filter& filter);
  void publish(const std::vector<EventRef>& events);

  db::Database& database_;
  Names names_;
  Watermark end_;

  // The newest events, without gaps, ending at the end of the log.
  std::mutex recent_mutex_;
  std::deque<EventRef> recent_;
  std::size_t recent_bytes_ = 0;
};

}  // namespace synap::events::sqlite
