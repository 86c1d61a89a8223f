#include "models/account.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <thread>

#include "models/in_step.h"
#include "models/test_rig.h"

namespace synap::models {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kDayMs = std::int64_t{24} * 60 * 60 * 1'000;

// The real world, on another day.
struct Clock final : World {
  std::int64_t unix_ms() override { return real_world().unix_ms() + shift; }
  SteadyClock::time_point now() override { return real_world().now(); }
  void random(std::uint8_t* out, std::size_t n) override { real_world().random(out, n); }
  Uuid new_id() override { return real_world().new_id(); }
  Timers& timers() override { return real_world().timers(); }
  std::unique_ptr<Executor> make_executor(std::string name, ThreadPriority priority) override {
    return real_world().make_executor(std::move(name), priority);
  }
  std::unique_ptr<Signal> make_signal() override { return real_world().make_signal(); }
  std::unique_ptr<WorldThread> start_thread(std::string name, ThreadPriority priority,
                                            std::function<bool()> turn) override {
    return real_world().start_thread(std::move(name), priority, std::move(turn));
  }
  std::int64_t shift = 0;
};

class AccountTest : public ModelsRig {
 protected:
  // An account without a provider: calls are opened and settled by hand.
  void open(Budget of_user, Budget of_key = {}) {
    ModelsRig::open({.of_user = of_user, .of_key = of_key});
  }
  Account& account() { return models->account(); }

