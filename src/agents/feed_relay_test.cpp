// Two or three nodes, and messages among them that are late, lost, or come twice.
#include "agents/feed_relay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "base/background.h"
#include "base/simulated_world.h"

namespace synap::agents {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

class FeedRelayTest;

struct TestNode final : NodeMessages {
  TestNode(FeedRelayTest& test, std::int64_t number);
  bool send(std::optional<std::int64_t> node, std::string message) override;

  FeedRelayTest& test;
  const std::int64_t number;
  Feeds feeds;
  FeedRelay relay;
};

struct Sent {
  std::int64_t from = 0;
  std::optional<std::int64_t> to;
  std::string message;
};

class FeedRelayTest : public testing::Test {
 protected:
  ~FeedRelayTest() override {
    work.request_stop();
    world.settle();
  }

  // What is told of a run from here on, as one line each.
  static std::vector<std::string> lines(const Feed& feed, Feed::Place& place) {
    std::vector<std::string> lines;
    for (const auto& entry : feed.read(place)) {
      using enum FeedEntry::Kind;
      switch (entry.kind) {
        case kState:
          lines.push_back("state " + std::to_string(entry.number));
          break;
        case kAnswer:
          lines.push_back("answer");
          break;
        case kText:
          lines.push_back("text " + entry.text);
          break;
        case kTool:
          lines.push_back("tool " + entry.name + entry.text);
          break;
        case kResult:
          lines.push_back((entry.is_ok ? "result " : "failure ") + entry.name + entry.text);
          break;
        case kEnd:
          lines.push_back("end");
          break;
      }
    }
    return lines;
  }
  static std::vector<std::string> lines(const Feed& feed) {
    Feed::Place place;
    return lines(feed, place);
  }

  void pass(std::chrono::milliseconds time) {
    for (const auto end = world.now() + time; world.now() < end;) {
      world.settle();
      deliver();
      world.pass(5ms);
    }
    world.settle();
    deliver();
    world.settle();
  }
  void deliver() {
    while (!on_their_way.empty()) {
      const auto sent = std::move(on_their_way.front());
      on_their_way.pop_front();
      for (auto* node : nodes) {
        if (node->number == sent.from || sent.to.value_or(node->number) != node->number) continue;
        node->relay.hear(sent.message);
      }
      world.settle();
    }
  }
  std::size_t pieces() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        log, [](const Sent& one) { return one.message.starts_with("piece"); }));
  }

 public:
  SimulatedWorld world{1};
  std::unique_ptr<Executor> executor = world.make_executor("test");
  std::stop_source work;
  std::vector<TestNode*> nodes;
  std::deque<Sent> on_their_way;
  std::vector<Sent> log;
  std::function<bool(const Sent&)> loses = [](const Sent&) { return false; };
  std::function<bool(const Sent&)> doubles = [](const Sent&) { return false; };

 protected:
  TestNode first{*this, 1};
  TestNode second{*this, 2};
  const Uuid run = Uuid::derived(1, "run");
};

TestNode::TestNode(FeedRelayTest& test, std::int64_t number)
    : test(test), number(number), relay(number, feeds, *this, test.world) {
  test.nodes.push_back(this);
  spawn(*test.executor, relay.run(test.work.get_token()));
}

bool TestNode::send(std::optional<std::int64_t> node, std::string message) {
  EXPECT_LE(message.size(), kBytesMax);
  Sent sent{number, node, std::move(message)};
  test.log.push_back(sent);
  if (test.loses(sent)) return true;
  if (test.doubles(sent)) test.on_their_way.push_back(sent);
  test.on_their_way.push_back(std::move(sent));
  return true;
}

TEST_F(FeedRelayTest, TellsAtAnotherNodeWhatIsSaidWhereARunIsCarriedOut) {
  const auto watched = second.feeds.watch(run);
  pass(100ms);
  const auto carried = first.feeds.carry_out(run);
  auto& feed = *carried.feed();
  feed.add({.kind = FeedEntry::Kind::kState, .number = 3, .state = Json("large")});
  feed.add({.kind = FeedEntry::Kind::kAnswer, .node = "a"});
  feed.add_text("a", "one ");
  pass(200ms);
  feed.add_text("a", "two\n");
  pass(200ms);
  feed.add_text("a", "three");
  feed.add({.kind = FeedEntry::Kind::kTool, .node = "a", .name = "t", .text = "{}"});
  feed.add({.kind = FeedEntry::Kind::kResult, .node = "a", .name = "t", .is_ok = false});
  feed.add({.kind = FeedEntry::Kind::kEnd});
  pass(200ms);
  EXPECT_THAT(lines(*watched.feed()), ElementsAre("state 3", "answer", "text one two\nthree",
                                                  "tool t{}", "failure t", "end"));
}

