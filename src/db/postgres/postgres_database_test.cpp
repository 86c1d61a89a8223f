#include "db/postgres/postgres_database.h"

#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

#include "db/database_contract.h"
#include "db/postgres/connection.h"
#include "db/postgres/test_database.h"

namespace synap::db::contract {

class PostgresStorage final : public Storage {
 public:
  std::unique_ptr<db::Database> open() override {
    auto database =
        postgres::PostgresDatabase::open({.url = place_.url(), .is_pooled = place_.is_pooled()});
    SYNAP_CHECK(database.has_value());
    return std::move(*database);
  }

 private:
  postgres::TestDatabase place_;
};

INSTANTIATE_TEST_SUITE_P(Postgres, Database,
                         testing::Values(Engine{
                             "Postgres", "BYTEA",
                             [] { return std::make_unique<PostgresStorage>(); }}),
                         engine_name);

}  // namespace synap::db::contract

namespace synap::db::postgres {
namespace {

using contract::HeldWriter;

class PostgresDatabaseTest : public testing::Test {
 protected:
  void SetUp() override {
    database =
        std::move(*PostgresDatabase::open({.url = place.url(), .is_pooled = place.is_pooled()}));
    ASSERT_TRUE(database->migrate(
        {{"items.1",
          "CREATE TABLE items_data(id BIGINT PRIMARY KEY, user_id TEXT NOT NULL); CREATE VIEW "
          "items AS SELECT * FROM items_data WHERE user_id = current_user_id()"}}));
  }
  template <class F>
  auto write(F closure) {
    return test::run(executor, [&] { return database->write(closure); });
  }
  std::int64_t count() {
    return *test::run(executor, [&] {
      return database->read([](Tx& tx) {
        auto rows = tx.query("SELECT count(*) FROM items_data");
        return rows.next() ? rows.integer(0) : -1;
      });
    });
  }
  // As an operator would.
  void end_other_connections() {
    Connection other({.url = place.direct_url()});
    ASSERT_FALSE(other.connect());
    ASSERT_TRUE(other.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid()"));
  }

  TestDatabase place;
  ThreadExecutor executor{"test"};
  std::unique_ptr<PostgresDatabase> database;
};

TEST_F(PostgresDatabaseTest, AGroupThatAsksForNothingTakesOneRoundTrip) {
  constexpr int kClosures = 50;
  std::int64_t before = 0;
  test::Started<Result<void>> calls(executor);
  {
    HeldWriter held(executor, *database);
    before = database->statistics().round_trips;
    for (std::int64_t id = 1; id <= kClosures; ++id) {
      calls.add_awaitable([this, id] {
        return database->write(
            [id](Tx& tx) { tx.run("INSERT INTO items_data VALUES ($1, 'ann')", id); });
      });
    }
    test::settle(executor);
  }
  for (const auto& result : calls.wait()) EXPECT_TRUE(result);
  EXPECT_EQ(count(), kClosures);
  // That of the held group among them.
  EXPECT_LE(database->statistics().round_trips - before, 2);
}

TEST_F(PostgresDatabaseTest, ThatARowMustChangeIsNotWaitedFor) {
  const Error gone{Code::kConflict, "It is gone", nullptr};
  constexpr int kClosures = 20;
  ASSERT_TRUE(write([](Tx& tx) {
    for (std::int64_t id = 1; id <= kClosures; ++id) {
      tx.run("INSERT INTO items_data VALUES ($1, 'ann')", id);
    }
  }));
  std::int64_t before = 0;
  test::Started<Result<void>> calls(executor);
  {
    HeldWriter held(executor, *database);
    before = database->statistics().round_trips;
    for (std::int64_t id = 1; id <= kClosures; ++id) {
      calls.add_awaitable([&, id] {
        return database->write(
            [&, id](Tx& tx) { tx.run_one(gone, "DELETE FROM items_data WHERE id = $1", id); });
      });
    }
    test::settle(executor);
  }
  for (const auto& result : calls.wait()) EXPECT_TRUE(result);
  EXPECT_EQ(count(), 0);
  EXPECT_LE(database->statistics().round_trips - before, 2);
}

TEST_F(PostgresDatabaseTest, WhatIsWrongIsFoundBeforeTheCommitAndIsItsClosuresOwn) {
  std::string_view seen = "nothing";
  const auto result = write([&](Tx& tx) {
    tx.run("INSERT INTO items_data VALUES (1, 'ann')");
    tx.run("INSERT INTO items_data VALUES (1, 'ann')");
    seen = tx.ok() ? "ok" : "failed";
  });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::kConflict);
  EXPECT_EQ(seen, "ok") << "nobody has asked for an answer";
  EXPECT_EQ(count(), 0);
}

TEST_F(PostgresDatabaseTest, AConnectionThatWasLostIsMadeAgainAndNothingIsLost) {
  testing::internal::CaptureStderr();
  ASSERT_TRUE(write([](Tx& tx) { tx.run("INSERT INTO items_data VALUES (1, 'ann')"); }));
  end_other_connections();
  EXPECT_TRUE(write([](Tx& tx) { tx.run("INSERT INTO items_data VALUES (2, 'ann')"); }));
  bool is_cut = false;
  EXPECT_TRUE(write([&](Tx& tx) {
    tx.run("INSERT INTO items_data VALUES (3, 'ann')");
    if (!std::exchange(is_cut, true)) end_other_connections();
    tx.run("INSERT INTO items_data VALUES (4, 'ann')");
  }));
  testing::internal::GetCapturedStderr();
  EXPECT_TRUE(is_cut);
  // Reads say so once, and go on.
  for (int i = 0; i < 10; ++i) {
    const auto all = test::run(executor, [&] {
      return database->read([](Tx& tx) {
        auto rows = tx.query("SELECT count(*) FROM items_data");
        return rows.next() ? rows.integer(0) : -1;
      });
    });
    if (all) EXPECT_EQ(*all, 4);
  }
  EXPECT_EQ(count(), 4);
}

// Of a single connection: whoever comes next has it.
TEST_F(PostgresDatabaseTest, NoUserIsLeftInAConnectionAfterAnErrorACancelOrATimeout) {
  ASSERT_TRUE(
      write([](Tx& tx) { tx.run("INSERT INTO items_data VALUES (1, 'ann'), (2, 'bob')"); }));
  database = std::move(*PostgresDatabase::open({.url = place.url(), .readers = 1}));
  const auto as_ann = [&](std::string_view sql) {
    return test::run(executor, [&] {
      return database->read_as("ann", [sql](Tx& tx) {
        auto rows = tx.query(sql);
        return rows.next() ? rows.text(0) : std::string("none");
      });
    });
  };
  const auto first = *as_ann("SELECT pg_backend_pid()::text");
  const auto expect_nobody = [&](const char* after) {
    const auto who = test::run(executor, [&] {
      return database->read([](Tx& tx) {
        auto rows = tx.query(
            "SELECT coalesce(current_user_id(), '-') || ' ' || "
            "replace(current_user, current_database(), '') || ' ' || pg_backend_pid()");
        return rows.next() ? rows.text(0) : std::string();
      });
    });
    ASSERT_TRUE(who) << who.error().message;
    EXPECT_EQ(*who, "- _pod " + first) << after;
    EXPECT_EQ(*as_ann("SELECT current_user_id() || replace(current_user, current_database(), '')"),
              "ann_tenant");
  };
  for (int i = 0; i < 3; ++i) {
    expect_nobody("nothing");
    EXPECT_FALSE(as_ann("SELECT id FROM items_data"));
    expect_nobody("an error");
    const auto late = as_ann("SELECT pg_sleep(1)::text");
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, Code::kTimeout);
    expect_nobody("a timeout");
    Connection other({.url = place.direct_url()});
    ASSERT_FALSE(other.connect());
    std::thread operator_of_it([&] {
      ASSERT_TRUE(other.execute(
          "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_stat_activity WHERE state = 'active' AND "
          "query LIKE '%pg_sleep(0.2)%' AND pid = " +
          first + ") LOOP PERFORM pg_stat_clear_snapshot(); END LOOP; PERFORM pg_cancel_backend(" +
          first + "); END $$"));
    });
    EXPECT_FALSE(as_ann("SELECT pg_sleep(0.2)::text"));
    operator_of_it.join();
    expect_nobody("a cancel");
    ASSERT_TRUE(as_ann("COMMIT"));
    expect_nobody("a commit");
  }
  EXPECT_EQ(*as_ann("SELECT string_agg(id::text, ',') FROM items"), "1");
}

// What is wrong with these views is that they filter by nobody.
TEST_F(PostgresDatabaseTest, AViewWithoutItsFilterShowsItsReadersRowsOnly) {
  ASSERT_TRUE(database->migrate(
      {{"items.1", ""},
       {"lines.1",
        "CREATE TABLE lines_data(item BIGINT, text TEXT);"
        "COMMENT ON COLUMN lines_data.item IS 'rows of items_data';"
        "CREATE TABLE nobodys(text TEXT);"
        "CREATE VIEW every_item AS SELECT id::text, current_user_id() AS me FROM items_data;"
        "CREATE VIEW every_line AS SELECT text, current_user_id() AS me FROM lines_data;"
        "CREATE VIEW every_one AS SELECT text, current_user_id() AS me FROM nobodys"}}));
  ASSERT_TRUE(write([](Tx& tx) {
    tx.run("INSERT INTO items_data VALUES (1, 'ann'), (2, 'bob'), (3, 'ann'), (4, 'eve')");
    tx.run("INSERT INTO lines_data VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd'), (5, 'e')");
    tx.run("INSERT INTO nobodys VALUES ('n')");
  }));
  const auto seen = [&](std::string_view user, const std::string& sql) {
    const auto text = test::run(executor, [&] {
      return database->read_as(user, [&](Tx& tx) {
        auto rows = tx.query(sql);
        return rows.next() ? rows.text(0) : std::string("none");
      });
    });
    return text ? *text : "refused";
  };
  const std::string items = "SELECT string_agg(id, ',' ORDER BY id) FROM every_item";
  const std::string lines = "SELECT string_agg(text, ',' ORDER BY text) FROM every_line";
  EXPECT_EQ(seen("ann", items), "1,3");
  EXPECT_EQ(seen("bob", items), "2");
  EXPECT_EQ(seen("", items), "");
  EXPECT_EQ(seen("ann", lines), "a,c");
  EXPECT_EQ(seen("bob", lines), "b");
  EXPECT_EQ(seen("", lines), "");
  EXPECT_EQ(seen("ann", "SELECT text FROM every_one"), "refused");
  // Whose a line is is asked by the key of its item.
  const auto plan = test::run(executor, [&] {
    return database->read_as("ann", [](Tx& tx) {
      std::string text;
      auto rows = tx.query("EXPLAIN (COSTS OFF) SELECT text FROM every_line");
      while (rows.next()) text += rows.text(0) + "\n";
      return text;
    });
  });
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_THAT(*plan, testing::HasSubstr("Index Scan using items_data_pkey on items_data owner"));
}

TEST_F(PostgresDatabaseTest, WhoReadsForAUserCanWriteNothingAndThePodMakesNoTables) {
  ASSERT_TRUE(write([](Tx& tx) { tx.run("INSERT INTO items_data VALUES (1, 'ann')"); }));
  Connection connection({.url = place.direct_url()});
  ASSERT_FALSE(connection.connect());
  const auto is_refused = [&](std::string_view role, const std::string& sql) {
    connection.begin_closure();
    const auto is_so =
        connection.execute(fmt::format("BEGIN; SELECT set_config('synap.user_id', 'ann', true), "
                                       "set_config('role', current_database() || '{}', true);"
                                       "DO $$ BEGIN EXECUTE $sql${}$sql$; RAISE 'it may'; "
                                       "EXCEPTION WHEN insufficient_privilege THEN NULL; END $$",
                                       role, sql));
    EXPECT_TRUE(connection.execute("ROLLBACK"));
    return is_so.has_value();
  };
  for (const char* role : {"_tenant", "_views"}) {
    for (const char* sql :
         {"INSERT INTO items_data VALUES (2, 'ann')", "UPDATE items_data SET user_id = 'ann'",
          "DELETE FROM items_data", "TRUNCATE items_data", "SELECT * FROM items_data FOR UPDATE",
          "SELECT * FROM migrations", "ALTER TABLE items_data ADD COLUMN more TEXT",
          "ALTER TABLE items_data DISABLE ROW LEVEL SECURITY", "DROP POLICY pod ON items_data",
          "DROP TABLE items_data"}) {
      EXPECT_TRUE(is_refused(role, sql)) << role << ": " << sql;
    }
  }
  for (const char* sql :
       {"INSERT INTO items VALUES (2, 'ann')", "DELETE FROM items", "CREATE TABLE own(id BIGINT)",
        "SELECT * FROM items_data", "DROP VIEW items"}) {
    EXPECT_TRUE(is_refused("_tenant", sql)) << sql;
  }
  for (const char* sql :
       {"CREATE TABLE own(id BIGINT)", "DROP TABLE items_data", "TRUNCATE items_data",
        "ALTER TABLE items_data DISABLE TRIGGER ALL", "DROP POLICY pod ON items_data",
        "ALTER TABLE items_data DISABLE ROW LEVEL SECURITY"}) {
    EXPECT_TRUE(is_refused("_pod", sql)) << sql;
  }
  EXPECT_FALSE(is_refused("_pod", "INSERT INTO items_data VALUES (2, 'bob'), (3, 'eve')"));
  EXPECT_FALSE(is_refused("_tenant", "SELECT * FROM items"));
  EXPECT_EQ(count(), 1);
}

// The view's condition and the policy's are found to be one: it is looked for once, in the index,
// as are the places behind it. What is not known to keep secrets (LIKE) is asked afterwards.
TEST_F(PostgresDatabaseTest, APartOfATableIsItsOwnersAloneByItsOwnName) {
  ASSERT_TRUE(database->migrate(
      {{"items.1", ""},
       {"things.1",
        "CREATE TABLE things_data(id BIGINT PRIMARY KEY, user_id TEXT) PARTITION BY RANGE(id);"
        "CREATE TABLE things_data_0 PARTITION OF things_data FOR VALUES FROM (0) TO (10);"
        "CREATE VIEW things AS SELECT id::text FROM things_data WHERE user_id = current_user_id()"},
       {"things.2",  // of a view that shows it
        "CREATE VIEW part AS SELECT id::text, current_user_id() AS me FROM things_data_0"}}));
  ASSERT_TRUE(write([](Tx& tx) {
    tx.run("INSERT INTO things_data VALUES (1, 'ann'), (2, 'bob'), (3, 'ann')");
    tx.run("CREATE TABLE things_data_10 PARTITION OF things_data FOR VALUES FROM (10) TO (20)");
    tx.run("INSERT INTO things_data VALUES (11, 'ann')");
  }));
  const auto seen = [&](const std::string& table) {
    const auto text = test::run(executor, [&] {
      return database->read_as("ann", [&](Tx& tx) {
        auto rows = tx.query("SELECT string_agg(id::text, ',' ORDER BY id) FROM " + table);
        return rows.next() ? rows.text(0) : std::string("none");
      });
    });
    return text ? *text : "refused";
  };
  EXPECT_EQ(seen("things"), "1,11,3");
  for (const char* name : {"things_data_0", "things_data_10"}) {
    EXPECT_EQ(seen(name), "refused");
    EXPECT_FALSE(write([&](Tx& tx) { tx.run(fmt::format("DELETE FROM {}", name)); })) << name;
  }
  EXPECT_EQ(seen("part"), "refused");
}

TEST_F(PostgresDatabaseTest, PoliciesAreLookedForInTheIndex) {
  ASSERT_TRUE(database->migrate(
      {{"items.1", ""},
       {"items.2",
        "CREATE TABLE notes_data(user_id TEXT NOT NULL, id BIGINT, title TEXT, "
        "PRIMARY KEY(user_id, id));"
        "CREATE VIEW notes AS SELECT * FROM notes_data WHERE user_id = current_user_id()"}}));
  ASSERT_TRUE(write([](Tx& tx) {
    tx.run(
        "INSERT INTO notes_data SELECT 'u' || n % 50, n, 'title ' || n "
        "FROM generate_series(1, 5000) AS n");
  }));
  Connection other({.url = place.direct_url()});
  ASSERT_FALSE(other.connect());
  ASSERT_TRUE(other.execute("ANALYZE notes_data"));
  const auto plan = test::run(executor, [&] {
    return database->read_as("u7", [](Tx& tx) {
      std::string text;
      auto rows = tx.query(
          "EXPLAIN (COSTS OFF) SELECT id, title FROM notes "
          "WHERE (id, title) < ($1, $2) AND title LIKE 't%' ORDER BY id DESC LIMIT 20",
          4000, "x");
      while (rows.next()) text += rows.text(0) + "\n";
      return text;
    });
  });
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_THAT(*plan, testing::StartsWith(
                         "Limit\n  ->  Index Scan Backward using notes_data_pkey on notes_data\n"));
  EXPECT_THAT(*plan, testing::ContainsRegex("Index Cond: \\(\\(user_id = .*current_setting.* AND "
                                            "\\(id <= '4000'::bigint\\)\\)"));
  EXPECT_THAT(*plan, testing::ContainsRegex("Filter: .*ROW\\(id, title\\) < ROW.* AND .*title ~~"));
  EXPECT_EQ(plan->find("current_setting"), plan->rfind("current_setting")) << *plan;
}

// As of a server that is stopped and goes on: it would have ended the statement, had it run.
TEST_F(PostgresDatabaseTest, AServerThatStoodStillIsNotTheQuestionsFault) {
  database = std::move(*PostgresDatabase::open(
      {.url = place.url(), .read_time_max = std::chrono::milliseconds{50}}));
  const auto late = test::run(executor, [&] {
    return database->read([](Tx& tx) {
      tx.run("SET LOCAL statement_timeout = 0");
      tx.run("SELECT pg_sleep(0.2)");
      std::ignore = tx.query("SELECT 1").next();
      std::ignore = tx.query("SELECT 1").next();
    });
  });
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Code::kServiceUnavailable);
  EXPECT_EQ(late.error().fault, Fault::kBusy);
}

