// Step::race: of several branches of a handler the one that ends first.
#include <future>

#include "bus/function_events.h"
#include "workers/pool_test.h"
#include "workers/step.h"

namespace synap::workers {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

constexpr std::string_view kPending =
    "SELECT group_concat(name) FROM (SELECT name FROM pending_steps_data ORDER BY name) AS found";
constexpr std::string_view kDone =
    "SELECT group_concat(name) FROM (SELECT name FROM run_steps_data ORDER BY place) AS found";

class RaceTest : public WorkerPoolTest {
 protected:
  void send(const std::vector<std::string>& signals) {
    events::Append request;
    for (const auto& signal : signals) {
      events::Envelope envelope;
      envelope.user_id = "ann";
      request.events.push_back(
          *types.make(bus::kSignalSent, bus::Signal{signal, Json(42)}, std::move(envelope)));
    }
    ASSERT_TRUE(sync_wait(executor, log->append(std::move(request))));
  }
  const Person owner{.user_id = "ann", .is_owner = true};
  // A branch that is never first, and lets the run be called again only by resume().
  auto pauses() {
    return [this](Step& branch) -> Task<void> {
      co_await branch.run<void>("pauses", [this]() -> Task<Result<>> {
        auto paused = co_await engine->control.pause(owner, "f");
        co_return paused ? Result<>{} : Result<>(fail(paused.error()));
      });
      co_await branch.sleep("long", hours(1));
    };
  }
  void wait_until_paused() {
    wait_until("SELECT count(*) FROM run_steps_data WHERE name LIKE '%pauses'", "1");
  }
  void resume() { ASSERT_TRUE(sync_wait(executor, engine->control.resume(owner, "f"))); }
  std::string output() { return text_of("SELECT status || ' ' || output FROM runs_data"); }
};

auto gives(std::int64_t value) {
  return [value]() -> Task<Result<std::int64_t>> { co_return value; };
}
auto sleeps(std::string id, milliseconds how_long) {
  return [id, how_long](Step& branch) { return branch.sleep(id, how_long); };
}
auto runs(std::string id, std::int64_t value) {
  return [id, value](Step& branch) { return branch.run<std::int64_t>(id, gives(value)); };
}
Outcome called_again() {
  return Outcome::failed_retry_in({Code::kTimeout, "", nullptr}, 0);
}

TEST_F(RaceTest, IsOfTheBranchThatIsFirstInAllLaterCalls) {
  std::atomic<int> calls = 0;
  std::atomic<int> other_calls = 0;
  start([&](const Event&, Step& step) -> Task<Outcome> {
    auto first = co_await step.race("race", sleeps("nap", hours(1)), runs("quick", 7));
    // It ends at once in the second call, and was not the first in the one before.
    auto second = co_await step.race(
        "again",
        [&](Step& branch) -> Task<int> {
          if (calls == 0) co_await branch.sleep("nap", hours(1));
          co_return ++other_calls;
        },
        sleeps("short", milliseconds(1)));
    if (++calls == 1) co_return called_again();
    co_return Outcome::done(fmt::format("{}{}", *std::get<1>(*first), second->index()));
  });
  append();
  wait_until_idle();
  EXPECT_EQ(output(), "completed 71");
  EXPECT_EQ(other_calls, 0);
  EXPECT_EQ(calls, 2);
}

// Of the whole handler: a branch, and what comes behind the race.
TEST_F(RaceTest, HasIdsOfItsOwnInEachBranch) {
  std::atomic<int> calls = 0;
  std::atomic<int> lost = 0;
  start([&](const Event&, Step& step) -> Task<Outcome> {
    auto first = co_await step.race(
        "race",
        [&](Step& branch) -> Task<std::int64_t> {
          auto one = co_await branch.run<std::int64_t>("one", gives(1));
          co_await branch.sleep("nap", hours(1));
          co_return *one + ++lost;
        },
        [&](Step& branch) -> Task<std::int64_t> {
          auto one = co_await branch.run<std::int64_t>("one", gives(2));
          auto other = co_await branch.run<std::int64_t>("one", gives(3));
          co_return 10 * *one + *other;
        });
    auto behind = co_await step.run<std::int64_t>("one", gives(4));
    if (++calls < 3) co_return called_again();
    co_return Outcome::done(fmt::format("{}{}", std::get<1>(*first), *behind));
  });
  append();
  wait_until_idle();
  EXPECT_EQ(output(), "completed 234");
  EXPECT_EQ(lost, 0);
  EXPECT_EQ(text_of(kDone),
            "race \u203a 0 \u203a one,race \u203a 1 \u203a one,race \u203a 1 \u203a one,race,one");
}

TEST_F(RaceTest, MayBeInALoopAndLosesNoSignal) {
  start([&](const Event&, Step& step) -> Task<Outcome> {
    for (int i = 0; i < 3; ++i) {
      co_await step.race(
          "race", [](Step& branch) { return branch.wait_for_signal("wait", {"go"}, hours(1)); },
          sleeps("nap", milliseconds(1)));
    }
    co_await step.run<std::int64_t>("rounds", gives(3));
    auto sent = co_await step.wait_for_signal("wait", {"go"}, hours(1));
    co_return Outcome::done((**sent).find("data")->dump());
  });
  append();
  wait_until(kPending, "wait");
  EXPECT_EQ(text_of("SELECT count(*) FROM waits_data"), "1");
  send({"go"});
  wait_until_idle();
  EXPECT_EQ(output(), "completed 42");
}

TEST_F(RaceTest, MayBeInABranchOfAnother) {
  std::atomic<int> calls = 0;
  start([&](const Event&, Step& step) -> Task<Outcome> {
    auto first = co_await step.race(
        "outer",
        [](Step& branch) -> Task<std::string> {
          auto inner = co_await branch.race("inner", sleeps("short", milliseconds(1)),
                                            sleeps("long", hours(1)));
          co_await branch.sleep("behind", hours(1));
          co_return std::to_string(inner->index());
        },
        [](Step& branch) -> Task<std::string> {
          auto inner = co_await branch.race("inner", sleeps("long", hours(1)),
                                            sleeps("short", milliseconds(2)));
          auto value = co_await branch.run<std::int64_t>("last", gives(5));
          co_return fmt::format("{}{}", inner->index(), *value);
        });
    co_await step.sleep("end", milliseconds(1));
    if (++calls == 1) co_return called_again();
    co_return Outcome::done(fmt::format("{}{}", first->index(), std::get<1>(*first)));
  });
  append();
  wait_until_idle();
  EXPECT_EQ(output(), "completed 115");
  EXPECT_EQ(text_of("SELECT count(*) FROM pending_steps_data"), "0");
}

TEST_F(RaceTest, BeginsNoWaitOfOthersWhereItIsDecidedAtOnce) {
  start([&](const Event&, Step& step) -> Task<Outcome> {
    co_await step.race("race", sleeps("nap", hours(1)), runs("quick", 1));
    co_await step.sleep("long", hours(1));
    co_return Outcome::done();
  });
  append();
  wait_until("SELECT count(*) FROM parked_jobs", "1");
  EXPECT_EQ(text_of(kPending), "long");
}

TEST_F(RaceTest, GivesUpWhatTheOthersWaitFor) {
  start([&](const Event&, Step& step) -> Task<Outcome> {
    co_await step.race(
        "race", [](Step& branch) { return branch.wait_for_signal("signal", {"go"}, hours(1)); },
        [](Step& branch) {
          return branch.run<void>("failing", []() -> Task<Result<>> {
            co_return fail(Code::kServiceUnavailable, "not yet");
          });
        },
        [](Step& branch) -> Task<void> {
          co_await branch.race("inner", sleeps("a", hours(1)), sleeps("b", hours(2)));
        },
        sleeps("nap", milliseconds(1)));
    co_await step.sleep("long", hours(1));
    co_return Outcome::done();
  });
  append();
  wait_until(kPending, "long");
  EXPECT_EQ(text_of("SELECT count(*) FROM waits_data"), "0");
  EXPECT_EQ(text_of(kDone), "race \u203a 3 \u203a nap,race");
}

// What a step of the handler is called does not make it one of a branch.
TEST_F(RaceTest, GivesUpNoStepThatLooksLikeItsOwn) {
  start([&](const Event&, Step& step) -> Task<Outcome> {
    std::vector<Task<bool>> both;
    both.push_back([](Step& of) -> Task<bool> {
      co_await of.sleep("race \u203a 0 \u203a nap", hours(1));
      co_return true;
    }(step));
    both.push_back([](Step& of) -> Task<bool> {
      co_await of.race("race", sleeps("nap", hours(1)), sleeps("short", milliseconds(1)));
      co_return true;
    }(step));
    co_await when_all(std::move(both));
    co_return Outcome::done();
  });
  append();
  wait_until(kDone, "race \u203a 1 \u203a short,race");
  EXPECT_EQ(text_of(kPending), "race > 0 > nap");
}

TEST_F(RaceTest, DestroysAFunctionOfABranchThatIsNotFirst) {
  std::atomic<int> begun = 0;
  std::atomic<int> late = 0;
  Watermark never;
  start([&](const Event&, Step& step) -> Task<Outcome> {
    auto slow = co_await step.race(
        "slow",
        [&](Step& branch) {
          return branch.run<void>("waits", [&]() -> Task<Result<>> {
            ++begun;
            co_await never.wait_past(0);
            co_return Result<>{};
          });
        },
        runs("ends", 1));
    // Both naps are over in the same call: what comes behind the first of them has not begun.
    auto behind = co_await step.race(
        "behind",
        [&](Step& branch) -> Task<void> {
          co_await branch.sleep("first nap", milliseconds(1));
          co_await branch.run<void>("late", [&]() -> Task<Result<>> {
            ++late;
            co_return Result<>{};
          });
        },
        sleeps("second nap", milliseconds(1)));
    co_return Outcome::done(std::to_string(10 * slow->index() + behind->index()));
  });
  append();
  wait_until_idle();
  EXPECT_EQ(output(), "completed 11");
  EXPECT_EQ(begun, 1);
  EXPECT_EQ(late, 0);
}

TEST_F(RaceTest, BeginsNothingWhereAnotherBranchHasAllItWaitsFor) {
  std::atomic<int> late = 0;
  const auto waits = [](std::string signal) {
    return [signal](Step& branch) { return branch.wait_for_signal("wait", {signal}, hours(1)); };
  };
  start([&](const Event&, Step& step) -> Task<Outcome> {
    auto first = co_await step.race(
        "race",
        [&](Step& branch) -> Task<void> {
          co_await waits("a")(branch);
          co_await branch.run<void>("late", [&]() -> Task<Result<>> {
            ++late;
            co_return Result<>{};
          });
        },
        [&](Step& branch) -> Task<void> {
          std::vector<Task<Result<std::optional<Json>>>> both;
          both.push_back(waits("b")(branch));
          both.push_back(waits("c")(branch));
          co_await when_all(std::move(both));
        });
    co_return Outcome::done(std::to_string(first->index()));
  });
  append();
  wait_until("SELECT count(*) FROM waits_data", "3");
  ASSERT_TRUE(sync_wait(executor, engine->control.pause(owner, "f")));
  send({"a", "b", "c"});
  wait_until("SELECT count(*) FROM waits_data", "0");
  resume();
  wait_until_idle();
  EXPECT_EQ(output(), "completed 1");
  EXPECT_EQ(late, 0);
}

// It is not destroyed in the middle of that, which would block whoever shares the thread.
TEST_F(RaceTest, WaitsForWhatAnotherBranchIsStoring) {
  ASSERT_TRUE(database->migrate({{"t", "CREATE TABLE marks(name TEXT PRIMARY KEY)"}}));
  Watermark is_storing;
  Watermark is_decided;
  std::promise<void> goes_on;
  std::atomic<bool> went_on = false;
  std::atomic<int> behind = 0;
  start([&](const Event&, Step& step) -> Task<Outcome> {
    auto first = co_await step.race(
        "race", [&](Step&) -> Task<void> { co_await is_storing.wait_past(0); },
        [&](Step& branch) -> Task<void> {
          co_await is_decided.wait_past(0);
          goes_on.set_value();
          co_await branch.run<void>("behind", [&]() -> Task<Result<>> {
            ++behind;
            co_return Result<>{};
          });
        },
        [&](Step& branch) {
          return branch.commit("mark", [&](db::Tx& tx) {
            tx.run("INSERT INTO marks(name) VALUES ('stored')");
            is_storing.raise(1);
            is_decided.raise(1);
            went_on = goes_on.get_future().wait_for(std::chrono::seconds(10)) ==
                      std::future_status::ready;
          });
        });
    co_return Outcome::done(std::to_string(first->index()));
  });
  append();
  wait_until_idle();
  EXPECT_EQ(output(), "completed 0");
  EXPECT_EQ(text_of("SELECT group_concat(name) FROM marks"), "stored");
  EXPECT_TRUE(went_on);
  EXPECT_EQ(behind, 0);
}

TEST_F(RaceTest, GoesOnWithBranchesThatFailAndWait) {
  std::atomic<int> tries = 0;
  start([&](const Event&, Step& step) -> Task<Outcome> {
    auto first = co_await step.race(
        "race",
        [&](Step& branch) {
          return branch.run<std::int64_t>("second time", [&]() -> Task<Result<std::int64_t>> {
            if (++tries == 1) {
              co_return fail(Code::kServiceUnavailable, "not yet");
            }
            co_return 7;
          });
        },
        [](Step& branch) { return branch.wait_for_signal("signal", {"go"}, hours(1)); });
    const auto& seven = std::get<0>(*first);
    co_return Outcome::done(std::to_string(seven ? *seven : 0));
  });
  append();
  wait_until_idle();
  EXPECT_EQ(output(), "completed 7");
  EXPECT_EQ(tries, 2);
}

TEST_F(RaceTest, IsOfWhatHasComeBeforeWhatIsOver) {
  start([&](const Event&, Step& step) -> Task<Outcome> {
    auto first = co_await step.race(
        "race", sleeps("nap", milliseconds(0)),
        [](Step& branch) { return branch.wait_for_signal("wait", {"go"}, hours(1)); }, pauses());
    co_return Outcome::done(std::to_string(first->index()));
  });
  append();
  wait_until_paused();
  wait_until("SELECT count(*) FROM waits_data", "1");
  send({"go"});
  wait_until("SELECT count(*) FROM waits_data", "0");
  resume();
  wait_until_idle();
  EXPECT_EQ(output(), "completed 1");
}

TEST_F(RaceTest, IsOfWhatIsOverBeforeWhatIsToBeDone) {
  std::atomic<int> late = 0;
  start([&](const Event&, Step& step) -> Task<Outcome> {
    auto first = co_await step.race(
        "race",
        [&](Step& branch) -> Task<void> {
          co_await branch.sleep("nap", milliseconds(0));
          co_await branch.run<void>("late", [&]() -> Task<Result<>> {
            ++late;
            co_return Result<>{};
          });
        },
        [](Step& branch) { return branch.wait_for_signal("wait", {"go"}, milliseconds(0)); },
        pauses());
    co_return Outcome::done(std::to_string(first->index()));
  });
  append();
  wait_until_paused();
  resume();
  wait_until_idle();
  EXPECT_EQ(output(), "completed 1");
  EXPECT_EQ(late, 0);
}

TEST_F(RaceTest, LeavesNobodyWaitingWhenItIsDecided) {
  Watermark goes_on;
  start([&](const Event&, Step& step) -> Task<Outcome> {
    co_await step.race(
        "race", [](Step& branch) { return branch.wait_for_signal("wait", {"go"}, hours(1)); },
        sleeps("nap", milliseconds(1)));
    co_await goes_on.wait_past(0);  // no step
    co_return Outcome::done();
  });
  append();
  wait_until(kDone, "race \u203a 1 \u203a nap,race");
  EXPECT_EQ(text_of("SELECT count(*) FROM waits_data"), "0");
  goes_on.raise(1);
  wait_until_idle();
}

TEST_F(RaceTest, DoesNotEndTheRunByWhatIsGivenUp) {
  std::atomic<int> calls = 0;
  start([&](const Event&, Step& step) -> Task<Outcome> {
    auto failed = co_await step.race(
        "failed for good",
        [](Step& branch) -> Task<void> {
          co_await branch.run<void>(
              "no", []() -> Task<Result<>> { co_return fail(Code::kBadRequest, "no"); });
          co_await branch.sleep("long", hours(1));
        },
        sleeps("nap", milliseconds(1)));
    if (++calls == 1) co_return called_again();
    co_return Outcome::done(std::to_string(failed->index()));
  });
  append();
  wait_until_idle();
  EXPECT_EQ(output(), "completed 1");
  EXPECT_EQ(calls, 2);
}

TEST_F(RaceTest, IsNotDecidedByABranchThatThrows) {
  std::atomic<int> calls = 0;
  start([&](const Event&, Step& step) -> Task<Outcome> {
    auto first = co_await step.race(
        "race",
        [&](Step& branch) -> Task<void> {
          if (++calls == 1) throw std::runtime_error("once");
          co_await branch.sleep("long", hours(1));
        },
        sleeps("nap", milliseconds(1)));
    co_return Outcome::done(std::to_string(first->index()));
  });
  append();
  wait_until_idle();
  EXPECT_EQ(output(), "completed 1");
}

TEST_F(RaceTest, HasOtherStepsThanOneThatIsNamedAsItsSecond) {
  start([&](const Event&, Step& step) -> Task<Outcome> {
    co_await step.race("x", runs("v", 1));
    co_await step.race("x", runs("v", 2));
    co_await step.run<std::int64_t>("x:1 \u203a 0 \u203a v", gives(3));
    co_return Outcome::done("0");
  });
  append();
  wait_until_idle();
  EXPECT_EQ(text_of(kDone), "x \u203a 0 \u203a v,x,x \u203a1 \u203a 0 \u203a v,x,x:1 > 0 > v");
}

TEST_F(RaceTest, FailsWithABranchThatThrowsFirst) {
  start([&](const Event&, Step& step) -> Task<Outcome> {
    std::string said;
    try {
      co_await step.race("race", sleeps("nap", hours(1)), [](Step& branch) -> Task<int> {
        co_await branch.run<std::int64_t>("one", gives(1));
        throw std::runtime_error("thrown");
      });
    } catch (const std::exception& thrown) {
      said = thrown.what();
    }
    co_return Outcome::done(Json(said).dump());
  });
  append();
  wait_until_idle();
  EXPECT_EQ(output(), R"(completed "thrown")");
}

TEST_F(RaceTest, SaysThatTheBranchThatWasFirstIsNotThereAnyMore) {
  std::atomic<int> calls = 0;
  start([&](const Event&, Step& step) -> Task<Outcome> {
    if (++calls == 1) {
      co_await step.race("race", sleeps("long", hours(1)), runs("quick", 1));
      co_return called_again();
    }
    auto first = co_await step.race("race", sleeps("long", hours(1)));
    co_return Outcome::done(Json(first ? "" : first.error().message).dump());
  });
  append();
  wait_until_idle();
  EXPECT_EQ(output(),
            R"(completed "Of the race \"race\" a branch was first that is not there any more")");
}

}  // namespace
}  // namespace synap::workers
