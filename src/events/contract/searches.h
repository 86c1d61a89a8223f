// What searching a log promises: the newest first, by who acted, when, and by the beginning of a
// type (log_contract.h). Included by tests only.
#pragma once

#include <ranges>

#include "events/contract/rig.h"

namespace synap::events::contract {

TEST_P(EventLog, TheNewestComeFirstPageByPage) {
  ASSERT_TRUE(append(batch(1, 25)));
  for (int pass = 0; pass < 2; ++pass) {
    Positions seen;
    Filter filter{.limit = 4, .order = Order::kNewestFirst};
    for (bool is_at_end = false; !is_at_end;) {
      const auto page = read(filter);
      ASSERT_TRUE(page);
      ASSERT_LE(page->events.size(), 4u);
      for (const auto position : positions(page->events)) seen.push_back(position);
      EXPECT_EQ(page->next_after, std::min<std::int64_t>(25, filter.before - 1));
      filter.before = page->next_before;
      is_at_end = page->is_at_end;
      ASSERT_LE(seen.size(), 25u);
    }
    EXPECT_EQ(seen.size(), 25u);
    EXPECT_TRUE(std::ranges::is_sorted(seen, std::greater{}));
    EXPECT_EQ(seen.front(), 25);
    EXPECT_EQ(filter.before, 1);
    reopen();
  }
}

// Mostly a request is the root of its correlation; where it was made because of an event it shares
// that one's, with whatever else came of it.
TEST_P(EventLog, FindsTheEventsOfARequestWhateverItsCorrelation) {
  const auto root = Uuid::v7();
  const auto caused = Uuid::v7();
  const auto alone = Uuid::v7();
  const auto of_request = [](const char* user, const Uuid& request, std::optional<Uuid> of) {
    auto envelope = EventLog::of(user);
    envelope.request_id = request;
    envelope.correlation_id = of;
    return envelope;
  };
  ASSERT_TRUE(append({.events = {event(1, of_request("ann", root, root)),
                                 event(2, of_request("ann", caused, root))}}));
  ASSERT_TRUE(append({.events = {event(3, of_request("bob", alone, std::nullopt))}}));
  ASSERT_TRUE(append({.events = {event(4, of_request("ann", root, root)),
                                 event(5, of_request("ann", caused, root), "b.made")}}));
  const auto ann = Tenancy::of_user("ann");
  for (int pass = 0; pass < 2; ++pass) {
    EXPECT_EQ(positions(read({.request_id = root}, ann)->events), (Positions{1, 4}));
    EXPECT_EQ(positions(read({.request_id = caused}, ann)->events), (Positions{2, 5}));
    EXPECT_EQ(positions(read({.request_id = alone})->events), Positions{3});
    EXPECT_TRUE(read({.request_id = alone}, ann)->events.empty()) << "nobody learns of another's";
    EXPECT_TRUE(read({.request_id = Uuid::v7()})->events.empty());
    const auto newest = read({.request_id = caused, .order = Order::kNewestFirst}, ann);
    EXPECT_EQ(positions(newest->events), (Positions{5, 2}));
    EXPECT_EQ(positions(read({.types = {"b.*"}, .request_id = caused}, ann)->events), Positions{5});
    EXPECT_EQ(positions(read({.correlation_id = root, .request_id = caused}, ann)->events),
              (Positions{2, 5}));
    EXPECT_EQ(positions(read({.after = 2, .request_id = caused}, ann)->events), Positions{5});
    reopen();
  }
}

TEST_P(EventLog, AnIndexLeadsToARequestInALongLog) {
  constexpr int kEvents = 45'000;  // more than one bounded walk
  auto caused = of("ann");
  caused.request_id = Uuid::v7();
  caused.correlation_id = Uuid::v7();
  auto others = caused;
  others.request_id = Uuid::v7();
  ASSERT_TRUE(append({.events = {event(0, others), event(0, caused)}}));
  for (int n = 1; n < kEvents; n += 1'000) ASSERT_TRUE(append(batch(n, 1'000, others)));
  for (const auto order : {Order::kOldestFirst, Order::kNewestFirst}) {
    const Filter filter{.request_id = caused.request_id, .order = order};
    const auto one = test::run(executor, [&] {
      return database().read([&](db::Tx& tx) { return log().read(tx, filter); });
    });
    ASSERT_TRUE(one);
    EXPECT_EQ(positions(one->events), Positions{2});
    EXPECT_TRUE(one->is_at_end) << "one read tells";
  }
}

