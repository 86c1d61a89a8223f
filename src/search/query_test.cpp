#include "search/query.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace synap::search {
namespace {

const std::vector<std::string> kFields = {"tag", "type", "status"};

std::string shown(const Item& item) {
  std::string text;
  if (item.is_excluded) text += '-';
  if (item.scope == Item::Scope::kTitle) text += "title:";
  if (item.scope == Item::Scope::kText) text += "text:";
  if (item.kind == Item::Kind::kFilter) return text + item.field + "=" + item.text;
  if (item.kind == Item::Kind::kPhrase) return text + "<" + item.text + ">";
  return text + item.text + (item.kind == Item::Kind::kPrefix ? "*" : "");
}

// The items with a comma between, or where it is wrong and why.
std::string parsed(std::string_view text) {
  const auto items = parse_query(text, kFields);
  if (!items) return items.error().message;
  std::string all;
  for (const auto& item : *items) all += (all.empty() ? "" : ", ") + shown(item);
  return all;
}

TEST(Query, IsWordsPhrasesAndPrefixes) {
  EXPECT_EQ(parsed("garden plan"), "garden, plan");
  EXPECT_EQ(parsed("  \"red  apple\"\ttre* "), "<red  apple>, tre*");
  EXPECT_EQ(parsed("a\"b\"c"), "a, <b>, c");
  EXPECT_EQ(parsed("日本 語*"), "日本, 語*");
}

TEST(Query, HasFieldsAndScopes) {
  EXPECT_EQ(parsed("title:plan text:\"old oak\" title:gar*"),
            "title:plan, text:<old oak>, title:gar*");
  EXPECT_EQ(parsed("tag:home tag:\"two words\" status:open"),
            "tag=home, tag=two words, status=open");
  EXPECT_EQ(parsed("x -tag:home -title:y"), "x, -tag=home, -title:y");
  EXPECT_EQ(parsed("tag:a*"), "tag=a*");
}

TEST(Query, LeavesOutWhatHasAMinus) {
  EXPECT_EQ(parsed("apple -pie -\"sweet tart\" -cru*"), "apple, -pie, -<sweet tart>, -cru*");
  EXPECT_EQ(parsed("this - that"), "this, that");
  EXPECT_EQ(parsed("well-known"), "well-known");
}

TEST(Query, TakesWhatPeopleWrite) {
  EXPECT_EQ(parsed("what is the plan?"), "what, is, the, plan?");
  EXPECT_EQ(parsed("re: lunch at 12:30 https://example.com"),
            "re:, lunch, at, 12:30, https://example.com");
  EXPECT_EQ(parsed("* a ** C++"), "*, a, **, C++");
}

TEST(Query, SaysWhereItIsWrong) {
  EXPECT_EQ(parsed("ab \"cd"), "q, character 4: this quotation mark has no other that closes it");
  EXPECT_EQ(parsed("äö \"\""), "q, character 4: there is nothing between these quotation marks");
  EXPECT_EQ(parsed("x title: y"), "q, character 9: a word is missing here");
  EXPECT_EQ(parsed("tag:"), "q, character 5: a word is missing here");
  EXPECT_EQ(parsed(""), "q, character 1: there is no word to look for");
  EXPECT_EQ(parsed(" - "), "q, character 1: there is no word to look for");
  EXPECT_EQ(parsed(" -a -b"),
            "q, character 2: it says only what must not be there; say what is looked for, too");
  const auto wrong = parse_query("日本 \"", kFields);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().details->dump(), R"({"reason":"SEARCH_SYNTAX","position":3})");
}

TEST(Query, HasSoManyWords) {
  std::string text;
  for (std::size_t i = 0; i < kItemsMax; ++i) text += "w ";
  EXPECT_TRUE(parse_query(text, kFields));
  EXPECT_EQ(parsed(text + "w"), "q, character 129: more than 64 words");
  std::string beginnings;
  for (std::size_t i = 0; i < kPrefixesMax; ++i) beginnings += "w* ";
  EXPECT_TRUE(parse_query(beginnings + "w", kFields));
  EXPECT_EQ(parsed(beginnings + "w -w*"), "q, character 27: more than 8 words have a *");
}

}  // namespace
}  // namespace synap::search
