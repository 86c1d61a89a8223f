#include "inngest/graphql_query.h"

#include <gtest/gtest.h>

namespace synap::inngest {
namespace {

Result<std::vector<GraphqlField>> read(std::string_view text, std::string_view variables = "{}",
                                       std::string_view name = "") {
  const auto given = parse_json(variables).value();
  return read_graphql(text, name, given);
}

std::string answer(std::string_view text, std::string_view object,
                   std::string_view variables = "{}") {
  const auto fields = read(text, variables);
  if (!fields) return "refused: " + fields.error().message;
  const auto taken = take_fields(parse_json(object).value(), *fields);
  return taken ? taken->dump() : "refused: " + taken.error().message;
}

TEST(GraphqlQuery, TakesTheFieldsThatItAsksFor) {
  constexpr auto kObject = R"({"a":{"b":1,"c":[{"d":1,"e":2},{"d":3,"e":4}],"f":null},"g":2})";
  EXPECT_EQ(answer("{ a { b } }", kObject), R"({"a":{"b":1}})");
  EXPECT_EQ(answer("query Q { x: a { c { d } f { z } } }", kObject),
            R"({"x":{"c":[{"d":1},{"d":3}],"f":null}})");
  EXPECT_EQ(answer("{ a { c { d } } ...F } fragment F on Query { a { c { e } b } }",
                   R"({"__typename":"Query","a":{"b":1,"c":[{"d":1,"e":2}]}})"),
            R"({"a":{"c":[{"d":1,"e":2}],"b":1}})");
}

TEST(GraphqlQuery, FieldsOfATypeAreThoseOfThatType) {
  constexpr auto kObject = R"({"a":{"__typename":"X","b":1}})";
  EXPECT_EQ(answer("{ a { __typename ... on X { b } ... on Y { c } ... { b } } }", kObject),
            R"({"a":{"__typename":"X","b":1}})");
}

TEST(GraphqlQuery, ArgumentsAreValuesAndVariables) {
  const auto fields = read(
      R"(query Q($id: String!, $n: [Int!]! = 7, $none: X) {
        # a comment
        a(id: $id, n: $n, none: $none, s: "x\né", b: """raw "text" """, l: [1, -2.5e1 true],
          o: {k: ENUM, z: null}) { b }
      })",
      R"({"id":"i"})");
  ASSERT_TRUE(fields) << fields.error().message;
  EXPECT_EQ((*fields)[0].arguments.dump(),
            R"({"id":"i","n":7,"none":null,"s":"x\né","b":"raw \"text\" ","l":[1,-25,true],)"
            R"("o":{"k":"ENUM","z":null}})");
}

TEST(GraphqlQuery, VariablesThatGrowAreRefused) {
  EXPECT_EQ(read(R"(query($a: T = ["x"], $b: T = [$a, $a]) { run(x: $b) { id } })").error().message,
            "The query cannot be read at byte 31: a default has no variables");
  const auto large = R"({"x":")" + std::string(400'000, 'x') + "\"}";
  EXPECT_TRUE(read("query($x: T) { a(l: [$x $x]) { b } }", large));
  EXPECT_EQ(read("query($x: T) { a(l: [$x $x $x]) { b } }", large).error().message,
            "The query cannot be read at byte 29: its variables are too large");
}

TEST(GraphqlQuery, DirectivesLeaveOut) {
  EXPECT_EQ(answer("query Q($y: Boolean) { a @include(if: $y) b @skip(if: $y) }",
                   R"({"a":1,"b":2})", R"({"y":true})"),
            R"({"a":1})");
}

TEST(GraphqlQuery, WhatIsNoQueryIsRefused) {
  for (const auto* text :
       {"", "{", "{}", "{ a", "{ a(", "{ a(b: ) }", "{ a(b: \"x) }", "{ a(b: \"\"\"x) }",
        "{ ...F }", "{ a } { b }", "query A { a } query B { b }", "{ a @magic }",
        "{ a { ...F } } fragment F", "x", "{ a(n: 1e) }", "{ a(n: \"\\q\") }",
        "{ ...F } fragment F on Q { ...F }"}) {
    const auto fields = read(text);
    ASSERT_FALSE(fields) << text;
    EXPECT_EQ(fields.error().code,
              text == std::string_view("x") ? Code::kNotImplemented : Code::kBadRequest)
        << text;
  }
  EXPECT_EQ(read("mutation { cancelRun(id: 1) { id } }").error().code, Code::kNotImplemented);
}

TEST(GraphqlQuery, OneOfSeveralOperationsIsChosen) {
  const auto fields = read("query A { a } query B { b }", "{}", "B");
  ASSERT_TRUE(fields);
  EXPECT_EQ((*fields)[0].name, "b");
  EXPECT_FALSE(read("query A { a }", "{}", "C"));
}

TEST(GraphqlQuery, FieldsThatAreNotThereAreNamed) {
  EXPECT_EQ(answer("{ a { b } }", R"({"a":{"__typename":"X","c":1}})"),
            "refused: Cannot query field \"b\" on type \"X\"");
  EXPECT_EQ(answer("{ a }", R"({"a":{"c":1}})"), "refused: Say which fields of \"a\" are wanted");
  EXPECT_EQ(answer("{ a { b } }", R"({"a":1})"),
            "refused: \"a\" is a plain value and has no fields");
  EXPECT_EQ(answer("{ a: b a: c }", R"({"b":1,"c":2})"), "refused: \"a\" stands for two things");
  EXPECT_EQ(answer("{ a(n: 1) a(n: 2) }", R"({"a":1})"), "refused: \"a\" stands for two things");
}

TEST(GraphqlQuery, AnswerThatIsTooMuchIsCutOff) {
  std::string many = "{ l {";
  for (int i = 0; i < 400; ++i) many += " a" + std::to_string(i) + ": a";
  many += " } }";
  std::string list = R"({"l":[)";
  for (int i = 0; i < 600; ++i) list += std::string(i > 0 ? "," : "") + R"({"a":1})";
  list += "]}";
  EXPECT_EQ(answer(many, list), "refused: The query asks for more than 200000 values");
}

// Each fragment has the next one twice: put in, they would be 2^25 fields.
TEST(GraphqlQuery, FragmentsThatGrowAreCutOff) {
  std::string text = "{ ...F0 }";
  for (int i = 0; i < 25; ++i) {
    text += " fragment F" + std::to_string(i) + " on Q { ...F" + std::to_string(i + 1) + " ...F" +
            std::to_string(i + 1) + " }";
  }
  text += " fragment F25 on Q { a }";
  EXPECT_EQ(read(text).error().code, Code::kBadRequest);
  const std::string deep = std::string(5'000, '{');
  EXPECT_EQ(read(deep).error().code, Code::kBadRequest);
  EXPECT_EQ(read("{ a(x: " + std::string(5'000, '[') + ") }").error().code, Code::kBadRequest);
  EXPECT_EQ(read("{ " + std::string(70'000, 'a') + " }").error().code, Code::kBadRequest);
}

}  // namespace
}  // namespace synap::inngest
