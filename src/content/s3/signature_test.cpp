#include "content/s3/signature.h"

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/crypto.h"

namespace synap::content {
namespace {

// The examples of docs.aws.amazon.com, "Examples: Signature Calculations in AWS Signature Version
// 4" and "Authenticating Requests: Using Query Parameters".
const S3Signer kSigner{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                       "us-east-1"};
const std::int64_t kTime = *parse_iso8601("2013-05-24T00:00:00.000Z");
constexpr std::string_view kHost = "examplebucket.s3.amazonaws.com";

std::string authorization(S3Signed request, std::string_view body) {
  request.host = kHost;
  const auto headers = signed_headers(kSigner, request, to_hex(sha256(body)), kTime);
  const auto* found = outbound::find(headers, "authorization");
  return found == nullptr ? "" : *found;
}

std::string expected(std::string_view names, std::string_view signature) {
  return "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
         "SignedHeaders=" +
         std::string(names) + ",Signature=" + std::string(signature);
}

TEST(S3Signature, IsThatOfAwsForAGet) {
  EXPECT_EQ(
      authorization(
          {.method = "GET", .host = {}, .path = "/test.txt", .headers = {{"range", "bytes=0-9"}}},
          ""),
      expected("host;range;x-amz-content-sha256;x-amz-date",
               "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"));
}

TEST(S3Signature, IsThatOfAwsForAPut) {
  EXPECT_EQ(authorization({.method = "PUT",
                           .host = {},
                           .path = "/" + percent_encoded("test$file.text"),
                           .headers = {{"date", "Fri, 24 May 2013 00:00:00 GMT"},
                                       {"x-amz-storage-class", "REDUCED_REDUNDANCY"}}},
                          "Welcome to Amazon S3."),
            expected("date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
                     "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"));
}

TEST(S3Signature, IsThatOfAwsForAQueryWithoutAValue) {
  EXPECT_EQ(
      authorization({.method = "GET", .host = {}, .path = "/", .query = {{"lifecycle", ""}}}, ""),
      expected("host;x-amz-content-sha256;x-amz-date",
               "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"));
}

TEST(S3Signature, IsThatOfAwsForAListing) {
  EXPECT_EQ(
      authorization(
          {.method = "GET", .host = {}, .path = "/", .query = {{"prefix", "J"}, {"max-keys", "2"}}},
          ""),
      expected("host;x-amz-content-sha256;x-amz-date",
               "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"));
}

TEST(S3Signature, IsThatOfAwsForAPresignedUrl) {
  EXPECT_EQ(
      presigned_query(kSigner, {.method = "GET", .host = std::string(kHost), .path = "/test.txt"},
                      std::chrono::seconds(86'400), kTime),
      "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2F"
      "us-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&"
      "X-Amz-SignedHeaders=host&X-Amz-Signature="
      "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

TEST(S3Signature, DoesNotCountSpacesOfAValue) {
  const auto with = [](std::string value) {
    return authorization(
        {.method = "GET", .host = {}, .path = "/", .headers = {{"x-amz-meta-a", value}}}, "");
  };
  EXPECT_EQ(with("  a   b "), with("a b"));
  EXPECT_NE(with("ab"), with("a b"));
}

TEST(S3Address, SpellsTheSameBucketInTwoWays) {
  S3Settings settings{.endpoint = "https://s3.example.org",
                      .bucket = "pod-content",
                      .access_key = "a",
                      .secret_key = "b"};
  const auto path = S3Address::make(settings);
  ASSERT_TRUE(path) << path.error().message;
  EXPECT_EQ(path->url("ann/note/a.md", {}), "https://s3.example.org/pod-content/ann/note/a.md");
  EXPECT_EQ(path->url("", {{"prefix", "a/b c"}, {"list-type", "2"}}),
            "https://s3.example.org/pod-content?list-type=2&prefix=a%2Fb%20c");
  EXPECT_EQ(path->destination(), "s3.example.org:443");
  settings.is_path_style = false;
  const auto host = S3Address::make(settings);
  ASSERT_TRUE(host);
  EXPECT_EQ(host->url("a.md", {}), "https://pod-content.s3.example.org/a.md");
  EXPECT_EQ(host->url("", {}), "https://pod-content.s3.example.org/");
  settings.endpoint = "http://minio.lan:9000";
  EXPECT_EQ(S3Address::make(settings)->host(), "pod-content.minio.lan:9000");
  settings.endpoint = "http://[::1]:9000";
  EXPECT_FALSE(S3Address::make(settings));
  settings.is_path_style = true;
  EXPECT_EQ(S3Address::make(settings)->url("a", {}), "http://[::1]:9000/pod-content/a");
}

TEST(S3Address, RefusesWhatIsNoneAndNeverShowsAKey) {
  const S3Settings good{.endpoint = "https://s3.example.org",
                        .bucket = "pod-content",
                        .prefix = "pods/a/",
                        .access_key = "open-key",
                        .secret_key = "very-secret"};
  ASSERT_TRUE(S3Address::make(good));
  const auto refusal = [&](auto change) {
    auto settings = good;
    change(settings);
    const auto made = S3Address::make(settings);
    EXPECT_FALSE(made.has_value());
    return made ? std::string() : made.error().message;
  };
  for (const char* endpoint : {"", "s3.example.org", "ftp://a.b", "https://a.b/", "https://a.b/c",
                               "https://me:pw@a.b", "https://a.b?c", "https://"}) {
    EXPECT_TRUE(refusal([&](auto& s) { s.endpoint = endpoint; }).contains("s3_endpoint"));
  }
  for (const char* bucket : {"", "ab", "a/b", "Bucket", "a b c"}) {
    EXPECT_TRUE(refusal([&](auto& s) { s.bucket = bucket; }).contains("s3_bucket"));
  }
  for (const char* prefix : {"a", "/a/", "a//", "../", "a/../", "a b/", "./", "a/./"}) {
    EXPECT_TRUE(refusal([&](auto& s) { s.prefix = prefix; }).contains("s3_prefix")) << prefix;
  }
  EXPECT_TRUE(refusal([](auto& s) { s.region = "a/b"; }).contains("s3_region"));
  EXPECT_TRUE(refusal([](auto& s) { s.access_key = ""; }).contains("s3_access_key"));
  const auto of_secret = refusal([](auto& s) { s.secret_key = "very secret"; });
  EXPECT_TRUE(of_secret.contains("s3_secret_key"));
  EXPECT_FALSE(of_secret.contains("very"));
}

}  // namespace
}  // namespace synap::content
