#include "synap/heading.h"

#include <gtest/gtest.h>

#include <chrono>

namespace synap::cli {
namespace {

TEST(FirstHeading, IsFoundWhereCommonMarkHasOne) {
  EXPECT_EQ(first_heading("# A"), "A");
  EXPECT_EQ(first_heading("   ### A ###  \n"), "A");
  EXPECT_EQ(first_heading("# C#"), "C#");
  EXPECT_EQ(first_heading("Title\n=====\n"), "Title");
  EXPECT_EQ(first_heading("Title\r\n-----\r\n"), "Title");
  EXPECT_EQ(first_heading("of two\nlines\n---\n"), "of two lines");
  EXPECT_EQ(first_heading("```sh\n# comment\n```\n# A"), "A");
  EXPECT_EQ(first_heading("~~~\n# x\n```\n# y\n~~~\n# A"), "A");
  EXPECT_EQ(first_heading("```\na\n```py\n# still code\n```\n# A"), "A");
  EXPECT_EQ(first_heading("```a``` is code\n\n# A"), "A");
  EXPECT_EQ(first_heading("<!--\n# no\n-->\n# A"), "A");
  EXPECT_EQ(first_heading("> - # Inside\n\n# A"), "Inside");
  EXPECT_EQ(first_heading("#\n\n# <br>\n\n# A"), "A");
}

TEST(FirstHeading, IsItsTextWithoutMarks) {
  EXPECT_EQ(first_heading("# *a* **b** `c` [d](e \"f\") ![g](h)"), "a b c d g");
  EXPECT_EQ(first_heading("# a <b>c</b> \\# &amp; &#8364; &nosuch;"), "a c # & € &nosuch;");
}

TEST(FirstHeading, IsNotMadeOfWhatIsNone) {
  for (const auto* text :
       {"", "#tag", "    # code", "#######  x", "#", "- a\n---\n", "\n---\n", "a\n\n---\n"}) {
    EXPECT_EQ(first_heading(text), "") << text;
  }
}

TEST(FirstHeading, IsLookedForInBoundedTime) {
  const auto begin = std::chrono::steady_clock::now();
  for (const auto* part : {"[", "](", "*a _b ", "![a](", "<a ", "`", "> ", "- ", "&", "[a]: b\n"}) {
    std::string text;
    while (text.size() < 4 * 1024 * 1024) text += part;
    first_heading(text);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(60));
}

}  // namespace
}  // namespace synap::cli
