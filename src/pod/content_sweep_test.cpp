#include "pod/content_sweep.h"

#include <gtest/gtest.h>

#include "base/test_support.h"
#include "content/local/local_store.h"
#include "db/sqlite/sqlite_database.h"
#include "events/sqlite/sqlite_event_log.h"
#include "events/types.h"

namespace synap::pod {
namespace {

using content::ContentKey;
using std::chrono::minutes;

class ContentSweepTest : public testing::Test {
 protected:
  ContentSweepTest() {
    database = std::move(*db::sqlite::SqliteDatabase::open({.path = directory.path() + "/db"}));
    SYNAP_CHECK(database->migrate(events::sqlite::SqliteEventLog::migrations()).has_value());
    log = std::move(*events::sqlite::SqliteEventLog::open(*database));
    store = std::move(*content::LocalStore::open(directory.path() + "/content"));
    types.add("note.creation.requested", Schema(object("Nothing")), "");
    restart();
  }

  // What a sweep remembers ends with its process.
  void restart() { sweep = std::make_unique<ContentSweep>(*database, *log, *store); }

  std::string put(const Uuid& entity, const std::optional<Uuid>& request = {}) {
    auto key = request ? ContentKey::make_version("ann", "note", entity.to_string(),
                                                  request->to_string(), "md")
                       : ContentKey::make("ann", "note", entity.to_string(), "md");
    SYNAP_CHECK(sync_wait(executor, store->put(*key, "text")).has_value());
    return key->path();
  }
  void append(const Uuid& entity, const Uuid& request, std::optional<Uuid> cause = {}) {
    events::Envelope envelope;
    envelope.user_id = "ann";
    envelope.aggregate_id = entity;
    envelope.aggregate_type = "note";
    envelope.correlation_id = cause.value_or(request);
    envelope.request_id = request;
    auto event = types.make("note.creation.requested", "{}", std::move(envelope));
    SYNAP_CHECK(sync_wait(executor, log->append({.events = {*event}})).has_value());
  }
  // A round, and a removal of what is due by then.
  int removed_at(minutes since_start) {
    const auto now = SteadyClock::time_point(since_start);
    for (bool is_over = false; !is_over;) {
      const auto looked = sync_wait(executor, sweep->look(now));
      SYNAP_CHECK(looked.has_value());
      is_over = *looked;
    }
    const auto removed = sync_wait(executor, sweep->remove(now));
    SYNAP_CHECK(removed.has_value());
    return *removed;
  }
  std::vector<std::string> names() {
    std::vector<std::string> paths;
    for (const auto& item : sync_wait(executor, store->list({}))->items) paths.push_back(item.path);
    return paths;
  }

  test::TempDirectory directory;
  ThreadExecutor executor{"test"};
  events::EventTypes types;
  std::unique_ptr<db::sqlite::SqliteDatabase> database;
  std::unique_ptr<events::sqlite::SqliteEventLog> log;
  std::unique_ptr<content::LocalStore> store;
  std::unique_ptr<ContentSweep> sweep;
};

TEST_F(ContentSweepTest, WhatNoEventMentionsGoesAfterAnHour) {
  const auto note = Uuid::v7();
  const auto first = Uuid::v7();
  const auto kept = put(note);
  append(note, first);
  put(note, Uuid::v7());  // of a request that never reached the log
  put(Uuid::v7());        // of a note that never reached it
  EXPECT_EQ(removed_at(minutes(0)), 0);
  EXPECT_EQ(removed_at(minutes(59)), 0);
  EXPECT_EQ(names().size(), 3U);
  EXPECT_EQ(removed_at(minutes(60)), 2);
  EXPECT_EQ(names(), std::vector<std::string>{kept});
}

TEST_F(ContentSweepTest, ACommandThatIsUnderWayKeepsItsContent) {
  const auto note = Uuid::v7();
  put(note);
  EXPECT_EQ(removed_at(minutes(0)), 0);
  append(note, Uuid::v7());
  EXPECT_EQ(removed_at(minutes(60)), 0);
  EXPECT_EQ(removed_at(minutes(180)), 0);
  EXPECT_EQ(names().size(), 1U);
}

// A command that was given because of an event shares that one's correlation.
TEST_F(ContentSweepTest, ACommandThatHasACauseKeepsItsContent) {
  const auto note = Uuid::v7();
  const auto request = Uuid::v7();
  put(note, request);
  append(note, request, Uuid::v7());
  EXPECT_EQ(removed_at(minutes(0)), 0);
  EXPECT_EQ(removed_at(minutes(60)), 0);
  EXPECT_EQ(names().size(), 1U);
}

TEST_F(ContentSweepTest, AnHourIsOneOfThisProcess) {
  put(Uuid::v7());
  EXPECT_EQ(removed_at(minutes(0)), 0);
  restart();
  EXPECT_EQ(removed_at(minutes(60)), 0);
  EXPECT_EQ(removed_at(minutes(120)), 1);
}

TEST_F(ContentSweepTest, NamesThatNoPodMakesStay) {
  const auto key = ContentKey::make("ann", "letter", "from-grandma", "txt");
  ASSERT_TRUE(sync_wait(executor, store->put(*key, "dear")));
  EXPECT_EQ(removed_at(minutes(0)), 0);
  EXPECT_EQ(removed_at(minutes(60)), 0);
  EXPECT_EQ(names(), std::vector<std::string>{key->path()});
}

// What is found is asked about again by its name: no second look at all of them is needed.
TEST_F(ContentSweepTest, RemovesWithoutLookingAgain) {
  for (int i = 0; i < 20; ++i) put(Uuid::v7());
  EXPECT_EQ(removed_at(minutes(0)), 0);
  EXPECT_EQ(*sync_wait(executor, sweep->remove(SteadyClock::time_point(minutes(60)))), 20);
  EXPECT_TRUE(names().empty());
}

}  // namespace
}  // namespace synap::pod
