#include "rest/parameters.h"

#include <gtest/gtest.h>

namespace synap::rest {
namespace {

Schema list_things() {
  return object("ListThings")
      .field("tag", optional(string().max(5)))
      .field_or("limit", integer().min(1), 20)
      .field("ratio", optional(number()))
      .field("isDone", optional(boolean()))
      .field("sort", optional(one_of({"up", "down"})))
      .field("cursor", string().nullish())
      .field("types", optional(array(string())))
      .field("sizes", optional(array(integer())));
}

// The JSON that a query says, or the issue that it is refused with.
std::string read(std::string_view query) {
  const auto input = read_parameters(list_things(), query);
  if (input) return input->dump();
  EXPECT_EQ(input.error().code, Code::kBadRequest);
  return input.error().message;
}

TEST(RestParameters, AreReadByTheirSchema) {
  EXPECT_EQ(read(""), "{}");
  EXPECT_EQ(read("tag=a+b%20c&limit=5&ratio=-0.5&isDone=true&sort=up&cursor=x"),
            R"({"tag":"a b c","limit":5,"ratio":-0.5,"isDone":true,"sort":"up","cursor":"x"})");
  EXPECT_EQ(read("tag=5&isDone=false"), R"({"tag":"5","isDone":false})");
  EXPECT_EQ(read("tag=&&cursor"), R"({"tag":"","cursor":""})");
  EXPECT_EQ(read("tag=a=b"), R"({"tag":"a=b"})");
}

TEST(RestParameters, AListIsOneForEachItem) {
  EXPECT_EQ(read("types=a&sizes=1&types=b&types=a"), R"({"types":["a","b","a"],"sizes":[1]})");
}

TEST(RestParameters, LeaveToTheSchemaWhatCannotBeReadByIt) {
  EXPECT_EQ(read("limit=x"), R"({"limit":"x"})");
  for (const char* number : {"", "0x5", "05", "+5", "1,5", "NaN", "true", "null", "\"5\"", "[5]"}) {
    const auto input = read_parameters(list_things(), std::string("limit=") + number);
    ASSERT_TRUE(input) << number;
    EXPECT_TRUE(input->find("limit")->is_string()) << number;
  }
  EXPECT_EQ(read("limit=%205"), R"({"limit":" 5"})");
  EXPECT_EQ(read("isDone=1&isDone"), "Given twice, but it is no list");
}

TEST(RestParameters, TellWhatTheyAreInsteadOfPassingOneOver) {
  EXPECT_EQ(read("limit=5&tags=a"),
            "There is no parameter \"tags\", but tag, limit, ratio, isDone, sort, cursor, types, "
            "sizes");
  EXPECT_EQ(read_parameters(Schema(), "a=1").error().message,
            "There is no parameter \"a\": none is taken");
  const auto unknown = read_parameters(Schema(), "a=1").error();
  const Json* issues = unknown.details->find("issues");
  EXPECT_EQ(issues->as_array()[0].string_or("code", ""), "unrecognized_keys");
  EXPECT_LT(read(std::string(10'000, 'x')).size(), 300u) << "what is echoed is short";
}

TEST(RestParameters, RefuseWhatIsGivenTwiceOrBroken) {
  EXPECT_EQ(read("tag=a&tag=a"), "Given twice, but it is no list");
  for (const char* broken : {"tag=%", "tag=%4", "tag=%zz", "tag=%ff", "%ff=1"}) {
    EXPECT_FALSE(read_parameters(list_things(), broken)) << broken;
  }
}

TEST(RestParameters, CanSayFlatInputsOnly) {
  EXPECT_TRUE(is_flat(Schema()));
  EXPECT_TRUE(is_flat(list_things()));
  EXPECT_TRUE(is_flat(optional(list_things())));
  EXPECT_FALSE(is_flat(any()));
  EXPECT_FALSE(is_flat(string()));
  EXPECT_FALSE(is_flat(object("A").field("a", any())));
  EXPECT_TRUE(is_flat(object("A").field("a", string().max(8'192))));
  EXPECT_FALSE(is_flat(object("A").field("a", string().max(8'193)))) << "no URL has room for it";
  EXPECT_FALSE(is_flat(object("A").field("a", list_things())));
  EXPECT_FALSE(is_flat(object("A").field("a", array(array(string())))));
  EXPECT_FALSE(is_flat(object("A").field("a", nullable(string())))) << "null must be said";
  EXPECT_FALSE(is_flat(object("A").field("a", record(string()))));
}

}  // namespace
}  // namespace synap::rest
