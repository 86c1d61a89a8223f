// Two nodes over one database: what the one that leads assigns, the other does.
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "workers/pool_test.h"

namespace synap::workers {
namespace {

// Calls of a function, on whatever node.
class Calls {
 public:
  class Call {
   public:
    explicit Call(Calls& all) : all_(all) {}
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;
    ~Call() {
      const std::lock_guard lock(all_.mutex_);
      --all_.together_;
    }

   private:
    Calls& all_;
  };
  Call begin(const Event& event) {
    const std::lock_guard lock(mutex_);
    of_one_max_ = std::max(of_one_max_, ++of_one_[event.position]);
    together_max_ = std::max(together_max_, ++together_);
    return Call(*this);
  }
  int of_one_max() const { return of_one_max_; }
  int together_max() const { return together_max_; }

 private:
  std::mutex mutex_;
  std::map<std::int64_t, int> of_one_;
  int of_one_max_ = 0;
  int together_ = 0;
  int together_max_ = 0;
};

class RunSharingTest : public WorkerPoolTest {
 protected:
  RunSharingTest() {
    types.add("thing.told", object("Told"), "");
    EXPECT_TRUE(write([](db::Tx& tx) {
      tx.run("CREATE TABLE pod_nodes(number INTEGER, slots INTEGER, leads INTEGER)");
      tx.run("INSERT INTO pod_nodes VALUES (1, 0, 1), (2, 0, 0)");
    }));
  }
  ~RunSharingTest() override {
    second.reset();
    first.reset();
  }
  struct Node {
    Watermark told;
    std::int64_t count = 0;
    std::mutex mutex;
    events::EventTypes types;
    std::optional<Engine> engine;
    ~Node() {
      if (engine) engine->pool.reset();
    }
    void hear() {
      const std::lock_guard lock(mutex);
      told.raise(++count);
    }
  };
  static std::vector<NodeWork> nodes_now(db::Tx& tx) {
    std::vector<NodeWork> all;
    auto rows = tx.query("SELECT number, slots, leads FROM pod_nodes");
    while (rows.next()) all.push_back({rows.integer(0), rows.integer(1), rows.integer(2) != 0});
    return all;
  }
  using Handle = std::function<Task<Outcome>(int node, const Event&, Step&)>;
  std::unique_ptr<Node> make(int number, std::unique_ptr<Node>& other, Handle handle) {
    auto node = std::make_unique<Node>();
    node->types.add("thing.making.requested", object("Thing"), "");
    node->engine.emplace(*database, *log, node->types,
                         EngineOptions{.queue = {.running = 64, .running_of_function = slots}});
    node->engine->share({.node = number,
                         .slots = slots,
                         .nodes =
                             [this, number](db::Tx& tx) {
                               auto all = nodes_now(tx);
                               if (number == 2 && is_second_removed) {
                                 std::erase_if(all, [](auto& node) { return node.number == 2; });
                               }
                               return all;
                             },
                         .set_slots =
                             [number](db::Tx& tx, std::int64_t some) {
                               tx.run("UPDATE pod_nodes SET slots = $2 WHERE number = $1", number,
                                      some);
                             },
                         .told = node->told,
                         .tell = [&other] { other->hear(); },
                         .lease = number == 2 ? lease_of_second() : NodeLease{}},
                        number == 1 ? "first" : "second");
    bus::Function function{.id = "f",
                           .triggers = {{"thing.making.requested"}},
                           .retry = {.retries_max = 3, .delay_ms = 1},
                           .user_id = "ann",
                           .is_shared = true};
    if (concurrency > 0) function.flow.concurrency = {{.limit = concurrency}};
    node->engine->pool->put(
        std::move(function),
        node->engine->pool->make_driver(std::make_unique<FunctionHandler>(
            "thing.making.requested", [number, handle](const Event& event, Step& step) {
              return handle(number, event, step);
            })));
    return node;
  }
  NodeLease lease_of_second() {
    return {.holds = [this] { return second_lease == Lease::kHolds; },
            .hold = [this]() -> Task<Result<>> {
              if (second_lease == Lease::kIsHeldAgain) second_lease = Lease::kHolds;
              if (second_lease == Lease::kHolds) co_return Result<>{};
              co_return fail(Code::kServiceUnavailable, "This node is not there any more");
            }};
  }
  /// The first leads.
  void start(Handle handle) {
    first = make(1, second, handle);
    second = make(2, first, handle);
    second->engine->help();
    wait_until("SELECT slots FROM pod_nodes WHERE number = 2", std::to_string(slots));
    ASSERT_TRUE(first->engine->observe());
    ASSERT_TRUE(first->engine->work());
  }
  template <class F>
  Result<> write(F closure) {
    return test::run(executor, [&] { return database->write(closure); });
  }
  int done() {
    return std::stoi(text_of("SELECT count(*) FROM runs_data WHERE status = 'completed'"));
  }
  int done_by(std::string_view node) {
    return std::stoi(
        text_of("SELECT count(*) FROM runs_data WHERE status = 'completed' AND node = '" +
                std::string(node) + "'"));
  }
  /// The node that leads has heard of all that has ended.
  void wait_until_free() {
    for (int i = 0; i < 1'000 && first->engine->queue.running_count() > 0; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    EXPECT_EQ(first->engine->queue.running_count(), 0u);
  }

  int slots = 8;
  int concurrency = 0;                          // of the function, in all
  std::atomic<bool> is_second_removed = false;  // which the first has not seen
  enum class Lease : std::uint8_t { kHolds, kIsOver, kIsHeldAgain };
  std::atomic<Lease> second_lease = Lease::kHolds;
  std::unique_ptr<Node> first;
  std::unique_ptr<Node> second;
};

TEST_F(RunSharingTest, RunsAreSpreadOverTheNodesAndEachTellsWhichHasDoneIt) {
  Calls calls;
  start([&](int, const Event& event, Step&) -> Task<Outcome> {
    const auto call = calls.begin(event);
    co_await real_world().sleep_for(std::chrono::milliseconds(5));
    co_return Outcome::done();
  });
  append(200);
  wait_until_idle();
  EXPECT_EQ(done(), 200);
  EXPECT_EQ(calls.of_one_max(), 1);
  const auto by_second = done_by("second");
  EXPECT_EQ(done_by("first") + by_second, 200);
  EXPECT_GT(by_second, 50);
  EXPECT_LT(by_second, 150);
  wait_until_free();
}

TEST_F(RunSharingTest, ALimitOfAFunctionHoldsForBothTogether) {
  Calls calls;
  concurrency = 3;
  std::atomic<int> on_second = 0;
  start([&](int node, const Event& event, Step&) -> Task<Outcome> {
    const auto call = calls.begin(event);
    if (node == 2) ++on_second;
    co_await real_world().sleep_for(std::chrono::milliseconds(5));
    co_return Outcome::done();
  });
  append(60);
  ASSERT_TRUE(test::wait_until(executor, database->commits(), [&] { return done() == 60; }));
  EXPECT_EQ(calls.together_max(), 3);
  EXPECT_GT(on_second, 10);
  wait_until_free();
}

TEST_F(RunSharingTest, WhatANodeHadThatIsGoneIsDoneByTheOther) {
  Watermark hang;
  Calls calls;
  std::atomic<int> hanging = 0;
  start([&](int node, const Event& event, Step&) -> Task<Outcome> {
    const auto call = calls.begin(event);
    if (node == 2) {
      ++hanging;
      co_await hang.wait_past(0);
    }
    co_await real_world().sleep_for(std::chrono::milliseconds(1));
    co_return Outcome::done(node == 2 ? R"("late")" : R"("in time")");
  });
  append(100);
  ASSERT_TRUE(test::wait_until(executor, database->commits(), [&] { return done() > 50; }));
  EXPECT_GT(hanging, 0);
  testing::internal::CaptureStderr();
  ASSERT_TRUE(write([](db::Tx& tx) { tx.run("DELETE FROM pod_nodes WHERE number = 2"); }));
  first->hear();
  wait_until_idle();
  EXPECT_EQ(done(), 100);
  // It is not dead after all, and comes too late.
  hang.raise(1);
  second->engine->pool.reset();
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(text_of("SELECT count(*) FROM runs_data WHERE output = '\"in time\"'"), "100");
  wait_until_free();
}

// As one that stood still past its lease and goes on: the one that leads has not looked yet.
TEST_F(RunSharingTest, ANodeThatWasRemovedBeginsNothingOfWhatItWasAssigned) {
  std::atomic<int> on_second = 0;
  start([&](int node, const Event&, Step&) -> Task<Outcome> {
    if (node == 2) ++on_second;
    co_await real_world().sleep_for(std::chrono::milliseconds(5));
    co_return Outcome::done();
  });
  is_second_removed = true;
  append(20);
  wait_until(
      "SELECT CASE WHEN count(*) > 0 AND count(*) = count(node) THEN 'assigned' ELSE 'none' END "
      "FROM jobs",
      "assigned");
  EXPECT_EQ(on_second, 0);
  testing::internal::CaptureStderr();
  ASSERT_TRUE(write([](db::Tx& tx) { tx.run("DELETE FROM pod_nodes WHERE number = 2"); }));
  first->hear();
  wait_until_idle();
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(done_by("first"), 20);
  EXPECT_EQ(on_second, 0);
}

// It was stopped when it had taken them, or between two of their steps.
TEST_F(RunSharingTest, ANodeWhoseLeaseIsOverBeginsNothingBeforeItHasLooked) {
  std::atomic<int> second_calls = 0;
  std::atomic<int> second_steps = 0;
  std::atomic<bool> was_over = false;
  start([&](int node, const Event&, Step& step) -> Task<Outcome> {
    if (node == 2) ++second_calls;
    auto done = co_await step.run<void>("one", [&]() -> Task<Result<>> {
      if (node == 2 && !was_over.exchange(true)) second_lease = Lease::kIsOver;
      co_return Result<>{};
    });
    if (!done) co_return Outcome::failed(done.error());
    done = co_await step.run<void>("two", [&]() -> Task<Result<>> {
      if (node == 2) ++second_steps;
      co_return Result<>{};
    });
    co_return done ? Outcome::done() : Outcome::failed(done.error());
  });
  testing::internal::CaptureStderr();
  append(20);
  wait_until(
      "SELECT CASE WHEN count(*) > 0 AND count(*) = count(node) THEN 'assigned' ELSE 'none' END "
      "FROM jobs",
      "assigned");
  const int called = second_calls;
  EXPECT_GT(called, 0);
  EXPECT_EQ(second_steps, 0);
  second_lease = Lease::kIsHeldAgain;
  // The one that leads sees to what was put off meanwhile.
  EXPECT_TRUE(test::wait_until(executor, database->commits(), [&] {
    EXPECT_TRUE(sync_wait(executor, first->engine->hear_others(false)));
    return done() == 20;
  }));
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(done(), 20);
  EXPECT_GT(second_calls, called);
  EXPECT_GT(second_steps, 0);
}

TEST_F(RunSharingTest, ANodeThatStopsGivesBackWhatItHasNotBegun) {
  Watermark hang;
  start([&](int node, const Event&, Step&) -> Task<Outcome> {
    if (node == 2) co_await hang.wait_past(0);
    co_await real_world().sleep_for(std::chrono::milliseconds(1));
    co_return Outcome::done();
  });
  append(100);
  ASSERT_TRUE(test::wait_until(executor, database->commits(), [&] { return done() > 50; }));
  std::thread stopping([&] { second->engine->pool->stop(std::chrono::seconds(20)); });
  wait_until("SELECT slots FROM pod_nodes WHERE number = 2", "0");
  // Those are left that are under way there.
  ASSERT_TRUE(
      test::wait_until(executor, database->commits(), [&] { return done() >= 100 - slots; }));
  hang.raise(1);
  stopping.join();
  wait_until_idle();
  EXPECT_EQ(done(), 100);
}

TEST_F(RunSharingTest, WhoLeadsNextGoesOnWithWhatItWasAssigned) {
  Watermark hang;
  Calls calls;
  start([&](int node, const Event& event, Step&) -> Task<Outcome> {
    const auto call = calls.begin(event);
    co_await hang.wait_past(0);
    co_return Outcome::done();
  });
  append(100);
  wait_until("SELECT CASE WHEN count(*) > 0 THEN 'some' ELSE 'none' END FROM jobs WHERE node = 2",
             "some");
  testing::internal::CaptureStderr();
  first->engine->pool.reset();
  ASSERT_TRUE(write([](db::Tx& tx) {
    tx.run("DELETE FROM pod_nodes WHERE number = 1");
    tx.run("UPDATE pod_nodes SET leads = 1");
  }));
  ASSERT_TRUE(second->engine->work());
  hang.raise(1);
  wait_until_idle();
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(done(), 100);
  EXPECT_EQ(done_by("second"), 100);
}

TEST_F(RunSharingTest, WhatARunWaitsForIsSeenByTheNodeThatLeads) {
  std::mutex mutex;
  std::set<std::int64_t> waiting;  // those whose first call is the other node's
  start([&](int node, const Event& event, Step& step) -> Task<Outcome> {
    bool waits = false;
    {
      const std::lock_guard lock(mutex);
      if (node == 2) waiting.insert(event.position);
      waits = waiting.contains(event.position);
    }
    if (!waits) {
      co_await real_world().sleep_for(std::chrono::milliseconds(5));
      co_return Outcome::done();
    }
    auto told = co_await step.wait_for_event("wait", {"thing.told"}, std::chrono::seconds(60));
    if (!told) co_return Outcome::failed(told.error());
    co_return Outcome::done();
  });
  append(40);
  wait_until("SELECT count(*) FROM runs_data WHERE status = 'active'", "0");
  EXPECT_GT(waiting.size(), 5u);
  EXPECT_EQ(done() + static_cast<int>(waiting.size()), 40);
  events::Envelope envelope;
  envelope.user_id = "ann";
  ASSERT_TRUE(sync_wait(
      executor, log->append({.events = {*types.make("thing.told", "{}", std::move(envelope))}})));
  wait_until_idle();
  EXPECT_EQ(done(), 40);
}

TEST_F(RunSharingTest, WhatANodeHasNotHeardOfIsDoneByTheOneThatLeads) {
  start([&](int, const Event&, Step&) -> Task<Outcome> {
    co_await real_world().sleep_for(std::chrono::milliseconds(5));
    co_return Outcome::done();
  });
  second->engine->pool->remove("f");
  append(40);
  wait_until_idle();
  EXPECT_EQ(done_by("first"), 40);
  EXPECT_EQ(text_of("SELECT sum(attempts) FROM runs_data"), "40");
  wait_until_free();
}

TEST_F(RunSharingTest, ARunThatIsCancelledHasNoPlaceElsewhere) {
  Watermark hang;
  concurrency = 2;
  start([&](int node, const Event&, Step&) -> Task<Outcome> {
    if (node == 2) co_await hang.wait_past(0);
    co_await real_world().sleep_for(std::chrono::milliseconds(1));
    co_return Outcome::done();
  });
  append(20);
  wait_until("SELECT count(*) FROM runs_data WHERE status = 'completed'", "19");
  const auto hanging = Uuid::from_bytes(text_of("SELECT run FROM jobs WHERE node = 2"));
  ASSERT_TRUE(hanging);
  testing::internal::CaptureStderr();
  ASSERT_TRUE(test::run(
      executor, [&] { return first->engine->pool->cancel("ann", *hanging, std::nullopt); }));
  // Of what it has done itself nobody tells the one that leads.
  wait_until_free();
  hang.raise(1);
  second->engine->pool.reset();
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(text_of("SELECT count(*) FROM runs_data WHERE status = 'cancelled'"), "1");
  EXPECT_EQ(done(), 19);
}

// Nobody there comes to take the note that the run was cancelled.
TEST_F(RunSharingTest, WhoCancelsWhatAnotherNodeDoesKeepsNothingOfIt) {
  Watermark begun;
  Watermark hang;
  slots = 1;
  start([&](int node, const Event&, Step&) -> Task<Outcome> {
    if (node == 1) {
      begun.raise(1);
      co_await hang.wait_past(0);
    }
    co_return Outcome::done();
  });
  append(1);
  ASSERT_TRUE(test::wait_until(executor, begun, [&] { return begun.value() == 1; }));
  const auto hanging = Uuid::from_bytes(text_of("SELECT run FROM jobs WHERE node IS NULL"));
  ASSERT_TRUE(hanging);
  ASSERT_TRUE(test::run(
      executor, [&] { return second->engine->pool->cancel("ann", *hanging, std::nullopt); }));
  EXPECT_FALSE(second->engine->runs.take_cancelled(*hanging));
  hang.raise(1);
  wait_until_free();
  EXPECT_EQ(text_of("SELECT count(*) FROM runs_data WHERE status = 'cancelled'"), "1");
}

}  // namespace
}  // namespace synap::workers
