// What an append promises: versions, expectations, repeats, tenancy (log_contract.h). Included by
// tests only.
#pragma once

#include "events/contract/rig.h"

namespace synap::events::contract {

TEST_P(EventLog, KeepsEveryFieldOfAnEvent) {
  Envelope envelope = of("ann", Uuid::v7());
  envelope.source = Source::kAgent;
  envelope.timestamp = 1'700'000'000'123;
  envelope.correlation_id = Uuid::v7();
  envelope.causation_id = Uuid::v7();
  envelope.request_id = Uuid::v7();
  envelope.metadata = R"({"why":"\u00e9"})";
  const auto appended = append({.events = {event(1, envelope)}});
  ASSERT_TRUE(appended);
  const auto json = appended->events.front()->json();
  EXPECT_EQ((*at(1))->json(), json);
  reopen();
  EXPECT_EQ((*at(1))->json(), json);
  const EventRef kept = *at(1);
  EXPECT_EQ(kept->source, Source::kAgent);
  EXPECT_EQ(kept->timestamp, 1'700'000'000'123);
  EXPECT_EQ(kept->causation_id, envelope.causation_id);
  EXPECT_EQ(kept->metadata, envelope.metadata);
  EXPECT_EQ(kept->aggregate_version, 1);
}

TEST_P(EventLog, AppendsABatchWholeOrNotAtAll) {
  const auto mine = Uuid::v7();
  const auto hers = Uuid::v7();
  ASSERT_TRUE(append({.events = {event(1, of("bob", hers))}}));
  // The last of three is refused: the first two are not there either.
  const auto refused = append({.events = {event(1, of("ann", mine)), event(2, of("ann", mine)),
                                          event(3, of("ann", hers))}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(log().end().value(), 1);
  EXPECT_TRUE(stream(mine)->empty());
  const auto appended = append(batch(1, 3, of("ann", mine)));
  ASSERT_TRUE(appended);
  EXPECT_EQ(positions(appended->events), (Positions{2, 3, 4}));
}

TEST_P(EventLog, PageOfLargeEventsEndsBeforeItsLimit) {
  types.add("a.told", object("Told").field("text", string()), "");
  const std::string data = R"({"text":")" + std::string(400'000, 'x') + "\"}";
  for (int i = 0; i < 8; ++i) {
    Append one;
    one.events.push_back(types.make("a.told", data, of("ann")).value());
    ASSERT_TRUE(append(std::move(one)));
  }
  // From memory first, then from the table.
  for (int pass = 0; pass < 2; ++pass) {
    Filter filter;
    filter.limit = 1'000;
    const auto first = read(filter).value();
    EXPECT_LT(first.events.size(), 8u);
    // The rest, in one page or in several: a read that is out of time ends early, too.
    auto count = first.events.size();
    auto last = first.events.back()->position;
    for (filter.after = first.next_after; count < 8u;) {
      const auto rest = read(filter).value();
      ASSERT_FALSE(rest.events.empty());
      EXPECT_EQ(rest.events.front()->position, last + 1);
      count += rest.events.size();
      last = rest.events.back()->position;
      filter.after = rest.next_after;
    }
    EXPECT_EQ(count, 8u);
    reopen();
  }
}

TEST_P(EventLog, CountsTheVersionsOfEachStream) {
  const auto first = Uuid::v7();
  const auto second = Uuid::v7();
  for (int n = 1; n <= 3; ++n) {
    ASSERT_TRUE(append({.events = {event(n, of("ann", first)), event(n, of("ann", second))}}));
  }
  const auto events = stream(second);
  ASSERT_EQ(events->size(), 3u);
  for (int n = 1; n <= 3; ++n) {
    EXPECT_EQ((*events)[static_cast<std::size_t>(n - 1)]->aggregate_version, n);
  }
  EXPECT_EQ(positions(*stream(second, 3)), Positions{6});
  EXPECT_TRUE(stream(second, 4)->empty());
  EXPECT_EQ((*append({.events = {event(1)}})).events.front()->aggregate_version, 0);
}

TEST_P(EventLog, AStreamSaidToBeNewIsRefusedIfItIsNot) {
  const auto thing = Uuid::v7();
  auto envelope = of("ann", thing);
  envelope.starts_stream = true;
  auto first = append({.events = {event(1, envelope), event(2, of("ann", thing))}});
  ASSERT_TRUE(first);
  EXPECT_EQ(first->events[0]->aggregate_version, 1);
  EXPECT_EQ(first->events[1]->aggregate_version, 2);
  EXPECT_FALSE(append({.events = {event(3, envelope)}}));
  auto others = of("bob", thing);
  others.starts_stream = true;
  EXPECT_FALSE(append({.events = {event(3, others)}}));
  EXPECT_EQ(stream(thing)->size(), 2U);
  EXPECT_TRUE(append({.events = {event(3, of("ann", thing))}}));
}

TEST_P(EventLog, TheNewestEventOfAStreamIsItsOwnersOnly) {
  const auto thing = Uuid::v7();
  const auto newest = [&](const Tenancy& tenancy, const Uuid& id) {
    return *write([&](db::Tx& tx) { return log().newest(tx, tenancy, id); });
  };
  EXPECT_EQ(newest(Tenancy::whole_pod(), thing), nullptr);
  ASSERT_TRUE(append(batch(1, 3, of("ann", thing))));
  EXPECT_EQ(newest(Tenancy::of_user("ann"), thing)->aggregate_version, 3);
  EXPECT_EQ(newest(Tenancy::of_user("bob"), thing), nullptr);
  EXPECT_EQ(newest(Tenancy::of_user("ann"), Uuid::v7()), nullptr);
}

// What the log remembers of its end must not outlive what was undone.
TEST_P(EventLog, AnAppendThatIsUndoneLeavesNoGapInTheChain) {
  ASSERT_TRUE(append(batch(1, 2)));
  const auto undone = write([&](db::Tx& tx) {
    log().append(tx, batch(3, 2));
    tx.abort({Code::kConflict, "undone", nullptr});
  });
  EXPECT_FALSE(undone);
  test::Started<Result<Appended>> together(executor);
  auto stale = of("ann", Uuid::v7());
  for (int i = 0; i < 16; ++i) {
    Append one = batch(i, 2, i % 2 == 0 ? of("ann") : stale);
    if (i % 2 != 0) one.expectations.push_back({*stale.aggregate_id, 7});
    together.add(log().append(std::move(one)));
  }
  int appended = 0;
  for (const auto& result : together.wait()) appended += result ? 1 : 0;
  EXPECT_EQ(appended, 8);
  const auto verified = sync_wait(executor, log().verify(0, 1'000));
  ASSERT_TRUE(verified);
  EXPECT_FALSE(verified->first_broken) << verified->first_broken->what;
  EXPECT_EQ(verified->events, 18);
}

TEST_P(EventLog, AVersionThatIsUndoneIsGivenAgain) {
  const auto thing = Uuid::v7();
  ASSERT_TRUE(append(batch(1, 2, of("ann", thing))));
  EXPECT_FALSE(write([&](db::Tx& tx) {
    log().append(tx, batch(3, 3, of("ann", thing)));
    tx.abort({Code::kConflict, "undone", nullptr});
  }));
  const auto next = append(batch(6, 1, of("ann", thing)));
  ASSERT_TRUE(next) << next.error().message;
  EXPECT_EQ(next->events.front()->aggregate_version, 3);
  // What is remembered of a stream is its owner's only.
  const auto foreign = append(batch(7, 1, of("bob", thing)));
  ASSERT_FALSE(foreign);
  EXPECT_EQ(foreign.error().code, Code::kNotFound);
}

TEST_P(EventLog, AppendAcceptsTheExactExpectedVersion) {
  const auto id = Uuid::v7();
  for (int n = 0; n < 3; ++n) {
    EXPECT_TRUE(append({.events = {event(n, of("ann", id))}, .expectations = {{id, n}}}));
  }
}

TEST_P(EventLog, AppendRefusesAStaleExpectedVersion) {
  const auto id = Uuid::v7();
  ASSERT_TRUE(append(batch(1, 3, of("ann", id))));
  for (const std::int64_t expected : {0, 2, 4}) {
    const auto refused =
        append({.events = {event(9, of("ann", id))}, .expectations = {{id, expected}}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::kConflict);
    EXPECT_EQ(actual_version(refused.error()), 3);
  }
  EXPECT_EQ(log().end().value(), 3);
}

TEST_P(EventLog, AppendRefusesAnExpectedVersionOfAStreamThatIsNotThere) {
  const auto id = Uuid::v7();
  const auto refused = append({.events = {event(1, of("ann", id))}, .expectations = {{id, 1}}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(actual_version(refused.error()), 0);
}

TEST_P(EventLog, OneOfManyWithTheSameExpectationWins) {
  const auto id = Uuid::v7();
  ASSERT_TRUE(append(batch(1, 1, of("ann", id))));
  test::Started<Result<Appended>> calls(executor);
  for (int i = 0; i < 50; ++i) {
    calls.add(log().append({.events = {event(i, of("ann", id))}, .expectations = {{id, 1}}}));
  }
  int won = 0;
  for (const auto& result : calls.wait()) {
    if (result) ++won;
    if (!result) EXPECT_EQ(actual_version(result.error()), 2);
  }
  EXPECT_EQ(won, 1);
}

TEST_P(EventLog, RepeatOfAnEventIdIsTheFirstEvent) {
  auto envelope = of("ann", Uuid::v7());
  envelope.id = Uuid::v7();
  const auto first = append({.events = {event(1, envelope)}});
  const auto repeat = append({.events = {event(2, envelope)}});
  ASSERT_TRUE(first);
  ASSERT_TRUE(repeat);
  EXPECT_FALSE(first->is_repeat);
  EXPECT_TRUE(repeat->is_repeat);
  EXPECT_EQ(repeat->events.front()->json(), first->events.front()->json());
  EXPECT_EQ(log().end().value(), 1);
  envelope.user_id = "bob";
  const auto foreign = append({.events = {event(1, envelope)}});
  ASSERT_FALSE(foreign);
  EXPECT_EQ(foreign.error().code, Code::kConflict);
}

TEST_P(EventLog, RepeatOfAnIdempotencyKeyIsTheFirstAnswer) {
  auto first = batch(1, 2);
  first.idempotency = key("k", "make", R"({"first":true})");
  auto second = batch(7, 1);
  second.idempotency = key("k", "make", R"({"first":false})");
  second.expectations = {{Uuid::v7(), 99}};  // not looked at: the answer has been given
  const auto appended = append(std::move(first));
  for (int i = 0; i < 2; ++i) {
    auto again = second;
    const auto repeat = append(std::move(again));
    ASSERT_TRUE(repeat);
    EXPECT_TRUE(repeat->is_repeat);
    EXPECT_EQ(repeat->answer, R"({"first":true})");
    EXPECT_EQ(positions(repeat->events), (Positions{1, 2}));
    reopen();
  }
  EXPECT_FALSE(appended->is_repeat);
  EXPECT_EQ(appended->answer, R"({"first":true})");
}

TEST_P(EventLog, IdempotencyKeyForSomethingElseIsAConflict) {
  auto first = batch(1, 1);
  first.idempotency = key("k", "make", "1");
  auto other = batch(2, 1);
  other.idempotency = key("k", "change", "2");
  ASSERT_TRUE(append(std::move(first)));
  const auto refused = append(std::move(other));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_EQ(refused.error().details, nullptr);
  EXPECT_EQ(log().end().value(), 1);
}

TEST_P(EventLog, IdempotencyKeysBelongToOneUser) {
  for (const char* user : {"ann", "bob"}) {
    auto mine = batch(1, 1, of(user));
    mine.idempotency = key("k", user, user);
    const auto appended = append(std::move(mine));
    ASSERT_TRUE(appended);
    EXPECT_FALSE(appended->is_repeat);
  }
  auto of_another = batch(1, 1, of("eve"));  // than the one whom the events are about
  of_another.idempotency = key("k", "ann", "");
  of_another.idempotency->user_id = "ann";
  EXPECT_EQ(append(std::move(of_another))->answer, "ann");
}

TEST_P(EventLog, FailedCommandLeavesItsIdempotencyKeyFree) {
  const auto id = Uuid::v7();
  auto refused = batch(1, 1, of("ann", id));
  refused.expectations = {{id, 5}};
  refused.idempotency = key("k", "x", "1");
  EXPECT_FALSE(append(std::move(refused)));
  auto now = batch(1, 1, of("ann", id));
  now.idempotency = key("k", "x", "2");
  EXPECT_EQ(append(std::move(now))->answer, "2");
}

TEST_P(EventLog, AnotherUsersAggregateDoesNotExist) {
  const auto id = Uuid::v7();
  ASSERT_TRUE(append(batch(1, 2, of("ann", id))));
  ASSERT_TRUE(append(batch(1, 1, of("bob"))));
  const auto plain = append(batch(1, 1, of("bob", id)));
  ASSERT_FALSE(plain);
  EXPECT_EQ(plain.error().code, Code::kNotFound);
  EXPECT_EQ(plain.error().details, nullptr);
  // Not by asking for its version either.
  for (const std::int64_t expected : {0, 1, 2}) {
    auto asking = batch(1, 1, of("bob", id));
    asking.expectations = {{id, expected}};
    const auto refused = append(std::move(asking));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::kNotFound) << expected;
    EXPECT_EQ(refused.error().details, nullptr) << expected;
  }
  const auto bob = Tenancy::of_user("bob");
  EXPECT_TRUE(stream(id, 1, bob)->empty());
  EXPECT_EQ(find((*at(1))->id, bob).error().code, Code::kNotFound);
  Filter filter;
  filter.aggregate_id = id;
  EXPECT_TRUE(read(filter, bob)->events.empty());
  EXPECT_EQ(read(filter, Tenancy::of_user("ann"))->events.size(), 2u);
}

// Who reads on until the log's end within a transaction comes to it.
TEST_P(EventLog, ATransactionReadsWhatItHasAppended) {
  ASSERT_TRUE(append(batch(1, 3)));
  Positions appended;
  Page page;
  Page rest;
  Page beyond;
  const auto done = write([&](db::Tx& tx) {
    appended = positions(log().append(tx, batch(4, 3)).events);
    if (appended.front() == 0) return;  // they have none before the commit
    page = log().read(tx, {.after = 1, .limit = 3});
    rest = log().read(tx, {.after = page.next_after, .limit = 3});
    beyond = log().read(tx, {.after = 3, .limit = 9, .types = {"never.heard.of"}});
  });
  ASSERT_TRUE(done) << done.error().message;
  if (appended.front() == 0) return;
  EXPECT_EQ(positions(page.events), (Positions{2, 3, 4}));
  EXPECT_EQ(page.next_after, 4);
  EXPECT_EQ(positions(rest.events), (Positions{5, 6}));
  EXPECT_EQ(rest.next_after, 6);
  EXPECT_TRUE(rest.is_at_end);
  EXPECT_TRUE(beyond.events.empty());
  EXPECT_EQ(beyond.next_after, 6);
}

TEST_P(EventLog, JoinsATransactionOfOthers) {
  const auto failed = write([&](db::Tx& tx) {
    log().append(tx, batch(1, 2));
    tx.abort({Code::kConflict, "after all", nullptr});
  });
  EXPECT_FALSE(failed);
  EXPECT_EQ(log().end().value(), 0);
  const auto done = write([&](db::Tx& tx) {
    const auto first = log().append(tx, batch(1, 1));
    const auto second = log().append(tx, batch(2, 1));
    return std::pair(first.events.front(), second.events.front());
  });
  ASSERT_TRUE(done);
  EXPECT_EQ(done->first->position, 1);
  EXPECT_EQ(done->second->position, 2);
  EXPECT_EQ(log().end().value(), 2);
  EXPECT_EQ(read({})->events.size(), 2u);
}

TEST_P(EventLog, AppendInATransactionThatHasFailedDoesNothing) {
  const auto failed = write([&](db::Tx& tx) {
    tx.abort({Code::kNotFound, "before", nullptr});
    log().append(tx, batch(1, 2, of("new user")));
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Code::kNotFound);
  // What it was about to name still can be named, the first of all names too.
  ASSERT_TRUE(append(batch(1, 2, of("first"))));
  reopen();
  ASSERT_FALSE(write([&](db::Tx& tx) {
    tx.abort({Code::kNotFound, "before", nullptr});
    log().append(tx, batch(1, 2, of("new user")));
  }));
  EXPECT_TRUE(append(batch(1, 1, of("new user"))));
  EXPECT_TRUE(append(batch(1, 1, of("newer user"))));
  EXPECT_EQ(read({}, Tenancy::of_user("new user"))->events.size(), 1u);
}

TEST_P(EventLog, NamesGivenInATransactionThatFailsAreNotMixedUp) {
  ASSERT_FALSE(write([&](db::Tx& tx) {
    log().append(tx, batch(1, 1, of("undone")));
    tx.abort({Code::kConflict, "", nullptr});
  }));
  ASSERT_TRUE(append(batch(1, 1, of("kept"))));
  ASSERT_TRUE(append(batch(2, 1, of("undone"))));
  EXPECT_EQ((*at(1))->user_id, "kept");
  reopen();
  EXPECT_EQ((*at(1))->user_id, "kept");
  EXPECT_EQ((*at(2))->user_id, "undone");
  EXPECT_EQ(read({}, Tenancy::of_user("undone"))->events.size(), 1u);
}

}  // namespace synap::events::contract