TEST_F(PostgresDatabaseTest, AViewThatIsListedNoMoreIsReadNoMore) {
  ASSERT_TRUE(database->migrate(
      {{"items.1", ""},
       {"items.2",
        "CREATE OR REPLACE VIEW items AS SELECT * FROM items_data WHERE user_id <> 'nobody'"}}));
  testing::internal::CaptureStderr();
  const auto seen = test::run(executor, [&] {
    return database->read_as("ann", [](Tx& tx) { return tx.query("SELECT id FROM items").next(); });
  });
  testing::internal::GetCapturedStderr();
  EXPECT_FALSE(seen);
}

TEST_F(PostgresDatabaseTest, AViewThatIsMadeByAWriteCanBeReadByItsUsers) {
  ASSERT_TRUE(write([](Tx& tx) {
    tx.run("INSERT INTO items_data VALUES (1, 'ann'), (2, 'bob')");
    tx.run("CREATE VIEW more AS SELECT * FROM items_data WHERE user_id = current_user_id()");
  }));
  const auto seen = test::run(executor, [&] {
    return database->read_as("bob", [](Tx& tx) {
      auto rows = tx.query("SELECT id FROM more");
      return rows.next() ? rows.integer(0) : -1;
    });
  });
  ASSERT_TRUE(seen) << seen.error().message;
  EXPECT_EQ(*seen, 2);
}

