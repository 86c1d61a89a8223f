#include "pod/engine_move.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "pod/features.h"
#include "pod/pod_on_postgres.h"
#include "pod/store.h"

namespace synap::pod {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class EngineMoveTest : public PodOnPostgres {
 protected:
  EngineMoveTest() { embedded.database.clear(); }

  Result<MovedEngine> move(bool is_to_server) {
    pod.reset();
    return move_engine({.pod = embedded, .url = place.url(), .is_to_server = is_to_server});
  }
  void make_task(std::string_view title) {
    const auto made =
        call("POST", "/trpc/tasks.create", R"({"title":")" + std::string(title) + R"("})");
    EXPECT_EQ(made.string_or("status", ""), "completed") << made.dump();
  }
  std::int64_t tasks() { return call("GET", "/trpc/tasks.list").find("total")->as_integer(); }
  Json head() { return call("GET", "/trpc/events.head"); }
  /// Of the database on the server.
  void write(const std::string& sql) {
    auto database = open_database({.url = place.url()}, migrations_behind_log());
    ASSERT_TRUE(database);
    ASSERT_TRUE(
        test::run(executor, [&] { return (*database)->write([&](db::Tx& tx) { tx.run(sql); }); }));
  }
  std::int64_t parts_of_log() {
    db::postgres::Connection connection({.url = place.url()});
    EXPECT_FALSE(connection.connect());
    connection.begin_closure();
    auto rows =
        connection.query("SELECT count(*) FROM pg_inherits WHERE inhparent = 'events'::regclass");
    return rows.next() ? rows.integer(0) : 0;
  }
  bool has(std::string_view name) const {
    return std::filesystem::exists(embedded.data + "/" + std::string(name));
  }

