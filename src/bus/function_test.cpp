#include "bus/function.h"

#include <gtest/gtest.h>

namespace synap::bus {
namespace {

TEST(Trigger, MatchesExactlyOrByItsEnd) {
  EXPECT_TRUE(matches({"note.creation.requested"}, "note.creation.requested"));
  EXPECT_FALSE(matches({"note.creation.requested"}, "note.creation.request"));
  EXPECT_FALSE(matches({"note.creation.requested"}, "note.creation.requested2"));
  EXPECT_TRUE(matches({"note.*"}, "note.creation.requested"));
  EXPECT_TRUE(matches({"note.*"}, "note.x"));
  EXPECT_FALSE(matches({"note.*"}, "note."));
  EXPECT_FALSE(matches({"note.*"}, "note"));
  EXPECT_FALSE(matches({"note.*"}, "notes.x"));
  EXPECT_FALSE(matches({"note.*"}, "a.note.x"));
  EXPECT_TRUE(matches({"app/*"}, "app/x"));
}

TEST(Functions, RefusesTriggersThatAreNotWellFormed) {
  for (const char* bad : {"", "*", "note*", "*.note", "note.*.x", "note.**", "n*.x"}) {
    Functions functions;
    EXPECT_DEATH(functions.add({.id = "f", .triggers = {{bad}}}), "") << bad;
  }
  Functions functions;
  functions.add({.id = "f", .triggers = {{"a"}}});
  EXPECT_DEATH(functions.add({.id = "f", .triggers = {{"b"}}}), "f");
  EXPECT_DEATH(functions.add({.id = "", .triggers = {{"b"}}}), "");
}

TEST(Functions, MatchesEachFunctionOnceHoweverManyOfItsTriggersMatch) {
  Functions functions;
  functions.add({.id = "both", .triggers = {{"note.*"}, {"note.made"}}});
  functions.add({.id = "one", .triggers = {{"note.made"}}});
  functions.add({.id = "none", .triggers = {}});
  const auto found = functions.now()->matching("note.made");
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0]->id, "both");
  EXPECT_EQ(found[1]->id, "one");
  EXPECT_EQ(functions.now()->matching("note.other").size(), 1u);
  EXPECT_TRUE(functions.now()->matching("task.made").empty());
  EXPECT_EQ(functions.find("one"), found[1]);
  EXPECT_EQ(functions.find("two"), nullptr);
}

TEST(Functions, FindsThemByEachFormOfTheirTriggersInTheOrderInWhichTheyCame) {
  Functions functions;
  functions.add({.id = "deep", .triggers = {{"a/b.c/*"}}});
  functions.add({.id = "wide", .triggers = {{"a/*"}}});
  functions.add({.id = "exact", .triggers = {{"a/b.c/d"}}});
  functions.add({.id = "other", .triggers = {{"a/b.x/*"}}});
  const auto ids = [&](std::string_view type) {
    std::string all;
    for (const auto& function : functions.now()->matching(type)) all += function->id + " ";
    return all;
  };
  EXPECT_EQ(ids("a/b.c/d"), "deep wide exact ");
  EXPECT_EQ(ids("a/b.c/"), "wide ");
  EXPECT_EQ(ids("a/"), "");
}

TEST(Functions, ManyArePutAndTakenAwayAtOnce) {
  Functions functions;
  functions.add({.id = "own", .triggers = {{"a"}}});
  std::vector<Function> many;
  for (int i = 0; i < 10'000; ++i) {
    many.push_back({.id = std::to_string(i), .triggers = {{"b" + std::to_string(i)}}});
  }
  functions.put_all(many);
  const auto before = functions.now();
  functions.put_all({{.id = "7", .triggers = {{"c"}}}}, {"8", "9", "never"});
  EXPECT_EQ(functions.now()->all().size(), 9'999u);
  EXPECT_EQ(functions.find("8"), nullptr);
  EXPECT_EQ(functions.now()->matching("c").at(0)->id, "7");
  EXPECT_TRUE(functions.now()->matching("b7").empty());
  EXPECT_EQ(functions.now()->matching("b5").size(), 1u);
  // Whoever has the set of before has it whole.
  EXPECT_EQ(before->matching("b8").size(), 1u);
  EXPECT_EQ(before->find("7")->triggers.at(0).event, "b7");
}

TEST(Functions, APauseLooksAtNoneOfTheOthers) {
  Functions functions;
  functions.add({.id = "a", .triggers = {{"t"}}});
  const auto before = functions.now();
  functions.pause("a");
  functions.pause("not there");
  EXPECT_TRUE(functions.is_paused("a"));
  EXPECT_FALSE(functions.is_paused("b"));
  functions.resume("a");
  EXPECT_FALSE(functions.is_paused("a"));
  EXPECT_TRUE(functions.is_paused("not there"));
  EXPECT_EQ(functions.now(), before);
}

TEST(RetryDelay, DoublesWithinItsBounds) {
  const RetryPolicy policy{.retries_max = 100, .delay_ms = 100, .delay_ms_max = 5'000};
  for (int retry = 0; retry < 100; ++retry) {
    const double middle =
        std::min(100.0 * static_cast<double>(1ULL << std::min(retry, 40)), 5'000.0);
    for (const double random : {0.0, 0.25, 0.5, 0.999999}) {
      const auto delay = static_cast<double>(retry_delay_ms(policy, retry, random));
      EXPECT_GE(delay, middle * 0.5 - 1);
      EXPECT_LE(delay, middle * 1.5);
    }
  }
  EXPECT_EQ(retry_delay_ms(policy, 0, 0.5), 100);
  EXPECT_EQ(retry_delay_ms(policy, 3, 0.5), 800);
  EXPECT_EQ(retry_delay_ms(policy, 1'000'000, 0.5), 5'000);
}

}  // namespace
}  // namespace synap::bus
