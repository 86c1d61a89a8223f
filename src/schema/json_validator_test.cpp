#include "schema/json_validator.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace synap {
namespace {

Json json(std::string_view text) {
  auto value = parse_json(text);
  EXPECT_TRUE(value.has_value()) << text;
  return value ? std::move(*value) : Json();
}

/// What compile() says of a schema: nothing if it can be used.
std::string refused(std::string_view schema) {
  const auto validator = JsonValidator::compile(json(schema), "schema");
  return validator ? "" : validator.error().message;
}

/// The issues of a value as `path: message`, one a line.
std::string told_of(std::string_view schema, const Json& value) {
  const auto validator = JsonValidator::compile(json(schema), "schema");
  EXPECT_TRUE(validator.has_value()) << validator.error().message;
  if (!validator) return "";
  const auto valid = validator->validate(value, "data");
  if (valid) return "";
  if (valid.error().details == nullptr) return valid.error().message;
  std::string out;
  for (const auto& issue : valid.error().details->find("issues")->as_array()) {
    out.append(issue.find("path")->dump()).append(": ");
    out.append(issue.string_or("message", "")).append("\n");
  }
  return out;
}
std::string told(std::string_view schema, std::string_view value) {
  return told_of(schema, json(value));
}

TEST(JsonValidator, ListsEverythingThatIsWrongWithItsPath) {
  constexpr auto kSchema = R"({
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
      "weight": {"type": "number", "exclusiveMinimum": 0, "maximum": 300},
      "at": {"type": "string", "format": "date"},
      "tags": {"type": "array", "items": {"$ref": "#/$defs/tag"}, "uniqueItems": true}
    },
    "required": ["weight", "at"],
    "additionalProperties": false,
    "$defs": {"tag": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 4}},
    "x-note": "ours"
  })";
  EXPECT_EQ(told(kSchema, R"({"weight": 80.5, "at": "2026-02-28", "tags": ["a", "b"]})"), "");
  EXPECT_EQ(told(kSchema, R"({"weight": 0, "tags": ["a", "a", "B", "abcde"], "titel": 1})"),
            "[\"data\",\"at\"]: Invalid input: expected nonoptional, received undefined\n"
            "[\"data\",\"weight\"]: Too small: expected number to be >0\n"
            "[\"data\",\"tags\"]: Invalid input: two items are equal\n"
            "[\"data\",\"tags\",2]: Invalid string: must match pattern /^[a-z]+$/\n"
            "[\"data\",\"tags\",3]: Too big: expected string to have <=4 characters\n"
            "[\"data\"]: Unrecognized key: \"titel\"\n");
  EXPECT_EQ(told(kSchema, "[]"), "[\"data\"]: Invalid input: expected object, received array\n");
}

