#include "content/store.h"

#include <gtest/gtest.h>

namespace synap::content {
namespace {

const std::string kLongest(128, 'x');

const std::string kBadParts[] = {
    "",
    ".",
    "..",
    "../..",
    "a/b",
    "/",
    "/etc",
    "a\\b",
    "%2e%2e",
    "%2f",
    "a b",
    "a\n",
    "~",
    "a.b",
    "\xc3\xa9",
    "\xe2\x80\xae",
    std::string("a\0b", 3),
    std::string(1, '\0'),
    kLongest + "x",
    "a:b",
    "*",
    "$HOME",
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

TEST(ContentKey, OfALaterVersionHasPartsThatCannotClimb) {
  for (const auto& bad : kBadParts) {
    EXPECT_FALSE(ContentKey::make_version(bad, "note", "id", "request", "md")) << bad;
    EXPECT_FALSE(ContentKey::make_version("ann", bad, "id", "request", "md")) << bad;
    EXPECT_FALSE(ContentKey::make_version("ann", "note", bad, "request", "md")) << bad;
    EXPECT_FALSE(ContentKey::make_version("ann", "note", "id", bad, "md")) << bad;
    EXPECT_FALSE(ContentKey::make_version("ann", "note", "id", "request", bad)) << bad;
  }
}

TEST(ContentKey, IsNoLongerThanAFilesystemTakes) {
  const std::string longest_of_two(126, 'x');
  EXPECT_TRUE(ContentKey::make("ann", "note", longest_of_two, kLongest));
  EXPECT_FALSE(ContentKey::make("ann", "note", kLongest, kLongest));
  EXPECT_FALSE(ContentKey::make_version("ann", "note", kLongest, longest_of_two, "md"));
}

TEST(ContentKey, ParseIsTheInverseOfPath) {
  const auto first = ContentKey::make("ann", "note", "id-1", "md");
  EXPECT_EQ(first->path(), "ann/note/id-1.md");
  const auto later = ContentKey::make_version("ann", "note", "id-1", "request-2", "md");
  EXPECT_EQ(later->path(), "ann/note/id-1.request-2.md");
  for (const auto& key : {*first, *later}) {
    const auto parsed = ContentKey::parse(key.path());
    ASSERT_TRUE(parsed) << key.path();
    EXPECT_EQ(parsed->path(), key.path());
    EXPECT_EQ(parsed->user_id(), "ann");
    EXPECT_EQ(parsed->entity_type(), "note");
    EXPECT_EQ(parsed->entity_id(), "id-1");
    EXPECT_EQ(parsed->request_id(), key.request_id());
    EXPECT_EQ(parsed->extension(), "md");
  }
  EXPECT_EQ(first->request_id(), std::nullopt);
  EXPECT_EQ(later->request_id(), "request-2");
}

TEST(ContentKey, ParseRefusesWhatMakeWould) {
  for (const char* path : {"",           "/",         "//",           "///",       "a",
                           "a/b",        "a/b/c",     "a/b/.md",      "a/b/c.",    "a/b/c..md",
                           "a/b/.c.md",  "a/b/c.d.",  "a/b/c.d.e.md", "a.b/c/d",   "a/b.c/d",
                           "a/b/c/d.md", "/a/b/c.md", "../b/c.md",    "a/../c.md", "a/b/../../c.md",
                           "a/b/..",     "a/b/...",   "a//c.md",      "a/b/c.md/", "a/b/%2e%2e.md",
                           "./a/b.md"}) {
    const auto refused = ContentKey::parse(path);
    ASSERT_FALSE(refused) << path;
    EXPECT_EQ(refused.error().code, Code::kBadRequest);
  }
}

}  // namespace
}  // namespace synap::content