// A trigger, say: the table's row of the catalogue is another then.
TEST_F(PostgresDatabaseTest, AWriteThatChangesATableTakesNobodysRights) {
  ASSERT_TRUE(write([](Tx& tx) {
    tx.run("INSERT INTO items_data VALUES (1, 'ann'), (2, 'bob')");
    tx.run(
        "CREATE TRIGGER same BEFORE UPDATE ON items_data FOR EACH ROW EXECUTE FUNCTION "
        "suppress_redundant_updates_trigger()");
  }));
  const auto seen = test::run(executor, [&] {
    return database->read_as("bob", [](Tx& tx) {
      auto rows = tx.query("SELECT id FROM items");
      return rows.next() ? rows.integer(0) : -1;
    });
  });
  ASSERT_TRUE(seen) << seen.error().message;
  EXPECT_EQ(*seen, 2);
  EXPECT_TRUE(write([](Tx& tx) { tx.run("INSERT INTO items_data VALUES (3, 'eve')"); }));
}

TEST_F(PostgresDatabaseTest, GroupsThatCommitNothingAreNotCounted) {
  ASSERT_TRUE(write([](Tx&) {}));
  const auto before = database->commits().value();
  EXPECT_FALSE(write([](Tx& tx) { tx.abort({Code::kConflict, "", nullptr}); }));
  EXPECT_EQ(database->commits().value(), before);
}

