#include "workers/scheduler.h"

#include "base/clock.h"
#include "bus/function_events.h"
#include "workers/local_driver.h"
#include "workers/pool_test.h"

namespace synap::workers {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class SchedulerTest : public WorkerPoolTest {
 protected:
  SchedulerTest() : WorkerPoolTest(Time::kManual) { open(); }
  void open() {
    start([](const Event&, Step&) -> Task<Outcome> { co_return Outcome::done(); });
  }
  void put(std::vector<std::string> crons, std::int64_t jitter_ms = 0) {
    bus::Function function{.id = "tick", .triggers = {}, .user_id = "ann"};
    for (auto& text : crons) {
      auto schedule = cron::Schedule::parse(text);
      SYNAP_CHECK(schedule.has_value(), text);
      function.schedules.push_back({text, *schedule, jitter_ms});
    }
    pool->put(std::move(function),
              std::make_shared<LocalDriver>(
                  std::make_unique<FunctionHandler>(
                      "function.scheduled",
                      [](const Event& event, Step&) -> Task<Outcome> {
                        const auto tick = events::data_of(event, bus::kFunctionScheduled);
                        co_return Outcome::done(Json((*tick)->cron + " " +
                                                     (*tick)->scheduled_at.substr(11, 8) + " " +
                                                     std::to_string((*tick)->missed))
                                                    .dump());
                      }),
                  engine->runs));
    const auto count = std::to_string(crons.size());
    wait_until("SELECT count(*) FROM cron_ticks", count);
  }
  void pass(milliseconds span) {
    ASSERT_TRUE(world.wait_for_sleeper(seconds(1)));
    world.pass(span);
  }
  void wait_for_ticks(std::string_view expected) {
    wait_until(
        "SELECT coalesce(group_concat(output, ' '), '') FROM (SELECT output FROM runs_data WHERE "
        "function = 'tick' AND status = 'completed' ORDER BY id) AS found",
        expected);
  }

  ManualWorld& world = manual_time;
};

// Of many nodes one whose machine is an hour behind the database.
TEST_F(SchedulerTest, TicksOfManyNodesAreByTheClockOfTheirDatabase) {
  engine->jobs.clock().set_by(world.unix_ms() + 3'600'000);
  put({"30 * * * *"});
  pass(minutes(30) + seconds(5));
  wait_for_ticks(R"("30 * * * * 02:30:00 0")");
  // One that is set back is followed, as any wall clock is.
  engine->jobs.clock().set_by(world.unix_ms() - 3 * 3'600'000);
  pass(seconds(2));
  pass(hours(1));
  wait_for_ticks(R"("30 * * * * 02:30:00 0" "30 * * * * 23:30:00 0")");
}

// The wall clock of this world begins at 01:00:00.
TEST_F(SchedulerTest, AFunctionRunsWhenItsScheduleSays) {
  put({"30 * * * *"});
  pass(minutes(29));
  wait_for_ticks("");
  pass(minutes(1));
  wait_for_ticks(R"("30 * * * * 01:30:00 0")");
  pass(hours(1));
  wait_for_ticks(R"("30 * * * * 01:30:00 0" "30 * * * * 02:30:00 0")");
}

TEST_F(SchedulerTest, EachScheduleOfAFunctionHasItsOwnTicks) {
  put({"30 * * * *", "@every 45m"});
  pass(minutes(30));
  wait_for_ticks(R"("30 * * * * 01:30:00 0")");
  pass(minutes(15));
  wait_for_ticks(R"("30 * * * * 01:30:00 0" "@every 45m 01:45:00 0")");
}

TEST_F(SchedulerTest, OfTicksThatWereMissedTheLastHasARunThatIsToldHowMany) {
  put({"* * * * *"});
  ASSERT_TRUE(world.wait_for_sleeper(seconds(1)));
  pool->remove("tick");
  world.pass(minutes(10) + seconds(5));
  put({"* * * * *"});
  wait_for_ticks(R"("* * * * * 01:10:00 9")");
  pass(minutes(1));
  wait_for_ticks(R"("* * * * * 01:10:00 9" "* * * * * 01:11:00 0")");
}

TEST_F(SchedulerTest, OfVeryManyThatWereMissedTheLastHasARunAndNoMoreAreCounted) {
  put({"* * * * *"});
  ASSERT_TRUE(world.wait_for_sleeper(seconds(1)));
  pool->remove("tick");
  world.pass(hours(24 * 300) + minutes(10) + seconds(5));
  put({"* * * * *"});
  wait_for_ticks(R"("* * * * * 01:10:00 10000")");
  pass(minutes(1));
  wait_for_ticks(R"("* * * * * 01:10:00 10000" "* * * * * 01:11:00 0")");
}

// They are due no more, and are there when their function is.
TEST_F(SchedulerTest, TicksOfAFunctionThatIsGoneAreNotLookedAtUntilItIsBack) {
  put({"30 * * * *"});
  ASSERT_TRUE(world.wait_for_sleeper(seconds(1)));
  pool->remove("tick");
  world.pass(minutes(30));
  pool->remove("f");  // whatever changes, what is due is looked at
  wait_until("SELECT fire_at FROM cron_ticks", std::to_string(INT64_MAX));
  put({"30 * * * *"});
  wait_for_ticks(R"("30 * * * * 01:30:00 0")");
  EXPECT_NE(text_of("SELECT fire_at FROM cron_ticks"), std::to_string(INT64_MAX));
}

TEST_F(SchedulerTest, AScheduleThatAFunctionHasNoMoreTicksNoMore) {
  put({"30 * * * *"});
  put({"45 * * * *"});
  wait_until("SELECT cron FROM cron_ticks", "45 * * * *");
  pass(minutes(44));
  pass(minutes(1));
  wait_for_ticks(R"("45 * * * * 01:45:00 0")");
}

TEST_F(SchedulerTest, AClockThatIsSetBackByADayIsFollowed) {
  put({"30 * * * *"});
  pass(minutes(30));
  wait_for_ticks(R"("30 * * * * 01:30:00 0")");
  ASSERT_TRUE(world.wait_for_sleeper(seconds(1)));
  world.jump(-hours(24));
  pass(seconds(1));
  wait_until("SELECT last_at FROM cron_ticks", "0");
  pass(hours(1));
  wait_for_ticks(R"("30 * * * * 01:30:00 0" "30 * * * * 02:30:00 0")");
}

TEST_F(SchedulerTest, JitterPutsATickOff) {
  put({"30 * * * *"}, 60'000);
  const auto off = text_of("SELECT fire_at - next_at FROM cron_ticks");
  EXPECT_GT(std::stoll(off), 0);
  EXPECT_LT(std::stoll(off), 60'000);
  pass(minutes(30));
  ASSERT_TRUE(world.wait_for_sleeper(seconds(1)));
  EXPECT_EQ(text_of("SELECT count(*) FROM runs_data"), "0");
  world.pass(milliseconds(std::stoll(off)));
  wait_for_ticks(R"("30 * * * * 01:30:00 0")");
}

TEST_F(SchedulerTest, JitterThatIsLongerThanTheIntervalLosesNoTick) {
  put({"* * * * *"}, 300'000);
  for (int i = 0; i < 20 * 60; ++i) pass(seconds(1));
  ASSERT_TRUE(world.wait_for_sleeper(seconds(1)));
  wait_until("SELECT count(*) >= 14 FROM runs_data WHERE status = 'completed'", "1");
  EXPECT_EQ(text_of("SELECT count(*) FROM runs_data WHERE output NOT LIKE '% 0\"'"), "0");
}

}  // namespace
}  // namespace synap::workers
