#include "features/capture/rules.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/clock.h"

namespace synap::features::capture {
namespace {

// A Saturday.
const std::int64_t kNow = *parse_iso8601("2026-11-28T09:00:00Z");

struct Judged {
  std::string_view text;
  bool is_task;
};
// What people write down, and what they would want it to be. Those that are hard for words alone
// are among them on purpose.
constexpr std::array<Judged, 100> kJudged = {{
    // Tasks that say so.
    {"TODO: renew the passport", true},
    {"todo call the plumber", true},
    {"[ ] clean the gutters", true},
    {"- [ ] send the invoice to Marta", true},
    {"Task: prepare slides for Monday", true},
    {"remind me to water the plants on friday", true},
    {"Remember to bring the charger", true},
    {"Don't forget to pay the rent", true},
    {"don’t forget dentist appointment tomorrow", true},
    {"I need to buy new running shoes", true},
    {"I have to finish the tax return by 2026-12-15", true},
    {"We need to fix the login bug before the release", true},
    {"must reply to Sam", true},
    {"I should call grandma this weekend", true},
    {"make sure to back up the laptop", true},
    // Tasks in the form of an order.
    {"buy milk tomorrow", true},
    {"Buy a birthday present for Lena", true},
    {"Call the bank about the card", true},
    {"email Tom the contract", true},
    {"Send the draft to the editor by Thursday", true},
    {"Book flights to Lisbon", true},
    {"Schedule a review with the team next week", true},
    {"pay electricity bill", true},
    {"Fix the kitchen tap", true},
    {"order printer paper asap", true},
    {"Write the quarterly report, due Friday", true},
    {"Return library books on Monday", true},
    {"Cancel the gym membership", true},
    {"Ask Priya for the API keys", true},
    {"review pull request 482 today", true},
    {"Update the README", true},
    {"Pick up the parcel from the post office", true},
    {"renew car insurance before 2027-01-01", true},
    {"Water the tomatoes tonight", true},
    {"Please check the smoke detector", true},
    {"Prepare dinner for six on Saturday", true},
    {"Sign the lease", true},
    {"deploy the hotfix immediately", true},
    {"Take the car to the garage in 3 days", true},
    {"tell Jonas about the new date", true},
    // Tasks that are hard: no verb at the start.
    {"dentist on tuesday, deadline for the forms is monday", true},
    {"milk, eggs, bread", true},
    {"Passport photos!!", true},
    {"the report is due tomorrow", true},
    {"Someone has to feed the cat while we are away, I'll ask Nina", true},
    // Notes: thoughts and ideas.
    {"Idea: a calendar that shows energy rather than time", false},
    {"I think the second chapter is too long", false},
    {"I wonder whether bees sleep", false},
    {"What if the search ranked by how often a note is opened", false},
    {"I learned that octopuses have three hearts", false},
    {"Thinking about moving to a smaller flat", false},
    {"Fun fact: honey does not spoil", false},
    {"Note: the wifi password at the cabin is on the fridge", false},
    {"today I felt calm for the first time in weeks", false},
    {"It was a mistake to mix the two ledgers", false},
    // Notes: what has happened.
    {"Met Clara at the conference, she works on compilers", false},
    {"Had lunch with dad, he told me about the old house", false},
    {"Read the first half of Middlemarch", false},
    {"Talked to the landlord, he will not raise the rent", false},
    {"bought the blue paint, two cans", false},
    {"Called the bank yesterday, they close the account", false},
    {"Fixed the tap with a new washer", false},
    {"Watched a film on glaciers last night", false},
    {"Went to the market early, it was empty", false},
    {"Paid 40 for the concert tickets", false},
    {"sent the contract to Tom", false},
    {"Dreamt of a house with too many doors", false},
    // Notes: questions.
    {"Why does sourdough need a starter?", false},
    {"How do tides work", false},
    {"what is the difference between a saga and a process manager?", false},
    {"Where did I put the spare key?", false},
    {"who wrote The Leopard?", false},
    {"Should the index be rebuilt nightly?", false},
    // Notes: facts, quotations, links.
    {"The capital of Burkina Faso is Ouagadougou", false},
    {"\"The map is not the territory\" - Korzybski", false},
    {"https://example.com/an-article-on-event-sourcing", false},
    {"Anna's birthday is in May", false},
    {"Boiling point of ethanol 78.4 C", false},
    {"The meeting room on the third floor has no projector", false},
    {"Our office closes at six", false},
    {"Recipe: two eggs, 200 g flour, a pinch of salt", false},
    {"Wine from the Jura, liked it: Savagnin 2018", false},
    {"Lena's new address: 14 Rue des Lilas", false},
    {"The garden needs more shade in the west", false},
    {"Postgres: FOR UPDATE SKIP LOCKED lets many workers claim rows", false},
    {"# Meeting notes\nPresent: Ada, Ben\nBudget is 12k\nNext steps are open", false},
    {"Favourite line of the film: nobody is perfect", false},
    {"Sunset at 16:55 today", false},
    {"The train on Monday was late again", false},
    {"Rent is 980 from January on", false},
    // Notes that look like tasks.
    {"Book recommendation: The Dispossessed", false},
    {"Call of the wild, by Jack London", false},
    {"Order of magnitude estimates beat precise guesses", false},
    {"Plan B was the better one in the end", false},
    {"Water boils at a lower temperature on a mountain", false},
    {"Check valves let water flow in one direction only", false},
    {"Text editors: I liked Kakoune more than Vim", false},
    {"Sign language has its own grammar", false},
    {"I need to be alone sometimes, and that is fine", false},
    {"Paint on the north wall is peeling, it was like that last year", false},
}};

TEST(CaptureRules, JudgeASetOfAHundredThoughts) {
  int of_tasks[2] = {0, 0};  // found among them, and said to be
  int of_notes[2] = {0, 0};
  std::string wrong;
  for (const auto& one : kJudged) {
    const auto verdict = judge(one.text, kNow);
    const bool is_task = verdict.kind == "task";
    auto& counts = is_task ? of_tasks : of_notes;
    ++counts[1];
    if (is_task == one.is_task) {
      ++counts[0];
    } else {
      wrong += fmt::format("  {} ({:.2f}): {}\n", verdict.kind, verdict.confidence, one.text);
    }
  }
  const auto precision = [](const int* counts) {
    return static_cast<double>(counts[0]) / std::max(counts[1], 1);
  };
  const auto tasks = std::ranges::count_if(kJudged, &Judged::is_task);
  fmt::print("task: precision {:.2f} ({} of {}), {} of {} found\n", precision(of_tasks),
             of_tasks[0], of_tasks[1], of_tasks[0], tasks);
  fmt::print("note: precision {:.2f} ({} of {})\nwrong:\n{}", precision(of_notes), of_notes[0],
             of_notes[1], wrong);
  // Whoever finds a note among their tasks trusts none of them: so that is the rarer mistake.
  EXPECT_GE(precision(of_tasks), 0.85);
  EXPECT_GE(precision(of_notes), 0.85);
}

TEST(CaptureRules, SayWhyAndHowSure) {
  const auto verdict = judge("TODO: renew the passport", kNow);
  EXPECT_EQ(verdict.kind, "task");
  EXPECT_EQ(verdict.title, "renew the passport");
  EXPECT_GT(verdict.confidence, 0.9);
  ASSERT_FALSE(verdict.reasons.empty());
  const auto note = judge("The capital of Burkina Faso is Ouagadougou", kNow);
  EXPECT_EQ(note.kind, "note");
  EXPECT_FALSE(note.reasons.empty());
}

TEST(CaptureRules, WhatIsNotSureIsANote) {
  const auto verdict = judge("dentist tomorrow", kNow);
  EXPECT_EQ(verdict.kind, "note");
  EXPECT_LT(verdict.confidence, 0.75);
}

TEST(CaptureRules, ReadDaysFromTheTimeTheyCome) {
  EXPECT_EQ(judge("buy milk tomorrow", kNow).due_date, "2026-11-29");
  EXPECT_EQ(judge("buy milk today", kNow).due_date, "2026-11-28");
  EXPECT_EQ(judge("pay rent by 2026-12-01", kNow).due_date, "2026-12-01");
  EXPECT_EQ(judge("call Tom on monday", kNow).due_date, "2026-11-30");
  // Of a Saturday the next one is meant.
  EXPECT_EQ(judge("call Tom on saturday", kNow).due_date, "2026-12-05");
  EXPECT_EQ(judge("write the report, due friday", kNow).due_date, "2026-12-04");
  EXPECT_EQ(judge("send it in 3 days", kNow).due_date, "2026-12-01");
  EXPECT_EQ(judge("send it in 2 weeks", kNow).due_date, "2026-12-12");
  EXPECT_EQ(judge("pay rent by 2026-13-45", kNow).due_date, std::nullopt);
  EXPECT_EQ(judge("order paper asap", kNow).priority, "urgent");
}

TEST(CaptureRules, ADayIsOneWithNoOtherWord) {
  EXPECT_EQ(day_in_whole("tomorrow", kNow), "2026-11-29");
  EXPECT_EQ(day_in_whole("Friday", kNow), "2026-12-04");
  EXPECT_EQ(day_in_whole("by Friday.", kNow), "2026-12-04");
  EXPECT_EQ(day_in_whole("2026-12-24", kNow), "2026-12-24");
  EXPECT_EQ(day_in_whole("on 2026-12-24", kNow), "2026-12-24");
  EXPECT_EQ(day_in_whole("in 2 weeks", kNow), "2026-12-12");
  EXPECT_EQ(day_in_whole("the day after tomorrow", kNow), "2026-11-30");
  for (const auto* more : {"", "some day", "tomorrow at noon", "on friday ask Mary", "friday night",
                           "not 2026-12-24", "in 3 days again", "tomorrow or on friday"}) {
    EXPECT_EQ(day_in_whole(more, kNow), std::nullopt) << more;
  }
}

TEST(CaptureRules, TakeAnyBytes) {
  for (const std::string_view text : {"", " ", ":", "- [ ]", "todo:", "\xff\xfe", "in 999999 days",
                                      "buy \xc3", "0000-00-00", "!!", "\n\n\n"}) {
    const auto verdict = judge(text, kNow);
    EXPECT_TRUE(verdict.kind == "task" || verdict.kind == "note");
    if (verdict.kind == "task") EXPECT_FALSE(verdict.title.empty());
  }
}

TEST(CaptureRules, ALabelIsAWordBeforeAColon) {
  const auto found = labelled(" Weight: 82.5 kg");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->label, "weight");
  EXPECT_EQ(found->value, "82.5 kg");
  EXPECT_FALSE(labelled("https://example.com"));
  EXPECT_FALSE(labelled("no label here"));
  EXPECT_FALSE(labelled("two words: no"));
  EXPECT_EQ(labelled("empty:")->value, "");
}

}  // namespace
}  // namespace synap::features::capture