// Takes connections, and says nothing.
TEST(PostgresErrors, AHostThatSaysNothingIsNotWaitedForLong) {
  const int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(::bind(listening, generic, size), 0);
  ASSERT_EQ(::listen(listening, 8), 0);
  ASSERT_EQ(::getsockname(listening, generic, &size), 0);
  testing::internal::CaptureStderr();
  Connection connection(
      {.url = fmt::format("postgres://ann@127.0.0.1:{}/x?sslmode=disable", ntohs(address.sin_port)),
       .connect_time_max = std::chrono::seconds(1)});
  const auto begun = SteadyClock::now();
  const auto error = connection.connect();
  const auto took = SteadyClock::now() - begun;
  testing::internal::GetCapturedStderr();
  ::close(listening);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, Code::kServiceUnavailable);
  // libpq waits 2 s at least.
  EXPECT_LT(took, std::chrono::seconds(20));
}

TEST_F(PostgresDatabaseTest, TwoThatStartAtOnceMakeTheTablesOnce) {
  std::vector<std::thread> nodes;
  for (int i = 0; i < 4; ++i) {
    nodes.emplace_back([this] {
      auto own = PostgresDatabase::open({.url = place.url()});
      ASSERT_TRUE(own) << own.error().message;
      EXPECT_TRUE((*own)->migrate(
          {{"items.1", ""},
           {"more.1", "CREATE TABLE more(id BIGINT); INSERT INTO more VALUES (1)"}}));
    });
  }
  for (auto& node : nodes) node.join();
  const auto rows = test::run(executor, [&] {
    return database->read([](Tx& tx) {
      auto all = tx.query("SELECT count(*) FROM more");
      return all.next() ? all.integer(0) : -1;
    });
  });
  EXPECT_EQ(*rows, 1);
}

