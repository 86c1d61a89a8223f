#include "net/cors.h"

#include <gtest/gtest.h>

namespace synap::net {
namespace {

Request from(std::string origin) {
  return {.method = "GET", .headers = {{"Origin", origin}}};
}

Request preflight_from(std::string origin) {
  return {.method = "OPTIONS",
          .headers = {{"Origin", origin}, {"Access-Control-Request-Method", "POST"}}};
}

std::string header(const Response& response, std::string_view name) {
  const auto* value = response.headers.find(name);
  return value == nullptr ? "(none)" : *value;
}

TEST(CorsPolicy, LetsEveryOriginInWithAStar) {
  const CorsPolicy policy{.origins = {{"*"}}};
  Response response{.status = 404};
  policy.apply(from("https://a.example"), response);
  EXPECT_EQ(header(response, "access-control-allow-origin"), "*");
  EXPECT_EQ(header(response, "access-control-allow-credentials"), "(none)");
  EXPECT_EQ(header(response, "vary"), "Origin");
}

TEST(CorsPolicy, EchoesAListedOriginOnly) {
  const CorsPolicy policy{.origins = {{"https://a.example", "https://b.example"}}};
  Response listed;
  policy.apply(from("https://b.example"), listed);
  EXPECT_EQ(header(listed, "access-control-allow-origin"), "https://b.example");
  for (const auto* origin :
       {"https://c.example", "https://b.example.evil", "http://b.example", "null"}) {
    Response other;
    policy.apply(from(origin), other);
    EXPECT_EQ(header(other, "access-control-allow-origin"), "(none)") << origin;
    EXPECT_EQ(header(other, "vary"), "Origin") << origin;
  }
}

TEST(CorsPolicy, AddsToAVaryThatIsThere) {
  Response response{.headers = {{"vary", "trpc-accept, accept"}}};
  CorsPolicy{}.apply(from("https://a.example"), response);
  EXPECT_EQ(header(response, "vary"), "trpc-accept, accept, Origin");
}

TEST(CorsPolicy, AnswersAPreflight) {
  const auto response =
      CorsPolicy{{{"*"}}}.preflight(preflight_from("https://a.example"), "content-type, x-one");
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 204);
  EXPECT_EQ(header(*response, "access-control-allow-origin"), "*");
  EXPECT_EQ(header(*response, "access-control-allow-methods"), "GET, POST");
  EXPECT_EQ(header(*response, "access-control-allow-headers"), "content-type, x-one");
  EXPECT_EQ(header(*response, "access-control-max-age"), "86400");
  EXPECT_EQ(header(*response, "vary"), "Origin");
}

TEST(CorsPolicy, AllowsNothingToAnUnlistedPreflight) {
  const CorsPolicy policy{.origins = {{"https://a.example"}}};
  const auto response = policy.preflight(preflight_from("https://c.example"), "x-one");
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 204);
  EXPECT_EQ(header(*response, "access-control-allow-origin"), "(none)");
  EXPECT_EQ(header(*response, "access-control-allow-methods"), "(none)");
}

TEST(CorsPolicy, LeavesOtherRequestsToTheHandler) {
  EXPECT_FALSE(CorsPolicy{}.preflight(from("https://a.example"), ""));
  EXPECT_FALSE(CorsPolicy{}.preflight({.method = "POST"}, ""));
}

}  // namespace
}  // namespace synap::net
