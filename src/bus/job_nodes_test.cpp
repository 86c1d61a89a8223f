// Jobs of two nodes over one database.
#include "bus/job_store_test.h"

namespace synap::bus {
namespace {

using std::chrono::milliseconds;

// A node that does not lead, beside the one that does.
class JobsOfTwoNodes : public JobStoreTest {
 protected:
  JobsOfTwoNodes() {
    store->share({.number = 1, .living = [this](db::Tx&) { return living; }});
    EXPECT_TRUE(sync_wait(executor, store->take_over()));
    other.share({.number = 2, .living = [this](db::Tx&) { return living; }});
  }
  /// Assigned to the other node; what that one reads of it.
  std::vector<Job> assign(const std::vector<Job>& jobs) {
    std::vector<Job> read;
    EXPECT_TRUE(write([&](db::Tx& tx) { store->assign(tx, jobs, 2); }));
    EXPECT_TRUE(write([&](db::Tx& tx) { read = other.assigned_to(tx, 2, turn); }));
    return read;
  }
  std::size_t held() {
    std::size_t count = 0;
    EXPECT_TRUE(write([&](db::Tx& tx) { count = JobStore::held_by_nodes(tx).size(); }));
    return count;
  }
  void add_elsewhere(Job job) {
    ASSERT_TRUE(write([&](db::Tx& tx) { other.add(tx, job, job.line != job.run_id); }));
  }
  void take_in() {
    ASSERT_TRUE(write([&](db::Tx& tx) { store->take_in(tx); }));
    claim();
  }
  std::vector<std::int64_t> living{1, 2};
  std::int64_t turn = 0;
  Queue other_queue;
  JobStore other{*database, functions, other_queue, JobStoreOptions{.world = world}};
};

TEST_F(JobsOfTwoNodes, WhatIsAddedElsewhereIsClaimedByTheOneThatLeads) {
  add_elsewhere(job(1));
  EXPECT_FALSE(other_queue.next());
  EXPECT_FALSE(other_queue.wants_claim());
  take_in();
  EXPECT_EQ(done_now(), (Positions{1}));
}

TEST_F(JobsOfTwoNodes, ALineKeepsItsOrderWhoeverAddsToIt) {
  const auto line = Uuid::v7();
  add_elsewhere(job(1, line));
  add_elsewhere(job(2, line));
  add(job(3, line));
  EXPECT_EQ(next().position, 0) << "it stands behind those that nobody has taken in yet";
  take_in();
  const auto first = next();
  EXPECT_EQ(first.position, 1);
  EXPECT_EQ(next().position, 0);
  add_elsewhere(job(4, line));
  EXPECT_TRUE(finish(first));
  take_in();
  EXPECT_EQ(done_now(), (Positions{2, 3, 4}));
  // The first of a line ends in the moment in which another comes.
  add(job(5, line));
  const auto fifth = next();
  EXPECT_TRUE(finish(fifth));
  add_elsewhere(job(6, line));
  take_in();
  EXPECT_EQ(done_now(), (Positions{6}));
}

TEST_F(JobsOfTwoNodes, WhoStandsBehindOneThatIsRemovedElsewhereGoesOn) {
  const auto line = Uuid::v7();
  add(job(1, line));
  const auto first = next();
  EXPECT_TRUE(park(first, 60'000));
  add(job(2, line));
  ASSERT_TRUE(write([&](db::Tx& tx) { other.remove(tx, first); }));
  take_in();
  EXPECT_EQ(done_now(), (Positions{2}));
}

TEST_F(JobsOfTwoNodes, WhoTakesOverHasWhatTheOneBeforeHadAndWhatWasAdded) {
  const auto line = Uuid::v7();
  add(job(1, line));
  const auto lost = next();
  add_elsewhere(job(2, line));
  add_elsewhere(job(3));
  ASSERT_TRUE(test::run(executor, [&] { return other.take_over(); }));
  ASSERT_TRUE(write([&](db::Tx& tx) { other.claim(tx); }));
  Positions found;
  while (auto job = other_queue.next()) {
    found.push_back(job->position);
    ASSERT_TRUE(write([&](db::Tx& tx) { other.finish(tx, *job); }));
    other_queue.release(*job);
  }
  std::ranges::sort(found);
  EXPECT_EQ(found, (Positions{1, 2, 3}));
  EXPECT_FALSE(finish(lost)) << "somebody else has claimed it since";
  // And claims what comes from now on.
  add_elsewhere(job(4));
  EXPECT_TRUE(other_queue.next());
}

TEST_F(JobsOfTwoNodes, WhatIsAssignedToAnotherIsEndedByThatOneAndNobodyElse) {
  auto made = job(1);
  made.limit_keys = {"\"k\""};
  add(made);
  add(job(2));
  const auto first = next();
  const auto second = next();
  const auto read = assign({first, second});
  ASSERT_EQ(read.size(), 2u);
  EXPECT_EQ(read[0].run_id, first.run_id);
  EXPECT_EQ(read[0].fence, first.fence);
  EXPECT_EQ(read[0].limit_keys, made.limit_keys);
  EXPECT_FALSE(read[0].may_have_results) << "its run is new";
  EXPECT_EQ(held(), 2u);
  ASSERT_TRUE(write([&](db::Tx& tx) { other.finish(tx, read[0]); }));
  ASSERT_TRUE(write([&](db::Tx& tx) { other.park(tx, read[1], 0); }));
  EXPECT_EQ(held(), 0u);
  queue->release(first);
  queue->release(second);
  world.pass(milliseconds(1));
  take_in();
  const auto again = next();
  EXPECT_EQ(again.position, 2);
  EXPECT_TRUE(again.may_have_results);
  EXPECT_FALSE(write([&](db::Tx& tx) { other.finish(tx, read[1]); })) << "its claim is over";
}

TEST_F(JobsOfTwoNodes, AssignedIsWhatWasNotReadBefore) {
  for (int i = 1; i <= 3; ++i) add(job(i));
  EXPECT_EQ(assign({next()}).size(), 1u);
  const auto read = assign({next(), next()});
  ASSERT_EQ(read.size(), 2u);
  EXPECT_EQ(read[0].position, 2);
  EXPECT_EQ(assign({}).size(), 0u);
  turn = 0;
  EXPECT_EQ(assign({}).size(), 3u);
}

TEST_F(JobsOfTwoNodes, WhatIsRemovedBeforeItIsAssignedIsAssignedToNobody) {
  add(job(1));
  const auto claimed = next();
  ASSERT_TRUE(write([&](db::Tx& tx) { other.remove(tx, claimed); }));
  EXPECT_EQ(assign({claimed}).size(), 0u);
}

TEST_F(JobsOfTwoNodes, ALineGoesOnWhenItsFirstIsEndedElsewhere) {
  const auto line = Uuid::v7();
  add(job(1, line));
  add(job(2, line));
  const auto read = assign({next()});
  ASSERT_EQ(read.size(), 1u);
  EXPECT_EQ(next().position, 0);
  ASSERT_TRUE(write([&](db::Tx& tx) { other.finish(tx, read[0]); }));
  take_in();
  EXPECT_EQ(next().position, 2);
}

TEST_F(JobsOfTwoNodes, WhatIsGivenBackIsTheLeadingNodesAgain) {
  add(job(1));
  const auto claimed = next();
  auto read = assign({claimed});
  ASSERT_EQ(read.size(), 1u);
  read[0].attempt = 2;
  ASSERT_TRUE(write([&](db::Tx& tx) { other.give_back(tx, read[0]); }));
  std::vector<Job> back;
  ASSERT_TRUE(write([&](db::Tx& tx) { back = store->take_given_back(tx); }));
  ASSERT_EQ(back.size(), 1u);
  EXPECT_EQ(back[0].attempt, 2);
  EXPECT_TRUE(back[0].may_have_results);
  EXPECT_EQ(held(), 0u);
  EXPECT_TRUE(finish(back[0]));
  EXPECT_FALSE(write([&](db::Tx& tx) { other.give_back(tx, read[0]); }));
}

// An assignment whose answer was lost is tried again.
TEST_F(JobsOfTwoNodes, WhatWasGivenBackMeanwhileIsNotAssignedOnceMore) {
  add(job(1));
  const auto claimed = next();
  const auto is_here = [&] {
    bool here = false;
    EXPECT_TRUE(write([&](db::Tx& tx) { here = store->is_here(tx, claimed); }));
    return here;
  };
  EXPECT_TRUE(is_here());
  const auto read = assign({claimed});
  ASSERT_EQ(read.size(), 1u);
  EXPECT_FALSE(is_here());
  ASSERT_TRUE(write([&](db::Tx& tx) { store->assign(tx, std::vector{claimed}, 2); }));
  EXPECT_EQ(held(), 1u) << "the same once more is well";
  ASSERT_TRUE(write([&](db::Tx& tx) { other.give_back(tx, read[0]); }));
  ASSERT_TRUE(write([&](db::Tx& tx) { store->take_given_back(tx); }));
  EXPECT_EQ(assign({claimed}).size(), 0u);
  EXPECT_EQ(held(), 0u);
  EXPECT_TRUE(is_here());
  EXPECT_TRUE(finish(claimed));
  EXPECT_FALSE(is_here());
}

TEST_F(JobsOfTwoNodes, WhatANodeHadThatIsGoneIsFoundAndItsFenceIsOver) {
  add(job(1));
  const auto claimed = next();
  const auto read = assign({claimed});
  ASSERT_EQ(read.size(), 1u);
  ASSERT_TRUE(write([&](db::Tx& tx) { store->take_back(tx, 2); }));
  queue->release(claimed);
  claim();
  const auto found = next();
  EXPECT_EQ(found.position, 1);
  EXPECT_TRUE(found.is_found);
  EXPECT_FALSE(write([&](db::Tx& tx) { other.finish(tx, read[0]); }));
  EXPECT_TRUE(finish(found));
}

TEST_F(JobsOfTwoNodes, WhoTakesOverLeavesToNodesThatAreThereWhatTheyHave) {
  for (int i = 1; i <= 3; ++i) add(job(i));
  const auto read = assign({next()});
  ASSERT_TRUE(write([&](db::Tx& tx) { store->assign(tx, std::vector<Job>{next()}, 3); }));
  const auto own = next();
  EXPECT_EQ(own.position, 3);
  living = {2};  // 1, which has led, is gone, and so is 3
  ASSERT_TRUE(test::run(executor, [&] { return other.take_over(); }));
  EXPECT_EQ(held(), 1u);
  ASSERT_TRUE(write([&](db::Tx& tx) { other.finish(tx, read[0]); }));
  ASSERT_TRUE(write([&](db::Tx& tx) { other.claim(tx); }));
  Positions found;
  while (auto job = other_queue.next()) found.push_back(job->position);
  EXPECT_EQ(found, (Positions{2, 3}));
}

TEST_F(JobsOfTwoNodes, WhoIsAloneAgainHasAllThatNodesHad) {
  add(job(1));
  assign({next()});
  restart();
  claim();
  EXPECT_EQ(done_now(), Positions{1});
}

TEST_F(JobsOfTwoNodes, TheClockIsThatOfTheirDatabase) {
  const auto now = world.unix_ms();
  other.clock().set_by(now - 60'000);
  EXPECT_EQ(other.clock().now(), now - 60'000);
  world.pass(milliseconds(10));
  other.clock().set_by(now - 90'000);
  EXPECT_EQ(other.clock().now(), now - 59'990) << "it does not go back";
  other.clock().set_by(now);
  EXPECT_EQ(other.clock().now(), now);
}

TEST_F(JobStoreTest, LeasesAreExtendedOnlyOfWhatThisProcessHas) {
  add(job(1));
  world.pass(milliseconds(60'000));
  ASSERT_TRUE(write([&](db::Tx& tx) { store->extend(tx); }));
  const auto left = [&] {
    std::int64_t until = 0;
    EXPECT_TRUE(write([&](db::Tx& tx) {
      auto rows = tx.query("SELECT lease_until FROM job_processes JOIN jobs ON claimed_by = id");
      if (rows.next()) until = rows.integer(0);
    }));
    return until - store->clock().now();
  };
  EXPECT_EQ(left(), store->lease().count());
  JobStore other(*database, functions, *queue, {.world = world});
  world.pass(milliseconds(1'000));
  ASSERT_TRUE(write([&](db::Tx& tx) { other.extend(tx); }));
  EXPECT_EQ(left(), store->lease().count() - 1'000);
}

}  // namespace
}  // namespace synap::bus