// A database of its own, made by `options`, and a role that may log in and nothing else.
class PlainPlace {
 public:
  explicit PlainPlace(const std::string& options) {
    SYNAP_CHECK(!operator_.connect());
    run("CREATE ROLE " + plain() + " LOGIN");
    run("CREATE DATABASE " + name_ + " " + options);
  }
  PlainPlace(const PlainPlace&) = delete;
  PlainPlace& operator=(const PlainPlace&) = delete;
  ~PlainPlace() {
    run("DROP DATABASE " + name_ + " WITH (FORCE)");
    for (const char* role : {"_pod", "_tenant", "_views"})
      run("DROP ROLE IF EXISTS " + name_ + role);
    run("DROP ROLE " + plain());
  }
  static std::string plain() { return "plain_" + std::to_string(::getpid()); }

  const std::string& name() const { return name_; }
  void run(const std::string& sql) { SYNAP_CHECK(operator_.execute(sql), sql); }
  std::string url(const std::string& user = plain()) const {
    auto url = place_.url();
    const auto at = url.find("test_");
    url.replace(at, url.find('?', at) - at, name_);
    return url.replace(url.find("synap@"), 5, user);
  }
  std::string refusal(const std::string& user = plain()) const {
    const auto opened = PostgresDatabase::open({.url = url(user)});
    if (opened) return "nothing";
    EXPECT_EQ(opened.error().code, Code::kPreconditionFailed);
    return opened.error().message;
  }

