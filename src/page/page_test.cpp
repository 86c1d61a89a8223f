#include "page/page.h"

#include <gtest/gtest.h>

#include "base/test_support.h"

namespace synap::page {
namespace {

constexpr File kFiles[] = {
    {.name = "index.html",
     .type = "text/html; charset=utf-8",
     .etag = "\"i\"",
     .plain = "<html>",
     .gzip = "gz",
     .brotli = "br"},
    {.name = "app-1.js",
     .type = "text/javascript; charset=utf-8",
     .etag = "\"a\"",
     .is_kept = true,
     .plain = "1"},
};

class PageTest : public testing::Test {
 protected:
  net::Response ask(std::string path, net::Headers headers = {}, std::string method = "GET") {
    net::Request head{.method = std::move(method), .path = std::move(path)};
    head.headers = std::move(headers);
    return sync_wait(executor_, page_.serve(head));
  }
  static std::string header(const net::Response& response, std::string_view name) {
    const auto* value = response.headers.find(name);
    return value == nullptr ? "" : *value;
  }

  ThreadExecutor executor_{"test"};
  Page page_{{std::begin(kFiles), std::end(kFiles)},
             [](const Error& error) {
               net::Response response{.status = info(error.code).http_status};
               response.body = error.message;
               return response;
             },
             [] { return Error{Code::kNotFound, "there is /trpc"}; }};
};

TEST_F(PageTest, ShowsTheIndexForEveryPathThatABrowserAsksForAsAPage) {
  for (const char* path : {"/", "/notes", "/notes/01980000-0000-7000-8000-000000000002", "/x.y"}) {
    const auto response = ask(path, {{"Accept", "text/html,application/xhtml+xml;q=0.9"}});
    EXPECT_EQ(response.status, 200) << path;
    EXPECT_EQ(response.body.view(), "<html>") << path;
  }
  EXPECT_EQ(ask("/").body.view(), "<html>");
}

TEST_F(PageTest, ProgramsAreToldThatNothingIsThere) {
  for (const auto* accept : {"*/*", "application/json", ""}) {
    EXPECT_EQ(ask("/notes", {{"Accept", accept}}).status, 404) << accept;
  }
  EXPECT_EQ(ask("/app-2.js", {{"Accept", "*/*"}}).status, 404) << "not the page as a script";
  EXPECT_EQ(ask("/app-2.js").body.view(), "there is /trpc");
}

TEST_F(PageTest, ItsFilesAreKeptForEverAndItsIndexIsAskedForAgain) {
  EXPECT_EQ(header(ask("/app-1.js"), "cache-control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(header(ask("/"), "cache-control"), "no-cache");
  EXPECT_EQ(header(ask("/app-1.js"), "content-type"), "text/javascript; charset=utf-8");
}

TEST_F(PageTest, WhatTheBrowserHasIsNotSentAgain) {
  for (const char* known : {"\"i\"", "W/\"x\", \"i\"", "W/\"i\""}) {
    const auto response = ask("/", {{"If-None-Match", known}});
    EXPECT_EQ(response.status, 304);
    EXPECT_EQ(response.body.size(), 0u);
    EXPECT_EQ(header(response, "etag"), "\"i\"");
    EXPECT_EQ(header(response, "vary"), "accept-encoding");
  }
  // Other bytes have another tag.
  EXPECT_EQ(header(ask("/", {{"Accept-Encoding", "br"}}), "etag"), "\"i-br\"");
  const auto as_br = [&](std::string known) {
    return ask("/", {{"Accept-Encoding", "br"}, {"If-None-Match", std::move(known)}}).status;
  };
  EXPECT_EQ(as_br("\"i\""), 200);
  EXPECT_EQ(as_br("\"i-br\""), 304);
  EXPECT_EQ(ask("/", {{"If-None-Match", "\"old\""}}).status, 200);
  EXPECT_EQ(ask("/", {{"If-None-Match", "*"}}).status, 304);
}

TEST_F(PageTest, IsSentAsSmallAsTheBrowserTakesIt) {
  const auto encoding = [&](std::string accepted) {
    const auto response = ask("/", {{"Accept-Encoding", std::move(accepted)}});
    EXPECT_EQ(header(response, "vary"), "accept-encoding");
    return header(response, "content-encoding") + ":" + std::string(response.body.view());
  };
  EXPECT_EQ(encoding("gzip, deflate, br, zstd"), "br:br");
  EXPECT_EQ(encoding("gzip"), "gzip:gz");
  EXPECT_EQ(encoding("br;q=0, gzip;q=0.5"), "gzip:gz");
  EXPECT_EQ(encoding("br;q=0.000, gzip;q=0"), ":<html>");
  EXPECT_EQ(encoding("brx"), ":<html>");
  EXPECT_EQ(encoding(""), ":<html>");
  EXPECT_EQ(header(ask("/app-1.js", {{"Accept-Encoding", "br"}}), "content-encoding"), "");
}

TEST_F(PageTest, LetsNothingInThatIsNotThePodsOwn) {
  for (const char* path : {"/", "/app-1.js"}) {
    const auto policy = header(ask(path), "content-security-policy");
    EXPECT_NE(policy.find("default-src 'none'"), std::string::npos);
    EXPECT_NE(policy.find("frame-ancestors 'none'"), std::string::npos);
    EXPECT_EQ(policy.find("unsafe"), std::string::npos);
    EXPECT_EQ(header(ask(path), "x-content-type-options"), "nosniff");
  }
}

TEST_F(PageTest, IsOnlyRead) {
  const auto refused = ask("/", {}, "POST");
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(header(refused, "allow"), "GET, HEAD");
}

TEST_F(PageTest, AProgramWithoutAPageSaysSo) {
  Page none(
      {}, [](const Error& error) { return net::Response{.status = info(error.code).http_status}; },
      [] { return Error{Code::kNotFound, ""}; });
  net::Request head{.method = "GET", .path = "/"};
  head.headers.add("accept", "text/html");
  EXPECT_EQ(sync_wait(executor_, none.serve(head)).status, 404);
}

}  // namespace
}  // namespace synap::page
