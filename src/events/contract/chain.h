// What those who are in an append, and those who verify it later, may rely on (log_contract.h).
// Included by tests only.
#pragma once

#include "base/json.h"
#include "events/contract/rig.h"

namespace synap::events::contract {

TEST_P(EventLog, ObserversAreHandedTheEventsInTheTransactionThatAppendsThem) {
  Refs seen;
  log().observe([&](db::Tx& tx, std::span<const EventRef> events) {
    seen.assign(events.begin(), events.end());
    for (const auto& each : events) {
      if (!words().has_rows_at_once) continue;
      auto rows = tx.query("SELECT count(*) FROM events WHERE position = $1", each->position);
      EXPECT_TRUE(rows.next());
      EXPECT_EQ(rows.integer(0), 1);
    }
  });
  ASSERT_TRUE(append({.events = {event(1), event(2, of("ann"), "b.made")}}));
  ASSERT_EQ(positions(seen), (Positions{1, 2}));
  EXPECT_EQ(seen[0]->type, "a.made");
  EXPECT_EQ(seen[1]->type, "b.made");
}

TEST_P(EventLog, AnObserverThatAbortsRefusesTheAppendAndNoOther) {
  log().observe([&](db::Tx& tx, std::span<const EventRef> events) {
    if (events.front()->type == "b.made") tx.abort({Code::kForbidden, "not this one", nullptr});
  });
  test::Started<Result<Appended>> appends(executor);
  for (int n = 1; n <= 9; ++n) {
    appends.add(log().append({.events = {event(n, of("ann"), n % 3 == 0 ? "b.made" : "a.made")}}));
  }
  int refused = 0;
  for (const auto& result : appends.wait()) {
    if (!result) EXPECT_EQ(result.error().code, Code::kForbidden);
    refused += result ? 0 : 1;
  }
  EXPECT_EQ(refused, 3);
  EXPECT_EQ(log().end().value(), 6);
  EXPECT_EQ(read({})->events.size(), 6u);
}

TEST_P(EventLog, DecidesWithinTheAppendButNotForARepeat) {
  int decided = 0;
  const auto refuse = [&](db::Tx& tx) {
    ++decided;
    if (decided > 1) tx.abort({Code::kNotFound, "gone", nullptr});
  };
  const Append once{.events = {event(1)}, .idempotency = key("k", "x", "1"), .decide = refuse};
  ASSERT_TRUE(append(once));
  Append again{.events = {event(1)}, .idempotency = key("k", "x", "1"), .decide = refuse};
  EXPECT_TRUE(append(again)->is_repeat);
  EXPECT_EQ(decided, 1);
  EXPECT_EQ(append({.events = {event(2)}, .decide = refuse}).error().code, Code::kNotFound);
  EXPECT_EQ(log().end().value(), 1);
}

TEST_P(EventLog, KeepsWhoActed) {
  Envelope envelope = of("ann");
  envelope.actor = Actor{Actor::Kind::kAgent, "writer", "bob"};
  ASSERT_TRUE(append({.events = {event(1, envelope), event(2)}}));
  reopen();
  EXPECT_EQ((*at(1))->actor, envelope.actor);
  EXPECT_NE((*at(1))->json().find(R"("actor":{"agent":"writer","onBehalfOf":"bob"})"),
            std::string::npos);
  EXPECT_EQ((*at(2))->actor, std::nullopt);
}

TEST_P(EventLog, EventsFormAChainThatVerifies) {
  const auto empty = sync_wait(executor, log().head());
  EXPECT_EQ(empty->position, 0);
  EXPECT_EQ(to_hex(empty->link), std::string(64, '0'));
  const auto id = Uuid::v7();
  ASSERT_TRUE(append(batch(1, 3, of("ann", id))));
  ASSERT_TRUE(append(batch(4, 4, of("bob"))));
  reopen();
  const auto head = sync_wait(executor, log().head());
  EXPECT_EQ(head->position, 7);
  EXPECT_NE(head->link, empty->link);
  const auto all = sync_wait(executor, log().verify(0, 1'000));
  ASSERT_TRUE(all);
  EXPECT_FALSE(all->first_broken);
  EXPECT_EQ(all->events, 7);
  EXPECT_TRUE(all->is_at_end);
  // In slices too.
  const auto first = sync_wait(executor, log().verify(0, 3));
  EXPECT_EQ(first->next_after, 3);
  EXPECT_FALSE(first->is_at_end);
  const auto rest = sync_wait(executor, log().verify(3, 1'000));
  EXPECT_FALSE(rest->first_broken);
  EXPECT_EQ(rest->events, 4);
}

TEST_P(EventLog, AChangeBehindItsBackIsFoundWhereItIs) {
  Envelope envelope = of("ann", Uuid::v7());
  envelope.metadata = R"({"why":"so"})";
  envelope.actor = Actor::key("k");
  ASSERT_TRUE(append({.events = {event(1, envelope), event(2, envelope), event(3, envelope)}}));
  ASSERT_TRUE(append({.events = {event(4, of("eve"))}}));
  ASSERT_TRUE(write([&](db::Tx& tx) {
    tx.run(words().no_update_trigger);
    tx.run(words().no_delete_trigger);
    tx.run("CREATE TABLE kept AS SELECT * FROM events WHERE position = 2");
  }));
  for (const auto& change : std::vector<std::string>{
           "data = '{\"n\":9}'",
           "metadata = NULL",
           "metadata = '{}'",
           words().is_of_eve,
           "source = 6",
           "timestamp = timestamp + 1",
           "aggregate_version = 9",
           "aggregate_type = NULL",
           "actor = 'other'",
           "on_behalf_of = '1'",
           "data_version = 2",
           "id = " + words().zeros_16,
           "request = " + words().zeros_16,
           "content_hash = " + words().zeros_32,
           "link = " + words().zeros_32,
           "salt = " + words().zeros_16,
           "salt = NULL",
       }) {
    ASSERT_TRUE(write([&](db::Tx& tx) {
      tx.run("UPDATE events SET " + change + " WHERE position = 2");
    })) << change;
    const auto found = sync_wait(executor, log().verify(0, 1'000));
    ASSERT_TRUE(found && found->first_broken) << change;
    EXPECT_EQ(found->first_broken->position, 2) << change;
    ASSERT_TRUE(write([&](db::Tx& tx) {
      tx.run("DELETE FROM events WHERE position = 2");
      tx.run("INSERT INTO events SELECT * FROM kept");
    }));
    EXPECT_FALSE(sync_wait(executor, log().verify(0, 1'000))->first_broken);
  }
}

TEST_P(EventLog, ADamagedEventIsReadAsDamagedAndTheOthersAsTheyAre) {
  Envelope envelope = of("ann", Uuid::v7());
  envelope.metadata = R"({"why":"so"})";
  ASSERT_TRUE(append({.events = {event(1, envelope), event(2, envelope), event(3, envelope)}}));
  ASSERT_TRUE(write([&](db::Tx& tx) {
    tx.run(words().no_update_trigger);
    tx.run(words().no_delete_trigger);
    tx.run("CREATE TABLE kept AS SELECT * FROM events WHERE position = 2");
  }));
  std::vector<std::string> changes{
      "data = '{\"n\":'",
      "data = '{\"n\":9}'",
      "metadata = '{'",
      "content_hash = " + words().zeros_32,
      "content_hash = " + words().no_bytes,
      "salt = " + words().one_byte,
      "salt = NULL",
  };
  const auto& data = words().unreadable_data;
  changes.insert(changes.end(), data.begin(), data.end());
  const auto headers_from = changes.size();
  changes.insert(changes.end(), {"source = 77", "actor_kind = 9, actor = 'x'",
                                 "id = " + words().one_byte, "timestamp = 9223372036854775807",
                                 "data_version = -1"});
  const auto& headers = words().unreadable_headers;
  changes.insert(changes.end(), headers.begin(), headers.end());
  for (std::size_t n = 0; n < changes.size(); ++n) {
    const auto& change = changes[n];
    ASSERT_TRUE(write([&](db::Tx& tx) {
      tx.run("UPDATE events SET " + change + " WHERE position = 2");
    })) << change;
    reopen();
    testing::internal::CaptureStderr();
    const auto page = read({});
    EXPECT_NE(testing::internal::GetCapturedStderr().find("at position 2 is damaged"),
              std::string::npos)
        << change;
    ASSERT_TRUE(page) << change;
    ASSERT_EQ(page->events.size(), 3u) << change;
    for (const auto& one : page->events) {
      const bool is_it = one->position == 2;
      EXPECT_EQ(one->is_damaged(), is_it) << change << one->position;
      const auto json = parse_json(one->json());
      ASSERT_TRUE(json) << change << one->json();
      EXPECT_EQ(json->find("damaged") != nullptr, is_it);
      EXPECT_EQ(json->find("metadata") == nullptr, is_it);
      EXPECT_EQ(json->find("data")->as_object().empty(), is_it);
      EXPECT_FALSE(json->string_or("type", "").empty());
    }
    const auto& damaged_one = page->events[1];
    const auto refused = current_data(*damaged_one, 1, nullptr);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().details->string_or("reason", ""), "EVENT_DAMAGED");
    EXPECT_EQ(refused.error().details->find("position")->as_integer(), 2);
    EXPECT_FALSE(refused.error().is_retriable());
    if (n < headers_from) EXPECT_EQ(damaged_one->type, "a.made");
    ASSERT_TRUE(write([&](db::Tx& tx) {
      tx.run("DELETE FROM events WHERE position = 2");
      tx.run("INSERT INTO events SELECT * FROM kept");
    }));
  }
}

TEST_P(EventLog, AnEventThatIsGoneIsFoundWhereItWas) {
  ASSERT_TRUE(append(batch(1, 3)));
  ASSERT_TRUE(write([&](db::Tx& tx) {
    tx.run(words().no_delete_trigger);
    tx.run("DELETE FROM events WHERE position = 2");
  }));
  const auto found = sync_wait(executor, log().verify(0, 1'000));
  ASSERT_TRUE(found && found->first_broken);
  EXPECT_EQ(found->first_broken->position, 2);
}

TEST_P(EventLog, AnErasedEventKeepsItsPlaceAndTheChain) {
  Envelope envelope = of("ann", Uuid::v7());
  envelope.metadata = R"({"why":"so"})";
  ASSERT_TRUE(append({.events = {event(1, envelope), event(2, envelope), event(3, envelope)}}));
  constexpr std::string_view kErase =
      "UPDATE events SET salt = NULL, metadata = NULL, data = '{}' WHERE position = 2";
  ASSERT_TRUE(write([&](db::Tx& tx) { tx.run(kErase); }));
  const auto found = sync_wait(executor, log().verify(0, 1'000));
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->first_broken) << found->first_broken->what;
  EXPECT_EQ(found->events, 3);
  reopen();
  const EventRef erased = *at(2);
  EXPECT_TRUE(erased->is_erased);
  EXPECT_EQ(erased->data, "{}");
  EXPECT_EQ(erased->metadata, "");
  EXPECT_EQ(erased->type, "a.made");
  EXPECT_NE(erased->json().find(R"("erased":true)"), std::string::npos);
  EXPECT_FALSE((*at(1))->is_erased);
  // Only all of it together, and only once.
  for (const auto& half : std::vector<std::string>{
           "UPDATE events SET salt = NULL WHERE position = 1",
           "UPDATE events SET salt = NULL, data = '{}' WHERE position = 1",
           "UPDATE events SET salt = NULL, metadata = NULL, data = '{\"n\":2}' WHERE position = 1",
           "UPDATE events SET salt = NULL, metadata = NULL, data = '{}', source = 3 "
           "WHERE position = 1",
           "UPDATE events SET salt = " + words().zeros_16 + " WHERE position = 2",
           "UPDATE events SET data = '{\"n\":1}' WHERE position = 2",
       }) {
    testing::internal::CaptureStderr();
    EXPECT_FALSE(write([&](db::Tx& tx) { tx.run(half); })) << half;
    testing::internal::GetCapturedStderr();
  }
}

}  // namespace synap::events::contract