 private:
  const TestDatabase place_;
  Connection operator_{{.url = place_.direct_url()}};
  const std::string name_ = "refused_" + std::to_string(::getpid());
};

TEST(PostgresErrors, ADatabaseThatAPodCannotBeInIsRefusedWithASentence) {
  EXPECT_THAT(PlainPlace("TEMPLATE template0 ENCODING LATIN1 LOCALE 'C'").refusal("synap"),
              testing::HasSubstr("LATIN1"));
  EXPECT_THAT(PlainPlace("").refusal(), testing::HasSubstr("may make no tables"));
  EXPECT_THAT(PlainPlace("OWNER " + PlainPlace::plain()).refusal(),
              testing::HasSubstr("CREATEROLE"));
}

std::string items_of(Database& database, ThreadExecutor& executor, std::string_view user) {
  const auto seen = test::run(executor, [&] {
    return database.read_as(user, [](Tx& tx) {
      auto rows = tx.query("SELECT string_agg(id::text, ',' ORDER BY id) FROM items");
      return rows.next() ? rows.text(0) : std::string("none");
    });
  });
  return seen ? *seen : seen.error().message;
}

TEST(PostgresExtensions, AreMadeWhereTheServerHasThemAndTheRoleMay) {
  TestDatabase place;
  Connection connection({.url = place.url()});
  ASSERT_FALSE(connection.connect());
  connection.begin_closure();
  const auto names = [&](const std::string& from) {
    std::string all;
    auto rows = connection.query(
        "SELECT name FROM pg_available_extensions WHERE name IN ('vector', "
        "'timescaledb') AND " +
        from + " ORDER BY name");
    while (rows.next()) all += rows.text(0) + " ";
    return all;
  };
  ASSERT_TRUE(connection.execute("DROP EXTENSION IF EXISTS vector, timescaledb CASCADE"));
  ASSERT_EQ(names("installed_version IS NOT NULL"), "");
  const auto there = names("true");
  if (there.empty()) GTEST_SKIP() << "the server has none of them; that of postgres_17 has both";
  for (int starts = 0; starts < 2; ++starts) {
    ASSERT_TRUE(PostgresDatabase::open({.url = place.url()}));
    EXPECT_EQ(names("installed_version IS NOT NULL"), there);
  }
}

