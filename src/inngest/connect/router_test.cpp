#include "inngest/connect/router.h"

#include <gtest/gtest.h>

#include <protozero/pbf_reader.hpp>

#include "base/manual_world.h"
#include "base/test_support.h"
#include "inngest/ulid.h"

namespace synap::inngest {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;
using Answered = Result<outbound::Response>;

// What a worker was sent.
struct Sent {
  std::string request_id;
  std::string lease_id;
};

class RouterTest : public testing::Test {
 protected:
  WorkerPtr worker(std::string connection, std::size_t places = 10, std::string user = "ann") {
    auto made = std::make_shared<Worker>();
    made->connection_id = std::move(connection);
    made->user_id = std::move(user);
    made->apps["shop"] = {"shop-job", "shop-other"};
    made->places_max = places;
    EXPECT_TRUE(router_.add(made));
    router_.set_ready(made, true);
    return made;
  }

  void ask(std::string id, std::string slug = "shop-job") {
    calls_.add(router_.ask({.user_id = "ann",
                            .app = "shop",
                            .slug = std::move(slug),
                            .function_id = "f",
                            .request = {.id = std::move(id), .run_id = run_, .step_id = "step"}}));
  }

  // The next message of a worker, which is a request, as a session takes and writes it.
  Sent next(const WorkerPtr& worker) {
    const auto message = test::run(executor_, [&] { return router_.next_message(worker); });
    if (!message) return {};
    router_.note_sent(worker, message->request_id);
    const auto read = read_message(message->bytes);
    protozero::pbf_reader fields(read->payload.data(), read->payload.size());
    Sent sent;
    while (fields.next()) {
      if (fields.tag() == 1) {
        sent.request_id = fields.get_string();
      } else if (fields.tag() == 13) {
        sent.lease_id = fields.get_string();
      } else {
        fields.skip();
      }
    }
    return sent;
  }
  void reply(std::string_view id, std::string_view body = "1") {
    router_.take_reply("ann", {.request_id = id, .status = 1, .body = body, .sdk_version = "js"});
  }
  // Each wake-up is some turns of the executor.
  void settle() {
    for (int turn = 0; turn < 8; ++turn) test::settle(executor_);
  }
  void pass(milliseconds time) {
    settle();
    world_.pass(time);
    settle();
  }

