#include "bus/queue.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <thread>

namespace synap::bus {
namespace {

using std::chrono::seconds;

class QueueTest : public testing::Test {
 protected:
  FunctionPtr function(const std::string& id) {
    auto& known = functions[id];
    if (known == nullptr) known = std::make_shared<const Function>(Function{.id = id});
    return known;
  }
  Job job(const std::string& function_id, const std::string& user_id) {
    Job made;
    made.run_id = Uuid::v7();
    made.line = made.run_id;
    made.position = ++position;
    made.function = function(function_id);
    made.user_id = user_id;
    return made;
  }
  void push(const std::string& function_id, const std::string& user_id, int count = 1) {
    std::vector<Job> jobs;
    for (int i = 0; i < count; ++i) jobs.push_back(job(function_id, user_id));
    queue->push(std::move(jobs));
  }
  /// "function user" of each job that may go now.
  std::vector<std::string> next(int count = 1'000'000) {
    std::vector<std::string> went;
    for (int i = 0; i < count; ++i) {
      auto job = queue->next();
      if (!job) break;
      went.push_back(job->function->id + " " + job->user_id);
      under_way.push_back(std::move(*job));
    }
    return went;
  }
  void release_all() {
    for (const auto& job : under_way) queue->release(job);
    under_way.clear();
  }
  void use(QueueLimits limits) { queue.emplace(limits); }
  using Went = std::vector<std::string>;