// A superuser is above all rights; this one is bound by them, of its own tables, too.
TEST(PostgresRights, AnOwnerWhoIsNoSuperuserNeedsToMakeRolesOnce) {
  PlainPlace place("OWNER " + PlainPlace::plain());
  ThreadExecutor executor{"test"};
  place.run("ALTER ROLE " + PlainPlace::plain() + " CREATEROLE");
  const std::vector<Database::Migration> migrations = {
      {"items.1",
       "CREATE TABLE items_data(id BIGINT, user_id TEXT);"
       "INSERT INTO items_data VALUES (1, 'ann'), (2, 'bob');"
       "CREATE VIEW items AS SELECT id, current_user_id() FROM items_data"}};
  auto database = std::move(*PostgresDatabase::open({.url = place.url()}));
  ASSERT_TRUE(database->migrate(migrations));
  database.reset();
  place.run("ALTER ROLE " + PlainPlace::plain() + " NOCREATEROLE");
  database = std::move(*PostgresDatabase::open({.url = place.url()}));
  ASSERT_TRUE(database->migrate(
      {migrations[0],
       {"items.2", "INSERT INTO items_data SELECT id + 2, user_id FROM items_data"}}));
  ASSERT_TRUE(test::run(executor, [&] {
    return database->write([](Tx& tx) {
      tx.run("INSERT INTO items_data VALUES (5, 'ann'), (6, 'bob')");
      tx.run("CREATE TABLE items_data__second AS SELECT * FROM items_data");
      tx.run("UPDATE items_data__second SET id = id * 10");
      tx.run("DROP VIEW items");
      tx.run("DROP TABLE items_data");
      tx.run("ALTER TABLE items_data__second RENAME TO items_data");
      tx.run("CREATE VIEW items AS SELECT id, current_user_id() FROM items_data");
    });
  }));
  EXPECT_EQ(items_of(*database, executor, "ann"), "10,30,50");
  EXPECT_EQ(items_of(*database, executor, "bob"), "20,40,60");
}

// Its roles were one, the views the owner's, and there were no policies.
TEST(PostgresRights, ADatabaseOfAnEarlierVersionGetsThem) {
  PlainPlace place("OWNER " + PlainPlace::plain());
  {
    place.run("CREATE ROLE " + place.name() + "_tenant");
    place.run("GRANT " + place.name() + "_tenant TO " + PlainPlace::plain());
    Connection before({.url = place.url()});
    ASSERT_FALSE(before.connect());
    ASSERT_TRUE(before.execute(
        "CREATE FUNCTION current_user_id() RETURNS text LANGUAGE sql STABLE AS $$ SELECT "
        "nullif(current_setting('synap.user_id', true), '') $$;"
        "CREATE TABLE migrations(name TEXT PRIMARY KEY, applied_at BIGINT NOT NULL);"
        "INSERT INTO migrations VALUES ('items.1', 0);"
        "CREATE TABLE items_data(id BIGINT, user_id TEXT);"
        "INSERT INTO items_data VALUES (1, 'ann'), (2, 'bob');"
        "CREATE VIEW items AS SELECT id, current_user_id() FROM items_data;"
        "GRANT SELECT ON items TO " +
        place.name() + "_tenant"));
  }
  EXPECT_THAT(place.refusal(), testing::HasSubstr("CREATEROLE"));
  for (const char* role : {"_pod", "_views"}) {
    place.run("CREATE ROLE " + place.name() + role);
    place.run("GRANT " + place.name() + role + " TO " + PlainPlace::plain());
  }
  ThreadExecutor executor{"test"};
  auto database = PostgresDatabase::open({.url = place.url()});
  ASSERT_TRUE(database) << database.error().message;
  ASSERT_TRUE((*database)->migrate({{"items.1", ""}}));
  ASSERT_TRUE(test::run(executor, [&] {
    return (*database)->write([](Tx& tx) { tx.run("INSERT INTO items_data VALUES (3, 'ann')"); });
  }));
  EXPECT_EQ(items_of(**database, executor, "ann"), "1,3");
  EXPECT_EQ(items_of(**database, executor, "bob"), "2");
}