TEST_P(EventLog, BeforeAndAfterBoundBothOrders) {
  ASSERT_TRUE(append(batch(1, 10)));
  for (int pass = 0; pass < 2; ++pass) {
    const auto up = read({.after = 3, .before = 7});
    EXPECT_EQ(positions(up->events), (Positions{4, 5, 6}));
    EXPECT_EQ(up->next_after, 6);
    EXPECT_TRUE(up->is_at_end);
    const auto down = read({.after = 3, .before = 7, .order = Order::kNewestFirst});
    EXPECT_EQ(positions(down->events), (Positions{6, 5, 4}));
    EXPECT_EQ(down->next_before, 4);
    EXPECT_TRUE(down->is_at_end);
    const auto none = read({.before = 1, .order = Order::kNewestFirst});
    EXPECT_TRUE(none->events.empty() && none->is_at_end);
    const auto part = read({.after = 3, .limit = 2, .before = 7, .order = Order::kNewestFirst});
    EXPECT_EQ(positions(part->events), (Positions{6, 5}));
    EXPECT_EQ(part->next_before, 5);
    EXPECT_FALSE(part->is_at_end);
    reopen();
  }
}

TEST_P(EventLog, TheNewestComeFirstAcrossMemoryAndTable) {
  constexpr int kEvents = 20'500;  // well over what is kept in memory, and over one bounded scan
  for (int n = 1; n <= kEvents; n += 500) ASSERT_TRUE(append(batch(n, 500)));
  std::int64_t expected = kEvents;
  Filter filter{.limit = 999, .order = Order::kNewestFirst};
  while (expected > 0) {
    const auto page = read(filter);
    ASSERT_TRUE(page);
    ASSERT_FALSE(page->events.empty());
    for (const auto& event : page->events) ASSERT_EQ(event->position, expected--);
    filter.before = page->next_before;
    ASSERT_EQ(page->is_at_end, expected == 0);
  }
}

TEST_P(EventLog, FindsByWhoActedAndHow) {
  const auto run = Uuid::v7();
  for (int i = 1; i <= 12; ++i) {
    auto envelope = of(i % 2 == 0 ? "ann" : "bob");
    if (i % 3 == 0) envelope.actor = Actor::key("k1");
    if (i % 3 == 1) envelope.actor = Actor::run(run);
    if (i % 4 == 0) envelope.source = Source::kAgent;
    ASSERT_TRUE(append({.events = {event(i, envelope)}}));
  }
  const auto ann = Tenancy::of_user("ann");
  for (int pass = 0; pass < 2; ++pass) {
    EXPECT_EQ(positions(read({.actor = "k1"})->events), (Positions{3, 6, 9, 12}));
    EXPECT_EQ(positions(read({.actor = "k1"}, ann)->events), (Positions{6, 12}));
    EXPECT_EQ(positions(read({.actor = run.to_string()})->events), (Positions{1, 4, 7, 10}));
    EXPECT_TRUE(read({.actor = "k"})->events.empty());
    EXPECT_EQ(positions(read({.source = Source::kAgent})->events), (Positions{4, 8, 12}));
    const auto newest =
        read({.source = Source::kAgent, .actor = "k1", .order = Order::kNewestFirst}, ann);
    EXPECT_EQ(positions(newest->events), Positions{12});
    EXPECT_TRUE(newest->is_at_end);
    reopen();
  }
}

