#include "api/static_file.h"

#include <gtest/gtest.h>

#include "base/executor.h"
#include "base/task.h"

namespace synap::api {
namespace {

TEST(StaticFile, IsGivenOnceToWhoeverKeepsItsTag) {
  ThreadExecutor executor{"test"};
  StaticFile file("some bytes", "text/plain");
  const auto ask = [&](std::string method, net::Headers headers) {
    const net::Request request{.method = std::move(method), .headers = std::move(headers)};
    return sync_wait(executor, file.serve(request));
  };
  const auto first = ask("GET", {});
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.body.view(), "some bytes");
  EXPECT_EQ(*first.headers.find("content-type"), "text/plain");
  const std::string tag = *first.headers.find("etag");
  EXPECT_EQ(ask("GET", {{"if-none-match", "\"x\", " + tag}}).status, 304);
  EXPECT_EQ(ask("GET", {{"if-none-match", "\"x\""}}).status, 200);
  EXPECT_EQ(ask("HEAD", {}).status, 200);
  const auto refused = ask("DELETE", {});
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(*refused.headers.find("allow"), "GET, HEAD");
}

}  // namespace
}  // namespace synap::api
