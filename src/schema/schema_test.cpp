#include "schema/schema.h"

#include <gtest/gtest.h>

#include <string>
#include <variant>

namespace synap {
namespace {

struct Tag {
  std::string name;
  std::vector<int> marks;
};

const ObjectSchema<Tag>& describe(Type<Tag>) {
  static const auto schema = object<Tag>("Tag")
                                 .field("name", &Tag::name, string().min(2).max(4))
                                 .field("marks", &Tag::marks);
  return schema;
}

struct Note {
  std::string content;
  std::optional<std::string> title = "untitled";
  std::optional<std::string> cursor;
  std::optional<std::string> parent = "root";
  std::int64_t limit = 0;
  std::vector<Tag> tags = {{"old", {}}};
  std::map<std::string, double> scores;
  std::optional<RawJson> raw;
  Json extra = Json::object();
};

const ObjectSchema<Note>& describe(Type<Note>) {
  static const auto schema = object<Note>("Note")
                                 .field("content", &Note::content, string().min(1), "Markdown.")
                                 .field("title", &Note::title, string().max(8))
                                 .field("cursor", &Note::cursor, string().nullish())
                                 .field("parent", &Note::parent, nullable(string()))
                                 .field_or("limit", &Note::limit, integer().min(1).max(100), 20)
                                 .field("tags", &Note::tags, array(schema_of<Tag>()).max(3))
                                 .field("scores", &Note::scores)
                                 .field("raw", &Note::raw)
                                 .field("extra", &Note::extra, nullable(any()));
  return schema;
}

struct Circle {
  double radius = 0;
};
const ObjectSchema<Circle>& describe(Type<Circle>) {
  static const auto schema =
      object<Circle>().tag("kind", "circle").field("radius", &Circle::radius, number());
  return schema;
}

struct Square {
  std::string kind;
  std::vector<int> sides = {1};
};
const ObjectSchema<Square>& describe(Type<Square>) {
  static const auto schema = object<Square>()
                                 .field("kind", &Square::kind, one_of({"square", "rhombus"}))
                                 .field("sides", &Square::sides);
  return schema;
}

using Shape = std::variant<Circle, Square>;
const PlainSchema& describe(Type<Shape>) {
  static const auto schema =
      discriminated_union("kind", {schema_of<Circle>(), schema_of<Square>()});
  return schema;
}

struct Base {
  std::string name;
};
const ObjectSchema<Base>& describe(Type<Base>) {
  static const auto schema = object<Base>().field("name", &Base::name);
  return schema;
}
struct Other {
  virtual ~Other() = default;
  int unseen = 7;
};
struct Derived : Other, Base {
  int rank = 0;
};
const ObjectSchema<Derived>& describe(Type<Derived>) {
  static const auto schema =
      object<Derived>().extend(describe(Type<Base>{})).field("rank", &Derived::rank);
  return schema;
}

struct Old {
  Json none = "old";
};

const ObjectSchema<Old>& describe(Type<Old>) {
  static const auto schema = object<Old>().field("none", &Old::none, null());
  return schema;
}

Json json(std::string_view text) {
  auto value = parse_json(text);
  EXPECT_TRUE(value.has_value()) << text;
  return value ? std::move(*value) : Json();
}

/// The value as text, or its issues as `path: message`, one a line.
template <class T>
std::string told(const Result<T>& result) {
  std::string out;
  if (!result) {
    for (const auto& issue : result.error().details->find("issues")->as_array()) {
      out.append(issue.find("path")->dump()).append(": ");
      out.append(issue.string_or("message", "")).append("\n");
    }
  } else if constexpr (!std::is_void_v<T>) {
    encode(out, *result);
  }
  return out;
}

template <class T>
std::string decoded(std::string_view text) {
  return told(decode<T>(json(text)));
}

std::string validated(const Schema& schema, std::string_view text) {
  return told(validate(schema, json(text)));
}

constexpr std::string_view kWhole =
    R"({"content":"x","title":"t","parent":null,"limit":3,"tags":[{"name":"ab","marks":[1,-2]}],)"
    R"("scores":{"a":1.5},"raw":{"k":[1,{}]},"extra":{"b":1}})";

TEST(Schema, ReadsAStructAndWritesItBack) {
  const auto note = decode<Note>(json(kWhole));
  ASSERT_TRUE(note.has_value()) << told(note);
  EXPECT_EQ(note->content, "x");
  EXPECT_EQ(note->tags.at(0).marks, (std::vector<int>{1, -2}));
  EXPECT_EQ(note->scores.at("a"), 1.5);
  EXPECT_EQ(note->raw->text, R"({"k":[1,{}]})");
  EXPECT_EQ(told(note), kWhole);
}

TEST(Schema, StripsUnknownKeysAndFillsInDefaults) {
  EXPECT_EQ(
      decoded<Note>(R"({"zzz":1,"extra":0,"scores":{},"tags":[],"parent":"p","content":"x"})"),
      R"({"content":"x","parent":"p","limit":20,"tags":[],"scores":{},"extra":0})");
}

TEST(Schema, LeavesNothingOfWhatTheStructStartsWith) {
  const auto note =
      decode<Note>(json(R"({"content":"x","parent":null,"tags":[],"scores":{},"extra":null})"));
  ASSERT_TRUE(note.has_value()) << told(note);
  EXPECT_FALSE(note->title.has_value());
  EXPECT_FALSE(note->parent.has_value());
  EXPECT_TRUE(note->tags.empty());
  EXPECT_TRUE(note->extra.is_null());
  EXPECT_TRUE(decode<Old>(json(R"({"none":null})"))->none.is_null());
}

TEST(Schema, ListsEveryIssueWithItsPath) {
  EXPECT_EQ(decoded<Note>(R"({"content":"","title":"far too long","parent":7,"limit":0,
                              "tags":[{"name":"a","marks":["x",2.5]},null],"scores":{"a":"1"}})"),
            "[\"content\"]: Too small: expected string to have >=1 characters\n"
            "[\"title\"]: Too big: expected string to have <=8 characters\n"
            "[\"parent\"]: Invalid input: expected string, received number\n"
            "[\"limit\"]: Too small: expected number to be >=1\n"
            "[\"tags\",0,\"name\"]: Too small: expected string to have >=2 characters\n"
            "[\"tags\",0,\"marks\",0]: Invalid input: expected number, received string\n"
            "[\"tags\",0,\"marks\",1]: Invalid input: expected int, received number\n"
            "[\"tags\",1]: Invalid input: expected object, received null\n"
            "[\"scores\",\"a\"]: Invalid input: expected number, received string\n"
            "[\"extra\"]: Invalid input: expected nonoptional, received undefined\n");
}

TEST(Schema, AnErrorIsWhatZodErrorSays) {
  const auto result = decode<std::string>(Json(1));
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, Code::kBadRequest);
  EXPECT_EQ(result.error().message,
            "[\n  {\n    \"expected\": \"string\",\n    \"code\": \"invalid_type\",\n"
            "    \"path\": [],\n    \"message\": \"Invalid input: expected string, received "
            "number\"\n  }\n]");
  EXPECT_EQ(result.error().details->dump(),
            R"({"issues":[{"expected":"string","code":"invalid_type","path":[],)"
            R"("message":"Invalid input: expected string, received number"}]})");
}