  PodOptions embedded = options();
  ThreadExecutor executor{"test"};
};

TEST_F(EngineMoveTest, APodGoesOnOnTheOtherEngineAndBack) {
  embedded.log_part_events = 4;
  start(embedded);
  make_note();
  make_task("here");
  const auto before = head();
  const auto there = move(true);
  ASSERT_TRUE(there) << there.error().message;
  EXPECT_GT(parts_of_log(), 1);
  EXPECT_EQ(there->events, before.find("position")->as_integer());
  EXPECT_EQ(there->head, before.string_or("hash", ""));
  EXPECT_GT(there->projections, 5);
  EXPECT_THAT(there->different, IsEmpty());
  EXPECT_TRUE(has("synap.db.left") && has("pod.id") && !has("synap.db"));

  start();
  EXPECT_EQ(head().dump(), before.dump());
  EXPECT_EQ(notes(), 1);
  make_note();
  make_task("there");
  const auto later = head();
  const auto back = move(false);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_THAT(back->different, IsEmpty());
  EXPECT_TRUE(has("synap.db") && !has("pod.id") && !has("synap.db.part"));

  start(embedded);
  EXPECT_EQ(head().dump(), later.dump());
  make_note();
  EXPECT_EQ(notes(), 3);
  EXPECT_EQ(tasks(), 2);
  EXPECT_THAT(refusal(options("other")).message, HasSubstr("The pod has left this database"));
}

// Texts that PostgreSQL cannot store as they are, and an event whose data were erased.
TEST_F(EngineMoveTest, WhatIsUnusualIsTheSameThere) {
  start(embedded);
  make_task(R"(a\u0000b \ufffe0 \ud83d\ude00)");
  make_task("gone");
  const auto last = head().find("position")->as_integer();
  pod.reset();
  {
    auto database = open_database({.file = embedded.data + "/synap.db"}, migrations_behind_log());
    ASSERT_TRUE(test::run(executor, [&] {
      return (*database)->write([&](db::Tx& tx) {
        tx.run("UPDATE events SET salt = NULL, metadata = NULL, data = '{}' WHERE position = $1",
               last - 1);
      });
    }));
  }
  start(embedded);
  const auto tasks_before = call("GET", "/trpc/tasks.list").dump();
  EXPECT_THAT(tasks_before, HasSubstr("\\u0000b"));
  const auto there = move(true);
  ASSERT_TRUE(there) << there.error().message;
  EXPECT_THAT(there->different, IsEmpty());
  start();
  EXPECT_EQ(call("GET", "/trpc/tasks.list").dump(), tasks_before);
  ASSERT_TRUE(move(false));
  start(embedded);
  EXPECT_EQ(call("GET", "/trpc/tasks.list").dump(), tasks_before);
}

TEST_F(EngineMoveTest, WhatIsOfAKeyOfIdempotencyIsStillAnsweredSo) {
  start(embedded);
  const auto create = [&] {
    net::TestClient client(pod->port());
    client.request("POST", "/trpc/tasks.create",
                   "authorization: Bearer " + key +
                       "\r\ncontent-type: application/json\r\nidempotency-key: once\r\n",
                   R"({"title":"one"})");
    return parse_json(client.read_response().body)->dump();
  };
  const auto first = create();
  ASSERT_TRUE(move(true));
  start();
  EXPECT_EQ(create(), first);
  EXPECT_EQ(tasks(), 1);
  ASSERT_TRUE(move(false));
  start(embedded);
  EXPECT_EQ(create(), first);
  EXPECT_EQ(tasks(), 1);
}

// What a call that is killed at any line leaves.
TEST_F(EngineMoveTest, WhatWasBrokenOffGoesOn) {
  start(embedded);
  make_note();
  ASSERT_TRUE(move(true));
  const auto file = embedded.data + "/synap.db";
  // Nothing was handed over, and a part of the rows is there.
  std::filesystem::rename(file + ".left", file);
  std::filesystem::remove(embedded.data + "/pod.id");
  write("INSERT INTO engine_move VALUES (1, 'arrives')");
  write("DELETE FROM run_steps_data");
  EXPECT_THAT(refusal(options("other")).message, HasSubstr("call `synap migrate-engine` again"));
  ASSERT_TRUE(move(true));
  // The file was put aside, and no more.
  write("INSERT INTO engine_move VALUES (1, 'arrives')");
  std::filesystem::remove(embedded.data + "/pod.id");
  EXPECT_THAT(refusal(embedded).message, HasSubstr("no synap.db"));
  ASSERT_TRUE(move(true));
  start();
  EXPECT_EQ(notes(), 1);
  pod.reset();
  const auto id = test::read_file(embedded.data + "/pod.id");
  // The other way: the server's was left, and the file, of which a part is there, has no name yet.
  ASSERT_TRUE(move(false));
  std::filesystem::remove(file);
  std::ofstream(file + ".part") << "";
  std::ofstream(embedded.data + "/pod.id") << id;
  const auto again = move(false);
  ASSERT_TRUE(again) << again.error().message;
  start(embedded);
  EXPECT_EQ(notes(), 1);
}

TEST_F(EngineMoveTest, ADatabaseThatHasAnotherPodIsLeftAlone) {
  start();
  make_note();
  pod.reset();
  embedded = options("embedded");
  embedded.database.clear();
  start(embedded);
  const auto refused = move(true);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_THAT(refused.error().message, HasSubstr("There is a pod in the database on the server"));
  start(embedded);
}

// Of a log whose end is there already, but whose beginning is another's.
TEST_F(EngineMoveTest, APartOfAnotherPodIsNotContinued) {
  start(embedded);
  make_note();
  ASSERT_TRUE(move(true));
  write("INSERT INTO engine_move VALUES (1, 'arrives')");
  embedded = options("embedded");
  embedded.database.clear();
  start(embedded);
  const auto refused = move(true);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("a part of another pod"));
}

TEST_F(EngineMoveTest, APodThatRunsIsNotMoved) {
  start(embedded);
  const auto refused = move_engine({.pod = embedded, .url = place.url(), .is_to_server = true});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kConflict);
}

}  // namespace
}  // namespace synap::pod