// As it is in a dump that was read in elsewhere: without rights, and with other roles or none.
TEST(PostgresRights, AreGivenAnewAtEachStart) {
  const TestDatabase place;
  ThreadExecutor executor{"test"};
  const std::vector<Database::Migration> migrations = {
      {"items.1",
       "CREATE TABLE items_data(id BIGINT, user_id TEXT);"
       "CREATE VIEW items AS SELECT id, current_user_id() FROM items_data"}};
  std::string ids;
  std::int64_t id = 0;
  for (const char* damage :
       {"SELECT 1", "ALTER POLICY \"user\" ON items_data TO CURRENT_USER",
        "ALTER POLICY pod ON items_data TO CURRENT_USER", "DROP POLICY pod ON items_data",
        "DROP POLICY \"user\" ON items_data", "ALTER TABLE items_data DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE items_data NO FORCE ROW LEVEL SECURITY",
        "ALTER VIEW items OWNER TO CURRENT_USER",
        "DO $$ DECLARE one text; BEGIN FOREACH one IN ARRAY ARRAY['_pod', '_tenant', '_views'] "
        "LOOP "
        "EXECUTE format('REVOKE ALL ON items_data, items FROM %I', current_database() || one); "
        "END LOOP; END $$"}) {
    {
      auto database = std::move(*PostgresDatabase::open({.url = place.url()}));
      ASSERT_TRUE(database->migrate(migrations));
    }
    Connection owner({.url = place.direct_url()});
    ASSERT_FALSE(owner.connect());
    ASSERT_TRUE(owner.execute(damage)) << damage;
    auto database = std::move(*PostgresDatabase::open({.url = place.url()}));
    EXPECT_TRUE(test::run(executor, [&] {
      return database->write(
          [&](Tx& tx) { tx.run("INSERT INTO items_data VALUES ($1, 'ann'), (0, 'bob')", ++id); });
    })) << damage;
    ids += (ids.empty() ? "" : ",") + std::to_string(id);
    EXPECT_EQ(items_of(*database, executor, "ann"), ids) << damage;
    auto rows = owner.query(
        "SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE relname = "
        "'items_data'");
    ASSERT_TRUE(rows.next());
    EXPECT_EQ(rows.integer(0), 1) << damage;
  }
}

TEST(PostgresErrors, TellWhatGoesAwayByItself) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(error_of("53100", "").fault, Fault::kFull);
  EXPECT_EQ(error_of("53300", "").fault, Fault::kBusy);
  EXPECT_EQ(error_of("40P01", "").fault, Fault::kBusy);
  EXPECT_EQ(error_of("57P01", "").fault, Fault::kGone);
  EXPECT_EQ(error_of("", "").fault, Fault::kGone);
  EXPECT_EQ(error_of("XX001", "").fault, Fault::kDamaged);
  EXPECT_EQ(error_of("23505", "").code, Code::kConflict);
  EXPECT_EQ(error_of("57014", "").code, Code::kTimeout);
  EXPECT_EQ(error_of("42601", "").code, Code::kInternalServerError);
  testing::internal::GetCapturedStderr();
}

TEST(PostgresErrors, AServerThatIsAwayIsToldAtOnceAndWithoutItsPassword) {
  testing::internal::CaptureStderr();
  const auto opened = PostgresDatabase::open({.url = "postgres://ann:secret@127.0.0.1:1/nowhere"});
  const auto log = testing::internal::GetCapturedStderr();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::kServiceUnavailable);
  EXPECT_EQ(log.find("secret"), std::string::npos) << log;
}

}  // namespace
}  // namespace synap::db::postgres