TEST(Schema, TellsAbsentFromNull) {
  const auto schema = object()
                          .field("optional", optional(string()))
                          .field("nullish", string().nullish())
                          .field("nullable", nullable(string()));
  EXPECT_EQ(validated(schema, R"({"nullable":null})"), R"({"nullable":null})");
  EXPECT_EQ(validated(schema, R"({"nullable":null,"nullish":null})"),
            R"({"nullish":null,"nullable":null})");
  EXPECT_EQ(validated(schema, R"({"optional":null})"),
            "[\"optional\"]: Invalid input: expected string, received null\n"
            "[\"nullable\"]: Invalid input: expected string, received undefined\n");
}

TEST(Schema, UndefinedIsRefusedWhereAValueIsExpected) {
  const std::optional<Json> undefined;
  EXPECT_EQ(told(decode<Tag>(undefined)),
            "[]: Invalid input: expected object, received undefined\n");
  EXPECT_EQ(told(decode<std::optional<Tag>>(undefined)), "null");
  EXPECT_TRUE(decode<void>(undefined).has_value());
  EXPECT_EQ(told(decode<void>(Json(1))), "[]: Invalid input: expected void, received number\n");
  const auto nothing = validate(Schema(), undefined);
  EXPECT_TRUE(nothing.has_value() && !nothing->has_value());
}

