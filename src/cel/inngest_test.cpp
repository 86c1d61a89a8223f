// How Inngest's server evaluates. The cases are those of its own tests (package expressions), and
// those where this pod is another on purpose, which say so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cel/test_support.h"

namespace synap::cel {
namespace {

using testing::HasSubstr;

constexpr std::string_view kEvent = R"({"name":"t/hello","ts":1767225600000,"data":{
  "n":2,"f":3.141,"s":"hi","yes":true,"no":false,"nil":null,"zero":0,"empty":"",
  "tags":["a","b","c"],"o":{"k":1},"number":9.1}})";

std::string event(std::string_view text) {
  return loosely(text, kEvent);
}

TEST(Inngest, AMissingFieldIsNullWhereverItIs) {
  EXPECT_EQ(event("event.data.x"), "null");
  EXPECT_EQ(event("event.data.x.y.z"), "null");
  EXPECT_EQ(event("event.data.s.y"), "null");
  EXPECT_EQ(event("event.data.tags[7]"), "null");
  EXPECT_EQ(event("event.data['x']['y']"), "null");
  EXPECT_EQ(event("async.data.x"), "null");
  EXPECT_EQ(event("event.data.x == null"), "true");
  EXPECT_EQ(event("event.data.x != null"), "false");
  EXPECT_EQ(event("event.data.nil == null"), "true");
  EXPECT_EQ(event("has(event.data.x)"), "false");
  EXPECT_EQ(event("has(event.x.y.z)"), "false");
}

TEST(Inngest, AMissingFieldEqualsNothingButNull) {
  EXPECT_EQ(event("event.data.x == 'foo'"), "false");
  EXPECT_EQ(event("event.data.x == 0"), "false");
  EXPECT_EQ(event("event.data.x != 0"), "true");
  EXPECT_EQ(event("event.data.x != ''"), "true");
  // Not even another one.
  EXPECT_EQ(event("event.data.x == event.data.y"), "false");
  EXPECT_EQ(event("event.data.x != event.data.y"), "true");
}

TEST(Inngest, AMissingFieldIsBelowEverything) {
  EXPECT_EQ(event("event.data.x < 5"), "true");
  EXPECT_EQ(event("event.data.x <= 5"), "true");
  EXPECT_EQ(event("event.data.x > 5"), "false");
  EXPECT_EQ(event("event.data.x >= 5"), "false");
  EXPECT_EQ(event("5 < event.data.x"), "false");
  EXPECT_EQ(event("5 <= event.data.x"), "false");
  EXPECT_EQ(event("5 > event.data.x"), "true");
  EXPECT_EQ(event("event.data.n > event.data.x"), "true");
}

TEST(Inngest, NullIsOrderedAsTheZeroOfTheOther) {
  EXPECT_EQ(event("null > 0"), "false");
  EXPECT_EQ(event("null < 5"), "true");
  EXPECT_EQ(event("5 > null"), "true");
  EXPECT_EQ(event("null <= 0"), "true");
  EXPECT_EQ(event("null >= 1"), "false");
  EXPECT_EQ(event("null < 0.5"), "true");
  EXPECT_EQ(event("null < uint(5)"), "true");
  EXPECT_EQ(event("null < 'foo'"), "true");
  EXPECT_EQ(event("'foo' < null"), "false");
  EXPECT_EQ(event("event.data.f <= null && event.data.n < null"), "false");
  EXPECT_EQ(event("event.data.nil > 0"), "false");
  EXPECT_EQ(event("null == 'foo'"), "false");
  EXPECT_EQ(event("'foo' != null"), "true");
}

TEST(Inngest, TextsAndNumbersAreNotEqualAndHaveNoOrder) {
  EXPECT_EQ(loosely("event.status == 200", R"({"status":"200"})"), "false");
  EXPECT_EQ(loosely("event.status != 200", R"({"status":"200"})"), "true");
  EXPECT_THAT(loosely("event.status < 300", R"({"status":"200"})"), HasSubstr("no such overload"));
  EXPECT_EQ(loosely("event.status < 300 || true", R"({"status":"200"})"), "true");
  EXPECT_EQ(loosely("int(event.status) == 200", R"({"status":"200"})"), "true");
  EXPECT_EQ(event("event.data.n > 1.5 && event.data.f <= 4"), "true");
}

