// What reading a log promises: filters, pages, order (log_contract.h). Included by tests only.
#pragma once

#include "events/contract/rig.h"

namespace synap::events::contract {

TEST_P(EventLog, FiltersByAllThatAnEventIsAbout) {
  const auto aggregate = Uuid::v7();
  const auto correlation = Uuid::v7();
  const auto request = Uuid::v7();
  for (int i = 0; i < 24; ++i) {
    auto envelope = of(i % 2 == 0 ? "ann" : "bob");
    if (i % 4 == 0) envelope.aggregate_id = aggregate;
    if (i % 3 == 0) envelope.correlation_id = correlation;
    if (i % 6 == 0) envelope.request_id = request;
    ASSERT_TRUE(append({.events = {event(i, envelope, i % 5 == 0 ? "a.changed" : "a.made")}}));
  }
  // From memory first, then from the table: the answers are the same.
  for (int pass = 0; pass < 2; ++pass) {
    const auto got = [&](Filter filter, Tenancy tenancy) {
      return positions(read(std::move(filter), std::move(tenancy))->events);
    };
    const auto pod = Tenancy::whole_pod();
    Filter by_aggregate, by_correlation, by_request, by_type, by_all;
    by_aggregate.aggregate_id = by_all.aggregate_id = aggregate;
    by_correlation.correlation_id = by_all.correlation_id = correlation;
    by_request.request_id = by_all.request_id = request;
    by_type.types = by_all.types = {"a.changed", "b.made", "never.heard.of"};
    EXPECT_EQ(got(by_aggregate, pod), (Positions{1, 5, 9, 13, 17, 21}));
    EXPECT_EQ(got(by_correlation, pod), (Positions{1, 4, 7, 10, 13, 16, 19, 22}));
    EXPECT_EQ(got(by_correlation, Tenancy::of_user("bob")), (Positions{4, 10, 16, 22}));
    EXPECT_EQ(got(by_request, pod), (Positions{1, 7, 13, 19}));
    EXPECT_EQ(got(by_type, pod), (Positions{1, 6, 11, 16, 21}));
    EXPECT_EQ(got(by_type, Tenancy::of_user("ann")), (Positions{1, 11, 21}));
    EXPECT_EQ(got(by_all, pod), Positions{1});
    by_all.after = 1;
    EXPECT_TRUE(got(by_all, pod).empty());
    EXPECT_TRUE(got({}, Tenancy::of_user("nobody")).empty());
    EXPECT_EQ(got({}, Tenancy::of_user("bob")).size(), 12u);
    Filter unknown;
    unknown.types = {"never.heard.of"};
    EXPECT_EQ(read(unknown)->next_after, 24);
    reopen();
  }
}

TEST_P(EventLog, PagesThroughWithNextAfter) {
  ASSERT_TRUE(append(batch(1, 25)));
  for (int pass = 0; pass < 2; ++pass) {
    Positions seen;
    Filter filter;
    filter.limit = 4;
    for (;;) {
      const auto page = read(filter);
      if (page->events.empty()) break;
      EXPECT_LE(page->events.size(), 4u);
      for (const auto position : positions(page->events)) seen.push_back(position);
      filter.after = page->next_after;
    }
    EXPECT_EQ(seen.size(), 25u);
    EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
    EXPECT_EQ(filter.after, 25);
    EXPECT_EQ(read({.after = 1'000})->next_after, 1'000);
    reopen();
  }
}

TEST_P(EventLog, FindsTheBoundaryOfMemoryAndTableSeamless) {
  constexpr int kEvents = 20'500;  // well over what is kept in memory, and over one bounded scan
  for (int n = 1; n <= kEvents; n += 500) ASSERT_TRUE(append(batch(n, 500)));
  ASSERT_EQ(log().end().value(), kEvents);
  std::int64_t expected = 1;
  Filter filter;
  filter.limit = 999;
  while (expected <= kEvents) {
    const auto page = read(filter);
    ASSERT_TRUE(page);
    ASSERT_FALSE(page->events.empty());
    for (const auto& event : page->events) ASSERT_EQ(event->position, expected++);
    filter.after = page->next_after;
  }
  // Around the place where memory begins, whichever it is.
  for (const std::int64_t position : {kEvents - 8193, kEvents - 8192, kEvents - 8191, kEvents, 1}) {
    EXPECT_EQ((*at(position))->position, position);
    EXPECT_EQ(read({.after = position - 1, .limit = 1})->events.front()->position, position);
  }
  EXPECT_EQ(at(0).error().code, Code::kNotFound);
  EXPECT_EQ(at(kEvents + 1).error().code, Code::kNotFound);
}

TEST_P(EventLog, FindsEachEventByItsPositionInAnyOrder) {
  constexpr int kEvents = 300;
  for (int n = 1; n <= kEvents; n += 100) ASSERT_TRUE(append(batch(n, 100)));
  reopen();  // nothing is in memory
  std::vector<std::int64_t> asked;
  for (std::int64_t position = 1; position <= kEvents; ++position) asked.push_back(position);
  asked.insert(asked.end(), asked.rbegin(), asked.rend());
  for (std::int64_t n = 0; n < kEvents; ++n) asked.push_back(1 + n * 7 % kEvents);
  for (const auto position : asked) {
    const auto found = at(position);
    ASSERT_TRUE(found);
    ASSERT_EQ((*found)->position, position);
    ASSERT_EQ((*found)->data, R"({"n":)" + std::to_string(position) + "}");
  }
  EXPECT_EQ(at(kEvents + 1).error().code, Code::kNotFound);
}

TEST_P(EventLog, FilterThatMatchesLittleFindsItInALongLog) {
  constexpr int kEvents = 45'000;
  for (int n = 1; n <= kEvents; n += 1'000) ASSERT_TRUE(append(batch(n, 1'000)));
  ASSERT_TRUE(append({.events = {event(0, of("bob"), "b.made")}}));
  Filter rare;
  rare.types = {"b.made"};
  Filter never;
  never.types = {"a.changed"};
  ASSERT_TRUE(append({.events = {event(0, of("bob"), "a.changed")}}));  // so that it has a number
  Filter of_ann = never;
  for (int pass = 0; pass < 2; ++pass) {
    const auto found = read(rare);
    ASSERT_EQ(found->events.size(), 1u);
    EXPECT_EQ(found->events.front()->position, kEvents + 1);
    EXPECT_EQ(read(rare, Tenancy::of_user("bob"))->events.size(), 1u);
    const auto nothing = read(of_ann, Tenancy::of_user("ann"));
    EXPECT_TRUE(nothing->events.empty());
    EXPECT_EQ(nothing->next_after, kEvents + 2);
    reopen();
  }
}

TEST_P(EventLog, ReadersSeeEveryPositionOnceInOrderUnderConcurrentAppends) {
  constexpr int kAppenders = 16;
  constexpr int kAppends = 40;
  constexpr int kReaders = 8;
  constexpr std::int64_t kTotal = kAppenders * kAppends * 2;
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int r = 0; r < kReaders; ++r) {
    threads.emplace_back([&, r] {
      ThreadExecutor own("tail");
      std::mt19937 random(static_cast<unsigned>(r));
      auto follow = [&]() -> Task<int> {
        Filter filter;
        filter.after = r == 0 ? 0 : static_cast<int>(random() % 300);
        std::int64_t next = filter.after + 1;
        while (next <= kTotal) {
          co_await log().end().wait_past(filter.after);
          filter.limit = 1 + static_cast<int>(random() % 50);
          auto page = co_await log().read(Tenancy::whole_pod(), filter);
          if (!page) co_return 1;
          for (const auto& event : page->events) {
            if (event->position != next++) co_return 1;
          }
          filter.after = page->next_after;
          if (filter.after + 1 < next) co_return 1;
        }
        co_return 0;
      };
      wrong += sync_wait(own, follow());
    });
  }
  for (int a = 0; a < kAppenders; ++a) {
    threads.emplace_back([&, a] {
      ThreadExecutor own("append");
      const auto id = Uuid::v7();
      for (int i = 0; i < kAppends; ++i) {
        auto two = batch(i, 2, of("user" + std::to_string(a), id));
        const auto done = sync_wait(own, log().append(std::move(two)));
        if (!done || done->events[1]->position != done->events[0]->position + 1) ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(log().end().value(), kTotal);
}

TEST_P(EventLog, EventsCannotBeChangedOrDeletedBySql) {
  ASSERT_TRUE(append(batch(1, 2)));
  const auto before = (*at(1))->json();
  std::vector<std::string> statements = {
      "UPDATE events SET data = '{}'",
      "UPDATE events SET position = position + 10",
      "DELETE FROM events",
      "DELETE FROM events WHERE position = 2",
  };
  std::ranges::copy(words().overwrites, std::back_inserter(statements));
  for (const auto& sql : statements) {
    testing::internal::CaptureStderr();
    EXPECT_FALSE(write([&](db::Tx& tx) { tx.run(sql); })) << sql;
    testing::internal::GetCapturedStderr();
  }
  reopen();
  EXPECT_EQ((*at(1))->json(), before);
  EXPECT_EQ(read({})->events.size(), 2u);
}

TEST_P(EventLog, GoesOnWhereItEndedAfterReopening) {
  const auto id = Uuid::v7();
  ASSERT_TRUE(append(batch(1, 3, of("ann", id))));
  reopen();
  EXPECT_EQ(log().end().value(), 3);
  const auto appended = append({.events = {event(4, of("ann", id))}, .expectations = {{id, 3}}});
  ASSERT_TRUE(appended);
  EXPECT_EQ(appended->events.front()->position, 4);
  EXPECT_EQ(appended->events.front()->aggregate_version, 4);
  EXPECT_EQ(positions(*stream(id)), (Positions{1, 2, 3, 4}));
}

TEST_P(EventLog, AStreamIsReadInPages) {
  const auto id = Uuid::v7();
  ASSERT_TRUE(append(batch(1, 5, of("ann", id))));
  const auto page = sync_wait(executor, log().read_stream(Tenancy::whole_pod(), id, 2, 3));
  EXPECT_EQ(positions(*page), (Positions{2, 3, 4}));
}

}  // namespace synap::events::contract
