#include "content/store.h"

#include <gtest/gtest.h>

namespace synap::content {
namespace {

const std::string kLongest(128, 'x');

const std::string kBadParts[] = {
    "",         ".",        "..",      "../..",   "a/b",        "/",           "/etc",
    "a\\b",     "%2e%2e",   "%2f",     "a b",     "a\n",        "~",           "a.b",
    "\xc3\xa9", "\xe2\x80\xae", std::string("a\0b", 3), std::string(1, '\0'),  kLongest + "x",
    "a:b",      "*",        "$HOME",
};

TEST(ContentKey, HasPartsThatCannotClimb) {
  for (const auto& bad : kBadParts) {
    EXPECT_FALSE(ContentKey::make(bad, "note", "id", "md")) << bad;
    EXPECT_FALSE(ContentKey::make("ann", bad, "id", "md")) << bad;
    EXPECT_FALSE(ContentKey::make("ann", "note", bad, "md")) << bad;
    const auto refused = ContentKey::make("ann", "note", "id", bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().code, Code::kBadRequest);
  }
  EXPECT_TRUE(ContentKey::make(kLongest, "A-Z_a-z", "0-9", "md"));
}

TEST(ContentKey, ParseIsTheInverseOfPath) {
  const auto key = ContentKey::make("ann", "note", "id-1", "md");
  EXPECT_EQ(key->path(), "ann/note/id-1.md");
  EXPECT_EQ(ContentKey::parse(key->path())->path(), key->path());
}

TEST(ContentKey, ParseRefusesWhatMakeWould) {
  for (const char* path :
       {"", "/", "//", "///", "a", "a/b", "a/b/c", "a/b/.md", "a/b/c.", "a.b/c/d", "a/b.c/d",
        "a/b/c/d.md", "/a/b/c.md", "../b/c.md", "a/../c.md", "a/b/../../c.md", "a/b/..", "a/b/...",
        "a//c.md", "a/b/c.tar.gz", "a/b/c.md/", "a/b/%2e%2e.md", "./a/b.md"}) {
    const auto refused = ContentKey::parse(path);
    ASSERT_FALSE(refused) << path;
    EXPECT_EQ(refused.error().code, Code::kBadRequest);
  }
}

}  // namespace
}  // namespace synap::content
