#include "workers/run_pruner.h"

#include "workers/pool_test.h"

namespace synap::workers {
namespace {

using std::chrono::hours;

class RunPrunerTest : public WorkerPoolTest {
 protected:
  RunPrunerTest() : WorkerPoolTest(Time::kManual) {}
  void begin() {
    start([this](const Event& event, Step& step) -> Task<Outcome> {
      auto done = co_await step.run<int>("one", []() -> Task<Result<int>> { co_return 1; });
      if (!done) co_return Outcome::failed(done.error());
      if (event.position == doomed) {
        co_return Outcome::failed_for_good({Code::kBadRequest, "doomed", nullptr});
      }
      if (event.position == asleep) co_await step.sleep("long", hours(1'000));
      co_return Outcome::done();
    });
  }
  std::int64_t prune(RunRetention retention) {
    RunPruner pruner(retention, *database, time);
    const auto pruned = *sync_wait(executor, pruner.round({}));
    EXPECT_EQ(static_cast<std::int64_t>(pruner.pruned().value()), pruned);
    return pruned;
  }
  std::string positions() {
    return text_of(
        "SELECT coalesce(group_concat(event_position, ' '), '') FROM (SELECT event_position FROM "
        "runs_data ORDER BY event_position)");
  }

  std::int64_t doomed = 0;
  std::int64_t asleep = 0;
};

TEST_F(RunPrunerTest, TakesAwayWhatEndedLongAgoWithAllThatBelongsToIt) {
  doomed = 2;
  asleep = 3;
  fulfills = false;
  begin();
  append(3);
  wait_until("SELECT count(*) FROM runs_data WHERE status IN ('completed', 'failed', 'sleeping')",
             "3");
  manual_time.pass(hours(48));
  append(1);
  wait_until("SELECT count(*) FROM runs_data WHERE status = 'completed'", "2");
  EXPECT_EQ(prune({.age = hours(72)}), 0);
  EXPECT_EQ(prune({.age = hours(24)}), 1);
  EXPECT_EQ(positions(), "2 3 5");  // a dead letter, one asleep, a new one; 4 is function.failed
  EXPECT_EQ(text_of("SELECT count(*) FROM run_steps_data WHERE run NOT IN (SELECT id FROM "
                    "runs_data)"),
            "0");
  EXPECT_EQ(prune({.age = hours(24), .takes_dead_letters = true}), 1);
  EXPECT_EQ(positions(), "3 5");
  EXPECT_EQ(text_of("SELECT count(*) FROM run_attempts_data"), "0");
  EXPECT_EQ(log->end().value(), 5);
}

TEST_F(RunPrunerTest, KeepsTheNewestOfThoseThatHaveEnded) {
  asleep = 1;
  begin();
  append(6);
  wait_until("SELECT count(*) FROM runs_data WHERE status IN ('completed', 'sleeping')", "6");
  EXPECT_EQ(prune({.count_max = 5}), 0);
  EXPECT_EQ(prune({.count_max = 2}), 3);
  EXPECT_EQ(positions(), "1 5 6");
  EXPECT_EQ(prune({}), 0);
}

}  // namespace
}  // namespace synap::workers