  ManualWorld world_;
  ThreadExecutor executor_{"test"};
  RouterOptions options_{.world = world_};
  Router router_{options_};
  Uuid run_ = world_.new_id();
  test::Started<Answered> calls_{executor_};
};

TEST_F(RouterTest, AnAnswerIsReadAsThatOfHttp) {
  const auto one = worker("one");
  ask("r");
  EXPECT_EQ(next(one).request_id, "r");
  router_.note_ack(one, "r");
  router_.take_reply("ann", {.request_id = "r",
                             .status = 0,
                             .body = "[]",
                             .no_retry = true,
                             .retry_after = "3",
                             .sdk_version = "inngest-js:v4",
                             .request_version = 2});
  const auto answered = calls_.wait().front();
  ASSERT_TRUE(answered);
  EXPECT_EQ(answered->status, 206);
  EXPECT_EQ(answered->body, "[]");
  EXPECT_EQ(*outbound::find(answered->headers, "x-inngest-no-retry"), "true");
  EXPECT_EQ(*outbound::find(answered->headers, "retry-after"), "3");
  EXPECT_EQ(*outbound::find(answered->headers, "x-inngest-req-version"), "2");
  EXPECT_TRUE(router_.is_idle(one));
}

TEST_F(RouterTest, WithNobodyThereItWaitsAndThenIsAnOutage) {
  ask("r");
  pass(options_.patience - 1ms);
  EXPECT_EQ(calls_.done(), 0U);
  pass(1ms);
  EXPECT_EQ(calls_.wait().front().error().code, Code::kServiceUnavailable);
}

TEST_F(RouterTest, AWorkerThatComesInTimeIsGivenWhatWaits) {
  ask("r");
  pass(options_.patience - 1ms);
  const auto one = worker("one");
  EXPECT_EQ(next(one).request_id, "r");
  reply("r");
  EXPECT_TRUE(calls_.wait().front());
}

TEST_F(RouterTest, WhatWaitsForAPlaceIsAnOutageWhenTheLastWorkerGoes) {
  const auto one = worker("one", 1);
  ask("a");
  EXPECT_EQ(next(one).request_id, "a");
  ask("b");
  pass(options_.ack_max / 2);
  router_.note_ack(one, "a");
  router_.remove(one);
  pass(0ms);
  pass(options_.patience);
  EXPECT_EQ(calls_.done(), 1U);  // b; a has some time more
  pass(options_.return_max);
  const auto answered = calls_.wait();
  EXPECT_EQ(answered[0].error().code, Code::kClientClosedRequest);
  EXPECT_EQ(answered[1].error().code, Code::kServiceUnavailable);
}

TEST_F(RouterTest, APlaceThatIsFreeGoesToWhoeverHasWaitedLongest) {
  const auto one = worker("one", 1);
  for (const auto* id : {"a", "b", "c"}) {
    ask(id);
    test::settle(executor_);
  }
  for (const auto* id : {"a", "b", "c"}) {
    EXPECT_EQ(next(one).request_id, id);
    reply(id);
  }
  EXPECT_EQ(calls_.wait().size(), 3U);
}

TEST_F(RouterTest, ALeaseThatIsExtendedKeepsARequest) {
  const auto one = worker("one");
  const auto two = worker("two", 1);
  ask("r");
  const auto sent = next(one);
  router_.note_ack(one, "r");
  for (int i = 0; i < 5; ++i) {
    pass(options_.lease - 1ms);
    EXPECT_EQ(router_.extend(one, {"r", sent.lease_id}), sent.lease_id);
  }
  EXPECT_EQ(router_.extend(one, {"r", "another"}), "");
  EXPECT_EQ(router_.extend(one, {"another", sent.lease_id}), "");
  pass(options_.lease);
  EXPECT_EQ(calls_.wait().front().error().code, Code::kClientClosedRequest);
  EXPECT_EQ(router_.extend(one, {"r", sent.lease_id}), "");
  reply("r");  // nobody waits for it
  EXPECT_TRUE(router_.is_idle(one));
}

TEST_F(RouterTest, AWorkerThatIsBackKeepsItsRequestAndItsPlaces) {
  const auto before = worker("before", 1);
  ask("r");
  const auto sent = next(before);
  router_.note_ack(before, "r");
  router_.remove(before);
  pass(options_.return_max - 1ms);
  const auto again = worker("again", 1);
  EXPECT_EQ(router_.extend(again, {"r", sent.lease_id}), sent.lease_id);
  EXPECT_FALSE(router_.is_idle(again));
  pass(options_.lease - 1ms);
  reply("r");
  EXPECT_TRUE(calls_.wait().front());
  EXPECT_TRUE(router_.is_idle(again));
}

TEST_F(RouterTest, WhatAWorkerHasNotSaidThatItHasIsLostAtOnce) {
  const auto one = worker("one");
  ask("sent");
  EXPECT_EQ(next(one).request_id, "sent");
  router_.remove(one);
  EXPECT_EQ(calls_.wait().front().error().code, Code::kClientClosedRequest);
}

TEST_F(RouterTest, WhatAWorkerWasNotSentGoesToAnother) {
  const auto one = worker("one");
  ask("a");
  settle();
  const auto two = worker("two");
  router_.remove(one);
  EXPECT_EQ(next(two).request_id, "a");
  ask("b");
  settle();
  const auto three = worker("three");
  router_.set_ready(two, false);
  EXPECT_EQ(next(three).request_id, "b");
  for (const auto* id : {"a", "b"}) reply(id);
  EXPECT_EQ(calls_.wait().size(), 2U);
}

TEST_F(RouterTest, ARunThatLosesItsWorkersHasFailedAnAttempt) {
  for (const auto* id : {"one", "two", "three"}) {
    ask(id);
    const auto victim = worker(id);
    EXPECT_EQ(next(victim).request_id, id);
    router_.note_ack(victim, id);
    router_.remove(victim);
    pass(options_.return_max);
  }
  const auto answered = calls_.wait();
  EXPECT_EQ(answered[0].error().code, Code::kClientClosedRequest);
  EXPECT_EQ(answered[1].error().code, Code::kClientClosedRequest);
  EXPECT_EQ(answered[2].error().code, Code::kBadGateway);
}

TEST_F(RouterTest, AnAnswerMakesLossesForgotten) {
  for (const auto* id : {"one", "two", "three", "four"}) {
    ask(id);
    const auto victim = worker(id);
    EXPECT_EQ(next(victim).request_id, id);
    router_.note_ack(victim, id);
    if (id == std::string("two")) reply(id);
    router_.remove(victim);
    pass(options_.return_max);
  }
  const auto answered = calls_.wait();
  EXPECT_TRUE(answered[1]);
  EXPECT_EQ(answered[3].error().code, Code::kClientClosedRequest);
}

TEST_F(RouterTest, OneThatSaysNothingIsAskedOnlyWhereNobodyElseIs) {
  const auto deaf = worker("deaf", 100);
  ask("a");
  EXPECT_EQ(next(deaf).request_id, "a");
  const auto other = worker("other", 1);
  pass(options_.ack_max);
  ask("b");
  EXPECT_EQ(next(other).request_id, "b");
  router_.note_ack(other, "b");
  ask("c");
  settle();
  reply("b");
  EXPECT_EQ(next(other).request_id, "c") << "it waits for a place of the other";
  reply("c");
  router_.remove(other);
  // Where there is nobody else it is tried with one at a time.
  ask("d");
  ask("e");
  EXPECT_EQ(next(deaf).request_id, "d");
  pass(options_.ack_max);
  EXPECT_EQ(next(deaf).request_id, "e");
  router_.note_ack(deaf, "e");
  reply("e");
  const auto answered = calls_.wait();
  EXPECT_EQ(answered[0].error().code, Code::kClientClosedRequest);
  EXPECT_EQ(answered[3].error().code, Code::kServiceUnavailable);
  EXPECT_TRUE(answered[4]);
}

TEST_F(RouterTest, CountsThoseThatTakeRequests) {
  const auto one = worker("one");
  const auto two = worker("two");
  worker("of bob", 10, "bob");
  EXPECT_EQ(router_.count("ann", "shop"), 2U);
  router_.set_ready(two, false);
  EXPECT_EQ(router_.count("ann", "shop"), 1U);
  router_.remove(one);
  EXPECT_EQ(router_.count("ann", "shop"), 0U);
  EXPECT_EQ(router_.count("ann", "other"), 0U);
}

TEST_F(RouterTest, AUserHasSoManyConnectionsAndNoMore) {
  for (std::size_t i = 0; i < options_.connections_of_user_max; ++i) {
    worker(std::to_string(i));
  }
  EXPECT_TRUE(router_.is_full("ann"));
  EXPECT_FALSE(router_.is_full("bob"));
  auto one_more = std::make_shared<Worker>();
  one_more->connection_id = "more";
  one_more->user_id = "ann";
  EXPECT_EQ(router_.add(one_more).error().code, Code::kTooManyRequests);
}

TEST_F(RouterTest, ACallThatIsGivenUpLeavesNothing) {
  const auto one = worker("one", 1);
  {
    auto given_up = [&]() -> Task<void> {
      auto task = router_.ask({"ann", "shop", "shop-job", "f", {.id = "r", .step_id = "step"}});
      task.start();
      co_return;
    };
    test::run(executor_, given_up);
  }
  EXPECT_TRUE(router_.is_idle(one));
  ask("next");
  EXPECT_EQ(next(one).request_id, "next");
  reply("next");
  EXPECT_TRUE(calls_.wait().front());
}

}  // namespace
}  // namespace synap::inngest
