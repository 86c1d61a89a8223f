#include "synap/answer_shape.h"

#include <gtest/gtest.h>

#include "pod/description.h"

namespace synap::cli {
namespace {

std::string difference(std::string_view procedure, std::string_view answer) {
  static const pod::Description known;
  const auto* found = known.procedures().find(procedure);
  EXPECT_NE(found, nullptr) << procedure;
  return unlike(found->output.node(), *parse_json(answer)).value_or("none");
}

TEST(AnswerShape, SaysWhatAnAnswerLacks) {
  EXPECT_EQ(difference("notes.list", R"({"notes":[],"total":0})"), "none");
  EXPECT_EQ(difference("notes.list", R"({"items":[]})"), "it has no \"notes\"");
  EXPECT_EQ(difference("notes.list", R"({"notes":{},"total":0})"), "notes is not a list");
  EXPECT_EQ(difference("notes.list", R"({"notes":[5],"total":0})"), "notes[0] is not an object");
  EXPECT_EQ(difference("notes.list", R"({"total":3})"), "it has no \"notes\"");
  EXPECT_EQ(difference("notes.list", R"({"notes":[{"title":1}]})"), "notes[0].title is not a text");
  EXPECT_EQ(difference("notes.create", R"({"ok":true})"), "it has no \"status\"");
  EXPECT_EQ(difference("events.list", "null"), "it is not an object");
  EXPECT_EQ(difference("events.list", R"("hello")"), "it is not an object");
  EXPECT_EQ(difference("keys.list", "[]"), "it is not an object");
}

TEST(AnswerShape, TakesWhatAPodOfAnotherVersionMaySay) {
  EXPECT_EQ(difference("notes.list", R"({"notes":[],"total":0,"new":{"a":1}})"), "none");
  EXPECT_EQ(
      difference("tasks.create", R"({"requestId":"x","id":"y","version":1,"status":"a new one"})"),
      difference("tasks.create", R"({"requestId":"x","id":"y","version":1,"status":"completed"})"));
  EXPECT_EQ(difference("notes.list", R"({"notes":[],"total":0,"nextCursor":null})"), "none");
  EXPECT_EQ(difference("notes.list", R"({"notes":[{"id":"x"}]})"), "none");
}

}  // namespace
}  // namespace synap::cli
