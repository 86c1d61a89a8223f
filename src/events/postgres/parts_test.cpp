// The log in parts: that they are made, by which of them it is read, who may name one, and how a
// log of before comes to have some.

#include "events/postgres/parts.h"

#include <gmock/gmock.h>

#include "base/log.h"
#include "base/test_support.h"
#include "db/postgres/connection.h"
#include "db/postgres/test_database.h"
#include "events/postgres/postgres_event_log.h"
#include "events/postgres/tables.h"
#include "events/span.h"
#include "events/types.h"

namespace synap::events::postgres {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Texts = std::vector<std::string>;
using Migrations = std::vector<db::Database::Migration>;

constexpr std::int64_t kPart = 100;

class Parts : public testing::Test {
 protected:
  void SetUp() override {
    types.add("a.made", object("Thing").field("n", integer()), "");
    types.add("b.made", object("Thing").field("n", integer()), "");
    open();
    is_hypertable =
        !ask("SELECT relname::text FROM pg_class WHERE oid = 'events'::regclass AND relkind = 'r'")
             .empty();
  }
  void open(std::int64_t part = kPart) {
    open_database();
    ASSERT_TRUE(database->migrate(PostgresEventLog::migrations()));
    ASSERT_TRUE(PostgresEventLog::keep_in_parts(*database, part));
    auto opened = PostgresEventLog::open(*database, {.url = place.url()});
    ASSERT_TRUE(opened);
    log = std::move(*opened);
  }
  void open_database() {
    close();
    auto opened = db::postgres::PostgresDatabase::open(
        {.url = place.url(), .read_time_max = std::chrono::seconds(8)});
    ASSERT_TRUE(opened);
    database = std::move(*opened);
  }
  void close() {
    log.reset();
    database.reset();
  }

