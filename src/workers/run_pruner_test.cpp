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
      auto done = co_await step.run<std::string>(
          "one", [this]() -> Task<Result<std::string>> { co_return result; });
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
  void change(std::string_view sql) {
    ASSERT_TRUE(
        test::run(executor, [&] { return database->write([&](db::Tx& tx) { tx.run(sql); }); }));
  }
  std::string positions() {
    return text_of(
        "SELECT coalesce(group_concat(event_position, ' '), '') FROM (SELECT event_position FROM "
        "runs_data ORDER BY event_position) AS found");
  }

  std::string result = "1";
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

// Apps make the ids of their endpoints' runs.
TEST_F(RunPrunerTest, IsNotHeldUpByAYoungRunWhoseIdIsTheFirst) {
  begin();
  append(2);
  wait_until("SELECT count(*) FROM runs_data WHERE status = 'completed'", "2");
  manual_time.pass(hours(48));
  append(1);
  wait_until("SELECT count(*) FROM runs_data WHERE status = 'completed'", "3");
  change("UPDATE runs_data SET id = x'00000000000000000000000000000001' WHERE event_position = 3");
  EXPECT_EQ(prune({.age = hours(24)}), 2);
  EXPECT_EQ(positions(), "3");
}

TEST_F(RunPrunerTest, CountsWhatComesAndGoes) {
  doomed = 1;
  fulfills = false;
  begin();
  append(1);
  wait_until("SELECT count(*) FROM runs_data WHERE status = 'failed'", "1");
  append(3);
  wait_until("SELECT count(*) FROM runs_data WHERE status = 'completed'", "3");
  const auto totals = [this] {
    return text_of(
        "SELECT group_concat(count || ' of ' || bytes, ', ') FROM (SELECT * FROM run_totals ORDER "
        "BY is_dead) AS found");
  };
  EXPECT_EQ(totals(), "0 of 0, 0 of 0");
  EXPECT_EQ(prune({.count_max = 100}), 0);
  EXPECT_EQ(totals(), "3 of 48, 0 of 0") << "a dead letter that stays is not looked at";
  EXPECT_EQ(prune({.count_max = 100, .takes_dead_letters = true}), 0);
  const auto dead = text_of("SELECT bytes FROM runs_data WHERE status = 'failed'");
  EXPECT_EQ(totals(), "3 of 48, 1 of " + dead);
  change("UPDATE runs_data SET bytes = 1000 WHERE event_position = 3");
  EXPECT_EQ(totals(), "3 of 1032, 1 of " + dead) << "what was measured is not measured anew";
  EXPECT_TRUE(*test::run(executor, [this] {
    return database->write([](db::Tx& tx) {
      Uuid id;
      {
        auto rows = tx.query("SELECT id FROM runs_data WHERE event_position = 1");
        if (rows.next()) id = rows.uuid(0).value_or(id);
      }
      return RunStore::discard(tx, "ann", id);
    });
  }));
  EXPECT_EQ(totals(), "3 of 1032, 0 of 0");
  EXPECT_EQ(prune({.count_max = 3}), 1);
  EXPECT_EQ(positions(), "3 4 5") << "the one that was put away had ended first";
  EXPECT_EQ(totals(), "3 of 1032, 0 of 0");
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

TEST_F(RunPrunerTest, KeepsSoManyBytesOfTheNewest) {
  result = std::string(1'000, 'x');
  asleep = 1;
  begin();
  append(6);
  wait_until("SELECT count(*) FROM runs_data WHERE status IN ('completed', 'sleeping')", "6");
  EXPECT_EQ(prune({.bytes_max = 1'000'000}), 0);
  // Each has a memo of {"data":"x…"}, and its output of "null".
  EXPECT_EQ(text_of("SELECT group_concat(bytes, ' ') FROM (SELECT bytes FROM runs_data WHERE "
                    "ended_at IS NOT NULL) AS found"),
            "1015 1015 1015 1015 1015");
  EXPECT_EQ(text_of("SELECT count(*) FROM runs_data WHERE bytes IS NULL"), "1");
  EXPECT_EQ(prune({.bytes_max = 5 * 1'015}), 0);
  EXPECT_EQ(prune({.bytes_max = 3 * 1'015}), 2);
  EXPECT_EQ(positions(), "1 4 5 6");
  EXPECT_EQ(prune({.count_max = 2, .bytes_max = 3 * 1'015}), 1) << "whichever says more";
  EXPECT_EQ(prune({.bytes_max = 1'014}), 2);
  EXPECT_EQ(positions(), "1");
}

}  // namespace
}  // namespace synap::workers
