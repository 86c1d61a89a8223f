#include "net/url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace synap::net {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(PercentDecode, UndoesEscapesOnce) {
  EXPECT_EQ(percent_decode("post.byId"), "post.byId");
  EXPECT_EQ(percent_decode("a%2Cb%2cc"), "a,b,c");
  EXPECT_EQ(percent_decode("%2541"), "%41");
  EXPECT_EQ(percent_decode("%F0%9F%98%80"), "\U0001f600");
  EXPECT_EQ(percent_decode("%00"), std::string(1, '\0'));
}

TEST(PercentDecode, LeavesPlusAlone) {
  EXPECT_EQ(percent_decode("a+b"), "a+b");
}

TEST(PercentDecode, RefusesMalformedEscapes) {
  for (const auto* text : {"%", "%4", "a%4", "%G0", "%0G", "%E0%A4%A", "%-1", "% 1"}) {
    EXPECT_EQ(percent_decode(text).error().code, Code::kBadRequest) << text;
  }
}

TEST(PercentDecode, RefusesWhatIsNotUtf8) {
  for (const auto* text : {"%FF", "%C0%80", "%ED%A0%80", "%F4%90%80%80", "%E2%82", "%80",
                           "%F5%80%80%80", "%E0%80%80", "%F0%80%80%80", "%C3a"}) {
    EXPECT_EQ(percent_decode(text).error().code, Code::kBadRequest) << text;
  }
}

TEST(PercentEncode, IsUndoneByDecode) {
  std::string all;
  for (int c = 1; c < 128; ++c) all.push_back(static_cast<char>(c));
  all += "\u00e4\u20ac\U0001f600";
  EXPECT_EQ(percent_decode(percent_encode(all)), all);
  EXPECT_EQ(percent_encode("a b/\u00e4"), "a%20b%2F%C3%A4");
}

TEST(Query, KeepsOrderAndDuplicatesAndFindsTheFirst) {
  const auto query = Query::parse("b=1&a=2&b=3").value();
  EXPECT_THAT(query.parameters(), ElementsAre(Pair("b", "1"), Pair("a", "2"), Pair("b", "3")));
  EXPECT_EQ(*query.find("b"), "1");
  EXPECT_EQ(query.find("c"), nullptr);
}

TEST(Query, ReadsPlusAsSpaceAndEscapesInNamesToo) {
  const auto query = Query::parse("input=%7B%22n%22%3A%22a+b%2B%22%7D&k%3D=v=w").value();
  EXPECT_EQ(*query.find("input"), R"({"n":"a b+"})");
  EXPECT_EQ(*query.find("k="), "v=w");
}

TEST(Query, TellsAnEmptyValueFromNone) {
  const auto query = Query::parse("&&input=&flag&").value();
  EXPECT_THAT(query.parameters(), ElementsAre(Pair("input", ""), Pair("flag", "")));
  EXPECT_TRUE(Query::parse("").value().parameters().empty());
}

TEST(Query, RefusesWhatPercentDecodeRefuses) {
  EXPECT_FALSE(Query::parse("a=%zz"));
  EXPECT_FALSE(Query::parse("%ff=1"));
}

}  // namespace
}  // namespace synap::net