TEST(Inngest, PlusJoinsTextsWithAnything) {
  EXPECT_EQ(event("event.data.s + '-' + event.data.number + '-' + event.data.yes + '-' + "
                  "event.data.x"),
            R"("hi-9.1-true-")");
  EXPECT_EQ(event("event.data.s + event.data.x"), R"("hi")");
  EXPECT_EQ(event("event.data.x + event.data.s"), R"("hi")");
  EXPECT_EQ(event("event.data.x + event.data.y"), "false");
  EXPECT_EQ(event("'k:' + event.data.n"), R"("k:2")");
  EXPECT_EQ(event("'k:' + event.data.tags"), R"("k:[\"a\",\"b\",\"c\"]")");
}

// The reference has every number of an event as a double, and joins int and double as texts.
TEST(Inngest, NumbersOfBothKindsAreCalculatedHere) {
  EXPECT_EQ(event("event.data.n + 1"), "3");
  EXPECT_EQ(event("event.data.n + 0.5"), "2.5");
  EXPECT_EQ(event("event.data.n * 1.5 - 1"), "2");
  EXPECT_EQ(event("event.data.x * 2"), "null");
}

TEST(Inngest, LogicTakesAnyValueAsJavaScriptDoes) {
  EXPECT_EQ(event("event.data.s || 'other'"), R"("hi")");
  EXPECT_EQ(event("event.data.empty || 'other'"), R"("other")");
  EXPECT_EQ(event("event.data.x || event.data.s"), R"("hi")");
  EXPECT_EQ(event("event.data.zero || event.data.nil || 'last'"), R"("last")");
  EXPECT_EQ(event("event.data.f || false"), "3.141");
  EXPECT_EQ(event("false || event.data.tags"), R"(["a","b","c"])");
  EXPECT_EQ(event("event.data.s && event.data.n"), "2");
  EXPECT_EQ(event("event.data.empty && event.data.n"), R"("")");
  EXPECT_EQ(event("event.data.no || event.data.yes"), "true");
  EXPECT_EQ(event("event.data.x || event.data.y"), "null");
  EXPECT_EQ(event("event.data.x ? 1 : 2"), "2");
  EXPECT_EQ(event("event.data.s ? 1 : 2"), "1");
}

// As the reference has it, and as a filter that is stored there expects it.
TEST(Inngest, NotOfAMissingFieldIsFalse) {
  EXPECT_EQ(event("!event.data.x"), "false");
  EXPECT_EQ(event("!event.data.no"), "true");
  EXPECT_EQ(event("event.data.x != true"), "true");
}

TEST(Inngest, FunctionsOfAMissingFieldFailNoFilter) {
  EXPECT_EQ(event("size(event.data.x)"), "0");
  EXPECT_EQ(event("size(event.data.nil) > 0"), "false");
  EXPECT_EQ(event("size(event.data.tags) > 2"), "true");
  EXPECT_EQ(event("event.data.x.contains('a')"), "false");
  EXPECT_EQ(event("'a'.contains(event.data.x)"), "false");
  EXPECT_EQ(event("event.data.x in ['a']"), "false");
  EXPECT_EQ(event("'a' in event.data.x.y"), "false");
  EXPECT_EQ(event("lowercase(event.data.x) == 'a'"), "false");
  EXPECT_EQ(event("int(event.data.x) > 1"), "false");
  EXPECT_EQ(event("event.data.x != '' && 'a' in event.data.y"), "false");
}

TEST(Inngest, MacrosOfAMissingFieldAreNotTrue) {
  EXPECT_EQ(event("event.data.tags.exists(x, x == 'd' || x == 'a')"), "true");
  EXPECT_EQ(event("event.data.tags.exists(x, x == 'd') == false"), "true");
  EXPECT_EQ(event("event.x.exists(x, x == 'a')"), "null");
  EXPECT_EQ(event("event.x.all(x, x == 'a') == true"), "false");
  EXPECT_EQ(event("size(event.x.filter(x, x == 'a'))"), "0");
  EXPECT_EQ(event("event.data.tags.filter(x, x.y)"), "[]");
  EXPECT_EQ(event("event.data.tags.map(x, x + '!')"), R"(["a!","b!","c!"])");
  EXPECT_EQ(event("[1, 2, 3].all(x, x > 0) && event.data.s == 'hi'"), "true");
}

TEST(Inngest, HasFunctionsOfItsOwn) {
  EXPECT_EQ(event("uppercase(event.data.s) + ' ' + lowercase('ABC')"), R"("HI abc")");
  EXPECT_EQ(event("b64decode('aGkgdGhlcmUh') + ' - b64 data'"), R"("hi there! - b64 data")");
  EXPECT_EQ(event("json_parse(b64decode('eyJuZXN0ZWQiOnsiZGF0YSI6InllYSJ9fQ==')).nested.data"),
            R"("yea")");
  EXPECT_THAT(event("b64decode('?')"), HasSubstr("reads base64"));
  EXPECT_EQ(event("b64decode('?') == 'a'"), "false");
  EXPECT_THAT(event("json_parse('{')"), HasSubstr("reads JSON"));
  EXPECT_EQ(event("json_parse('{').a"), "null");
}

TEST(Inngest, DatesAreReadInManyForms) {
  EXPECT_EQ(loosely("date(event.from) + duration('6h35m10s') == date('2020-01-01T18:35:10')",
                    R"({"from":"2020-01-01T12:00:00"})"),
            "true");
  EXPECT_EQ(event("date(event.ts)"), R"("2026-01-01T00:00:00Z")");
  EXPECT_EQ(event("date(1767225600) == date(event.ts)"), "true");
  EXPECT_EQ(event("date('2026-01-01') == date(event.ts)"), "true");
  EXPECT_EQ(event("date('Thu, 01 Jan 2026 00:00:00 GMT') == date(event.ts)"), "true");
  EXPECT_EQ(event("date('Thursday, 01-Jan-26 00:00:00 GMT') == date(event.ts)"), "true");
  EXPECT_THAT(event("date('soon')"), HasSubstr("date() reads"));
  EXPECT_THAT(event("date(5)"), HasSubstr("date() reads"));
}

TEST(Inngest, TheClockIsTheOneThatIsHandedIn) {
  const EvaluateOptions options{.mode = Mode::kInngest, .now_unix_ms = 1'767'225'600'500};
  EXPECT_EQ(evaluated("now()", Json(), options), R"("2026-01-01T00:00:00.5Z")");
  EXPECT_EQ(evaluated("now_plus('1h')", Json(), options), R"("2026-01-01T01:00:00.5Z")");
  EXPECT_EQ(evaluated("now_minus('1d')", Json(), options), R"("2025-12-31T00:00:00.5Z")");
  EXPECT_EQ(evaluated("now_plus('1w') - now() == duration('168h')", Json(), options), "true");
  EXPECT_THAT(evaluated("now_plus('soon')", Json(), options), HasSubstr("a duration is a text"));
}

}  // namespace
}  // namespace synap::cel