  Result<Appended> append(int count, std::string user = "ann", std::optional<Uuid> aggregate = {},
                          std::string_view type = "a.made") {
    Append append;
    for (int i = 0; i < count; ++i) {
      Envelope envelope;
      envelope.user_id = user;
      envelope.aggregate_id = aggregate;
      if (aggregate) envelope.aggregate_type = "thing";
      append.events.push_back(*types.make(type, R"({"n":1})", std::move(envelope)));
    }
    return sync_wait(executor, log->append(std::move(append)));
  }
  Page read(Filter filter, Tenancy tenancy = Tenancy::whole_pod()) {
    auto page = sync_wait(executor, log->read(tenancy, filter));
    EXPECT_TRUE(page);
    return page ? std::move(*page) : Page{};
  }
  static std::int64_t sum(const Page& page) {
    std::int64_t all = 0;
    for (const auto& event : page.events) all += event->position;
    return all;
  }
  Verification verify() {
    auto found = sync_wait(executor, log->verify(0, 1'000));
    EXPECT_TRUE(found);
    return found ? *found : Verification{};
  }
  template <class F>
  auto write(F closure) {
    return test::run(executor, [&] { return database->write(closure); });
  }

  // As the owner of it all.
  Texts ask(const std::string& sql) {
    db::postgres::Connection owner({.url = place.url()});
    EXPECT_FALSE(owner.connect());
    owner.begin_closure();
    Texts all;
    auto rows = owner.query(sql);
    while (rows.next()) all.push_back(rows.text(0));
    EXPECT_TRUE(owner.ok()) << sql;
    return all;
  }
  Result<> run(const std::string& sql) {
    db::postgres::Connection owner({.url = place.url()});
    EXPECT_FALSE(owner.connect());
    owner.begin_closure();
    return owner.execute(sql);
  }
  Texts parts() {
    return ask(
        "SELECT part.oid::regclass::text FROM pg_inherits JOIN pg_class AS part ON part.oid = "
        "inhrelid WHERE inhparent = 'events'::regclass ORDER BY part.oid");
  }
  std::int64_t lowest(const std::string& part) {
    return std::stoll(ask("SELECT min(position)::text FROM " + part).at(0));
  }
  std::string plan(const Filter& filter, const Tenancy& tenancy = Tenancy::whole_pod()) {
    auto told = test::run(executor, [&] {
      return database->read([&](db::Tx& tx) {
        const auto span = Span::of(tx, filter, log->end().value());
        return Search(tx, tenancy, filter, span, 1 << 20).plan(tx);
      });
    });
    EXPECT_TRUE(told);
    return told ? *told : "";
  }
  // Which parts a plan has walked over: those that are in it, and were gone to.
  Texts walked(const std::string& plan) {
    Texts names;
    for (const auto& part : parts()) {
      const auto name = part.substr(part.find('.') + 1);
      for (std::size_t at = 0; (at = plan.find(" on " + name + " ", at)) != std::string::npos;
           ++at) {
        const auto line = plan.substr(at, plan.find('\n', at) - at);
        if (line.contains("never executed")) continue;
        names.push_back(part);
        break;
      }
    }
    return names;
  }

  EventTypes types;
  db::postgres::TestDatabase place;
  ThreadExecutor executor{"test"};
  std::unique_ptr<db::postgres::PostgresDatabase> database;
  std::unique_ptr<PostgresEventLog> log;
  bool is_hypertable = false;
};

TEST_F(Parts, AreMadeAheadOfWhatIsAppended) {
  ASSERT_TRUE(append(1));
  EXPECT_EQ(parts().size(), 1);
  ASSERT_TRUE(append(40));
  EXPECT_EQ(parts().size(), 1);
  ASSERT_TRUE(append(20));  // there is no room for half a part any more
  EXPECT_EQ(parts().size(), 2);
  ASSERT_TRUE(append(330));  // over several
  ASSERT_EQ(parts().size(), 5);
  EXPECT_EQ(lowest(parts()[0]), 1);
  EXPECT_EQ(lowest(parts()[3]), 300);
  if (is_hypertable) return;
  EXPECT_THAT(parts(),
              ElementsAre("events_0", "events_100", "events_200", "events_300", "events_400"));
  // Of another size from then on.
  open(1'000);
  const Texts then = {"events_0",   "events_100", "events_200",
                      "events_300", "events_400", "events_500"};
  EXPECT_EQ(parts(), then);  // at once: there was room for less than half of such a one
  ASSERT_TRUE(append(200));
  EXPECT_EQ(parts().size(), 7);
  EXPECT_EQ(verify().events, 591);
}

TEST_F(Parts, AreOneLogToWhoReadsIt) {
  const auto id = Uuid::v7();
  for (int i = 0; i < 9; ++i) {
    ASSERT_TRUE(append(45));
    ASSERT_TRUE(append(4, "bob", id));
    ASSERT_TRUE(append(1, "bob", {}, "b.made"));
  }
  open();  // nothing of it is in memory
  EXPECT_EQ(sum(read({.limit = 1'000})), 450 * 451 / 2);
  const auto newest = read({.limit = 7, .order = Order::kNewestFirst}, Tenancy::of_user("bob"));
  std::vector<std::int64_t> positions;
  for (const auto& event : newest.events) positions.push_back(event->position);
  EXPECT_THAT(positions, ElementsAre(450, 449, 448, 447, 446, 400, 399));
  EXPECT_EQ(read({.limit = 100, .types = {"b.*"}}).events.size(), 9);
  EXPECT_EQ(read({.after = 99, .limit = 1'000, .before = 201}).events.size(), 101);
  EXPECT_EQ(sync_wait(executor, log->read_stream(Tenancy::of_user("bob"), id, 1, 100))->size(), 36);
  EXPECT_EQ((*sync_wait(executor, log->at(200)))->position, 200);
  const auto one = *sync_wait(executor, log->at(201));
  EXPECT_EQ((*sync_wait(executor, log->find(Tenancy::whole_pod(), one->id)))->position, 201);
  EXPECT_FALSE(verify().first_broken);
  EXPECT_EQ(verify().events, 450);
}

TEST_F(Parts, AreChangedByAnErasureAndNothingElse) {
  ASSERT_TRUE(append(250));
  for (const auto& name : parts()) {
    if (ask("SELECT min(position)::text FROM " + name + " HAVING count(*) > 0").empty()) continue;
    const auto first = std::to_string(lowest(name));
    for (const std::string& table : {std::string("events"), name}) {
      const auto where = " WHERE position = " + first;
      EXPECT_FALSE(run("UPDATE " + table + " SET data = '{\"n\":2}'" + where)) << table;
      EXPECT_FALSE(run("DELETE FROM " + table + where)) << table;
      if (table == "events" || !is_hypertable) EXPECT_FALSE(run("TRUNCATE " + table)) << table;
    }
    EXPECT_TRUE(write([&](db::Tx& tx) {
      tx.run("UPDATE events SET salt = NULL, metadata = NULL, data = '{}' WHERE position = " +
             first);
    }));
  }
  open();
  EXPECT_TRUE((*sync_wait(executor, log->at(200)))->is_erased);
  EXPECT_FALSE(verify().first_broken);
  EXPECT_EQ(verify().events, 250);
}

TEST_F(Parts, OnesThatCannotBeMadeInTimeAreMadeLater) {
  if (is_hypertable) GTEST_SKIP() << "nothing else can have the name of a chunk";
  ASSERT_TRUE(append(1));
  ASSERT_TRUE(run("CREATE TABLE events_100(n BIGINT)"));
  testing::internal::CaptureStderr();
  for (int i = 0; i < 49; ++i) ASSERT_TRUE(append(2)) << i;
  EXPECT_THAT(parts(), ElementsAre("events_0"));
  // While there is room the log of the pod says so, too.
  flush_log();
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              testing::HasSubstr("the next part of the log cannot be made"));
  testing::internal::CaptureStderr();
  EXPECT_FALSE(append(1));  // there is no room for it, and none can be made
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(log->end().value(), 99);
  ASSERT_TRUE(run("DROP TABLE events_100"));
  ASSERT_TRUE(append(2));
  EXPECT_THAT(parts(), ElementsAre("events_0", "events_100"));
  EXPECT_FALSE(verify().first_broken);
}

TEST_F(Parts, WhoReadsOrHasReadOneWaitsForNoneThatIsMade) {
  ASSERT_TRUE(append(1));
  db::postgres::Connection reader({.url = place.url()});
  ASSERT_FALSE(reader.connect());
  reader.begin_closure();
  reader.begin();
  ASSERT_TRUE(reader.query("SELECT 1 FROM events").next());
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(append(33));
  ASSERT_TRUE(reader.query("SELECT 1 FROM events").next());
  EXPECT_GE(parts().size(), 4);  // had it been waited for, there would be none
  EXPECT_FALSE(reader.commit());
}

// He could know of the events and look where they are not.
TEST_F(Parts, WhoReadsIsWaitedForWhereEventsGoIntoOneThatWasNotThere) {
  ASSERT_TRUE(append(1));
  db::postgres::Connection reader({.url = place.url()});
  ASSERT_FALSE(reader.connect());
  reader.begin_closure();
  reader.begin();
  ASSERT_TRUE(reader.query("SELECT 1 FROM events").next());
  testing::internal::CaptureStderr();
  EXPECT_FALSE(append(330));
  flush_log();
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("lock timeout"));
  EXPECT_FALSE(reader.commit());
  EXPECT_TRUE(append(330));
  EXPECT_EQ(verify().events, 331);
}

TEST_F(Parts, AreNotNamedByThePodOrItsUsers) {
  ASSERT_TRUE(append(250));
  for (const auto& name : parts()) {
    for (const char* role : {"_tenant", "_views", "_pod"}) {
      // A chunk has the rights of its hypertable.
      if (is_hypertable && std::string_view(role) == "_pod") continue;
      const auto refused =
          run("BEGIN; SELECT set_config('role', current_database() || '" + std::string(role) +
              "', true), set_config('synap.user_id', 'ann', true); SELECT count(*) FROM " + name);
      EXPECT_FALSE(refused) << role << " reads " << name;
    }
  }
}

// Whatever else there is: the end of the log is read where the end is.
TEST_F(Parts, ARangeOfPositionsIsLookedForInItsOwn) {
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(append(50, i % 5 == 0 ? "bob" : "ann"));
  ASSERT_TRUE(run("ANALYZE events"));
  ASSERT_GE(parts().size(), 6);
  const auto all = parts();
  for (const auto order : {Order::kOldestFirst, Order::kNewestFirst}) {
    const auto range = plan({.after = 220, .limit = 10, .before = 240, .order = order});
    EXPECT_THAT(walked(range), ElementsAre(all[2])) << range;
  }
  const auto newest = plan({.limit = 10, .order = Order::kNewestFirst}, Tenancy::of_user("ann"));
  EXPECT_THAT(walked(newest).front(), all[4]) << newest;
  EXPECT_THAT(newest, Not(HasSubstr("Sort"))) << newest;
  const auto oldest = plan({.after = 120, .limit = 10}, Tenancy::of_user("ann"));
  EXPECT_THAT(walked(oldest), ElementsAre(all[1])) << oldest;
  EXPECT_THAT(oldest, Not(HasSubstr("Sort"))) << oldest;
}

// Of a log of which it is too much to read all.
TEST_F(Parts, AStreamIsReadFromThoseThatItIsIn) {
  open(2'000);
  const auto id = Uuid::v7();
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(append(1'000));
    if (i == 3 || i == 7) ASSERT_TRUE(append(2, "ann", id));
  }
  ASSERT_TRUE(run("ANALYZE events; ANALYZE stream_events"));
  const auto in =
      ask("SELECT DISTINCT tableoid::regclass::text FROM events WHERE aggregate_type = "
          "'thing' ORDER BY 1");
  ASSERT_EQ(in.size(), 2);
  const auto stream = plan({.aggregate_id = id}, Tenancy::of_user("ann"));
  EXPECT_EQ(walked(stream), in) << stream;
}

// As it was made until there were parts.
TEST_F(Parts, ALogOfBeforeBecomesTheFirstOfThem) {
  const auto id = Uuid::v7();
  ASSERT_TRUE(append(200));
  ASSERT_TRUE(append(50, "bob", id));
  const auto link = sync_wait(executor, log->head())->link;
  close();
  ASSERT_TRUE(run(
      "ALTER SCHEMA public RENAME TO newer; CREATE SCHEMA public AUTHORIZATION pg_database_owner"));
  open_database();
  const Migrations before = {{"log.1", kTables}, {"log.2", kCausedRequests}};
  ASSERT_TRUE(database->migrate(before));
  ASSERT_TRUE(
      run("INSERT INTO events SELECT * FROM newer.events;"
          "INSERT INTO event_ids SELECT * FROM newer.event_ids;"
          "INSERT INTO stream_events SELECT * FROM newer.stream_events;"
          "INSERT INTO streams SELECT * FROM newer.streams;"
          "UPDATE log_head SET position = was.position, link = was.link FROM newer.log_head AS was;"
          "DROP SCHEMA newer CASCADE"));

  // Whoever ends on the way finds it as it was.
  auto broken = PostgresEventLog::migrations();
  broken.push_back({"broken.1", "SELECT 1 / 0"});
  testing::internal::CaptureStderr();
  EXPECT_FALSE(database->migrate(broken));
  testing::internal::GetCapturedStderr();
  EXPECT_THAT(parts(), ElementsAre());
  EXPECT_THAT(ask("SELECT relkind::text FROM pg_class WHERE oid = 'events'::regclass"),
              ElementsAre("r"));

  open();
  EXPECT_THAT(ask("SELECT count(*)::text FROM " + parts().front()), ElementsAre("250"));
  EXPECT_EQ(sync_wait(executor, log->head())->link, link);
  EXPECT_FALSE(verify().first_broken);
  EXPECT_EQ(verify().events, 250);
  EXPECT_FALSE(run("TRUNCATE events"));
  EXPECT_FALSE(run("DELETE FROM events WHERE position = 1"));
  EXPECT_EQ(sync_wait(executor, log->read_stream(Tenancy::of_user("bob"), id, 1, 100))->size(), 50);
  ASSERT_TRUE(append(100, "bob", id));
  EXPECT_EQ(verify().events, 350);
  EXPECT_FALSE(verify().first_broken);
  EXPECT_EQ(sync_wait(executor, log->read_stream(Tenancy::of_user("bob"), id, 1, 200))->size(),
            150);
  if (is_hypertable) return;
  EXPECT_THAT(parts(), ElementsAre("events_0", "events_251", "events_300", "events_400"));
  EXPECT_THAT(walked(plan({.after = 240, .limit = 10, .before = 250})), ElementsAre("events_0"));
}

}  // namespace
}  // namespace synap::events::postgres