TEST(Schema, CountsCharactersAndNotBytes) {
  EXPECT_EQ(validated(string().max(2), "\"\xf0\x9f\x98\x80\xc3\xa9\""),
            "\"\xf0\x9f\x98\x80\xc3\xa9\"");
  EXPECT_EQ(validated(string().min(3), "\"\xf0\x9f\x98\x80\xc3\xa9\""),
            "[]: Too small: expected string to have >=3 characters\n");
  EXPECT_EQ(validated(string().max(1), "\"\xf0\x9f\x98\x80\xc3\xa9\""),
            "[]: Too big: expected string to have <=1 characters\n");
}

TEST(Schema, KnowsUuidsAsZodDoes) {
  for (const std::string_view right :
       {"0198c0de-0000-7000-8000-000000000000", "3F2504E0-4F89-11D3-9A0C-0305E82C3301",
        "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"}) {
    EXPECT_TRUE(validate(string().uuid(), Json(right)).has_value()) << right;
  }
  for (const std::string_view wrong :
       {"", "0198c0de-0000-9000-8000-000000000000", "0198c0de-0000-7000-c000-000000000000",
        "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", "0198c0de-0000-7000-8000-00000000000g",
        "0198c0de-0000-7000-8000-0000000000000", "0198c0de00000-7000-8000-000000000000"}) {
    EXPECT_EQ(told(validate(string().uuid(), Json(wrong))),
              "[]: it must be an id, as 01980000-0000-7000-8000-000000000000\n")
        << wrong;
  }
}

TEST(Schema, KnowsDatesAsZodDoes) {
  for (const std::string_view right :
       {"2026-01-31T12:00:00Z", "2024-02-29T23:59:59.123456789Z", "0000-01-01T00:00:00.0Z"}) {
    EXPECT_TRUE(validate(string().datetime(), Json(right)).has_value()) << right;
  }
  for (const std::string_view wrong :
       {"2026-02-29T12:00:00Z", "1900-02-29T12:00:00Z", "2026-01-31T24:00:00Z",
        "2026-01-31T12:00:60Z", "2026-01-31T12:00:00.Z", "2026-01-31T12:00Z",
        "2026-01-31T12:00:00+01:00", "2026-01-31T12:00:00Z ", "2026-01-31T12:00:00xZ"}) {
    EXPECT_EQ(told(validate(string().datetime(), Json(wrong))),
              "[]: it must be a time in UTC, as 2026-01-31T12:00:00Z\n")
        << wrong;
  }
}

TEST(Schema, MakesThePatternItsOwnInBothLanguages) {
  const auto schema = string().pattern("^a+$", [](std::string_view text) {
    return !text.empty() && text.find_first_not_of('a') == std::string_view::npos;
  });
  EXPECT_EQ(validated(schema, "\"aa\""), "\"aa\"");
  EXPECT_EQ(validated(schema, "\"ab\""), "[]: Invalid string: must match pattern /^a+$/\n");
}

TEST(Schema, IntegersStayWithinWhatJavascriptHolds) {
  EXPECT_EQ(decoded<std::int64_t>("9007199254740991"), "9007199254740991");
  EXPECT_EQ(decoded<std::int64_t>("9007199254740992"),
            "[]: Too big: expected int to be <=9007199254740991\n");
  EXPECT_EQ(decoded<std::int64_t>("-1e300"),
            "[]: Too small: expected int to be >=-9007199254740991\n");
  EXPECT_EQ(decoded<std::int64_t>("2.0"), "2");
  EXPECT_EQ(decoded<int>("2147483648"), "[]: Too big: expected number to be <=2147483647\n");
}

TEST(Schema, DoesNotLookIntoAnArrayThatIsTooLong) {
  EXPECT_EQ(validated(array(string()).max(1), "[1,2]"),
            "[]: Too big: expected array to have <=1 items\n");
}

TEST(Schema, JudgesTheLengthEvenOfTheWrongType) {
  EXPECT_EQ(validated(array(string()).min(2), "\"a\""),
            "[]: Invalid input: expected array, received string\n"
            "[]: Too small: expected string to have >=2 characters\n");
}

