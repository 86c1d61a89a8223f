#include "workers/run_maker.h"

#include "base/background.h"
#include "workers/admission_test.h"

namespace synap::workers {
namespace {

constexpr std::string_view kStatuses =
    "SELECT coalesce(group_concat(status), '') FROM (SELECT status FROM runs_data WHERE function = "
    "'g' ORDER BY id) AS found";

// Runs of g that are the only ones: the first attempt at n = 1 fails for good.
class OnlyOneTest : public SingletonTest {
 protected:
  void put_only(bus::Singleton::Mode mode, std::vector<bus::CancelOn> cancel_on = {}) {
    put({.singleton = bus::Singleton{.key = key(), .mode = mode},
         .cancel_on = std::move(cancel_on)},
        std::nullopt, [this](const Event& event, Step& step) -> Task<Outcome> {
          if (n_of(event) == "1" && ++attempts_ == 1) {
            co_return Outcome::failed_for_good({Code::kNotFound, "", nullptr});
          }
          std::ignore =
              co_await step.wait_for_signal("go", {"go " + n_of(event)}, std::chrono::hours(1));
          co_return Outcome::done(Json(n_of(event)).dump());
        });
  }
  void fail_first() {
    testing::internal::CaptureStderr();
    tell(1);
    wait_until(kStatuses, "failed");
    testing::internal::GetCapturedStderr();
  }
  Uuid run_at(int index) {
    return *Uuid::from_bytes(
        text_of("SELECT id FROM runs_data WHERE function = 'g' ORDER BY id "
                "LIMIT 1 OFFSET " +
                std::to_string(index)));
  }
  Result<> retry(int index) {
    return sync_wait(executor, engine->control.retry({.user_id = "ann"}, run_at(index)));
  }
  Result<RunControl::Swept> retry_all() {
    return sync_wait(executor,
                     engine->control.sweep({.user_id = "ann"}, {}, RunControl::Fate::kRetry));
  }

