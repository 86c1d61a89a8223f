#include "inngest/endpoints/http_request.h"

#include <gtest/gtest.h>

namespace synap::inngest {
namespace {

Json data(std::string_view key = {}, std::string_view value = {}) {
  Json made = Json::object({{"domain", "https://shop.example:8443"},
                            {"method", "POST"},
                            {"path", "/buy"},
                            {"query_params", "book=7"},
                            {"body", "{}"}});
  if (!key.empty()) made.set(key, value);
  return made;
}

TEST(HttpRequest, IsReadAndCanBeMadeAgain) {
  const auto request = HttpRequest::read(data());
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->url(), "https://shop.example:8443/buy?book=7");
  EXPECT_EQ(request->name(), "POST /buy");
  EXPECT_EQ(HttpRequest::read(data("fn", "buy"))->name(), "buy");
  EXPECT_EQ(HttpRequest::read(data("query_params", ""))->url(), "https://shop.example:8443/buy");
}

TEST(HttpRequest, ThatLeadsElsewhereIsRefused) {
  EXPECT_FALSE(HttpRequest::read(Json("text")));
  for (const auto& [key, value] : std::initializer_list<std::pair<const char*, const char*>>{
           {"domain", ""},
           {"domain", "ftp://shop.example"},
           {"domain", "https://shop.example/else"},
           {"domain", "https://shop.example?else"},
           {"domain", "https://ann:word@shop.example"},
           {"domain", "https://shop.example#"},
           {"domain", "https://shop.example\r\nx: y"},
           {"method", "post"},
           {"method", "CONNECT"},
           {"path", ""},
           {"path", "@evil.example/"},
           {"path", ".evil.example/"},
           {"path", "/a b"},
           {"path", "/a?b"},
           {"query_params", "a#b"},
           {"content_type", "text/plain\r\nx: y"}}) {
    EXPECT_FALSE(HttpRequest::read(data(key, value))) << key << " " << value;
  }
}

}  // namespace
}  // namespace synap::inngest
