#include "api/live_keys.h"

#include <gtest/gtest.h>

#include <latch>
#include <map>
#include <thread>

#include "base/manual_world.h"

namespace synap::api {
namespace {

LiveKeys::Entry entry_of(const std::string& id) {
  return {.hash = sha256("secret of " + id),
          .actor = Actor::of_key("user of " + id, Role::kMember, id)};
}

TEST(LiveKeys, NoUseIsLostBetweenThoseWhoCallAndWhoWritesItDown) {
  constexpr int kThreads = 4;
  constexpr int kCalls = 2'000;
  ManualWorld world;
  LiveKeys keys(RateLimit(0), world);
  keys.add(entry_of("often"));
  keys.add(entry_of("goes"));
  std::latch begin(kThreads + 2);
  std::vector<std::jthread> threads;
  std::atomic<int> calling = kThreads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      begin.arrive_and_wait();
      for (int call = 0; call < kCalls; ++call) {
        world.pass(std::chrono::milliseconds(1));  // no use is at the time of the one before
        EXPECT_TRUE(keys.admit("often"));
        std::ignore = keys.admit("goes");
        EXPECT_TRUE(keys.find("secret of often"));
      }
      --calling;
    });
  }
  threads.emplace_back([&] {
    begin.arrive_and_wait();
    keys.remove("goes");
    for (int i = 0; i < 100; ++i) keys.add(entry_of(std::to_string(i)));
  });
  std::map<std::string, std::int64_t> written;
  const auto write = [&] {
    for (const auto& use : keys.take_uses()) {
      EXPECT_EQ(use.user_id, "user of " + use.key_id);
      written[use.key_id] = use.at;
    }
  };
  begin.arrive_and_wait();
  while (calling > 0) write();
  threads.clear();
  write();
  EXPECT_EQ(written["often"], keys.used_at("often"));
  EXPECT_TRUE(keys.take_uses().empty());
}

TEST(LiveKeys, UsesThatCouldNotBeWrittenComeAgainBeforeNewerOnes) {
  ManualWorld world;
  LiveKeys keys(RateLimit(0), world);
  keys.add(entry_of("a"));
  ASSERT_TRUE(keys.admit("a"));
  auto uses = keys.take_uses();
  ASSERT_EQ(uses.size(), 1u);
  const auto first_at = uses.front().at;
  keys.give_back(std::move(uses));
  world.pass(std::chrono::seconds(1'000));
  ASSERT_TRUE(keys.admit("a"));
  uses = keys.take_uses();
  ASSERT_EQ(uses.size(), 2u);
  EXPECT_EQ(uses.front().at, first_at);
  EXPECT_EQ(uses.back().at, first_at + 1'000'000);
}

}  // namespace
}  // namespace synap::api
