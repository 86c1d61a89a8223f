// The contract of the tables of jobs: what every engine that stores them must keep.
#include "bus/job_store_test.h"

#include <algorithm>

namespace synap::bus {
namespace {

using std::chrono::milliseconds;

TEST_F(JobStoreTest, ANewJobIsClaimedInItsOwnTransaction) {
  add(job(1));
  const auto claimed = next();
  EXPECT_EQ(claimed.position, 1);
  EXPECT_EQ(claimed.fence, 1);
  EXPECT_TRUE(finish(claimed));
  EXPECT_FALSE(finish(claimed)) << "it is done";
}

TEST_F(JobStoreTest, WhatIsRolledBackIsNotHandedOut) {
  EXPECT_FALSE(write([&](db::Tx& tx) {
    store->add(tx, job(1), true);
    tx.abort({Code::kConflict, "", nullptr});
  }));
  EXPECT_EQ(next().position, 0);
}

TEST_F(JobStoreTest, OneOfALineIsHandedOutAtATimeInTheOrderOfPositions) {
  const auto line = Uuid::v7();
  for (const auto position : {5, 6, 8}) add(job(position, line));
  add(job(7));
  const auto first = next();
  EXPECT_EQ(first.position, 5);
  EXPECT_EQ(next().position, 7);
  EXPECT_EQ(next().position, 0);
  // One that comes back, from before those that wait.
  add(job(3, line));
  EXPECT_TRUE(finish(first));
  EXPECT_EQ(done_now(), (Positions{3, 6, 8}));
}

TEST_F(JobStoreTest, AParkedJobHoldsItsLine) {
  const auto line = Uuid::v7();
  add(job(1, line));
  const auto first = next();
  EXPECT_TRUE(park(first, 1'000));
  add(job(2, line));
  EXPECT_EQ(next().position, 0);
  world.pass(milliseconds(1'000));
  claim();
  EXPECT_EQ(done_now(), (Positions{1, 2}));
}

// The one before it ends in the very commit that puts it behind.
TEST_F(JobStoreTest, NobodyIsForgottenWhoComesWhileTheOneBeforeEnds) {
  const auto line = Uuid::v7();
  add(job(1, line));
  const auto first = next();
  ASSERT_TRUE(write([&](db::Tx& tx) {
    store->add(tx, job(2, line), true);
    store->finish(tx, first);
  }));
  EXPECT_EQ(done_now(), Positions{2});
}

TEST_F(JobStoreTest, OnlyTheLastClaimMaySayWhatAJobHasComeTo) {
  add(job(1));
  const auto stale = next();
  restart();
  claim();
  const auto claimed = next();
  EXPECT_EQ(claimed.run_id, stale.run_id);
  EXPECT_EQ(claimed.fence, stale.fence + 1);
  for (const auto& result :
       {finish(stale), park(stale, 5), write([&](db::Tx& tx) { store->holds(tx, stale); }),
        write([&](db::Tx& tx) { store->count_start(tx, stale); })}) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Code::kConflict);
  }
  EXPECT_TRUE(write([&](db::Tx& tx) { store->holds(tx, claimed); }));
  EXPECT_TRUE(finish(claimed));
}

TEST_F(JobStoreTest, WhatAProcessHadIsFoundByTheNextAndItsStartsAreCounted) {
  add(job(1));
  restart();
  claim();
  auto found = next();
  EXPECT_TRUE(found.is_found);
  EXPECT_EQ(found.starts, 0);
  ASSERT_TRUE(write([&](db::Tx& tx) { EXPECT_EQ(store->count_start(tx, found), 1); }));
  restart();
  claim();
  found = next();
  EXPECT_EQ(found.starts, 1);
  // A call that has ended counts no more.
  ASSERT_TRUE(park(found, 0));
  claim();
  found = next();
  EXPECT_FALSE(found.is_found);
  EXPECT_EQ(found.starts, 0);
}

TEST_F(JobStoreTest, AParkedJobIsClaimedWhenItIsDue) {
  add(job(1));
  const auto due_at = store->clock().now() + 500;
  ASSERT_TRUE(park(next(), 500));
  EXPECT_EQ(store->next_due(), due_at);
  EXPECT_EQ(store->parked_count(), 1);
  world.pass(milliseconds(499));
  claim();
  EXPECT_EQ(next().position, 0);
  world.pass(milliseconds(1));
  claim();
  EXPECT_EQ(next().position, 1);
  EXPECT_FALSE(store->next_due());
  EXPECT_EQ(store->parked_count(), 0);
}

TEST_F(JobStoreTest, AJobThatNobodyHasBegunMayBePutOffOrTaken) {
  auto later = job(1);
  const auto add_later = [&](const Job& made) {
    ASSERT_TRUE(write([&](db::Tx& tx) { store->add_later(tx, made, 1'000, false); }));
  };
  const auto put_off = [&](const Job& which) {
    bool was_there = false;
    EXPECT_TRUE(write([&](db::Tx& tx) { was_there = store->put_off(tx, which, 2'000); }));
    return was_there;
  };
  const auto take = [&](Job& which) {
    bool was_there = false;
    EXPECT_TRUE(write([&](db::Tx& tx) { was_there = store->claim_unbegun(tx, which); }));
    return was_there;
  };
  add_later(later);
  EXPECT_TRUE(put_off(later));
  world.pass(milliseconds(1'500));
  claim();
  EXPECT_EQ(next().position, 0);
  EXPECT_TRUE(take(later));
  EXPECT_EQ(store->parked_count(), 0);
  EXPECT_FALSE(take(later));
  EXPECT_FALSE(put_off(later));
  // Whoever has it says what it came to; somebody has begun it then.
  ASSERT_TRUE(park(later, 1'000));
  EXPECT_FALSE(put_off(later));
  EXPECT_FALSE(take(later));
  world.pass(milliseconds(1'000));
  claim();
  EXPECT_EQ(done_now(), std::vector<std::int64_t>{1});
  // One that is due is another's, too.
  auto due = job(2);
  add_later(due);
  world.pass(milliseconds(1'000));
  claim();
  EXPECT_FALSE(take(due));
  EXPECT_EQ(done_now(), std::vector<std::int64_t>{2});
}

TEST_F(JobStoreTest, HowManyAreParkedIsKnownWithoutCountingThem) {
  const auto is_true = [&] {
    std::int64_t counted = -1;
    EXPECT_TRUE(write([&](db::Tx& tx) {
      auto rows = tx.query("SELECT count(*) FROM parked_jobs");
      if (rows.next()) counted = rows.integer(0);
    }));
    EXPECT_EQ(store->parked_count(), counted);
    return counted;
  };
  restart({.waiting = 4, .waiting_of_user = 2, .waiting_kept = 1});
  for (int position = 1; position <= 6; ++position) add(job(position));
  EXPECT_EQ(is_true(), 4);
  const auto first = next();
  ASSERT_TRUE(park(first, std::nullopt));
  EXPECT_EQ(is_true(), 5);
  EXPECT_TRUE(wake(first));
  is_true();
  done_now();
  claim();
  is_true();
  restart();
  is_true();
  claim();
  done_now();
  EXPECT_EQ(is_true(), 0);
}

TEST_F(JobStoreTest, AJobThatWaitsForSomethingIsDoneWhenItIsWoken) {
  add(job(1));
  const auto claimed = next();
  ASSERT_TRUE(park(claimed, std::nullopt));
  world.pass(std::chrono::hours(24 * 365));
  claim();
  EXPECT_EQ(next().position, 0);
  EXPECT_TRUE(wake(claimed));
  EXPECT_EQ(done_now(), Positions{1});
  EXPECT_FALSE(wake(claimed));
}

TEST_F(JobStoreTest, AJobThatIsWokenWhileItIsUnderWayIsDoneAgain) {
  add(job(1));
  const auto claimed = next();
  EXPECT_TRUE(wake(claimed));
  ASSERT_TRUE(park(claimed, 1'000'000));
  const auto again = next();
  EXPECT_EQ(again.position, 1);
  ASSERT_TRUE(park(again, 1'000'000));
  EXPECT_EQ(next().position, 0);
}

TEST_F(JobStoreTest, NothingThatHappensShortensABackoff) {
  add(job(1));
  const auto first = next();
  EXPECT_TRUE(wake(first));
  EXPECT_TRUE(write([&](db::Tx& tx) { EXPECT_TRUE(store->park(tx, first, 1'000, 1'000)); }));
  const auto pass = [&](std::int64_t ms) {
    world.pass(milliseconds(ms));
    claim();
    const auto job = next();
    if (job.position != 0) queue->release(job);
    return job;
  };
  EXPECT_EQ(next().position, 0) << "it was woken while it was under way";
  EXPECT_TRUE(wake(first));
  EXPECT_EQ(next().position, 0);
  EXPECT_EQ(pass(999).position, 0);
  const auto second = pass(1);
  EXPECT_EQ(second.position, 1);
  // What waits for longer than it has to is due when it may be.
  EXPECT_TRUE(write([&](db::Tx& tx) { EXPECT_FALSE(store->park(tx, second, 60'000, 1'000)); }));
  EXPECT_TRUE(wake(second));
  EXPECT_EQ(pass(999).position, 0);
  const auto third = pass(1);
  EXPECT_EQ(third.position, 1);
  EXPECT_TRUE(write([&](db::Tx& tx) { store->park(tx, third, std::nullopt, 1'000); }));
  world.pass(milliseconds(1'000));
  EXPECT_TRUE(wake(third));
  EXPECT_EQ(next().position, 1) << "it may";
}

TEST_F(JobStoreTest, AClockThatIsSetBackPutsOffNoJobAndOneThatIsSetForwardHurriesThem) {
  add(job(1));
  ASSERT_TRUE(park(next(), 1'000));
  world.jump(-std::chrono::hours(24));
  world.pass(milliseconds(1'000));
  claim();
  const auto first = next();
  EXPECT_EQ(first.position, 1);
  ASSERT_TRUE(park(first, 3'600'000));
  world.jump(std::chrono::hours(26));
  claim();
  EXPECT_EQ(done_now(), Positions{1});
}

TEST_F(JobStoreTest, AStartWithAClockThatIsBehindPutsNothingOff) {
  add(job(1));
  ASSERT_TRUE(park(next(), 1'000));
  world.jump(-std::chrono::years(10));
  restart();
  world.pass(milliseconds(999));
  claim();
  EXPECT_EQ(next().position, 0);
  world.pass(milliseconds(1));
  claim();
  EXPECT_EQ(done_now(), Positions{1});
}

TEST_F(JobStoreTest, AJobWithoutRoomWaitsInTheTableAndKeepsItsPlace) {
  restart({.waiting = 4, .waiting_of_user = 2, .waiting_kept = 1});
  for (int position = 1; position <= 6; ++position) add(job(position));
  EXPECT_EQ(queue->waiting_count(), 2u);
  EXPECT_EQ(done_now(), (Positions{1, 2}));
  add(job(7));
  EXPECT_EQ(next().position, 0) << "it is behind those in the table";
  Positions all;
  while (queue->wants_claim()) {
    claim();
    for (const auto position : done_now()) all.push_back(position);
  }
  EXPECT_EQ(all, (Positions{3, 4, 5, 6, 7}));
}

// To look for results is two reads of the disk.
TEST_F(JobStoreTest, OneThatNobodyHasBegunIsKnownToHaveNoResults) {
  restart({.waiting = 1, .waiting_of_user = 1, .waiting_kept = 1});
  for (const auto position : {1, 2, 3}) add(job(position));
  EXPECT_TRUE(finish(next()));
  claim();
  const auto waited = next();
  EXPECT_EQ(waited.position, 2);
  EXPECT_FALSE(waited.may_have_results);
  EXPECT_TRUE(park(waited, 1'000));
  claim();
  const auto unbegun = next();
  EXPECT_EQ(unbegun.position, 3);
  EXPECT_FALSE(unbegun.may_have_results);
  EXPECT_TRUE(finish(unbegun));
  world.pass(milliseconds(1'000));
  claim();
  const auto begun = next();
  EXPECT_EQ(begun.position, 2);
  EXPECT_TRUE(begun.may_have_results);
  restart();
  claim();
  EXPECT_TRUE(next().may_have_results) << "a process had it";
}

TEST_F(JobStoreTest, WhatHasPriorityIsClaimedBeforeWhatWaitedLonger) {
  restart({.waiting = 1, .waiting_of_user = 1, .waiting_kept = 1});
  add(job(1));
  for (const auto& [position, priority] :
       std::initializer_list<std::pair<int, int>>{{2, 0}, {3, 500}, {4, 1'500}, {5, -1'500}}) {
    auto one = job(position);
    one.priority_ms = priority;
    add(one);
    world.pass(milliseconds(500));
  }
  Positions went;
  for (int i = 0; i < 5; ++i) {
    const auto done = done_now();
    went.insert(went.end(), done.begin(), done.end());
    claim();
  }
  EXPECT_EQ(went, (Positions{1, 4, 2, 3, 5}));
}

TEST_F(JobStoreTest, APriorityIsKeptOverSleepsAndStarts) {
  auto one = job(1);
  one.priority_ms = 700;
  add(one);
  ASSERT_TRUE(park(next(), 10));
  restart();
  world.pass(milliseconds(20));
  claim();
  EXPECT_EQ(next().priority_ms, 700);
  restart();
  claim();
  EXPECT_EQ(next().priority_ms, 700);
}

TEST_F(JobStoreTest, AClaimThatIsNotCommittedIsMadeAgain) {
  restart({.waiting = 4, .waiting_of_user = 2, .waiting_kept = 1});
  for (int position = 1; position <= 3; ++position) add(job(position));
  EXPECT_EQ(done_now(), (Positions{1, 2}));
  EXPECT_FALSE(write([&](db::Tx& tx) {
    store->claim(tx);
    tx.abort({Code::kServiceUnavailable, "", nullptr});
  }));
  EXPECT_EQ(next().position, 0);
  EXPECT_TRUE(queue->wants_claim());
  claim();
  EXPECT_EQ(done_now(), Positions{3});
  EXPECT_FALSE(queue->wants_claim());
}

TEST_F(JobStoreTest, ABacklogOfOneUserOrFunctionKeepsNobodyElseWaiting) {
  restart({.waiting = 8, .waiting_of_user = 4, .waiting_kept = 2});
  for (int position = 1; position <= 100; ++position) add(job(position));
  add(job(101, std::nullopt, "g", "ann"));
  add(job(102, std::nullopt, "f", "zoe"));
  EXPECT_EQ(queue->waiting_count(), 5u) << "four of ann's, and zoe's";
  EXPECT_EQ(done_now(), (Positions{1, 102, 2, 3, 4}));
  claim();
  const auto next_ones = done_now();
  EXPECT_TRUE(std::ranges::find(next_ones, 101) != next_ones.end())
      << "the only one of its function";
}

// More functions than one claim looks at, and more that are gone.
TEST_F(JobStoreTest, NoFunctionIsForgottenBehindManyOthers) {
  restart({.waiting = 0, .waiting_of_user = 0, .waiting_kept = 0});
  std::int64_t position = 0;
  const auto name = [](int i) { return "h" + std::to_string(1'000 + i); };
  for (int i = 0; i < 200; ++i) {
    functions.add({.id = name(i), .triggers = {{"thing"}}});
    for (int jobs = 0; jobs < 3; ++jobs) add(job(++position, std::nullopt, name(i)));
  }
  for (int i = 0; i < 100; ++i) functions.remove(name(i));
  restart({.waiting = 40, .waiting_of_user = 40, .waiting_kept = 20});
  std::size_t done = 0;
  int claims = 0;
  for (; claims < 100 && queue->wants_claim(); ++claims) {
    claim();
    done += done_now().size();
  }
  EXPECT_EQ(done, 300u);
  EXPECT_LT(claims, 100) << "and nobody looks for what is gone again and again";
}

// However many apps he has had.
TEST_F(JobStoreTest, NoFunctionIsForgottenBehindManyThatAreGone) {
  ASSERT_TRUE(write([](db::Tx& tx) {
    tx.run(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000) INSERT "
        "INTO parked_jobs(line, position, run, function, user_id, attempt, fence, due_at) SELECT "
        "CAST('' || i AS BLOB), i, CAST('' || i AS BLOB), 'a' || i || '@ann', 'ann', 0, 0, 0 FROM "
        "n");
    tx.run("UPDATE job_clock SET parked = 12000");
  }));
  functions.put({.id = "b@bob", .triggers = {{"thing"}}, .user_id = "bob"});
  functions.put({.id = "c@ann", .triggers = {{"thing"}}, .user_id = "ann"});
  restart({.waiting = 0, .waiting_of_user = 0, .waiting_kept = 0});
  add(job(20'001, std::nullopt, "c@ann"));
  add(job(20'002));
  restart();
  claim();
  EXPECT_EQ(done_now(), (Positions{20'001, 20'002}));
  EXPECT_FALSE(queue->wants_claim());
}

TEST_F(JobStoreTest, WhatIsReadyAtAStartIsClaimedForAllUsersInTurn) {
  restart({.waiting = 0, .waiting_of_user = 0, .waiting_kept = 0});
  for (int i = 0; i < 200; ++i) add(job(i + 1, std::nullopt, "f", "user" + std::to_string(i)));
  EXPECT_EQ(next().position, 0);
  restart();
  std::size_t done = 0;
  for (int claims = 0; claims < 5 && queue->wants_claim(); ++claims) {
    claim();
    done += done_now().size();
  }
  EXPECT_EQ(done, 200u);
}

TEST_F(JobStoreTest, NobodyIsAskedForAgainOfWhomNothingIsReady) {
  add(job(1));
  EXPECT_TRUE(park(next(), 1'000));
  // As when a function of theirs is put.
  queue->note_unclaimed("ann");
  queue->note_unclaimed("bob");
  EXPECT_TRUE(queue->wants_claim());
  claim();
  EXPECT_FALSE(queue->wants_claim());
  world.pass(milliseconds(1'000));
  claim();
  EXPECT_EQ(done_now(), (Positions{1}));
}

TEST_F(JobStoreTest, AJobWhoseFunctionIsGoneWaitsForItsReturn) {
  add(job(1));
  add(job(2, std::nullopt, "g"));
  functions.remove("f");
  restart();
  claim();
  EXPECT_EQ(done_now(), Positions{2});
  EXPECT_FALSE(queue->wants_claim());
  functions.add({.id = "f", .triggers = {{"thing"}}});
  restart();
  claim();
  EXPECT_EQ(done_now(), Positions{1});
}

TEST_F(JobStoreTest, WhatIsWokenWithoutItsFunctionWaitsForItsReturn) {
  add(job(1));
  const auto claimed = next();
  ASSERT_TRUE(park(claimed, std::nullopt));
  functions.remove("f");
  EXPECT_TRUE(wake(claimed)) << "and whoever wakes others with it is not held up";
  EXPECT_EQ(next().position, 0);
  functions.add({.id = "f", .triggers = {{"thing"}}});
  restart();
  claim();
  EXPECT_EQ(done_now(), Positions{1});
}

}  // namespace
}  // namespace synap::bus
