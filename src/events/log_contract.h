// What every EventLog must do, as tests. An engine joins by naming itself:
//
//   INSTANTIATE_TEST_SUITE_P(Sqlite, EventLog, testing::Values(Engine{...}), engine_name);
//
// in a test file that includes this header in namespace synap::events::contract.
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

struct Engine {
  std::string name;
  std::function<std::unique_ptr<Storage>()> make;
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
  Result<Page> read(Filter filter, Scope scope = Scope::whole_pod()) {
    return sync_wait(executor, log().read(scope, filter));
  }
  Result<Refs> stream(Uuid id, std::int64_t from = 1, Scope scope = Scope::whole_pod()) {
    return sync_wait(executor, log().read_stream(scope, id, from, 1'000));
  }
  Result<EventRef> find(Uuid id, Scope scope = Scope::whole_pod()) {
    return sync_wait(executor, log().find(scope, id));
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
    filter.after = first.next_after;
    const auto rest = read(filter).value();
    EXPECT_EQ(first.events.size() + rest.events.size(), 8u);
    EXPECT_EQ(rest.events.front()->position, first.events.back()->position + 1);
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
  const auto newest = [&](const Scope& scope, const Uuid& id) {
    return *write([&](db::Tx& tx) { return log().newest(tx, scope, id); });
  };
  EXPECT_EQ(newest(Scope::whole_pod(), thing), nullptr);
  ASSERT_TRUE(append(batch(1, 3, of("ann", thing))));
  EXPECT_EQ(newest(Scope::of_user("ann"), thing)->aggregate_version, 3);
  EXPECT_EQ(newest(Scope::of_user("bob"), thing), nullptr);
  EXPECT_EQ(newest(Scope::of_user("ann"), Uuid::v7()), nullptr);
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
  const auto bob = Scope::of_user("bob");
  EXPECT_TRUE(stream(id, 1, bob)->empty());
  EXPECT_EQ(find((*at(1))->id, bob).error().code, Code::kNotFound);
  Filter filter;
  filter.aggregate_id = id;
  EXPECT_TRUE(read(filter, bob)->events.empty());
  EXPECT_EQ(read(filter, Scope::of_user("ann"))->events.size(), 2u);
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
    return second.events.front()->position - first.events.front()->position;
  });
  EXPECT_EQ(*done, 1);
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
  EXPECT_EQ(read({}, Scope::of_user("new user"))->events.size(), 1u);
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
  EXPECT_EQ(read({}, Scope::of_user("undone"))->events.size(), 1u);
}

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
    const auto got = [&](Filter filter, Scope scope) {
      return positions(read(std::move(filter), std::move(scope))->events);
    };
    const auto pod = Scope::whole_pod();
    Filter by_aggregate, by_correlation, by_request, by_type, by_all;
    by_aggregate.aggregate_id = by_all.aggregate_id = aggregate;
    by_correlation.correlation_id = by_all.correlation_id = correlation;
    by_request.request_id = by_all.request_id = request;
    by_type.types = by_all.types = {"a.changed", "b.made", "never.heard.of"};
    EXPECT_EQ(got(by_aggregate, pod), (Positions{1, 5, 9, 13, 17, 21}));
    EXPECT_EQ(got(by_correlation, pod), (Positions{1, 4, 7, 10, 13, 16, 19, 22}));
    EXPECT_EQ(got(by_correlation, Scope::of_user("bob")), (Positions{4, 10, 16, 22}));
    EXPECT_EQ(got(by_request, pod), (Positions{1, 7, 13, 19}));
    EXPECT_EQ(got(by_type, pod), (Positions{1, 6, 11, 16, 21}));
    EXPECT_EQ(got(by_type, Scope::of_user("ann")), (Positions{1, 11, 21}));
    EXPECT_EQ(got(by_all, pod), Positions{1});
    by_all.after = 1;
    EXPECT_TRUE(got(by_all, pod).empty());
    EXPECT_TRUE(got({}, Scope::of_user("nobody")).empty());
    EXPECT_EQ(got({}, Scope::of_user("bob")).size(), 12u);
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
    EXPECT_EQ(read(rare, Scope::of_user("bob"))->events.size(), 1u);
    const auto nothing = read(of_ann, Scope::of_user("ann"));
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
          auto page = co_await log().read(Scope::whole_pod(), filter);
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
  for (const char* sql : {
           "UPDATE events SET data = '{}'",
           "UPDATE events SET position = position + 10",
           "DELETE FROM events",
           "DELETE FROM events WHERE position = 2",
           "INSERT OR REPLACE INTO events(position, type, data_version, user, source, timestamp, "
           "id, content_hash, link, data) SELECT position, type, 1, user, source, timestamp, id, "
           "content_hash, link, '{}' FROM events",
           "REPLACE INTO events(type, data_version, user, source, timestamp, id, content_hash, "
           "link, data) SELECT type, 1, user, source, timestamp, id, content_hash, link, '{}' "
           "FROM events WHERE position = 1",
       }) {
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
  const auto page = sync_wait(executor, log().read_stream(Scope::whole_pod(), id, 2, 3));
  EXPECT_EQ(positions(*page), (Positions{2, 3, 4}));
}

TEST_P(EventLog, ObserversAreHandedTheEventsInTheTransactionThatAppendsThem) {
  std::vector<std::string> seen;
  log().observe([&](db::Tx& tx, std::span<const EventRef> events) {
    for (const auto& each : events) {
      seen.push_back(each->type + "@" + std::to_string(each->position));
      auto rows = tx.query("SELECT count(*) FROM events WHERE position = $1", each->position);
      EXPECT_TRUE(rows.next());
      EXPECT_EQ(rows.integer(0), 1);
    }
  });
  ASSERT_TRUE(append({.events = {event(1), event(2, of("ann"), "b.made")}}));
  EXPECT_EQ(seen, (std::vector<std::string>{"a.made@1", "b.made@2"}));
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
  for (const char* change : {
           "data = '{\"n\":9}'",
           "metadata = NULL",
           "metadata = '{}'",
           "user = (SELECT number FROM names WHERE name = 'eve')",
           "source = 6",
           "timestamp = timestamp + 1",
           "aggregate_version = 9",
           "aggregate_type = NULL",
           "actor = 'other'",
           "on_behalf_of = 1",
           "data_version = 2",
           "id = x'00000000000000000000000000000000'",
           "request = x'00000000000000000000000000000000'",
           "content_hash = zeroblob(32)",
           "link = zeroblob(32)",
           "salt = zeroblob(16)",
           "salt = NULL",
       }) {
    storage = GetParam().make();
    reopen();
    ASSERT_TRUE(append({.events = {event(1, envelope), event(2, envelope), event(3, envelope)}}));
    ASSERT_TRUE(append({.events = {event(4, of("eve"))}}));
    ASSERT_TRUE(write([&](db::Tx& tx) {
      tx.run("DROP TRIGGER events_are_not_updated");
      tx.run(std::string("UPDATE events SET ") + change + " WHERE position = 2");
    }));
    const auto found = sync_wait(executor, log().verify(0, 1'000));
    ASSERT_TRUE(found && found->first_broken) << change;
    EXPECT_EQ(found->first_broken->position, 2) << change;
  }
}

TEST_P(EventLog, AnEventThatIsGoneIsFoundWhereItWas) {
  ASSERT_TRUE(append(batch(1, 3)));
  ASSERT_TRUE(write([&](db::Tx& tx) {
    tx.run("DROP TRIGGER events_are_not_deleted");
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
  for (const char* half : {
           "UPDATE events SET salt = NULL WHERE position = 1",
           "UPDATE events SET salt = NULL, data = '{}' WHERE position = 1",
           "UPDATE events SET salt = NULL, metadata = NULL, data = '{\"n\":2}' WHERE position = 1",
           "UPDATE events SET salt = NULL, metadata = NULL, data = '{}', source = 3 "
           "WHERE position = 1",
           "UPDATE events SET salt = zeroblob(16) WHERE position = 2",
           "UPDATE events SET data = '{\"n\":1}' WHERE position = 2",
       }) {
    testing::internal::CaptureStderr();
    EXPECT_FALSE(write([&](db::Tx& tx) { tx.run(half); })) << half;
    testing::internal::GetCapturedStderr();
  }
}

}  // namespace synap::events::contract