TEST(JsonValidator, WhatItDoesNotKnowIsRefusedWithItsPlace) {
  for (const auto& [schema, reason] : std::initializer_list<std::pair<const char*, const char*>>{
           {R"({"properties":{"a/b":{"minlength":1}}})",
            "#/properties/a~1b/minlength is no keyword"},
           {R"({"format":"phone"})", "#/format is no format that is checked here: date-time"},
           {R"({"unevaluatedProperties":false})", "is not supported"},
           {R"({"$ref":"https://example.org/s"})", "#/$ref refers only to places of this schema"},
           {R"({"$ref":"#/$defs/a"})", "#/$ref refers to a place that is not there"},
           {R"({"pattern":"(?=a)b"})", "#/pattern is no pattern that RE2 takes"},
           {R"({"pattern":"(x{1000}){1000}"})", "#/pattern is no pattern that RE2 takes"},
           {R"({"type":"text"})", "#/type is null, boolean"},
           {R"({"items":[{}]})", "#/items a list is called prefixItems"},
           {R"({"$schema":"http://json-schema.org/draft-07/schema#"})", "#/$schema must be"},
           {R"({"properties":{"a":{"$id":"b"}}})", "only the root"},
           {R"({"minLength":-1})", "whole number from 0"},
           {R"({"anyOf":[]})", "#/anyOf is a list of schemas"},
           {R"({"$defs":{"a":{"required":"b"}}})", "#/$defs/a/required is a list of names"},
           {R"(7)", "a schema is an object"},
           {R"({"$ref":"#"})", "leads back to itself"},
           {R"({"$defs":{"a":{"allOf":[{"$ref":"#/$defs/b"}]},"b":{"not":{"$ref":"#/$defs/a"}}}})",
            "leads back to itself"}}) {
    EXPECT_NE(refused(schema).find(reason), std::string::npos) << schema << "\n" << refused(schema);
  }
  const auto two = JsonValidator::compile(json(R"({"a":1,"properties":{"b":{"c":1}}})"), "schema");
  EXPECT_EQ(two.error().details->find("issues")->as_array()[1].find("path")->dump(),
            R"(["schema","properties","b","c"])");
  Json large = Json::object({{"description", std::string(JsonValidator::kSchemaBytesMax, 'x')}});
  EXPECT_EQ(JsonValidator::compile(large, "schema").error().code, Code::kPayloadTooLarge);
}

TEST(JsonValidator, ASchemaMayContainItself) {
  constexpr auto kTree = R"({"$anchor":"tree","type":"object",
      "properties":{"children":{"type":"array","items":{"$ref":"#tree"}}},
      "required":["name"]})";
  EXPECT_EQ(told(kTree, R"({"name":1,"children":[{"name":2,"children":[]}]})"), "");
  EXPECT_EQ(told(kTree, R"({"name":1,"children":[{"children":[]}]})"),
            "[\"data\",\"children\",0,\"name\"]: Invalid input: expected nonoptional, received "
            "undefined\n");
}

// Whoever registers a schema may mean harm: no schema and no value within the bounds may cost more
// than the steps that a validation has.
TEST(JsonValidator, HostileSchemasAndValuesEndSoon) {
  const auto begin = std::chrono::steady_clock::now();
  // Every level asks twice of each member: 2^60 without a bound.
  std::string deep = "1";  // which fits, so that every level is asked about
  for (int i = 0; i < 60; ++i) deep = R"({"a":)" + deep + "}";
  constexpr auto kTwice = R"({"$defs":{"x":{"anyOf":[
      {"properties":{"a":{"$ref":"#/$defs/x"}},"not":true},
      {"properties":{"a":{"$ref":"#/$defs/x"}},"not":true}]}},"$ref":"#/$defs/x"})";
  EXPECT_NE(told(kTwice, deep).find("steps to tell"), std::string::npos);
  // A list of 100,000 equal looking objects against a long enum.
  Json values = Json::array();
  for (int i = 0; i < 500; ++i) values.push_back(Json::object({{"a", i}}));
  Json items = Json::array();
  for (int i = 0; i < 100'000; ++i) items.push_back(Json::object({{"a", -1}}));
  const Json schema = Json::object({{"items", Json::object({{"enum", values}})}});
  auto validator = JsonValidator::compile(schema, "schema");
  ASSERT_TRUE(validator.has_value());
  EXPECT_FALSE(validator->validate(items, "").has_value());
  // Patterns that take JavaScript for ever.
  std::string as(100'000, 'a');
  as += '!';
  EXPECT_NE(told_of(R"({"pattern":"^(a+)+$"})", Json(as)), "");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
}

// As many rules for one value as there may be, at every level of a value as deep as it may be.
TEST(JsonValidator, TheDeepestJudgementFitsTheStack) {
  constexpr int kChain = 14;  // a definition is two rules: itself, and what its allOf holds
  Json definitions = Json::object();
  for (int i = 0; i < kChain; ++i) {
    const Json next = Json::object({{"$ref", "#/$defs/d" + std::to_string(i + 1)}});
    definitions.set("d" + std::to_string(i), Json::object({{"allOf", Json::Array{next}}}));
  }
  definitions.set(
      "d" + std::to_string(kChain),
      Json::object({{"properties", Json::object({{"a", Json::object({{"$ref", "#"}})}})}}));
  const Json schema = Json::object({{"$ref", "#/$defs/d0"}, {"$defs", definitions}});
  std::string deep = "1";
  for (int i = 0; i < 63; ++i) deep = R"({"a":)" + deep + "}";
  EXPECT_EQ(told(schema.dump(), deep), "");
  Json longer = definitions;
  Json more = true;
  for (int i = 0; i < 3; ++i) more = Json::object({{"allOf", Json::Array{more}}});
  longer.set("d" + std::to_string(kChain), more);
  EXPECT_NE(refused(Json::object({{"$ref", "#/$defs/d0"}, {"$defs", longer}}).dump()), "");
}

// A document of 64 KiB, as eventTypes.register takes, must neither end the stack nor fill the
// memory.
TEST(JsonValidator, AChainOfReferencesIsRefusedBeforeTheStackEnds) {
  constexpr int kLinks = 140;
  std::string schema = R"({"$ref":"#/x-/0","x-":[)";
  for (int i = 1; i <= kLinks; ++i) {
    std::string link = R"({"$ref":"#/x-/)" + std::to_string(i) + "\"}";
    for (int depth = 0; depth < 50; ++depth) link = R"({"not":)" + link + "}";
    schema += link + ",";
  }
  schema += "true]}";
  EXPECT_NE(refused(schema).find("too many others"), std::string::npos);
}

TEST(JsonValidator, NamesAndNumbersOfSchemasAreBounded) {
  const std::string name(32'000, '/');
  std::string many;
  for (int i = 0; i < 10'000; ++i) many += i == 0 ? "{}" : ",{}";
  EXPECT_NE(
      refused(R"({"properties":{")" + name + R"(":{"anyOf":[)" + many + "]}}}").find("too long"),
      std::string::npos);
  const auto message = refused(R"({"anyOf":[)" + many + "]}");
  EXPECT_NE(message.find("one schema too many"), std::string::npos);
  EXPECT_LT(message.size(), 10'000U);
  EXPECT_NE(refused(R"({"pattern":"a[ab]{990}[cd]{990}e"})").find("too large a pattern"),
            std::string::npos);
}

TEST(JsonValidator, WhatIsWrongIsToldInFewBytes) {
  std::string values;
  for (int i = 0; i < 2'000; ++i) values += i == 0 ? "[]" : ",[]";
  std::string items;
  for (int i = 0; i < 20'000; ++i) items += i == 0 ? "0" : ",0";
  const std::string name(50'000, 'k');
  const auto text = told(R"({"additionalProperties":{"items":{"const":[)" + values + "]}}}",
                         "{\"" + name + "\":[" + items + "]}");
  EXPECT_LT(text.size(), 200'000U);
  EXPECT_LT(told(R"({"type":["string","string","string"]})", "1").size(), 100U);
}

TEST(JsonValidator, FormatsAreThoseOfTheirStandards) {
  const auto fits = [](std::string_view format, std::string_view text) {
    const Json schema = Json::object({{"format", format}});
    return JsonValidator::compile(schema, "")->validate(Json(text), "").has_value();
  };
  EXPECT_TRUE(fits("date-time", "1998-12-31T23:59:60Z"));
  EXPECT_TRUE(fits("date-time", "1998-12-31t15:59:60.123-08:00"));
  EXPECT_FALSE(fits("date-time", "1998-12-31T22:59:60Z"));
  EXPECT_FALSE(fits("date-time", "1998-12-31"));
  EXPECT_FALSE(fits("date", "2023-02-29"));
  EXPECT_TRUE(fits("time", "08:30:06Z"));
  EXPECT_FALSE(fits("time", "08:30:06"));
  EXPECT_TRUE(fits("uuid", "2EB8AA08-aa98-11ea-b4aa-73b441d16380"));
  EXPECT_FALSE(fits("uuid", "2eb8aa08-aa98-11ea-b4aa73b441d16380"));
  EXPECT_TRUE(fits("email", "joe.bloggs+x@example.com"));
  EXPECT_FALSE(fits("email", "@example.com"));
  EXPECT_TRUE(fits("uri", "urn:a:b"));
  EXPECT_FALSE(fits("uri", "/abc"));
  EXPECT_TRUE(fits("ipv4", "192.168.0.1"));
  EXPECT_FALSE(fits("ipv4", "127.0.0.0.1"));
  EXPECT_FALSE(fits("ipv4", "1.2.3.4."));
  EXPECT_FALSE(fits("ipv4", "256.1.1.1"));
  EXPECT_TRUE(fits("ipv6", "::1"));
  EXPECT_TRUE(fits("ipv6", "::"));
  EXPECT_TRUE(fits("ipv6", "1:2:3:4:5:6:1.2.3.4"));
  EXPECT_FALSE(fits("ipv6", "1::2::3"));
  EXPECT_FALSE(fits("ipv6", "12345::"));
  EXPECT_FALSE(fits("ipv6", "1:2:3:4:5:6:7:8:9"));
}

}  // namespace
}  // namespace synap
