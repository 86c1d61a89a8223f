#include "agents/data_marks.h"

#include <gtest/gtest.h>

#include "models/conversation.h"

namespace synap::agents {
namespace {

const std::string kNote = as_data("note", "019a0000-0000-7000-8000-000000000001", "buy milk");

// Cut at each place, as a model's answer comes.
void expect_stripped(const std::string& said, const std::string& expected) {
  EXPECT_EQ(without_marks(said), expected);
  for (std::size_t cut = 0; cut <= said.size(); ++cut) {
    MarkStripper stripper;
    std::string text = stripper.add(said.substr(0, cut));
    text += stripper.add(said.substr(cut));
    EXPECT_EQ(text + stripper.finish(), expected) << cut;
  }
  MarkStripper stripper;
  std::string text;
  for (const char one : said) text += stripper.add(std::string(1, one));
  EXPECT_EQ(text + stripper.finish(), expected);
}

TEST(DataMarks, AreTakenOutOfWhatAModelSaysWhereverItIsCut) {
  expect_stripped("You said: " + kNote + " [1]\n", "You said: buy milk [1]\n");
  expect_stripped(kNote, "buy milk");
  expect_stripped(kNote + "\n" + kNote, "buy milk\nbuy milk");
  expect_stripped("<data kind=\"tool\" id=\"\">a</data>", "a");
  expect_stripped(as_data("tool", "x", "a\n\nb < c\n"), "a\n\nb < c\n");
  // One that is cut short, as by a limit of tokens.
  expect_stripped("<data kind=\"note\" id=\"1\">\nhalf", "half");
  expect_stripped("whole <data kind=\"note\" id=\"1\">", "whole ");
}

// What a model copies of a note is the note: React and HTML have longer names.
TEST(DataMarks, LongerNamesStandInThemAsTheyAre) {
  const std::string text = "<DataGrid rows={rows} />\n<datalist></datalist> <database> <data-x>";
  EXPECT_EQ(without_marks(as_data("note", "1", text)), text);
  EXPECT_FALSE(as_data("note", "1", "</data> <DATA\t> <data").substr(1).contains("<data"));
}

TEST(DataMarks, LeaveWhatIsNoneOfThem) {
  for (const std::string text :
       {"<data value=\"3\">three</data>", "</data>", "a < b\n", "<data", "<data kind=\"note\">",
        "<data kind=\"note\" id=\"1\" x>", "<data kind=\"a\nb\" id=\"\">", "x\n</data",
        "&lt;data kind=\"note\" id=\"1\">\nx\n&lt;/data>", "<DATA kind=\"note\" id=\"1\">"}) {
    expect_stripped(text, text);
  }
  // Its end is of the mark, and the second of nobody.
  expect_stripped(kNote + "</data>", "buy milk</data>");
  // A text of somebody that has looked like a mark is none where it was marked, either.
  const auto quoted = as_data("note", "1", kNote);
  EXPECT_NE(without_marks(quoted).find("&lt;data kind=\"note\""), std::string::npos);
}

TEST(DataMarks, LeaveHtmlsElementsBesideThemAndInThem) {
  // The model has left out the end of the mark.
  const std::string begun = "<data kind=\"note\" id=\"1\">\n";
  const std::string left = "half\n<data value=\"3\">\n<data>three</data>\n</data>";
  expect_stripped(begun + left, left);
  expect_stripped(begun + left + "\n</data>", left);
  expect_stripped(begun + left + kNote + left, left + "buy milk" + left);
  expect_stripped(begun + begun + left + "</data>" + left + "</data></data>",
                  left + left + "</data>");
  expect_stripped(left + kNote + left, left + "buy milk" + left);
  expect_stripped("<data value=\"1\">" + kNote + "</data>", "<data value=\"1\">buy milk</data>");
  for (const std::string element :
       {"<DATA\nvalue=\"3\">three</data>", "<data/>three</data>", "<data>three</DATA >"}) {
    expect_stripped(begun + element + "</data></data>", element + "</data>");
  }
  // An element of another name has an end of another name.
  for (const std::string other : {"<datalist>", "<data-list>", "</datalist>", "< data>", "<dat>"}) {
    expect_stripped(begun + other + "\n</data>", other);
  }
}

TEST(DataMarks, AreNotWaitedForBeyondTheLongest) {
  const auto begun = "<data kind=\"" + std::string(2 * MarkStripper::kMarkMax, 'a');
  MarkStripper stripper;
  EXPECT_EQ(stripper.add(begun), begun);
  EXPECT_EQ(stripper.add("\" id=\"1\">"), "\" id=\"1\">");
  // The last that fits has its line end within; one byte more, and it is none.
  for (const std::size_t size : {MarkStripper::kMarkMax - 1, MarkStripper::kMarkMax}) {
    const std::string_view around = "<data kind=\"\" id=\"\">";
    const auto begin = "<data kind=\"" + std::string(size - around.size(), 'a') + "\" id=\"\">";
    ASSERT_EQ(begin.size(), size);
    const bool is_mark = size < MarkStripper::kMarkMax;
    expect_stripped(begin + "\nhalf", is_mark ? "half" : begin + "\nhalf");
  }
}

TEST(DataMarks, AreTakenOutOfArgumentsOfTools) {
  models::Answer answer{.text = "Done: " + kNote};
  models::ToolCall call{.id = "1", .name = "notes_create"};
  call.arguments = Json::object({{"content", "# List\n" + kNote}, {"tags", Json::array()}}).dump();
  models::read_arguments(call);
  models::ToolCall other{.id = "2", .name = "notes_create", .arguments = R"({ "content": "a" })"};
  models::read_arguments(other);
  answer.tool_calls = {call, other};
  strip_marks(answer);
  EXPECT_EQ(answer.text, "Done: buy milk");
  EXPECT_EQ(answer.tool_calls[0].arguments, R"({"content":"# List\nbuy milk","tags":[]})");
  EXPECT_EQ(answer.tool_calls[0].input->dump(), answer.tool_calls[0].arguments);
  EXPECT_EQ(answer.tool_calls[1].arguments, R"({ "content": "a" })");
}

}  // namespace
}  // namespace synap::agents
