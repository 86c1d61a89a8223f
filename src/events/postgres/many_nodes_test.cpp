// Several nodes that append to one log, each a database and a log of its own.

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "base/test_support.h"
#include "db/held_writer.h"
#include "db/postgres/connection.h"
#include "db/postgres/test_database.h"
#include "events/postgres/postgres_event_log.h"
#include "events/types.h"

namespace synap::events::postgres {
namespace {

using std::chrono::milliseconds;

struct Node {
  explicit Node(const std::string& url,
                std::optional<milliseconds> look_every = milliseconds(1'000),
                Positions positions = Positions::kWithTheCommit) {
    const auto is_pooled = db::postgres::TestDatabase::is_pooled();
    auto opened = db::postgres::PostgresDatabase::open({.url = url, .is_pooled = is_pooled});
    SYNAP_CHECK(opened.has_value());
    database = std::move(*opened);
    SYNAP_CHECK(database->migrate(PostgresEventLog::migrations()).has_value());
    // So that many are made while others read and append.
    SYNAP_CHECK(PostgresEventLog::keep_in_parts(*database, 50).has_value());
    auto made = PostgresEventLog::open(
        *database,
        {.url = url, .look_every = look_every, .positions = positions, .is_pooled = is_pooled});
    SYNAP_CHECK(made.has_value());
    log = std::move(*made);
  }
  std::unique_ptr<db::postgres::PostgresDatabase> database;
  std::unique_ptr<PostgresEventLog> log;
};

class ManyNodes : public testing::TestWithParam<Positions> {
 protected:
  void SetUp() override {
    types.add("a.made", object("Thing").field("n", integer()), "");
    for (int i = 0; i < 3; ++i) {
      nodes.push_back(std::make_unique<Node>(place.url(), milliseconds(1'000), GetParam()));
    }
  }
  NewEvent event(std::string user, std::optional<Uuid> aggregate = {},
                 std::optional<Uuid> id = {}) {
    Envelope envelope;
    envelope.user_id = std::move(user);
    envelope.aggregate_id = aggregate;
    if (aggregate) envelope.aggregate_type = "thing";
    envelope.id = id;
    auto made = types.make("a.made", R"({"n":1})", std::move(envelope));
    SYNAP_CHECK(made.has_value());
    return std::move(*made);
  }
  Result<Appended> append(std::size_t node, Append what) {
    return sync_wait(executor, nodes[node]->log->append(std::move(what)));
  }
  // As an operator would, or a network.
  void end_connections(const std::string& of_whom) {
    db::postgres::Connection other({.url = place.direct_url()});
    ASSERT_FALSE(other.connect());
    ASSERT_TRUE(other.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid() AND application_name = '" +
        of_whom + "'"));
  }

  EventTypes types;
  db::postgres::TestDatabase place;
  ThreadExecutor executor{"test"};
  std::vector<std::unique_ptr<Node>> nodes;
};

// What was acknowledged, as those who were told it have it.
struct Ledger {
  std::mutex mutex;
  std::map<std::int64_t, Uuid> events;                                            // by position
  std::map<std::string, std::set<std::pair<std::int64_t, std::string>>> answers;  // by key
  int refused = 0;
  std::vector<std::string> wrong;

  void add(const Appended& appended) {
    std::lock_guard lock(mutex);
    for (const auto& event : appended.events) {
      const auto known = events.emplace(event->position, event->id).first;
      if (known->second != event->id) wrong.push_back("two events at one position");
    }
  }
  void say(std::string what) {
    std::lock_guard lock(mutex);
    wrong.push_back(std::move(what));
  }
};

TEST_P(ManyNodes, EveryReaderSeesEachPositionOnceInOrderAndTheChainHolds) {
  constexpr int kAppenders = 64;
  constexpr int kAppends = 8;
  constexpr int kReaders = 8;
  Ledger ledger;
  std::vector<Uuid> shared;
  for (int i = 0; i < 4; ++i) shared.push_back(Uuid::v7());
  std::atomic<std::int64_t> end = -1;
  std::vector<std::thread> readers;
  std::vector<std::thread> appenders;
  for (int r = 0; r < kReaders; ++r) {
    readers.emplace_back([&, r] {
      ThreadExecutor own("tail");
      auto& log = *nodes[static_cast<std::size_t>(r) % nodes.size()]->log;
      std::mt19937 random(static_cast<unsigned>(r));
      auto follow = [&]() -> Task<void> {
        Filter filter;
        filter.after = r < 3 ? 0 : static_cast<int>(random() % 200);
        std::int64_t next = filter.after + 1;
        while (end < 0 || next <= end) {
          filter.limit = 1 + static_cast<int>(random() % 50);
          auto page = co_await log.read(Tenancy::whole_pod(), filter);
          if (!page) {
            ledger.say(page.error().message);
            co_return;
          }
          for (const auto& event : page->events) {
            if (event->position != next++) ledger.say("a reader saw a gap or a repeat");
          }
          if (page->next_after >= next) {
            ledger.say("a reader was led past an event");
            next = page->next_after + 1;
          }
          filter.after = page->next_after;
          // Not for the end: nothing tells a reader that there will be none any more.
          if (page->is_at_end && next > log.end().value()) {
            co_await real_world().sleep_for(milliseconds(2));
          }
        }
      };
      sync_wait(own, follow());
    });
  }
  for (int a = 0; a < kAppenders; ++a) {
    appenders.emplace_back([&, a] {
      ThreadExecutor own("append");
      auto& node = *nodes[static_cast<std::size_t>(a) % nodes.size()];
      std::mt19937 random(static_cast<unsigned>(100 + a));
      const auto mine = Uuid::v7();
      for (int i = 0; i < kAppends; ++i) {
        Append what;
        const auto kind = random() % 8;
        auto stream = mine;
        std::string user = "user" + std::to_string(a);
        if (kind < 2) {
          stream = shared[random() % shared.size()];
          user = "all";
        }
        for (unsigned n = 0; n <= random() % 3; ++n) what.events.push_back(event(user, stream));
        // Everybody asks for the same at about the same time: one of them does it.
        const auto key = "key" + std::to_string(i);
        if (kind == 2) {
          what.events = {event("all")};
          what.idempotency = Idempotency{key, sha256("same"), std::to_string(a)};
        }
        if (kind == 3 || kind == 4) {
          const bool is_slow = kind == 4;
          auto undone = [&]() -> Task<Result<void>> {
            co_return co_await node.database->write([&](db::Tx& tx) {
              node.log->append(tx, what);
              if (is_slow) std::this_thread::sleep_for(milliseconds(3));
              if (!is_slow) tx.abort({Code::kConflict, "undone", nullptr});
            });
          };
          const auto done = sync_wait(own, undone());
          if (done.has_value() != is_slow) ledger.say("undone, and not");
          continue;
        }
        const auto done = sync_wait(own, node.log->append(what));
        if (!done) {
          ledger.say("refused: " + done.error().message);
          continue;
        }
        ledger.add(*done);
        if (kind != 2) continue;
        std::lock_guard lock(ledger.mutex);
        ledger.answers[key].emplace(done->events.front()->position, done->answer);
      }
    });
  }
  for (auto& thread : appenders) thread.join();
  end = sync_wait(executor, nodes[0]->log->head())->position;
  for (auto& thread : readers) thread.join();

  EXPECT_TRUE(ledger.wrong.empty()) << ledger.wrong.front();
  for (const auto& [key, given] : ledger.answers) EXPECT_EQ(given.size(), 1u) << key;
  std::map<Uuid, std::int64_t> versions;
  for (std::int64_t after = 0; after < end;) {
    const auto page = sync_wait(
        executor, nodes[1]->log->read(Tenancy::whole_pod(), {.after = after, .limit = 500}));
    ASSERT_TRUE(page);
    for (const auto& each : page->events) {
      const auto known = ledger.events.find(each->position);
      if (known != ledger.events.end()) EXPECT_EQ(known->second, each->id);
      if (each->aggregate_id) EXPECT_EQ(each->aggregate_version, ++versions[*each->aggregate_id]);
    }
    after = page->next_after;
  }
  for (const auto& node : nodes) {
    std::int64_t verified = 0;
    for (bool is_at_end = false; !is_at_end;) {
      const auto part = sync_wait(executor, node->log->verify(verified, 500));
      ASSERT_TRUE(part);
      ASSERT_FALSE(part->first_broken) << part->first_broken->what;
      verified = part->next_after;
      is_at_end = part->is_at_end;
    }
    EXPECT_EQ(verified, end);
  }
}

TEST_P(ManyNodes, OneOfManyWithTheSameExpectationWins) {
  const auto id = Uuid::v7();
  for (const auto& node : nodes) {  // so that each remembers the stream, and two of them an old one
    ASSERT_TRUE(sync_wait(executor, node->log->append({.events = {event("ann", id)}})));
  }
  test::Started<Result<Appended>> calls(executor);
  for (int i = 0; i < 30; ++i) {
    auto& log = *nodes[static_cast<std::size_t>(i) % nodes.size()]->log;
    calls.add(log.append({.events = {event("ann", id)}, .expectations = {{id, 3}}}));
  }
  int won = 0;
  for (const auto& result : calls.wait()) {
    won += result ? 1 : 0;
    if (result) continue;
    ASSERT_NE(result.error().details, nullptr) << result.error().message;
    EXPECT_EQ(result.error().details->find("actualVersion")->as_integer(), 4);
  }
  EXPECT_EQ(won, 1);
  // What a node remembers is nobody's version but its own.
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const auto stale = append(i, {.events = {event("ann", id)}, .expectations = {{id, 3}}});
    ASSERT_FALSE(stale);
    EXPECT_EQ(stale.error().details->find("actualVersion")->as_integer(), 4);
    EXPECT_EQ(append(i, {.events = {event("bob", id)}}).error().code, Code::kNotFound);
  }
}

// All of them look before any of them has committed.
TEST_P(ManyNodes, AnIdOrAKeyThatAnotherNodeHasUsedIsARepeat) {
  const auto id = Uuid::v7();
  const auto of_id = [&](int) { return Append{.events = {event("ann", {}, id)}}; };
  const auto of_key = [&](int i) {
    return Append{.events = {event("ann")},
                  .idempotency = Idempotency{"k", sha256("x"), std::to_string(i)}};
  };
  std::int64_t position = 0;
  for (const auto& make : std::vector<std::function<Append(int)>>{of_id, of_key}) {
    ++position;
    test::Started<Result<Appended>> calls(executor);
    for (int i = 0; i < 12; ++i) {
      calls.add(nodes[static_cast<std::size_t>(i) % nodes.size()]->log->append(make(i)));
    }
    int firsts = 0;
    for (const auto& result : calls.wait()) {
      ASSERT_TRUE(result) << result.error().message;
      firsts += result->is_repeat ? 0 : 1;
      EXPECT_EQ(result->events.front()->position, position);
    }
    EXPECT_EQ(firsts, 1);
  }
}

TEST_P(ManyNodes, AGroupIsAppendedInOneRoundTrip) {
  constexpr int kAppends = 50;
  auto& node = *nodes[0];
  ASSERT_TRUE(append(0, {.events = {event("ann")}}));
  std::int64_t before = 0;
  test::Started<Result<Appended>> calls(executor);
  {
    db::contract::HeldWriter held(executor, *node.database);
    before = node.database->statistics().round_trips;
    for (int i = 0; i < kAppends; ++i) {
      auto first = event("ann", Uuid::v7());
      calls.add(node.log->append({.events = {std::move(first)}}));
    }
    test::settle(executor);
  }
  for (const auto& result : calls.wait()) EXPECT_TRUE(result);
  // A look for each stream that is not said to be new, the append, and that of the held group.
  EXPECT_LE(node.database->statistics().round_trips - before, kAppends + 2);

  test::Started<Result<Appended>> more(executor);
  {
    db::contract::HeldWriter held(executor, *node.database);
    before = node.database->statistics().round_trips;
    for (int i = 0; i < kAppends; ++i) {
      Envelope envelope;
      envelope.user_id = "ann";
      envelope.aggregate_id = Uuid::v7();
      envelope.aggregate_type = "thing";
      envelope.starts_stream = true;
      more.add(node.log->append({.events = {*types.make("a.made", R"({"n":1})", envelope)}}));
    }
    test::settle(executor);
  }
  for (const auto& result : more.wait()) EXPECT_TRUE(result);
  EXPECT_LE(node.database->statistics().round_trips - before, 2);
}

TEST_P(ManyNodes, AnAppendOfAnotherNodeIsToldAtOnce) {
  Node patient(place.url(), milliseconds(60'000));
  const auto waited = [&](std::int64_t past) {
    auto wait = [&]() -> Task<bool> { co_return co_await patient.log->end().wait_past(past); };
    return sync_wait(executor, wait());
  };
  for (std::int64_t n = 0; n < 3; ++n) {
    ASSERT_TRUE(append(0, {.events = {event("ann")}}));
    EXPECT_TRUE(waited(n));
  }
  EXPECT_EQ((*sync_wait(executor, patient.log->at(3)))->position, 3);
}

TEST_P(ManyNodes, WhatNobodyWasToldOfIsSeenAllTheSame) {
  Node node(place.url(), milliseconds(50));
  // Behind a pooler nobody is told anyway; and the connection that was lent for the last look is
  // the next one's, whose append would be ended with it.
  if (!db::postgres::TestDatabase::is_pooled()) end_connections("synap watch");
  ASSERT_TRUE(append(0, {.events = {event("ann")}}));
  auto wait = [&]() -> Task<bool> { co_return co_await node.log->end().wait_past(0); };
  EXPECT_TRUE(sync_wait(executor, wait()));
}

TEST_P(ManyNodes, WhoLooksInATransactionOfItsOwnSeesWhatNobodyWasToldOf) {
  Node node(place.url(), std::nullopt);
  const auto look = [&]() -> Task<Result<>> {
    co_return co_await node.database->write([&](db::Tx& tx) { node.log->look(tx); });
  };
  // As another one whose NOTIFY is lost: it commits what only a look can find.
  db::postgres::Connection other({.url = place.direct_url()});
  ASSERT_FALSE(other.connect());
  // When the node listens, and has looked for what it was not told until then.
  ASSERT_TRUE(other.execute(
      "DO $$ BEGIN FOR i IN 1..400 LOOP PERFORM pg_stat_clear_snapshot(); EXIT WHEN EXISTS(SELECT "
      "FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'synap "
      "watch' AND state = 'idle' AND query LIKE 'SELECT%'); PERFORM pg_sleep(0.01); END LOOP; END "
      "$$"));
  ASSERT_TRUE(other.execute("UPDATE log_head SET position = 7"));
  EXPECT_EQ(node.log->end().value(), 0);
  ASSERT_TRUE(sync_wait(executor, look()));
  EXPECT_EQ(node.log->end().value(), 7);
}

// Each finds out once that it is not alone, and each time that others have been there.
TEST_P(ManyNodes, ThatAppendInTurnsDoHardlyAnyOfItAgain) {
  int carried_out = 0;
  std::map<Node*, std::int64_t> undone;
  const auto append_by = [&](Node& node) -> Task<Result<>> {
    const auto before = undone.contains(&node) ? undone[&node] : -1;
    auto done = co_await node.database->write([&](db::Tx& tx) {
      ++carried_out;
      undone[&node] = tx.undone();
      node.log->append(tx, {.events = {event("ann")}});
    });
    if (GetParam() == Positions::kAtOnce) EXPECT_GT(undone[&node], before);
    co_return done;
  };
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(sync_wait(executor, append_by(*nodes[i % 3])));
  EXPECT_LE(carried_out, 33);
  EXPECT_EQ(nodes[2]->log->end().value(), 30);
}

// As a node that was stopped between two messages of its own.
TEST_P(ManyNodes, ANodeThatStandsStillWithTheEndOfTheLogInItsHandsIsWaitedForBriefly) {
  ASSERT_TRUE(append(0, {.events = {event("ann")}}));
  db::postgres::Connection stopped({.url = place.direct_url()});
  ASSERT_FALSE(stopped.connect());
  stopped.begin_closure();
  stopped.begin();
  ASSERT_TRUE(stopped.query("SELECT position FROM log_head FOR UPDATE").next());
  const auto begun = SteadyClock::now();
  const auto appended = append(1, {.events = {event("ann")}});
  EXPECT_TRUE(appended) << appended.error().message;
  EXPECT_LT(SteadyClock::now() - begun, std::chrono::seconds(10));
  testing::internal::CaptureStderr();
  EXPECT_TRUE(stopped.commit());
  testing::internal::GetCapturedStderr();
}

INSTANTIATE_TEST_SUITE_P(Postgres, ManyNodes,
                         testing::Values(Positions::kWithTheCommit, Positions::kAtOnce),
                         [](const auto& info) {
                           return info.param == Positions::kAtOnce ? "AtOnce" : "WithTheCommit";
                         });

}  // namespace
}  // namespace synap::events::postgres