  std::map<std::string, FunctionPtr> functions;
  std::int64_t position = 0;
  std::vector<Job> under_way;
  std::optional<Queue> queue{std::in_place};
};

TEST_F(QueueTest, TellsTheLoadOfEachFunctionThatHasAny) {
  push("f", "ann", 3);
  push("f", "bob", 2);
  push("g", "ann", 1);
  next(2);
  std::map<std::string, Queue::Load> loads;
  for (const auto& [id, load] : queue->loads()) loads[id] = load;
  ASSERT_EQ(loads.size(), 2u);
  EXPECT_EQ(loads["f"].waiting + loads["g"].waiting, 4);
  EXPECT_EQ(loads["f"].running, 1) << "functions take turns";
  EXPECT_EQ(loads["g"].running, 1);
  EXPECT_EQ(loads["f"].waiting, 4);
  next();
  release_all();
  EXPECT_TRUE(queue->loads().empty());
}

TEST_F(QueueTest, JobsOfOneGoInTheOrderOfTheirPushes) {
  for (int i = 0; i < 5; ++i) push("f", "ann");
  std::int64_t last = 0;
  while (const auto job = queue->next()) {
    EXPECT_GT(job->position, last);
    last = job->position;
  }
  EXPECT_EQ(last, 5);
}

TEST_F(QueueTest, FunctionsTakeTurnsAndSoDoTheUsersOfOne) {
  push("f", "ann", 4);
  push("f", "bob", 1);
  push("g", "ann", 2);
  EXPECT_EQ(next(), (Went{"f ann", "g ann", "f bob", "g ann", "f ann", "f ann", "f ann"}));
}

TEST_F(QueueTest, AFunctionWithABacklogKeepsNoOtherWaiting) {
  use({.running_of_function = 2});
  push("slow", "ann", 100);
  push("slow", "bob", 100);
  EXPECT_EQ(next(), (Went{"slow ann", "slow bob"}));
  push("quick", "ann");
  EXPECT_EQ(next(), Went{"quick ann"});
  queue->release(under_way.front());
  EXPECT_EQ(next(), Went{"slow ann"});
}

TEST_F(QueueTest, OneUserNeverHasAllPlacesOfAFunction) {
  use({.running_of_function = 8});
  push("f", "ann", 100);
  EXPECT_EQ(next().size(), 6u);
  push("f", "bob", 100);
  EXPECT_EQ(next(), (Went{"f bob", "f bob"}));
  release_all();
  EXPECT_EQ(next().size(), 8u);
}

TEST_F(QueueTest, NoMoreAreUnderWayThanAllowedInAll) {
  use({.running = 3, .running_of_function = 2});
  for (const auto* user : {"ann", "bob", "eve"}) push("f", user, 2);
  for (const auto* id : {"g", "h"}) push(id, "ann", 2);
  EXPECT_EQ(next().size(), 3u);
  EXPECT_EQ(queue->running_count(), 3u);
  release_all();
  EXPECT_EQ(next().size(), 3u);
}

TEST_F(QueueTest, AUserHasAsManyPlacesAsAreFreeOverAllFunctions) {
  use({.running = 16, .running_of_function = 8});
  for (int i = 0; i < 8; ++i) push("f" + std::to_string(i), "ann", 8);
  EXPECT_EQ(next().size(), 8u) << "half of them";
  for (int i = 0; i < 8; ++i) push("f" + std::to_string(i), "bob", 8);
  EXPECT_EQ(next().size(), 4u) << "half of the rest, while Ann's calls never end";
  push("f0", "eve");
  EXPECT_EQ(next(), Went{"f0 eve"});
}

TEST_F(QueueTest, WhoWaitsForAPlaceGoesOnAsPlacesGetFree) {
  use({.running = 8, .running_of_function = 8});
  for (const auto* id : {"f", "g", "h"}) push(id, "ann", 20);
  std::size_t went = 0;
  for (auto some = next(); !some.empty(); some = next()) {
    went += some.size();
    EXPECT_EQ(queue->running_count(), 4u);
    queue->release(under_way.back());
    under_way.pop_back();
    went += next(1).size();  // its place
    release_all();
  }
  EXPECT_EQ(went, 60u);
  EXPECT_EQ(queue->running_count(), 0u);
}

TEST_F(QueueTest, WhatAppsTakeLeavesThePodsOwnFunctionsTheirPlaces) {
  use({.running = 16, .running_of_apps = 8, .running_of_function = 16});
  for (const auto* user : {"ann", "bob", "eve"}) {
    functions[std::string("app@") + user] = std::make_shared<const Function>(
        Function{.id = std::string("app@") + user, .user_id = user});
    push(std::string("app@") + user, user, 100);
  }
  EXPECT_EQ(next().size(), 6u) << "two each; the others are for somebody who comes now";
  push("own", "ann", 100);
  EXPECT_EQ(next(), (Went{"own ann", "own ann", "own ann", "own ann", "own ann"}));
}

TEST_F(QueueTest, RoomIsForEachUserAndForAllAndSomeIsKept) {
  use({.waiting = 10, .waiting_of_user = 6, .waiting_kept = 2});
  EXPECT_EQ(queue->room("ann"), 6);
  push("f", "ann", 6);
  EXPECT_EQ(queue->room("ann"), 0);
  EXPECT_EQ(queue->room("bob"), 4);
  push("f", "bob", 4);
  EXPECT_EQ(queue->room("bob"), 0);
  EXPECT_EQ(queue->room("eve"), 2) << "it is full, but not for who has nothing here";
  push("f", "eve", 2);
  EXPECT_EQ(queue->room("eve"), 0);
  next();
  EXPECT_EQ(queue->room("ann"), 6) << "what is under way takes no room";
}

TEST_F(QueueTest, WhoHasJobsInTheTableHasNoRoomBeforeThem) {
  use({.waiting = 10, .waiting_of_user = 4, .waiting_kept = 1});
  push("f", "ann", 4);
  queue->note_unclaimed("ann");
  EXPECT_FALSE(queue->wants_claim());
  next(1);
  EXPECT_FALSE(queue->wants_claim()) << "not for each place that gets free";
  const auto before = queue->wishes().value();
  next(1);
  EXPECT_TRUE(queue->wants_claim());
  EXPECT_GT(queue->wishes().value(), before);
  EXPECT_EQ(queue->room("ann"), 0);
  queue->note_all_claimed("ann");
  EXPECT_EQ(queue->room("ann"), 2);
  EXPECT_FALSE(queue->wants_claim());
}

TEST_F(QueueTest, AFullQueueWantsToClaimForAllWhenHalfOfItIsFree) {
  use({.waiting = 4, .waiting_of_user = 4, .waiting_kept = 0});
  push("f", "ann", 4);
  queue->note_unclaimed("bob");
  EXPECT_TRUE(queue->wants_claim()) << "with nothing kept, who has nothing here may always look";
  use({.waiting = 4, .waiting_of_user = 4, .waiting_kept = 1});
  push("f", "ann", 3);
  push("f", "bob", 1);
  queue->note_unclaimed("bob");
  EXPECT_FALSE(queue->wants_claim());
  const auto before = queue->wishes().value();
  next(2);
  EXPECT_GT(queue->wishes().value(), before);
  EXPECT_TRUE(queue->wants_claim());
}

TEST_F(QueueTest, APausedFunctionIsProbedByOneJobAtATime) {
  const auto now = SteadyClock::now();
  push("f", "ann", 5);
  push("g", "ann", 1);
  EXPECT_EQ(next(1), Went{"f ann"});
  queue->pause("f", now + seconds(10));
  release_all();
  EXPECT_EQ(next(), Went{"g ann"});
  EXPECT_EQ(queue->next_end_of_pause(), now + seconds(10));
  queue->end_pauses(now + seconds(9));
  EXPECT_EQ(next(), Went{});
  queue->end_pauses(now + seconds(10));
  EXPECT_EQ(next(), Went{"f ann"});
  EXPECT_FALSE(queue->next_end_of_pause()) << "it waits for what the probe says";
  // It is still out of order.
  queue->pause("f", now + seconds(30));
  release_all();
  EXPECT_EQ(next(), Went{});
  queue->end_pauses(now + seconds(30));
  EXPECT_EQ(next(), Went{"f ann"});
  queue->pause("f", now + seconds(50));
  release_all();
  EXPECT_EQ(next(), Went{});
  queue->probe("f");
  EXPECT_EQ(next(), Went{"f ann"}) << "somebody asked for it";
  queue->resume("f");
  EXPECT_EQ(next(), Went{"f ann"});
}

TEST_F(QueueTest, WhatHasNothingToDoIsNotRemembered) {
  for (int i = 0; i < 100; ++i) push("f" + std::to_string(i), "ann");
  EXPECT_EQ(queue->function_count(), 100U);
  while (!next().empty()) release_all();
  EXPECT_EQ(queue->function_count(), 0U);
  push("f", "ann", 2);
  next(1);
  queue->pause("f", SteadyClock::now() + seconds(10));
  queue->pause("g", SteadyClock::now() + seconds(10));
  release_all();
  EXPECT_EQ(next(), Went{}) << "it is paused";
  EXPECT_EQ(queue->function_count(), 2U);
  for (const char* id : {"f", "g"}) queue->resume(id);
  EXPECT_EQ(queue->function_count(), 1U) << "with a job that waits";
  EXPECT_EQ(next(), Went{"f ann"});
  release_all();
  EXPECT_EQ(queue->function_count(), 0U);
}

TEST_F(QueueTest, ReleaseOfAJobThatWasNotTakenIsAMistake) {
  EXPECT_DEATH(queue->release(job("f", "ann")), "taken");
}

TEST_F(QueueTest, EachJobIsTakenOnceByManyThreads) {
  use({.waiting = 10'000, .waiting_of_user = 10'000, .running_of_function = 5});
  std::mutex mutex;
  std::set<std::int64_t> taken;
  std::map<std::string, int> running;
  std::atomic<bool> is_done = false;
  std::vector<std::jthread> takers;
  for (int i = 0; i < 4; ++i) {
    takers.emplace_back([&] {
      while (!is_done) {
        auto job = queue->next();
        if (!job) {
          std::this_thread::yield();
          continue;
        }
        {
          std::lock_guard lock(mutex);
          EXPECT_TRUE(taken.insert(job->position).second);
          EXPECT_LE(++running[job->function->id], 5);
        }
        {
          std::lock_guard lock(mutex);
          --running[job->function->id];
        }
        queue->release(*job);
        if (std::lock_guard lock(mutex); taken.size() == 3'000) is_done = true;
      }
    });
  }
  for (int i = 0; i < 1'000; ++i) {
    for (const auto* id : {"f", "g", "h"}) push(id, i % 3 == 0 ? "ann" : "bob");
  }
  takers.clear();
  EXPECT_EQ(taken.size(), 3'000u);
  EXPECT_EQ(queue->waiting_count(), 0u);
  EXPECT_EQ(queue->running_count(), 0u);
}

TEST_F(QueueTest, JobsOfAFunctionWithPrioritiesGoInTheOrderOfTheirRanks) {
  const auto push_at = [&](std::int64_t rank) {
    auto one = job("f", "ann");
    one.rank = rank;
    queue->push(std::move(one));
  };
  push_at(50);  // of before it had any
  functions["f"] = std::make_shared<const Function>(
      Function{.id = "f", .flow = {.priority = *cel::Expression::parse("1")}});
  for (const std::int64_t rank : {70, 20, 60, 20}) push_at(rank);
  std::vector<std::int64_t> went;
  while (const auto job = queue->next()) went.push_back(job->position);
  EXPECT_EQ(went, (std::vector<std::int64_t>{3, 5, 1, 4, 2}));
}

class LimitsTest : public QueueTest {
 protected:
  void limit(const std::string& function_id, std::vector<Concurrency> limits) {
    functions[function_id] = std::make_shared<const Function>(
        Function{.id = function_id, .flow = {.concurrency = std::move(limits)}});
  }
  void push_with(const std::string& function_id, std::vector<std::string> keys, int count = 1,
                 const std::string& user_id = "ann") {
    for (int i = 0; i < count; ++i) {
      auto one = job(function_id, user_id);
      one.limit_keys = keys;
      queue->push(std::move(one));
    }
  }
  /// The keys of each job that may go now.
  std::vector<std::string> next_keys() {
    std::vector<std::string> went;
    while (auto job = queue->next()) {
      std::string keys;
      for (const auto& key : job->limit_keys) keys += key;
      went.push_back(std::move(keys));
      under_way.push_back(std::move(*job));
    }
    return went;
  }
  void release_first() {
    queue->release(under_way.front());
    under_way.erase(under_way.begin());
  }
};

TEST_F(LimitsTest, SoManyOfAKeyAreUnderWayAndOthersDoNotWaitForThem) {
  limit("f", {{.limit = 2}});
  push_with("f", {"a"}, 5);
  push_with("f", {"b"});
  EXPECT_EQ(next_keys(), (Went{"a", "b", "a"}));
  release_first();
  EXPECT_EQ(next_keys(), Went{"a"});
  release_all();
  EXPECT_EQ(next_keys(), (Went{"a", "a"}));
}

TEST_F(LimitsTest, UsersDoNotCountToEachOthers) {
  limit("f", {{.limit = 1}});
  push_with("f", {""}, 2);
  push_with("f", {""}, 2, "bob");
  EXPECT_EQ(next(), (Went{"f ann", "f bob"}));
}

TEST_F(LimitsTest, BothLimitsOfAFunctionHold) {
  limit("f", {{.limit = 2}, {.limit = 1}});
  push_with("f", {"", "a"}, 2);
  push_with("f", {"", "b"});
  push_with("f", {"", "c"});
  EXPECT_EQ(next_keys(), (Went{"a", "b"}));
  release_first();  // a
  EXPECT_EQ(next_keys().size(), 1u);
  release_all();
  EXPECT_EQ(next_keys().size(), 1u);
}

TEST_F(LimitsTest, AKeyCanCountOverFunctions) {
  for (const char* id : {"f", "g"}) {
    limit(id, {{.limit = 1, .scope = Concurrency::Scope::kUser}});
  }
  push_with("f", {"shared"});
  push_with("g", {"shared"});
  EXPECT_EQ(next(), Went{"f ann"});
  release_all();
  EXPECT_EQ(next(), Went{"g ann"});
}

TEST_F(LimitsTest, APlaceIsNotKeptForAFunctionThatIsPaused) {
  for (const char* id : {"f", "g", "h"}) {
    limit(id, {{.limit = 1, .scope = Concurrency::Scope::kUser}});
  }
  push_with("f", {"shared"});
  EXPECT_EQ(next(), Went{"f ann"});
  push_with("g", {"shared"});
  push_with("h", {"shared"});
  queue->pause("g", SteadyClock::now() + std::chrono::hours(1));
  release_all();
  EXPECT_EQ(next(), Went{"h ann"});
  release_all();
  queue->resume("g");
  EXPECT_EQ(next(), Went{"g ann"});
}

TEST_F(LimitsTest, AUserWithManyKeysHasNoMoreTurnsThanOneWithOne) {
  use({.running_of_function = 8});
  limit("f", {{.limit = 1}});
  for (int i = 0; i < 20; ++i) push_with("f", {std::to_string(i)});
  push_with("f", {"x"}, 1, "bob");
  const auto went = next(2);
  EXPECT_EQ(went, (Went{"f ann", "f bob"}));
}

// However much the others have: there is one place, and it is always wanted.
class TurnsTest : public LimitsTest {
 protected:
  static constexpr int kFunctions = 4;
  static constexpr int kUsers = 3;  // of each function
  static constexpr int kKeys = 5;   // of each of these
  void SetUp() override {
    use({.waiting = 1'000'000, .waiting_of_user = 1'000'000, .running = 1});
    for (int f = 0; f < kFunctions; ++f) {
      limit(name("f", f), {{.limit = 1}});
      for (int u = 0; u < kUsers; ++u) {
        for (int k = 0; k < kKeys; ++k) {
          // Of some a hundred times as many as of others.
          push_with(name("f", f), {name("k", k)}, 60 + f * u * k * 250, name("u", u));
        }
      }
    }
  }
  static std::string name(const char* kind, int number) { return kind + std::to_string(number); }
  /// "function user key" of each of the next `count`, which go one after another.
  Went turns(int count) {
    Went all;
    for (int i = 0; i < count; ++i) {
      auto job = queue->next();
      if (!job) break;
      all.push_back(job->function->id + " " + job->user_id + " " + job->limit_keys.front());
      queue->release(*job);
    }
    return all;
  }
  /// How many go until one whose name begins so does, that one too.
  int turns_until(const std::string& beginning) {
    int count = 1;
    while (count < 1'000 && !turns(1).front().starts_with(beginning)) ++count;
    return count;
  }
};

TEST_F(TurnsTest, FunctionsTheirUsersAndTheirKeysHaveEqualShares) {
  std::map<std::string, int> of_function;
  std::map<std::string, int> of_user;
  std::map<std::string, int> of_key;
  constexpr int kEach = 10;
  for (const auto& one : turns(kFunctions * kUsers * kKeys * kEach)) {
    ++of_function[one.substr(0, one.find(' '))];
    ++of_user[one.substr(0, one.rfind(' '))];
    ++of_key[one];
  }
  EXPECT_EQ(of_key.size(), std::size_t{kFunctions * kUsers * kKeys});
  for (const auto& [key, count] : of_key) EXPECT_EQ(count, kEach) << key;
  for (const auto& [user, count] : of_user) EXPECT_EQ(count, kEach * kKeys) << user;
  for (const auto& [id, count] : of_function) EXPECT_EQ(count, kEach * kKeys * kUsers) << id;
}

TEST_F(TurnsTest, WhoComesWaitsForOneTurnOfEachOtherAndNoMore) {
  turns(17);
  push_with("f1", {"new"}, 1, "u1");
  EXPECT_LE(turns_until("f1 u1 new"), kFunctions * kUsers * (kKeys + 1));
  push_with("f1", {"k0"}, 1, "new");
  EXPECT_LE(turns_until("f1 new"), kFunctions * (kUsers + 1));
  limit("new", {{.limit = 1}});
  push_with("new", {"k0"});
  EXPECT_LE(turns_until("new"), kFunctions + 1);
}

TEST_F(LimitsTest, AGrownLimitHoldsForThoseThatWait) {
  limit("f", {{.limit = 1}});
  push_with("f", {"a"}, 3);
  EXPECT_EQ(next_keys().size(), 1u);
  limit("f", {{.limit = 3}});
  push_with("f", {"a"});
  release_first();
  EXPECT_EQ(next_keys().size(), 3u);
}

TEST_F(LimitsTest, HoweverJobsComeAndGoNoneIsLostAndNoLimitIsPassed) {
  limit("f", {{.limit = 3}, {.limit = 1}});
  std::uint32_t seed = 1;
  const auto random = [&](std::uint32_t below) {
    seed = seed * 1664525 + 1013904223;
    return (seed >> 16) % below;
  };
  int pushed = 0;
  int went = 0;
  for (int turn = 0; turn < 20'000; ++turn) {
    if (random(3) == 0 && turn < 15'000) {
      push_with("f", {"", std::to_string(random(5))}, 1, random(2) == 0 ? "ann" : "bob");
      ++pushed;
    } else if (random(2) == 0) {
      if (auto job = queue->next()) {
        ++went;
        under_way.push_back(std::move(*job));
      }
    } else if (!under_way.empty()) {
      const auto which = random(static_cast<std::uint32_t>(under_way.size()));
      queue->release(under_way[which]);
      under_way.erase(under_way.begin() + which);
    }
    std::map<std::string, int> of_user;
    std::map<std::string, int> of_key;
    for (const auto& job : under_way) {
      ASSERT_LE(++of_user[job.user_id], 3);
      ASSERT_LE(++of_key[job.user_id + job.limit_keys[1]], 1);
    }
  }
  while (went < pushed) {
    const auto before = went;
    release_all();
    went += static_cast<int>(next_keys().size());
    ASSERT_GT(went, before);
  }
  EXPECT_EQ(queue->waiting_count(), 0u);
}

TEST_F(QueueTest, OthersTakeJobsToo) {
  use({.running = 8, .running_of_apps = 8, .running_of_function = 2});
  functions["shared"] =
      std::make_shared<const Function>(Function{.id = "shared", .is_shared = true});
  for (const auto* user : {"ann", "bob", "cid", "dan"}) push("shared", user, 2);
  push("own", "ann", 8);
  EXPECT_EQ(next().size(), 4u) << "two of each function";
  queue->spread_over(2.5);
  const auto more = next();
  EXPECT_EQ(more, (Went{"shared cid", "shared dan", "shared ann"}));
  queue->spread_over(1);
  release_all();
  EXPECT_EQ(next().size(), 4u);
}

TEST_F(QueueTest, WhatOthersHaveCountsForTheLimitsOfAFunction) {
  functions["f"] = std::make_shared<const Function>(
      Function{.id = "f", .is_shared = true, .flow = {.concurrency = {{.limit = 2}}}});
  auto elsewhere = job("f", "ann");
  queue->take_up(elsewhere);
  push("f", "ann", 2);
  EXPECT_EQ(next().size(), 1u);
  EXPECT_EQ(queue->running_count(), 2u);
  queue->release(elsewhere);
  EXPECT_EQ(next().size(), 1u);
  release_all();
  EXPECT_EQ(queue->function_count(), 0u);
}

}  // namespace
}  // namespace synap::bus
