#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "db/postgres/rights.h"
#include "pod/pod_on_postgres.h"

namespace synap::pod {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST_F(PodOnPostgres, GoesOnWhereItWas) {
  start();
  make_note();
  EXPECT_FALSE(std::filesystem::exists(options().data + "/synap.db"));
  pod.reset();
  start();
  EXPECT_EQ(pod->new_owner_key(), "");
  EXPECT_EQ(notes(), 1);
}

TEST_F(PodOnPostgres, IsAloneOnItsDatabase) {
  start();
  const auto error = refusal(options("other"));
  EXPECT_EQ(error.code, Code::kServiceUnavailable);
  EXPECT_THAT(error.message, HasSubstr("Another pod has the database"));
  make_note();
}

TEST_F(PodOnPostgres, WantsTheDataDirectoryThatItsTextsAreIn) {
  start();
  make_note();
  pod.reset();
  auto elsewhere = options("elsewhere");
  auto error = refusal(elsewhere);
  EXPECT_EQ(error.code, Code::kPreconditionFailed);
  EXPECT_THAT(error.message, HasSubstr("in another data directory"));
  std::ofstream(elsewhere.data + "/owner.key") << "of somebody";
  EXPECT_THAT(refusal(elsewhere).message, HasSubstr("no pod.id"));
  std::ofstream(elsewhere.data + "/pod.id") << "of another\n";
  EXPECT_THAT(refusal(elsewhere).message, HasSubstr("of another pod than the database"));
  start();
  EXPECT_EQ(notes(), 1);
}

class DatabaseOfAnother : public PodOnPostgres {
 protected:
  std::string tables() {
    db::postgres::Connection connection{{.url = place.direct_url()}};
    if (connection.connect()) return "no connection";
    connection.begin_closure();
    auto rows = connection.query(
        "SELECT count(*)::text FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = "
        "current_schema()::regnamespace");
    return rows.next() ? std::string(rows.text(0)) : "no answer";
  }
};

// Whoever is refused has not taken the place of the one whose database it is to be.
TEST_F(DatabaseOfAnother, MakesNothingInADatabaseThatItsDirectoryIsNotOf) {
  auto of_another = options("another");
  for (const bool is_one_of_many : {true, false}) {
    of_another.node.is_one_of_many = is_one_of_many;
    std::filesystem::create_directories(of_another.data);
    std::ofstream(of_another.data + "/pod.id") << "of another\n";
    EXPECT_THAT(refusal(of_another).message, HasSubstr("of another pod than the database"));
    EXPECT_EQ(tables(), "0");
  }
  start();
  EXPECT_NE(tables(), "0");
}

class TextsOfManyNodes : public PodOnPostgres {
 protected:
  void SetUp() override {
    start(node("first"));
    make_note();
  }
  PodOptions node(const std::string& name) const {
    auto chosen = options(name);
    chosen.node = {.is_one_of_many = true, .name = name};
    return chosen;
  }
  // What somebody does who has read of the pod.id, with a content of another kind.
  PodOptions with_id_of_the_first(const std::string& name) const {
    auto chosen = node(name);
    std::filesystem::create_directory(chosen.data);
    std::filesystem::permissions(chosen.data, std::filesystem::perms::owner_all);
    std::filesystem::copy(node("first").data + "/pod.id", chosen.data);
    return chosen;
  }
  PodOptions sharing(const std::string& name) const {
    auto chosen = with_id_of_the_first(name);
    std::filesystem::create_directory_symlink(node("first").data + "/content",
                                              chosen.data + "/content");
    return chosen;
  }
};

TEST_F(TextsOfManyNodes, ACopyOfTheDirectoryIsNoneThatTheyShare) {
  auto copy = with_id_of_the_first("copy");
  copy.node.lease = std::chrono::milliseconds(1'000);  // so long another may be silent for it
  std::filesystem::copy(node("first").data + "/content", copy.data + "/content",
                        std::filesystem::copy_options::recursive);
  const auto error = refusal(copy);
  EXPECT_EQ(error.code, Code::kPreconditionFailed);
  EXPECT_THAT(error.message, HasSubstr("/copy/content is not seen by first: it is a copy"));
  make_note();
  const auto second = Pod::start(sharing("second"));
  ASSERT_TRUE(second) << second.error().message;
  // Nothing is left of what they have asked each other by.
  int texts = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(node("first").data + "/content")) {
    texts += entry.is_regular_file() ? 1 : 0;
  }
  EXPECT_EQ(texts, 2);
}

TEST_F(TextsOfManyNodes, OneThatIsAwayAnswersNothingAndKeepsNobodyFromTheStart) {
  db::postgres::Connection connection{{.url = place.direct_url()}};
  ASSERT_FALSE(connection.connect());
  ASSERT_TRUE(connection.execute(
      "INSERT INTO pod_nodes(name, version, sees) SELECT 'gone', version, '{}' FROM pod_nodes"));
  const auto second = Pod::start(sharing("second"));
  EXPECT_TRUE(second) << second.error().message;
}

TEST_F(TextsOfManyNodes, OneOfABuildThatAnswersNothingIsNotAsked) {
  db::postgres::Connection connection{{.url = place.direct_url()}};
  ASSERT_FALSE(connection.connect());
  ASSERT_TRUE(connection.execute("UPDATE pod_nodes SET sees = NULL"));
  auto second = sharing("second");
  second.node.lease = std::chrono::hours(1);  // so long it would be waited for
  const auto started = Pod::start(second);
  EXPECT_TRUE(started) << started.error().message;
}

TEST_F(PodOnPostgres, SaysAtTheStartWhatHasToBeChangedFirst) {
  auto chosen = options();
  chosen.database = place.direct_url();
  const auto name = chosen.database.find("@/") + 2;
  chosen.database.replace(name, chosen.database.find('?') - name, "there_is_none");
  const auto error = refusal(chosen);
  EXPECT_EQ(error.code, Code::kPreconditionFailed) << error.message;
  EXPECT_THAT(error.message, HasSubstr("there_is_none"));
  EXPECT_THAT(error.message, HasSubstr("change the setting `database`"));
}

TEST_F(PodOnPostgres, IsNotMixedUpWithOneWhoseDatabaseIsInItsDirectory) {
  auto embedded = options("embedded");
  embedded.database.clear();
  pod = std::move(*Pod::start(embedded));
  pod.reset();
  embedded.database = place.url();
  EXPECT_THAT(refusal(embedded).message, HasSubstr("a database of its own"));
  start();
  pod.reset();
  auto without = options();
  without.database.clear();
  EXPECT_THAT(refusal(without).message, HasSubstr("whose database is on a server"));
  EXPECT_FALSE(std::filesystem::exists(without.data + "/synap.db"));
}

TEST_F(PodOnPostgres, TakesAnOwnerBack) {
  start();
  make_note();
  pod.reset();
  const auto reset =
      Pod::reset_owner({.data = options().data, .database = place.url(), .revokes_others = true});
  ASSERT_TRUE(reset) << reset.error().message;
  EXPECT_EQ(reset->revoked, 1);
  start();
  EXPECT_EQ(call("GET", "/trpc/notes.list").find("total"), nullptr) << "the key of before";
  key = test::read_file(reset->path);
  while (key.ends_with('\n')) key.pop_back();
  EXPECT_EQ(notes(), 1);
}

TEST_F(PodOnPostgres, SaysThatItsServerIsAway) {
  auto nowhere = options();
  nowhere.database = "postgres://synap@127.0.0.1:1/nothing";
  const auto error = refusal(nowhere);
  EXPECT_EQ(error.code, Code::kServiceUnavailable);
  EXPECT_THAT(error.message, HasSubstr("database cannot be reached"));
}

// So a noun's table that is new cannot be forgotten.
class RightsOfAPod : public PodOnPostgres {
 protected:
  void SetUp() override {
    start();
    ASSERT_FALSE(connection.connect());
    connection.begin_closure();
  }
  std::vector<std::string> ask(const std::string& sql) {
    std::vector<std::string> all;
    auto rows = connection.query(sql);
    while (rows.next()) all.push_back(rows.text(0));
    EXPECT_TRUE(connection.ok()) << sql;
    return all;
  }
  // As who reads for bob; the last transaction of this connection.
  std::string plan(const std::string& sql) {
    connection.begin();
    connection.run(db::postgres::kBeTenantHere, "bob");
    connection.run("SET LOCAL enable_seqscan = off");
    return fmt::format("{}", fmt::join(ask("EXPLAIN (COSTS OFF) " + sql), "\n"));
  }

