// What CEL says, where the conformance suite (tests/cel) says nothing of JSON.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cel/test_support.h"

namespace synap::cel {
namespace {

using testing::HasSubstr;

TEST(Strict, ReadsJsonAsItsOwnValues) {
  const auto event = R"({"i":1,"d":1.5,"s":"t","b":true,"n":null,"l":[1,"2"],"m":{"k":{"j":7}}})";
  EXPECT_EQ(strictly("[type(event.i), type(event.d), type(event.s), type(event.b), type(event.n), "
                     "type(event.l), type(event.m)]",
                     event),
            R"(["int","double","string","bool","null_type","list","map"])");
  EXPECT_EQ(strictly("event.m.k.j + event['m']['k']['j'] + event.l[0]", event), "15");
  EXPECT_EQ(strictly("event.m == {'k': {'j': 7.0}} && event.l == [1u, '2']", event), "true");
  EXPECT_EQ(strictly("size(event) + size(event.l) + size(event.s)", event), "10");
  EXPECT_EQ(strictly("event.m.map(k, k) == ['k'] && 'k' in event.m && !('x' in event.m)", event),
            "true");
}

TEST(Strict, AMissingFieldIsAnErrorThatHasAsksFor) {
  EXPECT_THAT(strictly("event.a"), HasSubstr("no such key: a"));
  EXPECT_EQ(strictly("has(event.a)"), "false");
  EXPECT_EQ(strictly("has(event.a) && event.a.b == 1"), "false");
  EXPECT_EQ(strictly("has(event.a)", R"({"a":null})"), "true");
}

TEST(Strict, LogicAbsorbsErrorsOnBothSides) {
  EXPECT_EQ(strictly("event.a || true"), "true");
  EXPECT_EQ(strictly("true || event.a"), "true");
  EXPECT_EQ(strictly("event.a && false"), "false");
  EXPECT_THAT(strictly("event.a && true"), HasSubstr("no such key"));
  EXPECT_THAT(strictly("1 || false"), HasSubstr("no such overload"));
}

TEST(Strict, DoesNotKnowInngestsFunctions) {
  EXPECT_THAT(strictly("lowercase('A')"), HasSubstr("there is no function lowercase"));
}

TEST(Strict, TimeZonesAreThoseOfTheDatabase) {
  EXPECT_EQ(strictly("timestamp('2026-07-01T12:00:00Z').getHours('Europe/Berlin')"), "14");
  EXPECT_EQ(strictly("timestamp('2026-01-01T12:00:00Z').getHours('Europe/Berlin')"), "13");
  EXPECT_EQ(strictly("timestamp('2026-01-01T12:00:00Z').getHours('-08:30')"), "3");
  EXPECT_THAT(strictly("timestamp('2026-01-01T12:00:00Z').getHours('Mars/Base')"),
              HasSubstr("there is no such time zone"));
  EXPECT_THAT(strictly("timestamp('2026-01-01T12:00:00Z').getHours('../../etc/passwd')"),
              HasSubstr("there is no such time zone"));
}

TEST(Strict, TimestampsAreReadExactly) {
  EXPECT_EQ(strictly("string(timestamp('2026-02-28T23:59:59.5+02:00'))"),
            R"("2026-02-28T21:59:59.5Z")");
  for (const auto* wrong : {"2026-02-29T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01 00:00:00Z",
                            "2026-01-01T00:00:00", "2026-1-1T00:00:00Z", "2026-01-01T00:00:00.Z",
                            "2026-01-01T00:00:00Zx", ""}) {
    EXPECT_THAT(strictly(fmt::format("timestamp('{}')", wrong)), HasSubstr("RFC 3339")) << wrong;
  }
  EXPECT_EQ(strictly("string(duration('1h1m1.25s'))"), R"("3661.25s")");
  EXPECT_EQ(strictly("string(duration('-500ms'))"), R"("-0.5s")");
  for (const auto* wrong : {"1", "1x", "s", ".s", "1h-1m", "1d", "300y", "9999999999h"}) {
    EXPECT_THAT(strictly(fmt::format("duration('{}')", wrong)), HasSubstr("duration()")) << wrong;
  }
}

}  // namespace
}  // namespace synap::cel
