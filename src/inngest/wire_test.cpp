#include <gtest/gtest.h>

#include "inngest/canonical.h"
#include "inngest/duration.h"
#include "inngest/signature.h"
#include "inngest/ulid.h"

namespace synap::inngest {
namespace {

TEST(Ulid, IsTheSame128Bits) {
  Uuid most;
  most.bytes.fill(0xff);
  EXPECT_EQ(ulid_of(most), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
  EXPECT_EQ(ulid_of(Uuid{}), "00000000000000000000000000");
  // The example of the ULID specification has this time.
  EXPECT_EQ(ulid_of(Uuid::derived(1469918176385, "a")).substr(0, 10), "01ARYZ6S41");
  for (int i = 0; i < 100; ++i) {
    const auto id = Uuid::v7();
    EXPECT_EQ(uuid_of_ulid(ulid_of(id)), id);
    EXPECT_EQ(parse_id(id.to_string()), id);
  }
  EXPECT_EQ(parse_foreign_id("7ZZZZZZZZZZZZZZZZZZZZZZZZZ")->to_string(),
            "ffffffff-ffff-7fff-bfff-ffffffffffff");
  EXPECT_FALSE(uuid_of_ulid("8ZZZZZZZZZZZZZZZZZZZZZZZZZ"));
  EXPECT_FALSE(uuid_of_ulid("0000000000000000000000000U"));
  EXPECT_FALSE(uuid_of_ulid(""));
}

// The example of RFC 8785, section 3.2.3, and numbers of its appendix B.
TEST(CanonicalJson, IsAsTheRfcHasIt) {
  const auto sorted = parse_json(
      "{\"\\u20ac\":\"Euro Sign\",\"\\r\":\"Carriage Return\",\"\\ufb33\":\"Hebrew Letter Dalet\","
      "\"1\":\"One\",\"\\ud83d\\ude00\":\"Emoji\",\"\\u0080\":\"Control\",\"\\u00f6\":\"o\"}");
  ASSERT_TRUE(sorted);
  EXPECT_EQ(canonical_json(*sorted),
            "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u0080\":\"Control\",\"\u00f6\":\"o\","
            "\"\u20ac\":\"Euro Sign\",\"\U0001F600\":\"Emoji\",\"\ufb33\":\"Hebrew Letter "
            "Dalet\"}");
  const auto numbers = parse_json(
      R"({"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001,-0],)"
      R"("big":9007199254740993,"literals":[null,true,false],"string":"\u20ac$\u000F\nA'\u0042\\\"\/"})");
  ASSERT_TRUE(numbers);
  EXPECT_EQ(canonical_json(*numbers),
            "{\"big\":9007199254740992,\"literals\":[null,true,false],"
            "\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27,0],"
            "\"string\":\"\u20ac$\\u000f\\nA'B\\\\\\\"/\"}");
}

TEST(SigningKey, SignsAsTheSdksDo) {
  const SigningKey key("signkey-test-12345678");
  const auto signature = key.sign("{\"a\":1}", 1700000000);
  EXPECT_TRUE(signature.starts_with("t=1700000000&s="));
  EXPECT_EQ(signature.size(), std::string_view("t=1700000000&s=").size() + 64);
  EXPECT_TRUE(key.verifies(signature, "{\"a\":1}", 1700000000 + 300));
  EXPECT_FALSE(key.verifies(signature, "{\"a\":1}", 1700000000 + 301));
  EXPECT_FALSE(key.verifies(signature, "{\"a\":2}", 1700000000));
  EXPECT_FALSE(SigningKey("signkey-test-12345679").verifies(signature, "{\"a\":1}", 1700000000));
  EXPECT_FALSE(key.verifies("", "{\"a\":1}", 1700000000));
  EXPECT_FALSE(key.verifies("t=&s=", "{\"a\":1}", 1700000000));
}

TEST(SigningKey, IsHashedDecoded) {
  // sha256 of the four bytes 12 34 56 78.
  EXPECT_EQ(SigningKey("signkey-prod-12345678").hashed(),
            "signkey-prod-b2ed992186a5cb19f6668aade821f502c1d00970dfd0e35128d51bac4649916c");
}

TEST(SigningKey, OfAUserSaysWhoseItIs) {
  const auto key = SigningKey::derived("secret", "0198-aa");
  EXPECT_EQ(environment_of(key.text()), "0198aa");
  EXPECT_EQ(environment_of(key.hashed()), environment_of_user("0198-aa"));
  EXPECT_TRUE(key.is_shown_by(key.text()));
  EXPECT_TRUE(key.is_shown_by(key.hashed()));
  EXPECT_TRUE(key.is_shown_by(key.hashed().substr(key.hashed().rfind('-') + 1)));
  EXPECT_FALSE(key.is_shown_by(SigningKey::derived("other", "0198-aa").hashed()));
  EXPECT_FALSE(key.is_shown_by(""));
}

TEST(Duration, IsOfPartsWithUnits) {
  EXPECT_EQ(parse_duration("1w2d3h"), ((7 + 2) * 24 + 3) * 3'600'000LL);
  EXPECT_EQ(parse_duration("30m"), 1'800'000);
  EXPECT_EQ(parse_duration("500ms"), 500);
  EXPECT_EQ(parse_duration("1.5h"), 5'400'000);
  EXPECT_EQ(parse_duration("0s"), 0);
  for (const char* none : {"", "5", "s", "-1s", "1x", "1 s", "nan", "inf", "1e400s", "99999w"}) {
    EXPECT_FALSE(parse_duration(none).has_value()) << none;
  }
}

TEST(Wait, IsADurationOrAMoment) {
  EXPECT_EQ(parse_wait("1s", 0), 1'000);
  EXPECT_EQ(parse_wait("1970-01-01T00:00:05.250Z", 1'000), 4'250);
  EXPECT_EQ(parse_wait("1970-01-01T00:00:05Z", 9'000), 0);
  EXPECT_EQ(parse_wait("", 9'000), 0);
  EXPECT_FALSE(parse_wait("367d", 0).has_value());
  EXPECT_FALSE(parse_wait("tomorrow", 0).has_value());
}

}  // namespace
}  // namespace synap::inngest
