#include "api/session_cookie.h"

#include <gtest/gtest.h>

namespace synap::api {
namespace {

using net::Headers;

constexpr const char* kPublic = "https://pod.example/somewhere";

std::string token(const Headers& headers, std::string public_url = "") {
  const SessionCookie cookie("ab12", std::move(public_url));
  const auto shown = cookie.of(headers);
  return std::string(shown.token) + std::string(shown.page_half);
}

// What the pod's own page sends, and the browser with it.
Headers own(Headers more = {}) {
  Headers headers{
      {"Host", "127.0.0.1:4400"}, {"Cookie", "synap_ab12=one-"}, {"Synap-Page", "other"}};
  for (const auto& header : more) headers.add(header.name, header.value);
  return headers;
}

TEST(SessionCookie, CountsWithTheHalfThatThePageHas) {
  EXPECT_EQ(token(own({{"Origin", "http://127.0.0.1:4400"}})), "one-other");
  EXPECT_EQ(token(own({{"Sec-Fetch-Site", "same-origin"}})), "one-other");
  EXPECT_EQ(token(own()), "one-other") << "a GET by a page that came by plain http says no more";
  EXPECT_EQ(token({{"Host", "h"}, {"Cookie", "synap_ab12=one-"}}), "");
  EXPECT_EQ(token({{"Host", "h"}, {"Synap-Page", "other"}}), "");
}

TEST(SessionCookie, AnotherCookieOfItsNameDoesNotHideIt) {
  const SessionCookie cookie("ab12", "");
  Headers headers{{"Host", "h"},
                  {"Cookie", "synap_ab12=planted; a=b; synap_ab12=; synap_ab12=one-"},
                  {"Cookie", "synap_ab12=planted; synap_ab12=third"},
                  {"Synap-Page", "other"}};
  const auto shown = cookie.of(headers);
  EXPECT_EQ(shown.token, "planted");
  EXPECT_EQ(shown.others, (std::vector<std::string_view>{"one-", "third"}));
  std::string many = "synap_ab12=0";
  for (int i = 1; i < 100; ++i) many += "; synap_ab12=" + std::to_string(i);
  const Headers flood{{"Host", "h"}, {"Cookie", many}, {"Synap-Page", "other"}};
  EXPECT_EQ(cookie.of(flood).others.size(), Credential::kTokensMax - 1);
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
}

TEST(SessionCookie, ItsPageMayBeFoundAtThePublicUrl) {
  const Headers behind_proxy = own({{"Origin", "https://pod.example"}});
  EXPECT_EQ(token(behind_proxy, kPublic), "one-other");
  EXPECT_EQ(token(behind_proxy, "https://pod.example:443"), "one-other")
      << "browsers leave out the port that goes without saying";
  EXPECT_EQ(token(behind_proxy, "https://pod.example:8443"), "");
  EXPECT_EQ(token(behind_proxy), "");
  const Headers by_http{{"Host", "pod.example"},
                        {"Cookie", "synap_ab12=one-"},
                        {"Synap-Page", "other"},
                        {"Origin", "http://pod.example"}};
  EXPECT_EQ(token(by_http, kPublic), "") << "a page that came by http may be anybody's";
  EXPECT_EQ(token(by_http), "one-other");
}

TEST(SessionCookie, IsFoundAmongOthersByItsWholeName) {
  const auto among = [](std::string cookies) -> std::string {
    const Headers headers{{"Host", "h"}, {"Cookie", std::move(cookies)}};
    return std::string(SessionCookie("ab12", "").of(headers, "p").token);
  };
  EXPECT_EQ(among("a=1; synap_ab12=secret; b=2"), "secret");
  EXPECT_EQ(among("synap_ab12=secret"), "secret");
  EXPECT_EQ(among("synap_ab123=other; xsynap_ab12=other"), "");
  EXPECT_EQ(among("synap_ab12"), "");
  EXPECT_EQ(among("synap_ab12="), "");
  EXPECT_EQ(among(";;; ;synap_ab12=s=s;"), "s=s");
  EXPECT_EQ(
      token({{"Host", "h"}, {"Synap-Page", "p"}, {"Cookie", "a=1"}, {"Cookie", "synap_ab12=x"}}),
      "xp");
}

TEST(SessionCookie, IsOutOfReachOfScriptsAndOtherSites) {
  const SessionCookie cookie("ab12", "");
  EXPECT_EQ(cookie.set("secret", std::chrono::hours(1)),
            "synap_ab12=secret; Path=/; HttpOnly; SameSite=Strict; Max-Age=3600");
  EXPECT_EQ(cookie.clear(), "synap_ab12=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
  EXPECT_TRUE(SessionCookie("ab12", kPublic).set("s", std::chrono::hours(1)).ends_with("; Secure"));
}

TEST(SessionCookie, AKeyComesBeforeIt) {
  const SessionCookie cookie("ab12", "");
  auto headers = own({{"Authorization", "Bearer synap_k"}});
  EXPECT_EQ(credential_of({.headers = headers}, cookie).token, "synap_k");
  EXPECT_EQ(credential_of({.headers = headers}, cookie).kind, KeyKind::kKey);
  headers = own();
  EXPECT_EQ(credential_of({.headers = headers}, cookie).kind, KeyKind::kSession);
  EXPECT_EQ(credential_of({.headers = headers}, SessionCookie()).token, "");
}

TEST(SessionCookie, OfAWebSocketThePagesHalfIsAConnectionParameter) {
  const SessionCookie cookie("ab12", "");
  const Headers headers{{"Host", "h"}, {"Origin", "http://h"}, {"Cookie", "synap_ab12=one-"}};
  const auto shown = [&](Json params) {
    // What is shown is good for as long as the origin.
    const rpc::Origin origin{.headers = headers, .connection_params = std::move(params)};
    return std::string(credential_of(origin, cookie).token);
  };
  EXPECT_EQ(shown(Json::object({{"page", "other"}})), "one-");
  EXPECT_EQ(shown(Json::object({{"page", 1}})), "");
  EXPECT_EQ(shown(Json::object({{"token", "synap_k"}, {"page", "other"}})), "synap_k");
}

}  // namespace
}  // namespace synap::api
