#include "outbound/url.h"

#include <gtest/gtest.h>

namespace synap::outbound {
namespace {

TEST(Url, IsTakenApart) {
  const auto url = parse_url("HTTPS://Example.ORG./a%20b?q=1");
  ASSERT_TRUE(url) << url.error().message;
  EXPECT_TRUE(url->is_https);
  EXPECT_EQ(url->host, "example.org");
  EXPECT_EQ(url->port, 443);
  EXPECT_EQ(url->origin(), "https://example.org:443");
  EXPECT_EQ(parse_url("http://[::1]:81/")->origin(), "http://[::1]:81");
}

TEST(Url, ShowsNoPasswordInItsOrigin) {
  const auto url = parse_url("http://me:secret@example.org/path?key=secret");
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->has_user);
  EXPECT_EQ(url->origin(), "http://example.org:80");
}

TEST(Url, OfAnotherSchemeIsRefused) {
  for (const std::string text :
       {"file:///etc/passwd", "ftp://example.org/", "gopher://127.0.0.1:70/", "dict://127.0.0.1/",
        "javascript:alert(1)", "example.org", "", "/path", "http://", "http://exa mple.org/",
        "http://example.org:99999/"}) {
    const auto url = parse_url(text);
    ASSERT_FALSE(url) << text << " became " << url->text;
    EXPECT_EQ(url.error().code, Code::kBadRequest) << text;
  }
  EXPECT_FALSE(parse_url(std::string("http://example.org\0.evil/", 25)));
}

TEST(Url, OfARedirectMayBeRelative) {
  const auto base = *parse_url("https://example.org/a/b?q=1");
  EXPECT_EQ(resolve_url(base, "c")->text, "https://example.org/a/c");
  EXPECT_EQ(resolve_url(base, "/c d")->text, "https://example.org/c%20d");
  EXPECT_EQ(resolve_url(base, "//other.org/x")->origin(), "https://other.org:443");
  EXPECT_EQ(resolve_url(base, "http://other.org/")->origin(), "http://other.org:80");
  EXPECT_FALSE(resolve_url(base, "file:///etc/passwd"));
}

}  // namespace
}  // namespace synap::outbound