  Result<OpenCall> begin(std::int64_t tokens, const Caller& whose = caller(),
                         std::int64_t cost = 0) {
    return sync_wait(
        executor,
        account().open(
            whose,
            {.capability = "chat", .provider = "p", .wire = "chat-completions", .model = "m"},
            {.input = tokens}, cost, world.unix_ms() + 1'000));
  }
  Result<> end(OpenCall call, std::int64_t tokens, std::int64_t cost = 0) {
    call.call().finish = "stop";
    call.call().input = tokens;
    call.call().cost_nanos = cost;
    return sync_wait(executor, account().settle(std::move(call)));
  }
  Result<> use(std::int64_t tokens, const Caller& whose = caller()) {
    auto call = begin(tokens, whose);
    if (!call) return fail(call.error());
    return end(std::move(*call), tokens);
  }
  /// A run's of the chain that begins with this one.
  static Caller of_chain(const Uuid& first) {
    auto whose = caller("ann", "");
    whose.chain = first;
    return whose;
  }
  std::int64_t open_calls() { return count("SELECT count(*) FROM model_calls"); }
};

TEST_F(AccountTest, ABudgetIsNotPassed) {
  open({.tokens = 100});
  EXPECT_TRUE(use(60));
  auto refused = use(41);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kPaymentRequired);
  EXPECT_EQ(refused.error().message,
            "The budget of your user for today (UTC) does not have this call of a model: of 100 "
            "tokens a day 60 are used or held by calls under way, and this one may take 41");
  EXPECT_TRUE(use(40));
  EXPECT_FALSE(use(1));
  // Others have their own.
  EXPECT_TRUE(use(100, caller("bob")));
}

TEST_F(AccountTest, CallsAtTheSameTimeDoNotOverdrawABudgetTogether) {
  open({.tokens = 100});
  std::vector<OpenCall> under_way;
  int refused = 0;
  for (int i = 0; i < 10; ++i) {
    auto call = begin(30);
    if (call) {
      under_way.push_back(std::move(*call));
    } else {
      ++refused;
    }
  }
  EXPECT_EQ(under_way.size(), 3U);
  EXPECT_EQ(refused, 7);
  // What they did not take is there again.
  for (auto& call : under_way) EXPECT_TRUE(end(std::move(call), 1));
  EXPECT_TRUE(use(97));
}

// Each changes a row of its user before it looks: of two nodes the other waits for the commit.
TEST_F(AccountTest, WhoLooksAtABudgetTakesTurnsWithOtherNodes) {
  const auto turns = [&](std::string_view user) {
    return count(fmt::format(
        "SELECT coalesce(sum(opened), 0) FROM model_accounts WHERE user_id = '{}'", user));
  };
  open({.tokens = 100});
  EXPECT_TRUE(use(60));
  EXPECT_TRUE(use(10));
  EXPECT_TRUE(use(10, caller("bob")));
  EXPECT_EQ(turns("ann"), 2);
  EXPECT_EQ(turns("bob"), 1);
}

TEST_F(AccountTest, EachKeyHasABudgetBesideItsUsers) {
  open({.tokens = 100}, {.tokens = 50});
  EXPECT_TRUE(use(50, caller("ann", "k1")));
  auto refused = use(1, caller("ann", "k1"));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("The budget of your key"));
  EXPECT_TRUE(use(50, caller("ann", "k2")));
  EXPECT_THAT(use(1, caller("ann", "k3")).error().message, HasSubstr("of your user"));
  // A run that no key has asked for.
  EXPECT_TRUE(use(100, caller("bob", "")));
}

TEST_F(AccountTest, ACallSaysTheKeyWhereAnotherActed) {
  open({.tokens = 1'000}, {.tokens = 50});
  const auto said = [&](std::string actor, std::string key) {
    auto whose = caller("ann", std::move(actor));
    whose.key = std::move(key);
    EXPECT_TRUE(use(10, whose));
    return calls().back().key;
  };
  EXPECT_EQ(said("k1", "k1"), std::nullopt);
  EXPECT_EQ(said("session", "k1"), "k1");
  EXPECT_THAT(use(31, caller("ann", "k1")).error().message, HasSubstr("20 are used or held"));
}

TEST_F(AccountTest, WhatARunAsksForAKeyIsOfThatKeysBudget) {
  open({.tokens = 1'000}, {.tokens = 50});
  events::Event event;
  event.id = Uuid::v7();
  event.user_id = "ann";
  const auto run = [&](OnBehalf behalf) { return caller_of(event, Uuid::v7(), std::move(behalf)); };
  EXPECT_TRUE(use(30, run({.key = "k1"})));
  {
    const auto held = begin(10, run({.key = "k1"}));
    EXPECT_THAT(use(11, caller("ann", "k1")).error().message, HasSubstr("40 are used or held"));
  }
  EXPECT_TRUE(test::wait_until(executor, database->commits(), [&] { return open_calls() == 0; }));
  EXPECT_THAT(use(21, run({.key = "k1"})).error().message, HasSubstr("The budget of your key"));
  EXPECT_TRUE(use(50, run({.key = "k2"})));
  EXPECT_TRUE(use(60, run({}))) << "an event has begun it";
  EXPECT_EQ(calls().front().key, "k1");
  // Also where a crash leaves it to the next start.
  auto cut = begin(40, run({.key = "k3"}));
  ASSERT_TRUE(cut);
  std::ignore = cut->release();
  open({.tokens = 1'000}, {.tokens = 50});
  EXPECT_EQ(open_calls(), 0);
  EXPECT_THAT(use(11, caller("ann", "k3")).error().message, HasSubstr("40 are used or held"));
}

TEST_F(AccountTest, MoneyIsABudgetToo) {
  open({.cost = 0.5});
  auto call = begin(1, caller(), 400'000'000);
  ASSERT_TRUE(call);
  EXPECT_TRUE(end(std::move(*call), 1, 400'000'000));
  call = begin(1, caller(), 100'000'001);
  ASSERT_FALSE(call);
  EXPECT_THAT(call.error().message, HasSubstr("of 0.5 (money) a day 0.4 are used"));
  EXPECT_TRUE(begin(1, caller(), 100'000'000));
}

TEST_F(AccountTest, AChainOfRunsHasABudgetThatIsNotPassed) {
  ModelsRig::open({.of_chain = {.tokens = 100}});
  const auto first = Uuid::v7();
  EXPECT_TRUE(use(60, of_chain(first)));
  auto refused = use(41, of_chain(first));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kUnprocessableContent);
  EXPECT_EQ(refused.error().details->string_or("reason", ""), "AGENT_LIMIT");
  EXPECT_EQ(refused.error().message,
            "Runs of agents that follow from each other may take 100 tokens of models together: 60 "
            "are used or held by calls under way, and this call may take 41 "
            "(agent_chain_tokens_max)");
  EXPECT_TRUE(use(40, of_chain(first)));
  EXPECT_FALSE(use(1, of_chain(first)));
  // Other chains have their own, and what is of none has no such limit.
  EXPECT_TRUE(use(100, of_chain(Uuid::v7())));
  EXPECT_TRUE(use(1'000));
}

TEST_F(AccountTest, WhatACallUnderWayHoldsOfAChainIsNotRefusedForGood) {
  ModelsRig::open({.of_chain = {.tokens = 100, .cost = 0.5}});
  const auto first = Uuid::v7();
  auto under_way = begin(60, of_chain(first), 300'000'000);
  ASSERT_TRUE(under_way);
  auto refused = begin(41, of_chain(first));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kTooManyRequests);
  EXPECT_TRUE(refused.error().is_retriable());
  EXPECT_EQ(refused.error().details->string_or("reason", ""), "AGENT_LIMIT");
  EXPECT_THAT(refused.error().message,
              HasSubstr("60 are used or held by calls under way, and this call may take 41 "
                        "(agent_chain_tokens_max): try again when those have ended"));
  refused = begin(1, of_chain(first), 200'000'001);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kTooManyRequests) << "of money as of tokens";
  refused = begin(101, of_chain(first));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kUnprocessableContent) << "whatever those come to";
  EXPECT_TRUE(end(std::move(*under_way), 10, 1));
  EXPECT_TRUE(begin(41, of_chain(first), 200'000'001));
}

TEST_F(AccountTest, CallsOfAChainAtTheSameTimeDoNotOverdrawItTogether) {
  ModelsRig::open({.of_chain = {.tokens = 100}});
  const auto first = Uuid::v7();
  std::vector<OpenCall> under_way;
  for (int i = 0; i < 10; ++i) {
    if (auto call = begin(30, of_chain(first))) under_way.push_back(std::move(*call));
  }
  EXPECT_EQ(under_way.size(), 3U);
  EXPECT_EQ(count("SELECT sum(opened) FROM model_accounts WHERE user_id = 'ann'"), 3)
      << "of two nodes the other waits for the commit";
  // What one takes beyond what it held is its own alone: nothing more begins.
  EXPECT_TRUE(end(std::move(under_way[0]), 90));
  EXPECT_FALSE(begin(1, of_chain(first)));
}

// Each of them has a connection of its own, on PostgreSQL.
TEST_F(AccountTest, NodesDoNotOverdrawAChainTogether) {
  ModelsRig::open({.of_chain = {.tokens = 100}});
  const auto aside = store->open_aside();
  Account other({aside != nullptr ? *aside : *database, *log, types, world}, {}, {},
                {.tokens = 100});
  const auto open_some = [](Account& account, const Uuid& first, std::vector<OpenCall>& opened) {
    ThreadExecutor own("node");
    for (int i = 0; i < 4; ++i) {
      auto call =
          sync_wait(own, account.open(of_chain(first), {.capability = "chat"}, {.input = 30}, 0,
                                      account.world().unix_ms() + 60'000));
      if (call) opened.push_back(std::move(*call));
    }
  };
  for (int round = 0; round < 20; ++round) {
    const auto first = Uuid::v7();
    std::vector<OpenCall> here;
    std::vector<OpenCall> there;
    std::thread node([&] { open_some(other, first, there); });
    open_some(account(), first, here);
    node.join();
    EXPECT_EQ(here.size() + there.size(), 3U) << "in round " << round;
    std::ranges::move(there, std::back_inserter(here));
    for (auto& call : here) EXPECT_TRUE(end(std::move(call), 30));
  }
  other.stop();
  if (aside != nullptr) aside->close();
}

TEST_F(AccountTest, AChainHasABudgetOfMoneyToo) {
  ModelsRig::open({.of_chain = {.cost = 0.5}});
  const auto first = Uuid::v7();
  auto call = begin(1, of_chain(first), 400'000'000);
  ASSERT_TRUE(call);
  EXPECT_TRUE(end(std::move(*call), 1, 400'000'000));
  call = begin(1, of_chain(first), 100'000'001);
  ASSERT_FALSE(call);
  EXPECT_THAT(call.error().message, HasSubstr("may take 0.5 (money) of models together: 0.4 are"));
  EXPECT_THAT(call.error().message, HasSubstr("agent_chain_cost_max"));
  EXPECT_TRUE(begin(1, of_chain(first), 100'000'000));
}

TEST_F(AccountTest, WhatAChainHasTakenIsKnownBehindARestart) {
  ModelsRig::open({.of_chain = {.tokens = 100}});
  const auto first = Uuid::v7();
  EXPECT_TRUE(use(30, of_chain(first)));
  auto call = begin(50, of_chain(first));
  ASSERT_TRUE(call);
  std::ignore = call->release();  // as if the process had ended
  ModelsRig::open({.of_chain = {.tokens = 100}});
  EXPECT_EQ(open_calls(), 0);
  EXPECT_FALSE(use(21, of_chain(first))) << "what was cut short counts";
  EXPECT_TRUE(use(20, of_chain(first)));
  EXPECT_EQ(calls().front().chain, first.to_string());
  auto verified = sync_wait(executor, projections->verify("model_chains"));
  ASSERT_TRUE(verified);
  EXPECT_TRUE(verified->is_equal()) << verified->first_difference;
}

TEST_F(AccountTest, AClockThatIsSetBackGivesNoNewBudget) {
  open({.tokens = 100});
  Clock clock;
  Account moving({*database, *log, types, clock}, {.tokens = 100}, {});
  const auto use_at = [&](std::int64_t days, std::int64_t tokens) {
    clock.shift = days * kDayMs;
    auto call =
        sync_wait(executor, moving.open(caller(), {.capability = "chat"}, {.input = tokens}, 0, 1));
    if (!call) return false;
    call->call().input = tokens;
    call->call().finish = "stop";
    return sync_wait(executor, moving.settle(std::move(*call))).has_value();
  };
  EXPECT_TRUE(use_at(0, 100));
  EXPECT_FALSE(use_at(0, 1));
  EXPECT_FALSE(use_at(-1, 1)) << "yesterday comes again";
  EXPECT_FALSE(use_at(-400, 1));
  EXPECT_TRUE(use_at(1, 100)) << "tomorrow";
  EXPECT_FALSE(use_at(0, 1));
  EXPECT_TRUE(use_at(2, 100));
}

// It is taken for one that nobody goes on with. Who does then has the answer all the same, and what
// it may have taken at most is no longer held: it counts as of the day on which it began.
TEST_F(AccountTest, ACallOverWhichTheClockJumpsIsInTheLogOnce) {
  open({.tokens = 100});
  Clock clock;
  Account moving({*database, *log, types, clock}, {.tokens = 100}, {});
  auto call = sync_wait(executor, moving.open(caller(), {.capability = "chat"}, {.input = 70}, 0,
                                              clock.unix_ms() + 60'000));
  ASSERT_TRUE(call);
  const auto day = call->call().day;
  clock.shift = 2 * kDayMs;
  moving.start(Account::Left::kByOthers);
  ASSERT_TRUE(test::wait_until(executor, database->commits(), [&] { return open_calls() == 0; }));
  call->call().finish = "stop";
  call->call().input = 70;
  EXPECT_TRUE(sync_wait(executor, moving.settle(std::move(*call))));
  moving.stop();
  const auto all = calls();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].finish, "interrupted");
  EXPECT_EQ(all[0].input, 70);
  EXPECT_EQ(all[0].day, day);
  EXPECT_FALSE(use(31)) << "of the day on which it began";
  EXPECT_TRUE(use(30));
}

TEST_F(AccountTest, ACallIsInTheLogOnceHoweverOftenItIsSettled) {
  open({});
  auto call = begin(5);
  ASSERT_TRUE(call);
  auto kept = call->release();
  kept.call.finish = "stop";
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(sync_wait(executor, account().settle(OpenCall(account(), kept))));
  }
  EXPECT_EQ(calls().size(), 1U);
  EXPECT_EQ(open_calls(), 0);
}

TEST_F(AccountTest, WhatIsLeftOpenIsSettledByTheNextStart) {
  open({.tokens = 100});
  auto call = begin(70);
  ASSERT_TRUE(call);
  std::ignore = call->release();  // as if the process had ended
  EXPECT_FALSE(use(40)) << "it is held";
  open({.tokens = 100});
  EXPECT_EQ(open_calls(), 0);
  const auto all = calls();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].finish, "interrupted");
  EXPECT_EQ(all[0].input, 70);
  EXPECT_TRUE(all[0].is_estimated);
  open({.tokens = 100});
  EXPECT_EQ(calls().size(), 1U);
  EXPECT_FALSE(use(40)) << "it counts";
}

TEST_F(AccountTest, ACallThatNobodySettlesIsCancelled) {
  open({});
  {
    auto call = begin(5);
    ASSERT_TRUE(call);
  }
  ASSERT_TRUE(test::wait_until(executor, database->commits(), [&] { return open_calls() == 0; }));
  ASSERT_EQ(calls().size(), 1U);
  EXPECT_EQ(calls()[0].finish, "cancelled");
}

TEST_F(AccountTest, AUserHasSoManyCallsUnderWayAndNoMore) {
  open({});
  std::vector<OpenCall> under_way;
  auto of_agent = caller("ann");
  of_agent.chain = Uuid::v7();
  const auto fill = [&](std::int64_t to, const Caller& by) {
    while (std::ssize(under_way) < to) {
      auto call = begin(1, by);
      ASSERT_TRUE(call);
      under_way.push_back(std::move(*call));
    }
    auto refused = begin(1, by);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::kTooManyRequests);
  };
  fill(Account::kOpenOfProgramsMax, caller("ann"));
  // Who asks much of models by programs can still chat.
  fill(Account::kOpenOfUserMax, of_agent);
  EXPECT_TRUE(begin(1, caller("bob")));
}

TEST_F(AccountTest, TheSumsAreWhatTheLogSays) {
  open({});
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(use(10, caller("ann", i % 2 == 0 ? "k1" : "k2")));
  EXPECT_EQ(count("SELECT sum(input) FROM model_usage_data WHERE user_id = 'ann'"), 50);
  EXPECT_EQ(count("SELECT calls FROM model_usage_data WHERE key_id = 'k1'"), 3);
  auto verified = sync_wait(executor, projections->verify("model_usage"));
  ASSERT_TRUE(verified);
  EXPECT_TRUE(verified->is_equal()) << verified->first_difference;
}

}  // namespace
}  // namespace synap::models
