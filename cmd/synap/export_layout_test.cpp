#include "synap/export_layout.h"

#include <gtest/gtest.h>

namespace synap::cli {
namespace {

Json note_of(std::string_view path) {
  return Json::object({{"title", "A: title"}, {"origin", Json::object({{"path", path}})}});
}

ExportLayout layout_of(std::initializer_list<std::string_view> paths) {
  ExportLayout layout;
  for (const auto path : paths) layout.add(path);
  layout.settle();
  return layout;
}

TEST(ExportLayoutTest, TakesOffWhatAllHaveInCommon) {
  const auto layout = layout_of({"/ho/ann/vault/a.md", "/ho/ann/vault/sub/deep/b.markdown"});
  EXPECT_EQ(layout.name_of(note_of("/ho/ann/vault/a.md")), "a");
  EXPECT_EQ(layout.name_of(note_of("/ho/ann/vault/sub/deep/b.markdown")), "sub/deep/b");
  EXPECT_EQ(layout.name_of(Json::object({{"title", "A: title"}})), "A title");
  // Come since the others were counted.
  EXPECT_EQ(layout.name_of(note_of("/ho/ann/new/c.md")), "new/c");
  EXPECT_EQ(layout.name_of(note_of("/srv/c.md")), "srv/c");
}

TEST(ExportLayoutTest, GivesEachOfSeveralPlacesADirectory) {
  const auto layout =
      layout_of({"/ho/ann/vault/x/a.md", "/ho/ann/vault/b.md", "/srv/old/vault/c.md", "/top.md"});
  EXPECT_EQ(layout.name_of(note_of("/ho/ann/vault/x/a.md")), "vault/x/a");
  EXPECT_EQ(layout.name_of(note_of("/ho/ann/vault/b.md")), "vault/b");
  EXPECT_EQ(layout.name_of(note_of("/srv/old/vault/c.md")), "vault 2/c");
  EXPECT_EQ(layout.name_of(note_of("/top.md")), "top");
}

TEST(ExportLayoutTest, StaysBelowItsDirectory) {
  const auto layout = layout_of({"/v/a.md", "/v/../../etc/passwd.md", "/v//./-rf/.x.md"});
  EXPECT_EQ(layout.name_of(note_of("/v/../../etc/passwd.md")), "Untitled/Untitled/etc/passwd");
  EXPECT_EQ(layout.name_of(note_of("/v//./-rf/.x.md")), "Untitled/_-rf/x");
  std::string deep = "/v";
  for (int i = 0; i < 1'000; ++i) deep += "/d";
  EXPECT_EQ(layout.name_of(note_of(deep + "/a.md")).size(), 2u * 32 + 1);
}

}  // namespace
}  // namespace synap::cli
