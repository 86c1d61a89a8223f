#include "pod/content_place.h"

#include <gtest/gtest.h>

#include "base/test_support.h"
#include "content/local/local_store.h"
#include "db/sqlite/sqlite_database.h"

namespace synap::pod {
namespace {

class ContentPlaceTest : public testing::Test {
 protected:
  ContentPlaceTest() {
    database = std::move(*db::sqlite::SqliteDatabase::open({.path = directory.path() + "/db"}));
    auto migrations = content_place_migrations();
    migrations.push_back({"notes",
                          "CREATE TABLE notes_data(id TEXT PRIMARY KEY, version INTEGER, "
                          "file_path TEXT) STRICT;"});
    SYNAP_CHECK(database->migrate(migrations).has_value());
    here = std::move(*content::LocalStore::open(directory.path() + "/here"));
    there = std::move(*content::LocalStore::open(directory.path() + "/there"));
  }

  void make_note(const std::string& id) {
    const auto path = "ann/note/" + id + ".md";
    const auto insert = [&]() -> Task<Result<>> {
      co_return co_await database->write([&](db::Tx& tx) {
        tx.run("INSERT INTO notes_data(id, version, file_path) VALUES ($1, 1, $2)", id, path);
      });
    };
    const auto made = sync_wait(executor, insert());
    SYNAP_CHECK(made.has_value());
    put(*here, id);
  }
  void put(content::ContentStore& store, const std::string& id) {
    auto key = content::ContentKey::make("ann", "note", id, "md");
    SYNAP_CHECK(sync_wait(executor, store.put(*key, "text")).has_value());
  }
  void remove(content::ContentStore& store, const std::string& id) {
    auto key = content::ContentKey::make("ann", "note", id, "md");
    SYNAP_CHECK(sync_wait(executor, store.remove(*key)).has_value());
  }
  Result<> enter(content::ContentStore& store, const std::string& place) {
    return sync_wait(executor, enter_content_place(*database, store, place));
  }

  test::TempDirectory directory;
  ThreadExecutor executor{"test"};
  std::unique_ptr<db::Database> database;
  std::unique_ptr<content::ContentStore> here;
  std::unique_ptr<content::ContentStore> there;
};

TEST_F(ContentPlaceTest, APodWithoutTextsMayHaveThemAnywhere) {
  EXPECT_TRUE(enter(*here, "here"));
  EXPECT_TRUE(enter(*there, "there"));
}

TEST_F(ContentPlaceTest, RefusesAPlaceThatTextsAreNotIn) {
  ASSERT_TRUE(enter(*here, "here"));
  make_note("a");
  const auto refused = enter(*there, "there");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kPreconditionFailed);
  EXPECT_NE(refused.error().message.find("in here."), std::string::npos) << refused.error().message;
  EXPECT_NE(refused.error().message.find("ann/note/a.md"), std::string::npos);
  EXPECT_TRUE(enter(*here, "here")) << "nothing has changed";
}

TEST_F(ContentPlaceTest, TakesAPlaceThatTextsWereCopiedTo) {
  ASSERT_TRUE(enter(*here, "here"));
  for (const auto* id : {"a", "b"}) make_note(id);
  put(*there, "a");
  EXPECT_FALSE(enter(*there, "there")) << "a copy that was broken off";
  put(*there, "b");
  EXPECT_TRUE(enter(*there, "there"));
  remove(*here, "b");
  EXPECT_FALSE(enter(*here, "here")) << "by now it is there";
}

// Pods were made before it was remembered, and all of them had theirs in the data directory.
TEST_F(ContentPlaceTest, TakesAPodThatHasNeverSaidWhere) {
  make_note("a");
  remove(*here, "a");
  EXPECT_TRUE(enter(*here, std::string(kFirstContentPlace)));
  EXPECT_FALSE(enter(*there, "there"));
}

// Each text that is missing is told by itself; the others can be read.
TEST_F(ContentPlaceTest, StartsWhereATextWasRemovedByHand) {
  ASSERT_TRUE(enter(*here, "here"));
  make_note("a");
  remove(*here, "a");
  EXPECT_TRUE(enter(*here, "here"));
}

}  // namespace
}  // namespace synap::pod
