// TestStore: where a test keeps events and rows, on the engine that its program is linked with:
// each program of tests that use it is there twice (cmake/rooms.cmake). Included by tests only.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/world.h"
#include "events/store.h"

namespace synap::events {

/// It is empty at first, and gone with this. What is opened must be closed before it is opened
/// again.
class TestStore {
 public:
  using Migrations = std::vector<db::Database::Migration>;
  static std::unique_ptr<TestStore> make();

  virtual ~TestStore() = default;
  /// With the tables of the log, and those of `lists`.
  Store open(std::initializer_list<Migrations> lists, World& world = real_world()) {
    Migrations behind_log;
    for (const auto& list : lists) behind_log.insert(behind_log.end(), list.begin(), list.end());
    return open(behind_log, world);
  }
  virtual Store open(const Migrations& behind_log, World& world = real_world()) = 0;

  /// The same database once more, as an index has it that its nodes share, before or behind open();
  /// nullptr on the embedded engine.
  virtual std::shared_ptr<db::Engine> open_aside(World& world = real_world()) = 0;

  /// It is not the embedded engine.
  virtual bool is_on_server() const = 0;
  /// All that is stored, to look for what must not be; while it is closed.
  virtual std::string stored_bytes() = 0;
  /// Statements by which writes of a kind, INSERT or UPDATE, to a table fail where `when` holds of
  /// the row NEW, and by which they do not any more.
  std::vector<std::string> refuse(const std::string& kind, const std::string& table,
                                  const std::string& when = "TRUE") const {
    return trigger("refuse", "BEFORE " + kind, table, failing(), when);
  }
  virtual std::vector<std::string> refuse_no_more(const std::string& table) const = 0;
  /// Statements by which `statement` is carried out with each write of a kind, "AFTER UPDATE".
  virtual std::vector<std::string> trigger(const std::string& name, const std::string& kind,
                                           const std::string& table, const std::string& statement,
                                           const std::string& when = "TRUE") const = 0;
  /// A table with the position and the type, as `name`, of all events.
  virtual std::string named_events() const = 0;
  /// SQL that says of a row of `events` that what `condition` says of `name` holds of its type.
  virtual std::string where_type(std::string_view condition) const = 0;

 private:
  /// A statement that fails, as damage does and no conflict.
  virtual std::string failing() const = 0;
};

}  // namespace synap::events