  std::atomic<int> attempts_ = 0;
};

TEST_F(OnlyOneTest, ADeadLetterIsNotTriedAgainBesideTheRunThatIsThere) {
  for (const auto mode : {bus::Singleton::Mode::kSkip, bus::Singleton::Mode::kCancel}) {
    attempts_ = 0;
    ASSERT_TRUE(test::run(executor, [&] {
      return database->write([](db::Tx& tx) { tx.run("DELETE FROM runs_data"); });
    }));
    put_only(mode);
    fail_first();
    tell(2);
    wait_until(kStatuses, "failed,sleeping");
    const auto retried = retry(0);
    ASSERT_FALSE(retried);
    EXPECT_EQ(retried.error().code, Code::kConflict);
    const auto swept = retry_all();
    ASSERT_TRUE(swept);
    EXPECT_EQ(swept->done, 0);
    EXPECT_EQ(swept->passed_over, 1);
    EXPECT_EQ(text_of(kStatuses), "failed,sleeping");
    go(2);
    wait_until(kStatuses, "failed,completed");
  }
}

TEST_F(OnlyOneTest, ADeadLetterThatIsTriedAgainKeepsOthersAway) {
  put_only(bus::Singleton::Mode::kSkip);
  fail_first();
  ASSERT_TRUE(retry(0));
  wait_until(kStatuses, "sleeping");
  tell(2);
  settle();
  EXPECT_EQ(text_of(kStatuses), "sleeping");
  EXPECT_EQ(counts().skipped.value(), 1);
  go(1);
  wait_until(kStatuses, "completed");
}

TEST_F(OnlyOneTest, ADeadLetterThatIsTriedAgainCanBeCancelledByAnEvent) {
  types.add("thing.ended", object("Ended").field("key", optional(string())), "");
  put_only(bus::Singleton::Mode::kSkip, {{.event = "thing.ended"}});
  fail_first();
  ASSERT_TRUE(retry(0));
  wait_until(kStatuses, "sleeping");
  tell_other("thing.ended");
  wait_until(kStatuses, "cancelled");
}

TEST_F(OnlyOneTest, ARunThatIsNotMadeEndsNoOther) {
  put_only(bus::Singleton::Mode::kCancel);
  tell(2);
  wait_until(kStatuses, "sleeping");
  const auto position = std::stoll(text_of("SELECT event_position FROM runs_data"));
  const auto by_hand = [&](const std::function<void(db::Tx&)>& with) {
    return sync_wait(executor,
                     engine->maker.begin_by_hand({.function = engine->functions.find("g"),
                                                  .event = *sync_wait(executor, log->at(position)),
                                                  .run_id = time.new_id(),
                                                  .origin = "{}"},
                                                 with));
  };
  const auto refused =
      by_hand([](db::Tx& tx) { tx.abort({Code::kTooManyRequests, "not now", nullptr}); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kTooManyRequests);
  EXPECT_EQ(text_of(kStatuses), "sleeping");
  ASSERT_TRUE(by_hand([](db::Tx&) {}));
  wait_until(kStatuses, "cancelled,sleeping");
}

TEST_F(OnlyOneTest, ARunThatCameMeanwhileIsNotEndedUnseen) {
  put_only(bus::Singleton::Mode::kCancel);
  tell(2);
  wait_until(kStatuses, "sleeping");
  const auto position = std::stoll(text_of("SELECT event_position FROM runs_data"));
  const auto judged = engine->maker.judge_again(engine->functions.find("g"),
                                                *sync_wait(executor, log->at(position)));
  const auto way = sync_wait(executor, engine->maker.way_of(judged));
  ASSERT_TRUE(way && way->cancellation);
  tell(3);
  wait_until(kStatuses, "cancelled,sleeping");
  const auto begin = [&](const RunMaker::Way& by) {
    return *test::run(executor, [&] {
      return database->write(
          [&](db::Tx& tx) { return engine->maker.begin(tx, judged, by, std::nullopt, "{}"); });
    });
  };
  EXPECT_EQ(begin(*way), RunMaker::Begun::kStale);
  EXPECT_EQ(text_of(kStatuses), "cancelled,sleeping");
  EXPECT_EQ(begin(*sync_wait(executor, engine->maker.way_of(judged))), RunMaker::Begun::kYes);
  wait_until(kStatuses, "cancelled,cancelled,sleeping");
}

class ReplayTest : public OnlyOneTest {
 protected:
  ~ReplayTest() override { background_.stop(); }
  void replay(std::string function = "g", std::string filter = "") {
    auto begun = sync_wait(
        executor, engine->replays.begin({.user_id = "ann"}, {.function = std::move(function),
                                                             .filter = std::move(filter),
                                                             .repeats = true}));
    SYNAP_CHECK(begun.has_value(), begun ? "" : begun.error().message);
    if (is_following_) return;
    is_following_ = true;
    background_.begin(engine->replays.follow(background_.token()));
  }

 private:
  Background background_{executor};
  bool is_following_ = false;
};

TEST_F(ReplayTest, EachRunEndsTheOneBeforeItWhereTheNewestIsToBeTheOnlyOne) {
  put_only(bus::Singleton::Mode::kCancel);
  attempts_ = 1;
  for (int n = 1; n <= 3; ++n) {
    tell(n);
    settle();
    wait_until("SELECT count(*) FROM flow_debounces", "0");
  }
  wait_until(kStatuses, "cancelled,cancelled,sleeping");
  replay();
  wait_until("SELECT status || made || passed_over FROM run_replays_data", "completed30");
  wait_until(
      "SELECT group_concat(status) FROM (SELECT status FROM runs_data WHERE origin LIKE "
      "'%replay%' ORDER BY id) AS found",
      "cancelled,cancelled,sleeping");
  EXPECT_EQ(text_of("SELECT count(*) FROM runs_data WHERE status = 'sleeping'"), "1");
}

TEST_F(ReplayTest, NoMoreRunsAreMadeThanMayWaitAlsoForATimeOfTheirOwn) {
  tell(1);
  for (int i = 0; i < 1'200; ++i) tell(2);
  put({.throttle = bus::Throttle{.limit = 1, .period = std::chrono::hours(1)}});
  replay();
  wait_until("SELECT made >= 1000 FROM run_replays_data", "1");
  // They take turns: while another goes through the same events, it has more turns than it needs.
  pool->put({.id = "other", .triggers = {{"thing.told"}}},
            std::make_shared<LocalDriver>(
                std::make_unique<FunctionHandler>(
                    "thing.told",
                    [](const Event&, Step&) -> Task<Outcome> { co_return Outcome::done(); }),
                engine->runs));
  replay("other", "event.data.n == 1");
  const auto patience = SteadyClock::now() + seconds(30);
  const auto status = [&] {
    return text_of("SELECT status FROM run_replays_data WHERE function = 'other'");
  };
  while (status() != "completed" && SteadyClock::now() < patience) world.pass(milliseconds(200));
  ASSERT_EQ(status(), "completed");
  EXPECT_EQ(text_of("SELECT status || (made <= 1100) FROM run_replays_data WHERE function = 'g'"),
            "active1");
}

}  // namespace
}  // namespace synap::workers
