#include "agents/live.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace synap::agents {
namespace {

TEST(Feed, LetsGoOfStatesOnceAModelAnswers) {
  const auto states = [](const Feed& feed) {
    Feed::Place place;
    std::vector<std::string> all;
    for (const auto& entry : feed.read(place)) {
      if (entry.kind == FeedEntry::Kind::kState) all.push_back(entry.state.dump());
    }
    return all;
  };
  Feed feed;
  feed.add({.kind = FeedEntry::Kind::kState, .state = Json("first")});
  EXPECT_EQ(states(feed), (std::vector<std::string>{R"("first")"}));
  feed.add({.kind = FeedEntry::Kind::kAnswer});
  EXPECT_EQ(states(feed), (std::vector<std::string>{"null"}));
  feed.add({.kind = FeedEntry::Kind::kState, .state = Json("second")});
  EXPECT_EQ(states(feed), (std::vector<std::string>{"null", R"("second")"}));
}

TEST(Feed, GivesEachReaderWhatIsBehindThem) {
  Feed feed;
  Feed::Place early;
  feed.add_text("a", "one ");
  ASSERT_EQ(feed.read(early).size(), 1U);
  feed.add_text("a", "two");
  feed.add({.kind = FeedEntry::Kind::kTool, .node = "a", .name = "t"});
  const auto more = feed.read(early);
  ASSERT_EQ(more.size(), 2U);
  EXPECT_EQ(more[0].text, "two");
  Feed::Place late;
  EXPECT_EQ(feed.read(late).front().text, "one two");
  for (int i = 0; i < 100; ++i) feed.add_text("a", std::string(20'000, 'x'));
  std::size_t bytes = 0;
  Feed::Place last;
  for (const auto& entry : feed.read(last)) bytes += entry.text.size();
  EXPECT_LE(bytes, Feed::kBytesMax + 20'000);
  EXPECT_TRUE(feed.read(last).empty());
}

TEST(Feed, TellsNoTextWithAHole) {
  const auto text_of = [](const std::vector<FeedEntry>& entries) {
    std::string text;
    for (const auto& entry : entries) text += entry.text;
    return text;
  };
  Feed feed;
  feed.add({.kind = FeedEntry::Kind::kAnswer, .node = "a"});
  feed.add_text("a", "one ");
  Feed::Place slow;
  ASSERT_EQ(feed.read(slow).size(), 2U);
  for (int i = 0; i < 60; ++i) feed.add_text("a", std::string(10'000, 'x'));
  EXPECT_EQ(text_of(feed.read(slow)), "") << "its beginning is gone";
  Feed::Place late;
  EXPECT_EQ(text_of(feed.read(late)), "");
  feed.add_text("a", "more");
  feed.add({.kind = FeedEntry::Kind::kAnswer, .node = "b"});
  feed.add_text("a", "more");
  feed.add_text("b", "whole");
  for (auto* reader : {&slow, &late}) {
    EXPECT_EQ(text_of(feed.read(*reader)), "whole");
  }
}

// Their nodes may have the same name.
TEST(Feed, JoinsNoTextOfAGraphWithThatOfOneWithinIt) {
  Feed feed;
  feed.add_text("ask", "out");
  feed.add_text("ask", "in", {"check:1"});
  feed.add_text("ask", "side", {"check:1"});
  Feed::Place place;
  const auto entries = feed.read(place);
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[1].text, "inside");
  EXPECT_EQ(entries[1].path, GraphPath{"check:1"});
  for (int i = 0; i < 60; ++i) feed.add_text("ask", std::string(10'000, 'x'));
  feed.add({.kind = FeedEntry::Kind::kAnswer, .node = "ask", .path = {"check:1"}});
  feed.add_text("ask", "with a hole");
  feed.add_text("ask", "whole", {"check:1"});
  const auto rest = feed.read(place);
  EXPECT_EQ(rest.back().text, "whole");
  EXPECT_EQ(rest.size(), 2U) << "the other one's beginning is gone";
}

TEST(Feed, IsReadInPiecesOfABoundedSize) {
  Feed feed;
  feed.add({.kind = FeedEntry::Kind::kAnswer, .node = "a"});
  for (int i = 0; i < 10; ++i) feed.add_text("a", std::string(20'000, static_cast<char>('a' + i)));
  Feed::Place place;
  std::string text;
  for (;;) {
    const auto entries = feed.read(place, 30'000);
    if (entries.empty()) break;
    EXPECT_LE(entries.size(), 3U);
    for (const auto& entry : entries) text += entry.text;
  }
  EXPECT_EQ(text.size(), 200'000U);
  EXPECT_TRUE(std::ranges::is_sorted(text));
}

TEST(Feeds, KnowWhatIsWatchedAndNotCarriedOutHere) {
  Feeds feeds;
  const Uuid run = Uuid::derived(1, "run");
  EXPECT_TRUE(feeds.wanted().empty());
  const auto watched = feeds.watch(run);
  EXPECT_EQ(feeds.wanted().at(run), watched.feed());
  EXPECT_EQ(feeds.carried_out(run), nullptr);
  {
    const auto carried = feeds.carry_out(run);
    EXPECT_EQ(carried.feed(), watched.feed());
    EXPECT_EQ(feeds.carried_out(run), watched.feed());
    EXPECT_TRUE(feeds.wanted().empty());
  }
  EXPECT_EQ(feeds.wanted().size(), 1U) << "it goes on elsewhere";
}

}  // namespace
}  // namespace synap::agents