TEST_P(EventLog, FindsTypesByTheirBeginning) {
  for (int i = 0; i < 9; ++i) {
    const char* type = i % 3 == 0 ? "a.made" : i % 3 == 1 ? "a.changed" : "b.made";
    ASSERT_TRUE(append({.events = {event(i, of(i % 2 == 0 ? "ann" : "bob"), type)}}));
  }
  for (int pass = 0; pass < 2; ++pass) {
    EXPECT_EQ(positions(read({.types = {"a.*"}})->events), (Positions{1, 2, 4, 5, 7, 8}));
    EXPECT_EQ(positions(read({.types = {"a.*"}}, Tenancy::of_user("ann"))->events),
              (Positions{1, 5, 7}));
    EXPECT_EQ(positions(read({.types = {"b.*", "a.made"}})->events), (Positions{1, 3, 4, 6, 7, 9}));
    EXPECT_EQ(read({.types = {"*"}})->events.size(), 9u);
    EXPECT_TRUE(read({.types = {"c.*", "a"}})->events.empty());
    const auto newest = read({.limit = 2, .types = {"b.*"}, .order = Order::kNewestFirst});
    EXPECT_EQ(positions(newest->events), (Positions{9, 6}));
    reopen();
  }
}

TEST_P(EventLog, FindsByTimeAlsoWhereAClockWentBackALittle) {
  constexpr std::int64_t kStart = 1'700'000'000'000;
  constexpr std::int64_t kStep = 10'000;
  Append all;
  for (int i = 1; i <= 100; ++i) {
    auto envelope = of(i % 2 == 0 ? "ann" : "bob");
    envelope.timestamp = kStart + i * kStep;
    // Half a minute behind its neighbours.
    if (i == 52) envelope.timestamp = kStart + 48 * kStep;
    all.events.clear();
    all.events.push_back(event(i, envelope));
    ASSERT_TRUE(append(all));
  }
  for (int pass = 0; pass < 2; ++pass) {
    Filter filter{.from = kStart + 46 * kStep, .to = kStart + 49 * kStep};
    EXPECT_EQ(positions(read(filter)->events), (Positions{46, 47, 48, 52}));
    EXPECT_EQ(positions(read(filter, Tenancy::of_user("bob"))->events), Positions{47});
    EXPECT_TRUE(read(filter)->is_at_end);
    filter.order = Order::kNewestFirst;
    EXPECT_EQ(positions(read(filter)->events), (Positions{52, 48, 47, 46}));
    EXPECT_EQ(read({.from = kStart + 100 * kStep})->events.size(), 1u);
    EXPECT_TRUE(read({.from = kStart + 101 * kStep})->events.empty());
    EXPECT_TRUE(read({.to = kStart + kStep})->events.empty());
    EXPECT_EQ(read({.to = kStart + 2 * kStep})->next_after, 100);  // nothing behind it fits
    reopen();
  }
}

TEST_P(EventLog, ASearchThatMatchesLittleLooksAtABoundedPartAtATime) {
  constexpr int kEvents = 45'000;
  ASSERT_TRUE(append({.events = {event(0, of("bob"), "b.made")}}));
  for (int n = 1; n < kEvents; n += 1'000) ASSERT_TRUE(append(batch(n, 1'000)));
  const Filter rare{.types = {"b.*"}, .order = Order::kNewestFirst};
  const auto one = test::run(
      executor, [&] { return database().read([&](db::Tx& tx) { return log().read(tx, rare); }); });
  ASSERT_TRUE(one);
  EXPECT_TRUE(one->events.empty());
  EXPECT_FALSE(one->is_at_end);
  EXPECT_GT(one->next_before, 1);
  EXPECT_LT(one->next_before, kEvents);
  // A read on its own goes on by itself.
  for (int pass = 0; pass < 2; ++pass) {
    const auto found = read(rare);
    ASSERT_TRUE(found);
    EXPECT_EQ(positions(found->events), Positions{1});
    EXPECT_EQ(found->next_after, kEvents + 1);
    reopen();
  }
  // Where times lead, the rest is not walked over.
  const auto newest = (*at(kEvents))->timestamp;
  const Filter later{.types = {"b.*"}, .from = newest + 2 * kTimeSlackMs};
  const auto none = test::run(
      executor, [&] { return database().read([&](db::Tx& tx) { return log().read(tx, later); }); });
  EXPECT_TRUE(none->is_at_end);
}

}  // namespace synap::events::contract