TEST(Schema, AllowsOnlyTheValuesOfAnEnum) {
  EXPECT_EQ(validated(one_of({"a", "b"}), "\"b\""), "\"b\"");
  EXPECT_EQ(validated(one_of({"a", "b"}), "\"c\""),
            "[]: Invalid option: expected one of \"a\"|\"b\"\n");
  EXPECT_EQ(validated(literal("v1"), "1"), "[]: Invalid input: expected \"v1\"\n");
}

TEST(Schema, ListsAHundredIssuesAndCountsTheRest) {
  Json::Array wrong(250, Json(1));
  const auto result = validate(array(string()), Json(wrong));
  ASSERT_FALSE(result.has_value());
  const auto& issues = result.error().details->find("issues")->as_array();
  ASSERT_EQ(issues.size(), 101u);
  EXPECT_EQ(issues[99].find("path")->dump(), "[99]");
  EXPECT_EQ(issues[100].dump(),
            R"({"code":"custom","path":[],"message":"150 more issues are not listed"})");
  wrong.resize(100);
  EXPECT_EQ(
      validate(array(string()), Json(wrong)).error().details->find("issues")->as_array().size(),
      100u);
}

TEST(Schema, MovesStringsOutOfAnInputThatIsGivenAway) {
  Json input = Json::object({{"name", "ab"}, {"marks", Json::array()}});
  Json list = Json::array();
  list.push_back(std::string(1000, 'x'));
  const char* text = list.as_array()[0].as_string().data();
  const auto moved = decode<std::vector<std::string>>(std::move(list));
  EXPECT_EQ(moved->at(0).data(), text);
  // What is only shown stays as it is.
  EXPECT_TRUE(decode<Tag>(input).has_value());
  EXPECT_EQ(input.dump(), R"({"name":"ab","marks":[]})");
}

TEST(Schema, EmbedsRawJsonAsItIs) {
  std::string out;
  encode(out, std::vector<RawJson>{{R"({"a": 1})"}, {}});
  EXPECT_EQ(out, R"([{"a": 1},null])");
  EXPECT_EQ(decoded<RawJson>(" { \"a\" : 1 } "), R"({"a":1})");
}

TEST(Schema, WritesAnEmptyOptionalOfAListAsNull) {
  std::string out;
  encode(out, std::vector<std::optional<int>>{1, std::nullopt});
  EXPECT_EQ(out, "[1,null]");
}

TEST(Schema, FollowsAHostileObjectInAnyOrder) {
  EXPECT_EQ(decoded<Tag>(R"({"x":1,"marks":[],"y":2,"name":"ab","z":3})"),
            R"({"name":"ab","marks":[]})");
  EXPECT_EQ(validated(record(integer()), R"({"__proto__":"x","b":1,"10":2,"9":3})"),
            R"({"9":3,"10":2,"b":1})");
}

TEST(Schema, FlattensIssuesAsZodDoes) {
  const auto issues = json(R"([{"path":[],"message":"m1"},{"path":["a",0],"message":"m2"},
                               {"path":["b"],"message":"m3"},{"path":["a"],"message":"m4"},
                               {"path":[3],"message":"m5"}])");
  EXPECT_EQ(flatten_issues(issues).dump(),
            R"({"formErrors":["m1"],"fieldErrors":{"a":["m2","m4"],"b":["m3"],"3":["m5"]}})");
}

TEST(Schema, ReadsByASchemaOfTheCallersOwn) {
  EXPECT_EQ(told(decode<std::string>(string().max(1), Json("ab"))),
            "[]: Too big: expected string to have <=1 characters\n");
}

struct Misfit {
  std::string text;
  int count = 0;
  std::optional<std::string> maybe;
};

TEST(SchemaDeathTest, ASchemaThatDoesNotFitItsMemberIsCaughtWhenItIsMade) {
  EXPECT_DEATH(object<Misfit>().field("text", &Misfit::text, integer()), "text");
  EXPECT_DEATH(object<Misfit>().field("count", &Misfit::count, integer()), "count");
  EXPECT_DEATH(object<Misfit>().field("text", &Misfit::text, optional(string())), "text");
  EXPECT_DEATH(object<Misfit>().field("text", &Misfit::text, nullable(string())), "text");
  EXPECT_DEATH(object<Misfit>().field("a", &Misfit::text).field("a", &Misfit::text), "a");
  EXPECT_DEATH(object<Misfit>().field_or("text", &Misfit::text, string().max(1), "ab"), "text");
  EXPECT_DEATH(object().field("__proto__", any()), "__proto__");
  EXPECT_DEATH(object("not a name"), "not a name");
  EXPECT_DEATH(string().min(1).min(2), "twice");
  EXPECT_DEATH(one_of({"a", "a"}), "a");
}

