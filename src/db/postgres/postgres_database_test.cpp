#include "db/postgres/postgres_database.h"

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
    auto database = postgres::PostgresDatabase::open({.url = place_.url()});
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
    database = std::move(*PostgresDatabase::open({.url = place.url()}));
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
    Connection other({.url = place.url()});
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

TEST_F(PostgresDatabaseTest, NoUserIsLeftInAConnectionAfterAnErrorOrATimeout) {
  ASSERT_TRUE(
      write([](Tx& tx) { tx.run("INSERT INTO items_data VALUES (1, 'ann'), (2, 'bob')"); }));

  const auto as_ann = [&](std::string_view sql) {
    return test::run(executor, [&] {
      return database->read_as("ann", [sql](Tx& tx) {
        auto rows = tx.query(sql);
        return rows.next() ? rows.text(0) : std::string("none");
      });
    });
  };
  for (int i = 0; i < 8; ++i) {
    EXPECT_FALSE(as_ann("SELECT id FROM items_data"));
    const auto late = as_ann("SELECT pg_sleep(1)::text");
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, Code::kTimeout);
    const auto who = test::run(executor, [&] {
      return database->read([](Tx& tx) {
        auto rows = tx.query("SELECT coalesce(current_user_id(), '-') || ' ' || current_user");
        return rows.next() ? rows.text(0) : std::string();
      });
    });
    ASSERT_TRUE(who) << who.error().message;
    EXPECT_EQ(*who, "- synap");
  }
  EXPECT_EQ(*as_ann("SELECT string_agg(id::text, ',') FROM items"), "1");
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

// What it remembers is of before the other's writes.
TEST(PostgresAlone, WhoLostTheDatabaseToAnotherWritesNoMore) {
  const TestDatabase place;
  const PostgresOptions options{.url = place.url(), .is_alone = true};
  auto first = std::move(*PostgresDatabase::open(options));
  ThreadExecutor executor{"test"};
  const auto write = [&](PostgresDatabase& database) {
    return test::run(executor, [&] {
      return database.write([](Tx& tx) { tx.run("CREATE TABLE IF NOT EXISTS a(b BIGINT)"); });
    });
  };
  Connection other({.url = place.url()});
  ASSERT_FALSE(other.connect());
  const auto end_all = [&] {
    ASSERT_TRUE(
        other.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE "
                      "datname = current_database() AND pid <> pg_backend_pid()"));
  };
  end_all();
  EXPECT_TRUE(write(*first)) << "nobody has had it";
  EXPECT_FALSE(first->is_lost());
  end_all();
  auto second = PostgresDatabase::open(options);
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_TRUE(write(**second));
  second->reset();
  const auto refused = write(*first);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kServiceUnavailable);
  EXPECT_TRUE(refused.error().message.contains("Another pod has had")) << refused.error().message;
  EXPECT_TRUE(first->is_lost());
  EXPECT_TRUE(PostgresDatabase::open(options)) << "it does not keep the lock";
}

// What is refused of a database of its own, made by `options`, with `user` in the URL.
std::string refusal_of(const std::string& options, const std::string& user) {
  const TestDatabase place;
  Connection connection({.url = place.url()});
  SYNAP_CHECK(!connection.connect());
  const auto name = "refused_" + std::to_string(::getpid());
  SYNAP_CHECK(connection.execute("CREATE ROLE " + name + "_plain LOGIN"));
  SYNAP_CHECK(connection.execute("CREATE DATABASE " + name + " " + options));
  auto url = place.url();
  const auto at = url.find("test_");
  url.replace(at, url.find('?', at) - at, name);
  if (!user.empty()) url.replace(url.find("synap@"), 5, name + user);
  const auto opened = PostgresDatabase::open({.url = url});
  SYNAP_CHECK(connection.execute("DROP DATABASE " + name + " WITH (FORCE)"));
  SYNAP_CHECK(connection.execute("DROP ROLE " + name + "_plain"));
  std::ignore = connection.execute("DROP ROLE IF EXISTS " + name + "_tenant");
  if (opened) return "nothing";
  EXPECT_EQ(opened.error().code, Code::kPreconditionFailed);
  return opened.error().message;
}

TEST(PostgresErrors, ADatabaseThatAPodCannotBeInIsRefusedWithASentence) {
  const auto owner = "OWNER refused_" + std::to_string(::getpid()) + "_plain";
  EXPECT_TRUE(refusal_of("TEMPLATE template0 ENCODING LATIN1 LOCALE 'C'", "").contains("LATIN1"));
  EXPECT_TRUE(refusal_of("", "_plain").contains("may make no tables"));
  EXPECT_TRUE(refusal_of(owner, "_plain").contains("CREATEROLE"));
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
