#include "base/json.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <bit>
#include <random>
#include <string>

#include "base/json_given.h"
#include "base/json_scan.h"

namespace synap {
namespace {

std::string repeat(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out.append(text);
  return out;
}

/// The text after reading and writing, or the complaint.
std::string through(std::string_view text) {
  const auto json = parse_json(text);
  return json ? json->dump() : json.error().message;
}

std::string written(double value) {
  std::string out;
  append_json_number(out, value);
  return out;
}

TEST(Json, WritesWhatItReads) {
  for (const std::string_view text :
       {"null", "true", "false", "0", "-1", "1.5", R"("")", R"("a")", "[]", "{}", "[[],{}]",
        R"({"b":1,"a":{"c":[true,null,"x"]}})", R"("\"\\\b\f\n\r\t\u0000\u001f")"}) {
    EXPECT_EQ(through(text), text);
  }
  EXPECT_EQ(through(" { \"a\" : [ 1 , 2 ] } "), R"({"a":[1,2]})");
  EXPECT_EQ(through(R"("\u0041\/\ud83d\ude00")"), "\"A/\xf0\x9f\x98\x80\"");
}

TEST(Json, EscapesWhereverInATextItIsNeeded) {
  for (std::size_t length = 1; length < 100; ++length) {
    for (std::size_t at = 0; at < length; ++at) {
      std::string text(length, 'x');
      text[at] = '"';
      std::string expected = "\"" + text + "\"";
      expected.insert(at + 1, "\\");
      ASSERT_EQ(Json(text).dump(), expected);
    }
  }
}

TEST(Json, WritesPrettyAsJsonStringifyDoes) {
  const auto json = parse_json(R"({"a":[1,{"b":[]}],"c":{},"d":"x"})");
  EXPECT_EQ(json->dump_pretty(),
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": []\n    }\n  ],\n  \"c\": {},\n  \"d\": "
            "\"x\"\n}");
}

TEST(Json, ReadsNumbersAsJavascriptDoes) {
  EXPECT_EQ(through("12345678901234567890"), "12345678901234567000");
  EXPECT_EQ(through("123456789012345678901234567890"), "1.2345678901234568e+29");
  EXPECT_EQ(through("-9223372036854775809"), "-9223372036854776000");
  EXPECT_EQ(through("9007199254740993"), "9007199254740992");
  EXPECT_EQ(through("-9007199254740993"), "-9007199254740992");
  EXPECT_EQ(through("1e21"), "1e+21");
  EXPECT_EQ(through("1e20"), "100000000000000000000");
  EXPECT_EQ(through("1e-7"), "1e-7");
  EXPECT_EQ(through("0.000001"), "0.000001");
  EXPECT_EQ(through("-0"), "0");
  EXPECT_EQ(through("1.0"), "1");
}

TEST(Json, ReadsNumbersOutOfRangeAsNullAndTinyOnesAsZero) {
  EXPECT_EQ(through("1e400"), "null");
  EXPECT_EQ(through("[-1e400,1e-400,2]"), "[null,0,2]");
  EXPECT_EQ(through(repeat("9", 400)), "null");
  EXPECT_EQ(through("[1e400,0." + repeat("0", 400) + "1]"), "[null,0]");
  EXPECT_EQ(through("[1e400," + repeat("9", 400) + "e-800]"), "[null,0]");
  EXPECT_EQ(through("[1e400," + repeat("9", 400) + "e-100]"), "[null,1e+300]");
  EXPECT_EQ(through("[1e400,0e99999999999999999999999]"), "[null,0]");
  EXPECT_EQ(through(R"(["1e400 \" 1e400",1e400])"), R"(["1e400 \" 1e400",null])");
}

TEST(Json, RefusesANumberThatSomebodyGivesAndThatWouldComeBackAsAnother) {
  for (const std::string_view number :
       {"9007199254740993", "-9007199254740993", "1152921504606846976", "9223372036854775807",
        "18446744073709551615", "12345678901234567890", "123456789012345678901234567890", "1e400",
        "-1e400", "9007199254740993.0", "9007199254740993e0", "-123456789012345678e3",
        "9007199254740993000.00e-3", "1e-400", "-0.00000000000000000000001e-380"}) {
    const auto text = fmt::format(R"({{"a":"9007199254740993","b":[1,{{"c":{}}}]}})", number);
    EXPECT_TRUE(parse_json(text)) << number;
    const auto given = parse_given_json(text);
    ASSERT_FALSE(given) << number;
    EXPECT_EQ(given.error().code, Code::kBadRequest);
    EXPECT_NE(given.error().message.find(fmt::format("The number {} cannot", number)),
              std::string::npos)
        << given.error().message;
  }
  EXPECT_EQ(parse_given_json("9007199254740993").error().message,
            "The number 9007199254740993 cannot be kept: it would come back as 9007199254740992. "
            "Numbers are doubles, as in JavaScript; write it as a text: \"9007199254740993\"");
  EXPECT_LT(parse_given_json(repeat("9", 4000)).error().message.size(), 300u);
}

TEST(Json, TakesEveryNumberThatJavascriptWrites) {
  // The last but two are 2**60, 2**68 and -(2**63), as JSON.stringify writes them.
  for (const std::string_view number : {"0",
                                        "-0",
                                        "9007199254740991",
                                        "9007199254740992",
                                        "-9007199254740992",
                                        "9007199254740994",
                                        "0.1",
                                        "3.14159265358979323846",
                                        "1.0",
                                        "1e21",
                                        "1152921504606847000",
                                        "295147905179352830000",
                                        "-9223372036854776000",
                                        "1e20",
                                        "5e-324",
                                        "1.5e300",
                                        "3.0",
                                        "12345678901234567e3",
                                        "9007199254740993.5",
                                        "0e-400",
                                        "-0.0",
                                        "1.7976931348623157e308"}) {
    EXPECT_TRUE(parse_given_json(number)) << number;
  }
  EXPECT_EQ(parse_given_json("[1").error().message, parse_json("[1").error().message);
  const auto timed = [](std::string_view text) {
    return parse_given_json(text, {}, "timing").has_value();
  };
  EXPECT_TRUE(timed(R"([{"timing":{"a":1764316800123456789},"data":1}])"));
  EXPECT_FALSE(timed(R"([{"timing":{"a":1},"data":9007199254740993}])"));
  EXPECT_FALSE(timed(R"({"timing":{"a":1,"b":[7]},"data":{"n":9007199254740993}})"));
  EXPECT_FALSE(parse_given_json(R"({"":9007199254740993})"));
}

TEST(Json, RefusesWhatOnlyLooksLikeANumberOutOfRange) {
  for (const std::string_view text :
       {"1.e400", "01e400", "-01e400", "--1e400", "1e400.5", "1e400-", "000000000000000000001",
        "1e400e1", "1-1e-400", "[1e400 1e-400]", "1e-400-1"}) {
    EXPECT_FALSE(parse_json(text).has_value()) << text;
  }
}

TEST(Json, ComparesNumbersByValue) {
  EXPECT_EQ(Json(2.0), Json(2));
  EXPECT_EQ(*parse_json("2.0"), Json(std::uint64_t{2}));
  EXPECT_NE(Json(2.5), Json(2));
  EXPECT_TRUE(Json(9007199254740992.0).is_integer());
  EXPECT_FALSE(Json(9007199254740994.0).is_integer());
  EXPECT_EQ(Json(std::int64_t{9007199254740993}).dump(), "9007199254740993");
}

TEST(Json, KeepsTheLastOfEqualNamesInThePlaceOfTheFirst) {
  EXPECT_EQ(through(R"({"a":1,"b":2,"a":3})"), R"({"a":3,"b":2})");
  // The same for objects that are too large to be scanned.
  std::string text = "{";
  std::string expected = "{";
  for (int i = 0; i < 40; ++i) {
    const std::string name = "\"name-" + std::to_string(i) + "\":";
    text.append(name).append(std::to_string(i)).append(",");
    expected.append(i == 0 ? "" : ",").append(name).append(i == 7 ? "[1]" : std::to_string(i));
  }
  EXPECT_EQ(through(text + R"("name-7":"x","name-7":[1]})"), expected + "}");
}

TEST(Json, AllowsSixtyFourContainersInsideEachOther) {
  struct Shape {
    std::string open, inside, close;
    int at_most;
  };
  const Shape shapes[] = {{"[", "", "]", 64},
                          {"[", "1", "]", 64},
                          {"{\"a\":", "1", "}", 64},
                          {"{\"a\":", "{}", "}", 63}};
  for (const Shape& shape : shapes) {
    const auto nested = [&](int depth) {
      return repeat(shape.open, depth) + shape.inside + repeat(shape.close, depth);
    };
    EXPECT_EQ(through(nested(shape.at_most)), nested(shape.at_most));
    EXPECT_EQ(through(nested(shape.at_most + 1)),
              "JSON is nested deeper than 64 levels, the most allowed");
  }
  EXPECT_EQ(through(repeat("[", 100'000) + repeat("]", 100'000)),
            "JSON is nested deeper than 64 levels, the most allowed");
  EXPECT_FALSE(parse_json(repeat("[", 100'000)).has_value());
  EXPECT_TRUE(parse_json("[[]]", {.depth_max = 2}).has_value());
  EXPECT_FALSE(parse_json("[[]]", {.depth_max = 1}).has_value());
}

TEST(Json, SaysAtWhichByteTheTextStopsBeingJson) {
  EXPECT_EQ(through("\"a\xff\""), "Not valid JSON at byte 2: this is not UTF-8");
  EXPECT_EQ(through("{\"a\":\"\xed\xa0\x80\"}"), "Not valid JSON at byte 6: this is not UTF-8");
  EXPECT_EQ(through(""), "Not valid JSON at byte 0: the text ends too early");
  EXPECT_EQ(through("[1,"), "Not valid JSON at byte 3: the text ends too early");
  EXPECT_EQ(through("\"abc"), "Not valid JSON at byte 4: the text ends too early");
  EXPECT_EQ(through("[\"\\"), "Not valid JSON at byte 3: the text ends too early");
  EXPECT_EQ(through("\"\\u00"), "Not valid JSON at byte 5: the text ends too early");
  EXPECT_EQ(through("[1,]"), "Not valid JSON at byte 3: a value is expected");
  EXPECT_EQ(through("[1 2]"), "Not valid JSON at byte 3: ',' or ']' is expected");
  EXPECT_EQ(through("{\"a\":1 2}"), "Not valid JSON at byte 7: ',' or '}' is expected");
  EXPECT_EQ(through("{a:1}"), "Not valid JSON at byte 1: the name of a member is expected");
  EXPECT_EQ(through("{\"a\" 1}"), "Not valid JSON at byte 5: ':' is expected");
  EXPECT_EQ(through("1 2"), "Not valid JSON at byte 2: the text goes on behind the value");
  EXPECT_EQ(through("01"), "Not valid JSON at byte 1: this is not how JSON writes a number");
  EXPECT_EQ(through("\"a\nb\""), "Not valid JSON at byte 2: a control character is not escaped");
  EXPECT_EQ(through(R"("\x")"), "Not valid JSON at byte 2: there is no such escape");
  EXPECT_EQ(through(R"("\u12g4")"),
            "Not valid JSON at byte 5: four hexadecimal digits are expected");
  EXPECT_EQ(through("\xef\xbb\xbf{}"), "Not valid JSON at byte 0: a value is expected");
}

TEST(Json, RefusesLoneSurrogates) {
  const std::string complaint =
      "Not valid JSON at byte 1: half of a surrogate pair is not a character";
  EXPECT_EQ(through(R"("\ud800")"), complaint);
  EXPECT_EQ(through(R"("\udc00")"), complaint);
  EXPECT_EQ(through(R"("\ud800\ud800")"), complaint);
  EXPECT_EQ(through(R"("\ud800x")"), complaint);
}

TEST(Json, KeepsCharactersThatJavascriptOnceRefusedInSource) {
  EXPECT_EQ(through("\"\xe2\x80\xa8\xe2\x80\xa9\x7f\""), "\"\xe2\x80\xa8\xe2\x80\xa9\x7f\"");
  EXPECT_EQ(through(R"("\u2028")"), "\"\xe2\x80\xa8\"");
}

TEST(Json, TheScannerFindsNoFaultInJson) {
  for (const std::string_view text :
       {"1", "-0.5e+10", " [ ] ", "{ }", R"([{"a":[]},"\ud83d\ude00",true,false,null])"}) {
    EXPECT_FALSE(find_json_fault(text).has_value()) << text;
  }
}

TEST(Json, SetsMembersInPlaceOrAtTheEnd) {
  Json json = Json::object({{"a", 1}, {"b", 2}});
  json.set("a", "x").set("c", Json::array());
  EXPECT_EQ(json.dump(), R"({"a":"x","b":2,"c":[]})");
  EXPECT_EQ(json.string_or("a", "none"), "x");
  EXPECT_EQ(json.string_or("b", "none"), "none");
  EXPECT_EQ(Json(1).find("a"), nullptr);
}

TEST(Utf8, FindsTheFirstByteThatIsWrong) {
  EXPECT_EQ(valid_utf8_prefix("a\xc3\xa9\xf0\x9f\x98\x80"), 7u);
  EXPECT_EQ(valid_utf8_prefix("a\xc0\xaf"), 1u);         // overlong
  EXPECT_EQ(valid_utf8_prefix("\xf4\x90\x80\x80"), 0u);  // beyond U+10FFFF
  EXPECT_EQ(valid_utf8_prefix("ab\xe2\x82"), 2u);        // cut off
  EXPECT_EQ(valid_utf8_prefix("\xed\xbf\xbf"), 0u);      // a surrogate
  EXPECT_TRUE(is_valid_utf8("\xc3\xa9"));
  EXPECT_FALSE(is_valid_utf8("\xc3"));
}

// Recorded from JSON.stringify of Node 20: the bits of a double and its text.
struct Recorded {
  std::uint64_t bits;
  const char* text;
};
constexpr Recorded kRecorded[] = {
    {0x3fb999999999999a, "0.1"},
    {0x3fc999999999999a, "0.2"},
    {0x3fd3333333333334, "0.30000000000000004"},
    {0x444b1ae4d6e2ef50, "1e+21"},
    {0x4415af1d78b58c40, "100000000000000000000"},
    {0x441ac53a7e04bcda, "123456789012345680000"},
    {0x444b1ae4d6e2ef4f, "999999999999999900000"},
    {0x3eb0c6f7a0b5ed8d, "0.000001"},
    {0x3e7ad7f29abcaf48, "1e-7"},
    {0x3e8421f5f40d8376, "1.5e-7"},
    {0x3ee9cb8320b15070, "0.0000123"},
    {0x0000000000000001, "5e-324"},
    {0x0010000000000000, "2.2250738585072014e-308"},
    {0x7fefffffffffffff, "1.7976931348623157e+308"},
    {0x433fffffffffffff, "9007199254740991"},
    {0x4340000000000000, "9007199254740992"},
    {0x4340000000000001, "9007199254740994"},
    {0xc340000000000000, "-9007199254740992"},
    {0x4011666666666666, "4.35"},
    {0x7e37e43c8800759c, "1e+300"},
    {0x4059000000000000, "100"},
    {0x3ff4000000000000, "1.25"},
    {0xbff8000000000000, "-1.5"},
    {0x41f0000000080000, "4294967296.5"},
    {0x43e0000000000000, "9223372036854776000"},
    {0x43f0000000000000, "18446744073709552000"},
    {0x43e56a95319d63e1, "12345678901234567000"},
    {0x3fd5555555555555, "0.3333333333333333"},
    {0x3fe5555555555555, "0.6666666666666666"},
    {0x3ea0c6f7a0b5ed8d, "5e-7"},
    {0x3eafe07017c01026, "9.5e-7"},
    {0x44b52d02c7e14af6, "1e+23"},
    {0x447c7e83209e90b2, "8.41e+21"},
    {0x39b279a9c8073d8b, "9.109e-31"},
    {0xdc1b77ae0bf34dad, "-4.9911105725155504e+135"},
    {0x64f0eeb9026e6076, "1.715373926431966e+178"},
    {0x7b07ce91e5906136, "4.4251604027143375e+284"},
    {0x305f050c368dcc74, "1.0715660391465826e-75"},
    {0x2ceb16e0a1c54aec, "2.5973481493288907e-92"},
    {0x97101dce4e7bfb79, "-1.3475090132806154e-197"},
    {0x9ad2e144d6e8f2cf, "-1.81996730402717e-179"},
    {0xd9aa792e1af470ea, "-8.750186241947517e+123"},
    {0xddaa4e85b0d6e28b, "-1.603964615428183e+143"},
    {0x8f8ea9d349428d8e, "-9.643915712060552e-234"},
    {0x08f474ffb8e8ab15, "1.5860846119992697e-265"},
    {0x2ead854756d71f03, "7.597954524892738e-84"},
    {0x55bc79f8ada711fd, "1.0204796945730538e+105"},
    {0x0e1fc49bd63b809e, "1.1910593176322935e-240"},
    {0xb92199e83f5a101f, "-1.694933913128696e-33"},
    {0xc5765079fc5d43ff, "-4.3162252145519944e+26"},
    {0x353cfc387dfae6b8, "3.0261999441573203e-52"},
    {0xa32edabf5585bd75, "-3.238696681491661e-139"},
    {0xfc5639b16b714b4f, "-8.663725837306241e+290"},
    {0x92fb2dcfc8ae9a19, "-3.0797526843217145e-217"},
    {0x544b0ec76d00616d, "1.15589923121874e+98"},
    {0xbcbb9b7e9a319aef, "-3.831296467316889e-16"},
    {0x0f1a50d59c0aa21a, "6.466053826432699e-236"},
    {0x80ae2120826571de, "-2.1452846540129615e-305"},
    {0x0e1ecd02ed7c0cbd, "1.1547975125429853e-240"},
    {0x0d0981e8c1fa7be4, "7.296267179458751e-246"},
    {0x4048bb2f25877906, "49.4623763"},
    {0x4193544b45333333, "81072849.3"},
    {0x40b068ffbb2fec57, "4200.99895"},
    {0x4022e83bdc4f20d0, "9.4535817"},
    {0x408af1aafe60c38f, "862.208493"},
    {0x3fecd26e4705780f, "0.90068735"},
    {0x40f74197d6a161e5, "95257.4899"},
    {0x41436e73ab851eb8, "2546919.34"},
    {0x41b20b52b9000000, "302731961"},
    {0x408573f4855da273, "686.494395"},
    {0x418f86b33d99999a, "66115175.7"},
    {0x40e84eb25bc01a37, "49781.5737"},
    {0x3fc2912a21082fc7, "0.145055071"},
    {0x414c1c7b11eb851f, "3684598.14"},
    {0x3fa28bc7fd62ca58, "0.036222696"},
    {0x440573346fd7a20c, "49460376066622325000"},
    {0x4516ddabd53a05ac, "6.910795195517988e+24"},
    {0x43be0522d6b680bb, "2163173501601627000"},
    {0x44db85b346edb579, "5.198809210929145e+23"},
    {0x44e4b09dacb08e3f, "7.816425461156058e+23"},
    {0x43fa52767ae616aa, "30347338612715725000"},
    {0x4512423c617ec30f, "5.518363692711021e+24"},
    {0x43fb310b3dbe981d, "31349754763222830000"},
    {0x44a9aaf6f01e1110, "6.060645115972906e+22"},
    {0x4462fdd829fbc276, "2.802662474996906e+21"},
    {0x447af65f66de8359, "7.957893876455017e+21"},
    {0x43b0b9aac38c437c, "1205182132146896000"},
    {0x4501661f3f2d95a1, "2.629249589528375e+24"},
    {0x451dae84f525b79f, "8.970748292947075e+24"},
    {0x44ce62c52d9e2209, "2.8698596718316267e+23"},
};

TEST(Json, WritesDoublesAsJsonStringifyDoes) {
  for (const auto& [bits, text] : kRecorded) {
    const auto value = std::bit_cast<double>(bits);
    EXPECT_EQ(written(value), text);
    EXPECT_EQ(parse_json(text)->as_number(), value) << text;
  }
  EXPECT_EQ(written(-0.0), "0");
  EXPECT_EQ(written(std::numeric_limits<double>::infinity()), "null");
  EXPECT_EQ(written(std::numeric_limits<double>::quiet_NaN()), "null");
}

TEST(Json, ReadsBackEveryDoubleItWrites) {
  std::mt19937_64 random(20260131);
  for (int i = 0; i < 20'000; ++i) {
    const auto value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    const auto text = written(value);
    const auto read = parse_json(text);
    ASSERT_TRUE(read.has_value()) << text;
    ASSERT_EQ(read->as_number(), value) << text;
  }
}

}  // namespace
}  // namespace synap
