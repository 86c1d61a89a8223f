#include "inngest/realtime/broadcaster.h"

#include <gtest/gtest.h>

#include "base/manual_world.h"
#include "base/test_support.h"

namespace synap::inngest {
namespace {

class BroadcasterTest : public testing::Test {
 protected:
  std::string next(const Broadcaster::ListenerPtr& listener) {
    const auto message = broadcaster_.take(listener);
    return message != nullptr ? *message : "";
  }

  ManualWorld world_;
  ThreadExecutor executor_{"test"};
  Broadcaster broadcaster_{{.world = world_,
                            .listeners_of_user_max = 2,
                            .queue_bytes_max = 100,
                            .queue_messages_max = 3}};
  const Topic topic_{"chat", "a"};
};

TEST_F(BroadcasterTest, IsHeardByThoseOfTheUserWhoListenToTheTopic) {
  const auto hears = broadcaster_.listen("ann", {topic_, {"chat", "b"}}).value();
  const auto other_topic = broadcaster_.listen("ann", {{"chat", "c"}}).value();
  const auto other_user = broadcaster_.listen("bob", {topic_}).value();
  broadcaster_.say("ann", topic_, "1");
  broadcaster_.say("ann", {"chat", "b"}, "2");
  broadcaster_.say("ann", {"room", "a"}, "3");
  EXPECT_EQ(next(hears), "1");
  EXPECT_EQ(next(hears), "2");
  EXPECT_EQ(next(hears), "");
  EXPECT_EQ(next(other_topic), "");
  EXPECT_EQ(next(other_user), "");
}

TEST_F(BroadcasterTest, OneWhoDoesNotReadIsLateAndHoldsUpNobody) {
  const auto slow = broadcaster_.listen("ann", {topic_}).value();
  const auto quick = broadcaster_.listen("ann", {topic_}).value();
  for (const auto* text : {"1", "2", "3", "4", "5"}) {
    broadcaster_.say("ann", topic_, text);
    EXPECT_EQ(next(quick), text);
  }
  EXPECT_TRUE(broadcaster_.is_late(slow));
  EXPECT_EQ(next(slow), "");
  EXPECT_FALSE(broadcaster_.is_late(quick));
  broadcaster_.say("ann", topic_, std::string(101, 'x'));
  EXPECT_TRUE(broadcaster_.is_late(quick)) << "bytes count, too";
}

TEST_F(BroadcasterTest, AUserHasSoManyListenersAndOneWhoLeavesMakesRoom) {
  const auto one = broadcaster_.listen("ann", {topic_}).value();
  const auto two = broadcaster_.listen("ann", {topic_, topic_}).value();
  EXPECT_EQ(broadcaster_.listen("ann", {topic_}).error().code, Code::kTooManyRequests);
  EXPECT_TRUE(broadcaster_.listen("bob", {topic_}));
  broadcaster_.leave(two);
  EXPECT_TRUE(broadcaster_.listen("ann", {topic_}));
  broadcaster_.say("ann", topic_, "1");
  EXPECT_EQ(next(two), "");
  EXPECT_EQ(next(one), "1");
}

TEST_F(BroadcasterTest, AWaitEndsWithWhatIsSaidWithItsTimeAndWithItsStop) {
  const auto listener = broadcaster_.listen("ann", {topic_}).value();
  test::Started<bool> waits(executor_);
  const auto wait = [&](std::stop_token stop = {}) {
    waits.add(
        [](Broadcaster& from, Broadcaster::ListenerPtr who, std::stop_token until) -> Task<bool> {
          co_await from.wait(std::move(who), std::chrono::seconds(1), std::move(until));
          co_return true;
        }(broadcaster_, listener, std::move(stop)));
    for (int turn = 0; turn < 8; ++turn) test::settle(executor_);
  };
  wait();
  EXPECT_EQ(waits.done(), 0U);
  broadcaster_.say("ann", topic_, "1");
  EXPECT_EQ(waits.wait().size(), 1U);
  EXPECT_EQ(next(listener), "1");
  wait();
  EXPECT_EQ(waits.done(), 1U);
  world_.pass(std::chrono::seconds(1));
  EXPECT_EQ(waits.wait().size(), 2U);
  std::stop_source stop;
  wait(stop.get_token());
  stop.request_stop();
  EXPECT_EQ(waits.wait().size(), 3U);
}

}  // namespace
}  // namespace synap::inngest
