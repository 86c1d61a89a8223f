// What waits are stored with: equalities() and with_values().
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cel/test_support.h"

namespace synap::cel {
namespace {

using testing::HasSubstr;

std::string equalities(std::string_view text) {
  std::string out;
  const auto equalities = Expression::parse(text)->equalities();
  for (const auto& [path, value, other] : equalities.found) {
    out += to_text(path) + "=" + (value ? value->dump() : to_text(*other)) + " ";
  }
  return out + (equalities.is_all ? "all" : "rest");
}

std::string substituted(std::string_view text, std::string_view event) {
  const auto made = Expression::parse(text)->with_values("event", json(event));
  return made ? made->to_text() : "error: " + made.error().message;
}

TEST(Equalities, AreTheTermsOfTheOutermostConjunction) {
  EXPECT_EQ(equalities("async.data.id == 'ab_1'"), "async.data.id=\"ab_1\" all");
  EXPECT_EQ(equalities("'ab_1' == async.data.id"), "async.data.id=\"ab_1\" all");
  EXPECT_EQ(equalities("event.data.id == async.data.id"), "event.data.id=async.data.id all");
  EXPECT_EQ(equalities("async.a == 1 && (async.b == true && async['c d'].e == null)"),
            "async.a=1 async.b=true async.c d.e=null all");
  EXPECT_EQ(equalities("async.a == 1 && async.b > 2"), "async.a=1 rest");
  EXPECT_EQ(equalities("async.a == 1 || async.b == 2"), "rest");
  EXPECT_EQ(equalities("!(async.a == 1)"), "rest");
  EXPECT_EQ(equalities("async.a != 1"), "rest");
  EXPECT_EQ(equalities("async.a == [1]"), "rest");
  EXPECT_EQ(equalities("lowercase(async.a) == 'a'"), "rest");
  EXPECT_EQ(equalities("async.a[0] == 1"), "rest");
  EXPECT_EQ(equalities("async.a == int"), "rest");
  EXPECT_EQ(equalities("true"), "all");
  EXPECT_EQ(equalities("false"), "rest");
}

TEST(Equalities, HaveTheNumberThatAnEventHas) {
  EXPECT_EQ(equalities("async.a == 1.0 && async.b == 2u && async.c == -0.0"),
            "async.a=1 async.b=2 async.c=0 all");
  // Two that are equal could be held in two ways.
  EXPECT_EQ(equalities("async.a == 9007199254740993"), "rest");
  EXPECT_EQ(equalities("async.a == 1e300"), "rest");
}

TEST(WithValues, PutsLiteralsForTheFieldsOfAVariable) {
  const auto event = R"({"data":{"id":"ab_1","value":1295,"half":0.5,"list":[1,{"a":null}]}})";
  EXPECT_EQ(
      substituted("event.data.id == async.data.id && async.data.val <= event.data.value", event),
      R"("ab_1" == async.data.id && async.data.val <= 1295)");
  EXPECT_EQ(substituted("async.data.val <= event.data.half", event), "async.data.val <= 0.5");
  EXPECT_EQ(substituted("async.data.foo == event.data.foo", event), "async.data.foo == null");
  EXPECT_EQ(substituted("async.l == event['data'].list && async.x == event.data.list[0]", event),
            R"(async.l == [1, {"a": null}] && async.x == 1)");
  EXPECT_EQ(substituted("async.a == event.data.list[async.b]", event),
            R"(async.a == [1, {"a": null}][async.b])");
  EXPECT_EQ(substituted("async.has == has(event.data.id)", event), "async.has == true");
}

TEST(WithValues, LeavesOutWhatIsKnownToBeTrue) {
  const auto event = R"({"data":{"id":"ab_1","value":1295}})";
  EXPECT_EQ(substituted("event.data.id == async.data.id && 500 <= event.data.value", event),
            R"("ab_1" == async.data.id)");
  EXPECT_EQ(substituted("event.data.id == async.data.id && 500 > event.data.value", event),
            "false");
  EXPECT_EQ(substituted("event.data.value == 1295", event), "true");
  // The value of the whole is that of the last term: it stays.
  EXPECT_EQ(substituted("async.a && event.data.value == 1295", event), "async.a && true");
  EXPECT_EQ(substituted("async.a == 1 && now() > date(event.data.id)", event),
            R"(async.a == 1 && now() > date("ab_1"))");
}

TEST(WithValues, LeavesVariablesOfMacrosAlone) {
  EXPECT_EQ(
      substituted("async.l.all(event, event.a == 1) && async.l.all(x, x == event.a)", R"({"a":7})"),
      "async.l.all(event, event.a == 1) && async.l.all(x, x == 7)");
}

TEST(WithValues, GivesATextThatParsesToTheSame) {
  const auto event = json(R"({"data":{"id":"q\"\\\n\u0001é","big":9007199254740993,"tiny":1e-7}})");
  const auto expression = Expression::parse(
      "async.a == event.data.id || async.b in [event.data.big, event.data.tiny] || "
      "async.c == -event.data.big");
  const auto made = expression->with_values("event", event);
  ASSERT_TRUE(made.has_value()) << made.error().message;
  EXPECT_TRUE(*Expression::parse(made->to_text(), kStoredLimits) == *made) << made->to_text();
}

TEST(WithValues, RefusesWhatWouldBeTooLong) {
  const auto event = R"({"t":")" + std::string(70'000, 'x') + R"("})";
  EXPECT_THAT(substituted("async.a == event.t", event), HasSubstr("more than 65536 bytes"));
  EXPECT_THAT(substituted("async.a == event", event), HasSubstr("more than 65536 bytes"));
  // Only what is selected counts.
  EXPECT_EQ(substituted("async.a == event.x", event), "async.a == null");
}

TEST(WithValues, MeansTheSameAsTheOriginal) {
  const auto event = json(R"({"data":{"id":"a","n":5,"l":[1,2]}})");
  for (const auto* async : {R"({"data":{"id":"a","n":5}})", R"({"data":{"id":"b","n":4}})", "{}"}) {
    for (const auto* text :
         {"event.data.id == async.data.id", "async.data.n < event.data.n",
          "event.data.l.exists(x, x == async.data.n - 3)", "event.data.n > 4 && async.data.n",
          "event.data.id + '-' + async.data.id == 'a-a'", "event.data.none || async.data.id"}) {
      const auto other = json(async);
      const auto expression = Expression::parse(text);
      const auto made = expression->with_values("event", event);
      const auto both = Bindings().set("event", event).set("async", other);
      EXPECT_EQ(expression->evaluate(both)->to_json().dump(),
                made->evaluate(Bindings().set("async", other))->to_json().dump())
          << text << " became " << made->to_text() << " with " << async;
    }
  }
}

}  // namespace
}  // namespace synap::cel
