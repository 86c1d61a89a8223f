// Ids, time, hashes and codes: the small values of base.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/once.h"
#include "base/status.h"
#include "base/uuid.h"

namespace synap {
namespace {

TEST(Uuid, OfOneThreadGrowsStrictly) {
  auto last = Uuid::v7();
  for (int i = 0; i < 100'000; ++i) {
    const auto next = Uuid::v7();
    ASSERT_LT(last, next);
    last = next;
  }
}

TEST(Uuid, IsVersionSevenWithItsTime) {
  const auto before = unix_ms_now();
  // A fresh thread: its counter has not run ahead of the clock.
  Uuid id;
  std::thread([&] { id = Uuid::v7(); }).join();
  EXPECT_GE(id.unix_ms(), before);
  EXPECT_LE(id.unix_ms(), unix_ms_now());
  const auto text = id.to_string();
  EXPECT_EQ(text[14], '7');
  EXPECT_NE(std::string("89ab").find(text[19]), std::string::npos);
}

TEST(Uuid, OfManyThreadsIsUnique) {
  std::vector<std::vector<Uuid>> made(8);
  std::vector<std::thread> threads;
  for (auto& list : made) {
    threads.emplace_back([&list] {
      for (int i = 0; i < 5'000; ++i) list.push_back(Uuid::v7());
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<Uuid> all;
  for (const auto& list : made) all.insert(list.begin(), list.end());
  EXPECT_EQ(all.size(), 40'000u);
}

TEST(Uuid, ParseIsTheInverseOfToString) {
  const std::string text = "0190a1b2-c3d4-7e5f-8a6b-0123456789ab";
  EXPECT_EQ(Uuid::parse(text)->to_string(), text);
  EXPECT_EQ(Uuid::parse("0190A1B2-C3D4-7E5F-8A6B-0123456789AB")->to_string(), text);
  EXPECT_EQ(Uuid::parse("00000000-0000-0000-0000-000000000000"), Uuid{});
}

TEST(Uuid, ParseRefusesWhatIsNone) {
  const std::string good = "0190a1b2-c3d4-7e5f-8a6b-0123456789ab";
  EXPECT_FALSE(Uuid::parse(""));
  EXPECT_FALSE(Uuid::parse(good + "0"));
  EXPECT_FALSE(Uuid::parse("{" + good + "}"));
  EXPECT_FALSE(Uuid::parse("0190a1b2c3d47e5f8a6b0123456789ab"));
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const char bad : {'g', '-', ' ', '\0', '_', '\xff'}) {
      auto text = good;
      if (text[i] == bad) continue;
      text[i] = bad;
      EXPECT_FALSE(Uuid::parse(text)) << i << " " << bad;
    }
    EXPECT_FALSE(Uuid::parse(good.substr(0, i)));
  }
}

TEST(Uuid, FromBytesTakesSixteen) {
  const auto id = Uuid::v7();
  EXPECT_EQ(Uuid::from_bytes(id.raw()), id);
  EXPECT_FALSE(Uuid::from_bytes(""));
  EXPECT_FALSE(Uuid::from_bytes(std::string(15, 'x')));
  EXPECT_FALSE(Uuid::from_bytes(std::string(17, 'x')));
}

TEST(Uuid, DerivedIsAFunctionOfItsArguments) {
  const auto id = Uuid::derived(1'700'000'000'123, "a");
  EXPECT_EQ(id, Uuid::derived(1'700'000'000'123, "a"));
  EXPECT_NE(id, Uuid::derived(1'700'000'000'123, "b"));
  EXPECT_NE(id, Uuid::derived(1'700'000'000'124, "a"));
  EXPECT_EQ(id.unix_ms(), 1'700'000'000'123);
  EXPECT_EQ(id.to_string()[14], '7');
}

TEST(Iso8601, WritesMilliseconds) {
  EXPECT_EQ(to_iso8601(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(to_iso8601(1'709'210'096'007), "2024-02-29T12:34:56.007Z");
  EXPECT_EQ(to_iso8601(-1), "1969-12-31T23:59:59.999Z");
}

TEST(Iso8601, ReadsOffsetsAndFractions) {
  const auto at = [](std::string_view text) { return parse_iso8601(text).value_or(-1); };
  EXPECT_EQ(at("2024-02-29T12:34:56.007Z"), 1'709'210'096'007);
  EXPECT_EQ(at("2024-02-29T12:34:56Z"), 1'709'210'096'000);
  EXPECT_EQ(at("2024-02-29T12:34:56.7Z"), 1'709'210'096'700);
  EXPECT_EQ(at("2024-02-29T12:34:56.0079999Z"), 1'709'210'096'007);
  EXPECT_EQ(at("2024-02-29T14:34:56+02:00"), 1'709'210'096'000);
  EXPECT_EQ(at("2024-02-29T07:04:56-05:30"), 1'709'210'096'000);
}

TEST(Iso8601, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", "2024-02-29", "2024-02-29T12:34:56", "2024-02-30T12:34:56Z", "2023-02-29T12:34:56Z",
        "2024-13-01T00:00:00Z", "2024-00-01T00:00:00Z", "2024-02-29T24:00:00Z",
        "2024-02-29T12:60:00Z", "2024-02-29T12:34:60Z", "2024-02-29T12:34:56.Z",
        "2024-02-29t12:34:56z", "2024-02-29 12:34:56Z", "2024-02-29T12:34:56ZZ",
        "2024-02-29T12:34:56+24:00", "2024-02-29T12:34:56+0200", " 2024-02-29T12:34:56Z",
        "24-02-29T12:34:56Z", "+2024-02-29T12:34:56Z"}) {
    EXPECT_FALSE(parse_iso8601(text)) << text;
  }
}

TEST(Iso8601, RoundTrips) {
  for (const std::int64_t ms : {0L, 951'782'400'000L, 4'102'444'799'999L, 253'402'300'799'999L}) {
    EXPECT_EQ(parse_iso8601(to_iso8601(ms)), ms);
  }
}

TEST(Crypto, GivesTheKnownAnswers) {
  EXPECT_EQ(to_hex(sha1("a")), "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8");
  EXPECT_EQ(to_hex(sha1("")), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(to_hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(sha256(std::string(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Crypto, Sha256OfPiecesIsThatOfTheWhole) {
  Sha256Hasher none;
  EXPECT_EQ(none.finish(), sha256(""));
  Sha256Hasher pieces;
  for (const char* piece : {"a", "", "bc"}) pieces.add(piece);
  EXPECT_EQ(pieces.finish(), sha256("abc"));
}

TEST(Crypto, Base64UrlHasNoPadding) {
  EXPECT_EQ(to_base64url(""), "");
  EXPECT_EQ(to_base64url("f"), "Zg");
  EXPECT_EQ(to_base64url("fo"), "Zm8");
  EXPECT_EQ(to_base64url("foo"), "Zm9v");
  EXPECT_EQ(to_base64url("\xfb\xff\xbf"), "-_-_");
  for (const char* bytes : {"", "f", "fo", "foo", "\xfb\xff\xbf", "a longer one"}) {
    EXPECT_EQ(from_base64url(to_base64url(bytes)), bytes);
  }
  for (const char* wrong : {"Z", "Zh", "Zm=", "Zm8 ", "Zm9", "+/+/"}) {
    EXPECT_EQ(from_base64url(wrong), std::nullopt) << wrong;
  }
}

TEST(Crypto, RandomBytesDiffer) {
  std::array<std::uint8_t, 10'000> first{};
  std::array<std::uint8_t, 10'000> second{};
  random_bytes(first.data(), first.size());
  random_bytes(second.data(), second.size());
  EXPECT_NE(first, second);
  EXPECT_GT(std::set<std::uint8_t>(first.begin(), first.end()).size(), 200u);
}

// RFC 4231, section 4. The fifth case is about cutting a digest short, which we do not.
TEST(Crypto, HmacSha256IsTheStandards) {
  struct Case {
    std::string key;
    std::string data;
    std::string_view digest;
  };
  std::string counted;
  for (char c = 1; c <= 25; ++c) counted.push_back(c);
  const std::string large_key(131, '\xaa');
  const std::vector<Case> cases{
      {std::string(20, '\x0b'), "Hi There",
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {"Jefe", "what do ya want for nothing?",
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {std::string(20, '\xaa'), std::string(50, '\xdd'),
       "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {counted, std::string(50, '\xcd'),
       "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
      {large_key, "Test Using Larger Than Block-Size Key - Hash Key First",
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {large_key,
       "This is a test using a larger than block-size key and a larger than block-size data. The "
       "key needs to be hashed before being used by the HMAC algorithm.",
       "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
      // Not of the RFC: nothing at all.
      {"", "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
  };
  for (const auto& [key, data, digest] : cases) EXPECT_EQ(to_hex(hmac_sha256(key, data)), digest);
  EXPECT_EQ(to_hex(hmac_sha256(std::string_view(), std::string_view())), cases.back().digest);
}

TEST(Crypto, SecretsAreEqualOnlyAsAWhole) {
  EXPECT_TRUE(is_equal_in_constant_time("", ""));
  EXPECT_TRUE(is_equal_in_constant_time("secret", "secret"));
  EXPECT_FALSE(is_equal_in_constant_time("secret", "secreT"));
  EXPECT_FALSE(is_equal_in_constant_time("secret", "secret!"));
  EXPECT_FALSE(is_equal_in_constant_time("secret", ""));
  EXPECT_FALSE(is_equal_in_constant_time(std::string_view("a\0b", 3), std::string_view("a\0c", 3)));
}

TEST(Code, NamesAreUniqueAndFoundAgain) {
  std::set<std::string_view> names;
  for (int i = 0; i < kCodeCount; ++i) {
    const auto code = static_cast<Code>(i);
    names.insert(info(code).name);
    ASSERT_NE(code_by_name(info(code).name), nullptr);
    EXPECT_EQ(*code_by_name(info(code).name), code);
    EXPECT_GE(info(code).http_status, 400);
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(kCodeCount));
  EXPECT_EQ(code_by_name("NO_SUCH_CODE"), nullptr);
  EXPECT_EQ(info(Code::kNotFound).json_rpc, -32004);
  EXPECT_TRUE(info(Code::kServiceUnavailable).retriable);
  EXPECT_FALSE(info(Code::kConflict).retriable);
  EXPECT_FALSE(info(Code::kInternalServerError).retriable);
}

TEST(Once, RunsItsFunctionOnceForAllAndAgainOnlyWhereItThrew) {
  Once once;
  int runs = 0;  // no atomic: all that return have seen it written
  EXPECT_THROW(once.run([&] { throw ++runs; }), int);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      once.run([&] { ++runs; });
      EXPECT_EQ(runs, 2);
    });
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace synap
