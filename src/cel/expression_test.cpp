#include "cel/expression.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "cel/test_support.h"

namespace synap::cel {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(Expression, ComparesAFieldOfAnEvent) {
  const auto event = json(R"({"data":{"n":2}})");
  const auto expression = Expression::parse("event.data.n > 1");
  ASSERT_TRUE(expression.has_value()) << expression.error().message;
  EXPECT_TRUE(*expression->matches(Bindings().set("event", event)));
}

TEST(Expression, RefusesWithLineColumnAndWhatWasExpected) {
  EXPECT_EQ(refusal("event.data.n >"), "line 1, column 15: expected a value, found the end");
  EXPECT_EQ(refusal("event.data.n ==\n  = 1"), "line 2, column 3: expected a value, found \"=\"");
  EXPECT_EQ(refusal("(1 + 2"),
            "line 1, column 7: expected \")\" to close the parenthesis, found "
            "the end");
  EXPECT_EQ(refusal("a b"), "line 1, column 3: expected an operator or the end, found \"b\"");
  EXPECT_EQ(refusal("f(1,)"), "line 1, column 5: expected an argument after \",\", found \")\"");
  EXPECT_EQ(refusal("\"é\" ; 1"), "line 1, column 5: \";\" does not belong here");
  EXPECT_THAT(refusal("'abc"), StartsWith("line 1, column 1: a text begins here"));
  EXPECT_THAT(refusal("'\\q'"), HasSubstr("has an escape \\q, which is none"));
  EXPECT_THAT(refusal("b'\\é'"), HasSubstr("has an escape \\é, which is none"));
  EXPECT_EQ(refusal(".null"), "line 1, column 2: expected a name, found \"null\"");
  EXPECT_THAT(refusal("while"), HasSubstr("\"while\" is a reserved word"));
  EXPECT_THAT(refusal("9223372036854775808"), HasSubstr("a whole number is from"));
  EXPECT_THAT(refusal("has(event)"), HasSubstr("has() takes one field"));
  EXPECT_THAT(refusal("[1].all(x.y, true)"), HasSubstr("all() takes the name of a variable"));
  EXPECT_THAT(refusal("Note{text: 'a'}"), HasSubstr("messages"));
  EXPECT_EQ(refusal("\xff"), "an expression is UTF-8, this is not");
  EXPECT_EQ(refusal(""), "line 1, column 1: expected a value, found the end");
}

TEST(Expression, IsBoundedInLengthPartsDepthAndNesting) {
  const auto repeated = [](std::string_view text, int count) {
    std::string out;
    for (int i = 0; i < count; ++i) out += text;
    return out;
  };
  EXPECT_THAT(refusal(std::string(9'000, ' ')), HasSubstr("at most 8192 bytes, this one 9000"));
  EXPECT_THAT(refusal("1" + repeated("||1", 2'100)), HasSubstr("at most 2048 parts"));
  EXPECT_THAT(refusal("1" + repeated("+1", 300)), HasSubstr("at most 200 operations deep"));
  EXPECT_THAT(refusal("a" + repeated(".b", 300)), HasSubstr("at most 200 operations deep"));
  for (const auto* opened : {"(", "[", "!", "-", "a[", "f(", "{1:", "a.map(x,", "true?1:"}) {
    EXPECT_THAT(refusal(repeated(opened, 500)), HasSubstr("nests at most 64 deep")) << opened;
  }
  EXPECT_EQ(refusal("1" + repeated("||1", 500)), "parses");
}

TEST(Expression, EndsHostileMacrosWithTheirCost) {
  const std::string ten = "[0,1,2,3,4,5,6,7,8,9]";
  const auto nested = ten + ".all(a, " + ten + ".all(b, " + ten + ".all(c, " + ten + ".all(d, " +
                      ten + ".all(e, " + ten + ".all(f, " + ten + ".all(g, true)))))))";
  EXPECT_THAT(strictly(nested), HasSubstr("takes more than 100000 steps on this data"));
  EXPECT_THAT(loosely(nested), HasSubstr("takes more than 100000 steps on this data"));
  // Whatever is around it does not hide it.
  EXPECT_THAT(loosely("true || (" + nested + ")"), "true");
  EXPECT_THAT(loosely("false || (" + nested + ") || true"), HasSubstr("more than 100000 steps"));
  EXPECT_THAT(strictly("(" + nested + ") || true"), HasSubstr("more than 100000 steps"));
}

TEST(Expression, EndsGrowingTextsAndListsWithTheirBytes) {
  const std::string ten = "[0,1,2,3,4,5,6,7,8,9]";
  const std::string kilobyte(1'000, 'x');
  const auto event = R"({"t":")" + kilobyte + R"("})";
  const auto doubled = ".map(s, s + s)";
  std::string text = "[event.t]";
  for (int i = 0; i < 20; ++i) text += doubled;
  EXPECT_THAT(strictly(text, event), HasSubstr("makes more than 1048576 bytes"));
  std::string lists = ten;
  for (int i = 0; i < 30; ++i) lists = fmt::format("[{}].map(l, l + l)[0]", lists);
  EXPECT_THAT(strictly(lists), HasSubstr("makes more than 1048576 bytes"));
  EXPECT_THAT(strictly("event.t.replace('', event.t).replace('', event.t)", event),
              HasSubstr("makes more than 1048576 bytes"));
}

// Each list holds the one before twice: few bytes, and 2^40 elements for whoever writes them out.
TEST(Expression, EndsListsThatShareTheirElementsWithTheirBytes) {
  std::string text = "[[1]]";
  for (int i = 0; i < 40; ++i) text += ".map(l, [l, l])";
  EXPECT_THAT(strictly(text), HasSubstr("takes more than 8388608 bytes"));
  EXPECT_THAT(loosely("'a' + " + text), HasSubstr("makes more than 1048576 bytes"));
  EXPECT_THAT(strictly(text + " == " + text), HasSubstr("takes more than 100000 steps"));
  EXPECT_EQ(strictly("size(" + text + ")"), "1");
}

TEST(Expression, ComparingLargeValuesCosts) {
  std::string list = "[";
  for (int i = 0; i < 20'000; ++i) list += std::to_string(i) + ",";
  list.back() = ']';
  const auto event = R"({"a":)" + list + R"(,"b":)" + list + "}";
  EXPECT_EQ(strictly("event.a == event.b", event), "true");
  EXPECT_THAT(strictly("[1,2,3,4,5,6,7].all(x, event.a == event.b)", event),
              HasSubstr("takes more than 100000 steps"));
}

TEST(Expression, MatchesInTimeLinearInTheText) {
  const auto event = R"({"t":")" + std::string(100'000, 'a') + R"("})";
  EXPECT_EQ(strictly("event.t.matches('(a|a)*b')", event), "false");
  EXPECT_THAT(strictly("event.t.matches('(a{100}){10}(a{100}){10}')", event), HasSubstr("error"));
  EXPECT_THAT(strictly("event.t.matches('[')", event), HasSubstr("no pattern that RE2 takes"));
}

TEST(Expression, ErrorsOfAnEvaluationSayWhere) {
  EXPECT_EQ(strictly("1 +\n event.n", R"({"n":"x"})"),
            "error: line 1, column 3: no such overload: +(int, string)");
  EXPECT_EQ(strictly("event.x.y", R"({"x":{}})"), "error: line 1, column 9: no such key: y");
  EXPECT_EQ(strictly("nobody"), "error: line 1, column 1: there is no variable nobody");
  EXPECT_EQ(strictly("1 / 0"), "error: line 1, column 3: divide by zero");
}

TEST(Expression, AValueOutlivesWhatItWasReadFrom) {
  Value value;
  {
    const auto event = json(R"({"a":[{"b":"text"}]})");
    const auto expression = Expression::parse("event.a + ['literal'] + [{'k': event.a[0].b}]");
    value = *expression->evaluate(Bindings().set("event", event), {.mode = Mode::kStrict});
  }
  EXPECT_EQ(value.to_json().dump(), R"([{"b":"text"},"literal",{"k":"text"}])");
}

TEST(Expression, IsSharedByThreads) {
  const auto event = json(R"({"data":{"tags":["a","b"],"t":"abc"}})");
  const auto expression = *Expression::parse(
      "event.data.tags.exists(x, x == 'b') && event.data.t.matches('^a.c$') && size(event) == 1");
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 200; ++round) {
        EXPECT_TRUE(*expression.matches(Bindings().set("event", event)));
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

TEST(Expression, MatchesIsTrueOrFalseAndNothingElse) {
  const auto matches = [](std::string_view text) {
    return Expression::parse(text)->matches(Bindings());
  };
  EXPECT_TRUE(*matches("1 < 2"));
  EXPECT_FALSE(*matches("event.missing"));
  EXPECT_EQ(matches("'yes'").error().code, Code::kUnprocessableContent);
}

TEST(Expression, ToTextPrintsAnEqualExpression) {
  for (const auto* text : {"(a || b) && c",
                           "a || b && c",
                           "!(a && b)",
                           "-(5)",
                           "-5",
                           "--5",
                           "-(5[0])",
                           "-5[0]",
                           "1 - (2 - 3)",
                           "1 - 2 - 3",
                           "(a ? b : c) ? d : e",
                           "a ? b : c ? d : e",
                           "(a + b).size()",
                           "a.b['c d'].`e-f`",
                           "[1, 2u, 3.0, 1e300, b'\\xff', 'q\"\\n\\u00e9', null, true]",
                           "{'a': 1, 2: [], 'c': {}}",
                           "x.map(y, y > 1, y * 2)",
                           "x.transformMap(k, v, k + v)",
                           "has(a.b) && math.greatest(1, 2) in [2]",
                           "type(1) == google.protobuf.Timestamp",
                           "(a && b) && c",
                           "a == (b == c)",
                           "a < b == c",
                           "-9223372036854775808",
                           "r'\\d' + \"\\\\d\"",
                           "'''a\nb'''",
                           "0x1F",
                           "-0.0",
                           "1e-324"}) {
    const auto expression = Expression::parse(text);
    ASSERT_TRUE(expression.has_value()) << text << ": " << expression.error().message;
    const auto again = Expression::parse(expression->to_text());
    ASSERT_TRUE(again.has_value()) << expression->to_text() << ": " << again.error().message;
    EXPECT_TRUE(*again == *expression) << text << " became " << expression->to_text();
    EXPECT_EQ(again->to_text(), expression->to_text());
  }
  EXPECT_EQ(Expression::parse(" ( ( event.data.n ) )>=  1 ")->to_text(), "event.data.n >= 1");
  EXPECT_FALSE(*Expression::parse("(a && b) && c") == *Expression::parse("a && b && c"));
}

TEST(Expression, CheckRefusesFunctionsAndVariablesThatThereAreNot) {
  const auto checked = [](std::string_view text, const CheckOptions& options = {}) {
    const auto result = Expression::parse(text)->check(options);
    return result ? std::string("fine") : result.error().message;
  };
  EXPECT_EQ(checked("event.data.tags.exists(t, t == 'a') && now() > date(event.ts)"), "fine");
  EXPECT_EQ(checked("evnt.data.n > 1"),
            "line 1, column 1: there is no variable evnt; there is event, async, vars");
  EXPECT_EQ(checked("event.n > 1 && lower(event.s) == ''"),
            "line 1, column 16: there is no function lower");
  EXPECT_EQ(checked("size(1, 2)"), "line 1, column 1: size() is not called like this");
  EXPECT_THAT(checked("[1].map(t, t) == [t]"), HasSubstr("there is no variable t"));
  EXPECT_EQ(checked("now() > now()", {.mode = Mode::kStrict}),
            "line 1, column 1: now() is Inngest's, not CEL's");
  const CheckOptions plain{.is_plain_logic = true};
  EXPECT_EQ(
      checked("event.data.n + 1 == int(async.data.n) || date(event.ts) < now_plus('1h')", plain),
      "fine");
  EXPECT_THAT(checked("event.tags.exists(t, t == 'a')", plain), HasSubstr("exists() is not"));
  EXPECT_THAT(checked("has(event.a)", plain), HasSubstr("has() is not allowed"));
  EXPECT_THAT(checked("event.a.contains('b')", plain), HasSubstr("contains() is not allowed"));
  EXPECT_THAT(checked("event.a in [1]", plain), HasSubstr("\"in\" is not allowed"));
}

}  // namespace
}  // namespace synap::cel
