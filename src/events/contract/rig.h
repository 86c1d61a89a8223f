// A log of any engine, open, for the contract (log_contract.h). Included by tests only.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <random>
#include <thread>

#include "base/test_support.h"
#include "events/log.h"
#include "events/types.h"

namespace synap::events::contract {

struct Opened {
  std::unique_ptr<db::Database> database;
  std::unique_ptr<events::EventLog> log;
};

/// Where one log is kept. It can be opened again and again, one at a time.
class Storage {
 public:
  virtual ~Storage() = default;
  virtual Opened open() = 0;
};

/// What an engine says in words of its own, where a test goes behind the log's back.
struct Words {
  std::string zeros_16;  // an expression, as all of bytes: so many that are zero
  std::string zeros_32;
  std::string no_bytes;
  std::string one_byte;
  std::string is_of_eve;  // an assignment: an event becomes another user's
  std::string no_update_trigger;  // a statement
  std::string no_delete_trigger;
  // Assignments after which an event's data, or its header, are unreadable as on no other engine.
  std::vector<std::string> unreadable_data;
  std::vector<std::string> unreadable_headers;
  std::vector<std::string> overwrites;  // statements that would put something in an event's place
  /// The transaction that appends an event finds its row.
  bool has_rows_at_once = false;
};

struct Engine {
  std::string name;
  std::function<std::unique_ptr<Storage>()> make;
  Words words;
};
inline void PrintTo(const Engine& engine, std::ostream* out) {
  *out << engine.name;
}
inline std::string engine_name(const testing::TestParamInfo<Engine>& info) {
  return info.param.name;
}

class EventLog : public testing::TestWithParam<Engine> {
 protected:
  using Refs = std::vector<EventRef>;

  void SetUp() override {
    const Schema thing = object("Thing").field("n", integer());
    for (const char* name : {"a.made", "a.changed", "b.made"}) types.add(name, thing, "");
    storage = GetParam().make();
    opened = storage->open();
  }
  void reopen() {
    opened.log.reset();
    opened.database.reset();
    opened = storage->open();
  }
  const Words& words() const { return GetParam().words; }
  events::EventLog& log() { return *opened.log; }
  db::Database& database() { return *opened.database; }

  static Envelope of(std::string user, std::optional<Uuid> aggregate = {}) {
    Envelope envelope;
    envelope.user_id = std::move(user);
    envelope.aggregate_id = aggregate;
    if (aggregate) envelope.aggregate_type = "thing";
    return envelope;
  }
  NewEvent event(int n, Envelope envelope = of("ann"), std::string_view type = "a.made") {
    auto made = types.make(type, R"({"n":)" + std::to_string(n) + "}", std::move(envelope));
    SYNAP_CHECK(made.has_value());
    return std::move(*made);
  }
  Append batch(int first, int count, const Envelope& envelope = of("ann")) {
    Append append;
    for (int n = first; n < first + count; ++n) append.events.push_back(event(n, envelope));
    return append;
  }
  static Idempotency key(std::string text, std::string_view asked, std::string answer) {
    return {std::move(text), sha256(asked), std::move(answer)};
  }

  Result<Appended> append(Append what) {
    return sync_wait(executor, log().append(std::move(what)));
  }
  Result<Page> read(Filter filter, Tenancy tenancy = Tenancy::whole_pod()) {
    return sync_wait(executor, log().read(tenancy, filter));
  }
  Result<Refs> stream(Uuid id, std::int64_t from = 1, Tenancy tenancy = Tenancy::whole_pod()) {
    return sync_wait(executor, log().read_stream(tenancy, id, from, 1'000));
  }
  Result<EventRef> find(Uuid id, Tenancy tenancy = Tenancy::whole_pod()) {
    return sync_wait(executor, log().find(tenancy, id));
  }
  Result<EventRef> at(std::int64_t position) { return sync_wait(executor, log().at(position)); }
  template <class F>
  auto write(F closure) {
    return test::run(executor, [&] { return database().write(closure); });
  }
  static std::vector<std::int64_t> positions(const Refs& events) {
    std::vector<std::int64_t> list;
    for (const auto& event : events) list.push_back(event->position);
    return list;
  }
  using Positions = std::vector<std::int64_t>;
  std::int64_t actual_version(const Error& error) {
    const Json* actual = error.details != nullptr ? error.details->find("actualVersion") : nullptr;
    return actual != nullptr ? actual->as_integer() : -1;
  }

  EventTypes types;
  std::unique_ptr<Storage> storage;
  ThreadExecutor executor{"test"};
  Opened opened;
};

}  // namespace synap::events::contract
