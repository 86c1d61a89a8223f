#include "synap/markdown_note.h"

#include <gmock/gmock.h>

namespace synap::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::string refusal(std::string_view bytes) {
  const auto note = read_note("a.md", bytes, {});
  return note ? "accepted" : note.error().message;
}

TEST(MarkdownNote, TakesTitleFromFrontMatterThenHeadingThenName) {
  EXPECT_EQ(read_note("a.md", "---\ntitle: T\n---\n# H\n", {})->title, "T");
  EXPECT_EQ(read_note("a.md", "Text\n\n## H ##\n", {})->title, "H");
  EXPECT_EQ(read_note("my.note.md", "Text", {})->title, "my.note");
}

TEST(MarkdownNote, KeepsTheContentAsItIsButForItsFrontMatter) {
  EXPECT_EQ(read_note("a.md", "\n  # H \r\n\n", {})->content, "\n  # H \r\n\n");
  EXPECT_EQ(read_note("a.md", "---\ntitle: T\n---\n\nB", {})->content, "\nB");
  EXPECT_EQ(read_note("a.md", "\xef\xbb\xbf---\ntitle: T\n---\nB", {})->content, "B");
}

TEST(MarkdownNote, AddsTagsOfTheCommandBehindItsOwn) {
  EXPECT_THAT(read_note("a.md", "---\ntags: [a, b]\n---\nB", {"b", "#c"})->tags,
              ElementsAre("a", "b", "c"));
}

TEST(MarkdownNote, IsRefusedIfEmptyOrNoUtf8OrTooLarge) {
  EXPECT_EQ(refusal(""), "empty");
  EXPECT_EQ(refusal(" \n\t\n"), "empty");
  EXPECT_EQ(refusal("---\ntitle: T\n---\n\n"), "empty but for its front matter");
  EXPECT_EQ(refusal("ab\xff"), "no UTF-8: byte 3 is wrong");
  EXPECT_THAT(refusal(std::string(kFileBytesMax + 1, 'a')), HasSubstr("at most 10 MiB"));
  EXPECT_THAT(refusal(std::string(5'000'001, 'a')), HasSubstr("at most 5000000"));
}

TEST(MarkdownNote, RemarksOnWhatItChangesOrCannotRead) {
  EXPECT_THAT(read_note("a.md", "---\ntitle: \"x\n---\nB", {})->remarks,
              ElementsAre(HasSubstr("kept as text")));
  const auto note = read_note("a.md", "# " + std::string(600, 'x'), {std::string(101, 't')});
  EXPECT_THAT(note->remarks, SizeIs(2));
  EXPECT_THAT(note->title, SizeIs(500));
  EXPECT_THAT(note->tags, IsEmpty());
}

TEST(FirstHeading, IsFoundWhereMarkdownHasOne) {
  EXPECT_EQ(first_heading("# A"), "A");
  EXPECT_EQ(first_heading("   ### A ###  \n"), "A");
  EXPECT_EQ(first_heading("# C#"), "C#");
  EXPECT_EQ(first_heading("Title\n=====\n"), "Title");
  EXPECT_EQ(first_heading("Title\r\n-----\r\n"), "Title");
  EXPECT_EQ(first_heading("```sh\n# comment\n```\n# A"), "A");
  EXPECT_EQ(first_heading("~~~\n# x\n```\n# y\n~~~\n# A"), "A");
}

TEST(FirstHeading, IsNotMadeOfWhatIsNone) {
  for (const auto* text : {"", "#tag", "    # code", "#######  x", "#", "a\nb\n---\n", "- a\n---\n",
                           "\n---\n", "a\n\n---\n"}) {
    EXPECT_EQ(first_heading(text), "") << text;
  }
}

}  // namespace
}  // namespace synap::cli