TEST(Schema, AVariantHoldsTheOptionThatItsDiscriminatorNames) {
  const auto circle = decode<Shape>(json(R"({"radius":2,"kind":"circle"})"));
  ASSERT_TRUE(circle.has_value());
  EXPECT_EQ(std::get<Circle>(*circle).radius, 2);
  EXPECT_EQ(decoded<Shape>(R"({"radius":2,"kind":"circle"})"), R"({"kind":"circle","radius":2})");
  EXPECT_EQ(decoded<Shape>(R"({"kind":"rhombus","sides":[3]})"),
            R"({"kind":"rhombus","sides":[3]})");
  EXPECT_EQ(decoded<Shape>(R"({"kind":"line"})"),
            "[\"kind\"]: Invalid discriminator value. Expected 'circle' | 'square' | 'rhombus'\n");
  EXPECT_EQ(decoded<Shape>(R"({"kind":"circle"})"),
            "[\"radius\"]: Invalid input: expected number, received undefined\n");
}

TEST(SchemaDeathTest, OneValueOfADiscriminatorMeansOneOption) {
  EXPECT_DEATH(discriminated_union("kind", {schema_of<Circle>(), schema_of<Circle>()}), "circle");
  EXPECT_DEATH(discriminated_union("kind", {schema_of<Circle>(), schema_of<Base>()}), "kind");
}

TEST(Schema, AStructHasTheFieldsOfItsBase) {
  EXPECT_EQ(decoded<Derived>(R"({"rank":3,"name":"x"})"), R"({"name":"x","rank":3})");
  const auto derived = decode<Derived>(json(R"({"rank":3,"name":"x"})"));
  EXPECT_EQ(derived->unseen, 7);
}

TEST(Schema, UnknownKeysAreNamedWithTheirPathsAndAreBounded) {
  UnknownKeys unknown;
  const auto note = decode<Note>(
      std::optional(
          json(R"({"content":"a","titel":"b","parent":null,"scores":{"x":1},"extra":{"free":1},
                             "raw":{"free":1},"tags":[{"name":"ab","marks":[],"b c":{"d":1}}]})")),
      unknown);
  ASSERT_TRUE(note.has_value());
  EXPECT_EQ(unknown.to_json(), R"(["tags[0][\"b c\"]","titel"])");

  // A key of a record that zod drops is no more than one that there is no field for.
  UnknownKeys dropped;
  const auto text =
      R"({"content":"a","parent":null,"scores":{"__proto__":1},"extra":null,"tags":[]})";
  ASSERT_TRUE(decode<Note>(std::optional(json(text)), dropped).has_value());
  EXPECT_EQ(dropped.to_json(), R"(["scores.__proto__"])");
  UnknownKeys strict{.are_refused = true};
  EXPECT_FALSE(decode<Note>(std::optional(json(text)), strict).has_value());

  Json many = json(R"({"content":"a","tags":[],"scores":{},"extra":null,"parent":null})");
  for (int i = 0; i < 1000; ++i) many.set("k" + std::string(1000, 'x') + std::to_string(i), i);
  UnknownKeys bounded;
  ASSERT_TRUE(decode<Note>(std::optional(Json(many)), bounded).has_value());
  EXPECT_EQ(bounded.count, 1000U);
  EXPECT_EQ(bounded.paths.size(), UnknownKeys::kNamedMax);
  EXPECT_LT(bounded.to_json().size(), 5000U);
  EXPECT_TRUE(bounded.to_json().ends_with(R"(,"and 980 more"])"));

  UnknownKeys refused{.are_refused = true};
  const auto error = decode<Note>(std::optional(std::move(many)), refused);
  ASSERT_FALSE(error.has_value());
  EXPECT_LT(error.error().message.size(), 20'000U);
  EXPECT_NE(error.error().message.find("and 980 more"), std::string::npos);
}

}  // namespace
}  // namespace synap
