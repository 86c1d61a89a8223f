#include "api/session_cookie.h"

#include <gtest/gtest.h>

namespace synap::api {
namespace {

using net::Headers;

constexpr const char* kPublic = "https://pod.example/somewhere";

std::string token(const Headers& headers, std::string_view method = "GET",
                  std::string public_url = "") {
  const SessionCookie cookie("ab12", std::move(public_url));
  return std::string(cookie.of(headers, method).token);
}

Headers own(Headers more = {}) {
  Headers headers{{"Host", "127.0.0.1:4400"}, {"Cookie", "synap_ab12=secret"}};
  for (const auto& header : more) headers.add(header.name, header.value);
  return headers;
}

TEST(SessionCookie, CountsOnAPageOfThePodsOwn) {
  EXPECT_EQ(token(own({{"Origin", "http://127.0.0.1:4400"}})), "secret");
  EXPECT_EQ(token(own({{"Sec-Fetch-Site", "same-origin"}})), "secret");
}

TEST(SessionCookie, DoesNotCountForOtherPages) {
  for (const char* origin :
       {"http://127.0.0.1:3000", "http://localhost:4400", "https://127.0.0.1:4400",
        "http://evil.example", "http://127.0.0.1:4400.evil.example", "null", ""}) {
    EXPECT_EQ(token(own({{"Origin", origin}})), "") << origin;
  }
  for (const char* site : {"same-site", "cross-site", "none", ""}) {
    EXPECT_EQ(token(own({{"Sec-Fetch-Site", site}})), "") << site;
  }
  EXPECT_EQ(token(own({{"Origin", "http://evil.example"}, {"Sec-Fetch-Site", "same-origin"}})), "");
  EXPECT_EQ(token(own()), "") << "no browser says so little";
}

TEST(SessionCookie, CountsForMoreThanReadingOnlyWithThePagesHeader) {
  const Headers plain = own({{"Origin", "http://127.0.0.1:4400"}});
  const Headers marked = own({{"Origin", "http://127.0.0.1:4400"}, {"Synap-Page", "1"}});
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH"}) {
    EXPECT_EQ(token(plain, method), "") << method;
    EXPECT_EQ(token(marked, method), "secret") << method;
  }
}

TEST(SessionCookie, ItsPageMayBeFoundAtThePublicUrl) {
  const Headers behind_proxy = own({{"Origin", "https://pod.example"}});
  EXPECT_EQ(token(behind_proxy, "GET", kPublic), "secret");
  EXPECT_EQ(token(behind_proxy), "");
  const Headers by_http{
      {"Host", "pod.example"}, {"Cookie", "synap_ab12=secret"}, {"Origin", "http://pod.example"}};
  EXPECT_EQ(token(by_http, "GET", kPublic), "") << "a page that came by http may be anybody's";
  EXPECT_EQ(token(by_http), "secret");
}

TEST(SessionCookie, IsFoundAmongOthersByItsWholeName) {
  const auto among = [](std::string cookies) {
    return token({{"Host", "h"}, {"Origin", "http://h"}, {"Cookie", std::move(cookies)}});
  };
  EXPECT_EQ(among("a=1; synap_ab12=secret; b=2"), "secret");
  EXPECT_EQ(among("synap_ab12=secret"), "secret");
  EXPECT_EQ(among("synap_ab123=other; xsynap_ab12=other"), "");
  EXPECT_EQ(among("synap_ab12"), "");
  EXPECT_EQ(among("synap_ab12="), "");
  EXPECT_EQ(among(";;; ;synap_ab12=s=s;"), "s=s");
  EXPECT_EQ(
      token({{"Host", "h"}, {"Origin", "http://h"}, {"Cookie", "a=1"}, {"Cookie", "synap_ab12=x"}}),
      "x");
}

TEST(SessionCookie, IsOutOfReachOfScriptsAndOtherSites) {
  const SessionCookie cookie("ab12", "");
  EXPECT_EQ(cookie.set("secret", std::chrono::hours(1)),
            "synap_ab12=secret; Path=/; HttpOnly; SameSite=Strict; Max-Age=3600");
  EXPECT_EQ(cookie.clear(), "synap_ab12=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
  EXPECT_TRUE(SessionCookie("ab12", kPublic).set("s", std::chrono::hours(1)).ends_with("; Secure"));
}

TEST(SessionCookie, AKeyInAHeaderComesBeforeIt) {
  const SessionCookie cookie("ab12", "");
  auto headers = own({{"Origin", "http://127.0.0.1:4400"}, {"Authorization", "Bearer synap_k"}});
  const auto shown = credential_of({.headers = headers}, cookie);
  EXPECT_EQ(shown.token, "synap_k");
  EXPECT_EQ(shown.kind, KeyKind::kKey);
  headers = own({{"Origin", "http://127.0.0.1:4400"}});
  EXPECT_EQ(credential_of({.headers = headers}, cookie).kind, KeyKind::kSession);
  EXPECT_EQ(credential_of({.headers = headers}, SessionCookie()).token, "");
}

}  // namespace
}  // namespace synap::api
