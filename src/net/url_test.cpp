#include "net/url.h"

#include <gtest/gtest.h>

namespace synap::net {
namespace {

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

}  // namespace
}  // namespace synap::net