  db::postgres::Connection connection{{.url = place.direct_url()}};
};

TEST_F(RightsOfAPod, EveryTableWithAUserHasForcedPolicies) {
  const std::string with_a_user =
      "FROM pg_class AS of_user WHERE relkind IN ('r', 'p') AND NOT relispartition AND "
      "relnamespace = "
      "current_schema()::regnamespace AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = "
      "of_user.oid AND attname = 'user_id' AND NOT attisdropped)";
  EXPECT_GT(ask("SELECT relname " + with_a_user).size(), 50u);
  EXPECT_THAT(ask("SELECT relname " + with_a_user +
                  " AND NOT (relrowsecurity AND relforcerowsecurity AND EXISTS (SELECT FROM "
                  "pg_policies WHERE tablename = relname AND policyname = 'user' AND cmd = "
                  "'SELECT' AND roles = ARRAY[current_database() || '_views']::name[] AND qual = "
                  "'(user_id = current_user_id())'))"),
              testing::IsEmpty());
  // Whoever else has a policy has one for all rows: the pod.
  EXPECT_THAT(ask("SELECT DISTINCT policyname || ' ' || cmd || ' ' || (current_database() || "
                  "'_views' = ANY(roles)) FROM pg_policies"),
              testing::UnorderedElementsAre("pod ALL false", "user SELECT true"));
}

// What a user may name, and what is below it.
TEST_F(RightsOfAPod, UsersReadListedViewsAndThesePoliciedTables) {
  EXPECT_THAT(ask("SELECT relname FROM pg_class, aclexplode(relacl) WHERE grantee = "
                  "(current_database() || '_tenant')::regrole AND (relkind <> 'v' OR "
                  "privilege_type <> 'SELECT' OR relowner <> (current_database() || "
                  "'_views')::regrole)"),
              testing::IsEmpty());
  EXPECT_THAT(ask("SELECT relname FROM pg_class, aclexplode(relacl) WHERE grantee = "
                  "(current_database() || '_views')::regrole AND relowner <> grantee AND "
                  "(privilege_type <> 'SELECT' OR NOT relforcerowsecurity)"),
              testing::IsEmpty());
  // As today: each view that calls current_user_id(). The other one is there to be locked.
  const auto views =
      ask("SELECT viewname FROM pg_views WHERE schemaname = current_schema() AND viewname <> "
          "'reading'");
  EXPECT_GT(views.size(), 40u);
  for (const auto& view : views) {
    connection.begin();
    connection.run(db::postgres::kBeTenantHere, "bob");
    EXPECT_THAT(ask("SELECT count(*)::text FROM " + view), testing::ElementsAre("0")) << view;
    std::ignore = connection.commit();
  }
}

// In the words of notes.list (noun_list.cpp).
TEST_F(RightsOfAPod, NotesListIsLedByItsIndexBelowThePolicies) {
  const auto page = plan(
      "SELECT TRUE, id, id, version, created_at, updated_at, source, request_id, data, preview, "
      "file_path, file_size, checksum FROM notes WHERE TRUE AND id < '\\x05'::bytea ORDER BY id "
      "DESC LIMIT 21");
  EXPECT_THAT(page, HasSubstr("Index Scan Backward using notes_1_g1 on notes_data"));
  EXPECT_THAT(page, HasSubstr("Index Cond: ((user_id = "));
  EXPECT_THAT(page, HasSubstr("AND (id < '\\x05'::bytea))"));
  EXPECT_THAT(page, Not(HasSubstr("Sort")));
}

}  // namespace
}  // namespace synap::pod