TEST_F(FeedRelayTest, TellsOfWhichGraphItIs) {
  const auto watched = second.feeds.watch(run);
  pass(100ms);
  const auto carried = first.feeds.carry_out(run);
  const GraphPath path{"write:1", "check:2"};
  carried.feed()->add({.kind = FeedEntry::Kind::kState, .number = 3, .path = path});
  carried.feed()->add_text("a", "one", path);
  carried.feed()->add_text("a", "two");
  pass(200ms);
  Feed::Place place;
  const auto entries = watched.feed()->read(place);
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[0].path, path);
  EXPECT_EQ(entries[1].path, path);
  EXPECT_EQ(entries[2].path, GraphPath());
}

TEST_F(FeedRelayTest, SendsNothingThatNobodyAskedFor) {
  const auto here = first.feeds.watch(run);
  const auto carried = first.feeds.carry_out(run);
  for (int i = 0; i < 100; ++i) {
    carried.feed()->add_text("a", "word ");
    pass(100ms);
  }
  EXPECT_TRUE(log.empty());
}

TEST_F(FeedRelayTest, JoinsWhatComesInAMoment) {
  const auto watched = second.feeds.watch(run);
  const auto carried = first.feeds.carry_out(run);
  carried.feed()->add({.kind = FeedEntry::Kind::kAnswer, .node = "a"});
  pass(100ms);
  const auto before = pieces();
  for (int i = 0; i < 200; ++i) {
    carried.feed()->add_text("a", "x");
    pass(5ms);
  }
  EXPECT_LE(pieces() - before, 1'000U / 50 + 2);
  EXPECT_GE(pieces() - before, 10U);
}

TEST_F(FeedRelayTest, ForgetsWhoAsksNoMore) {
  const auto carried = first.feeds.carry_out(run);
  {
    const auto watched = second.feeds.watch(run);
    pass(5s);
  }
  pass(11s);
  const auto before = log.size();
  carried.feed()->add_text("a", "word");
  pass(5s);
  EXPECT_EQ(log.size(), before);
}

TEST_F(FeedRelayTest, GoesOnForAsLongAsSomebodyWatches) {
  const auto carried = first.feeds.carry_out(run);
  const auto watched = second.feeds.watch(run);
  pass(60s);
  carried.feed()->add({.kind = FeedEntry::Kind::kAnswer, .node = "a"});
  carried.feed()->add_text("a", "late");
  pass(200ms);
  EXPECT_THAT(lines(*watched.feed()), ElementsAre("answer", "text late"));
}

// Each message in turn is lost: what is told is whole, and in order.
TEST_F(FeedRelayTest, NoLossIsSeenAsAHole) {
  std::string whole;
  const auto watched = second.feeds.watch(run);
  const auto carried = first.feeds.carry_out(run);
  auto& feed = *carried.feed();
  feed.add({.kind = FeedEntry::Kind::kAnswer, .node = "a"});
  loses = [this](const Sent& one) {
    return one.message.starts_with("piece") ? world.below(3) == 0 : world.below(5) == 0;
  };
  doubles = [this](const Sent&) { return world.below(4) == 0; };
  Feed::Place place;
  std::string seen;
  const auto look = [&] {
    for (const auto& entry : watched.feed()->read(place)) seen += entry.text;
    ASSERT_TRUE(whole.starts_with(seen)) << seen;
  };
  for (int i = 0; i < 400; ++i) {
    const auto word = std::to_string(i) + (i % 50 == 0 ? std::string(20'000, 'x') : " ");
    whole += word;
    feed.add_text("a", word);
    pass(std::chrono::milliseconds(world.below(60)));
    look();
  }
  pass(20s);
  look();
  EXPECT_EQ(seen, whole);
}

TEST_F(FeedRelayTest, WhatIsSentLastAndLostIsToldSoon) {
  const auto watched = second.feeds.watch(run);
  const auto carried = first.feeds.carry_out(run);
  carried.feed()->add({.kind = FeedEntry::Kind::kAnswer, .node = "a"});
  pass(200ms);
  loses = [](const Sent& one) { return one.message.starts_with("piece"); };
  carried.feed()->add_text("a", "last");
  pass(500ms);
  EXPECT_THAT(lines(*watched.feed()), ElementsAre("answer"));
  loses = [](const Sent&) { return false; };
  pass(3'500ms);
  EXPECT_THAT(lines(*watched.feed()), ElementsAre("answer", "text last"));
}

TEST_F(FeedRelayTest, WhatIsLongGoesInPartsOfWholeCharacters) {
  const auto watched = second.feeds.watch(run);
  const auto carried = first.feeds.carry_out(run);
  bool is_whole = true;
  loses = [&](const Sent& one) {
    const auto count = [&](unsigned char mask, unsigned char bits) {
      return std::ranges::count_if(
          one.message, [=](char c) { return (static_cast<unsigned char>(c) & mask) == bits; });
    };
    is_whole = is_whole && count(0xC0, 0x80) == 2 * count(0xF0, 0xE0);
    return false;
  };
  Feed::Place place;
  for (const std::string before : {"", "a", "ab"}) {
    std::string text = before;
    for (int i = 0; i < 15'000; ++i) text += "\u20ac";
    carried.feed()->add({.kind = FeedEntry::Kind::kResult, .text = text});
    pass(300ms);
    EXPECT_THAT(lines(*watched.feed(), place), ElementsAre("result " + text));
  }
  EXPECT_TRUE(is_whole);
  EXPECT_GE(pieces(), 3U * 6);
}

// A run that goes on at another node is told from there, and what comes late from the first is no
// part of it.
TEST_F(FeedRelayTest, FollowsARunToAnotherNode) {
  TestNode third{*this, 3};
  const auto watched = second.feeds.watch(run);
  {
    const auto carried = first.feeds.carry_out(run);
    carried.feed()->add({.kind = FeedEntry::Kind::kAnswer, .node = "a"});
    carried.feed()->add_text("a", "half");
    pass(200ms);
  }
  Sent late;
  for (const auto& one : log) {
    if (one.message.starts_with("piece")) late = one;
  }
  const auto carried = third.feeds.carry_out(run);
  carried.feed()->add({.kind = FeedEntry::Kind::kAnswer, .node = "a"});
  carried.feed()->add_text("a", "whole ");
  pass(200ms);
  on_their_way.push_back(late);
  carried.feed()->add_text("a", "answer");
  pass(200ms);
  EXPECT_THAT(lines(*watched.feed()),
              ElementsAre("answer", "text half", "answer", "text whole answer"));
  work.request_stop();
  world.settle();
  nodes.pop_back();
}

// Once its own, it is told by itself alone.
TEST_F(FeedRelayTest, TellsWhatItCarriesOutItselfOnce) {
  const auto watched = second.feeds.watch(run);
  const auto elsewhere = first.feeds.carry_out(run);
  elsewhere.feed()->add({.kind = FeedEntry::Kind::kAnswer, .node = "a"});
  pass(200ms);
  elsewhere.feed()->add_text("a", "of another");
  world.pass(60ms);
  world.settle();
  ASSERT_FALSE(on_their_way.empty());
  const auto here = second.feeds.carry_out(run);
  deliver();
  here.feed()->add_text("a", "own");
  pass(200ms);
  EXPECT_THAT(lines(*watched.feed()), ElementsAre("answer", "text own"));
}

TEST_F(FeedRelayTest, TwoNodesAreToldTheSame) {
  TestNode third{*this, 3};
  const auto at_second = second.feeds.watch(run);
  const auto at_third = third.feeds.watch(run);
  const auto carried = first.feeds.carry_out(run);
  carried.feed()->add({.kind = FeedEntry::Kind::kAnswer, .node = "a"});
  carried.feed()->add_text("a", "text");
  pass(200ms);
  EXPECT_THAT(lines(*at_second.feed()), ElementsAre("answer", "text text"));
  EXPECT_THAT(lines(*at_third.feed()), ElementsAre("answer", "text text"));
  work.request_stop();
  world.settle();
  nodes.pop_back();
}

// What was sent again may have come to more by then.
TEST_F(FeedRelayTest, PartsOfTwoPiecesMakeNone) {
  const auto watched = second.feeds.watch(run);
  pass(100ms);
  const auto id = run.to_string();
  const auto hear = [&](const std::string& rest) {
    second.relay.hear("piece " + id + " " + id + " " + rest);
  };
  hear(R"(0 0 0 2 0 2 [{"kind":2,"number":0,"node":"","name":"","ok":true,"text":")");
  hear(R"(0 0 0 4 1 2 then"}])");
  EXPECT_TRUE(lines(*watched.feed()).empty());
  hear(R"(0 0 0 2 1 2 on"}])");
  EXPECT_THAT(lines(*watched.feed()), ElementsAre("text on"));
}

TEST_F(FeedRelayTest, WhatMakesNoSenseIsNotHeard) {
  const auto watched = second.feeds.watch(run);
  pass(100ms);
  const auto id = run.to_string();
  for (const auto& line :
       {std::string("piece"), "piece " + id, "ask " + id, std::string("ask x y z"),
        std::string("\n\n"), "piece " + id + " " + id + " 0 0 1 0 0 1 {not json",
        "piece " + id + " " + id + R"( 0 0 1 0 0 1 [{"kind":99}])",
        "piece " + id + " " + id + " -1 0 1 0 0 1 []", "other " + id}) {
    second.relay.hear(line);
    world.settle();
  }
  EXPECT_TRUE(lines(*watched.feed()).empty());
}

}  // namespace
}  // namespace synap::agents
